package rehearse

import (
	"context"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/cells"
	"github.com/fairtrial/fairtrial/internal/engine/local/order"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// nature draws rows of two models that are alike, in two partitions of slices.
func nature(r *resample.RNG, n int) *rows.Rows {
	half := 0.5
	x := &rows.Rows{N: n, Task: cases.Binary, Classes: []string{"0", "1"}, Baseline: 1,
		Models: []rows.Model{{Key: "candidate", Threshold: &half, Score: make([]float64, n)}, {Key: "baseline", Threshold: &half, Score: make([]float64, n)}},
		Parts:  []rows.Partition{{Entry: 0, Names: []string{"g=a", "g=b", "g=c"}, Aside: make([]int64, 3)}, {Entry: 1, Names: []string{"old"}, Aside: make([]int64, 1)}}}
	for i := range n {
		y, g := uint16(0), uint16(3*r.Float64())
		if r.Float64() < 0.4 {
			y = 1
		}
		shared := 0.55*r.Normal() + 0.8*(2*float64(y)-1)*(1-0.1*float64(g))
		for m := range x.Models {
			x.Models[m].Score[i] = 1 / (1 + math.Exp(-1.5*(shared+0.8*r.Normal())))
		}
		old := rows.None
		if r.Float64() < 0.3 {
			old = 0
		}
		x.Class = append(x.Class, y)
		x.Parts[0].Code, x.Parts[1].Code = append(x.Parts[0].Code, g), append(x.Parts[1].Code, old)
	}
	return x
}

func setup(t *testing.T, rules ...gate.Rule) *eval.Setup {
	t.Helper()
	s := &eval.Setup{Plan: &plan.Plan{Name: "p", Task: cases.Binary, Confidence: 0.95, Slices: []plan.Slice{{Columns: []string{"g"}}, {Name: "old", Where: "old = 1"}}}}
	half := 0.5
	for _, key := range []string{"candidate", "baseline"} {
		s.Models = append(s.Models, cases.Model{Key: key, Score: key, Threshold: &half})
	}
	seen := map[string]bool{}
	for i, g := range rules {
		g.Model, g.Confidence, g.Severity, g.OnInconclusive, g.Evidence, g.Require, g.SmallGroups, g.MinRows = "candidate", 0.95, result.Block, "block", "bound", "no_harm", "inconclusive", 30
		g.Name = fmt.Sprint("gate ", i)
		s.Plan.Gates = append(s.Plan.Gates, g)
		if !seen[g.Metric] {
			seen[g.Metric] = true
			in, err := metric.NewCatalogue().Build(g.Metric, "", metric.Options{Task: cases.Binary})
			if err != nil {
				t.Fatal(err)
			}
			s.Metrics = append(s.Metrics, in)
		}
	}
	return s
}

func observe(t *testing.T, s *eval.Setup, x *rows.Rows) *summary.Set {
	t.Helper()
	seen := map[summary.Spec]bool{}
	var needs []summary.Spec
	for _, in := range s.Metrics {
		for _, n := range in.Needs() {
			if !seen[n] {
				seen[n] = true
				needs = append(needs, n)
			}
		}
	}
	if !seen[summary.Of(summary.KindCounts)] {
		needs = append(needs, summary.Of(summary.KindCounts))
	}
	pops, err := cells.Summarize(context.Background(), x, needs, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := order.Summarize(context.Background(), x, needs, pops, false, 1); err != nil {
		t.Fatal(err)
	}
	return &summary.Set{Models: []string{"candidate", "baseline"}, Baseline: 1, Classes: x.Classes, Pops: pops}
}

// A rehearsal on the summaries of a large file foretells how often real runs on fresh
// rows say go, no-go and inconclusive: 2 000 of them with FAIRTRIAL_SLOW, 300 without.
func TestForetellsRealRuns(t *testing.T) {
	// The slack is for what the file itself does not know of its world.
	runs, draws, file, slack := 300, 2000, 200_000, 0.03
	if testing.Short() {
		runs, draws = 10, 100
	}
	if os.Getenv("FAIRTRIAL_SLOW") != "" {
		runs, draws, file, slack = 2000, 20000, 3_000_000, 0.01
	}
	for name, tc := range map[string]struct {
		rules []gate.Rule
		rows  int64
	}{
		"counts, overall":       {[]gate.Rule{{Metric: "accuracy", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.025}}, 2000},
		"counts, slices":        {[]gate.Rule{{Metric: "recall", Rule: gate.AtLeast, Bound: 0.74, Slices: []string{"all"}}}, 3000},
		"counts, two gates":     {[]gate.Rule{{Metric: "accuracy", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.03}, {Metric: "recall", Rule: gate.AtLeast, Bound: 0.75, Slices: []string{"g=c"}}}, 2500},
		"counts, too strict":    {[]gate.Rule{{Metric: "precision", Rule: gate.AtLeast, Bound: 0.79}}, 4000},
		"ranks":                 {[]gate.Rule{{Metric: "roc_auc", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.015, Slices: []string{"all"}}}, 2500},
		"average precision":     {[]gate.Rule{{Metric: "average_precision", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.02}}, 2500},
		"means":                 {[]gate.Rule{{Metric: "brier", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.006, Slices: []string{"all"}}}, 3000},
		"fairness across group": {[]gate.Rule{{Metric: "recall", Rule: gate.AcrossDiff, Across: "g", Bound: 0.1}}, 3000},
	} {
		t.Run(name, func(t *testing.T) {
			s := setup(t, tc.rules...)
			world := observe(t, s, nature(resample.NewRNG(1, "world"), file))
			r, err := Play(context.Background(), s, world, Options{Seed: 5, Draws: draws, Rows: tc.rows, Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			seen := map[result.Decision]float64{}
			for i := range runs {
				_, o := s.Decide(observe(t, s, nature(resample.NewRNG(2, fmt.Sprint(i)), int(tc.rows))))
				seen[o.Decision]++
			}
			n, m := float64(runs), float64(draws)
			for d, foretold := range map[result.Decision]float64{result.Go: r.Scenarios[0].Go.Value, result.NoGo: r.Scenarios[0].NoGo.Value, result.DecisionInconclusive: r.Scenarios[0].Inconclusive.Value} {
				got := seen[d] / n
				pool := (got*n + foretold*m) / (n + m)
				// Four standard errors, and the slack.
				if allowed := 4*math.Sqrt(pool*(1-pool)*(1/n+1/m)) + slack; math.Abs(got-foretold) > allowed {
					t.Errorf("%s: foretold %.3f, seen in %d real runs %.3f (allowed %.3f)", d, foretold, runs, got, allowed)
				}
			}
			x := r.Scenarios[0]
			show := func(r Rate) string { return fmt.Sprintf("%.1f (%.1f to %.1f)", 100*r.Value, 100*r.Lower, 100*r.Upper) }
			real := func(d result.Decision) string { return show(rate(int(seen[d]), runs)) }
			t.Logf("| %s | %s | %s | %s | %s | %s | %s |", name, show(x.Go), real(result.Go), show(x.NoGo), real(result.NoGo), show(x.Inconclusive), real(result.DecisionInconclusive))
		})
	}
}

// On the bound of a non-inferiority gate a go is false, and comes in one case in forty.
func TestBoundAndControl(t *testing.T) {
	s := setup(t, gate.Rule{Metric: "accuracy", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.02})
	set := observe(t, s, nature(resample.NewRNG(1, "world"), 20_000))
	play := func(workers int) *Rehearsal {
		r, err := Play(context.Background(), s, set, Options{Seed: 5, Draws: 4000, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := play(1)
	if len(r.Scenarios) != 3 {
		t.Fatalf("%d scenarios", len(r.Scenarios))
	}
	if x := r.Scenarios[1].Go.Value; math.Abs(x-0.025) > 0.01 {
		t.Errorf("on the bound a go comes with %.4f, not 0.025", x)
	}
	if x := r.Scenarios[2]; x.Key != "control" || x.NoGo.Value < 0.99 {
		t.Errorf("the degraded control: %+v", x)
	}
	if again := play(3); !reflect.DeepEqual(r, again) {
		t.Error("workers change a number")
	}
}

// A candidate that is worse in one slice is found there, and not elsewhere.
func TestWorseInOneSlice(t *testing.T) {
	s := setup(t, gate.Rule{Metric: "recall", Rule: gate.AtLeast, Bound: 0.65, Slices: []string{"all"}})
	set := observe(t, s, nature(resample.NewRNG(1, "world"), 60_000))
	r, err := Play(context.Background(), s, set, Options{Seed: 5, Draws: 500})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range r.Scenarios {
		if x.Slice == "" {
			continue
		}
		if x.NoGo.Value < 0.95 || x.Named == nil || x.Named.Value < 0.95 || x.Gates[0].Slices[0].Slice != x.Slice {
			t.Errorf("worse on %s: %+v", x.Slice, x)
		}
		for _, o := range x.Gates[0].Slices[1:] {
			if o.Share > 0.3 {
				t.Errorf("%s is open in %.2f, though only %s is worse", o.Slice, o.Share, x.Slice)
			}
		}
		return
	}
	t.Error("no scenario of one slice")
}

func TestRefused(t *testing.T) {
	s := setup(t, gate.Rule{Metric: "accuracy", Rule: gate.AtLeast, Bound: 0.5})
	set := observe(t, s, nature(resample.NewRNG(1, "world"), 500))
	crossed := *set
	crossed.Pops = append([]*summary.Population(nil), set.Pops...)
	two := *set.Pops[0]
	two.Crossed = &summary.Population{}
	crossed.Pops[0] = &two
	if _, err := Play(context.Background(), s, &crossed, Options{Draws: 10}); err == nil || !strings.Contains(err.Error(), "two ways") {
		t.Errorf("clusters of two kinds: %v", err)
	}
	ece := setup(t, gate.Rule{Metric: "ece", Rule: gate.AtMost, Bound: 0.5})
	if _, err := Play(context.Background(), ece, set, Options{Draws: 10}); err == nil {
		t.Error("a metric that is not drawn is rehearsed")
	}
	s.Plan.Gates = nil
	if _, err := Play(context.Background(), s, set, Options{Draws: 10}); err == nil {
		t.Error("a plan without gates is rehearsed")
	}
}

// The weakest gate, its weakest slice and the false-block rate are those of a candidate
// as good as the baseline.
func TestWeakest(t *testing.T) {
	s := setup(t, gate.Rule{Metric: "accuracy", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.1}, gate.Rule{Metric: "recall", Rule: gate.AtLeast, Bound: 0.76, Slices: []string{"all"}})
	set := observe(t, s, nature(resample.NewRNG(1, "world"), 20_000))
	r, err := Play(context.Background(), s, set, Options{Seed: 5, Draws: 400, Rows: 3000})
	if err != nil {
		t.Fatal(err)
	}
	// The third slice is the one where the classes lie closest.
	if r.Weakest != "gate 1" || r.WeakestSlice != "g=c" {
		t.Errorf("weakest: %q, on %q", r.Weakest, r.WeakestSlice)
	}
	if r.FalseBlock.Value == 0 || r.FalseBlock.Value < r.Scenarios[0].Gates[1].Fail-1e-12 || r.FalseBlock.Lower >= r.FalseBlock.Value || r.FalseBlock.Upper <= r.FalseBlock.Value {
		t.Errorf("false-block rate %+v, gates %+v", r.FalseBlock, r.Scenarios[0].Gates)
	}
}

// A candidate that is worse in one group is stopped by a fairness gate, which names it.
func TestUnfair(t *testing.T) {
	for _, rule := range []gate.Rule{{Metric: "recall", Rule: gate.AcrossDiff, Across: "g", Bound: 0.15}, {Metric: "recall", Rule: gate.AcrossRatio, Across: "g", Bound: 0.8}, {Metric: "false_positive_rate", Rule: gate.AcrossDiff, Across: "g", Bound: 0.08}} {
		s := setup(t, rule)
		r, err := Play(context.Background(), s, observe(t, s, nature(resample.NewRNG(1, "world"), 40_000)), Options{Seed: 5, Draws: 200})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, x := range r.Scenarios {
			if x.Slice != "" {
				found = true
				if x.NoGo.Value < 0.95 || x.Named == nil || x.Named.Value < 0.95 {
					t.Errorf("%s %s, %s: %+v", rule.Metric, rule.Rule, x.Title, x)
				}
			}
		}
		if !found || r.Scenarios[0].NoGo.Value > 0.05 {
			t.Errorf("%s %s: %d scenarios, the fair one blocked in %.3f", rule.Metric, rule.Rule, len(r.Scenarios), r.Scenarios[0].NoGo.Value)
		}
	}
}
