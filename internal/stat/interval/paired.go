package interval

import "math"

// Tango is the score interval of the paired difference (b-c)/n, where b and c are the
// discordant counts among n rows (Tango 1998). Counts may be fractional (effective).
// It holds at b = c = 0 and at b = n. Both ends are NaN unless b, c >= 0, n > 0,
// b+c <= n and crit >= 0.
func Tango(b, c, n, crit float64) (lo, hi float64) {
	if !(b >= 0 && c >= 0 && n > 0 && b+c <= n && crit >= 0) {
		return math.NaN(), math.NaN()
	}
	return -tangoUpper(c, b, n, crit), tangoUpper(b, c, n, crit)
}

// tangoUpper is the upper end of the interval of (b-c)/n.
func tangoUpper(b, c, n, crit float64) float64 {
	est, k := (b-c)/n, crit*crit
	switch {
	case crit == 0 || b == n:
		return est
	case b == 0 && c == 0:
		return k / (n + k)
	case c == n:
		// The variance vanishes at the estimate too; the root beside it is the end.
		return (k - n) / (k + n)
	}
	f := func(d float64) float64 { return b - c - n*d + crit*math.Sqrt(tangoVariance(b, c, n, d)) }
	fa := f(est)
	// A step of twice the Wald half width plus its small-sample term nearly always
	// crosses the root and saves half of the evaluations.
	end := math.Min(1, est+2*(fa/n+k/n))
	fe := f(end)
	if fe > 0 {
		end, fe = 1, b-c-n
	}
	return root(f, est, end, fa, fe)
}

// tangoVariance is the variance of b-c when the true difference is d, at the
// restricted maximum likelihood estimate of the discordant rate.
func tangoVariance(b, c, n, d float64) float64 {
	if d < 0 { // by symmetry: keeps the discriminant from cancelling below 0
		b, c, d = c, b, -d
	}
	u := (2*n-b+c)*d - b - c
	v := c * d * (1 - d)
	q := (math.Sqrt(u*u+8*n*v) - u) / (4 * n)
	return math.Max(0, n*(2*q+d*(1-d)))
}

// TangoTailP is the score statistic of H: the paired difference is delta. Large
// values speak for a difference above delta: 1-Φ(z) is the one-sided p-value of
// non-inferiority at delta = -margin. Where the variance under H is 0 it is ±Inf, or
// 0 if (b-c)/n equals delta; NaN for the arguments that Tango refuses.
func TangoTailP(b, c, n, delta float64) float64 {
	if !(b >= 0 && c >= 0 && n > 0 && b+c <= n) || math.IsNaN(delta) {
		return math.NaN()
	}
	diff := b - c - n*delta
	variance := 0.0
	if math.Abs(delta) <= 1 {
		variance = tangoVariance(b, c, n, delta)
	}
	switch {
	case diff == 0:
		return 0
	case variance == 0:
		return math.Inf(int(math.Copysign(1, diff)))
	}
	return diff / math.Sqrt(variance)
}

// root finds where f crosses zero between a and b, given fa and fb of opposite sign
// (or zero), by Chandrupatla's method (1997): bisection that steps up to inverse
// quadratic interpolation where that is safe.
func root(f func(float64) float64, a, b, fa, fb float64) float64 {
	if fa == 0 {
		return a
	}
	if fb == 0 {
		return b
	}
	var c, fc float64
	t := 0.5
	for i := 0; i < 200; i++ {
		x := a + t*(b-a)
		fx := f(x)
		if math.Signbit(fx) == math.Signbit(fa) {
			c, fc = a, fa
		} else {
			c, b, fc, fb = b, a, fb, fa
		}
		a, fa = x, fx
		best := a
		if math.Abs(fb) < math.Abs(fa) {
			best = b
		}
		tol := 2e-16*math.Abs(best) + 1e-300
		slack := tol / math.Abs(b-c)
		if fx == 0 || slack > 0.5 {
			return best
		}
		xi, phi := (a-b)/(c-b), (fa-fb)/(fc-fb)
		t = 0.5
		if phi*phi < xi && (1-phi)*(1-phi) < 1-xi {
			t = fa/(fb-fa)*fc/(fb-fc) + (c-a)/(b-a)*fa/(fc-fa)*fb/(fc-fb)
		}
		t = math.Min(1-slack, math.Max(slack, t))
	}
	return a
}
