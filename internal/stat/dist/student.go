package dist

import "math"

// manyDF is where Hill's normalising transformation is better than 1e-15.
const manyDF = 1e5

// TCDF is P(T <= x) for Student's t with df > 0 degrees of freedom; df = +Inf is the
// normal distribution. NaN for other df.
func TCDF(x, df float64) float64 {
	tail, centre := tParts(math.Abs(x), df)
	if x <= 0 {
		return tail
	}
	return 0.5 + centre
}

// tParts returns P(T > t) and P(0 < T < t) for t >= 0.
func tParts(t, df float64) (tail, centre float64) {
	switch {
	case !(df > 0) || math.IsNaN(t):
		return math.NaN(), math.NaN()
	case math.IsInf(t, 1):
		return 0, 0.5
	case df >= manyDF:
		z := t
		if !math.IsInf(df, 1) {
			z = hill(t, df)
		}
		return 0.5 * math.Erfc(z/math.Sqrt2), 0.5 * math.Erf(z/math.Sqrt2)
	}
	r := t / math.Sqrt(df)
	if r > 1e9 { // the first term of the tail is all of it, and r² may overflow
		tail = math.Exp(math.Log(t)+logTDensity(t, df)) / df
		return tail, 0.5 - tail
	}
	// x = df/(df+t²) and y = 1-x.
	x := 1 / (1 + r*r)
	y := r * r * x
	lower, upper := betaTails(df/2, 0.5, x, y)
	return lower / 2, upper / 2
}

// hill turns a t value into the normal value of the same tail (Hill 1970, CACM
// algorithm 395).
func hill(t, df float64) float64 {
	a := df - 0.5
	b := 48 * a * a
	y := a * math.Log1p(t/df*t)
	return (((((-0.4*y-3.3)*y-24)*y-85.5)/(0.8*y*y+100+b)+y+3)/b + 1) * math.Sqrt(y)
}

// TQuantile is the x with TCDF(x, df) = p: -Inf at 0, +Inf at 1, NaN for p outside
// [0,1] or df <= 0; df = +Inf is the normal distribution.
func TQuantile(p, df float64) float64 {
	switch {
	case !(df > 0) || !(p >= 0 && p <= 1):
		return math.NaN()
	case math.IsInf(df, 1) || p == 0 || p == 1:
		return NormQuantile(p)
	}
	if df >= largeDF && p > 1e-9 && p < 1-1e-9 {
		return tFromNormal(NormQuantile(p), df)
	}
	if centre := p - 0.5; math.Abs(centre) < 0.25 {
		return math.Copysign(tFromCentre(math.Abs(centre), df), centre)
	}
	return math.Copysign(tFromTail(math.Min(p, 1-p), df), p-0.5)
}

// largeDF is where four terms of the expansion in 1/df leave less than 1e-14.
const largeDF = 20000

// enough is a relative step of Newton's method after which the next one, of its square,
// would not change the number.
const enough = 1e-9

// tFromNormal is Fisher's expansion of the t quantile about the normal one z
// (Abramowitz & Stegun 26.7.5).
func tFromNormal(z, df float64) float64 {
	z2 := z * z
	g1 := z * (z2 + 1) / 4
	g2 := z * (z2*(5*z2+16) + 3) / 96
	g3 := z * (z2*(z2*(3*z2+19)+17) - 15) / 384
	return z + (g1+(g2+g3/df)/df)/df
}

// tFromCentre solves P(0 < T < t) = c. The left side is concave in t, so Newton's
// method from below never overshoots.
func tFromCentre(c, df float64) float64 {
	t := c / math.Exp(logTDensity(0, df))
	for i := 0; i < 100; i++ {
		_, centre := tParts(t, df)
		step := (c - centre) / math.Exp(logTDensity(t, df))
		t += step
		if math.Abs(step) <= enough*t {
			break
		}
	}
	return t
}

// tFromTail solves P(T > t) = q for q <= 1/4. The log of the tail is concave in
// log t, so Newton's method there converges from above after at most one step.
func tFromTail(q, df float64) float64 {
	z := -NormQuantile(q)
	u := math.Log(z)
	if df >= 30 && z < 5 {
		u = math.Log(tFromNormal(z, df))
	}
	for i := 0; i < 200; i++ {
		t := math.Exp(u)
		tail, _ := tParts(t, df)
		if tail == 0 { // beyond the smallest float64: step back
			u -= 0.5
			continue
		}
		step := math.Log(tail/q) * tail / math.Exp(u+logTDensity(t, df))
		u += step
		if math.Abs(step) <= enough*math.Max(1, math.Abs(u)) {
			break
		}
	}
	return math.Exp(u)
}

// logTDensity is the log density of Student's t; Γ((df+1)/2)/Γ(df/2) by Stirling
// errors.
func logTDensity(t, df float64) float64 {
	h := df / 2
	logC := h*math.Log1p(0.5/h) - 0.5 + stirlingError(h+0.5) - stirlingError(h) - logSqrt2Pi
	r := t / math.Sqrt(df)
	logR := 2 * math.Log(r)
	if r < 1e9 {
		logR = math.Log1p(r * r)
	}
	return logC - (h+0.5)*logR
}
