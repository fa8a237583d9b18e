package gate

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/result"
)

// On either side of the limits the verdict is what they say, for every rule: the gate
// itself is decided again with the bound moved.
func TestLimitsTurnTheVerdict(t *testing.T) {
	paired := pairedAccuracy(newRNG(), 4000, 0.1, -0.01)
	groups := single(one(result.Overall, 9000, 7000), one("g=A", 3000, 2400), one("g=B", 3000, 2300), one("g=C", 3000, 2310))
	for _, r := range []Rule{
		{Rule: AtLeast, Metric: "accuracy"}, {Rule: AtMost, Metric: "accuracy"},
		{Rule: NoWorseThan, Than: "baseline", Metric: "accuracy"}, {Rule: BetterThan, Than: "baseline", Metric: "accuracy"},
		{Rule: AcrossDiff, Across: "g", Metric: "accuracy"}, {Rule: AcrossRatio, Across: "g", Metric: "accuracy"},
		{Rule: AcrossDiff, Across: "g", Metric: "accuracy", Reference: "A"}, {Rule: AcrossRatio, Across: "g", Metric: "accuracy", Reference: "A"},
	} {
		decide := func(bound float64) result.Gate {
			q := r
			if q.Bound = bound; q.Than != "" {
				q.Bound, q.Margin = 0, bound
			}
			if q.Across != "" {
				g, _ := decideOne(t, groups, q)
				return g
			}
			q.Confidence = 0.95
			gates, _ := decideOn(t, paired, "accuracy", q)
			return gates[0]
		}
		q := r
		q.Confidence = 0.95
		l := limits(q, decide(0.5), 1)
		const step = 1e-6
		sign := -1.0
		if l.Up {
			sign = 1
		}
		for bound, want := range map[float64]result.Verdict{l.Pass + sign*step: result.Pass, l.Pass - sign*step: result.Inconclusive} {
			if got := decide(bound); got.Verdict != want {
				t.Errorf("%s%s with %g: %s, the limits %+v say %s", r.Rule, r.Reference, bound, got.Verdict, l, want)
			}
		}
		if r.Across == "" {
			for bound, want := range map[float64]result.Verdict{l.Fail + sign*step: result.Inconclusive, l.Fail - sign*step: result.Fail} {
				if got := decide(bound); got.Verdict != want {
					t.Errorf("%s with %g: %s, the limits %+v say %s", r.Rule, bound, got.Verdict, l, want)
				}
			}
		}
	}
}

func TestLimitsOfDirection(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		lo := r.NormFloat64()
		hi := lo + r.Float64()
		// A loss is a gain with the signs turned.
		for _, rule := range []string{NoWorseThan, BetterThan} {
			a, b := LimitsOf(Rule{Rule: rule}, lo, hi, 1), LimitsOf(Rule{Rule: rule}, -hi, -lo, -1)
			if a != b {
				t.Errorf("%s: %+v and mirrored %+v", rule, a, b)
			}
		}
	}
	if l := LimitsOf(Rule{Rule: Between}, 0, 1, 0); !math.IsNaN(l.Pass) {
		t.Errorf("between: %+v", l)
	}
}

func TestExplain(t *testing.T) {
	set := pairedAccuracy(newRNG(), 4000, 0.1, -0.01)
	for _, tc := range []struct {
		r    Rule
		says []string
	}{
		{Rule{Name: "g", Metric: "accuracy", Model: "candidate", Rule: NoWorseThan, Than: "baseline", Margin: 0.05, Confidence: 0.95}, []string{"pass (blocking): ", "Asked of accuracy (candidate): no worse than baseline by more than 0.05; accuracy is correct / n", "a margin above 0.0"}},
		{Rule{Name: "g", Metric: "accuracy", Model: "candidate", Rule: NoWorseThan, Than: "baseline", Margin: 0.01, Confidence: 0.95}, []string{"inconclusive", "rows would decide it as it stands"}},
		{Rule{Name: "g", Metric: "accuracy", Model: "candidate", Rule: AtLeast, Bound: 0.99, Confidence: 0.95, Severity: result.Warn}, []string{"fail (warns only)", "It would pass with a bound below 0.8", "fail with one above 0.8"}},
		{Rule{Name: "g", Metric: "accuracy", Model: "candidate", Rule: AtLeast, Bound: 0.5, Confidence: 0.95, Evidence: "value"}, []string{"the value alone decides", "a bound on its other side"}},
		{Rule{Name: "g", Metric: "accuracy", Model: "candidate", Rule: NoWorseThan, Than: "baseline", Margin: 0.02, Relative: true, Confidence: 0.95}, []string{"share of baseline's own value"}},
	} {
		gates, _ := decideOn(t, set, "accuracy", tc.r)
		x := Explain(tc.r, gates[0], "correct / n", "Wilson score", 1)
		for _, s := range tc.says {
			if all := x.Found + "\n" + x.How + "\n" + x.Flip; !strings.Contains(all, s) {
				t.Errorf("%s %s: %q is missing in\n%s", tc.r.Rule, tc.r.Evidence, s, all)
			}
		}
	}
	x := Explain(Rule{Rule: AtLeast}, result.Gate{Verdict: result.Error, Reason: "too much is missing"}, "", "", 1)
	if !strings.HasPrefix(x.Flip, "It was not judged") || !strings.Contains(x.Found, "too much is missing") {
		t.Errorf("an error: %+v", x)
	}
}
