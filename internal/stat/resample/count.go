package resample

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// few is the mean below which walking up the distribution function is fastest; the
// constants of the rejection method hold from here on.
const few = 10

// hat is the proposal of the transformed rejection method (Hörmann 1993): x = G(u)
// floored, with G(u) = (2a/(1/2-|u|)+b)·u + centre for u uniform on (-1/2,1/2).
type hat struct {
	a, b, centre float64
	quick        float64 // v up to here is accepted unseen where 1/2-|u| >= 0.07
	height       float64 // v·height/G'(u) is compared with the probability of x
}

func (h hat) propose(r *RNG) (x, us, v float64) {
	u := r.Float64() - 0.5
	us = 0.5 - math.Abs(u)
	return math.Floor((2*h.a/us+h.b)*u + h.centre), us, r.Float64()
}

// surely reports that x needs no look at its probability.
func (h hat) surely(us, v float64) bool { return us >= 0.07 && v <= h.quick }

// weight is height/G'(u).
func (h hat) weight(us float64) float64 { return h.height / (h.a/(us*us) + h.b) }

// binomialHat is BTRS, for probabilities relative to the mode's, n·p >= 10, p <= 1/2.
func binomialHat(n, p float64) hat {
	sd := math.Sqrt(n * p * (1 - p))
	b := 1.15 + 2.53*sd
	return hat{a: -0.0873 + 0.0248*b + 0.01*p, b: b, centre: n*p + 0.5, quick: 0.92 - 4.2/b, height: (2.83 + 5.1/b) * sd}
}

// poissonHat is PTRS, for means >= 10. As published its hat dips up to 0.5 % below
// the distribution at a few counts; a hat 1 % higher makes the draws exact.
func poissonHat(mean float64) hat {
	b := 0.931 + 2.53*math.Sqrt(mean)
	return hat{a: -0.059 + 0.02483*b, b: b, centre: mean + 0.43, quick: 0.99 * (0.9277 - 3.6224/(b-2)), height: 1.01 * (1.1239 + 1.1328/(b-3.4))}
}

// Binomial draws from Binomial(n, p), exactly and in bounded expected time for any n:
// inversion for a small mean, else rejection. It is 0 for n <= 0 or p not above 0 and
// n for p >= 1.
func (r *RNG) Binomial(n int64, p float64) int64 {
	switch {
	case n <= 0 || !(p > 0):
		return 0
	case p >= 1:
		return n
	case p > 0.5:
		return n - r.binomial(n, 1-p)
	}
	return r.binomial(n, p)
}

// binomial needs n >= 1 and 0 < p <= 1/2.
func (r *RNG) binomial(n int64, p float64) int64 {
	m := float64(n)
	if m*p < few {
		return r.binomialByInversion(n, p)
	}
	h := binomialHat(m, p)
	mode, npq := math.Floor((m+1)*p), m*p*(1-p)
	top := math.NaN() // log probability of the mode, on first need
	for {
		x, us, v := h.propose(r)
		if x < 0 || x > m {
			continue
		}
		if h.surely(us, v) {
			return int64(x)
		}
		lv := math.Log(v * h.weight(us))
		switch low, high := squeeze(math.Abs(x-mode), npq); {
		case lv < low:
			return int64(x)
		case lv > high:
			continue
		}
		if math.IsNaN(top) {
			top = dist.LogBinomialPMF(int64(mode), n, p)
		}
		if lv <= dist.LogBinomialPMF(int64(x), n, p)-top {
			return int64(x)
		}
	}
}

// squeeze bounds the log of the probability, relative to the mode's, of the binomial
// count that is far from the mode (Kachitvichyanukul and Schmeiser 1988, step 5.2): it
// spares most looks at the probability itself.
func squeeze(far, variance float64) (low, high float64) {
	if far >= variance/2-1 {
		return math.Inf(-1), math.Inf(1)
	}
	normal := -far * far / (2 * variance)
	width := far / variance * ((far*(far/3+0.625)+1.0/6)/variance + 0.5)
	return normal - width, normal + width
}

// binomialByInversion walks the distribution function up from 0.
func (r *RNG) binomialByInversion(n int64, p float64) int64 {
	odds := p / (1 - p)
	first := math.Exp(float64(n) * math.Log1p(-p))
	for {
		u := r.Float64()
		mass := first
		// The mass runs out only where rounding has used up u: draw again.
		for k := int64(0); k <= n && mass > 1e-300; k++ {
			if u < mass {
				return k
			}
			u -= mass
			mass *= float64(n-k) / float64(k+1) * odds
		}
	}
}

// Poisson draws from Poisson(mean), exactly: inversion for a small mean, else
// rejection. It is 0 for a mean not above 0; means are capped at 2^52, where float64
// stops counting one by one.
func (r *RNG) Poisson(mean float64) int64 {
	if !(mean > 0) {
		return 0
	}
	mean = math.Min(mean, 1<<52)
	if mean < few {
		return r.poissonByInversion(mean)
	}
	h := poissonHat(mean)
	for {
		x, us, v := h.propose(r)
		if x < 0 {
			continue
		}
		if h.surely(us, v) || math.Log(v*h.weight(us)) <= dist.LogPoissonPMF(int64(x), mean) {
			return int64(x)
		}
	}
}

func (r *RNG) poissonByInversion(mean float64) int64 {
	first := math.Exp(-mean)
	for {
		u := r.Float64()
		mass := first
		for k := int64(0); mass > 1e-300; k++ {
			if u < mass {
				return k
			}
			u -= mass
			mass *= mean / float64(k+1)
		}
	}
}

// Multinomial fills out with the counts of n rows dealt to cells in proportion to
// weights (need not sum to 1), by conditional binomials; len(out) >= len(weights).
// The counts sum to n. Weights that are not above 0 get no rows; when all are, every
// count is 0.
func Multinomial(r *RNG, n int64, weights, out []float64) {
	left, last := 0.0, -1
	for i, w := range weights {
		out[i] = 0
		if w > 0 {
			left += w
			last = i
		}
	}
	for i := 0; i <= last && n > 0; i++ {
		w := weights[i]
		if !(w > 0) {
			continue
		}
		k := n
		if i < last {
			k = r.Binomial(n, w/left)
		}
		out[i] = float64(k)
		n -= k
		left -= w
	}
}
