package gate

import (
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// scored is the summary of two models' pass-or-fail scores: cases that both get right, only
// the candidate, only the baseline, neither.
func scored(in *metric.Instance, c [4]float64) *summary.Set {
	spec := in.Needs()[0]
	m := summary.NewMoments(spec, spec.Columns(2), false)
	for i, right := range [][2]float64{{1, 1}, {1, 0}, {0, 1}, {0, 0}} {
		x := summary.NewMoments(spec, spec.Columns(2), false)
		x.N, x.W, x.W2 = int64(c[i]), c[i], c[i]
		for model, v := range right {
			x.Mean[spec.Index(summary.ScoredBy("right"), model)] = v
			x.Mean[spec.Index(summary.GradedBy("right"), model)] = 1
		}
		_ = m.Merge(x)
	}
	n := int64(c[0] + c[1] + c[2] + c[3])
	return &summary.Set{Models: []string{"candidate", "baseline"}, Baseline: 1,
		Pops: []*summary.Population{{Slice: result.Overall, Partition: -1, N: n, W: float64(n), W2: float64(n), Moments: []*summary.Moments{m}}}}
}

func rightScorer(t *testing.T) *metric.Instance {
	t.Helper()
	in, err := metric.NewCatalogue().With([]metric.Scorer{{Name: "right", Direction: metric.Up, Lo: 0, Hi: 1, PassFail: true}}).Build("right", "", metric.Options{Task: cases.Generation})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func lookAt(in *metric.Instance, set *summary.Set, l *Look, rules ...Rule) ([]result.Gate, result.Outcome) {
	for i := range rules {
		r := &rules[i]
		r.Metric, r.Model, r.Evidence, r.MinRows = "right", "candidate", "bound", 30
		if r.Severity == "" {
			r.Severity = result.Block
		}
		if r.Confidence == 0 {
			r.Confidence = 0.95
		}
	}
	return Decide(Input{Rules: rules, Set: set, Metrics: map[string]*metric.Instance{"right": in}, Look: l,
		View:   func(i int) *metric.View { return &metric.View{Set: set, Pop: set.Pops[i]} },
		Fits:   func(*metric.Instance, string) (bool, string) { return true, "" },
		Groups: func(string) []int { return nil }})
}

// trialOf plays one trial to its stop: 841 planned cases of which a share 0.2 is right by
// one model only, a margin of 0.05, which 90 % of equal models pass without looks.
func trialOf(r *resample.RNG, in *metric.Instance, s *Schedule, d float64) (result.Gate, result.Stop, int64) {
	const planned, psi = 841, 0.2
	l, sum, before := &Look{Schedule: s}, [4]float64{}, int64(0)
	for k, t := range s.Fractions {
		n, drawn := int64(math.Round(t*planned)), make([]float64, 4)
		resample.Multinomial(r, n-before, []float64{0.85 - psi/2, (psi + d) / 2, (psi - d) / 2, 0.15 - psi/2}, drawn)
		for i := range sum {
			sum[i] += drawn[i]
		}
		before, l.Number = n, k+1
		gates, _ := lookAt(in, scored(in, sum), l, Rule{Name: "g", Rule: NoWorseThan, Than: "baseline", Margin: 0.05})
		if stop := Stops(gates, l); stop != result.GoOn {
			return gates[0], stop, n
		}
		l.Earlier = append(l.Earlier, gates)
	}
	panic("the last look did not stop")
}

// Five looks: a candidate that is worse by the whole margin passes no more often than
// without looks, an equal one hardly less, what is asked is what the design expects, and
// the adjusted intervals hold the truth.
func TestLooksKeepTheirPromises(t *testing.T) {
	draws := 200
	if os.Getenv("FAIRTRIAL_SLOW") != "" {
		draws = 10000
	}
	in := rightScorer(t)
	even := []float64{.2, .4, .6, .8, 1}
	for _, c := range []struct {
		futility, d      float64
		show             bool
		passMin, passMax float64
		failMin, failMax float64
		askedMost        float64
	}{
		{0, -0.05, false, 0, 0.025, 0, 0.025, 1.0},
		{0, 0, false, 0.88, 1, 0, 0.001, 0.77},
		{0, -0.025, false, 0.33, 0.40, 0, 0.001, 0.96},
		{0.2, -0.05, false, 0, 0.025, 0, 0.025, 0.53},
		{0.2, 0, false, 0.83, 1, 0, 0.001, 0.74},
		{0.2, -0.05, true, 0, 0.025, 0, 0.025, 0.58},
		{0.2, -0.1, true, 0, 0.001, 0.70, 1, 0.52},
	} {
		s, r := &Schedule{Fractions: even, Spending: "obrien_fleming", Futility: c.futility, ShowWorse: c.show}, resample.NewRNG(22, "looks", fmt.Sprint(c.futility, c.d))
		pass, fail, covers, asked := 0.0, 0.0, 0.0, 0.0
		for range draws {
			g, _, n := trialOf(r, in, s, c.d)
			switch g.Verdict {
			case result.Pass:
				pass++
			case result.Fail:
				fail++
			}
			if lo, hi := float64(g.Evidence.Lower), float64(g.Evidence.Upper); lo <= c.d && c.d <= hi {
				covers++
			}
			asked += float64(n) / 841
			// What the reader sees crossing the bound is what the gate saw.
			if (g.Verdict == result.Pass) != (float64(g.Evidence.Lower) > -0.05+1e-9) || (g.Verdict == result.Fail) != (float64(g.Evidence.Upper) < -0.05-1e-9) {
				t.Fatalf("verdict %s, interval %v to %v", g.Verdict, g.Evidence.Lower, g.Evidence.Upper)
			}
		}
		n := float64(draws)
		band := func(p float64) float64 { return 3.3 * math.Sqrt(p*(1-p)/n) }
		t.Logf("futility %g, show %v, difference %g: pass %.4f, fail %.4f, covers %.4f, asked %.3f", c.futility, c.show, c.d, pass/n, fail/n, covers/n, asked/n)
		if p := pass / n; p < c.passMin-band(c.passMin) || p > c.passMax+band(c.passMax) {
			t.Errorf("difference %g: passes %.4f, want %.3f to %.3f", c.d, p, c.passMin, c.passMax)
		}
		if p := fail / n; p > c.failMax+band(c.failMax) || p < c.failMin-band(c.failMin) {
			t.Errorf("difference %g: fails %.4f, want %.3f to %.3f", c.d, p, c.failMin, c.failMax)
		}
		if p := covers / n; p < 0.945-band(0.945) {
			t.Errorf("difference %g: the adjusted interval covers %.4f", c.d, p)
		}
		if a := asked / n; a > c.askedMost+0.02 {
			t.Errorf("difference %g: %.3f of the cases asked, want %.2f at most", c.d, a, c.askedMost)
		}
	}
}

// Where nothing varies yet a look decides nothing, however sure the interval looks.
func TestNothingVariesYet(t *testing.T) {
	in, s := rightScorer(t), &Schedule{Fractions: []float64{.5, 1}, Spending: "pocock", Futility: .2}
	rule := Rule{Name: "g", Rule: NoWorseThan, Than: "baseline", Margin: 0.05}
	l := &Look{Schedule: s, Number: 1}
	gates, _ := lookAt(in, scored(in, [4]float64{80, 0, 0, 20}), l, rule)
	if gates[0].Verdict != result.Inconclusive || Stops(gates, l) != result.GoOn {
		t.Errorf("%+v, stop %q", gates[0], Stops(gates, l))
	}
	l = &Look{Schedule: s, Number: 2, Earlier: [][]result.Gate{gates}}
	if gates, _ = lookAt(in, scored(in, [4]float64{160, 0, 0, 40}), l, rule); gates[0].Verdict != result.Pass || Stops(gates, l) != result.Decided {
		t.Errorf("%+v", gates[0])
	}
}

// A gate that judges once waits for all cases; one that fails stops the asking though
// another waits; a warning holds nothing up.
func TestWhatHoldsUpAStop(t *testing.T) {
	in, s := rightScorer(t), &Schedule{Fractions: []float64{.5, 1}, Spending: "obrien_fleming"}
	good, bad := scored(in, [4]float64{400, 90, 5, 5}), scored(in, [4]float64{200, 5, 290, 5})
	early := Rule{Name: "early", Rule: NoWorseThan, Than: "baseline", Margin: 0.05}
	sliced := Rule{Name: "sliced", Rule: NoWorseThan, Than: "baseline", Margin: 0.05, Slices: []string{"all"}, Require: "no_harm"}
	warn := sliced
	warn.Severity = result.Warn
	for _, c := range []struct {
		set   *summary.Set
		rules []Rule
		stop  result.Stop
		goes  result.Decision
	}{
		{good, []Rule{early}, result.Decided, result.Go},
		{good, []Rule{early, sliced}, result.GoOn, result.DecisionInconclusive},
		{good, []Rule{early, warn}, result.Decided, result.Go},
		{bad, []Rule{early, sliced}, result.Decided, result.NoGo},
	} {
		l := &Look{Schedule: s, Number: 1}
		gates, o := lookAt(in, c.set, l, c.rules...)
		if Stops(gates, l) != c.stop || o.Decision != c.goes {
			t.Errorf("%d rules: stop %q, %s", len(c.rules), Stops(gates, l), o.Sentence)
		}
	}
}

// Less is better: the ends change places, and nothing else does.
func TestAdjustedForBothDirections(t *testing.T) {
	in, s := rightScorer(t), &Schedule{Fractions: []float64{.5, 1}, Spending: "obrien_fleming"}
	up := Rule{Name: "g", Rule: AtLeast, Bound: 0.7}
	down := Rule{Name: "g", Rule: AtMost, Bound: 0.3}
	l := &Look{Schedule: s, Number: 1}
	a, _ := lookAt(in, scored(in, [4]float64{100, 80, 10, 10}), l, up)
	b, _ := lookAt(in, scored(in, [4]float64{10, 10, 80, 100}), l, down)
	x, y := a[0].Evidence, b[0].Evidence
	if a[0].Verdict != result.Pass || b[0].Verdict != result.Pass {
		t.Fatalf("%s and %s", a[0].Reason, b[0].Reason)
	}
	for _, p := range [][2]result.Number{{x.Value, y.Value}, {x.Lower, y.Upper}, {x.Upper, y.Lower}} {
		if math.Abs(float64(p[0])+float64(p[1])-1) > 1e-9 {
			t.Errorf("%v and %v", p[0], p[1])
		}
	}
}

// Two gates at once: the run goes on after the first has passed, until both do or one cannot.
// A go needs both, so the one that should not pass bounds it; and the interval of each holds
// the truth, though it was the other that said when to stop.
func TestTwoGatesTogether(t *testing.T) {
	draws := 200
	if os.Getenv("FAIRTRIAL_SLOW") != "" {
		draws = 4000
	}
	in := rightScorer(t)
	const planned, psi, floor = 841, 0.2, 0.82
	for _, c := range []struct {
		d      float64 // candidate less baseline; the candidate is right in 0.85 + d/2
		goMost float64
	}{{-0.05, 0.025}, {0, 1}, {0.02, 1}} {
		s := &Schedule{Fractions: []float64{.2, .4, .6, .8, 1}, Spending: "obrien_fleming", Futility: .2}
		r := resample.NewRNG(23, "two", fmt.Sprint(c.d))
		goes, early, covers := 0.0, 0.0, [2]float64{}
		truth := [2]float64{c.d, 0.85 + c.d/2}
		for range draws {
			l, sum, before := &Look{Schedule: s}, [4]float64{}, int64(0)
			for k, f := range s.Fractions {
				n, drawn := int64(math.Round(f*planned)), make([]float64, 4)
				resample.Multinomial(r, n-before, []float64{0.85 - psi/2, (psi + c.d) / 2, (psi - c.d) / 2, 0.15 - psi/2}, drawn)
				for i := range sum {
					sum[i] += drawn[i]
				}
				before, l.Number = n, k+1
				gates, o := lookAt(in, scored(in, sum), l, Rule{Name: "worse", Rule: NoWorseThan, Than: "baseline", Margin: 0.05}, Rule{Name: "floor", Rule: AtLeast, Bound: floor})
				if Stops(gates, l) == result.GoOn {
					if gates[0].Verdict == result.Pass || gates[1].Verdict == result.Pass {
						early++
					}
					l.Earlier = append(l.Earlier, gates)
					continue
				}
				if o.Decision == result.Go {
					goes++
				}
				for i, g := range gates {
					if float64(g.Evidence.Lower) <= truth[i] && truth[i] <= float64(g.Evidence.Upper) {
						covers[i]++
					}
				}
				break
			}
		}
		n := float64(draws)
		t.Logf("difference %g: go %.4f, covers %.4f and %.4f, %.2f looks went on with one gate passed", c.d, goes/n, covers[0]/n, covers[1]/n, early/n)
		if p := goes / n; p > c.goMost+3.3*math.Sqrt(c.goMost*(1-c.goMost)/n) {
			t.Errorf("difference %g: go in %.4f", c.d, p)
		}
		for i, k := range covers {
			if p := k / n; p < 0.94-3.3*math.Sqrt(0.94*0.06/n) {
				t.Errorf("difference %g: gate %d covers %.4f", c.d, i, p)
			}
		}
	}
}
