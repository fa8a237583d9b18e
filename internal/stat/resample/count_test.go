package resample

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// fit is the chi-square p-value of draws against a distribution function, over about
// 60 cells across the middle and both tails; cells too thin for the test are merged.
func fit(draw func() int64, cdf func(k int64) float64, mean, sd float64, draws int) float64 {
	step := max(1, int64(sd*8/60))
	var edges []int64
	for k := int64(math.Max(0, mean-4*sd)); float64(k) <= mean+4*sd; k += step {
		edges = append(edges, k)
	}
	seen := make([]float64, len(edges)+1)
	for range draws {
		i, _ := slices.BinarySearch(edges, draw())
		seen[i]++
	}
	chi, df, got, want, before := 0.0, -1.0, 0.0, 0.0, 0.0
	for i := range seen {
		upTo := 1.0
		if i < len(edges) {
			upTo = cdf(edges[i])
		}
		got += seen[i]
		want += (upTo - before) * float64(draws)
		before = upTo
		if rest := (1 - upTo) * float64(draws); want >= 10 && (rest >= 10 || i == len(edges)) || i == len(edges) {
			chi += (got - want) * (got - want) / want
			df++
			got, want = 0, 0
		}
	}
	return dist.ChiSquareSF(chi, df)
}

// moments returns how many standard errors the mean and the variance of draws are
// off; kurtosis is the excess one of the distribution.
func moments(draw func() int64, mean, variance, kurtosis float64, draws int) (zMean, zVariance float64) {
	var s, s2 float64
	for range draws {
		d := float64(draw()) - mean
		s, s2 = s+d, s2+d*d
	}
	n := float64(draws)
	return s / math.Sqrt(n*variance), (s2/n/variance - 1) * math.Sqrt(n/(2+kurtosis))
}

func TestBinomialSampler(t *testing.T) {
	const draws = 100000
	for _, c := range []struct {
		n int64
		p float64
	}{
		{1, .5}, {3, .9}, {5, .3}, {40, .2}, {1000, .002}, {100000, 1e-4}, // inversion
		{20, .5}, {40, .25}, {100, .1}, {101, .9}, {1000, .37}, {1000000, .001}, {1e9, .3}, {1e15, .5}, // rejection
	} {
		r := NewRNG(5, "binomial", fmt.Sprint(c.n, c.p))
		draw := func() int64 { return r.Binomial(c.n, c.p) }
		mean := float64(c.n) * c.p
		variance := mean * (1 - c.p)
		zm, zv := moments(draw, mean, variance, (1-6*c.p*(1-c.p))/variance, draws)
		if math.Abs(zm) > 4 || math.Abs(zv) > 4 {
			t.Errorf("n=%d p=%g: mean off by %.1f, variance by %.1f standard errors", c.n, c.p, zm, zv)
		}
		if c.n > 1e10 { // its distribution function takes too long here
			continue
		}
		cdf := func(k int64) float64 { return dist.BinomialCDF(k, c.n, c.p) }
		if p := fit(draw, cdf, mean, math.Sqrt(variance), draws); !(p > 1e-3) {
			t.Errorf("n=%d p=%g: goodness of fit p = %g", c.n, c.p, p)
		}
	}
}

func TestPoissonSampler(t *testing.T) {
	const draws = 100000
	for _, mean := range []float64{.02, .7, 3, 9.99, 10, 12.5, 35.5, 1000, 1e7, 1e14} {
		r := NewRNG(5, "poisson", fmt.Sprint(mean))
		draw := func() int64 { return r.Poisson(mean) }
		zm, zv := moments(draw, mean, mean, 1/mean, draws)
		if math.Abs(zm) > 4 || math.Abs(zv) > 4 {
			t.Errorf("mean %g: mean off by %.1f, variance by %.1f standard errors", mean, zm, zv)
		}
		if mean > 1e10 {
			continue
		}
		// P(Poisson(m) <= k) = P(chi-square with 2k+2 df > 2m).
		cdf := func(k int64) float64 { return dist.ChiSquareSF(2*mean, 2*float64(k)+2) }
		if p := fit(draw, cdf, mean, math.Sqrt(mean), draws); !(p > 1e-3) {
			t.Errorf("mean %g: goodness of fit p = %g", mean, p)
		}
	}
}

// exact checks what makes rejection exact: that the hat lies above the distribution
// (an acceptance threshold for v of at most 1) and that what is accepted unseen would
// have been accepted.
func exact(t *testing.T, what string, h hat, p func(k int64) float64, top int64) {
	t.Helper()
	for us := 1e-4; us <= .5; us += 1e-4 {
		for _, sign := range []float64{-1, 1} {
			u := sign * (.5 - us)
			x := math.Floor((2*h.a/us+h.b)*u + h.centre)
			if x < 0 || int64(x) > top {
				continue
			}
			threshold := p(int64(x)) / h.weight(us)
			if threshold > 1+1e-9 {
				t.Fatalf("%s: the hat is too low at %g (%g)", what, x, threshold)
			}
			if h.surely(us, h.quick) && threshold < h.quick {
				t.Fatalf("%s: %g accepted unseen up to %g, allowed %g", what, x, h.quick, threshold)
			}
		}
	}
}

func TestRejectionIsExact(t *testing.T) {
	for _, mean := range []float64{10, 10.1, 10.8, 11, 13.7, 15, 20, 25, 31.4, 100, 1e3, 1e6, 1e12} {
		exact(t, fmt.Sprint("poisson ", mean), poissonHat(mean), func(k int64) float64 { return math.Exp(dist.LogPoissonPMF(k, mean)) }, math.MaxInt64)
		for _, p := range []float64{1e-9, .001, .05, .2, .35, .5} {
			if mean/p > 1e18 {
				continue
			}
			n := int64(math.Ceil(mean / p))
			top := dist.LogBinomialPMF(int64((float64(n)+1)*p), n, p)
			exact(t, fmt.Sprint("binomial ", n, p), binomialHat(float64(n), p), func(k int64) float64 { return math.Exp(dist.LogBinomialPMF(k, n, p) - top) }, n)
		}
	}
}

func TestSamplerEnds(t *testing.T) {
	r := NewRNG(1)
	for _, c := range []struct {
		n    int64
		p    float64
		want int64
	}{{0, .5, 0}, {-3, .5, 0}, {10, 0, 0}, {10, -1, 0}, {10, math.NaN(), 0}, {10, 1, 10}, {10, 1.5, 10}, {1e18, 1, 1e18}} {
		if got := r.Binomial(c.n, c.p); got != c.want {
			t.Errorf("Binomial(%d, %g) = %d, want %d", c.n, c.p, got, c.want)
		}
	}
	for _, mean := range []float64{0, -1, math.NaN(), math.Inf(-1)} {
		if got := r.Poisson(mean); got != 0 {
			t.Errorf("Poisson(%g) = %d, want 0", mean, got)
		}
	}
	if got := r.Poisson(math.Inf(1)); math.Abs(float64(got)/(1<<52)-1) > 1e-6 {
		t.Errorf("Poisson(Inf) = %d, want about its cap", got)
	}
	for range 1000 {
		if k := r.Binomial(1e18, 1e-18); k < 0 || k > 20 {
			t.Fatalf("Binomial(1e18, 1e-18) = %d", k)
		}
	}
}

func TestMultinomial(t *testing.T) {
	r := NewRNG(9, "multinomial")
	weights := []float64{0, 113, 21, 0, 27, .5, 239, 0}
	total := 400.5
	out := make([]float64, len(weights))
	const draws, n = 40000, 1000
	sum, sum2, cross := make([]float64, len(weights)), make([]float64, len(weights)), 0.0
	for range draws {
		Multinomial(r, n, weights, out)
		all := 0.0
		for i, x := range out {
			if x < 0 || x != math.Trunc(x) || weights[i] == 0 && x != 0 {
				t.Fatalf("cell %d: %v", i, x)
			}
			all += x
			d := x - n*weights[i]/total
			sum[i], sum2[i] = sum[i]+d, sum2[i]+d*d
		}
		cross += (out[1] - n*113/total) * (out[6] - n*239/total)
		if all != n {
			t.Fatalf("counts sum to %v", all)
		}
	}
	for i, w := range weights {
		if w == 0 {
			continue
		}
		p := w / total
		v := n * p * (1 - p)
		zm := sum[i] / math.Sqrt(draws*v)
		zv := (sum2[i]/draws/v - 1) * math.Sqrt(draws/(2+(1-6*p*(1-p))/v))
		if math.Abs(zm) > 4 || math.Abs(zv) > 4 {
			t.Errorf("cell %d: mean off by %.1f, variance by %.1f standard errors", i, zm, zv)
		}
	}
	want := -n * 113 * 239 / total / total
	if got := cross / draws; math.Abs(got/want-1) > .05 {
		t.Errorf("covariance %g, want %g", got, want)
	}
}

func TestMultinomialEnds(t *testing.T) {
	r := NewRNG(1)
	out := []float64{9, 9, 9}
	for _, c := range []struct {
		n       int64
		weights []float64
		want    []float64
	}{
		{7, []float64{0, 2, 0}, []float64{0, 7, 0}}, {7, []float64{0, 0, 0}, []float64{0, 0, 0}},
		{7, []float64{-1, math.NaN(), 3}, []float64{0, 0, 7}}, {0, []float64{1, 1, 1}, []float64{0, 0, 0}},
		{-2, []float64{1, 1, 1}, []float64{0, 0, 0}}, {5, []float64{1e-300, 1, 1e-300}, []float64{0, 5, 0}},
	} {
		Multinomial(r, c.n, c.weights, out)
		if !slices.Equal(out, c.want) {
			t.Errorf("Multinomial(%d, %v) = %v, want %v", c.n, c.weights, out, c.want)
		}
	}
	Multinomial(r, 5, nil, nil)
}

func BenchmarkBinomial(b *testing.B) {
	for _, c := range []struct {
		n int64
		p float64
	}{{1000, .002}, {1000, .3}, {1e8, .1}} {
		b.Run(fmt.Sprint(c.n, c.p), func(b *testing.B) {
			r := NewRNG(1)
			for range b.N {
				r.Binomial(c.n, c.p)
			}
		})
	}
	b.Run("poisson 35", func(b *testing.B) {
		r := NewRNG(1)
		for range b.N {
			r.Poisson(35)
		}
	})
}

// The squeeze holds the probability between its bounds wherever it claims to.
func TestSqueeze(t *testing.T) {
	for _, n := range []int64{40, 100, 1000, 100_000, 10_000_000} {
		for _, p := range []float64{0.01, 0.1, 0.3, 0.5} {
			m, sd := float64(n), math.Sqrt(float64(n)*p*(1-p))
			if m*p < few {
				continue
			}
			mode := math.Floor((m + 1) * p)
			top := dist.LogBinomialPMF(int64(mode), n, p)
			for k := -400; k <= 400; k++ {
				x := math.Floor(mode + float64(k)*sd/50)
				if x < 0 || x > m {
					continue
				}
				at := dist.LogBinomialPMF(int64(x), n, p) - top
				if low, high := squeeze(math.Abs(x-mode), sd*sd); at < low-1e-9 || at > high+1e-9 {
					t.Errorf("Binomial(%d, %g) at %g: %g is not between %g and %g", n, p, x, at, low, high)
				}
			}
		}
	}
}
