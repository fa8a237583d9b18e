package compare

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/multiple"
)

// Apart labels a slice's value less that of all other rows; nil where it cannot be tested.
func Apart(in *metric.Instance, slice, all *metric.View, model int, level float64) *result.Apart {
	a, ok := in.Apart(slice, all, model)
	if !ok || a.Status != result.OK {
		return nil
	}
	x := &result.Apart{Difference: result.Number(a.Value), PAdjusted: result.None(), Verdict: result.CompareInconclusive, Method: a.Method, Notes: a.Notes}
	lo, hi, _ := a.Interval(level)
	x.Lower, x.Upper = result.Number(lo), result.Number(hi)
	p := a.PZero
	if math.IsNaN(p) {
		p = a.TwoSided(0)
	}
	x.P = result.Number(p)
	return x
}

// ReadApart corrects the p-values of all slices by all metrics (Benjamini–Hochberg) and says
// which slices differ from the rest. good is that of each.
func ReadApart(xs []*result.Apart, good []float64) {
	var p []float64
	var at []int
	for i, x := range xs {
		if x.P.Known() {
			p, at = append(p, float64(x.P)), append(at, i)
		}
	}
	for k, q := range multiple.BenjaminiHochberg(p) {
		x := xs[at[k]]
		x.PAdjusted, x.FamilySize = result.Number(q), len(p)
		switch d := float64(x.Difference) * good[at[k]]; {
		case q > ReadingQ:
		case d > 0:
			x.Verdict = result.Better
		case d < 0:
			x.Verdict = result.Worse
		default:
			x.Verdict = result.Different
		}
	}
}
