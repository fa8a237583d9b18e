// Package interval draws two-sided confidence intervals from estimates and a
// critical value, so that callers choose the level and the distribution (z or t). It
// refuses what has no interval: ends are NaN, or ok is false, never a made-up number.
package interval

import "math"

// Wilson is the score interval of a proportion p in [0,1] on n > 0 rows (Wilson
// 1927); n may be fractional, as n/deff is. lo is exactly 0 at p = 0 and hi exactly 1
// at p = 1. Both ends are NaN for other p or n, or a negative crit.
func Wilson(p, n, crit float64) (lo, hi float64) {
	if !(p >= 0 && p <= 1 && n > 0 && crit >= 0) {
		return math.NaN(), math.NaN()
	}
	if crit == 0 {
		return p, p
	}
	q := 1 - p
	k := crit * crit / n
	half := math.Sqrt(k * (p*q + k/4))
	// The ends are the roots of (p-x)² = k·x(1-x); dividing their product by the
	// larger root loses no digits and is exact at 0 and 1.
	return p * p / (p + k/2 + half), 1 - q*q/(q+k/2+half)
}

// WilsonF1 is the interval of an F1 score f1 in [0,1]: Wilson on the Jaccard index
// J = f1/(2-f1), a proportion of d = TP+FP+FN rows, carried back by 2J/(1+J).
func WilsonF1(f1, d, crit float64) (lo, hi float64) {
	lo, hi = Wilson(f1/(2-f1), d, crit)
	return 2 * lo / (1 + lo), 2 * hi / (1 + hi)
}

// Wald is est ± crit·se, unclamped; NaN in, NaN out.
func Wald(est, se, crit float64) (lo, hi float64) { return est - crit*se, est + crit*se }

// Logit is the Wald interval on the log-odds scale, carried back. ok is false, and
// both ends NaN, unless est lies strictly between 0 and 1 and se >= 0.
func Logit(est, se, crit float64) (lo, hi float64, ok bool) {
	if !(est > 0 && est < 1 && se >= 0) || math.IsInf(se, 1) || math.IsNaN(crit) {
		return math.NaN(), math.NaN(), false
	}
	l := math.Log(est / (1 - est))
	d := crit * se / (est * (1 - est))
	return 1 / (1 + math.Exp(d-l)), 1 / (1 + math.Exp(-l-d)), true
}

// Newcombe is the hybrid score interval of p1 - p2 over independent rows (Newcombe
// 1998, method 10). Domains as for Wilson.
func Newcombe(p1, n1, p2, n2, crit float64) (lo, hi float64) {
	l1, u1 := Wilson(p1, n1, crit)
	l2, u2 := Wilson(p2, n2, crit)
	d := p1 - p2
	// The ends lie within [-1,1] but for rounding.
	return math.Max(-1, d-math.Hypot(p1-l1, u2-p2)), math.Min(1, d+math.Hypot(u1-p1, p2-l2))
}

// LogRatio is the interval of p1/p2 for independent estimates, symmetric on the log
// scale by the delta method: log-variance (se1/p1)² + (se2/p2)². With binomial
// standard errors this is the usual log relative risk (Katz et al. 1978). ok is
// false, and both ends NaN, unless p1, p2 > 0 and both standard errors are known and the upper end
// is finite.
func LogRatio(p1, se1, p2, se2, crit float64) (lo, hi float64, ok bool) {
	if !(p1 > 0 && p2 > 0 && se1 >= 0 && se2 >= 0) || math.IsNaN(crit) {
		return math.NaN(), math.NaN(), false
	}
	r := p1 / p2
	d := crit * math.Hypot(se1/p1, se2/p2)
	if hi = r * math.Exp(d); math.IsInf(hi, 1) || math.IsNaN(hi) {
		return math.NaN(), math.NaN(), false
	}
	return r * math.Exp(-d), hi, true
}
