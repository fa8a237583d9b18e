package dist

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// relative accuracy that each function must reach against the vectors; the noncentral
// t is only asked for absolute accuracy.
const accuracy = 1e-10

// vector is one line of testdata/vectors/dist.tsv.
type vector struct {
	name string
	args []float64
	want float64
}

func readVectors(t *testing.T) []vector {
	t.Helper()
	f, err := os.Open("testdata/vectors/dist.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []vector
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		fields := strings.Split(lines.Text(), "\t")
		var nums []float64
		for _, s := range fields[1:] {
			x, err := strconv.ParseFloat(s, 64)
			if err != nil {
				t.Fatal(err)
			}
			nums = append(nums, x)
		}
		last := len(nums) - 1
		all = append(all, vector{fields[0], nums[:last], nums[last]})
	}
	return all
}

func TestVectors(t *testing.T) {
	functions := map[string]func(a []float64) float64{
		"NormCDF":        func(a []float64) float64 { return NormCDF(a[0]) },
		"NormQuantile":   func(a []float64) float64 { return NormQuantile(a[0]) },
		"TCDF":           func(a []float64) float64 { return TCDF(a[0], a[1]) },
		"TQuantile":      func(a []float64) float64 { return TQuantile(a[0], a[1]) },
		"BetaInc":        func(a []float64) float64 { return BetaInc(a[0], a[1], a[2]) },
		"BetaIncInv":     func(a []float64) float64 { return BetaIncInv(a[0], a[1], a[2]) },
		"BinomialCDF":    func(a []float64) float64 { return BinomialCDF(int64(a[0]), int64(a[1]), a[2]) },
		"BinomialPMF":    func(a []float64) float64 { return BinomialPMF(int64(a[0]), int64(a[1]), a[2]) },
		"ChiSquareSF":    func(a []float64) float64 { return ChiSquareSF(a[0], a[1]) },
		"NoncentralTCDF": func(a []float64) float64 { return NoncentralTCDF(a[0], a[1], a[2]) },
	}
	worst := map[string]float64{}
	for _, v := range readVectors(t) {
		f, ok := functions[v.name]
		if !ok {
			t.Fatalf("no function %s", v.name)
		}
		got := f(v.args)
		scale := math.Abs(v.want)
		if v.name == "NoncentralTCDF" {
			scale = 1
		}
		miss := math.Abs(got-v.want) / math.Max(scale, math.SmallestNonzeroFloat64)
		if !(miss <= accuracy) {
			t.Errorf("%s%v = %.17g, want %.17g (off by %.2g)", v.name, v.args, got, v.want, miss)
		}
		worst[v.name] = math.Max(worst[v.name], miss)
	}
	if len(worst) != len(functions) {
		t.Errorf("vectors cover %d of %d functions", len(worst), len(functions))
	}
	t.Logf("worst relative error: %v", worst)
}

// Clopper-Pearson and Jeffreys ends are beta quantiles; R 4.2 (binom.test, qbeta).
func TestBinomialIntervalEndsFromBetaQuantiles(t *testing.T) {
	rows := []struct{ x, n, cpLo, cpHi, jLo, jHi float64 }{
		{81, 263, .2527367456, .3676219226, .2545219350, .3656474992},
		{15, 148, .0578440101, .1616504904, .0604485170, .1576431435},
		{1, 29, .0008726469, .1776442955, .0037461736, .1500776860},
		{950, 1000, .9346095121, .9626646024, .9351715443, .9622298677},
	}
	for _, r := range rows {
		near(t, "Clopper-Pearson lo", BetaIncInv(r.x, r.n-r.x+1, .025), r.cpLo, 1e-10)
		near(t, "Clopper-Pearson hi", BetaIncInv(r.x+1, r.n-r.x, .975), r.cpHi, 1e-10)
		near(t, "Jeffreys lo", BetaIncInv(r.x+.5, r.n-r.x+.5, .025), r.jLo, 1e-10)
		near(t, "Jeffreys hi", BetaIncInv(r.x+.5, r.n-r.x+.5, .975), r.jHi, 1e-10)
	}
	near(t, "0 of 20", BetaIncInv(1, 20, .975), .1684334710, 1e-10)
	near(t, "10 of 10", BetaIncInv(10, 1, .025), .6915028922, 1e-10)
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s = %.12g, want %.12g", what, got, want)
	}
}

func TestQuantilesInvertTheirDistributions(t *testing.T) {
	for _, p := range []float64{1e-250, 1e-30, 1e-9, .003, .2, .3, .4999, .5, .7, .98, 1 - 1e-9} {
		near(t, "normal", NormCDF(NormQuantile(p))/p, 1, 1e-10)
		for _, df := range []float64{1, 2, 2.5, 7, 60, 99999, 100001, 1e12} {
			x := TQuantile(p, df)
			near(t, fmt.Sprint("t ", p, df, x), TCDF(x, df)/p, 1, 1e-10)
			if p > .3 && p < .7 {
				near(t, "t mirrored", TQuantile(1-p, df), -x, 1e-15*math.Max(1, math.Abs(x)))
			}
		}
		for _, ab := range [][2]float64{{.3, .3}, {1, 5}, {400, 2}, {3e4, 9e4}} {
			x := BetaIncInv(ab[0], ab[1], p)
			if x > 1e-300 && x < 1 { // else p belongs to no float64
				// A step of one unit in x's last place limits what can be asked.
				slope := math.Exp(logBetaWeight(ab[0], ab[1], x, 1-x)) / (1 - x)
				near(t, fmt.Sprint("beta ", p, ab, x), BetaInc(ab[0], ab[1], x)/p, 1, 1e-10+4e-16*slope/p)
			}
		}
	}
}

// The normalising transformation and the incomplete beta function must meet where
// TCDF changes from one to the other.
func TestTMeetsAtManyDF(t *testing.T) {
	for _, x := range []float64{.01, 1, 1.96, 5, 12, 30} {
		below, _ := tParts(x, math.Nextafter(manyDF, 0))
		at, _ := tParts(x, manyDF)
		near(t, "tail", at/below, 1, 1e-11)
	}
}

func TestBinomialSumsItsPMF(t *testing.T) {
	for _, p := range []float64{.003, .2, .5, .97} {
		sum := 0.0
		for k := int64(0); k <= 60; k++ {
			sum += BinomialPMF(k, 60, p)
			near(t, "cdf", BinomialCDF(k, 60, p), sum, 1e-13)
			near(t, "log pmf", LogBinomialPMF(k, 60, p), math.Log(BinomialPMF(k, 60, p)), 1e-10)
		}
	}
	sum := 0.0
	for k := int64(0); k < 200; k++ {
		sum += math.Exp(LogPoissonPMF(k, 30))
		if k == 30 { // a Poisson tail is a chi-square tail
			near(t, "poisson", sum, ChiSquareSF(60, 62), 1e-13)
		}
	}
	near(t, "poisson total", sum, 1, 1e-13)
}

func TestBetaNearTheSmallestFloat(t *testing.T) {
	// I_x(a,b) is x^a/(a·B(a,b)) there; B(.3,.3) from log-gammas.
	g, _ := math.Lgamma(.3)
	g2, _ := math.Lgamma(.6)
	for _, x := range []float64{1e-280, 1e-289, 1e-291, 1e-307} {
		near(t, fmt.Sprint("beta at ", x), BetaInc(.3, .3, x)/(math.Pow(x, .3)/.3/math.Exp(2*g-g2)), 1, 1e-10)
	}
	if x := BetaIncInv(.3, .3, 1e-250); !(x > 0 && x < 1e-307) {
		t.Errorf("a quantile of 1e-833 = %g, want the smallest normal float64", x)
	}
}

func TestEndsAndRefusals(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"normal at 0", NormQuantile(0), -inf}, {"normal at 1", NormQuantile(1), inf},
		{"t at 0", TQuantile(0, 5), -inf}, {"t at 1", TQuantile(1, 5), inf}, {"t at 1/2", TQuantile(.5, 5), 0},
		{"t, infinite df", TQuantile(.975, inf), NormQuantile(.975)}, {"t cdf, infinite df", TCDF(1.5, inf), NormCDF(1.5)},
		{"t cdf at -Inf", TCDF(-inf, 3), 0}, {"t cdf at +Inf", TCDF(inf, 3), 1}, {"t cdf at 0", TCDF(0, 3), .5},
		{"beta below", BetaInc(2, 3, -.1), 0}, {"beta above", BetaInc(2, 3, 1.1), 1},
		{"beta inverse 0", BetaIncInv(2, 3, 0), 0}, {"beta inverse 1", BetaIncInv(2, 3, 1), 1},
		{"binomial below", BinomialCDF(-1, 5, .5), 0}, {"binomial above", BinomialCDF(5, 5, .5), 1},
		{"binomial p=0", BinomialCDF(0, 5, 0), 1}, {"binomial p=1", BinomialCDF(4, 5, 1), 0},
		{"pmf p=0", BinomialPMF(0, 5, 0), 1}, {"pmf p=1", BinomialPMF(5, 5, 1), 1}, {"pmf outside", BinomialPMF(6, 5, .5), 0},
		{"pmf p=0, k=1", BinomialPMF(1, 5, 0), 0}, {"pmf p=1, k=4", BinomialPMF(4, 5, 1), 0}, {"pmf of no rows", BinomialPMF(0, 0, .4), 1},
		{"chi-square at 0", ChiSquareSF(0, 3), 1}, {"chi-square at Inf", ChiSquareSF(inf, 3), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s = %v, want %v", c.what, c.got, c.want)
		}
	}
	for what, x := range map[string]float64{
		"normal": NormQuantile(1.1), "normal NaN": NormQuantile(math.NaN()), "t p": TQuantile(-.1, 3), "t df": TQuantile(.5, 0),
		"t cdf df": TCDF(1, -1), "t cdf NaN": TCDF(math.NaN(), 3), "beta a": BetaInc(0, 1, .5), "beta inverse": BetaIncInv(1, 1, 2),
		"binomial n": BinomialCDF(0, -1, .5), "binomial p": BinomialCDF(2, 5, 1.5), "pmf p": BinomialPMF(2, 5, math.NaN()),
		"chi-square df": ChiSquareSF(1, 0), "noncentral": NoncentralTCDF(1, 3, 1001), "poisson": LogPoissonPMF(1, 0),
	} {
		if !math.IsNaN(x) {
			t.Errorf("%s outside its domain = %v, want NaN", what, x)
		}
	}
}
