package cluster

import (
	"math"
	"testing"
)

// Mean miles per gallon of R's mtcars, clustered by number of cylinders; R 4.2
// (sandwich): CR0 3.14296559128, CR1 3.84933098888.
func TestCR1(t *testing.T) {
	byCylinders := [][]float64{
		{22.8, 24.4, 22.8, 32.4, 30.4, 33.9, 21.5, 27.3, 26, 30.4, 21.4},
		{21, 21, 21.4, 18.1, 19.2, 17.8, 19.7},
		{18.7, 14.3, 16.4, 17.3, 15.2, 10.4, 10.4, 14.7, 15.5, 15.2, 13.3, 19.2, 15.8, 15},
	}
	total, n := 0.0, 0.0
	for _, g := range byCylinders {
		for _, x := range g {
			total += x
			n++
		}
	}
	var sums []float64
	for _, g := range byCylinders {
		e := 0.0
		for _, x := range g {
			e += (x - total/n) / n
		}
		sums = append(sums, e)
	}
	if se := math.Sqrt(CR1(sums)); math.Abs(se-3.84933098888) > 1e-10 {
		t.Errorf("SE = %.12g", se)
	}
	if se := math.Sqrt(CR1(sums) * 2 / 3); math.Abs(se-3.14296559128) > 1e-10 {
		t.Errorf("CR0 = %.12g", se)
	}
}

// With one row per block it is the variance of a mean, s²/n.
func TestCR1OfSingleRows(t *testing.T) {
	x := []float64{3, 1, 4, 1, 5}
	mean, ss := 2.8, 0.0
	e := make([]float64, len(x))
	for i, v := range x {
		e[i] = (v - mean) / 5
		ss += (v - mean) * (v - mean)
	}
	if got, want := CR1(e), ss/4/5; math.Abs(got-want) > 1e-15 {
		t.Errorf("CR1 = %g, want %g", got, want)
	}
	if !math.IsNaN(CR1(nil)) || !math.IsNaN(CR1([]float64{1})) {
		t.Error("a variance from fewer than two blocks")
	}
}
