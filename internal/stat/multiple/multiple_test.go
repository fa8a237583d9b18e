package multiple

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func equal(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d values, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tol) {
			t.Errorf("%s[%d] = %.10g, want %.10g", what, i, got[i], want[i])
		}
	}
}

// R 4.2, p.adjust.
func TestAdjust(t *testing.T) {
	p := []float64{.01, .04, .03, .005}
	equal(t, "Holm", Holm(p), []float64{.03, .06, .06, .02}, 1e-15)
	equal(t, "BH", BenjaminiHochberg(p), []float64{.02, .04, .04, .02}, 1e-15)
	equal(t, "input", p, []float64{.01, .04, .03, .005}, 0)
}

// The worked example of Benjamini & Hochberg 1995; R 4.2, p.adjust.
func TestAdjustPaperExample(t *testing.T) {
	p := []float64{.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719, .6528, .7590, 1}
	equal(t, "BH", BenjaminiHochberg(p), []float64{.0015, .0030, .0095, .035625, .0603, .0638571429, .0638571429, .0645, .0765,
		.486, .5811818182, .714875, .7532307692, .8132142857, 1}, 1e-10)
	equal(t, "Holm", Holm(p)[:6], []float64{.0015, .0056, .0247, .1140, .2211, .2780}, 1e-12)
}

func TestLaws(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for range 500 {
		p := make([]float64, 1+r.IntN(40))
		for i := range p {
			p[i] = math.Pow(r.Float64(), 3)
			if r.IntN(4) == 0 { // ties, and the ends
				p[i] = float64(r.IntN(5)) / 4
			}
		}
		holm, bh := Holm(p), BenjaminiHochberg(p)
		for i := range p {
			bonferroni := math.Min(1, float64(len(p))*p[i])
			if !(p[i] <= bh[i] && bh[i] <= holm[i] && holm[i] <= bonferroni) {
				t.Fatalf("p %g, BH %g, Holm %g, Bonferroni %g", p[i], bh[i], holm[i], bonferroni)
			}
			for j := range p {
				if p[i] < p[j] && (holm[i] > holm[j] || bh[i] > bh[j]) || p[i] == p[j] && (holm[i] != holm[j] || bh[i] != bh[j]) {
					t.Fatalf("order is not kept: %g and %g", p[i], p[j])
				}
			}
		}
		// The order of the family does not matter.
		perm := r.Perm(len(p))
		moved := make([]float64, len(p))
		for i, k := range perm {
			moved[i] = p[k]
		}
		h, b := Holm(moved), BenjaminiHochberg(moved)
		for i, k := range perm {
			if h[i] != holm[k] || b[i] != bh[k] {
				t.Fatal("a permuted family gives other values")
			}
		}
	}
}

func TestEmptyAndRefusedFamilies(t *testing.T) {
	for name, adjust := range map[string]func([]float64) []float64{"Holm": Holm, "BH": BenjaminiHochberg} {
		if got := adjust(nil); len(got) != 0 {
			t.Errorf("%s of nothing: %v", name, got)
		}
		equal(t, name, adjust([]float64{.2}), []float64{.2}, 0)
		for _, bad := range []float64{math.NaN(), -.01, 1.01, math.Inf(1)} {
			got := adjust([]float64{.01, bad, .5})
			if len(got) != 3 || !slices.ContainsFunc(got, math.IsNaN) || slices.ContainsFunc(got, func(x float64) bool { return !math.IsNaN(x) }) {
				t.Errorf("%s with %v = %v, want NaN throughout", name, bad, got)
			}
		}
	}
}
