package test

import (
	"math"
	"testing"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s = %.12g, want %.12g", what, got, want)
	}
}

// Discordant counts; R 4.2 (exact2x2), printed to 12 digits.
func TestMcNemar(t *testing.T) {
	for _, r := range []struct {
		b, c          int64
		exact, midP   float64
		chiSquareTail float64
	}{
		{150, 86, 3.71593613957e-05, 2.89338951762e-05, 3.09929344e-05},
		{12, 5, .143463134766, .0962524414062, .0895550744},
		{7, 1, .0703125, .0390625, .0338948535},
		{25, 15, .153859944163, .117275205957, .113846298},
		{59, 6, 4.96465032713e-12, 2.72580319861e-12, 4.9033614e-11},
		{10, 10, 1, .823802947998, 1},
	} {
		near(t, "exact", McNemarExact(r.b, r.c), r.exact, 1e-11)
		near(t, "mid-p", McNemarMidP(r.b, r.c), r.midP, 1e-11)
		if McNemarMidP(r.b, r.c) != McNemarMidP(r.c, r.b) {
			t.Errorf("%d,%d: not symmetric", r.b, r.c)
		}
		d := float64(r.b - r.c)
		near(t, "chi-square", dist.ChiSquareSF(d*d/float64(r.b+r.c), 1), r.chiSquareTail, 1e-8)
	}
}

func TestMcNemarMidPIsBelowExact(t *testing.T) {
	for b := int64(0); b <= 40; b++ {
		for c := int64(0); c <= b; c++ {
			exact, mid := McNemarExact(b, c), McNemarMidP(b, c)
			if b == 0 && c == 0 {
				if exact != 1 || mid != 1 {
					t.Errorf("no discordant rows: %v %v, want 1 and 1", exact, mid)
				}
				continue
			}
			if !(mid > 0 && mid < exact && exact <= 1) {
				t.Errorf("%d,%d: mid-p %g, exact %g", b, c, mid, exact)
			}
			// By summing the binomial terms.
			sum := 0.0
			for k := int64(0); k <= c; k++ {
				sum += dist.BinomialPMF(k, b+c, .5)
			}
			near(t, "exact by sum", exact, math.Min(1, 2*sum), 1e-12)
		}
	}
	if !math.IsNaN(McNemarMidP(-1, 3)) || !math.IsNaN(McNemarExact(3, -1)) {
		t.Error("negative counts give a number")
	}
}

// With many discordant rows mid-p approaches the normal tail and stays a number.
func TestMcNemarWithManyRows(t *testing.T) {
	for _, n := range []int64{1e4, 1e6, 1e8, 1e10} {
		shift := int64(2 * math.Sqrt(float64(n)) / 2)
		b, c := n/2+shift, n/2-shift
		z := float64(b-c) / math.Sqrt(float64(b+c))
		near(t, "mid-p", McNemarMidP(b, c), ZTwoSided(z), 2/float64(n)+1e-7)
	}
	if p := McNemarMidP(1e9, 9e8); p != 0 {
		t.Errorf("hopeless imbalance: %g, want 0 (underflow)", p)
	}
}

// Statistics and p-values of R 4.2 and SciPy 1.10.1: paired and Welch t of sleep,
// Welch t of mtcars, paired DeLong of aSAH, Wald test of counts.
func TestTails(t *testing.T) {
	near(t, "sleep paired", TTwoSided(4.0621276834, 9), .002832890197, 1e-8)
	near(t, "mtcars Welch", TTwoSided(-3.767123145, 18.33225164), .001373638333, 1e-8)
	near(t, "aSAH DeLong", ZTwoSided(1.39077002574), .164295175223, 1e-11)
	near(t, "aSAH DeLong", ZTwoSided(-2.20898359144), .0271757822292, 1e-11)
	near(t, "aSAH unpaired", TTwoSided(1.5599574339, 222.235396), .120192832431, 1e-9)
	near(t, "two proportions", ZTwoSided(math.Sqrt(7.0234114)), .008045081, 1e-6)
	// sleep, equivalence at 3: both one-sided tests.
	se := .3889587239
	near(t, "above -3", TUpper((1.58+3)/se, 9), 4.5227e-07, 1e-4)
	near(t, "below 3", TLower((1.58-3)/se, 9), .0026555703, 1e-8)
	for _, x := range []float64{-7, -1, 0, .3, 4} {
		near(t, "z halves", ZUpper(x)+ZLower(x), 1, 1e-15)
		near(t, "t halves", TUpper(x, 4)+TLower(x, 4), 1, 1e-15)
		near(t, "two-sided", ZTwoSided(x), 2*math.Min(ZUpper(x), ZLower(x)), 1e-15)
		near(t, "two-sided t", TTwoSided(x, 4), 2*math.Min(TUpper(x, 4), TLower(x, 4)), 1e-15)
		near(t, "t at infinite df", TUpper(x, math.Inf(1)), ZUpper(x), 1e-15)
	}
	if !math.IsNaN(TTwoSided(1, 0)) || !math.IsNaN(ZTwoSided(math.NaN())) {
		t.Error("undefined input gives a number")
	}
}
