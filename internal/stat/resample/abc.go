package resample

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// Cells are counts, or sums of weights, that a smooth metric T of them is resampled
// over, and what T is at them. T must not change when all cells are scaled alike.
type Cells struct {
	W         []float64 // Σw by cell
	W2        []float64 // Σw² by cell: the variance of W under the row bootstrap
	Influence []float64 // ∂T/∂W
	Curvature []float64 // ∂²T/∂W²
	Value     float64   // T(W)
}

// most is the largest part of the standard error that one row may move the metric by for
// the expansion of ABC to be used: about 25 rows then share the error at the least.
const most = 0.2

// ABC is the analytic second-order stand-in for the BCa interval (DiCiccio & Efron 1992,
// "More accurate confidence intervals in exponential families"; Efron & Tibshirani 1993,
// section 14.4): the ends are T in the least favourable direction, at λ = w/(1−aw)² with
// w = z0 + z. It needs a handful of values of T instead of thousands of draws and, unlike
// them, its ends do not depend on a seed.
type ABC struct {
	cells          Cells
	at             func(w []float64) (float64, bool) // T; false where it is undefined
	delta          []float64                         // the direction: what one standard error moves each cell by
	accel, correct float64
}

// NewABC prepares the intervals. ok is false where the expansion should not be trusted and
// draws should be made: no error, a single row that moves T by more than a fifth of its
// standard error, or T undefined nearby.
func NewABC(c Cells, at func(w []float64) (float64, bool)) (*ABC, bool) {
	var two, three, bias, largest float64
	for k, e := range c.Influence {
		if !(c.W[k] > 0) {
			continue
		}
		row := c.W2[k] / c.W[k] // the weight of a row here
		two += c.W2[k] * e * e
		three += c.W2[k] * row * e * e * e
		bias += c.W2[k] * c.Curvature[k] / 2
		largest = math.Max(largest, math.Abs(row*e))
	}
	se := math.Sqrt(two)
	if !(se > 0) || largest > most*se || math.IsNaN(bias) || math.IsInf(bias, 0) {
		return nil, false
	}
	a := &ABC{cells: c, at: at, delta: make([]float64, len(c.W)), accel: three / (6 * se * se * se)}
	for k, e := range c.Influence {
		a.delta[k] = c.W2[k] * e / se
	}
	const step = 0.1
	up, ok1 := a.along(step)
	down, ok2 := a.along(-step)
	if !ok1 || !ok2 {
		return nil, false
	}
	quadratic := (up - 2*c.Value + down) / (2 * step * step * se)
	a.correct = dist.NormQuantile(2 * dist.NormCDF(a.accel) * dist.NormCDF(quadratic-bias/se))
	if math.IsNaN(a.correct) || math.IsInf(a.correct, 0) {
		return nil, false
	}
	return a, true
}

// along is T at λ standard errors in the least favourable direction.
func (a *ABC) along(lambda float64) (float64, bool) {
	w := make([]float64, len(a.delta))
	for k, d := range a.delta {
		w[k] = math.Max(0, a.cells.W[k]+lambda*d) // below 0 only beyond five standard errors
	}
	return a.at(w)
}

// Interval has a two-sided level in (0,1). ok is false where an end is undefined.
func (a *ABC) Interval(level float64) (lo, hi float64, ok bool) {
	z := dist.NormQuantile(0.5 + level/2)
	lo, ok1 := a.end(-z)
	hi, ok2 := a.end(z)
	return lo, hi, ok1 && ok2
}

func (a *ABC) end(z float64) (float64, bool) {
	w := a.correct + z
	shrink := 1 - a.accel*w
	if !(shrink > 0) {
		return 0, false
	}
	return a.along(w / (shrink * shrink))
}
