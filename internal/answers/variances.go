package answers

import (
	"fmt"
	"slices"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/score"
	"github.com/fairtrial/fairtrial/internal/stat/variance"
)

// Variances gather what the error of a scorer's mean is made of, a case at a time.
type Variances struct {
	columns  plan.Columns
	models   []string
	judged   bool
	verdicts int // on each answer, of each judge
	of       []*sumOf
}

// sumOf is a model's mean, or its difference to another's.
type sumOf struct {
	model, than int // than: -1 where there is none
	samples     int
	sums        variance.Sums
}

// NewVariances is nil where nothing can be told apart: one answer to a case and one verdict
// on it, scores of all samples at once, or two cluster columns.
func NewVariances(p *plan.Plan, s plan.Scorer, models []string) *Variances {
	v := &Variances{columns: p.Data.Columns, models: models, judged: s.IsJudge()}
	if v.judged {
		v.verdicts = s.Judge.Repeats
	}
	samples, several := map[string]int{}, v.verdicts > 1
	for _, m := range p.Models {
		if m.Answers == nil { // an earlier record's, of which the means alone are kept
			continue
		}
		samples[m.Key] = m.Answers.Samples
		several = several || m.Answers.Samples > 1
	}
	if !several || p.Data.Columns.Crossed != "" {
		return nil
	}
	base := slices.Index(models, baseline)
	for m, key := range models {
		if samples[key] == 0 {
			continue
		}
		v.of = append(v.of, &sumOf{model: m, than: -1, samples: samples[key]})
		if base >= 0 && m != base && samples[baseline] > 0 {
			v.of = append(v.of, &sumOf{model: m, than: base, samples: min(samples[key], samples[baseline])})
		}
	}
	return v
}

// Add takes a case. Like the mean, it counts those that are graded for every model.
func (v *Variances) Add(c *Case, scores []score.Score) {
	if v == nil || slices.ContainsFunc(scores, func(x score.Score) bool { return !x.Graded }) {
		return
	}
	cluster, weight := "", 1.0
	if x := c.Vars[v.columns.Cluster]; x != nil && v.columns.Cluster != "" {
		cluster = fmt.Sprint(x)
	}
	if x, ok := c.Vars[v.columns.Weight].(float64); ok && v.columns.Weight != "" {
		weight = x
	}
	for _, s := range v.of {
		q := variance.Of(each(scores[s.model]))
		if s.than >= 0 {
			q = variance.Difference(each(scores[s.model]), each(scores[s.than]))
		}
		q.Weight = weight
		s.sums.Add(q, cluster)
	}
}

func each(x score.Score) []variance.Answer {
	if x.Answers == nil {
		return []variance.Answer{{Score: x.Value}}
	}
	return x.Answers
}

// End says what came out, the models in their order.
func (v *Variances) End(level float64) []engine.Varied {
	if v == nil {
		return nil
	}
	var out []engine.Varied
	for _, s := range v.of {
		x := engine.Varied{Model: v.models[s.model], Samples: s.samples, Verdicts: v.verdicts}
		if s.than >= 0 {
			x.Than = v.models[s.than]
		}
		p, ok := s.sums.Parts(level)
		x.N, x.Units, x.Stays = p.N, p.Units, result.None()
		if !ok {
			x.Note = "no mean differs from another: there is no error to split"
			out = append(out, x)
			continue
		}
		x.Stays = result.Number(p.Stays)
		measure := func(s variance.Share) *result.Measure {
			return &result.Measure{Value: result.Number(s.Value), Lower: result.Number(s.Lower), Upper: result.Number(s.Upper), N: p.N,
				Method: "share of the squared standard error, expected mean squares; interval of its logarithm, delta method over units, t"}
		}
		x.Questions, x.Sampling = measure(p.Questions), measure(p.Sampling)
		if v.judged {
			x.Judging = measure(p.Judging)
		}
		if p.Cut {
			x.Note = "a part came out below 0 or above the whole, as happens with few cases, and is cut"
		}
		out = append(out, x)
	}
	return out
}
