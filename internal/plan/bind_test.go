package plan_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/plan"
)

const bound = `name: p
task: binary
data:
  source: d.csv
  where: "channel = 'web'"
  columns: {id: id, label: y, weight: w}
models:
  candidate: {score: s, threshold: 0.5}
  baseline: {source: v1.csv, score: p1, threshold: 0.5}
slices: [region, {name: old, where: "age > 60 AND channel IN ('web', 'app')"}]
metrics: [recall]
gates:
  - {metric: recall, across: sex, difference_at_most: 0.1}
`

// Bind against columns "name:kind,…" of the cases and of the baseline's own file; every
// problem is told with its place.
func TestBindPlaces(t *testing.T) {
	const all, own = "id:text,y:number,w:number,s:number,channel:text,region:text,age:number,sex:text", "id:text,p1:number"
	for _, tc := range []struct {
		cases, own string
		want       []string // "line:column path: message | hint"
	}{
		{all, own, nil},
		{strings.Replace(all, "w:number", "w:text", 1), own, nil}, // one stray word makes a CSV column text: the reader names the row
		{strings.Replace(all, "s:number", "scor:number", 1), own, []string{`8:22 models.candidate.score: no column is called "s" | one of: id, y, w, scor, channel, region, age, sex`}},
		{strings.Replace(all, "region", "regoin", 1), own, []string{`10:10 slices[0]: no column is called "region" | did you mean "regoin"?`}},
		{all + ",sex:text", own, []string{`13:30 gates[0].across: the column "sex" stands twice in the header: at positions 8 and 9 | rename one of them`}},
		{all + ",unused:text,unused:text", own, nil},
		{strings.Replace(all, "w:number", "w:time", 1), own, []string{`6:39 data.columns.weight: column "w" is time (time): weights are numbers`}},
		{strings.Replace(all, "y:number", "y:other", 1), own, []string{`6:28 data.columns.label: column "y" is other (other): a label is a number or text`}},
		{strings.Replace(all, "age:number", "age:text", 1), own, []string{`10:37 slices[1].where: column age holds text`}},
		{strings.Replace(all, "channel:text", "chanel:text", 1), own, []string{`5:10 data.where: no column is called "channel" | did you mean "chanel"?`, `10:37 slices[1].where: no column`}},
		{all, "ID:text,p1:number", []string{`9:22 models.baseline.source: v1.csv has no column "id" to join on | did you mean "ID"?`}},
		{all, "id:text,p_1:number", []string{`9:37 models.baseline.score: no column is called "p1" in v1.csv | did you mean "p_1"?`}},
		{all, "id:text,p1:number,p1:number", []string{`9:37 models.baseline.score: the column "p1" stands twice in the header in v1.csv: at positions 2 and 3`}},
		{all, "id:text,p1:time", []string{`9:37 models.baseline.score: column "p1" is time (time): a score is a number`}},
	} {
		p, err := parse(bound)
		if err != nil {
			t.Fatal(err)
		}
		problems, err := p.Bind(func(source plan.Source) ([]cases.Column, error) {
			list := tc.cases
			if source.Path == "v1.csv" {
				list = tc.own
			}
			var out []cases.Column
			for _, c := range strings.Split(list, ",") {
				name, kind, _ := strings.Cut(c, ":")
				out = append(out, cases.Column{Name: name, Kind: cases.Kind(kind), Type: kind})
			}
			return out, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, q := range problems {
			got = append(got, fmt.Sprintf("%d:%d %s: %s | %s", q.Line, q.Column, q.Path, q.Msg, q.Hint))
			if q.Source == "" {
				t.Errorf("%s: the line is not quoted", q.Msg)
			}
		}
		ok := len(got) == len(tc.want)
		for i := range min(len(got), len(tc.want)) {
			ok = ok && strings.HasPrefix(got[i], tc.want[i])
		}
		if !ok {
			t.Errorf("%s and %s: got\n%s\nwant\n%s", tc.cases, tc.own, strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
		}
	}
	p, err := parse(bound)
	if err != nil {
		t.Fatal(err)
	}
	gone := errors.New("no such file")
	if _, err := p.Bind(func(plan.Source) ([]cases.Column, error) { return nil, gone }); !errors.Is(err, gone) {
		t.Errorf("a source that cannot be read: %v", err)
	}
}

// A gate without a rule is never a gate, whatever else it says.
func TestNoKeyStandsForARule(t *testing.T) {
	for _, key := range []string{"name: x", "why: x", "model: baseline", "slices: all", "severity: warn", "min_rows: 5", "confidence: 0.9", "evidence: value", "on_inconclusive: warn", "margin: 0.1", "difference_at_most: 0.1", "ratio_at_least: 0.8", "reference: a", "small_groups: report"} {
		if _, err := parse(replaced(t, "at_least: 0.7", key)); err == nil || !strings.Contains(err.Error(), "a gate needs a rule") {
			t.Errorf("%s alone: %v", key, err)
		}
	}
}

// Every key of a gate is kept, and what is left out has its default.
func TestGateKeys(t *testing.T) {
	p, err := parse(replaced(t, "at_least: 0.7}", `at_least: 0.7}
  - {metric: recall, at_least: 0.7, name: n, why: w, model: candidate, slices: [old], require: proof, proven_share: 90%, severity: warn, min_rows: 7, confidence: 0.9, evidence: value, on_inconclusive: warn}
  - {metric: recall, across: region, ratio_at_least: 0.8, reference: DE, small_groups: report}
  - {metric: roc_auc, at_least: 0.7}
  - {metric: roc_auc, better_than: baseline}`))
	if err != nil {
		t.Fatal(err)
	}
	d := plan.Gate{Name: "roc_auc at least 0.7", Metric: "roc_auc", Model: "candidate", Rule: "at_least", Bound: 0.7, Require: "no_harm", SmallGroups: "inconclusive", Severity: "block", MinRows: 30, Confidence: 0.95, Evidence: "bound", OnInconclusive: "block"}
	again, better := d, d
	again.Name = "roc_auc at least 0.7 (2)" // names tell gates apart
	better.Name, better.Rule, better.Than, better.Bound = "roc_auc better than baseline", "better_than", "baseline", 0
	want := []plan.Gate{d,
		{Name: "n", Why: "w", Metric: "recall", Model: "candidate", Rule: "at_least", Bound: 0.7, Slices: []string{"old"}, Require: "proof", ProvenShare: 0.9, SmallGroups: "inconclusive", Severity: "warn", MinRows: 7, Confidence: 0.9, Evidence: "value", OnInconclusive: "warn"},
		{Name: "recall ratio across region at least 0.8, each against DE", Metric: "recall", Model: "candidate", Rule: "across_ratio", Bound: 0.8, Across: "region", Reference: "DE", Require: "no_harm", SmallGroups: "report", Severity: "block", MinRows: 30, Confidence: 0.95, Evidence: "bound", OnInconclusive: "block"},
		again, better}
	for i, g := range p.Gates {
		if g.Line != 12+i {
			t.Errorf("gate %d stands on line %d", i, g.Line)
		}
		g.Line, g.Column = 0, 0
		if fmt.Sprintf("%+v", g) != fmt.Sprintf("%+v", want[i]) {
			t.Errorf("gate %d:\n%+v, want\n%+v", i, g, want[i])
		}
	}
}
