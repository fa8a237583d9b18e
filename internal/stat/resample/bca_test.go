package resample

import (
	"math"
	"slices"
	"testing"
)

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s = %.12g, want %.12g", what, got, want)
	}
}

// count is the draws 1..n, shuffled, so that an end is its own position.
func count(n int) []float64 {
	r := NewRNG(3)
	x := make([]float64, n)
	for i := range x {
		k := int(r.Uint64() % uint64(i+1))
		x[i] = x[k]
		x[k] = float64(i + 1)
	}
	return x
}

// Positions 1000·Φ(z0+(z0+z)/(1-a(z0+z))) from SciPy 1.17.1's norm.cdf and norm.ppf.
func TestBCa(t *testing.T) {
	for _, c := range []struct{ est, accel, level, lo, hi float64 }{
		{500, 0, .95, 25, 975}, // no bias, no acceleration: the percentile interval
		{600, 0, .95, 73.1463717722, 993.1908374881},
		{600, .05, .9, 147.5135788196, 990.6428446739},
		{420.5, -.03, .95, 6.0130314434, 929.2386059469},
	} {
		lo, hi := BCa(count(999), c.est, c.accel, c.level)
		near(t, "lo", lo, c.lo, 1e-8)
		near(t, "hi", hi, c.hi, 1e-8)
	}
}

// Half of the ties count as below: on a symmetric discrete metric there is no bias.
func TestBCaCountsHalfTheTies(t *testing.T) {
	var draws []float64
	for k, times := range []int{10, 40, 100, 40, 9} {
		draws = append(draws, slices.Repeat([]float64{float64(k)}, times)...)
	}
	// 199 draws; at the middle value 50 lie below and 100 tie: share 100/199.
	lo, hi := BCa(slices.Clone(draws), 2, 0, .8)
	if lo != 1 || hi != 3 {
		t.Errorf("ends %v %v, want 1 and 3", lo, hi)
	}
	// The last digits of a value may depend on the order of its additions.
	for i := range draws {
		draws[i] = math.Nextafter(draws[i]/10, 9)
	}
	lo2, hi2 := BCa(draws, .2, 0, .8)
	near(t, "lo", lo2, .1, 1e-12)
	near(t, "hi", hi2, .3, 1e-12)
}

func TestBCaLaws(t *testing.T) {
	r := NewRNG(4)
	draws := make([]float64, 1999)
	for i := range draws {
		x := r.Normal()
		draws[i] = math.Exp(x / 3)
	}
	for _, accel := range []float64{-.1, 0, .08} {
		lo, hi := BCa(slices.Clone(draws), 1.1, accel, .9)
		wlo, whi := BCa(slices.Clone(draws), 1.1, accel, .95)
		if !(wlo < lo && lo < hi && hi < whi) {
			t.Errorf("accel %g: %v %v within %v %v", accel, lo, hi, wlo, whi)
		}
		// Mirroring the metric mirrors the interval.
		mirrored := make([]float64, len(draws))
		for i, x := range draws {
			mirrored[i] = -x
		}
		mlo, mhi := BCa(mirrored, -1.1, -accel, .9)
		near(t, "mirrored lo", mlo, -hi, 1e-9)
		near(t, "mirrored hi", mhi, -lo, 1e-9)
	}
}

func TestBCaRefusals(t *testing.T) {
	nan := math.NaN()
	some := []float64{1, 2, 3}
	for what, c := range map[string]struct {
		draws             []float64
		est, accel, level float64
	}{
		"no draws": {nil, 1, 0, .95}, "a NaN draw": {[]float64{1, nan, 2}, 1, 0, .95}, "est": {some, nan, 0, .95},
		"accel": {some, 2, nan, .95}, "level": {some, 2, 0, 1}, "all above": {some, .5, 0, .95}, "all below": {some, 4, 0, .95},
		"wild acceleration": {some, 2, -9, .95},
	} {
		lo, hi := BCa(slices.Clone(c.draws), c.est, c.accel, c.level)
		if !math.IsNaN(lo) || !math.IsNaN(hi) {
			t.Errorf("%s: %v %v, want NaN", what, lo, hi)
		}
	}
	// Draws that never move are a zero-width interval; the caller knows why.
	if lo, hi := BCa([]float64{1, 1, 1}, 1, 0, .95); lo != 1 || hi != 1 {
		t.Errorf("constant draws: %v %v", lo, hi)
	}
	if lo, hi := BCa([]float64{7}, 7, 0, .95); lo != 7 || hi != 7 {
		t.Errorf("one draw: %v %v", lo, hi)
	}
}

// For a mean the acceleration is skewness/(6·sqrt n) (Efron 1987).
func TestAcceleration(t *testing.T) {
	values, rows := []float64{0, 1, 4}, []float64{70, 20, 10}
	n, mean := 100.0, .6
	var m2, m3 float64
	influence := make([]float64, 3)
	for i, v := range values {
		influence[i] = (v - mean) / n
		m2 += rows[i] * (v - mean) * (v - mean) / n
		m3 += rows[i] * math.Pow(v-mean, 3) / n
	}
	got := Acceleration(rows, influence)
	near(t, "mean", got, m3/math.Pow(m2, 1.5)/(6*math.Sqrt(n)), 1e-15)
	for i := range influence {
		influence[i] *= 1e-9
	}
	near(t, "scale", Acceleration(rows, influence), got, 1e-12)
	if a := Acceleration(rows, []float64{0, 0, 0}); a != 0 {
		t.Errorf("nothing moves: %v", a)
	}
	near(t, "symmetric", Acceleration([]float64{5, 5}, []float64{-1, 1}), 0, 0)
}

// The F1 score of TP 113 FP 21 FN 27 TN 239 over 20000 multinomial draws: simulated
// in R 4.2 with mean .82432, sd .02484 and 95 % quantiles .77323 and .87085; row by
// row .82447, .02493, .77366, .87075. Bands are six Monte Carlo standard errors.
func TestCellBootstrapOfF1(t *testing.T) {
	r := NewRNG(2024, "f1")
	cells, out := []float64{113, 21, 27, 239}, make([]float64, 4)
	const draws = 20000
	f := make([]float64, draws)
	var sum, sum2 float64
	for i := range f {
		Multinomial(r, 400, cells, out)
		f[i] = 2 * out[0] / (2*out[0] + out[1] + out[2])
		sum, sum2 = sum+f[i], sum2+f[i]*f[i]
	}
	mean := sum / draws
	near(t, "mean", mean, .82432, .001)
	near(t, "sd", math.Sqrt(sum2/draws-mean*mean), .02484, .00075)
	lo, hi := BCa(f, 226./274, 0, .95)
	near(t, "lo", lo, .7732, .004)
	near(t, "hi", hi, .8709, .004)
}
