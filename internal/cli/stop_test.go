package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// asked is a model behind an endpoint that counts how often each case is asked.
type asked struct {
	mu     sync.Mutex
	times  map[string]int
	calls  int
	broken map[string]bool // cases whose calls fail with 500
	right  func(i int) bool
}

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	var q struct {
		Messages []struct{ Role, Content string }
	}
	_ = json.Unmarshal(b, &q)
	id := q.Messages[len(q.Messages)-1].Content
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	if a.broken[id] {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	a.times[id]++
	var i int
	_, _ = fmt.Sscanf(id, "c%d", &i)
	text := "no"
	if a.right(i) {
		text = "A" + id
	}
	fmt.Fprintf(w, `{"model": "m-1", "choices": [{"message": {"content": %q}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}`, text)
}

// stopPlan writes 300 cases and a plan that stops when decided.
func stopPlan(t *testing.T, url string) string {
	t.Helper()
	dir := t.TempDir()
	var cases strings.Builder
	for i := range 300 {
		fmt.Fprintf(&cases, `{"id": "c%d", "a": "Ac%d", "doc": "d%d"}`+"\n", i, i, i/3)
	}
	plan := `name: live
task: generation
data: {source: cases.jsonl, columns: {id: id, reference: a, cluster: doc}}
models:
  candidate: {provider: openai, base_url: "` + url + `/v1", model: m, prompt: {messages: [{role: user, content: "{{id}}"}]}, price: {in: 100, out: 100}}
limits: {concurrency: 4, retries: 0}
scorers: [{type: exact, as: right}]
stop: when decided
gates:
  - {metric: right, at_least: 0.78, max_ungraded: 20%}
`
	for name, text := range map[string]string{"cases.jsonl": cases.String(), "plan.yaml": plan} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

type stopped struct {
	ResultDigest string `json:"result_digest"`
	Sequential   struct {
		Asked int64
		Looks []struct{ Cases int64 }
		Stop  string
	}
	Run struct {
		Answers []struct{ Calls, Cases int64 }
	}
}

func readStopped(t *testing.T, dir string) (s stopped) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "record.json"))
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A run that is broken off again and again, in the middle of stages and between them, goes
// on where it was: no case is asked twice, and the record is that of an undisturbed run.
// Another run of the finished plan asks nothing more and says the same.
func TestStoppedRunsResume(t *testing.T) {
	t.Parallel()
	right := func(i int) bool { return i*7919%100 < 90 }
	whole := &asked{times: map[string]int{}, right: right}
	s := httptest.NewServer(whole)
	defer s.Close()
	dir := stopPlan(t, s.URL)
	code, stdout, stderr := with(nil, dir, "run", "plan.yaml", "-o", "out")
	if code != 0 || !strings.Contains(stdout, "Saved: about") || !strings.Contains(stdout, "USD") {
		t.Fatalf("exit status %d\n%s%s", code, stdout, stderr)
	}
	want := readStopped(t, filepath.Join(dir, "out"))
	if n := int64(len(whole.times)); n != want.Sequential.Asked || n >= 300 || len(want.Sequential.Looks) < 2 || want.Run.Answers[0].Cases != n {
		t.Fatalf("%d cases asked: %+v", n, want)
	}

	torn := &asked{times: map[string]int{}, right: right}
	s2 := httptest.NewServer(torn)
	defer s2.Close()
	dir = stopPlan(t, s2.URL)
	runs := 0
	for budget := 17; ; budget += 17 {
		code, stdout, stderr = with(nil, dir, "run", "plan.yaml", "-o", "out", "--set", fmt.Sprintf("limits.budget={calls: %d}", budget))
		if runs++; code == 0 {
			break
		}
		if code != 4 || runs > 40 {
			t.Fatalf("exit status %d\n%s%s", code, stdout, stderr)
		}
	}
	got := readStopped(t, filepath.Join(dir, "out"))
	t.Logf("%d runs, %d cases", runs, len(torn.times))
	if runs < 4 || len(torn.times) != len(whole.times) {
		t.Errorf("%d runs asked %d cases, an undisturbed one %d", runs, len(torn.times), len(whole.times))
	}
	for id, n := range torn.times {
		if n != 1 || whole.times[id] != 1 {
			t.Errorf("%s was asked %d times, undisturbed %d", id, n, whole.times[id])
		}
	}
	calls := torn.calls
	if code, _, stderr = with(nil, dir, "run", "plan.yaml", "-o", "again"); code != 0 {
		t.Fatal(code, stderr)
	}
	if again := readStopped(t, filepath.Join(dir, "again")); again.ResultDigest != got.ResultDigest || torn.calls != calls {
		t.Errorf("%d more calls, %s and %s", torn.calls-calls, again.ResultDigest, got.ResultDigest)
	}
	if code, stdout, stderr := with(nil, dir, "verify", "out", "--rerun"); code != 0 {
		t.Errorf("%s%s", stdout, stderr)
	}
}

// A case whose call failed before a look stays as it was looked at: to ask it again until
// it suits would be a look that nobody counts. --fresh asks all anew, in stages too.
func TestStoppedRunsKeepFailures(t *testing.T) {
	t.Parallel()
	a := &asked{times: map[string]int{}, broken: map[string]bool{}, right: func(i int) bool { return i*7919%100 < 90 }}
	for i := 0; i < 300; i += 11 {
		a.broken[fmt.Sprintf("c%d", i)] = true
	}
	s := httptest.NewServer(a)
	defer s.Close()
	dir := stopPlan(t, s.URL)
	code, stdout, stderr := with(nil, dir, "run", "plan.yaml", "-o", "out")
	if code != 0 {
		t.Fatalf("exit status %d\n%s%s", code, stdout, stderr)
	}
	first, calls := readStopped(t, filepath.Join(dir, "out")), a.calls
	if len(first.Sequential.Looks) < 2 {
		t.Fatalf("%+v", first)
	}
	if int64(calls) != first.Sequential.Asked { // none was tried again at a later stage
		t.Errorf("%d calls for %d cases", calls, first.Sequential.Asked)
	}
	clear(a.broken) // the provider is well again
	if code, stdout, stderr = with(nil, dir, "run", "plan.yaml", "-o", "again"); code != 0 {
		t.Fatalf("exit status %d\n%s%s", code, stdout, stderr)
	}
	if again := readStopped(t, filepath.Join(dir, "again")); again.ResultDigest != first.ResultDigest || a.calls != calls {
		t.Errorf("%d more calls; %s, then %s", a.calls-calls, first.ResultDigest, again.ResultDigest)
	}
	if code, stdout, stderr = with(nil, dir, "run", "plan.yaml", "--fresh", "-o", "fresh"); code != 0 {
		t.Fatalf("exit status %d\n%s%s", code, stdout, stderr)
	}
	fresh := readStopped(t, filepath.Join(dir, "fresh"))
	if int64(a.calls-calls) != fresh.Sequential.Asked || fresh.ResultDigest == first.ResultDigest {
		t.Errorf("fresh: %d calls for %d cases", a.calls-calls, fresh.Sequential.Asked)
	}
}
