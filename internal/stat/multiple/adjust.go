// Package multiple adjusts the p-values of a family of tests for their number. It
// refuses a family that holds a NaN or a value outside [0,1] as a whole: dropping one
// would quietly change the size of the family for the others.
package multiple

import (
	"cmp"
	"math"
	"slices"
)

// Holm controls the chance of any false rejection under every dependence (Holm
// 1979): p~(i) = max over j <= i of min(1, (m-j+1)·p(j)). The result is in input
// order; empty in, empty out; all NaN for a refused family.
func Holm(p []float64) []float64 {
	out, order := prepare(p)
	worst := 0.0
	for j, i := range order {
		worst = math.Max(worst, math.Min(1, float64(len(p)-j)*p[i]))
		out[i] = worst
	}
	return out
}

// BenjaminiHochberg controls the expected share of false rejections for independent
// or positively dependent tests (Benjamini & Hochberg 1995): p~(i) = min over j >= i
// of min(1, m·p(j)/j). Order, empty and refused families as for Holm.
func BenjaminiHochberg(p []float64) []float64 {
	out, order := prepare(p)
	best := 1.0
	for j := len(order) - 1; j >= 0; j-- {
		i := order[j]
		best = math.Min(best, p[i]*(float64(len(p))/float64(j+1))) // never below p[i]
		out[i] = best
	}
	return out
}

// prepare returns room for the result and the indices of p in ascending order; for a
// refused family the room is filled with NaN and there are no indices.
func prepare(p []float64) (out []float64, order []int) {
	out = make([]float64, len(p))
	order = make([]int, len(p))
	for i, x := range p {
		if !(x >= 0 && x <= 1) {
			for k := range out {
				out[k] = math.NaN()
			}
			return out, nil
		}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	return out, order
}
