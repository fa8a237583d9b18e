package cli_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
)

// A judge of the candidate's family, and budgets: what was paid is kept, and the next run
// goes on.
func TestJudgeFamilyAndBudget(t *testing.T) {
	t.Parallel()
	b := newJudgeBench(t, func(string, stub.Call) stub.Reply { return said("good") })
	b.answers(map[string][]string{"candidate": {"a", "b", "c", "d", "e", "f"}})
	b.plan("candidate: {provider: recorded, source: candidate.jsonl, name: gpt-4o}", oneJudge, "judge: strict, rubric: rubric.yaml")
	if out, _ := b.run(0, "check", "plan.yaml"); !strings.Contains(out, "judges.strict (gpt-judge) and models.candidate (gpt-4o) are of the family gpt") {
		t.Error(out)
	}
	if _, stderr := b.run(4, "run", "plan.yaml", "-q", "-o", "out", "--set", "limits={budget: {calls: 4}}"); !strings.Contains(stderr, "judges.strict for good: budget spent") || !strings.Contains(stderr, "4 answers are kept") {
		t.Error(stderr)
	}
	b.run(0, "run", "plan.yaml", "-q", "-o", "out")
	if n := len(b.asked()); n != 6 {
		t.Errorf("%d calls over both runs, want 6", n)
	}
	if r := b.record("out"); len(r.Data.Findings) != 1 || r.Data.Findings[0].Code != "judge_of_same_family" {
		t.Errorf("%+v", r.Data.Findings)
	}
	b.env = map[string]string{"JUDGE_KEY": "sk-wrong-judge-key"}
	_, stderr := b.run(4, "run", "plan.yaml", "-q", "-o", "x", "--set", "judges.strict.model=other")
	if strings.Contains(stderr, "sk-wrong-judge-key") || !strings.Contains(stderr, "judges.strict for good") {
		t.Error(stderr)
	}
}

// The program is killed while judges are asked: no verdict that had arrived is asked for
// again, and the scores are those of an undisturbed run.
func TestJudgeKilled(t *testing.T) {
	t.Parallel()
	bin := binary(t)
	const n, kills = 300, 4
	b := newJudgeBench(t, func(answer string, _ stub.Call) stub.Reply {
		r := said([]string{"good", "fair", "bad"}[len(answer)%3])
		r.Delay = 4 * time.Millisecond
		return r
	})
	var list []string
	for i := range n {
		list = append(list, strings.Repeat("x", 1+i%7)+fmt.Sprint(i))
	}
	b.answers(map[string][]string{"candidate": list})
	b.plan(oneModel, oneJudge, "judge: strict, rubric: rubric.yaml, repeats: 2")
	total := 0
	for k := range kills {
		c := command(bin, b.dir, []string{"JUDGE_KEY=" + judgeKey, "HOME=" + b.dir, "FAIRTRIAL_CEILING=" + b.dir}, "run", "plan.yaml", "-q", "-o", "out")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(time.Minute)
		for want := (k + 1) * 80; ; time.Sleep(2 * time.Millisecond) {
			b.mu.Lock()
			seen := len(b.in)
			b.mu.Unlock()
			if seen >= want || time.Now().After(deadline) {
				break
			}
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait()
	}
	b.run(0, "run", "plan.yaml", "-q", "-o", "out")
	total = len(b.asked())
	if total > 2*n+kills*4 {
		t.Errorf("%d calls for %d verdicts, with %d kills of 4 calls in flight", total, 2*n, kills)
	}
	killed := b.record("out")
	if calls := killed.Run.Judges[0].Calls; calls < int64(total) {
		t.Errorf("the account has %d of %d calls", calls, total)
	}
	b.run(0, "run", "plan.yaml", "-q", "-o", "whole", "--fresh")
	if whole := b.record("whole"); whole.ResultDigest != killed.ResultDigest {
		t.Error("another result than that of an undisturbed run")
	}
}

// Ctrl-C while judges are asked: what came is kept, the message says so, and the next run
// asks for the rest.
func TestJudgeInterrupted(t *testing.T) {
	t.Parallel()
	bin := binary(t)
	const n = 200
	b := newJudgeBench(t, func(string, stub.Call) stub.Reply {
		r := said("fair")
		r.Delay = 5 * time.Millisecond
		return r
	})
	var list []string
	for i := range n {
		list = append(list, fmt.Sprint("answer ", i))
	}
	b.answers(map[string][]string{"candidate": list})
	b.plan(oneModel, oneJudge, "judge: strict, rubric: rubric.yaml")
	c := command(bin, b.dir, []string{"JUDGE_KEY=" + judgeKey, "HOME=" + b.dir, "FAIRTRIAL_CEILING=" + b.dir}, "run", "plan.yaml", "-o", "out")
	var stderr strings.Builder
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		b.mu.Lock()
		seen := len(b.in)
		b.mu.Unlock()
		if seen >= 50 {
			break
		}
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err == nil || !strings.Contains(stderr.String(), "judges.strict for good: ") || !strings.Contains(stderr.String(), "answers are kept; the same command goes on from there") {
		t.Errorf("%v\n%s", err, stderr.String())
	}
	b.run(0, "run", "plan.yaml", "-q", "-o", "out")
	if calls := len(b.asked()); calls != n {
		t.Errorf("%d calls for %d verdicts", calls, n)
	}
}

// Judges on each wire: the question, with the rubric and the answer in it, goes out in the
// provider's form, and the verdict comes back from it.
func TestJudgeWires(t *testing.T) {
	t.Parallel()
	const verdict = `{\"evidence\": [], \"reasoning\": \"r\", \"level\": \"fair\"}`
	for name, e := range map[string]struct{ judge, reply, want string }{
		"anthropic": {"{provider: anthropic, base_url: \"URL\", model: m, key: \"env:JUDGE_KEY\", params: {max_tokens: 300}}",
			`{"content": [{"type": "text", "text": "` + verdict + `"}], "stop_reason": "end_turn", "usage": {"input_tokens": 5, "output_tokens": 6}}`, `"system":`},
		"ollama":    {"{provider: ollama, base_url: \"URL\", model: m}", `{"message": {"role": "assistant", "content": "` + verdict + `"}, "done": true, "done_reason": "stop"}`, `"role":"system"`},
		"responses": {"{provider: openai, api: responses, base_url: \"URL\", model: m, key: \"env:JUDGE_KEY\"}", `{"status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": "` + verdict + `"}]}]}`, `"input":`},
		"azure":     {"{provider: azure, base_url: \"URL\", model: m, key: \"env:JUDGE_KEY\", api_version: v1}", `{"choices": [{"message": {"content": "` + verdict + `"}, "finish_reason": "stop"}]}`, `"role":"system"`},
		"http":      {"{provider: http, base_url: \"URL\", body: {ask: \"{{prompt}}\", a: \"{{vars.answer}}\", r: \"{{vars.reference}}\"}, answer: $.said}", `{"said": "` + verdict + `"}`, `"a":"hello","ask":"You judge`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var got string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				mu.Lock()
				got = string(body)
				mu.Unlock()
				fmt.Fprint(w, e.reply)
			}))
			defer s.Close()
			b := &judgeBench{t: t, dir: t.TempDir(), env: map[string]string{"JUDGE_KEY": judgeKey}, url: s.URL}
			b.answers(map[string][]string{"candidate": {"hello"}})
			b.plan(oneModel, "  strict: "+e.judge+"\n", "judge: strict, rubric: rubric.yaml")
			b.run(3, "run", "plan.yaml", "-q", "-o", "out") // one case decides nothing
			if v, why := b.shownScore("c0"); v == nil || *v != 0.5 {
				t.Errorf("%v %s", v, why)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, want := range []string{e.want, "Is it any good?", "hello", "right 0"} {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in the request %s", want, got)
				}
			}
			b.noKey()
		})
	}
}
