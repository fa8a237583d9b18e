package plan_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
)

// twoGates has two gates of one metric, one of them named, and an aliased model.
const twoGates = `name: p
task: binary
data:
  source: d.csv
  columns: {id: id, label: y}
models:
  candidate: &m {score: s, threshold: 0.5}
  baseline: *m
slices: [region]
metrics: [roc_auc, {metric: f_beta, beta: 2, as: f2}]
gates:
  - {metric: roc_auc, at_least: 0.7}
  - {metric: roc_auc, at_least: 0.6, slices: all, name: everywhere}
  - {metric: recall, at_least: 0.5}
`

func load(t *testing.T, src string, overrides ...string) (*plan.Plan, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(path, []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	return plan.Load(path, catalogue{metric.NewCatalogue()}, overrides, nil, nil)
}

func TestOverrides(t *testing.T) {
	for _, tc := range []struct {
		set string
		ok  func(p *plan.Plan) bool
	}{
		{"name=other", func(p *plan.Plan) bool { return p.Name == "other" }},
		{"name=", nil},
		{"confidence=0.9", func(p *plan.Plan) bool { return p.Confidence == 0.9 && p.Gates[0].Confidence == 0.9 }},
		{"owner=me", func(p *plan.Plan) bool { return p.Owner == "me" }}, // a key that the file lacks
		{"seed=7", func(p *plan.Plan) bool { return *p.Seed == 7 }},
		{"data.where=age > 3", func(p *plan.Plan) bool { return strings.Contains(p.Data.Where, "age") }},
		{"data.columns.label={column: z, positive: bad}", func(p *plan.Plan) bool {
			return p.Data.Columns.Label == plan.Label{Column: "z", Positive: "bad"}
		}},
		{"models.candidate.threshold=0.4", func(p *plan.Plan) bool { return *p.Models[0].Threshold == 0.4 && *p.Models[1].Threshold == 0.5 }},
		{"models.baseline.threshold=1e-3", func(p *plan.Plan) bool { return *p.Models[0].Threshold == 0.5 && *p.Models[1].Threshold == 0.001 }},
		{"metrics.f2.beta=3", func(p *plan.Plan) bool { return p.Metrics[1].Params["beta"] == 3 }},
		{"metrics[0]=accuracy", func(p *plan.Plan) bool { return p.Metrics[0].Metric == "accuracy" }},
		{"gates[0].at_least=0.9", func(p *plan.Plan) bool { return p.Gates[0].Bound == 0.9 && p.Gates[1].Bound == 0.6 }},
		{"gates.1.at_least=0.9", func(p *plan.Plan) bool { return p.Gates[0].Bound == 0.7 && p.Gates[1].Bound == 0.9 }},
		{"gates.everywhere.at_least=0.9", func(p *plan.Plan) bool { return p.Gates[0].Bound == 0.7 && p.Gates[1].Bound == 0.9 }},
		{"gates.recall.severity=warn", func(p *plan.Plan) bool { return p.Gates[2].Severity == "warn" && p.Gates[0].Severity == "block" }},
		{"plugins.polite={command: [polite], timeout: 5m}", func(p *plan.Plan) bool { return p.Plugins["polite"].Timeout == 5*time.Minute }}, // of a section that the file lacks
		{"gates=[]", func(p *plan.Plan) bool { return len(p.Gates) == 0 }},
	} {
		p, err := load(t, twoGates, tc.set)
		switch {
		case tc.ok == nil && err == nil:
			t.Errorf("%s: no error", tc.set)
		case tc.ok != nil && err != nil:
			t.Errorf("%s: %v", tc.set, err)
		case tc.ok != nil && !tc.ok(p):
			t.Errorf("%s: read as %+v", tc.set, p)
		}
	}
}

func TestOverrideMistakes(t *testing.T) {
	for set, want := range map[string]string{
		"confidence":                       "key=value is expected",
		"=1":                               "key=value is expected",
		"confidence=":                      "a number is expected, this is nothing",
		"confidence=95":                    "a confidence between 0.5 and 1 is expected, this is 95 (in confidence=95)\n    write 0.95",
		"confidence2=0.9":                  "unknown key \"confidence2\" (in confidence2=0.9)\n    did you mean \"confidence\"?",
		"name=a: b":                        "the value is not YAML",
		"name.x=1":                         `"x" has no keys`,
		"models.nobody.threshold=1":        "the plan has no models.nobody",
		"models.candidate.threshhold=1":    `did you mean "threshold"?`,
		"models.candidate.threshold=half":  `models.candidate.threshold: a number is expected, this is the text "half"`,
		"gates[7].at_least=1":              "there is no number 7: the list has 3",
		"gates[-1].at_least=1":             "there is no number -1: the list has 3",
		"gates.roc_auc.at_least=1":         `2 entries of the list are called "roc_auc": use the number`,
		"gates.nothing.at_least=1":         `nothing in the list is called "nothing"`,
		"gates[0]={metric: roc_auc}":       "gates[0]: a gate needs a rule",
		"gates[0].at_most=1":               "a gate has exactly one rule",
		"slices=all":                       "slices: a list is expected",
		"data.columns.label.positive=bad1": `"positive" has no keys`,
	} {
		_, err := load(t, twoGates, set)
		var bad *plan.Errors
		if !errors.As(err, &bad) {
			t.Errorf("%s: %v", set, err)
			continue
		}
		if len(bad.List) != 1 || !strings.Contains(bad.Error(), want) {
			t.Errorf("%s: want one error with %q, got %d:\n%v", set, want, len(bad.List), err)
		}
		if p := bad.List[0]; p.Line != 0 || !strings.Contains(p.Error(), "plan.yaml: --set: ") {
			t.Errorf("%s: an error of the command line is placed in the file: %v", set, p)
		}
	}
}

func TestLoad(t *testing.T) {
	if _, err := plan.Load(filepath.Join(t.TempDir(), "no.yaml"), catalogue{metric.NewCatalogue()}, nil, nil, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a plan that is not there: %v", err)
	}
	p, err := load(t, twoGates)
	if err != nil {
		t.Fatal(err)
	}
	d := p.Resolve(plan.Source{Path: "d.csv"})
	if filepath.Dir(d) != p.Dir || p.Shorten(d) != "d.csv" || p.Resolve(plan.Source{Path: "/x/d.csv"}) != "/x/d.csv" {
		t.Errorf("paths: %s in %s", d, p.Dir)
	}
	// A broken plan knows its folder too, so that its columns can be checked in one go.
	_, err = load(t, strings.Replace(twoGates, "at_least: 0.7", "at_lest: 0.7", 1))
	var bad *plan.Errors
	if !errors.As(err, &bad) || bad.Partial == nil || bad.Partial.Dir == "" {
		t.Errorf("no partial plan: %v", err)
	}
}
