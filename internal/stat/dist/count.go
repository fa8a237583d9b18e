package dist

import "math"

// BinomialPMF is P(K = k) for K ~ Binomial(n, p): 0 outside 0..n, NaN for n < 0 or p
// outside [0,1].
func BinomialPMF(k, n int64, p float64) float64 { return math.Exp(LogBinomialPMF(k, n, p)) }

// LogBinomialPMF is the logarithm of BinomialPMF; -Inf where that is 0.
func LogBinomialPMF(k, n int64, p float64) float64 {
	q := 1 - p
	switch {
	case n < 0 || !(p >= 0 && p <= 1):
		return math.NaN()
	case k < 0 || k > n || p == 0 && k > 0 || q == 0 && k < n:
		return math.Inf(-1)
	case p == 0 || q == 0:
		return 0
	case k == 0:
		return float64(n) * math.Log1p(-p)
	case k == n:
		return float64(n) * math.Log(p)
	}
	a, b, m := float64(k), float64(n-k), float64(n)
	return stirlingError(m) - stirlingError(a) - stirlingError(b) - deviance(a, m*p) - deviance(b, m*q) -
		logSqrt2Pi - 0.5*math.Log(a/m*b)
}

// BinomialCDF is P(K <= k) for K ~ Binomial(n, p), accurate in the lower tail; for
// the upper tail ask for P(n-K <= j) with 1-p. NaN for n < 0 or p outside [0,1].
func BinomialCDF(k, n int64, p float64) float64 {
	switch {
	case n < 0 || !(p >= 0 && p <= 1):
		return math.NaN()
	case k < 0:
		return 0
	case k >= n:
		return 1
	}
	_, upper := betaTails(float64(k)+1, float64(n-k), p, 1-p)
	return upper
}

// LogPoissonPMF is log P(K = k) for K ~ Poisson(mean), mean > 0; -Inf for k < 0 and
// NaN for other means.
func LogPoissonPMF(k int64, mean float64) float64 {
	switch {
	case !(mean > 0):
		return math.NaN()
	case k < 0:
		return math.Inf(-1)
	case k == 0:
		return -mean
	}
	x := float64(k)
	return -stirlingError(x) - deviance(x, mean) - logSqrt2Pi - 0.5*math.Log(x)
}

// ChiSquareSF is P(X > x) for a chi-square variable with df > 0 degrees of freedom;
// 1 for x <= 0, NaN for other df.
func ChiSquareSF(x, df float64) float64 {
	switch {
	case !(df > 0) || math.IsInf(df, 1) || math.IsNaN(x):
		return math.NaN()
	case x <= 0:
		return 1
	case math.IsInf(x, 1):
		return 0
	}
	return gammaUpper(df/2, x/2)
}

// gammaUpper is the regularised upper incomplete gamma function Q(a,x): a series
// below x = a+1 (DLMF 8.11.4), Legendre's continued fraction above (DLMF 8.9.2).
func gammaUpper(a, x float64) float64 {
	weight := math.Exp(logGammaWeight(a, x))
	limit := 1000 + int(20*math.Sqrt(math.Min(1e12, a)))
	if x < a+1 {
		term, sum := 1/a, 1/a
		for i := 1; i <= limit; i++ {
			term *= x / (a + float64(i))
			sum += term
			if term < sum*1e-17 {
				break
			}
		}
		return math.Max(0, 1-weight*sum)
	}
	const tiny = 1e-300
	b := x + 1 - a
	c := 1 / tiny
	d := 1 / b
	h := d
	for i := 1; i <= limit; i++ {
		m := float64(i)
		e := -m * (m - a)
		b += 2
		d = 1 / (e*d + b)
		c = b + e/c
		step := c * d
		h *= step
		if math.Abs(step-1) < 1e-16 {
			break
		}
	}
	return math.Min(1, weight*h)
}
