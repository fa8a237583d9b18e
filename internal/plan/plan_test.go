package plan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
)

// catalogue is the real one, as the command line adapts it.
type catalogue struct{ *metric.Catalogue }

func (c catalogue) Lookup(t cases.Task, name string) (plan.MetricInfo, bool) {
	m, ok := c.Catalogue.Lookup(t, name)
	if !ok {
		return plan.MetricInfo{}, false
	}
	info := plan.MetricInfo{Name: m.Name, Direction: string(m.Direction), NeedsDecision: m.NeedsDecision, NeedsProbability: m.NeedsProbability,
		NoInterval: m.NoInterval, NoWeights: m.NoWeights, NoClusters: m.NoClusters, Averages: m.Averages, PerClass: m.PerClass}
	for _, p := range m.Params {
		info.Params = append(info.Params, plan.Param(p))
	}
	return info, true
}

func parse(src string) (*plan.Plan, error) {
	return plan.Parse([]byte(src), "plan.yaml", catalogue{metric.NewCatalogue()})
}

// contractExample is the plan of the outside contract, its binary form.
const contractExample = `name: credit-approval-v2
objective: Approve more good applicants without approving more bad ones.
tier: 1
owner: credit-ml
task: binary
data:
  source: predictions.parquet
  where: "channel = 'web'"
  columns:
    id: application_id
    label: {column: defaulted, positive: 1}
    cluster: customer_id
    time: applied_at
  max_missing: {predictions: 0, labels: 1%}
  missing: error
models:
  candidate: {name: credit-approval, version: "2.0", score: score_v2, threshold: 0.5}
  baseline:  {name: credit-approval, version: "1.4", source: v1.parquet, score: p_default, threshold: 0.5}
slices:
  - region
  - [region, age_band]
  - {name: thin file, where: "history_months < 12"}
  - {column: age, bins: [0, 25, 40, 65]}
max_slices: 5000
metrics:
  - roc_auc
  - pr_auc
  - f1
  - {metric: f_beta, beta: 2, as: f2}
  - {metric: expected_cost, cost: {fp: 1, fn: 8}}
confidence: 0.95
workers: 0
gates:
  - {metric: roc_auc, no_worse_than: baseline, margin: 0.005, why: half a point of AUC is 40 more defaults a month}
  - {metric: recall, at_least: 0.70, slices: all}
  - {metric: false_positive_rate, across: sex, difference_at_most: 0.05}
  - {metric: log_loss, better_than: baseline, severity: warn}
  - {metric: f1, no_worse_than: baseline, margin: 2%, slices: [region=DE, "region=DE & age_band=18-25", thin file], require: proof}
`

func TestContractExample(t *testing.T) {
	p, err := parse(contractExample)
	if err != nil {
		t.Fatal(err)
	}
	if p.Data.Where != `channel = 'web'` && !strings.Contains(p.Data.Where, "channel") {
		t.Errorf("where %q", p.Data.Where)
	}
	if p.Data.MaxMissing.Labels != 0.01 || p.Data.Columns.Label.Positive != "1" || p.KeepScores != 5_000_000 {
		t.Errorf("data: %+v", p.Data)
	}
	if len(p.Models) != 2 || p.Models[0].Key != "candidate" || *p.Models[1].Threshold != 0.5 || p.Models[1].Source.Path != "v1.parquet" {
		t.Errorf("models: %+v", p.Models)
	}
	var names []string
	for _, m := range p.Metrics {
		names = append(names, m.As)
	}
	want := []string{"roc_auc", "pr_auc", "f1", "f2", "expected_cost", "recall", "false_positive_rate", "log_loss"}
	if !reflect.DeepEqual(names, want) || p.Metrics[1].Metric != "average_precision" || len(p.Metrics[1].Notes) != 1 {
		t.Errorf("metrics %v, want %v (%+v)", names, want, p.Metrics[1])
	}
	if p.Metrics[4].Params["cost_fn"] != 8 || p.Metrics[3].Params["beta"] != 2 {
		t.Errorf("parameters: %+v", p.Metrics)
	}
	g := p.Gates
	if g[0].Rule != "no_worse_than" || g[0].Margin != 0.005 || g[1].Slices[0] != "all" || g[2].Rule != "across_difference" || g[3].Severity != "warn" || !g[4].Relative || g[4].Margin != 0.02 || g[4].Require != "proof" {
		t.Errorf("gates: %+v", g)
	}
	if len(p.Warnings) != 4 { // tier 1 gates without why
		t.Errorf("%d warnings: %v", len(p.Warnings), p.Warnings)
	}
	roundTrip(t, p)
}

// roundTrip: the record's form of a plan reads back as the same plan.
func roundTrip(t *testing.T, p *plan.Plan) {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatalf("a plan does not encode: %v", err)
	}
	var q plan.Plan
	if err := json.Unmarshal(b, &q); err != nil {
		t.Fatal(err)
	}
	c, err := json.Marshal(&q)
	if err != nil || string(b) != string(c) {
		t.Errorf("a plan does not survive its JSON form (%v):\n%s\n%s", err, b, c)
	}
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	var doc any
	if err := json.Unmarshal(plan.Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("plan.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("plan.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, src string) error {
	t.Helper()
	j, err := yaml.YAMLToJSON([]byte(src))
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(j)))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

func TestSchemaAcceptsTheContract(t *testing.T) {
	if err := validate(t, schema(t), contractExample); err != nil {
		t.Error(err)
	}
}

// base is a plan to be broken: one key is replaced, or a line added, by each mistake.
const base = `name: p
task: binary
data:
  source: d.csv
  columns: {id: id, label: {column: y, positive: 1}}
models:
  candidate: {score: s, threshold: 0.5}
  baseline: {score: t}
slices: [region, {name: old, where: "age > 60"}]
metrics: [roc_auc, recall, ece]
gates:
  - {metric: roc_auc, at_least: 0.7}
`

// Mistakes: what is replaced by what, the place and words of the error, and whether the
// JSON Schema sees it too.
func TestMistakes(t *testing.T) {
	s := schema(t)
	if _, err := parse(base); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		old, new string
		at       string // line:column
		says     string
		hint     string
		bySchema bool
	}{
		{"name: p\n", "", "1:1", `the key "name" is required`, "", true},
		{"task: binary", "task: binray", "2:7", `unknown task "binray"`, `did you mean "binary"?`, true},
		{"task: binary", "task: agent", "2:7", "task agent is not built yet", "built today", true},
		{"task: binary", "tsk: binary", "2:1", `unknown key "tsk"`, `did you mean "task"?`, true},
		{"name: p", "name: p\ntier: 5", "2:7", "tiers are 1", "", true},
		{"name: p", "name: p\ntier: high", "2:7", `a number is expected, this is the text "high"`, "", true},
		{"name: p", "name: p\nconfidence: 95", "2:13", "a confidence between 0.5 and 1", "write 0.95", true},
		{"name: p", "name: p\nseed: -1", "2:7", "a whole number of at least 0", "", true},
		{"name: p", "name: p\nmax_slices: 1.5", "2:13", "a whole number", "", true},
		{"source: d.csv", "sorce: d.csv", "4:3", `unknown key "sorce"`, `did you mean "source"?`, true},
		{"source: d.csv", "source: d.csv\n  missing: ignore", "5:12", `"ignore" is not one of error, exclude, worst_case`, "", true},
		{"source: d.csv", "source: d.csv\n  max_missing: {labels: 2}", "5:25", "a share from 0 to 1 is expected", `"2%"`, true},
		{"source: d.csv", "source: d.csv\n  max_missing: {labels: 200%}", "5:25", "a percentage from 0% to 100%", "", false},
		{"source: d.csv", "source: d.csv\n  where: \"age >\"", "5:10", "column", "", false},
		{"source: d.csv", "source: d.csv\n  where: \"lower(age) = 1\"", "5:10", "", "", false},
		{"label: {column: y, positive: 1}", "lable: y", "5:21", `unknown key "lable"`, `did you mean "label"?`, true},
		{"label: {column: y, positive: 1}", "label: {positive: 1}", "5:28", `the key "column" is required`, "", true},
		{"candidate: {score: s, threshold: 0.5}", "candidat: {score: s}", "7:3", `a model called "candidate" is required`, `did you mean "candidate" by "candidat"?`, true},
		{"candidate: {score: s, threshold: 0.5}", "candidate: {threshold: 0.5}", "7:14", `a binary model needs "score"`, "", false},
		{"candidate: {score: s, threshold: 0.5}", "candidate: {score: s, prediction: p}", "7:37", "prediction does not fit task binary", "use score", false},
		{"candidate: {score: s, threshold: 0.5}", "candidate: {score: s, threshold: half}", "7:36", `a number is expected, this is the text "half"`, "", true},
		{"candidate: {score: s, threshold: 0.5}", "candidate: {score: s, interval: {lower: a}}", "7:35", "interval does not fit task binary", "of numbers", true},
		{"id: id, ", "", "", "", "", false},
		{"slices: [region, ", "slices: [{where: \"a = 1\"}, ", "9:10", "a slice with a condition needs a name", "", true},
		{"slices: [region, ", "slices: [{column: age, bins: [3, 1]}, ", "9:30", "", "", false},
		{"slices: [region, ", "slices: [[region], ", "9:10", "", "", true},
		{"slices: [region, ", "slices: [{nme: x}, ", "9:11", `unknown key "nme"`, `did you mean "name"?`, true},
		{"metrics: [roc_auc, recall, ece]", "metrics: [roc_auc, recal]", "10:20", `unknown metric "recal"`, `did you mean "recall"?`, false},
		{"metrics: [roc_auc, recall, ece]", "metrics: [roc_auc, roc_auc]", "10:20", `two metrics are shown as "roc_auc"`, "`as`", false},
		{"metrics: [roc_auc, recall, ece]", "metrics: [rmse]", "10:11", "rmse is a metric of task regression, not of binary", "", false},
		{"metrics: [roc_auc, recall, ece]", "metrics: [f_beta]", "10:11", "f_beta needs beta", "write {metric: f_beta, beta: 2", false},
		{"metrics: [roc_auc, recall, ece]", "metrics: [{metric: f_beta, beta: 0}]", "10:34", "beta must be above 0", "", true},
		{"metrics: [roc_auc, recall, ece]", "metrics: [{metric: expected_cost, cost: {fq: 1, fn: 2}}]", "10:42", `unknown key "fq"`, `did you mean "fp"?`, true},
		{"metrics: [roc_auc, recall, ece]", "metrics: [{metric: recall, class: a}]", "10:28", `unknown key "class"`, "", false},
		{"metrics: [roc_auc, recall, ece]", "metrics: roc_auc", "10:10", "a list is expected", "", true},
		{"at_least: 0.7", "at_lest: 0.7", "12:23", `unknown key "at_lest"`, `did you mean "at_least"?`, true},
		{"at_least: 0.7", `at_least: "0.7"`, "12:33", `a number is expected, this is the text "0.7"`, "without quotes", true},
		{"at_least: 0.7", "at_least: 0.7, at_most: 0.9", "12:38", "a gate has exactly one rule", "make two gates", true},
		{"at_least: 0.7", "between: [0.9, 0.7]", "12:32", "the first number must be below the second", "", false},
		{"at_least: 0.7", "between: 0.7", "12:32", "two numbers", "", true},
		{"at_least: 0.7", "no_worse_than: baseline", "12:5", "no_worse_than needs a margin", "fairtrial power", true},
		{"at_least: 0.7", "no_worse_than: baseline, margin: 0", "12:56", "a margin is above 0", "", false},
		{"at_least: 0.7", "no_worse_than: baseline, margin: 200%", "12:56", "a percentage between", "", false},
		{"at_least: 0.7", "no_worse_than: anchor, margin: 1%", "12:38", `no model is called "anchor"`, "", false},
		{"at_least: 0.7", "no_worse_than: candidate, margin: 1%", "12:38", "a model is not compared with itself", "", false},
		{"at_least: 0.7", "at_least: 0.7, margin: 0.1", "12:38", "margin does not go with at_least", "", false},
		{"at_least: 0.7", "across: sex", "12:23", "across needs difference_at_most or ratio_at_least", "", true},
		{"at_least: 0.7", "across: sex, ratio_at_least: 1.2", "12:52", "a ratio between 0 and 1", "four-fifths", true},
		{"at_least: 0.7", "at_least: 0.7, slices: [country=DE]", "12:47", `the plan declares no slice "country=DE"`, "declared: region, old", false},
		{"at_least: 0.7", "at_least: 0.7, slices: [overall]", "12:47", `"overall" is not a slice`, "", false},
		{"at_least: 0.7", "at_least: 0.7, require: proof", "12:38", "require goes with slices", "", false},
		{"at_least: 0.7", "at_least: 0.7, severity: hard", "12:48", `"hard" is not one of block, warn`, "", true},
		{"at_least: 0.7", "at_least: 0.7, min_rows: 0", "12:48", "a whole number of at least 1", "", true},
		{"metric: roc_auc, at_least: 0.7", "metric: ece, at_most: 0.1", "12:14", "ece has no interval", "evidence: value", false},
		{"metric: roc_auc, at_least: 0.7", "metric: recall, no_worse_than: baseline, margin: 1%", "12:14", "model baseline has no threshold", "models.baseline.threshold", false},
		{"metric: roc_auc, at_least: 0.7", "metric: prevalence, better_than: baseline", "12:14", "prevalence has no good direction", "", false},
		{"metric: roc_auc, at_least: 0.7", "at_least: 0.7", "12:5", `the key "metric" is required`, "", true},
		{"metric: roc_auc, at_least: 0.7", "metric: rocauc, at_least: 0.7", "12:14", `unknown metric "rocauc"`, `did you mean "roc_auc"?`, false},
		{"columns: {id: id, ", "columns: {id: id, cluster: [], ", "5:30", "one column or two are expected, this is a list of 0", "such as [user, item]", true},
		{"columns: {id: id, ", "columns: {id: id, cluster: [a, b, c], ", "5:30", "one column or two are expected, this is a list of 3", "such as [user, item]", true},
		{"columns: {id: id, ", "columns: {id: id, cluster: [a, a], ", "5:34", "a stands twice", "name it once", true},
		{"columns: {id: id, ", "columns: {id: id, cluster: [a, ''], ", "5:34", "", "", true},
		{"columns: {id: id, ", "columns: {id: id, cluster: [a, null], ", "5:34", "", "", true},
		{"name: p\n", "name: p\nname: q\n", "2:1", `mapping key "name" already defined at [1:1]`, "", false},
		{"name: p\n", "name: [p\n", "", "not YAML", "", false},
		{"name: p\n", "name: *nope\n", "1:7", `no anchor is called "nope"`, "", false},
		{"name: p\n", "name: p\n---\nname: q\n", "", "one YAML document", "", false},
	} {
		if tc.says == "" && tc.hint == "" && tc.at == "" {
			continue
		}
		src := strings.Replace(base, tc.old, tc.new, 1)
		if src == base {
			t.Fatalf("nothing replaced: %q", tc.old)
		}
		_, err := parse(src)
		var bad *plan.Errors
		if !errors.As(err, &bad) {
			t.Errorf("%q: no error", tc.new)
			continue
		}
		found := false
		for _, p := range bad.List {
			at := fmt.Sprintf("%d:%d", p.Line, p.Column)
			if (tc.at == "" || at == tc.at) && strings.Contains(p.Msg, tc.says) && strings.Contains(p.Hint, tc.hint) {
				found = true
			}
			if p.Line > 0 && !strings.HasPrefix(p.Error(), "plan.yaml:"+at+": ") {
				t.Errorf("%q: printed as %q", tc.new, p.Error())
			}
		}
		if !found {
			t.Errorf("%q: want %s %q (%q), got:\n%v", tc.new, tc.at, tc.says, tc.hint, err)
		}
		if tc.bySchema && validate(t, s, src) == nil {
			t.Errorf("%q: the JSON Schema lets it through", tc.new)
		}
	}
}

// Quirks of YAML that people meet.
func TestQuirks(t *testing.T) {
	for positive, want := range map[string]string{"1": "1", `"1"`: "1", "1.0": "1", "true": "true", "yes": "yes", "no": "no", "1e3": "1e3", "'08'": "08", "bad": "bad", "2024-01-02": "2024-01-02"} {
		p, err := parse(strings.Replace(base, "positive: 1", "positive: "+positive, 1))
		if err != nil {
			t.Errorf("positive %s: %v", positive, err)
			continue
		}
		if got := p.Data.Columns.Label.Positive; got != want {
			t.Errorf("positive %s is read as %q, want %q", positive, got, want)
		}
	}
	p, err := parse("x: &m {score: s}\n" + base)
	if err == nil || p != nil {
		t.Error("an unknown key with an anchor passes")
	}
	if _, err := parse(strings.Replace(base, "models:\n  candidate: {score: s, threshold: 0.5}\n  baseline: {score: t}", "models:\n  candidate: &c {score: s, threshold: 0.5}\n  baseline: {<<: *c, score: t}", 1)); err != nil {
		t.Errorf("anchors and merge keys: %v", err)
	}
	for name, src := range map[string]string{"empty": "", "comments": "# nothing\n", "a list": "- a\n", "deep": strings.Repeat("[", 5000), "large": "name: " + strings.Repeat("x", 2<<20), "zero byte": "name: a\x00b"} {
		if _, err := parse(src); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestTasks(t *testing.T) {
	for name, src := range map[string]string{
		"multiclass": "name: m\ntask: multiclass\ndata: {source: d.csv, columns: {label: y}}\nmodels: {candidate: {prediction: d, probabilities: {a: pa, b: pb}}}\nmetrics: [accuracy, {metric: f1, average: weighted}, {metric: recall, class: a}]\n",
		"list":       "name: m\ntask: multiclass\ndata: {source: d.csv, columns: {label: y}}\nmodels: {candidate: {probabilities: [p]}}\n",
		"regression": "name: r\ntask: regression\ndata: {source: d.csv, columns: {label: y}}\nmodels: {candidate: {prediction: f}, old: {prediction: g}}\ngates: [{metric: mae, at_most: 3}, {metric: mean_error, between: [-1, 1]}, {metric: r2, model: old, at_least: 0}]\n",
	} {
		p, err := parse(src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(p.Metrics) == 0 {
			t.Errorf("%s: no default metrics", name)
		}
		if err := validate(t, schema(t), src); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBind(t *testing.T) {
	p, err := parse(strings.Replace(contractExample, "time: applied_at", "time: applied_att", 1))
	if err != nil {
		t.Fatal(err)
	}
	col := func(name string, k cases.Kind) cases.Column {
		return cases.Column{Name: name, Kind: k, Type: string(k)}
	}
	cases1 := []cases.Column{col("application_id", cases.Text), col("defaulted", cases.Number), col("customer_id", cases.Text), col("applied_at", cases.Time), col("channel", cases.Number),
		col("score_v2", cases.Time), col("region", cases.Text), col("region", cases.Text), col("age_band", cases.Text), col("history_months", cases.Number), col("age", cases.Number), col("sex", cases.Other)}
	problems, err := p.Bind(func(source plan.Source) ([]cases.Column, error) {
		if source.Path == "v1.parquet" {
			return []cases.Column{col("appl_id", cases.Text), col("p_defaults", cases.Number)}, nil
		}
		return cases1, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, q := range problems {
		all = append(all, q.Error())
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{
		`no column is called "applied_att"`, `did you mean "applied_at"?`, "column channel holds numbers", `column "score_v2" is time (time): a score is a number`,
		`the column "region" stands twice in the header: at positions 7 and 8`, `no column is called "p_default" in v1.parquet`, `did you mean "p_defaults"?`,
		`v1.parquet has no column "application_id" to join on`, `column "sex" is other`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said in:\n%s", want, text)
		}
	}
}

func TestChanges(t *testing.T) {
	old, err := parse(base)
	if err != nil {
		t.Fatal(err)
	}
	for change, want := range map[[2]string]string{
		{"at_least: 0.7", "at_least: 0.6"}:                            "loosened from 0.7 to 0.6",
		{"at_least: 0.7", "at_least: 0.8"}:                            "tightened from 0.7 to 0.8",
		{"slices: [region, ", "slices: ["}:                            "slice region dropped",
		{"threshold: 0.5", "threshold: 0.4"}:                          "the threshold of candidate changed from 0.5 to 0.4",
		{"source: d.csv", "source: e.csv"}:                            `the data source changed from "d.csv" to "e.csv"`,
		{"metrics: [roc_auc, recall", "metrics: [roc_auc"}:            "metric recall dropped",
		{"gates:\n  - {metric: roc_auc, at_least: 0.7}", "gates: []"}: "dropped",
		{"at_least: 0.7", "at_least: 0.7, severity: warn"}:            "loosened: severity from block to warn",
		{"name: p", "name: p\nowner: me"}:                             "",
	} {
		now, err := parse(strings.Replace(base, change[0], change[1], 1))
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(plan.Changes(old, now), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%v: %q, want %q", change, got, want)
		}
	}
}

// What init writes parses to what was drafted, whatever the names.
func TestWriteParses(t *testing.T) {
	half := 0.5
	for _, odd := range []string{"plain", "with space", "colon: x", "yes", "1", "null", `quote " and \`, "Ωμέγα", "- dash", "#hash", "{brace", "a,b", "tab\tx", " lead", "2024-01-02", "0x10", "~"} {
		d := plan.Draft{Name: odd, Task: cases.Binary, Source: odd + ".csv", ID: odd + "1", Label: odd, Positive: odd, Cluster: odd + "c", Models: []plan.DraftModel{
			{Key: "candidate", Name: odd, Score: odd + "s", Threshold: &half}, {Key: "baseline", Score: odd + "t"}}, Slices: []string{odd + "g"}, WithGates: true, Margin: 0.01, Notes: []string{odd}}
		p, err := parse(plan.Write(d))
		if err != nil {
			t.Errorf("%q: %v\n%s", odd, err, plan.Write(d))
			continue
		}
		c := p.Data.Columns
		if p.Name != odd || c.Label.Column != odd || c.Label.Positive != odd || c.ID != odd+"1" || c.Cluster != odd+"c" || p.Models[0].Score != odd+"s" || p.Slices[0].Columns[0] != odd+"g" || len(p.Gates) != 1 {
			t.Errorf("%q: read back as %+v", odd, p)
		}
	}
	if p, err := parse(plan.Write(plan.Draft{Name: "x", Task: cases.Regression, Source: "d.csv", Label: "y", Models: []plan.DraftModel{{Key: "candidate", Prediction: "f"}}})); err != nil || len(p.Gates) != 0 {
		t.Errorf("without a baseline: %v, %+v", err, p)
	}
}

func TestGuess(t *testing.T) {
	col := func(name string, k cases.Kind, distinct int64, unit, integral bool, values ...string) engine.ColumnProfile {
		return engine.ColumnProfile{Column: cases.Column{Name: name, Kind: k}, Distinct: distinct, Unit: unit, Integral: integral, Values: values}
	}
	d := plan.Guess("d.csv", &engine.Profile{Rows: 1000, Columns: []engine.ColumnProfile{col("app_id", cases.Text, 1000, false, false), col("target", cases.Number, 2, true, true, "0", "1"),
		col("score_old", cases.Number, 900, true, false), col("score_new", cases.Number, 900, true, false), col("region", cases.Text, 4, false, false), col("amount", cases.Number, 800, false, false)}})
	if d.Task != cases.Binary || d.ID != "app_id" || d.Label != "target" || d.Positive != "1" || len(d.Models) != 2 || d.Models[0].Score != "score_new" || d.Models[1].Score != "score_old" || !reflect.DeepEqual(d.Slices, []string{"region"}) {
		t.Errorf("binary: %+v", d)
	}
	d = plan.Guess("d.csv", &engine.Profile{Rows: 1000, Columns: []engine.ColumnProfile{col("y_true", cases.Number, 900, false, false), col("pred_v1", cases.Number, 900, false, false), col("pred_v2", cases.Number, 900, false, false)}})
	if d.Task != cases.Regression || d.Models[0].Prediction != "pred_v2" || d.Models[1].Prediction != "pred_v1" {
		t.Errorf("regression: %+v", d)
	}
	d = plan.Guess("d.csv", &engine.Profile{Rows: 1000, Columns: []engine.ColumnProfile{col("label", cases.Text, 5, false, false), col("predicted", cases.Text, 5, false, false)}})
	if d.Task != cases.Multiclass || d.Models[0].Prediction != "predicted" {
		t.Errorf("multiclass: %+v", d)
	}
	d = plan.Guess("d.csv", &engine.Profile{Rows: 10, Columns: []engine.ColumnProfile{col("a", cases.Text, 9, false, false)}})
	if len(d.Notes) == 0 {
		t.Error("nothing recognised, and nothing said")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(contractExample)
	f.Add(base)
	f.Add("name: p\ntask: binary\nconnections: {w: {kind: postgres, url: env:W}, l: {kind: sqlite, path: l.db}}\ndata: {source: {connection: w, query: select 1, resume_by: id, max_rows: 5}, columns: {id: id, cluster: [u, i], label: {column: y, positive: 1}}}\n" +
		"models: {candidate: {source: s3://b/k.parquet?region=x, score: s, threshold: 0.5}}\ncontrol: {degrade: 10%}\nexact: false\nextends: {git: ./s, rev: v1, file: t.yaml, sha256: 00}\n")
	f.Add("name: r\ntask: regression\ndata: {source: d.arrow, columns: {label: y}}\nmodels: {candidate: {prediction: p, interval: {lower: l, upper: h, level: 0.9}}}\nslices: [{column: y, quantiles: 10}]\nextends: [https://h/t.yaml, {url: https://h/t.yaml, sha256: 00}]\n")
	f.Add("name: g\ntask: generation\ndata: {source: d.jsonl, columns: {id: id, cluster: doc}}\nmodels: {candidate: {provider: recorded, source: a.jsonl}}\nscorers: [{type: length, max: 5, as: short}]\nstop: {when: decided, looks: 3, min_cases: 20, spending: pocock, futility: 10%}\ngates: [{metric: short, at_least: 0.5}]\n")
	f.Add("a: &x [*x]")
	f.Add("name: {<<: 1}\n? [a]\n: b")
	f.Fuzz(func(t *testing.T, src string) {
		p, err := parse(src)
		if err == nil {
			roundTrip(t, p)
			return
		}
		var bad *plan.Errors
		if !errors.As(err, &bad) || len(bad.List) == 0 {
			t.Fatalf("not a list of problems: %v", err)
		}
		lines := strings.Count(src, "\n") + 1
		for _, q := range bad.List {
			if q.Msg == "" || q.Line < 1 || q.Line > lines {
				t.Errorf("problem %q at line %d of %d", q.Msg, q.Line, lines)
			}
		}
	})
}
