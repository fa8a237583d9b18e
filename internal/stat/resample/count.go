package resample

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// few is the mean below which counting up the distribution function is fastest; the
// rejection constants of Hörmann hold from here on.
const few = 10

// Binomial draws from Binomial(n, p), exactly and in bounded expected time for any n:
// inversion for a small mean, else the transformed rejection BTRS (Hörmann 1993). It
// is 0 for n <= 0 or p not above 0 and n for p >= 1.
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
	if float64(n)*p < few {
		return r.binomialByInversion(n, p)
	}
	mean := float64(n) * p
	sd := math.Sqrt(mean * (1 - p))
	b := 1.15 + 2.53*sd
	a := -0.0873 + 0.0248*b + 0.01*p
	mode := int64(float64(n+1) * p)
	height := math.NaN() // log pmf at the mode, on first need
	for {
		u := r.Float64() - 0.5
		v := r.Float64()
		us := 0.5 - math.Abs(u)
		x := math.Floor((2*a/us+b)*u + mean + 0.5)
		if x < 0 || x > float64(n) || us == 0 {
			continue
		}
		if us >= 0.07 && v <= 0.92-4.2/b {
			return int64(x)
		}
		if math.IsNaN(height) {
			height = dist.LogBinomialPMF(mode, n, p)
		}
		v *= (2.83 + 5.1/b) * sd / (a/(us*us) + b)
		if math.Log(v) <= dist.LogBinomialPMF(int64(x), n, p)-height {
			return int64(x)
		}
	}
}

// binomialByInversion walks the distribution function up from 0.
func (r *RNG) binomialByInversion(n int64, p float64) int64 {
	odds := p / (1 - p)
	first := math.Exp(float64(n) * math.Log1p(-p))
	for {
		u := r.Float64()
		mass := first
		for k := int64(0); k <= n; k++ {
			if u < mass {
				return k
			}
			u -= mass
			mass *= float64(n-k) / float64(k+1) * odds
			if mass < 1e-300 { // rounding has used up u: draw again
				break
			}
		}
	}
}

// Poisson draws from Poisson(mean), exactly: inversion for a small mean, else the
// transformed rejection PTRS (Hörmann 1993). It is 0 for a mean not above 0; means
// are capped at 2^52, where float64 stops counting one by one.
func (r *RNG) Poisson(mean float64) int64 {
	if !(mean > 0) {
		return 0
	}
	mean = math.Min(mean, 1<<52)
	if mean < few {
		return r.poissonByInversion(mean)
	}
	b := 0.931 + 2.53*math.Sqrt(mean)
	a := -0.059 + 0.02483*b
	for {
		u := r.Float64() - 0.5
		v := r.Float64()
		us := 0.5 - math.Abs(u)
		x := math.Floor((2*a/us+b)*u + mean + 0.43)
		if x < 0 || us == 0 || us < 0.013 && v > us {
			continue
		}
		if us >= 0.07 && v <= 0.9277-3.6224/(b-2) {
			return int64(x)
		}
		v *= (1.1239 + 1.1328/(b-3.4)) / (a/(us*us) + b)
		if math.Log(v) <= dist.LogPoissonPMF(int64(x), mean) {
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
