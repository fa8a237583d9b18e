package cli_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
)

// Wrong claims are traced to relevant and to irrelevant contexts by a judge that goes by the
// letter; what is right, and what stands in no context, is nobody's noise.
func TestJudgeNoise(t *testing.T) {
	t.Parallel()
	b := &judgeBench{t: t, dir: t.TempDir(), env: map[string]string{"JUDGE_KEY": judgeKey}}
	byLetter := literal(t, b)
	s, err := stub.New(func(c stub.Call) stub.Reply {
		in := blocks(c.Prompt)
		if len(in["context to judge"]) == 0 {
			return byLetter(c)
		}
		var list []map[string]any
		for i, text := range in["context to judge"] {
			verdict := "irrelevant"
			for _, s := range strings.Split(in["reference answer"][0], ". ") {
				if strings.Contains(text, s) {
					verdict = "relevant"
				}
			}
			list = append(list, map[string]any{"number": i + 1, "evidence": "", "reasoning": "by the letter", "verdict": verdict})
		}
		x, err := json.Marshal(map[string]any{"verdicts": list})
		if err != nil {
			t.Error(err)
		}
		return stub.Answer(string(x))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	b.url = s.URL + "/v1"
	b.write("cases.jsonl", `{"id": "a", "q": "Where?", "ref": "In Rome", "ctx": ["In Rome. By the sea", "Bread is cheap"]}
{"id": "b", "q": "When?", "ref": "In May", "ctx": ["In May", "In June"]}
`)
	b.write("candidate.jsonl", `{"id": "a", "output": "In Rome. By the sea. Bread is cheap. It rains."}
{"id": "b", "output": "In May."}
`)
	b.kinds("rag", ", contexts: ctx", oneModel, `  - {type: noise_sensitivity_relevant, judge: strict}
  - {type: noise_sensitivity_irrelevant, judge: strict, as: misled}
`, "  - {metric: misled, at_most: 0.9, min_rows: 2, severity: warn}\n")
	if _, stderr := b.run(0, "run", "plan.yaml", "-o", "out"); !strings.Contains(stderr, "report:") {
		t.Fatal(stderr)
	}
	want := map[string]float64{"noise_sensitivity_relevant": 0.125, "misled": 0.125}
	for _, e := range b.record("out").Estimates {
		if w, ok := want[e.Metric]; ok && e.Slice == "overall" {
			delete(want, e.Metric)
			if e.Value == nil || math.Abs(*e.Value-w) > 1e-12 || e.N != 2 {
				t.Errorf("%s: %v of %d, want %v of 2", e.Metric, e.Value, e.N, w)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("no estimate of %v", want)
	}
	out, _ := b.run(0, "show", "out", "--case", "a")
	for _, words := range []string{"1 supported, 3 unsupported, contexts: 1 relevant, 1 irrelevant, wrong ones in relevant contexts: 1 supported, 2 unsupported", "Bread is cheap: supported"} {
		if !strings.Contains(out, words) {
			t.Errorf("show lacks %q:\n%s", words, out)
		}
	}
}
