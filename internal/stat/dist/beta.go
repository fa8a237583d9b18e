package dist

import "math"

// BetaInc is the regularised incomplete beta function I_x(a,b), the distribution
// function of a Beta(a,b) at x; a, b > 0. It is 0 for x <= 0 and 1 for x >= 1.
func BetaInc(a, b, x float64) float64 {
	if !(a > 0 && b > 0) || math.IsNaN(x) {
		return math.NaN()
	}
	lower, _ := betaTails(a, b, x, 1-x)
	return lower
}

// betaTails returns I_x(a,b) and its complement, each with its own relative
// accuracy; y = 1-x is passed because near x = 1 only the caller knows it exactly.
func betaTails(a, b, x, y float64) (lower, upper float64) {
	switch {
	case x <= 0:
		return 0, 1
	case y <= 0:
		return 1, 0
	}
	weight := math.Exp(logBetaWeight(a, b, x, y))
	if x < (a+1)/(a+b+2) {
		lower = math.Min(1, weight*betaFraction(a, b, x)/a)
		return lower, 1 - lower
	}
	upper = math.Min(1, weight*betaFraction(b, a, y)/b)
	return 1 - upper, upper
}

// betaFraction is the continued fraction of DLMF 8.17.22 by the modified Lentz
// method; it needs about sqrt(max(a,b)) terms where x < (a+1)/(a+b+2).
func betaFraction(a, b, x float64) float64 {
	const tiny = 1e-300
	limit := 1000 + int(20*math.Sqrt(math.Min(1e12, math.Max(a, b))))
	c, d := 1.0, 1-(a+b)*x/(a+1)
	if math.Abs(d) < tiny {
		d = tiny
	}
	d = 1 / d
	h := d
	for i := 1; i <= limit; i++ {
		m := float64(i)
		e := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		h *= lentz(e, &c, &d, tiny)
		e = -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		step := lentz(e, &c, &d, tiny)
		h *= step
		if math.Abs(step-1) < 1e-16 {
			break
		}
	}
	return h
}

func lentz(e float64, c, d *float64, tiny float64) float64 {
	*d = 1 + e**d
	if math.Abs(*d) < tiny {
		*d = tiny
	}
	*c = 1 + e / *c
	if math.Abs(*c) < tiny {
		*c = tiny
	}
	*d = 1 / *d
	return *c * *d
}

// BetaIncInv is the x with BetaInc(a,b,x) = p; a, b > 0 and p in [0,1], else NaN.
// An x below every normal float64 comes out as about the smallest of them.
//
// On v = logit(x) both log tails of a beta are concave (its density in v is
// log-concave), so Newton's method on the log of the smaller tail converges from one
// side; a bracket catches the first, long step.
func BetaIncInv(a, b, p float64) float64 {
	switch {
	case !(a > 0 && b > 0 && p >= 0 && p <= 1):
		return math.NaN()
	case p == 0 || p == 1:
		return p
	case p > 0.5:
		_, y := betaQuantile(b, a, 1-p)
		return y
	}
	x, _ := betaQuantile(a, b, p)
	return x
}

// betaQuantile is the x (and 1-x) with lower tail p <= 1/2.
func betaQuantile(a, b, p float64) (x, y float64) {
	const edge = 708 // below exp(-edge) floats are subnormal, and math.Log of them is off
	target := math.Log(p)
	lo, hi := -float64(edge), float64(edge)
	v := math.Log(a / b)
	for i := 0; i < 400; i++ {
		x, y = expit(v), expit(-v)
		tail, _ := betaTails(a, b, x, y)
		gap := math.Log(tail) - target
		switch {
		case gap == 0:
			return x, y
		case gap > 0:
			hi = v
		default:
			lo = v
		}
		next := v - gap*tail/math.Exp(logBetaWeight(a, b, x, y))
		if !(next > lo && next < hi) {
			next = lo + (hi-lo)/2
		}
		if next == v || math.Abs(next-v) <= 1e-16*math.Abs(v) {
			break
		}
		v = next
	}
	return x, y
}

func expit(v float64) float64 {
	if v >= 0 {
		return 1 / (1 + math.Exp(-v))
	}
	e := math.Exp(v)
	return e / (1 + e)
}
