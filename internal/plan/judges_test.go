package plan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/rubric"
)

const judged = `name: j
task: rag
data: {source: cases.jsonl, columns: {id: id, question: q, reference: r, contexts: c}}
models:
  candidate: {provider: openai, base_url: "http://127.0.0.1:1/v1", model: gpt-4o, prompt: {messages: [{role: user, content: "{{q}}"}]}}
judges:
  strict: {provider: openai, base_url: "http://127.0.0.1:2/v1", model: gpt-4.1, key: "env:K", params: {temperature: 0}, price: {in: 1, out: 2}, seed: 1}
  other: {provider: anthropic, model: claude-x, key: "env:K"}
scorers:
  - type: judge
    as: helpful
    judge: strict
    repeats: 3
    rubric:
      criterion: Does it help?
      levels:
        - {value: 1, name: good, means: it helps}
        - {value: 0.5, name: fair, means: it helps a little}
        - {value: 0, name: bad, means: it does not}
gates:
  - {metric: helpful, at_least: 0.5}
`

func loadJudged(t *testing.T, text string, files map[string]string) (*plan.Plan, error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return plan.LoadText([]byte(text), filepath.Join(dir, "plan.yaml"), catalogue{metric.NewCatalogue()}, nil, nil, nil)
}

// A judge is who is asked what, and how often: any other part is another identity, and
// what only says where and how fast to ask is not.
func TestJudgeIdentity(t *testing.T) {
	load := func(text string) string {
		t.Helper()
		p, err := loadJudged(t, text, nil)
		if err != nil {
			t.Fatal(err)
		}
		roundTrip(t, p)
		if err := validate(t, schema(t), text); err != nil {
			t.Errorf("the schema refuses %s: %v", text, err)
		}
		return p.Scorers[0].Judge.Identity
	}
	whole := load(judged)
	seen := map[string]string{whole: "the plan"}
	for _, e := range [][2]string{
		{"model: gpt-4.1", "model: gpt-4.2"},
		{"temperature: 0", "temperature: 1"},
		{"seed: 1", "seed: 2"},
		{"provider: openai, base_url: \"http://127.0.0.1:2/v1\"", "provider: openai, api: responses, base_url: \"http://127.0.0.1:2/v1\""},
		{"Does it help?", "Does it help much?"},
		{"it helps a little", "it helps some"},
		{"value: 0.5", "value: 0.6"},
		{"name: fair", "name: middling"},
		{"repeats: 3", "repeats: 2"},
		{"judge: strict", "judge: other"},
		{"judge: strict", "judge: [strict, other]"},
		{"judge: strict", "judge: [strict, other]\n    vote: majority"},
		{"criterion:", "shows: [answer]\n      criterion:"},
		{"criterion:", "evidence: false\n      criterion:"},
		{"criterion:", "examples: [{answer: x, level: bad}]\n      criterion:"},
		{"repeats: 3", "repeats: 3\n    logprobs: true"},
	} {
		id := load(replacedIn(t, judged, e[0], e[1]))
		if other, twice := seen[id]; twice {
			t.Errorf("%q has the identity of %s", e[1], other)
		}
		seen[id] = e[1]
	}
	for _, e := range [][2]string{{"env:K\", params", "file:k\", params"}, {"127.0.0.1:2", "127.0.0.1:3"}, {"price: {in: 1, out: 2}, ", ""}, {"as: helpful", "as: kind\n    threshold: 0.5"}, {"metric: helpful", "metric: kind"}} {
		text := judged
		if strings.Contains(e[1], "kind") {
			text = strings.ReplaceAll(text, "helpful", "kind")
			if e[0] == "as: helpful" {
				e = [2]string{"as: kind", e[1]}
			} else {
				e = [2]string{"judge: strict", "judge: strict"}
			}
		}
		if id := load(replacedIn(t, text, e[0], e[1])); id != whole {
			t.Errorf("%q is another judge", e[1])
		}
	}
	a, b := load(replacedIn(t, judged, "judge: strict", "judge: [strict, other]")), load(replacedIn(t, judged, "judge: strict", "judge: [other, strict]"))
	if a != b {
		t.Error("the order of an ensemble makes another judge")
	}
}

func replacedIn(t *testing.T, text, from, to string) string {
	t.Helper()
	if !strings.Contains(text, from) {
		t.Fatalf("%q does not stand in the plan", from)
	}
	return strings.Replace(text, from, to, 1)
}

// Recorded verdicts and rubrics are files: what they hold is part of who judges.
func TestJudgeFiles(t *testing.T) {
	text := replacedIn(t, judged, "other: {provider: anthropic, model: claude-x, key: \"env:K\"}", "old: {provider: recorded, source: v.jsonl}")
	text = replacedIn(t, text, "judge: strict", "judge: old")
	i := strings.Index(text, "    rubric:\n")
	j := strings.Index(text, "gates:")
	inline := text[i+len("    rubric:\n") : j]
	text = text[:i] + "    rubric: r.yaml\n" + text[j:]
	rub := strings.ReplaceAll(inline, "      ", "")
	id := func(v, r string) string {
		t.Helper()
		p, err := loadJudged(t, text, map[string]string{"v.jsonl": v, "r.yaml": r})
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(p)
		if err != nil || strings.Contains(string(b), p.Dir) {
			t.Errorf("the plan names its folder: %v", err)
		}
		return p.Scorers[0].Judge.Identity
	}
	one := id("{}\n", rub)
	if id("{}\n", rub) != one || id("{ }\n", rub) == one || id("{}\n", strings.Replace(rub, "it helps a", "it is a", 1)) == one {
		t.Error("the identity does not follow the files")
	}
	for _, e := range []struct{ rubric, want string }{
		{strings.Replace(rub, "name: bad", "name: Good", 1), `two are called "Good"`},
		{strings.Replace(rub, "means: it does not", "mean: x", 1), `r.yaml:5:`},
		{"criterion: [", "r.yaml:1:"},
		{"", "r.yaml:1:1"},
		{"tree: {ask: Is it?, yes: 1}", `"no" is required`},
		{"tree: {ask: Is it?, yes: 1, no: {ask: '', yes: 1, no: 0}}", "empty"},
		{"tree: {ask: Is it?, yes: 1, no: 1}", "all values are alike"},
		{"tree: {ask: \"Is {{ answer }} right?\", yes: 1, no: 0}", "{{ answer }} would be sent as it stands"},
		{"tree: {ask: Is it?, options: {a: 1}}", "2 to 20 options"},
		{"criterion: x\nshows: [question]\n" + rub[strings.Index(rub, "levels"):], "add answer"},
	} {
		_, err := loadJudged(t, text, map[string]string{"v.jsonl": "{}\n", "r.yaml": e.rubric})
		if err == nil || !strings.Contains(err.Error(), e.want) {
			t.Errorf("%q: %v, want %q", e.rubric, err, e.want)
		}
	}
	if _, err := loadJudged(t, text, map[string]string{"r.yaml": rub}); err == nil || !strings.Contains(err.Error(), "v.jsonl: no such file") {
		t.Errorf("no recorded verdicts: %v", err)
	}
}

func TestSameFamily(t *testing.T) {
	p, err := loadJudged(t, judged, nil)
	if err != nil {
		t.Fatal(err)
	}
	if f := p.Scorers[0].Judge.SameFamily; len(f) != 1 || !strings.Contains(f[0], "of the family gpt") {
		t.Errorf("%q", f)
	}
	for model, want := range map[string]string{"gpt-4o-mini": "gpt", "openai/gpt-4": "gpt", "claude-sonnet-4": "claude", "gemma-3-270m": "gemini", "models/gemini-2.0": "gemini",
		"meta-llama/Llama-3.1-8B-Instruct": "llama", "mixtral-8x7b": "mistral", "Qwen2.5-7B": "qwen", "deepseek-r1": "deepseek", "phi-4": "phi", "phi3": "phi", "command-r-plus": "command",
		"my-model": "", "": "", "o3-mini": "gpt", "graphite": "", "philosopher": ""} {
		if got := plan.Family(model); got != want {
			t.Errorf("%s is of %q, want %q", model, got, want)
		}
	}
}

// Rubrics of every kind, in the plan and beside it: a list of problems that name a line,
// or a judge whose procedure begins with a question and whose plan survives a record.
func FuzzRubric(f *testing.F) {
	f.Add("criterion: c\nlevels:\n- {value: 1, name: good, means: x}\n- {value: 0, means: y}\nshows: [answer]\nevidence: false\nexamples: [{answer: a, level: good, evidence: [b]}]\n")
	f.Add("tree:\n  ask: a\n  yes: 1\n  no: {ask: b, options: {x: 1, y: .5, z: {ask: c, yes: 0, no: 1e99}}}\n")
	f.Add("tree: &t {ask: a, yes: *t, no: 0}")
	f.Add("a: &a {ask: q, yes: 1, no: 0}\nb: &b {ask: q, yes: *a, no: *a}\ntree: {ask: q, yes: *b, no: *b}\n")
	f.Add("levels: [{value: .nan, means: x}, {value: .inf, means: y}]\ncriterion: c")
	f.Add("\x00")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "r.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		i, j := strings.Index(judged, "    rubric:\n"), strings.Index(judged, "gates:")
		p, err := plan.LoadText([]byte(judged[:i]+"    rubric: r.yaml\n"+judged[j:]), filepath.Join(dir, "plan.yaml"), catalogue{metric.NewCatalogue()}, nil, nil, nil)
		if err != nil {
			var bad *plan.Errors
			if !errors.As(err, &bad) || len(bad.List) == 0 || bad.List[0].Line < 1 {
				t.Fatalf("not a list of problems: %v", err)
			}
			return
		}
		roundTrip(t, p)
		r := p.Scorers[0].Judge.Rubric
		if turn := r.Procedure(false).Turn(rubric.Shown{Answer: "x"}, nil); turn.Ask == nil {
			t.Errorf("no question: %+v", turn)
		}
		if lo, hi := p.Scorers[0].Range(); !(lo < hi) {
			t.Errorf("the range from %g to %g", lo, hi)
		}
	})
}

// A few lines of YAML that stand for millions of questions are refused, not expanded.
func TestRubricBomb(t *testing.T) {
	text := "a0: &a0 {ask: q, yes: 1, no: 0}\n"
	for i := 1; i < 19; i++ {
		text += fmt.Sprintf("a%d: &a%d {ask: q, yes: *a%d, no: *a%d}\n", i, i, i-1, i-1)
	}
	text += "tree: *a18\n"
	i, j := strings.Index(judged, "    rubric:\n"), strings.Index(judged, "gates:")
	start := time.Now()
	if _, err := loadJudged(t, judged[:i]+"    rubric: r.yaml\n"+judged[j:], map[string]string{"r.yaml": text}); err == nil {
		t.Error("it is taken")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it takes %s", took)
	}
}
