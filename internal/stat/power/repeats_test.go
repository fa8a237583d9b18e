package power_test

import (
	"math"
	"testing"

	"github.com/fairtrial/fairtrial/internal/stat/power"
)

// ω² = 1/9 and δ = 0.03: without noise of answers, and with a variance of 1/6 of each model's
// answers at one and at ten answers a case.
func TestRepeats(t *testing.T) {
	for _, c := range []struct{ noise, want float64 }{{0, 969}, {2.0 / 6, 3876}, {2.0 / 60, 1260}} {
		if n := math.Ceil(power.Repeats(0.03, 1.0/9, c.noise, 0.05, 0.8)); n != c.want {
			t.Errorf("noise %g: %g cases, want %g", c.noise, n, c.want)
		}
	}
	for _, bad := range [][3]float64{{0, 1, 1}, {0.1, -1, 2}, {0.1, 0, 0}, {0.1, 1, math.NaN()}} {
		if n := power.Repeats(bad[0], bad[1], bad[2], 0.05, 0.8); !math.IsNaN(n) {
			t.Errorf("%v: %g cases", bad, n)
		}
	}
}
