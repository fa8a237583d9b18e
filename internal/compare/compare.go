// Package compare contrasts models on the same rows, labels estimates and
// comparisons as results, and adjusts families of p-values. It refuses to know any
// metric by name.
package compare

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/stat/multiple"
)

// Power is the probability with which stated effects are seen and stated rows decide.
const Power = 0.80

// ReadingQ is the false discovery rate of family R (GATES).
const ReadingQ = 0.10

// Good is the sign of an improvement in a contrast of the metric: +1 when more is
// better, −1 when less is (also for a distance from a target), 0 without direction.
func Good(d metric.Direction) float64 {
	switch d {
	case metric.Up:
		return 1
	case metric.Down, metric.Target:
		return -1
	}
	return 0
}

// Contrast is θa − k·θb on the same rows; for a metric with a target t it is the
// difference of the distances, |θa − t| − k·|θb − t|.
func Contrast(in *metric.Instance, v *metric.View, a, b int, k float64) metric.Answer {
	if in.Direction != metric.Target {
		x := in.Contrast(v, a, b, k)
		if math.Abs(x.Value) < rounding*x.SE {
			x.Value = 0
		}
		return x
	}
	ea, eb := in.Estimate(v, a), in.Estimate(v, b)
	if ea.Status != result.OK {
		return ea
	}
	if eb.Status != result.OK {
		return eb
	}
	t := in.TargetAt
	sa, sb := sign(ea.Value-t), sign(eb.Value-t)
	// |θa − t| − k|θb − t| = sa·(θa − (k·sb/sa)·θb) + constant
	x := in.Contrast(v, a, b, k*sb*sa)
	if x.Status == result.OK {
		x.Value = sa*(ea.Value-t) - k*sb*(eb.Value-t)
		x.Shape = infer.NewSymmetric()
		x.Method += ", of distances from the target"
		x.PZero = math.NaN()
	}
	return x
}

// rounding is the share of its error below which a difference of two sums is the rounding of 0.
const rounding = 1e-12

func sign(x float64) float64 {
	if x < 0 {
		return -1
	}
	return 1
}

// Estimate labels the metric of one model on one population.
func Estimate(in *metric.Instance, v *metric.View, model int, level float64) result.Estimate {
	a := in.Estimate(v, model)
	e := result.Estimate{Metric: in.As, Model: v.Set.Models[model], Slice: v.Pop.Slice, Level: level, N: a.N,
		Value: result.None(), SE: result.None(), DF: result.None(), Lower: result.None(), Upper: result.None(),
		NEff: result.Number(a.NEff), Worst: result.Number(a.Worst), Best: result.Number(a.Best), Method: a.Method, Status: a.Status, Notes: notes(a.Notes)}
	if len(v.Pop.Missing) > model {
		e.Missing = v.Pop.Missing[model]
	}
	e.Missing += a.Ungraded
	if e.Correction = Correction(a, level); e.Correction != nil {
		if words := e.Correction.JudgeWords(); words != "" {
			e.Notes = append(e.Notes, words)
		}
	}
	if a.Status == result.OK {
		lo, hi, _ := a.Interval(level)
		e.Value, e.SE, e.DF = result.Number(a.Value), result.Number(a.SE), result.Number(a.DF)
		e.Lower, e.Upper = result.Number(lo), result.Number(hi)
		if !e.Value.Known() {
			e.Status = result.Undefined
			e.Notes = append(e.Notes, "the value is not finite")
		}
	}
	return e
}

// NotApplicable labels a metric that does not fit a model.
func NotApplicable(in *metric.Instance, model, slice string, level float64, reason string) result.Estimate {
	return result.Estimate{Metric: in.As, Model: model, Slice: slice, Level: level, Value: result.None(), SE: result.None(), DF: result.None(),
		Lower: result.None(), Upper: result.None(), NEff: result.None(), Worst: result.None(), Best: result.None(),
		Status: result.NotApplicable, Method: "none", Notes: []string{reason}}
}

// Reading is how a comparison is read: the margin within which models count as
// equivalent (0: none declared) and the margin that a decision needs (0: none).
type Reading struct {
	Equivalence float64
	Margin      float64
}

// Comparison labels the paired difference of model a to b on one population. Its
// verdict follows the interval; slices are re-read by ReadFamily.
func Comparison(in *metric.Instance, v *metric.View, a, b int, level float64, r Reading) result.Comparison {
	x := Contrast(in, v, a, b, 1)
	c := result.Comparison{Metric: in.As, Slice: v.Pop.Slice, Candidate: v.Set.Models[a], Baseline: v.Set.Models[b], Level: level,
		Difference: result.None(), SE: result.None(), DF: result.None(), Lower: result.None(), Upper: result.None(), P: result.None(),
		PAdjusted: result.None(), SmallestEffect: result.None(), Method: x.Method, N: x.N, Status: x.Status, Notes: notes(x.Notes),
		Verdict: result.CompareInconclusive}
	c.Correction = Correction(x, level)
	if x.Status == result.NotApplicable {
		c.Verdict = result.CompareNotApplicable
	}
	if x.Status != result.OK {
		return c
	}
	lo, hi, _ := x.Interval(level)
	c.Difference, c.SE, c.DF = result.Number(x.Value), result.Number(x.SE), result.Number(x.DF)
	c.Lower, c.Upper = result.Number(lo), result.Number(hi)
	p := x.PZero
	if math.IsNaN(p) {
		p = x.TwoSided(0)
	}
	c.P = result.Number(p)
	c.SmallestEffect = result.Number(SmallestEffect(x.SE, level))
	c.Verdict = Read(c, Good(in.Direction), r, math.NaN())
	if c.Verdict == result.CompareInconclusive {
		margin := r.Margin
		if margin == 0 {
			margin = r.Equivalence
		}
		var labels *int64
		if c.NeededN, labels = Needed(x, v.Pop.N, margin, level); labels != nil {
			c.Correction.NeededLabels = labels
		}
	}
	return c
}

// Read gives the verdict of a comparison. With an adjusted p-value (not NaN) a
// difference counts when it is at most ReadingQ, otherwise when the interval
// excludes 0.
func Read(c result.Comparison, good float64, r Reading, adjusted float64) result.CompareVerdict {
	if c.Status == result.NotApplicable {
		return result.CompareNotApplicable
	}
	lo, hi := float64(c.Lower), float64(c.Upper)
	if !c.Lower.Known() || !c.Upper.Known() {
		return result.CompareInconclusive
	}
	differs := lo > 0 || hi < 0
	if !math.IsNaN(adjusted) {
		differs = adjusted <= ReadingQ
	}
	switch {
	case r.Equivalence > 0 && lo > -r.Equivalence && hi < r.Equivalence:
		return result.Equivalent
	case !differs:
		return result.CompareInconclusive
	case good == 0:
		return result.Different
	case float64(c.Difference)*good > 0:
		return result.Better
	}
	return result.Worse
}

// ReadFamily adjusts the two-sided p-values of family R (Benjamini–Hochberg) over
// the comparisons at the given indices and re-reads their verdicts.
func ReadFamily(cs []result.Comparison, at []int, good func(i int) float64, reading func(i int) Reading) {
	var p []float64
	var idx []int
	for _, i := range at {
		if cs[i].P.Known() {
			p = append(p, float64(cs[i].P))
			idx = append(idx, i)
		}
	}
	for k, q := range multiple.BenjaminiHochberg(p) {
		c := &cs[idx[k]]
		c.PAdjusted, c.Family, c.FamilySize = result.Number(q), "R", len(p)
		c.Verdict = Read(*c, good(idx[k]), reading(idx[k]), q)
	}
}

// SmallestEffect is the smallest true difference that a comparison with this
// standard error sees with 80 % power at a two-sided level; NaN without an error.
func SmallestEffect(se, level float64) float64 {
	if !(se > 0) {
		return math.NaN()
	}
	return (dist.NormQuantile(1-(1-level)/2) + dist.NormQuantile(Power)) * se
}

// RowsNeeded is how many rows, of the kind that gave n rows and a standard error se,
// decide a distance with 80 % power: n·(se·(z_α + z_β)/distance)². It is nil when
// the distance is 0 or the error unknown.
func RowsNeeded(n int64, se, distance, level float64) *int64 {
	if !(se > 0) || distance == 0 || math.IsNaN(distance) || math.IsInf(distance, 0) || n == 0 {
		return nil
	}
	z := dist.NormQuantile(1-(1-level)/2) + dist.NormQuantile(Power)
	f := float64(n) * math.Pow(se*z/distance, 2)
	if f > 9e15 {
		return nil
	}
	k := int64(math.Ceil(f))
	return &k
}

// notes is never null in JSON.
func notes(n []string) []string {
	if n == nil {
		return []string{}
	}
	return n
}
