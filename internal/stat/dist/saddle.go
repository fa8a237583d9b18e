package dist

import "math"

// The binomial, Poisson, beta and gamma weights below follow Loader 2000 ("Fast and
// accurate computation of binomial probabilities"): differences of log-gammas lose
// all digits at large counts, deviances do not.

const logSqrt2Pi = 0.918938533204672741780329736406

// stirlingError is log(x!) minus Stirling's formula, for x > 0.
func stirlingError(x float64) float64 {
	if x <= 15 {
		lg, _ := math.Lgamma(x + 1)
		return lg - (x+0.5)*math.Log(x) + x - logSqrt2Pi
	}
	r := 1 / (x * x)
	return (1.0/12 - (1.0/360-(1.0/1260-(1.0/1680-r/1188)*r)*r)*r) / x
}

// deviance is x·log(x/m) + m − x for x > 0, m > 0, without cancellation near x = m.
func deviance(x, m float64) float64 {
	d := x - m
	if math.Abs(d) >= 0.1*(x+m) {
		if m < 1e-290 { // x/m may overflow
			return x*(math.Log(x)-math.Log(m)) - d
		}
		return x*math.Log(x/m) - d
	}
	v := d / (x + m)
	s := d * v
	e := 2 * x * v
	v *= v
	for j := 3.0; ; j += 2 {
		e *= v
		t := s + e/j
		if t == s {
			return s
		}
		s = t
	}
}

// logBetaWeight is log( x^a y^b / B(a,b) ) for a, b > 0 and x + y = 1, both positive.
func logBetaWeight(a, b, x, y float64) float64 {
	n := a + b
	return 0.5*math.Log(a/n*b) - logSqrt2Pi + stirlingError(n) - stirlingError(a) - stirlingError(b) -
		deviance(a, n*x) - deviance(b, n*y)
}

// logGammaWeight is log( x^a e^-x / Γ(a) ) for a, x > 0.
func logGammaWeight(a, x float64) float64 {
	return 0.5*math.Log(a) - logSqrt2Pi - stirlingError(a) - deviance(a, x)
}
