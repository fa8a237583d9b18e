package compare

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/ppi"
)

// Correction labels what a corrected answer rests on; nil for others.
func Correction(a metric.Answer, level float64) *result.Correction {
	x := a.Correction
	if x == nil {
		return nil
	}
	c := &result.Correction{By: x.By, Labels: x.Labels, Lambda: result.Number(x.Lambda), Gain: result.Number(x.Gain), Quality: []result.Quality{}}
	c.Raw = measured(x.Raw, level)
	for _, q := range x.Quality {
		c.Quality = append(c.Quality, result.Quality{Name: q.Name, Measure: measured(q.Answer, level)})
	}
	if a.Status != result.OK && x.By == metric.ByLabels && x.Labels < ppi.MinLabels {
		n := int64(ppi.MinLabels)
		c.NeededLabels = &n
	}
	return c
}

func measured(a metric.Answer, level float64) result.Measure {
	lo, hi, ok := a.Interval(level)
	if !ok {
		lo, hi = math.NaN(), math.NaN()
	}
	return result.Measure{Value: result.Number(a.Value), Lower: result.Number(lo), Upper: result.Number(hi), N: a.N, Method: a.Method}
}

// Needed is how many rows decide a distance with 80 % power, or how many labels do, of a
// corrected answer on the same rows. Where no number of labels does, it is both: more rows
// with as large a share of them labelled. nil where it cannot be said.
func Needed(a metric.Answer, rows int64, distance, level float64) (n, labels *int64) {
	n = RowsNeeded(rows, a.SE, distance, level)
	x := a.Correction
	if n == nil || x == nil || x.By == metric.ByNothing {
		return n, nil
	}
	if x.Labels == 0 || math.IsNaN(x.Least) {
		return nil, nil
	}
	z := dist.NormQuantile(1-(1-level)/2) + dist.NormQuantile(Power)
	// The variance is that of the mean of all scores, which stays, and that of the labels.
	need := math.Inf(1)
	if room := distance*distance/(z*z) - x.Least; room > 0 {
		need = math.Ceil(float64(x.Labels) * (a.SE*a.SE - x.Least) / room)
	}
	if need <= float64(rows) {
		k := max(int64(need), ppi.MinLabels)
		return nil, &k
	}
	k := int64(math.Ceil(float64(x.Labels) / float64(rows) * float64(*n)))
	return n, &k
}
