package answers

import (
	"errors"
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/agree"
	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/interval"
)

// judgeFacts gather how far a judge agrees with itself and with the others of its
// ensemble, an answer at a time.
type judgeFacts struct {
	answers  int64
	verdicts []engine.JudgedBy
	weighted int64
	spread   []spread // by judge: over answers with two graded repeats or more
	units    [][]float64
}

// spread is the variance between repeats, by answer.
type spread struct {
	n        int64
	mean, m2 float64 // of the variances (Welford 1962)
	unlike   int64   // answers whose repeats are not all of one value
}

func (f *judgeFacts) begin(j *plan.JudgeScorer) {
	for _, key := range j.Judges {
		f.verdicts = append(f.verdicts, engine.JudgedBy{Judge: key})
	}
	f.spread = make([]spread, len(j.Judges))
}

func (f *judgeFacts) add(b ballot) {
	f.answers++
	means := make([]float64, len(b))
	for i, list := range b {
		var given []float64
		for _, v := range list {
			f.verdicts[i].Verdicts++
			if !v.Graded {
				f.verdicts[i].Ungraded++
				continue
			}
			if v.Weighted {
				f.weighted++
			}
			given = append(given, v.Value)
		}
		means[i] = math.NaN()
		if len(given) > 0 {
			means[i] = mean(given)
		}
		if len(given) > 1 {
			f.spread[i].add(given)
		}
	}
	if len(b) > 1 {
		f.units = append(f.units, means)
	}
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func (s *spread) add(given []float64) {
	mu, ss, same := mean(given), 0.0, true
	for _, v := range given {
		ss += (v - mu) * (v - mu)
		same = same && v == given[0]
	}
	if same {
		ss = 0
	} else {
		s.unlike++
	}
	v := ss / float64(len(given)-1)
	s.n++
	d := v - s.mean
	s.mean += d / float64(s.n)
	s.m2 += d * (v - s.mean)
}

func (f *judgeFacts) end(j *plan.JudgeScorer, level float64, seed uint64) *engine.Judged {
	out := &engine.Judged{Identity: j.Identity, Answers: f.answers, Repeats: j.Repeats, Judges: f.verdicts, Weighted: f.weighted, SameFamily: j.SameFamily}
	if j.Repeats > 1 {
		for i, s := range f.spread {
			out.Judges[i].Variance, out.Judges[i].Unlike = s.measures(level)
		}
	}
	if len(j.Judges) > 1 {
		out.Alpha = alpha(f.units, j, level, seed)
	}
	return out
}

// measures are the variance between repeats, with Student's interval of its mean over
// answers, and the share of answers whose repeats differ, with Wilson's.
func (s spread) measures(level float64) (variance, unlike *result.Measure) {
	variance = &result.Measure{Value: result.None(), Lower: result.None(), Upper: result.None(), N: s.n, Method: "variance between repeats, mean over answers; Student's t over answers, not below 0"}
	unlike = &result.Measure{Value: result.None(), Lower: result.None(), Upper: result.None(), N: s.n, Method: "share of answers whose repeats differ; Wilson score"}
	if s.n == 0 {
		variance.Note, unlike.Note = "no answer has two graded repeats", "no answer has two graded repeats"
		return variance, unlike
	}
	variance.Value, unlike.Value = result.Number(s.mean), result.Number(float64(s.unlike)/float64(s.n))
	lo, hi := interval.Wilson(float64(unlike.Value), float64(s.n), dist.NormQuantile(0.5+level/2))
	unlike.Lower, unlike.Upper = result.Number(lo), result.Number(hi)
	switch {
	case s.n < 2:
		variance.Note = "one answer has no interval"
	case s.m2 == 0:
		variance.Note = "all answers vary alike: no interval"
	default:
		n := float64(s.n)
		half := dist.TQuantile(0.5+level/2, n-1) * math.Sqrt(s.m2/(n-1)/n)
		variance.Lower, variance.Upper = result.Number(max(0, s.mean-half)), result.Number(s.mean+half)
	}
	return variance, unlike
}

// drawsFor bounds the work of resampling: 10⁷ ratings drawn, and 200 draws at the least.
func drawsFor(units int) int { return min(2000, max(200, 10_000_000/max(units, 1))) }

// alpha is Krippendorff's α between the judges of an ensemble: nominal where verdicts are 0
// or 1 and a judge has one for each answer, else on the interval scale.
func alpha(units [][]float64, j *plan.JudgeScorer, level float64, seed uint64) *result.Measure {
	scale, name := agree.IntervalScale, "interval"
	if j.Rubric.PassFail() && j.Repeats == 1 {
		scale, name = agree.NominalScale, "nominal"
	}
	draws := drawsFor(len(units))
	m := &result.Measure{Value: result.None(), Lower: result.None(), Upper: result.None(),
		Method: fmt.Sprintf("Krippendorff's α, %s scale; percentile interval of %d draws of answers, clusters not respected", name, draws)}
	a, err := agree.KrippendorffAlpha(units, scale, level, draws, seed)
	m.N = int64(a.Units)
	switch {
	case errors.Is(err, agree.ErrNoVariation):
		m.Note = "all verdicts are alike: agreement beyond chance is undefined"
	case err != nil:
		m.Note = err.Error()
	default:
		m.Value, m.Lower, m.Upper = result.Number(a.Value), result.Number(a.Lower), result.Number(a.Upper)
		if a.Lost > 0 {
			m.Note = fmt.Sprintf("%d of %d draws have no variation and are left out of the interval", a.Lost, draws)
		}
	}
	return m
}
