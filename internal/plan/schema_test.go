package plan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What Parse accepts, the JSON Schema accepts: an editor must not underline a plan that
// runs.
func TestSchemaAcceptsWhatParseAccepts(t *testing.T) {
	s := schema(t)
	edits := [][2]string{
		{"name: p", "name: 2024"},
		{"name: p", "name: p\nobjective: 12\nowner: true\ntier: 3\nconfidence: 0.99\nseed: 0\nworkers: 4\nmax_slices: 1\nkeep_scores: 0"},
		{"name: p", "name: p\nseed: 1000000000000000"},
		{"source: d.csv", "source: d.csv\n  where: \"a IN (1, 2) AND NOT b LIKE 'x%'\"\n  missing: exclude\n  max_missing: {predictions: 0.5, labels: 2.5 %}"},
		{"label: {column: y, positive: 1}", "label: y"},
		{"label: {column: y, positive: 1}", "label: {column: 2024, positive: yes}, cluster: c, time: t"},
		{"label: {column: y, positive: 1}", "label: {column: y}"},
		{"threshold: 0.5", "threshold: -3, name: 1, version: 2.0, artifact: {git: abc, build: 7}"},
		{"threshold: 0.5", "threshold: 0.5, source: v.csv"},
		{"threshold: 0.5", "threshold: 0.5, mlflow: models:/credit@champion, source: runs:/0123ab/eval/p.parquet"},
		{"source: d.csv", "source: models:/credit/3/p.csv"},
		{"slices: [", "slices: [2024, [a, b, c, d], {column: age, bins: [1]}, {column: x}, {column: z, quantiles: 10}, {name: 7, where: \"b IS NULL\"}, "},
		{"slices: [region, {name: old, where: \"age > 60\"}]", "slices: []"},
		{"metrics: [", "metrics: [f1, pr_auc, {metric: partial_roc_auc, max_fpr: 0.1}, {metric: recall_at_count, count: 100}, {metric: f_beta, beta: 0.5, as: 5, equivalence: 0.1}, {metric: expected_cost, cost: {fp: 1, fn: 2, tp: -1, tn: 0}}, "},
		{"metrics: [roc_auc, recall, ece]", "metrics: []"},
		{"at_least: 0.7", "at_most: 1, name: 1, why: 2, model: candidate, severity: warn, min_rows: 1, confidence: 0.9, evidence: value, on_inconclusive: warn"},
		{"at_least: 0.7", "between: [0, 1], slices: all, require: no_harm, proven_share: 50%"},
		{"at_least: 0.7", "at_least: 0.7, slices: old"},
		{"at_least: 0.7", "at_least: 0.7, slices: [old, region=DE], require: proof"},
		{"at_least: 0.7", "no_worse_than: baseline, margin: 0.5%"},
		{"at_least: 0.7", "better_than: baseline"},
		{"at_least: 0.7", "better_than: baseline, margin: 0"},
		{"at_least: 0.7", "across: 2024, difference_at_most: 2, reference: 1, small_groups: report"},
		{"at_least: 0.7", "across: sex, ratio_at_least: 0.8, reference: yes"},
		{"gates:\n  - {metric: roc_auc, at_least: 0.7}", "gates: []"},
		{"name: p", "name: p\nplugins: {a: python3 a.py, b: [python3, b.py], c: {command: c, timeout: 5m}}\nscorers: [a, {type: b, as: bee, direction: down, range: [0, 5]}, {type: c, pass_fail: true}]"},
		{"name: p", "name: p\nscorers: [on_the_path]"},
		{"score: s, threshold: 0.5", "plugin: a, threshold: 0.5"},
		{"roc_auc, at_least: 0.7", "mine, at_least: 0.7, max_ungraded: 5%}\nscorers:\n  - {type: mine"},
	}
	for _, e := range edits {
		src := replaced(t, e[0], e[1])
		if _, err := parse(src); err != nil {
			t.Errorf("%q: Parse: %v", e[1], err)
		}
		if err := validate(t, s, src); err != nil {
			t.Errorf("%q: the schema refuses it: %v", e[1], err)
		}
	}
}

// The form of generative plans is one of its own.
func TestSchemaOfGeneration(t *testing.T) {
	s := schema(t)
	for _, e := range []struct {
		data, model, scorers string
		bad                  bool
	}{
		{"columns: {id: id, reference: answer}", "{provider: recorded, source: a.jsonl}", "[token_f1, {type: contains-any, value: [a, b], as: x}, mine]\nlimits: {concurrency: auto, retries: 0, budget: {calls: 5, minutes: 0.5}}\nplugins: {mine: m}", false},
		{"columns: {id: id}", "{provider: openai, base_url: http://h/v1, model: m, key: env:K, prompt: {messages: [{role: user, content: \"{{q}}\"}]}, params: {temperature: 0}, price: {in: 1, out: 2}, stream: true, seed: 1, headers: {a: b}}", "[{type: length, max: 5}]", false},
		{"columns: {id: id}", "{provider: http, base_url: http://h, body: {q: \"{{vars.q}}\"}, answer: $.a, contexts: $.c}", "[{type: length, max: 5}]", false},
		{"columns: {id: id}", "{provider: command, command: [./a, b], prompt: {messages: [{role: user, content: x}]}}", "[{type: length, max: 5}]", false},
		{"columns: {id: id}", "{provider: recorded, source: a.jsonl}", "[{type: length, max: 5, as: short}]\nstop: when decided\ngates: [{metric: short, at_least: 0.5}]", false},
		{"columns: {id: id}", "{provider: recorded, source: a.jsonl}", "[{type: length, max: 5, as: short}]\nstop: {when: decided, looks: 3, min_cases: 20, spending: pocock, futility: false}\ngates: [{metric: short, at_least: 0.5}]", false},
		{"columns: {id: id}", "{provider: recorded, source: a.jsonl}", "[{type: length, max: 5, as: short}]\nstop: {when: decided, futility: 10%}\ngates: [{metric: short, at_least: 0.5}]", false},
		{"columns: {id: id}", "{provider: recorded, source: a.jsonl}", "[{type: length, max: 5, as: short}]\nstop: {when: decided, looks: 21}\ngates: [{metric: short, at_least: 0.5}]", true},
		{"columns: {id: id}", "{provider: recorded, source: a.jsonl}", "[{type: length, max: 5, as: short}]\nstop: soon\ngates: [{metric: short, at_least: 0.5}]", true},
		{"columns: {id: id}", "{provider: recorded, source: a.jsonl}", "[{type: length, max: 5, as: short}]\nstop: {looks: 3}\ngates: [{metric: short, at_least: 0.5}]", true},
		{"columns: {id: id}", "{provider: recorded, source: a.jsonl}", "[{type: classifier, classifier: m, category: hate, as: x, threshold: 0.75, direction: up}, {type: classifier, classifier: a, range: [0, 5]}]\nclassifiers: {m: {provider: openai, base_url: http://h/v1, model: e, key: env:K}, a: {provider: http, base_url: http://h, body: {t: \"{{prompt}}\"}, answer: $.a}, c: {provider: command, command: ./c}}", false},
		{"columns: {id: id}", "{provider: recorded, source: a.jsonl}", "[{type: classifier, category: hate}]\nclassifiers: {m: {provider: openai, base_url: http://h/v1, model: e}}", true},
		{"columns: {id: id}", "{provider: recorded, source: a.jsonl}", "[{type: classifier, classifier: m, category: hate, embeddings: m}]\nclassifiers: {m: {provider: openai, base_url: http://h/v1, model: e}}", true},
		{"columns: {id: id}", "{provider: recorded, source: a.jsonl}", "[{type: length, max: 5}]\nclassifiers: {m: {provider: anthropic, model: e, key: env:K}}", true},
		{"columns: {id: id}", "{provider: recorded, source: a.jsonl}", "[{type: length, max: 5}]\nclassifiers: {m: {provider: openai, base_url: http://h/v1, model: e, seed: 1}}", true},
		{"columns: {label: y}", "{provider: recorded, source: a.jsonl}", "[{type: length, max: 5}]", true},
		{"columns: {id: id, reference: r}", "{provider: recorded, source: a.jsonl}", "[{type: similar, embeddings: m, as: x, threshold: 0.75, direction: up}, {type: similar, embeddings: m, value: [a, b]}]\nembeddings: {m: {provider: openai, base_url: http://h/v1, model: e, key: env:K, params: {dimensions: 8}, headers: {a: b}, price: {in: 1, out: 0}}}", false},
		{"columns: {id: id, reference: r}", "{provider: recorded, source: a.jsonl}", "[{type: similar, embeddings: m, value: []}]\nembeddings: {m: {provider: openai, base_url: http://h/v1, model: e}}", true},
		{"columns: {id: id, reference: r}", "{provider: recorded, source: a.jsonl}", "[{type: similar, embeddings: m, threshold: 2}]\nembeddings: {m: {provider: openai, base_url: http://h/v1, model: e}}", true},
		{"columns: {id: id, reference: r}", "{provider: recorded, source: a.jsonl}", "[{type: length, max: 5}]\nembeddings: {m: {provider: openai, base_url: http://h/v1, model: e, prompt: p}}", true},
		{"columns: {id: id, reference: r}", "{provider: recorded, source: a.jsonl}", "[{type: length, max: 5}]\nembeddings: {m: {provider: ollama, base_url: http://h/v1, model: e}}", true},
		{"columns: {id: id}\n  missing: exclude", "{provider: recorded, source: a.jsonl}", "[{type: length, max: 5}]", true},
		{"columns: {id: id}", "{score: s}", "[{type: length, max: 5}]", true},
		{"columns: {id: id}", "{provider: openai, base_url: http://h/v1, model: m, key: sk-x, prompt: {messages: [{role: user, content: x}]}}", "[{type: length, max: 5}]", true},
		{"columns: {id: id}", "{provider: recorded, source: a.jsonl}", "[{type: length, max: 5}]\nlimits: {concurrency: 0}", true},
	} {
		src := "name: p\ntask: generation\ndata:\n  source: d.jsonl\n  " + e.data + "\nmodels: {candidate: " + e.model + "}\nscorers: " + e.scorers + "\n"
		_, err := parse(src)
		if (err != nil) != e.bad {
			t.Errorf("%s: Parse: %v", src, err)
		}
		bad := validate(t, s, src) != nil
		if bad != e.bad {
			t.Errorf("%s: the schema: refused is %v", src, bad)
		}
	}
}

// Both refuse the same mistakes of form. (What the schema cannot know, such as the names
// of metrics, is Parse's alone: TestMistakes.)
func TestSchemaRefusesWhatParseRefuses(t *testing.T) {
	s := schema(t)
	for _, e := range [][2]string{
		{"name: p", "name: ''"}, {"name: p", "name: [p]"}, {"name: p", "name: ~"}, {"name: p", "name: p\nowner: {a: b}"}, {"name: p", "name: p\ntier: 4"}, {"name: p", "name: p\nworkers: -1"}, {"name: p", "name: p\nseed: 1000000000000001"},
		{"name: p", "name: p\nkeep_scores: 0.5"}, {"name: p", "name: p\nextra: 1"}, {"name: p", "name: p\nnotify: {on: nogo}"}, {"name: p", "name: p\nnotify: {slack: https://x/y}"}, {"threshold: 0.5", "mlflow: credit/3"},
		{"task: binary", "task: 1"}, {"task: binary", "task: ~"}, {"source: d.csv", "source: ''"}, {"source: d.csv", "source: d.csv\n  missing: drop"}, {"source: d.csv", "source: d.csv\n  max_missing: 1%"}, {"source: d.csv", "source: d.csv\n  max_missing: {labels: x%}"},
		{"source: d.csv", "source: d.csv\n  where: ''"}, {"label: {column: y, positive: 1}", "cluster: c"}, {"label: {column: y, positive: 1}", "label: [y]"}, {"label: {column: y, positive: 1}", "label: {column: ''}"}, {"label: {column: y, positive: 1}", "label: {column: y, positive: ''}"},
		{"threshold: 0.5", "threshold: '0.5'"}, {"threshold: 0.5", "threshold: [1]"}, {"{score: s, threshold: 0.5}", "s"}, {"{score: s, threshold: 0.5}", "{score: ''}"}, {"threshold: 0.5", "probabilities: [a, b]"}, {"threshold: 0.5", "artifact: x"},
		{"slices: [", "slices: [{column: a, name: b}, "}, {"slices: [", "slices: [{column: a, where: \"b = 1\", name: c}, "}, {"slices: [", "slices: [{column: a, bins: []}, "}, {"slices: [", "slices: [{column: a, quantiles: 1}, "}, {"slices: [", "slices: [{column: a, quantiles: 4, bins: [1]}, "}, {"slices: [", "slices: [[a], "}, {"slices: [", "slices: [[a, b, c, d, e], "}, {"slices: [", "slices: [~, "},
		{"metrics: [", "metrics: [{as: x}, "}, {"metrics: [", "metrics: [[f1], "}, {"metrics: [", "metrics: [{metric: f1, equivalence: 0}, "}, {"metrics: [", "metrics: [{metric: f1, as: ''}, "},
		{"at_least: 0.7", "at_least: 70%"}, {"at_least: 0.7", "between: [1]"}, {"at_least: 0.7", "better_than: baseline, margin: -1"}, {"at_least: 0.7", "across: sex, difference_at_most: 0"}, {"at_least: 0.7", "across: sex, difference_at_most: 1, ratio_at_least: 0.5"},
		{"at_least: 0.7", "at_least: 0.7, slices: []"}, {"at_least: 0.7", "at_least: 0.7, min_rows: 1.5"}, {"at_least: 0.7", "at_least: 0.7, evidence: none"}, {"at_least: 0.7", "at_least: 0.7, confidence: 1"}, {"at_least: 0.7", "severity: warn"},
		{"name: p", "name: p\nplugins: [a]"}, {"name: p", "name: p\nplugins: {a: {timeout: 1m}}"}, {"name: p", "name: p\nplugins: {'a b': c}"}, {"name: p", "name: p\nplugins: {a: ''}"}, {"name: p", "name: p\nplugins: {a: []}"},
		{"name: p", "name: p\nscorers: a"}, {"name: p", "name: p\nscorers: [{as: x}]"}, {"name: p", "name: p\nscorers: [{type: a, direction: left}]"}, {"name: p", "name: p\nscorers: [{type: a, range: [1]}]"}, {"name: p", "name: p\nscorers: [{type: a, as: '1 b'}]"},
	} {
		src := replaced(t, e[0], e[1])
		if _, err := parse(src); err == nil {
			t.Errorf("%q: Parse takes it", e[1])
		}
		if validate(t, s, src) == nil {
			t.Errorf("%q: the schema takes it", e[1])
		}
	}
	files, err := filepath.Glob("testdata/errors/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		known := strings.Contains(f, "tasks") || strings.Contains(f, "regression") // right in form: what fits a task is Parse's matter
		if err := validate(t, s, string(src)); err == nil && !known {
			t.Errorf("%s: the schema takes it", f)
		}
	}
}
