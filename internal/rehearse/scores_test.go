package rehearse

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/cells"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// spoken draws cases that two models answered, alike in law: right is yes or no, quality a
// number from 0 to 1, cost one without a bound. A share of the cases is ungraded, and in a
// share spoilt of the candidate's answers each score is the worst.
func spoken(r *resample.RNG, n int, ungraded, spoilt float64) *rows.Rows {
	x := &rows.Rows{N: n, Task: cases.Generation, Baseline: 1, Models: []rows.Model{{Key: "candidate"}, {Key: "baseline"}}, Target: make([]float64, n), Given: map[string]*rows.Given{},
		Parts: []rows.Partition{{Entry: 0, Names: []string{"g=a", "g=b", "g=c"}, Aside: make([]int64, 3)}}}
	for _, s := range []string{"right", "quality", "cost"} {
		x.Given[s] = &rows.Given{Ungraded: make([]bool, n), Scores: map[string][]float64{"candidate": make([]float64, n), "baseline": make([]float64, n)}}
	}
	for i := range n {
		g := uint16(3 * r.Float64())
		x.Parts[0].Code = append(x.Parts[0].Code, g)
		lost, ease := r.Float64() < ungraded, r.Normal()-0.2*float64(g)
		for _, m := range []string{"candidate", "baseline"} {
			skill, bad := ease+0.8*r.Normal(), m == "candidate" && r.Float64() < spoilt
			right, quality, cost := 0.0, 1/(1+math.Exp(-skill)), math.Exp(0.3*r.Normal()-0.2*ease)
			if skill > -1 {
				right = 1
			}
			if bad {
				right, quality = 0, 0
			}
			for s, v := range map[string]float64{"right": right, "quality": quality, "cost": cost} {
				if x.Given[s].Scores[m][i] = v; lost {
					x.Given[s].Ungraded[i] = true
				}
			}
		}
	}
	return x
}

func spokenSetup(t *testing.T, rules ...gate.Rule) *eval.Setup {
	t.Helper()
	zero, one := 0.0, 1.0
	p := &plan.Plan{Name: "p", Task: cases.Generation, Confidence: 0.95, Slices: []plan.Slice{{Columns: []string{"g"}}}, Scorers: []plan.Scorer{
		{As: "right", Direction: "up", PassFail: true, Lower: &zero, Upper: &one}, {As: "quality", Direction: "up", Lower: &zero, Upper: &one}, {As: "cost", Direction: "down"}}}
	s := &eval.Setup{Plan: p, Models: []cases.Model{{Key: "candidate"}, {Key: "baseline"}}}
	cat := metric.NewCatalogue().With([]metric.Scorer{{Name: "right", Direction: metric.Up, Lo: 0, Hi: 1, PassFail: true},
		{Name: "quality", Direction: metric.Up, Lo: 0, Hi: 1}, {Name: "cost", Direction: metric.Down, Lo: math.Inf(-1), Hi: math.Inf(1)}})
	seen := map[string]bool{}
	for i, g := range rules {
		g.Model, g.Confidence, g.Severity, g.OnInconclusive, g.Evidence, g.Require, g.SmallGroups, g.MinRows = "candidate", 0.95, result.Block, "block", "bound", "no_harm", "inconclusive", 30
		g.Name = fmt.Sprint("gate ", i)
		p.Gates = append(p.Gates, g)
		if seen[g.Metric] {
			continue
		}
		seen[g.Metric] = true
		in, err := cat.Build(g.Metric, "", metric.Options{Task: cases.Generation})
		if err != nil {
			t.Fatal(err)
		}
		s.Metrics = append(s.Metrics, in)
	}
	return s
}

func observeScores(t *testing.T, s *eval.Setup, x *rows.Rows) *summary.Set {
	t.Helper()
	var needs []summary.Spec
	for _, in := range s.Metrics {
		needs = append(needs, in.Needs()...)
	}
	pops, err := cells.Summarize(context.Background(), x, needs, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pops {
		p.Ungraded = map[string]int64{}
		for name, g := range x.Given {
			for i, lost := range g.Ungraded {
				if lost && (p.Partition < 0 || x.Parts[0].Names[x.Parts[0].Code[i]] == p.Slice) {
					p.Ungraded[name]++
				}
			}
		}
	}
	return &summary.Set{Models: []string{"candidate", "baseline"}, Baseline: 1, Pops: pops}
}

// A rehearsal on the scores of a large pilot foretells how often real runs say go, no-go and
// inconclusive: of a candidate as good as the baseline, and of a degraded control.
func TestForetellsScores(t *testing.T) {
	runs, draws, pilot, slack := 300, 2000, 100_000, 0.03
	if testing.Short() {
		runs, draws = 10, 100
	}
	if os.Getenv("FAIRTRIAL_SLOW") != "" {
		runs, draws, pilot, slack = 3000, 20000, 2_000_000, 0.015
	}
	share := 0.03
	for name, tc := range map[string]struct {
		rules []gate.Rule
		rows  int64
	}{
		"pass or fail, no worse":      {[]gate.Rule{{Metric: "right", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.05}}, 500},
		"pass or fail, at least":      {[]gate.Rule{{Metric: "right", Rule: gate.AtLeast, Bound: 0.68}}, 400},
		"numbers, no worse, slices":   {[]gate.Rule{{Metric: "quality", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.05, Slices: []string{"all"}}}, 300},
		"numbers without a bound":     {[]gate.Rule{{Metric: "cost", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.05}}, 300},
		"numbers, ungraded":           {[]gate.Rule{{Metric: "quality", Rule: gate.AtLeast, Bound: 0.42, MaxUngraded: &share}}, 300},
		"pass or fail, few that fail": {[]gate.Rule{{Metric: "right", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.1}}, 120},
	} {
		t.Run(name, func(t *testing.T) {
			s := spokenSetup(t, tc.rules...)
			world := observeScores(t, s, spoken(resample.NewRNG(1, "pilot"), pilot, 0.02, 0))
			r, err := Play(context.Background(), s, world, Options{Seed: 5, Draws: draws, Rows: tc.rows, Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			for key, spoilt := range map[string]float64{"equal": 0, "control": controlRandom} {
				if key == "control" && tc.rules[0].Metric == "cost" { // without a worst score it is another control
					continue
				}
				var sc Scenario
				for _, x := range r.Scenarios {
					if x.Key == key {
						sc = x
					}
				}
				seen := map[result.Decision]float64{}
				for i := range runs {
					_, o := s.Decide(observeScores(t, s, spoken(resample.NewRNG(2, key, fmt.Sprint(i)), int(tc.rows), 0.02, spoilt)))
					seen[o.Decision]++
				}
				n, m := float64(runs), float64(draws)
				for d, foretold := range map[result.Decision]float64{result.Go: sc.Go.Value, result.NoGo: sc.NoGo.Value, result.DecisionInconclusive: sc.Inconclusive.Value} {
					got := seen[d] / n
					pool := (got*n + foretold*m) / (n + m)
					if allowed := 4*math.Sqrt(pool*(1-pool)*(1/n+1/m)) + slack; math.Abs(got-foretold) > allowed {
						t.Errorf("%s, %s: foretold %.3f, seen in %d real runs %.3f (allowed %.3f)", key, d, foretold, runs, got, allowed)
					}
				}
				t.Logf("| %s, %s | %.1f | %.1f | %.1f | %.1f |", name, key, 100*sc.Go.Value, 100*seen[result.Go]/n, 100*sc.NoGo.Value, 100*seen[result.NoGo]/n)
			}
		})
	}
}

// On the bound of a gate that compares pass rates a go is false, and comes in one run in forty.
func TestScoresOnTheBound(t *testing.T) {
	s := spokenSetup(t, gate.Rule{Metric: "right", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.08})
	world := observeScores(t, s, spoken(resample.NewRNG(1, "pilot"), 50_000, 0, 0))
	r, err := Play(context.Background(), s, world, Options{Seed: 5, Draws: 4000, Rows: 800, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, sc := range r.Scenarios {
		if sc.Key != "worse:gate 0" {
			continue
		}
		if found = true; math.Abs(sc.Go.Value-0.025) > 0.012 {
			t.Errorf("a go on the bound in %.3f", sc.Go.Value)
		}
	}
	if !found {
		t.Errorf("no candidate on the bound among %+v", r.Scenarios)
	}
}

// Scores of several scorers are drawn independently, so that gates on both are passed together
// less often than in real runs: the rehearsal says so, and errs on that side.
func TestSeveralScorersErrLow(t *testing.T) {
	s := spokenSetup(t, gate.Rule{Metric: "right", Rule: gate.AtLeast, Bound: 0.68}, gate.Rule{Metric: "quality", Rule: gate.AtLeast, Bound: 0.43})
	r, err := Play(context.Background(), s, observeScores(t, s, spoken(resample.NewRNG(1, "pilot"), 50_000, 0, 0)), Options{Seed: 5, Draws: 2000, Rows: 400, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	seen, runs := 0.0, 300
	for i := range runs {
		if _, o := s.Decide(observeScores(t, s, spoken(resample.NewRNG(2, fmt.Sprint(i)), 400, 0, 0))); o.Decision == result.Go {
			seen += 1 / float64(runs)
		}
	}
	if foretold := r.Scenarios[0].Go.Value; foretold > seen+0.05 || foretold < seen-0.3 {
		t.Errorf("foretold %.3f, seen %.3f", foretold, seen)
	}
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "P(go) is a little low") {
		t.Errorf("notes: %q", r.Notes)
	}
}
