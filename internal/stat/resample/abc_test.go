package resample

import (
	"math"
	"testing"
)

// f2 is F-beta with β = 2 of the cells TP, FP, FN, TN.
func f2(w []float64) (float64, bool) {
	d := 5*w[0] + 4*w[2] + w[1]
	return 5 * w[0] / d, d > 0
}

// mcc is Matthews' correlation of the same cells.
func mcc(w []float64) (float64, bool) {
	d := (w[0] + w[1]) * (w[0] + w[2]) * (w[3] + w[1]) * (w[3] + w[2])
	return (w[0]*w[3] - w[1]*w[2]) / math.Sqrt(d), d > 0
}

// numbered differentiates T by finite differences.
func numbered(w, w2 []float64, at func([]float64) (float64, bool)) Cells {
	c := Cells{W: w, W2: w2, Influence: make([]float64, len(w)), Curvature: make([]float64, len(w))}
	c.Value, _ = at(w)
	for k, x := range w {
		h := x / 100
		w[k] = x + h
		up, _ := at(w)
		w[k] = x - h
		down, _ := at(w)
		w[k] = x
		c.Influence[k], c.Curvature[k] = (up-down)/(2*h), (up-2*c.Value+down)/(h*h)
	}
	return c
}

// The ends agree with those of 400 000 bootstrap draws, corrected by BCa, far closer than
// a plain normal interval does.
func TestABCIsWhatBCaConvergesTo(t *testing.T) {
	for name, at := range map[string]func([]float64) (float64, bool){"f2": f2, "mcc": mcc} {
		for _, n := range [][]float64{{113, 21, 27, 239}, {60, 40, 30, 870}, {1500, 200, 700, 9000}} {
			c := numbered(n, n, at)
			abc, ok := NewABC(c, at)
			if !ok {
				t.Fatalf("%s %v: not prepared", name, n)
			}
			lo, hi, ok := abc.Interval(0.95)
			if !ok {
				t.Fatalf("%s %v: no interval", name, n)
			}
			total, two := 0.0, 0.0
			for k, x := range n {
				total += x
				two += x * c.Influence[k] * c.Influence[k]
			}
			se := math.Sqrt(two)
			r := NewRNG(7, name)
			draws, w := make([]float64, 0, 400_000), make([]float64, 4)
			for range cap(draws) {
				Multinomial(r, int64(total), n, w)
				x, _ := at(w)
				draws = append(draws, x)
			}
			l, h := BCa(draws, c.Value, Acceleration(n, c.Influence), 0.95)
			worst := math.Max(math.Abs(lo-l), math.Abs(hi-h)) / se
			plain := math.Max(math.Abs(c.Value-1.959964*se-l), math.Abs(c.Value+1.959964*se-h)) / se
			t.Logf("%s %v: ABC %.5f %.5f, BCa %.5f %.5f: %.3f standard errors apart (normal %.3f)", name, n, lo, hi, l, h, worst, plain)
			if worst > 0.03 || worst > plain/2 {
				t.Errorf("%s %v: ends are %.3f standard errors from BCa's, the normal interval's %.3f", name, n, worst, plain)
			}
		}
	}
}

// Ends do not change with the scale of the weights, and are narrower for rows of equal
// weight than for the same sums from fewer, heavier rows.
func TestABCAndWeights(t *testing.T) {
	n := []float64{113, 21, 27, 239}
	ends := func(scale, heavy float64) (float64, float64) {
		w, w2 := make([]float64, 4), make([]float64, 4)
		for k, x := range n {
			w[k], w2[k] = scale*x, scale*scale*heavy*x
		}
		abc, ok := NewABC(numbered(w, w2, mcc), mcc)
		if !ok {
			t.Fatal("not prepared")
		}
		lo, hi, _ := abc.Interval(0.9)
		return lo, hi
	}
	lo, hi := ends(1, 1)
	lo3, hi3 := ends(3, 1)
	near(t, "lower end of scaled weights", lo3, lo, 1e-9)
	near(t, "upper end of scaled weights", hi3, hi, 1e-9)
	if l, h := ends(1, 1.5); h-l < 1.2*(hi-lo) {
		t.Errorf("unequal weights: width %v, equal ones %v", h-l, hi-lo)
	}
}

// Where one row is a large part of the error, or nothing moves, draws have to be made.
func TestABCRefusesFewRows(t *testing.T) {
	for _, n := range [][]float64{{9, 2, 3, 900}, {1, 1, 1, 1}} {
		if _, ok := NewABC(numbered(n, n, mcc), mcc); ok {
			t.Errorf("%v was taken", n)
		}
	}
	n := []float64{50, 50, 50, 50}
	still := func([]float64) (float64, bool) { return 1, true }
	if _, ok := NewABC(numbered(n, n, still), still); ok {
		t.Error("a metric without error was taken")
	}
	lost := func(w []float64) (float64, bool) { x, _ := mcc(w); return x, w[0] == n[0] }
	if _, ok := NewABC(numbered(n, n, lost), lost); ok {
		t.Error("a metric undefined nearby was taken")
	}
}
