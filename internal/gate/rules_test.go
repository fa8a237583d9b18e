package gate

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// one is a population of a single model: hits of n positives found, and as many
// negatives, none of them called.
func one(name string, n, hits int64) *summary.Population {
	c := &summary.Counts{}
	add := func(y, d uint32, k int64) {
		if k > 0 {
			c.Cells = append(c.Cells, summary.Cell{Label: y, Decisions: []uint32{d}, N: k, W: float64(k), W2: float64(k)})
		}
	}
	add(0, 0, n)
	add(1, 0, n-hits)
	add(1, 1, hits)
	return &summary.Population{Slice: name, N: 2 * n, W: float64(2 * n), W2: float64(2 * n), Counts: c}
}

func single(pops ...*summary.Population) *summary.Set {
	return &summary.Set{Models: []string{"candidate"}, Baseline: -1, Classes: []string{"0", "1"}, Pops: pops}
}

func decideOne(t *testing.T, set *summary.Set, r Rule) (result.Gate, result.Outcome) {
	t.Helper()
	r.Name, r.Confidence = "g", 0.95
	if r.OnInconclusive == "" {
		r.OnInconclusive = "block"
	}
	evidence := r.Evidence
	gates, o := decideWith(t, set, "recall", evidence, r)
	return gates[0], o
}

// One cell, by its interval: recall 800 of 1000 has the Wilson interval 0.774 to 0.824.
func TestBoundRules(t *testing.T) {
	set := single(one(result.Overall, 1000, 800))
	for _, tc := range []struct {
		rule Rule
		want result.Verdict
	}{
		{Rule{Rule: AtLeast, Bound: 0.77}, result.Pass},
		{Rule{Rule: AtLeast, Bound: 0.80}, result.Inconclusive},
		{Rule{Rule: AtLeast, Bound: 0.83}, result.Fail},
		{Rule{Rule: AtMost, Bound: 0.83}, result.Pass},
		{Rule{Rule: AtMost, Bound: 0.80}, result.Inconclusive},
		{Rule{Rule: AtMost, Bound: 0.77}, result.Fail},
		{Rule{Rule: Between, Bound: 0.77, Upper: 0.83}, result.Pass},
		{Rule{Rule: Between, Bound: 0.79, Upper: 0.83}, result.Inconclusive},
		{Rule{Rule: Between, Bound: 0.1, Upper: 0.5}, result.Fail},
		{Rule{Rule: AtLeast, Bound: 0.80, Evidence: "value"}, result.Pass},
		{Rule{Rule: AtLeast, Bound: 0.801, Evidence: "value"}, result.Fail},
		{Rule{Rule: AtLeast, Bound: 0.5, MinRows: 1001}, result.Inconclusive},
		{Rule{Rule: AtLeast, Bound: 0.5, MinRows: 1000}, result.Pass},
	} {
		g, _ := decideOne(t, set, tc.rule)
		if g.Verdict != tc.want {
			t.Errorf("%s: %s, want %s (%s)", tc.rule.Words(), g.Verdict, tc.want, g.Reason)
		}
		if g.Reason == "" || strings.Contains(g.Reason, "NaN") {
			t.Errorf("%s: reason %q", tc.rule.Words(), g.Reason)
		}
	}
}

// Undefined is inconclusive, never a pass; so is a gate that does not apply, in the roll-up.
func TestUndefinedIsInconclusive(t *testing.T) {
	empty := single(&summary.Population{Slice: result.Overall, N: 50, W: 50, W2: 50, Counts: &summary.Counts{Cells: []summary.Cell{{Label: 0, Decisions: []uint32{0}, N: 50, W: 50, W2: 50}}}})
	g, o := decideOne(t, empty, Rule{Rule: AtLeast, Bound: 0})
	if g.Verdict != result.Inconclusive || o.Decision != result.DecisionInconclusive || !strings.Contains(g.Reason, "no positive rows") {
		t.Errorf("no positives: %s, %s: %s", g.Verdict, o.Decision, g.Reason)
	}
}

func slices(bad int64) *summary.Set {
	return single(one(result.Overall, 10000, 8000), one("a", 1000, 800), one("b", 1000, bad), one("c", 40, 32))
}

func TestSlicedRules(t *testing.T) {
	noHarm := Rule{Rule: AtLeast, Bound: 0.70, Slices: []string{"all"}, Require: "no_harm"}
	proof := noHarm
	proof.Require = "proof"
	share := noHarm
	share.ProvenShare = 0.999
	named := noHarm
	named.Slices = []string{"a", "zzz"}
	for _, tc := range []struct {
		name  string
		set   *summary.Set
		rule  Rule
		want  result.Verdict
		cells int
	}{
		{"no slice harmed, one too small to prove", slices(800), noHarm, result.Pass, 4},
		{"one slice harmed", slices(600), noHarm, result.Fail, 4},
		{"proof: the small slice cannot say", slices(800), proof, result.Inconclusive, 3},
		{"proof: one slice fails", slices(600), proof, result.Fail, 3},
		{"proven share not reached", slices(800), share, result.Inconclusive, 4},
		{"a declared slice without a row", slices(800), named, result.Pass, 3},
		{"overall breaks the rule", single(one(result.Overall, 10000, 6000), one("a", 1000, 800)), noHarm, result.Fail, 2},
	} {
		g, _ := decideOne(t, tc.set, tc.rule)
		if g.Verdict != tc.want || len(g.Cells) != tc.cells {
			t.Errorf("%s: %s with %d cells, want %s with %d (%s)", tc.name, g.Verdict, len(g.Cells), tc.want, tc.cells, g.Reason)
		}
	}
	// A violation that only the uncorrected p shows is inconclusive, and does not fail the gate.
	var pops []*summary.Population
	pops = append(pops, one(result.Overall, 100000, 80000), one("bad", 1000, 668))
	for i := range 40 {
		pops = append(pops, one(fmt.Sprint("s", i), 1000, 800))
	}
	g, _ := decideOne(t, single(pops...), noHarm)
	for _, c := range g.Cells {
		if c.Slice == "bad" && (c.Verdict != result.Inconclusive || !strings.Contains(c.Note, "correction")) {
			t.Errorf("violation before but not after correction: %s (%s), p %g, adjusted %g", c.Verdict, c.Note, c.P, c.PAdjusted)
		}
		if c.Slice == "bad" && (c.NeededN == nil || *c.NeededN <= c.N) {
			t.Errorf("a violation that only the correction hides says %v rows would decide, of %d now", c.NeededN, c.N)
		}
		if !c.Catchable.Known() && c.Slice != result.Overall {
			t.Errorf("%s does not say what it could have caught", c.Slice)
		}
	}
	if g.Verdict != result.Pass {
		t.Errorf("one uncorrected violation among 41 slices: %s", g.Verdict)
	}
}

func TestFairnessRules(t *testing.T) {
	groups := func(b, nC, c int64) *summary.Set {
		return single(one(result.Overall, 10000, 8000), one("g=A", 4000, 3200), one("g=B", 4000, b), one("g=C", nC, c))
	}
	diff := Rule{Rule: AcrossDiff, Across: "g", Bound: 0.05, SmallGroups: "inconclusive"}
	ratio := Rule{Rule: AcrossRatio, Across: "g", Bound: 0.8, SmallGroups: "inconclusive"}
	report := diff
	report.SmallGroups = "report"
	reference := diff
	reference.Reference = "A"
	for _, tc := range []struct {
		name  string
		set   *summary.Set
		rule  Rule
		want  result.Verdict
		pairs int
	}{
		{"equal groups", groups(3200, 4000, 3200), diff, result.Pass, 3},
		{"one group far below", groups(2600, 4000, 3200), diff, result.Fail, 3},
		{"a group near the limit", groups(3020, 4000, 3200), diff, result.Inconclusive, 3},
		{"ratio: equal", groups(3200, 4000, 3200), ratio, result.Pass, 3},
		{"ratio: below four fifths", groups(2200, 4000, 3200), ratio, result.Fail, 3},
		{"a small group holds the verdict", groups(3200, 20, 16), diff, result.Inconclusive, 1},
		{"a small group is reported only", groups(3200, 20, 16), report, result.Pass, 1},
		{"each against a reference", groups(3200, 4000, 3200), reference, result.Pass, 2},
	} {
		g, _ := decideOne(t, tc.set, tc.rule)
		if g.Verdict != tc.want || len(g.Cells) != tc.pairs {
			t.Errorf("%s: %s with %d pairs, want %s with %d (%s)", tc.name, g.Verdict, len(g.Cells), tc.want, tc.pairs, g.Reason)
		}
		if tc.rule.Rule == AcrossRatio {
			for _, c := range g.Cells {
				if c.Value > 1 {
					t.Errorf("%s: ratio %s is %g: the smaller rate stands first", tc.name, c.Slice, c.Value)
				}
			}
		}
	}
	g, _ := decideOne(t, groups(3200, 20, 16), diff)
	if !strings.Contains(g.Reason, "g=C") {
		t.Errorf("the small group is not named: %s", g.Reason)
	}
}

// Relative margins: tested on θc − (1 − m)·θb.
func TestRelativeMargin(t *testing.T) {
	set := pairedAccuracy(newRNG(), 40000, 0.02, -0.004) // accuracy about 0.85: −0.004 is half a per cent
	for margin, want := range map[float64]result.Verdict{0.02: result.Pass, 0.001: result.Fail} {
		gates, _ := decideOn(t, set, "accuracy", Rule{Name: "g", Rule: NoWorseThan, Than: "baseline", Margin: margin, Relative: true, Confidence: 0.95})
		if gates[0].Verdict != want {
			t.Errorf("relative margin %g: %s, want %s (%s)", margin, gates[0].Verdict, want, gates[0].Reason)
		}
	}
	gates, _ := decideOn(t, set, "accuracy", Rule{Name: "g", Rule: BetterThan, Than: "baseline", Confidence: 0.95})
	if gates[0].Verdict != result.Fail {
		t.Errorf("better than: %s, want fail", gates[0].Verdict)
	}
}

// The truth table of the roll-up: fail > error > inconclusive > pass over blocking
// gates; a gate that does not apply is inconclusive; warnings never decide.
func TestRollUp(t *testing.T) {
	rank := map[result.Verdict]int{result.Pass: 0, result.Inconclusive: 1, result.VerdictNotApplicable: 1, result.Error: 2, "": 2, result.Fail: 3}
	decision := []result.Decision{result.Go, result.DecisionInconclusive, result.DecisionError, result.NoGo}
	exit := []int{0, 3, 2, 1}
	for a, ra := range rank {
		for b, rb := range rank {
			for warn := range rank {
				gates := []result.Gate{{Name: "a", Verdict: a, Severity: result.Block}, {Name: "b", Verdict: b, Severity: result.Block}, {Name: "w", Verdict: warn, Severity: result.Warn}}
				o := RollUp(gates)
				want := decision[max(ra, rb)]
				if o.Decision != want || ExitStatus(o.Decision) != exit[max(ra, rb)] {
					t.Errorf("%q and %q, warning %q: %s, want %s", a, b, warn, o.Decision, want)
				}
				if (warn != result.Pass) != (len(o.Guardrails) == 1) {
					t.Errorf("warning %q: guardrails %v", warn, o.Guardrails)
				}
			}
		}
	}
	if o := RollUp(nil); o.Decision != result.NotJudged || ExitStatus(o.Decision) != 0 {
		t.Errorf("no gates: %s", o.Decision)
	}
	soft := []result.Gate{{Name: "a", Verdict: result.Inconclusive, Severity: result.Block, OnInconclusive: "warn"}}
	if o := RollUp(soft); o.Decision != result.Go || len(o.Guardrails) != 1 || !strings.Contains(o.Sentence, "guardrails: a") {
		t.Errorf("on_inconclusive warn: %s, %v, %q", o.Decision, o.Guardrails, o.Sentence)
	}
	hard := []result.Gate{{Name: "a", Verdict: result.Fail, Severity: result.Block, OnInconclusive: "warn"}}
	if o := RollUp(hard); o.Decision != result.NoGo {
		t.Errorf("on_inconclusive softens a failure: %s", o.Decision)
	}
	if ExitStatus("") != 2 || math.Signbit(float64(ExitStatus("anything"))) {
		t.Error("an unknown decision must not exit 0")
	}
}

// A gate on a scorer's metric bears so many ungraded rows; a rule that compares with a
// baseline whose rows are not there is inconclusive.
func TestUngradedAndUnpaired(t *testing.T) {
	s := metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: 1}
	in, err := metric.NewCatalogue().With([]metric.Scorer{s}).Build("s", "", metric.Options{Task: "binary"})
	if err != nil {
		t.Fatal(err)
	}
	spec := in.Needs()[0]
	m := summary.NewMoments(spec, 2, false) // the score, and who is graded: 96 of 100 rows, at 0.9
	m.N, m.W, m.W2 = 100, 100, 100
	m.Mean[spec.Index(summary.ScoredBy("s"), 0)], m.Mean[spec.Index(summary.GradedBy("s"), 0)] = 0.864, 0.96
	set := &summary.Set{Models: []string{"candidate"}, Baseline: -1, Pops: []*summary.Population{
		{Slice: result.Overall, Partition: -1, N: 100, W: 100, W2: 100, Moments: []*summary.Moments{m}, Ungraded: map[string]int64{"s": 4}}}}
	decide := func(r Rule, unpaired string) result.Gate {
		r.Name, r.Metric, r.Model, r.Severity, r.Confidence, r.MinRows, r.OnInconclusive = "g", "s", "candidate", result.Block, 0.95, 30, "block"
		gates, _ := Decide(Input{Rules: []Rule{r}, Set: set, View: func(int) *metric.View { return &metric.View{Set: set, Pop: set.Pops[0]} },
			Metrics: map[string]*metric.Instance{"s": in}, Fits: func(*metric.Instance, string) (bool, string) { return true, "" }, Unpaired: unpaired})
		return gates[0]
	}
	for _, tc := range []struct {
		most float64
		want result.Verdict
	}{{0.05, result.Pass}, {0.04, result.Pass}, {0.039, result.Inconclusive}, {0, result.Inconclusive}} {
		r := Rule{Rule: AtLeast, Bound: 0.5, MaxUngraded: &tc.most}
		g := decide(r, "")
		if x := Explain(r, g, "f", "m", 1); (tc.want != result.Pass) != strings.Contains(x.Flip, "mend the scorer") {
			t.Errorf("max_ungraded %g: %s", tc.most, x.Flip)
		}
		if g.Verdict != tc.want || (g.Verdict != result.Pass) != strings.Contains(g.Reason, "too many rows are ungraded: 4 of 100") {
			t.Errorf("max_ungraded %g: %s, %s", tc.most, g.Verdict, g.Reason)
		}
	}
	if g := decide(Rule{Rule: NoWorseThan, Than: "baseline", Margin: 0.1}, "no ids"); g.Verdict != result.Inconclusive || g.Reason != "no ids" {
		t.Errorf("%s, %s", g.Verdict, g.Reason)
	} else if x := Explain(Rule{Rule: NoWorseThan, Than: "baseline", Margin: 0.1}, g, "f", "m", 1); !strings.Contains(x.Flip, "can be paired") || strings.Contains(x.How, "from: m") {
		t.Errorf("%+v", x)
	}
	if g := decide(Rule{Rule: NoWorseThan, Than: "baseline", Margin: 0.1}, ""); g.Verdict != result.Error {
		t.Errorf("%s, %s", g.Verdict, g.Reason)
	}
}
