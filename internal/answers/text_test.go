package answers

import (
	"math"
	"testing"
)

// Replies of every kind: a finite number, or a reason.
func FuzzClassified(f *testing.F) {
	f.Add(`{"hate": 0.25}`, "hate")
	f.Add(`[[{"label": "hate", "score": 0.5}, {"label": "love", "score": 1}]]`, "hate")
	f.Add(`0.5`, "")
	f.Add(`1e999`, "")
	f.Add("[[[[", "x")
	f.Fuzz(func(t *testing.T, reply, category string) {
		x, why := classified(reply, category)
		if why == "" && (math.IsNaN(x) || math.IsInf(x, 0)) || why != "" && x != 0 {
			t.Errorf("%g %q", x, why)
		}
	})
}

// The cosine of the angle, by hand; it does not hang on the length, and its range is kept.
func TestCosine(t *testing.T) {
	for _, e := range []struct {
		a, b []float64
		want float64 // NaN: none
	}{
		{[]float64{1, 2, 3}, []float64{4, 5, 6}, 32 / math.Sqrt(14*77)},
		{[]float64{1e-320, 0}, []float64{1e308, 1e308}, math.Sqrt(0.5)},
		{[]float64{0.1, 0.2, 0.3}, []float64{0.3, 0.6, 0.9}, 1},
		{[]float64{0.1, 0.2, 0.3}, []float64{-0.3, -0.6, -0.9}, -1},
		{[]float64{1, math.NaN()}, []float64{1, 1}, math.NaN()},
		{[]float64{1, math.Inf(1)}, []float64{1, 1}, math.NaN()},
		{[]float64{0, 0}, []float64{1, 1}, math.NaN()},
		{[]float64{1}, []float64{1, 1}, math.NaN()},
	} {
		x, why := cosine(e.a, e.b)
		if math.IsNaN(e.want) != (why != "") || why == "" && (math.Abs(x-e.want) > 1e-15 || math.Abs(x) > 1) {
			t.Errorf("%v %v: %v %q, want %v", e.a, e.b, x, why, e.want)
		}
	}
}

func FuzzCosine(f *testing.F) {
	f.Add(1.0, 2.0, 3.0, 4.0)
	f.Add(5e-324, 0.0, 1.7e308, -1.7e308)
	f.Fuzz(func(t *testing.T, a, b, c, d float64) {
		x, why := cosine([]float64{a, b}, []float64{c, d})
		y, other := cosine([]float64{c, d}, []float64{a, b})
		if why == "" && (!(x >= -1 && x <= 1) || x != y) || (why == "") != (other == "") {
			t.Errorf("%v %q, and the other way %v %q", x, why, y, other)
		}
	})
}
