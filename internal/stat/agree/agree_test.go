package agree

import (
	"errors"
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s = %.10g, want %.10g", what, got, want)
	}
}

// Values from the design's reference numbers (statsmodels, and Fleiss, Cohen & Everitt 1969).
func TestKappa(t *testing.T) {
	three := [][]float64{{53, 5, 2}, {11, 14, 5}, {1, 6, 3}}
	for _, c := range []struct {
		table     [][]float64
		w         Weights
		value, se float64
	}{
		{[][]float64{{20, 5}, {10, 15}}, Nominal, .4, .1269960629},
		{three, Nominal, .4285714286, .0759588315},
		{three, Linear, .4923076923, .0717269427},
		{three, Quadratic, .5666666667, .0787240934},
	} {
		a, err := Kappa(c.table, c.w)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "κ", a.Value, c.value, 1e-9)
		near(t, "SE", a.SE, c.se, 1e-9)
	}
	a, err := Kappa([][]float64{{118, 5}, {2, 0}}, Nominal)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "κ of a rare category", a.Value, -.0233918, 1e-7)
}

// Gwet 2008, by irrCAC.
func TestAC1(t *testing.T) {
	for _, c := range []struct {
		table     [][]float64
		value, se float64
	}{
		{[][]float64{{20, 5}, {10, 15}}, .4059405941, .1314730888},
		{[][]float64{{118, 5}, {2, 0}}, .9407763376, .0230569643},
	} {
		a, err := AC1(c.table)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "AC1", a.Value, c.value, 1e-9)
		// irrCAC divides by n−1 where the delta method has n.
		n := float64(a.N)
		near(t, "SE", math.Min(math.Abs(a.SE-c.se), math.Abs(a.SE*math.Sqrt(n/(n-1))-c.se)), 0, 2e-5)
	}
}

// Krippendorff 2011: four observers, twelve units; published .743 .815 .849 .797.
func TestAlpha(t *testing.T) {
	x := math.NaN()
	raters := [][]float64{
		{1, 2, 3, 3, 2, 1, 4, 1, 2, x, x, x},
		{1, 2, 3, 3, 2, 2, 4, 1, 2, 5, x, 3},
		{x, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, x},
		{1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, x},
	}
	units := make([][]float64, 12)
	for u := range units {
		for _, r := range raters {
			units[u] = append(units[u], r[u])
		}
	}
	for scale, want := range map[Level]float64{NominalScale: .7434210526, OrdinalScale: .8153875038, IntervalScale: .8491071429, RatioScale: .7974027747} {
		a, err := KrippendorffAlpha(units, scale, .95, 4000, 1)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "α", a.Value, want, 1e-9)
		if a.Ratings != 40 || a.Units != 11 || !(a.Lower < a.Value && a.Value < a.Upper) || a.Lower < .3 || a.Lower > .6 {
			t.Errorf("%+v", a)
		}
	}
}

func TestUndefined(t *testing.T) {
	if _, err := Kappa([][]float64{{9, 0}, {0, 0}}, Nominal); !errors.Is(err, ErrNoVariation) {
		t.Error(err)
	}
	if _, err := Kappa([][]float64{{9, 0}, {0}}, Nominal); err == nil {
		t.Error("a ragged table was taken")
	}
	if _, err := AC1([][]float64{{-1, 0}, {0, 2}}); err == nil {
		t.Error("a negative count was taken")
	}
	if _, err := KrippendorffAlpha([][]float64{{1, 1}, {1, 1}}, NominalScale, .95, 10, 1); !errors.Is(err, ErrNoVariation) {
		t.Error(err)
	}
	if _, err := KrippendorffAlpha([][]float64{{1}, {math.NaN(), 2}}, NominalScale, .95, 10, 1); err == nil {
		t.Error("units of one rating were taken")
	}
}
