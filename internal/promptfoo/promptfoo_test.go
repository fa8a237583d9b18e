package promptfoo

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/score"
)

func files(t testing.TB, named map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range named {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "promptfooconfig.yaml")
}

func read(t testing.TB, named map[string]string) *Import {
	t.Helper()
	m, err := Read(files(t, named), "promptfooconfig.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func jsonText(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestShort reads assertions in one line as promptfoo's csv.ts does.
func TestShort(t *testing.T) {
	for line, want := range map[string]string{
		"Paris":                       `{"type":"equals","value":"Paris"}`,
		"icontains: Paris ":           `{"type":"icontains","value":"Paris"}`,
		"not-contains-any:a,\"b, c\"": `{"type":"not-contains-any","value":["a","b, c"]}`,
		"rouge-n(0.2): x":             `{"threshold":0.2,"type":"rouge-n","value":"x"}`,
		"levenshtein: x":              `{"threshold":0.75,"type":"levenshtein","value":"x"}`,
		"latency(500)":                `{"threshold":500,"type":"latency"}`,
		"is-json":                     `{"type":"is-json"}`,
		"Perhaps: yes":                `{"type":"equals","value":"Perhaps: yes"}`,
		"grade: is polite":            `{"type":"llm-rubric","value":" is polite"}`,
		"similar(0.8): x":             `{"type":"similar","value":"x"}`,
		"fn: output.length":           `{"type":"javascript","value":" output.length"}`,
		"not-is-refusal":              `{"type":"not-is-refusal"}`,
		"bleu(0.4): the reference":    `{"type":"bleu","value":"the reference"}`, // promptfoo does not read this threshold
		"contains-json:{\"a\": [1]}":  `{"type":"contains-json","value":"{\"a\": [1]}"}`,
	} {
		if got := jsonText(t, expected(line)); got != want {
			t.Errorf("%s: %s, expected %s", line, got, want)
		}
	}
}

// TestNothingIsDropped: what cannot be carried is told with file, line and name.
func TestNothingIsDropped(t *testing.T) {
	m := read(t, map[string]string{"promptfooconfig.yaml": `
prompts:
  - "{{q}} {% if x %}y{% endif %}"
  - file://code.py
  - "{{q}}"
providers:
  - python:x.py
  - echo
nunjucksFilters: {a: b.js}
strange: 1
defaultTest:
  options: {transform: "output.split(' ')[0]", prefix: x}
tests:
  - vars: {q: a}
    assert:
      - {type: contains, value: x}
  - vars: {q: b}
    options: {transform: output}
    provider: echo
    assert:
      - {type: javascript, value: "1"}
      - {type: llm-rubric, value: good}
      - {type: containz, value: x}
      - {type: regex, value: "a(?!b)"}
      - {type: contains, value: ""}
      - {type: contains, value: "{{ q | upper }}"}
      - {type: equals, value: file://get.js}
      - {type: equals, value: x, transform: "output.slice(1)"}
      - {type: latency}
      - {type: is-sql}
      - {$ref: "#/assertionTemplates/none"}
      - {type: contains, value: ok, metric: "{{q}}"}
      - {type: assert-set, assert: [{type: meteor, value: x}, {type: icontains, value: y}]}
  - tests.py
`})
	var told []string
	for _, l := range m.Left {
		told = append(told, l.String())
	}
	all := strings.Join(told, "\n")
	for _, want := range []string{":3: prompts: its template has {%", ":4: prompts code.py: is a program", ":7: providers python:x.py: is not carried", ":9: nunjucksFilters: filters are programs", ":10: strange: is not read",
		`the output goes through the program "output.split(' ')[0]"`, "options.prefix", ":19: tests.provider: is not carried", "javascript: is a program", "llm-rubric: asks a model", "containz: is no type of assertion", "RE2 has no look-around",
		"contains: value: it is empty", "{{ q | upper }}", "get.js", `transform "output.slice(1)" is a program`, ":29: latency:", "is-sql: there is no scorer", "#/assertionTemplates/none is not", "metric {{q}}", "meteor: needs WordNet", "tests tests.py"} {
		if !strings.Contains(all, want) {
			t.Errorf("not told: %s\n%s", want, all)
		}
	}
	if len(m.Cases) != 2 || len(m.Cases[0].Checks) != 0 || len(m.Cases[0].Left) == 0 {
		t.Errorf("%+v", m.Cases)
	}
	if got := jsonText(t, m.Cases[1].Checks); got != `[{"type":"contains","value":"ok"},{"of":[{"type":"icontains","value":"y"}],"type":"set"}]` || len(m.Cases[1].Left) != 12 {
		t.Errorf("%s, left %d %v", got, len(m.Cases[1].Left), m.Cases[1].Left)
	}
	if len(m.Models) != 6 || m.Models[3].Keys != nil || m.Models[5].Keys == nil || m.Partial != 2 {
		t.Errorf("%+v", m.Models)
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1":                                    "promptfooconfig.yaml: not a promptfoo configuration",
		"prompts: [":                              "promptfooconfig.yaml: line 1: not YAML",
		"prompts: [a]\ntests: [file://no.csv]":    "no.csv: no such file",
		"prompts: [a]\ntests: [file://bad.csv]":   "bad.csv:3: 1 fields, and the header has 2",
		"prompts: [a]\ntests: [file://bad.jsonl]": "bad.jsonl: line 2: not JSON",
		"prompts: [a]\ntests: [3]":                "promptfooconfig.yaml:2: a test is a mapping",
		"prompts: [file://no*.txt]":               "no file matches no*.txt",
		"prompts: [3]":                            "a prompt is a text",
		"prompts: [a]\nproviders: [[1]]":          "a provider is a name",
	} {
		path := files(t, map[string]string{"promptfooconfig.yaml": text, "bad.csv": "a,b\n1,2\n3\n", "bad.jsonl": "{}\n{\n"})
		if _, err := Read(path, "promptfooconfig.yaml"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Read("promptfooconfig.js", "promptfooconfig.js"); err == nil || !strings.Contains(err.Error(), "is a program; write it as YAML") {
		t.Error(err)
	}
}

func TestResultsOfAnother(t *testing.T) {
	m := read(t, map[string]string{"promptfooconfig.yaml": "prompts: [a]\nproviders: [echo]\ntests: [{vars: {q: x}}]"})
	for text, want := range map[string]string{
		`{"results":{"results":[{"testIdx":3}]}}`:               "is it of this configuration?",
		`{"results":{"results":[{"testIdx":0},{"testIdx":0}]}}`: "is a second one of test 0",
		`{"results":{}}`:          "it holds no results",
		`{"results":{"results":[`: "EOF",
		`[]`:                      "not the results of",
		`{"results":{"results":[{"testIdx":0,"response":{"output":{"a":1}}}]}}`: "",
	} {
		path := filepath.Join(t.TempDir(), "r.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := m.Results(path, "r.json", func(a Answer) error {
			if want == "" && *a.Output != `{"a":1}` {
				t.Errorf("output %q", *a.Output)
			}
			return nil
		})
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzConfig: whatever is read, its checks are checks that can be run.
func FuzzConfig(f *testing.F) {
	f.Add("prompts: [\"{{a}}\"]\nproviders: [echo]\ntests:\n  - vars: {a: [x, y]}\n    assert: [{type: not-rouge-n, value: \"{{a}}\", weight: 2, metric: m}]\n")
	f.Add("tests: []\nprompts: {id: a, raw: b}\nscenarios: [{config: [{vars: {a: 1}}], tests: [{assert: [{type: is-json, value: {type: object}}]}]}]")
	f.Add("prompts: p\ndefaultTest: {assert: [{type: assert-set, threshold: 0.5, assert: [{type: word-count, value: {min: 1}}]}]}")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file:") || strings.Contains(text, "..") { // no other files
			return
		}
		path := filepath.Join(dir, "promptfooconfig.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := Read(path, "promptfooconfig.yaml")
		if err != nil {
			return
		}
		for _, c := range m.Cases {
			if len(c.Checks) == 0 {
				continue
			}
			checks := any(c.Checks)
			if c.Threshold != nil {
				checks = map[string]any{"of": c.Checks, "threshold": *c.Threshold}
			}
			if _, err := score.NewChecksReader().Read(jsonText(t, checks)); err != nil {
				t.Fatalf("%v of %s", err, jsonText(t, checks))
			}
		}
	})
}

func FuzzExpected(f *testing.F) {
	f.Add("not-contains-any(3): a, \"b")
	f.Fuzz(func(t *testing.T, s string) { _ = jsonText(t, expected(s)) })
}
