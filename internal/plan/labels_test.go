package plan_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/plan"
)

const labelling = `name: p
TIER
task: binary
data: {source: d.csv, columns: {id: id, label: {column: y, positive: 1}}}
models:
  candidate: {score: s, threshold: 0.5}
plugins: {a: a.py}
scorers:
  - SCORER
gates:
  - {metric: good, at_least: 0.7, why: it matters, severity: SEVERITY}
`

func withScorer(scorer, tier, severity string) string {
	return strings.NewReplacer("SCORER", scorer, "TIER", tier, "SEVERITY", severity).Replace(labelling)
}

// Labels and cards of a scorer: what Parse takes the schema takes, and the other way round.
func TestLabels(t *testing.T) {
	s := schema(t)
	for _, good := range []string{
		"{type: a, as: good, pass_fail: true, judge: true, labels: labels.csv}",
		"{type: a, as: good, labels: {source: l.csv, id: a, label: b, model: m, sample: s, chance: c, rater: r, second_label: s2, tuned: t, tuned_on: ids.txt, drawn: by_chance}}",
		"{type: a, as: good, pass_fail: true, labels: {source: l.csv, drawn: by_truth}}",
		"{type: a, as: good, pass_fail: true, cards: [a.json, b.json, c.json]}",
		"{type: a, as: good, pass_fail: true, cards: a.json}",
	} {
		src := withScorer(good, "tier: 1", "block")
		p, err := parse(src)
		if err != nil {
			t.Errorf("%s: %v", good, err)
			continue
		}
		if bad := validate(t, s, src); bad != nil {
			t.Errorf("%s: the schema refuses it: %v", good, bad)
		}
		if !p.Scorers[0].Vouched() {
			t.Errorf("%s: %+v", good, p.Scorers[0])
		}
	}
	for bad, says := range map[string]string{
		"{type: a, as: good, labels: [l.csv]}":                                              "scorers[0].labels: text is expected, this is a list",
		"{type: a, as: good, labels: {id: a}}":                                              `the key "source" is required`,
		"{type: a, as: good, labels: {source: l.csv, sorce: x}}":                            `unknown key "sorce"`,
		"{type: a, as: good, pass_fail: true, labels: {source: l.csv, drawn: so}}":          "by_chance",
		"{type: a, as: good, labels: {source: l.csv, drawn: by_truth}}":                     "labels balanced by truth correct scores of pass and fail alone",
		"{type: a, as: good, cards: [a.json]}":                                              "cards of earlier systems correct scores of pass and fail alone",
		"{type: a, as: good, pass_fail: true, cards: [a.json, a.json]}":                     "a.json is listed twice",
		"{type: a, as: good, pass_fail: true, labels: l.csv, cards: [a.json]}":              "cards of other systems do not go with labels",
		"{type: a, as: good, pass_fail: true, judge: maybe}":                                "judge",
		"{type: a, as: good, pass_fail: true, labels: {source: l.csv, tuned_on: {a: b}}}":   "text is expected",
		"{type: a, as: good, pass_fail: true, labels: {source: l.csv, label: {column: x}}}": "text is expected",
	} {
		src := withScorer(bad, "", "block")
		if _, err := parse(src); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", bad, err, says)
		}
		if form := !strings.Contains(says, "alone") && !strings.Contains(says, "twice") && !strings.Contains(says, "do not go with"); form && validate(t, s, src) == nil {
			t.Errorf("%s: the schema takes it", bad)
		}
	}
	src := strings.Replace(withScorer("{type: a, as: good, labels: l.csv}", "", "block"), "id: id, ", "", 1)
	if _, err := parse(src); err == nil || !strings.Contains(err.Error(), "labels are joined on the id column") {
		t.Error(err)
	}
}

// In a plan of tier 1 nothing blocks on a judge that no human label vouches for.
func TestUncalibratedGates(t *testing.T) {
	for _, c := range []struct {
		scorer, tier, severity string
		refused                bool
	}{
		{"{type: a, as: good, judge: true}", "tier: 1", "block", true},
		{"{type: a, as: good, judge: true}", "tier: 1", "warn", false},
		{"{type: a, as: good, judge: true}", "tier: 2", "block", false},
		{"{type: a, as: good, judge: true}", "", "block", false},
		{"{type: a, as: good, judge: true, labels: l.csv}", "tier: 1", "block", false},
		{"{type: a, as: good, judge: false}", "tier: 1", "block", false},
	} {
		_, err := parse(withScorer(c.scorer, c.tier, c.severity))
		var bad *plan.Errors
		if (err != nil) != c.refused || c.refused && (!errors.As(err, &bad) || !strings.Contains(err.Error(), "blocks on an uncalibrated judge") || bad.List[0].Line != 11 || !strings.Contains(bad.List[0].Hint, "fairtrial judge sample")) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// Other scores are another judge's: what was measured of one says nothing of the other.
func TestScorerIdentity(t *testing.T) {
	id := func(scorer, plugin string) string {
		p, err := parse(strings.Replace(withScorer(scorer, "", "block"), "a.py", plugin, 1))
		if err != nil {
			t.Fatal(err)
		}
		return p.ScorerIdentity(p.Scorers[0])
	}
	a := id("{type: a, as: good, pass_fail: true}", "a.py")
	if b := id("{type: a, as: good, pass_fail: true, labels: l.csv}", "a.py"); a != b {
		t.Error("labels make another judge")
	}
	if b := id("{type: a, as: good, pass_fail: true}", "b.py"); a == b {
		t.Error("another program is the same judge")
	}
	if b := id("{type: a, as: good}", "a.py"); a == b {
		t.Error("other scores are the same judge")
	}
}
