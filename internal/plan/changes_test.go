package plan_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/plan"
)

const changing = `name: p
task: binary
data: {source: d.csv, columns: {label: y}, max_missing: {labels: 1%}}
models: {candidate: {score: s, threshold: 0.5}, baseline: {score: t, threshold: 0.5}}
slices: [region]
metrics: [recall, {metric: expected_cost, cost: {fp: 1, fn: 8}}]
gates:
  - {name: a, metric: recall, at_least: 0.7}
  - {name: b, metric: recall, at_least: 0.5, slices: all}
  - {name: c, metric: prevalence, between: [0.2, 0.8]}
  - {name: d, metric: roc_auc, no_worse_than: baseline, margin: 1%}
  - {name: e, metric: recall, better_than: baseline, margin: 0.01}
  - {name: f, metric: recall, across: sex, ratio_at_least: 0.8}
`

// Every sentence of a change: nothing that loosens a verdict may go unsaid, nor hide
// behind something else that changed.
func TestEveryChangeIsSaid(t *testing.T) {
	for _, tc := range []struct {
		edits []string // old, new, …
		want  []string
	}{
		{[]string{"name: p", "name: p\nowner: me\nobjective: x"}, nil},
		{[]string{"name: a, ", "name: a, why: because, "}, nil},
		{[]string{"name: p", "name: p\nscorers: [x]"}, []string{"metric x added", "scorer x added"}},
		{[]string{"baseline: {score: t, threshold: 0.5}", "baseline: {record: main}"}, []string{"the threshold of baseline changed from 0.5 to none", `the file of baseline changed from none to "record main"`, `the score of baseline changed from "t" to none`}},
		{[]string{"name: a, ", "name: aa, "}, nil}, // a new name alone changes nothing
		{[]string{"at_least: 0.7}", "at_least: 0.6}"}, []string{`gate "a" loosened from 0.7 to 0.6`}},
		{[]string{"at_least: 0.7}", "at_least: 0.8, severity: warn}"}, []string{`gate "a" tightened from 0.7 to 0.8`, `gate "a" loosened: severity from block to warn`}},
		{[]string{"at_least: 0.7}", "at_least: 0.7, evidence: value}"}, []string{`gate "a" loosened: evidence from bound to value`}},
		{[]string{"at_least: 0.7}", "at_least: 0.7, on_inconclusive: warn}"}, []string{`gate "a" changed in its scope or conditions`}},
		{[]string{"at_least: 0.7}", "at_least: 0.7, slices: all}"}, []string{`gate "a" changed in its scope or conditions`}},
		{[]string{"at_least: 0.7}", "at_most: 0.7}"}, []string{`gate "a" changed from recall at least 0.7 to recall at most 0.7`}},
		{[]string{"[0.2, 0.8]", "[0.3, 0.9]"}, []string{`gate "c" loosened from [0.2, 0.8] to [0.3, 0.9]`}},
		{[]string{"[0.2, 0.8]", "[0.2, 0.9]"}, []string{`gate "c" loosened from [0.2, 0.8] to [0.2, 0.9]`}},
		{[]string{"[0.2, 0.8]", "[0.3, 0.7]"}, []string{`gate "c" tightened from [0.2, 0.8] to [0.3, 0.7]`}},
		{[]string{"margin: 1%", "margin: 2%"}, []string{`gate "d" loosened: margin from 1 % to 2 %`}},
		{[]string{"margin: 1%", "margin: 0.5%"}, []string{`gate "d" tightened: margin from 1 % to 0.5 %`}},
		{[]string{"margin: 1%", "margin: 0.01"}, []string{`gate "d" changed: margin from 1 % to 0.01`}},
		{[]string{"margin: 0.01", "margin: 0.02"}, []string{`gate "e" tightened: margin from 0.01 to 0.02`}},
		{[]string{"ratio_at_least: 0.8", "ratio_at_least: 0.7"}, []string{`gate "f" loosened from 0.8 to 0.7`}},
		{[]string{"  - {name: a, metric: recall, at_least: 0.7}\n", ""}, []string{`gate "a" dropped`}},
		{[]string{"fn: 8", "fn: 2"}, []string{"metric expected_cost changed from expected_cost [cost_fn:8 cost_fp:1] to expected_cost [cost_fn:2 cost_fp:1]"}},
		{[]string{"slices: [region]", "slices: [region, sex]"}, []string{"slice sex added"}},
		{[]string{"score: t", "score: u"}, []string{`the score of baseline changed from "t" to "u"`}},
		{[]string{"labels: 1%", "labels: 5%"}, []string{"the share of missing labels allowed was loosened from 1 % to 5 %"}},
		{[]string{"name: p", "name: p\nconfidence: 0.9"}, []string{"confidence changed from 95 % to 90 %"}},
		{[]string{"at_least: 0.7}", "at_least: 0.7, confidence: 0.8}"}, []string{`gate "a" changed in its scope or conditions`}},
		{[]string{"columns: {label: y}", "columns: {label: y, cluster: c}, where: \"a > 1\""}, []string{`the filter changed from none to "a > 1"`, `the cluster column changed from none to "c"`}},
	} {
		old, err := parse(changing)
		if err != nil {
			t.Fatal(err)
		}
		src := strings.NewReplacer(tc.edits...).Replace(changing)
		now, err := parse(src)
		if err != nil || src == changing {
			t.Fatal(tc.edits, err)
		}
		if got := plan.Changes(old, now); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%q: said\n%s\nwant\n%s", tc.edits, strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
		}
	}
}

// Gates are matched by name first, in whatever order they stand.
func TestChangedOrder(t *testing.T) {
	const head = "name: p\ntask: binary\ndata: {source: d.csv, columns: {label: y}}\nmodels: {candidate: {score: s, threshold: 0.5}}\nslices: [region]\ngates:\n"
	a, b := "  - {name: a, metric: recall, at_least: 0.7}\n", "  - {name: b, metric: recall, at_least: 0.5}\n"
	old, err := parse(head + a + b)
	if err != nil {
		t.Fatal(err)
	}
	now, err := parse(head + b + a)
	if err != nil {
		t.Fatal(err)
	}
	if got := plan.Changes(old, now); len(got) != 0 {
		t.Errorf("two gates changed places: %q", got)
	}
	// Without names: the slices tell which is which, and the bound may change.
	old, err = parse(head + "  - {metric: recall, at_least: 0.7, slices: [region=DE]}\n  - {metric: recall, at_least: 0.5, slices: [region=FR]}\n")
	if err != nil {
		t.Fatal(err)
	}
	now, err = parse(head + "  - {metric: recall, at_least: 0.4, slices: [region=FR]}\n  - {metric: recall, at_least: 0.7, slices: [region=DE]}\n")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(plan.Changes(old, now), "\n")
	if strings.Count(got, "\n") != 0 || !strings.Contains(got, "loosened from 0.5 to 0.4") {
		t.Errorf("said %q", got)
	}
}
