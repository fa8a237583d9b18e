package gate

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/result"
)

// samples is how many answers to each case would shrink the interval as much as the rows
// that an inconclusive gate needs: 0 where no number would, nil where that is not known or
// not wanted.
func (in Input) samples(w *undecided) *int64 {
	c := w.overall.cell
	if in.Varied == nil || c.Verdict != result.Inconclusive || len(w.rule.Slices) > 0 || c.NeededN == nil || *c.NeededN <= c.N || c.NeededLabels != nil || w.timing != nil {
		return nil
	}
	v := in.Varied(w.rule)
	if v == nil {
		return nil
	}
	p, ok := v.Parts()
	if !ok || !v.Sampling.Value.Known() {
		return nil
	}
	n := int64(0)
	if times := p.Answers(math.Sqrt(float64(c.N) / float64(*c.NeededN))); !math.IsInf(times, 1) {
		n = int64(math.Ceil(times*float64(v.Samples) - 1e-9))
	}
	return &n
}

// orSamples goes behind the rows that would decide.
func orSamples(n *int64) string {
	switch {
	case n == nil:
		return ""
	case *n == 0:
		return "; more answers to each of these cases would not"
	}
	return "; so would " + result.Count(round2(*n)) + " answers to each of these cases"
}
