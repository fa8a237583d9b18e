package interval

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

const z95 = 1.959963984540054 // two-sided 95 % normal quantile

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s = %.12g, want %.12g", what, got, want)
	}
}

// Reference ends: R 4.2 (binom package), Wilson 95 %.
func TestWilson(t *testing.T) {
	for _, r := range []struct{ x, n, lo, hi float64 }{
		{81, 263, .2552885199, .3662095770}, {15, 148, .0623863995, .1604872417}, {0, 20, 0, .1611251581},
		{1, 29, .0061132143, .1717552188}, {10, 10, .7224672001, 1}, {950, 1000, .9346861798, .9618697376},
	} {
		lo, hi := Wilson(r.x/r.n, r.n, z95)
		near(t, "lo", lo, r.lo, 1e-10)
		near(t, "hi", hi, r.hi, 1e-10)
	}
}

func TestWilsonEndsAreExact(t *testing.T) {
	for _, n := range []float64{.3, 1, 20, 1e3, 1e9, 1e15} {
		if lo, hi := Wilson(0, n, z95); lo != 0 || !(hi > 0 && hi < 1) {
			t.Errorf("n=%g p=0: %v %v", n, lo, hi)
		}
		if lo, hi := Wilson(1, n, z95); hi != 1 || !(lo > 0 && lo < 1) {
			t.Errorf("n=%g p=1: %v %v", n, lo, hi)
		}
	}
	if lo, hi := Wilson(.3, 10, 0); lo != .3 || hi != .3 {
		t.Errorf("crit 0: %v %v", lo, hi)
	}
	for _, bad := range [][3]float64{{-.1, 10, 2}, {1.1, 10, 2}, {.5, 0, 2}, {.5, 10, -1}, {math.NaN(), 10, 2}, {.5, math.NaN(), 2}} {
		if lo, hi := Wilson(bad[0], bad[1], bad[2]); !math.IsNaN(lo) || !math.IsNaN(hi) {
			t.Errorf("Wilson%v = %v %v, want NaN", bad, lo, hi)
		}
	}
}

// An end of the interval is where the score statistic equals the critical value.
func TestWilsonInvertsTheScoreTest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		p, n, crit := r.Float64(), math.Exp(12*r.Float64()), .1+4*r.Float64()
		lo, hi := Wilson(p, n, crit)
		if !(0 <= lo && lo <= p && p <= hi && hi <= 1) {
			t.Fatalf("p=%g n=%g: %g %g", p, n, lo, hi)
		}
		near(t, "lower", (p-lo)/math.Sqrt(lo*(1-lo)/n), crit, 1e-7*crit)
		near(t, "upper", (hi-p)/math.Sqrt(hi*(1-hi)/n), crit, 1e-7*crit)
		mlo, mhi := Wilson(1-p, n, crit)
		near(t, "mirror", mlo+hi, 1, 1e-15)
		near(t, "mirror", mhi+lo, 1, 1e-15)
	}
}

// TP 80, FP 15, FN 20; R 4.2.
func TestWilsonF1(t *testing.T) {
	f1 := 160.0 / 195
	lo, hi := WilsonF1(f1, 115, z95)
	near(t, "lo", lo, .7549489682, 1e-10)
	near(t, "hi", hi, .8715202543, 1e-10)
	if lo, _ := WilsonF1(0, 30, z95); lo != 0 {
		t.Errorf("lo at F1 = 0: %v", lo)
	}
	if _, hi := WilsonF1(1, 30, z95); hi != 1 {
		t.Errorf("hi at F1 = 1: %v", hi)
	}
	// The delta-method standard error of the same table, and its Wald interval.
	se := math.Sqrt(4*80*(1-f1)*(1-f1)+35*f1*f1) / 195
	near(t, "se", se, .0298461769, 1e-10)
	lo, hi = Wald(f1, se, z95)
	near(t, "wald lo", lo, .7620153887, 1e-10)
	near(t, "wald hi", hi, .8790102523, 1e-10)
}

// t intervals of means: R's sleep (paired, 90 %) and mtcars mpg by am (Welch, 95 %).
func TestWaldWithStudentQuantiles(t *testing.T) {
	lo, hi := Wald(1.58, .3889587239, dist.TQuantile(.95, 9))
	near(t, "sleep lo", lo, .866994733, 1e-9)
	near(t, "sleep hi", hi, 2.293005267, 1e-9)
	d := 17.147368421052632 - 24.392307692307693
	lo, hi = Wald(d, d/-3.767123145, dist.TQuantile(.975, 18.33225164))
	near(t, "mtcars lo", lo, -11.280194, 5e-7)
	near(t, "mtcars hi", hi, -3.209684, 5e-7)
}

// The area under the curve of three markers in the aSAH data; R pROC.
func TestLogit(t *testing.T) {
	for _, r := range []struct{ auc, variance, lo, hi, wlo, whi float64 }{
		{.731368563686, .00266868245717, .619216938993, .820085749913, .630118211762, .832618915610},
		{.611957994580, .00319081054939, .497330565621, .715404233940, .501244999272, .722670989888},
		{.823678861789, .00146991470882, .735764096647, .886841844333, .748534887819, .898822835758},
	} {
		lo, hi, ok := Logit(r.auc, math.Sqrt(r.variance), z95)
		if !ok {
			t.Fatal("not ok")
		}
		near(t, "lo", lo, r.lo, 1e-11)
		near(t, "hi", hi, r.hi, 1e-11)
		lo, hi = Wald(r.auc, math.Sqrt(r.variance), z95)
		near(t, "wald lo", lo, r.wlo, 1e-11)
		near(t, "wald hi", hi, r.whi, 1e-11)
	}
	for _, bad := range [][2]float64{{0, .1}, {1, .1}, {-.2, .1}, {.5, math.NaN()}, {.5, -1}, {.5, math.Inf(1)}, {math.NaN(), .1}} {
		if lo, hi, ok := Logit(bad[0], bad[1], z95); ok || !math.IsNaN(lo) || !math.IsNaN(hi) {
			t.Errorf("Logit%v = %v %v %v, want a refusal", bad, lo, hi, ok)
		}
	}
	if lo, hi, ok := Logit(.5, 1e6, z95); !ok || lo != 0 || hi != 1 {
		t.Errorf("a huge error: %v %v %v", lo, hi, ok)
	}
}

// 56/70 against 48/80; Newcombe 1998, R 4.2.
func TestNewcombe(t *testing.T) {
	lo, hi := Newcombe(56./70, 70, 48./80, 80, z95)
	near(t, "lo", lo, .0524314724, 1e-10)
	near(t, "hi", hi, .3338726540, 1e-10)
	rlo, rhi := Newcombe(48./80, 80, 56./70, 70, z95)
	near(t, "reversed", rlo, -hi, 1e-15)
	near(t, "reversed", rhi, -lo, 1e-15)
	lo, hi = Newcombe(1, 3, 0, 3, z95)
	if hi != 1 || !(lo > 0 && lo < 1) {
		t.Errorf("1 against 0: %v %v", lo, hi)
	}
	lo, hi = Newcombe(.8, 70, .6, 80, 1)
	wlo, whi := Wald(.2, math.Sqrt(.8*.2/70+.6*.4/80), z95)
	if lo < wlo || hi > whi {
		t.Error("a 68 % interval outside the 95 % one")
	}
	near(t, "wald lo", wlo, .0575048992, 1e-10)
	near(t, "wald hi", whi, .3424951009, 1e-10)
	if lo, hi := Newcombe(.5, 0, .5, 3, z95); !math.IsNaN(lo) || !math.IsNaN(hi) {
		t.Errorf("no rows: %v %v, want NaN", lo, hi)
	}
}

// The same two groups: relative risk, R 4.2 (epitools).
func TestLogRatio(t *testing.T) {
	se := func(p, n float64) float64 { return math.Sqrt(p * (1 - p) / n) }
	p1, p2 := 56./70, 48./80
	lo, hi, ok := LogRatio(p1, se(p1, 70), p2, se(p2, 80), z95)
	if !ok {
		t.Fatal("not ok")
	}
	near(t, "lo", lo, 1.076626423, 1e-9)
	near(t, "hi", hi, 1.651248511, 1e-9)
	// In terms of counts: exp(log RR ± z·sqrt(1/x1-1/n1+1/x2-1/n2)).
	half := z95 * math.Sqrt(1./56-1./70+1./48-1./80)
	near(t, "by counts", lo, p1/p2*math.Exp(-half), 1e-14)
	rlo, rhi, _ := LogRatio(p2, se(p2, 80), p1, se(p1, 70), z95)
	near(t, "four fifths lo", rlo, .6056, 5e-5)
	near(t, "four fifths hi", rhi, .9288, 5e-5)
	near(t, "reciprocal", rlo*hi, 1, 1e-14)
	near(t, "reciprocal", rhi*lo, 1, 1e-14)
	for _, bad := range [][4]float64{{0, .1, .5, .1}, {.5, .1, 0, .1}, {.5, math.NaN(), .5, .1}, {.5, .1, .5, -.1}, {.5, math.Inf(1), .5, .1}, {.5, 1e9, .5, .1}} {
		if _, _, ok := LogRatio(bad[0], bad[1], bad[2], bad[3], z95); ok {
			t.Errorf("LogRatio%v accepted", bad)
		}
	}
}

func TestOrderRanks(t *testing.T) {
	// From the cumulative binomial probabilities with p = 1/2, summed by hand.
	for _, r := range []struct {
		n, lo, hi int
		q, level  float64
	}{
		{6, 1, 6, .5, .95}, {10, 2, 9, .5, .95}, {20, 6, 15, .5, .95}, {100, 40, 61, .5, .95}, {16, 3, 14, .5, .99},
	} {
		lo, hi, achieved, ok := OrderRanks(r.n, r.q, r.level)
		if !ok || lo != r.lo || hi != r.hi {
			t.Errorf("n=%d: ranks %d %d (ok %v), want %d %d", r.n, lo, hi, ok, r.lo, r.hi)
		}
		sum := 0.0
		for k := lo; k < hi; k++ {
			sum += dist.BinomialPMF(int64(k), int64(r.n), r.q)
		}
		near(t, "achieved", achieved, sum, 1e-12)
		if achieved < r.level {
			t.Errorf("n=%d achieves %g", r.n, achieved)
		}
	}
	for _, bad := range []struct {
		n        int
		q, level float64
	}{{5, .5, .95}, {0, .5, .95}, {-3, .5, .95}, {20, .99, .95}, {20, 0, .95}, {20, .5, 1}, {20, math.NaN(), .95}} {
		if lo, hi, achieved, ok := OrderRanks(bad.n, bad.q, bad.level); ok || lo != 0 || hi != 0 || !math.IsNaN(achieved) {
			t.Errorf("OrderRanks(%v) accepted", bad)
		}
	}
}

// No narrower pair of ranks keeps both tails within bounds, for any n and q; and the
// median's ranks mirror each other.
func TestOrderRanksAreTight(t *testing.T) {
	for _, n := range []int{30, 57, 400, 3001, 1000000} {
		for _, q := range []float64{.1, .5, .73, .9} {
			lo, hi, achieved, ok := OrderRanks(n, q, .9)
			if !ok {
				if float64(n)*math.Min(q, 1-q) > 5 {
					t.Errorf("n=%d q=%g refused", n, q)
				}
				continue
			}
			if achieved < .9 {
				t.Errorf("n=%d q=%g achieves %g", n, q, achieved)
			}
			if q == .5 && lo+hi != n+1 {
				t.Errorf("n=%d: ranks %d %d are not symmetric", n, lo, hi)
			}
			m := int64(n)
			if dist.BinomialCDF(int64(lo)-1, m, q) > .05 || dist.BinomialCDF(int64(lo), m, q) <= .05 {
				t.Errorf("n=%d q=%g: lower rank %d is not the last", n, q, lo)
			}
			if dist.BinomialCDF(int64(n-hi), m, 1-q) > .05 || dist.BinomialCDF(int64(n-hi+1), m, 1-q) <= .05 {
				t.Errorf("n=%d q=%g: upper rank %d is not the first", n, q, hi)
			}
		}
	}
}
