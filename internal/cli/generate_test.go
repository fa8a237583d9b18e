package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// A live model behind an OpenAI-compatible endpoint (httptest plays it): every case is
// asked once, with its question and never with the right answer; tokens and cost are
// metrics; what is kept is not asked again; the key stands nowhere.
func TestGenerationAsksAnEndpoint(t *testing.T) {
	const key = "sk-verys3cr3tkey"
	var calls atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		b, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") != "Bearer "+key {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error": {"message": "wrong key %s"}}`, r.Header.Get("Authorization"))
			return
		}
		var q struct {
			Messages []struct{ Role, Content string }
		}
		if err := json.Unmarshal(b, &q); err != nil || len(q.Messages) != 2 {
			t.Errorf("request %s: %v", b, err)
		}
		if strings.Contains(string(b), "secret answer") {
			t.Errorf("the model is shown the right answer: %s", b)
		}
		last := q.Messages[len(q.Messages)-1].Content
		fmt.Fprintf(w, `{"model": "m-1", "choices": [{"message": {"content": %q}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}`, "You asked: "+last)
	}))
	defer s.Close()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var cases strings.Builder
	for i := range 40 {
		fmt.Fprintf(&cases, `{"id": "c%d", "q": "question %d?", "a": "secret answer %d"}`+"\n", i, i, i)
	}
	write("cases.jsonl", cases.String())
	write("prompt.yaml", "messages:\n  - {role: system, content: Be brief.}\n  - {role: user, content: \"{{q}}\"}\n")
	write("plan.yaml", `name: live
task: generation
data: {source: cases.jsonl, columns: {id: id, reference: a}}
models:
  candidate: {provider: openai, base_url: "`+s.URL+`/v1", model: m, key: "env:API_KEY", prompt: prompt.yaml, price: {in: 1, out: 2}}
limits: {concurrency: 4, retries: 0, budget: {usd: 1}}
scorers: [{type: contains, value: "{{q}}", as: echoes}]
gates:
  - {metric: echoes, at_least: 0.8}
  - {metric: cost, at_most: 0.001, evidence: value} # all are alike: there is no interval
  - {metric: tokens_out, at_most: 6, evidence: value}
`)
	env := map[string]string{"API_KEY": key}
	for round, args := range [][]string{{"check", "plan.yaml"}, {"run", "plan.yaml", "-o", "out"}, {"run", "plan.yaml", "-o", "again"}} {
		code, stdout, stderr := with(env, dir, args...)
		if code != 0 {
			t.Fatalf("%v: exit status %d\n%s%s", args, code, stdout, stderr)
		}
		if want := int64(min(round, 1) * 40); calls.Load() != want {
			t.Errorf("%v: %d calls, want %d", args, calls.Load(), want)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "out", "estimates.csv"))
	if err != nil || !strings.Contains(string(b), ",cost,candidate,,overall,2e-05,") {
		t.Errorf("cost: %v\n%s", err, b)
	}
	// A refused key: no verdict, no made-up answer, and the key is in no message.
	code, stdout, stderr := with(map[string]string{"API_KEY": "sk-another-wrong-key"}, dir, "run", "plan.yaml", "--fresh", "-o", "refused")
	if code != 4 || strings.Contains(stdout+stderr, "another-wrong") {
		t.Errorf("exit status %d\n%s%s", code, stdout, stderr)
	}
	if _, _, stderr := with(nil, dir, "check", "plan.yaml"); !strings.Contains(stderr, "the environment variable API_KEY is not set") {
		t.Errorf("without a key: %s", stderr)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), key) || strings.Contains(string(b), "sk-another-wrong-key") {
			t.Errorf("%s holds the key", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
