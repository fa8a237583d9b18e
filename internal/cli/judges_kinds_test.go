package cli_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
)

var blockIn = regexp.MustCompile(`(?s)===== ([a-z ]+?)( \d+)?( to judge)?(, citing[^=\n]*)? [0-9a-f]{12} =====\n(.*?)\n===== end of`)

// blocks are the texts of a question by the name of their block.
func blocks(prompt string) map[string][]string {
	out := map[string][]string{}
	for _, m := range blockIn.FindAllStringSubmatch(prompt, -1) {
		name := m[1]
		if m[3] != "" {
			name += " to judge"
		}
		out[name] = append(out[name], m[5])
	}
	return out
}

// literal is a judge that goes by the letter: the claims of a text are its sentences, and a
// statement is supported where it stands in the material.
func literal(t *testing.T, b *judgeBench) func(c stub.Call) stub.Reply {
	return func(c stub.Call) stub.Reply {
		b.mu.Lock()
		b.in = append(b.in, c)
		b.mu.Unlock()
		in := blocks(c.Prompt)
		reply := func(v any) stub.Reply {
			x, err := json.Marshal(v)
			if err != nil {
				t.Error(err)
			}
			return stub.Answer(string(x))
		}
		body := string(c.Body)
		switch {
		case strings.Contains(body, `{\"claims\":`):
			var claims []string
			for _, name := range []string{"answer to judge", "reference answer"} {
				for _, text := range in[name] {
					for _, s := range strings.Split(text, ".") {
						if s = strings.TrimSpace(s); s != "" && s != "I do not know" {
							claims = append(claims, s)
						}
					}
				}
			}
			if claims == nil {
				claims = []string{}
			}
			return reply(map[string]any{"claims": claims})
		case strings.Contains(body, `\"verdicts\"`):
			var list []map[string]any
			for i, s := range in["statement"] {
				verdict := "unsupported"
				for _, text := range append(append(in["context"], in["reference answer"]...), in["answer to judge"]...) {
					if strings.Contains(text, strings.TrimSuffix(s, ".")) {
						verdict = "supported"
					}
				}
				list = append(list, map[string]any{"number": i + 1, "evidence": s, "reasoning": "by the letter", "verdict": verdict})
			}
			return reply(map[string]any{"verdicts": list})
		case strings.Contains(body, `\"better\"`):
			one, two := in["first answer"][0], in["second answer"][0]
			better := "first" // a judge that likes the first place, unless one answer is much longer
			if len(two) > len(one)+5 {
				better = "second"
			}
			return reply(map[string]any{"evidence": []string{}, "reasoning": "longer", "better": better})
		}
		t.Errorf("a question of no kind: %s", body)
		return stub.Fail(400, "unknown", "unknown")
	}
}

func newLiteralBench(t *testing.T) *judgeBench {
	t.Helper()
	b := &judgeBench{t: t, dir: t.TempDir(), env: map[string]string{"JUDGE_KEY": judgeKey}}
	s, err := stub.New(literal(t, b))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	b.url = s.URL + "/v1"
	return b
}

func (b *judgeBench) kinds(task, columns, models, scorers, gates string) {
	b.write("plan.yaml", "name: judged\ntask: "+task+"\ndata: {source: cases.jsonl, columns: {id: id, question: q, reference: ref"+columns+"}}\nmodels: {"+models+"}\n"+
		"judges:\n"+strings.ReplaceAll(oneJudge, "URL", b.url)+"limits: {concurrency: 4, retries: 1}\nscorers:\n"+scorers+"gates:\n"+gates)
}

// Claims of real answers are listed and judged one by one; each measure is the share that
// its definition says, and stored verdicts are not paid for again.
func TestJudgeGrounding(t *testing.T) {
	t.Parallel()
	b := newLiteralBench(t)
	b.write("cases.jsonl", `{"id": "a", "q": "Where?", "ref": "In Rome. By the river", "ctx": ["In Rome. By the river", "Bread is cheap"]}
{"id": "b", "q": "When?", "ref": "In May", "ctx": ["In May"]}
{"id": "c", "q": "Who?", "ref": "Ann", "ctx": ["Ann. Bob"]}
{"id": "d", "q": "Why?", "ref": "No reason", "ctx": []}
`)
	b.write("candidate.jsonl", `{"id": "a", "output": "In Rome. In Paris."}
{"id": "b", "output": "In May [1]."}
{"id": "c", "output": "I do not know."}
{"id": "d", "output": "Because."}
`)
	b.kinds("rag", ", contexts: ctx", oneModel, `  - {type: faithfulness, judge: strict, none: 1}
  - {type: hallucination, judge: strict}
  - {type: factual_correctness, judge: strict, as: correct}
  - {type: context_recall, judge: strict}
  - {type: citation_recall, judge: strict}
`, "  - {metric: faithfulness, at_least: 0.01, min_rows: 2, max_ungraded: 100%}\n  - {metric: hallucination, at_most: 0.999, min_rows: 2, max_ungraded: 100%, severity: warn}\n")
	_, stderr := with3(b, "run", "plan.yaml", "-o", "out")
	if !strings.Contains(stderr, "report:") {
		t.Fatal(stderr)
	}
	r := b.record("out")
	want := map[string]struct {
		value float64
		n     int64
	}{
		"faithfulness":    {(0.5 + 0 + 1) / 3, 3}, // b cites: "In May [1]" does not stand in a context by the letter
		"hallucination":   {(0.5 + 1) / 2, 2},     // c claims nothing, d has no context
		"correct":         {(0.5 + 0 + 0) / 3, 3}, // c claims nothing
		"context_recall":  {1, 3},
		"citation_recall": {(0 + 1 + 0) / 3., 3},
	}
	for _, e := range r.Estimates {
		if w, ok := want[e.Metric]; ok && e.Slice == "overall" {
			delete(want, e.Metric)
			if e.Value == nil || math.Abs(*e.Value-w.value) > 1e-12 || e.N != w.n {
				t.Errorf("%s: %v of %d, want %v of %d", e.Metric, e.Value, e.N, w.value, w.n)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("no estimate of %v", want)
	}
	first := len(b.asked())
	if first == 0 {
		t.Fatal("nobody was asked")
	}
	out, _ := b.run(0, "show", "out", "--case", "a")
	for _, words := range []string{"faithfulness, judges.strict, repeat 0: 1 supported, 1 unsupported (0.500)", "In Paris: unsupported", "> In Rome"} {
		if !strings.Contains(out, words) {
			t.Errorf("show lacks %q:\n%s", words, out)
		}
	}
	out, _ = b.run(0, "show", "out", "--case", "d")
	if !strings.Contains(out, "ungraded: there is no context") {
		t.Errorf("show of d:\n%s", out)
	}
	with3(b, "score", "out", "-o", "again")
	if n := len(b.asked()); n != 0 {
		t.Errorf("%d calls to score what is stored", n)
	}
	if again := b.record("again"); again.ResultDigest != r.ResultDigest {
		t.Error("another result from the same verdicts")
	}
	b.run(0, "verify", "out")
}

// with3 runs a plan whose verdict does not matter.
func with3(b *judgeBench, args ...string) (string, string) {
	b.t.Helper()
	code, stdout, stderr := with(b.env, b.dir, args...)
	if code != 0 && code != 1 && code != 3 {
		b.t.Fatalf("%v: exit status %d\n%s%s", args, code, stdout, stderr)
	}
	return stdout, stderr
}

// Two answers are compared in both orders: what turns with the order is a tie and is told,
// the same answers are not asked about, and the baseline ties with itself.
func TestJudgePairwise(t *testing.T) {
	t.Parallel()
	b := newLiteralBench(t)
	n := 40
	models := map[string][]string{}
	for i := range n {
		cand, base := "much longer than that", "short"
		switch {
		case i < 4:
			cand = base
		case i < 14:
			cand = "shore" // as long: the place decides
		case i < 19:
			cand, base = base, cand
		}
		models["candidate"], models["baseline"] = append(models["candidate"], cand), append(models["baseline"], base)
	}
	b.answers(models)
	b.kinds("generation", "", twoModels, "  - {type: pairwise, as: preferred, judge: strict, rubric: {criterion: Longer is better., shows: [question, answer]}}\n",
		"  - {metric: preferred, better_than: baseline, min_rows: 2}\n  - {metric: preferred, at_least: 0.4, min_rows: 2}\n")
	b.run(0, "run", "plan.yaml", "-o", "out")
	r := b.record("out")
	if got, want := r.value("candidate"), (14*0.5+21)/40; math.Abs(got-want) > 1e-12 {
		t.Errorf("win rate %g, want %g", got, want)
	}
	if got := r.value("baseline"); got != 0.5 {
		t.Errorf("the baseline against itself: %g", got)
	}
	if calls := len(b.asked()); calls != 2*(n-4) {
		t.Errorf("%d calls, want two for each of %d pairs that differ", calls, n-4)
	}
	told := ""
	for _, f := range r.Data.Findings {
		if f.Code == "judge_flips" {
			told = f.Text
		}
	}
	if !strings.Contains(told, "in 0.278 of 36 comparisons") || !strings.Contains(told, "in 10 of 10 it prefers the first place both times") {
		t.Errorf("flips: %q", told)
	}
	b.run(0, "verify", "out")

	// A person preferred the longer one; the card has that beside how the judge agrees with itself.
	labels := "id,model,label\n"
	for i := range n {
		right := 1.0
		switch {
		case i < 14:
			right = 0.5
		case i < 19:
			right = 0
		}
		labels += fmt.Sprintf("c%d,candidate,%g\n", i, right)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "labels.csv"), []byte(labels), 0o644); err != nil {
		t.Fatal(err)
	}
	out, _ := b.run(0, "judge", "card", "out", "--scorer", "preferred", "--labels", "labels.csv")
	for _, want := range []string{"flip rate              0.278 (0.158 to 0.44", "n = 36", "first place            1.00 (0.722 to 1.00)", "n = 10", "favours the answer that it is shown first", "Krippendorff's alpha   1.00"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in the card:\n%s", want, out)
		}
	}
	out, _ = b.run(0, "judge", "card", "out", "--scorer", "preferred", "--labels", "labels.csv", "--json")
	var card struct {
		FlipRate *struct{ N int } `json:"flip_rate"`
		Ensemble *struct{ N int } `json:"ensemble_alpha"`
	}
	if err := json.Unmarshal([]byte(out), &card); err != nil || card.FlipRate == nil || card.FlipRate.N != 36 || card.Ensemble != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// What these scorers cannot be asked is told before anything is.
func TestJudgeKindsRefused(t *testing.T) {
	t.Parallel()
	b := newLiteralBench(t)
	b.answers(map[string][]string{"candidate": {"a"}, "baseline": {"b"}})
	for _, c := range []struct{ models, scorer, says string }{
		{oneModel, "{type: pairwise, judge: strict, rubric: {criterion: x}}", "the plan has none"},
		{twoModels, "{type: pairwise, judge: strict, rubric: {criterion: x, levels: []}}", "levels"},
		{twoModels, "{type: pairwise, judge: strict, rubric: {shows: [answer]}}", "a comparison needs a criterion"},
		{strings.Replace(twoModels, "candidate.jsonl", "candidate.jsonl, samples: 2", 1), "{type: pairwise, judge: strict, rubric: {criterion: x}}", "sample by sample"},
		{oneModel, "{type: faithfulness, judge: strict}", "neither cases nor answers have any"},
		{oneModel, "{type: faithfulness, judge: other}", `the plan has no judge "other"`},
		{oneModel, "{type: factual_recall, judge: strict, rubric: r.yaml}", "rubric"},
		{oneModel, "{type: factual_recall, judge: strict, none: 2}", "from 0 to 1"},
		{oneModel, "{type: factual_recal, judge: strict}", `did you mean "factual_recall"?`},
		{oneModel, "faithfulness", "it needs the key judge, one of the plan's judges"},
		{oneModel, "{type: factual_recall, judge: strict, vote: majority, repeats: 3}", "there is no majority"},
	} {
		b.kinds("generation", "", c.models, "  - "+c.scorer+"\n", "  - {metric: judge, at_least: 0.5}\n")
		code, stdout, stderr := with(b.env, b.dir, "check", "plan.yaml")
		if code != 2 || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit status %d, want 2 and %q\n%s%s", c.scorer, code, c.says, stdout, stderr)
		}
	}
	if n := len(b.asked()); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// A plan that stops when decided asks its judges stage by stage: nothing twice, and no more
// than the cases that were looked at.
func TestJudgeStopsWhenDecided(t *testing.T) {
	t.Parallel()
	b := newLiteralBench(t)
	models := map[string][]string{}
	for i := range 300 {
		cand, base := "much longer than that", "short"
		if i%10 == 0 {
			cand, base = base, cand
		}
		models["candidate"], models["baseline"] = append(models["candidate"], cand), append(models["baseline"], base)
	}
	b.answers(models)
	b.kinds("generation", "", twoModels, "  - {type: pairwise, as: preferred, judge: strict, rubric: {criterion: Longer is better., shows: [question, answer]}}\n",
		"  - {metric: preferred, better_than: baseline}\nstop: when decided\n")
	b.run(0, "run", "plan.yaml", "-o", "out")
	var r struct {
		ResultDigest string `json:"result_digest"`
		Sequential   struct{ Asked int64 }
		Run          struct {
			Judges []struct{ Cases, Calls int64 }
		}
	}
	read := func(folder string) {
		t.Helper()
		raw, err := os.ReadFile(filepath.Join(b.dir, folder, "record.json"))
		if err == nil {
			err = json.Unmarshal(raw, &r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	read("out")
	calls := int64(len(b.asked()))
	if r.Sequential.Asked == 0 || r.Sequential.Asked >= 300 || calls != 2*r.Sequential.Asked {
		t.Errorf("%d calls on %d cases of 300", calls, r.Sequential.Asked)
	}
	if len(r.Run.Judges) != 1 || r.Run.Judges[0].Cases != r.Sequential.Asked || r.Run.Judges[0].Calls != calls {
		t.Errorf("the record says %+v of %d calls", r.Run.Judges, calls)
	}
	b.run(0, "verify", "out")
	b.run(0, "verify", "out", "--rerun")
	digest := r.ResultDigest
	b.run(0, "run", "plan.yaml", "-o", "again")
	if read("again"); r.ResultDigest != digest {
		t.Error("another result from the same answers and verdicts")
	}
	b.run(0, "run", "plan.yaml", "-o", "fresh", "--fresh")
	if n := int64(len(b.asked())); n != calls {
		t.Errorf("%d calls after --fresh and none before it, want %d", n, calls)
	}
}
