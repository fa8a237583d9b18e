package ci_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/ci"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/report"
	"github.com/fairtrial/fairtrial/internal/result"
)

// sample has gates that pass, fail and cannot say; the names try to break out.
func sample(d result.Decision, failing int) ci.Outcome {
	none := result.None()
	r := &record.Record{Plan: &plan.Plan{Name: "loans", Confidence: 0.95}, Verdict: result.Outcome{Decision: d, Sentence: "One,\n::set-output name=x::y"},
		Run: record.Run{ID: "20260101T000000-abcd", Version: "1.2", PlanPath: "plans/a b.yaml"}}
	gate := func(name string, v result.Verdict, s result.Severity, line int) {
		r.Gates = append(r.Gates, result.Gate{Name: name, Metric: "recall", Rule: "at least 0.7", Severity: s, Verdict: v, Reason: "recall is 0.5\n::error::forged",
			Evidence: result.Evidence{Value: 0.5, Lower: 0.4, Upper: 0.6, Bound: 0.7, Bound2: none, N: 10}})
		r.Run.Gates = append(r.Run.Gates, record.GatePlace{Name: name, Line: line, Column: 5})
	}
	gate("sound", result.Pass, result.Block, 10)
	for i := range failing {
		gate(fmt.Sprintf("fails, %d: 100%%", i), result.Fail, result.Block, 20+i)
	}
	gate("open", result.Inconclusive, result.Block, 12)
	gate("soft", result.Inconclusive, result.Warn, 14)
	return ci.Outcome{Record: r, Dir: "out", Exit: 1, Plan: report.PlanFile(r)}
}

func github(t *testing.T, env map[string]string) (*ci.GitHub, *bytes.Buffer) {
	t.Helper()
	var b bytes.Buffer
	return &ci.GitHub{Getenv: func(k string) string { return env[k] }, Stdout: &b, Path: func(p string) string { return p }}, &b
}

func TestAnnotationsAreBoundedAndPlaced(t *testing.T) {
	g, out := github(t, nil)
	if err := g.Report(sample(result.NoGo, 23), nil); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	kinds := map[string]int{}
	for _, l := range lines {
		m := regexp.MustCompile(`^::(error|warning|notice) `).FindStringSubmatch(l)
		if m == nil {
			t.Fatalf("not a command, or one that a user's text made: %q", l)
		}
		kinds[m[1]]++
	}
	if kinds["error"] != 10 || kinds["warning"] != 1 || kinds["notice"] != 1 {
		t.Errorf("annotations of each kind: %v", kinds)
	}
	if want := "::error file=plans/a b.yaml,line=20,col=5,title=fairtrial%3A fails%2C 0%3A 100%25::Fail: recall is 0.5%0A"; !strings.HasPrefix(lines[0], want) {
		t.Errorf("%s\nwant %s", lines[0], want)
	}
	if !strings.HasSuffix(lines[9], "::14 more in the job summary") {
		t.Errorf("the rest is not counted: %s", lines[9])
	}
}

func TestOutputsCannotBeForged(t *testing.T) {
	dir := t.TempDir()
	out, sum := filepath.Join(dir, "output"), filepath.Join(dir, "summary")
	g, _ := github(t, map[string]string{"GITHUB_OUTPUT": out, "GITHUB_STEP_SUMMARY": sum})
	if err := g.Report(sample(result.NoGo, 1), map[string]string{"record": "out/record.json"}); err != nil {
		t.Fatal(err)
	}
	if err := g.Output([2]string{"sly", "x\nEOF\nverdict=go"}); err != nil {
		t.Fatal(err)
	}
	got := outputs(t, out)
	for k, want := range map[string]string{"verdict": "no-go", "exit-code": "1", "record": "out/record.json", "sentence": "One, ::set-output name=x::y", "sarif": "", "sly": "x\nEOF\nverdict=go"} {
		if got[k] != want {
			t.Errorf("%s is %q, want %q", k, got[k], want)
		}
	}
	if b, _ := os.ReadFile(sum); !bytes.Contains(b, []byte("### Gates")) {
		t.Errorf("job summary: %s", b)
	}
}

// outputs reads an output file as the runner does.
func outputs(t *testing.T, file string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	lines := strings.Split(string(b), "\n")
	for i := 0; i < len(lines)-1; i++ {
		name, end, ok := strings.Cut(lines[i], "<<")
		if !ok {
			t.Fatalf("line %q", lines[i])
		}
		var v []string
		for i++; lines[i] != end; i++ {
			v = append(v, lines[i])
		}
		got[name] = strings.Join(v, "\n")
	}
	return got
}

// What a run prints is no command, whatever the data hold.
func TestQuiet(t *testing.T) {
	g, out := github(t, nil)
	end := g.Quiet()
	fmt.Fprintln(out, "::error::of the data")
	end()
	l := strings.Split(strings.TrimSpace(out.String()), "\n")
	token, ok := strings.CutPrefix(l[0], "::stop-commands::")
	if !ok || len(token) < 20 || l[len(l)-1] != "::"+token+"::" {
		t.Errorf("%q", l)
	}
}

func TestMistakesOfThePlan(t *testing.T) {
	g, out := github(t, nil)
	o := ci.Outcome{Exit: 2, Message: "error: ```x", Plan: "p.yaml", Mistakes: []ci.Mistake{{File: "p.yaml", Line: 3, Column: 7, Message: "unknown key"}}}
	if err := g.Report(o, nil); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); s != "::error file=p.yaml,line=3,col=7,title=fairtrial%3A the plan is wrong::unknown key\n" {
		t.Error(s)
	}
	out.Reset()
	if err := g.Report(ci.Outcome{Exit: 99}, nil); err != nil || !strings.HasPrefix(out.String(), "::notice ") {
		t.Errorf("%v %s", err, out)
	}
	out.Reset()
	if err := g.Report(ci.Outcome{Exit: 4, Message: "no server"}, nil); err != nil || !strings.HasSuffix(out.String(), "::no server\n") {
		t.Errorf("%v %s", err, out)
	}
}

func TestFailOn(t *testing.T) {
	for f, want := range map[ci.FailOn]string{ci.FailInconclusive: "0 1 2 3 4 0 130", ci.FailNoGo: "0 1 2 0 4 0 130", ci.FailError: "0 0 2 0 4 0 130"} {
		var got []string
		for _, exit := range []int{0, 1, 2, 3, 4, 99, ci.Interrupted} {
			got = append(got, fmt.Sprint(f.Status(exit)))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %s, want %s", f, s, want)
		}
	}
}

// forge plays either host: comments by number, and a log of what changed.
type forge struct {
	comments []map[string]any
	log      []string
	last     map[string]any
	fail     int // answers 502 so often
	deny     bool
	foreign  string // the id of a comment that may not be changed
}

func (f *forge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.fail > 0 {
		f.fail--
		http.Error(w, "bad gateway", http.StatusBadGateway)
		return
	}
	if f.deny {
		http.Error(w, `{"message":"Resource not accessible by integration"}`, http.StatusForbidden)
		return
	}
	if r.Header.Get("Authorization") != "Bearer s3cret" && r.Header.Get("PRIVATE-TOKEN") != "s3cret" {
		http.Error(w, "who?", http.StatusUnauthorized)
		return
	}
	if r.Method == http.MethodGet {
		var n, page int
		fmt.Sscan(r.URL.Query().Get("per_page"), &n)
		fmt.Sscan(r.URL.Query().Get("page"), &page)
		from := min((page-1)*n, len(f.comments))
		json.NewEncoder(w).Encode(f.comments[from:min(from+n, len(f.comments))])
		return
	}
	f.log = append(f.log, r.Method+" "+r.URL.Path)
	if f.foreign != "" && strings.HasSuffix(r.URL.Path, f.foreign) {
		http.Error(w, "not yours", http.StatusForbidden)
		return
	}
	f.last = map[string]any{}
	json.NewDecoder(r.Body).Decode(&f.last)
	if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "s") && f.last["body"] != nil {
		f.comments = append(f.comments, map[string]any{"id": len(f.comments) + 1, "body": f.last["body"]})
	}
	io.WriteString(w, `{"id": 1, "html_url": "https://x/1"}`)
}

func TestOneCommentAPlan(t *testing.T) {
	f := &forge{fail: 2}
	for i := range 120 { // the plan's comment lies on the second page
		f.comments = append(f.comments, map[string]any{"id": i + 1, "body": "hello", "system": i == 3})
	}
	srv := httptest.NewServer(f)
	defer srv.Close()
	event := filepath.Join(t.TempDir(), "event.json")
	os.WriteFile(event, []byte(`{"number": 7, "pull_request": {"number": 7, "head": {"sha": "abc"}}}`), 0o644)
	g, _ := github(t, map[string]string{"GITHUB_API_URL": srv.URL, "GITHUB_REPOSITORY": "a/b", "GITHUB_EVENT_PATH": event, "GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "5", "GITHUB_SHA": "merge", "GITHUB_REF": "refs/pull/7/merge"})
	if g.Pull() != 7 {
		t.Fatalf("pull request %d", g.Pull())
	}
	o := sample(result.NoGo, 1)
	for range 2 {
		if _, err := g.Comment(context.Background(), "s3cret", 7, o); err != nil {
			t.Fatal(err)
		}
	}
	// A run without a record writes into the same comment.
	if _, err := g.Comment(context.Background(), "s3cret", 7, ci.Outcome{Exit: 2, Message: "wrong", Plan: o.Plan}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(f.log, ", "); got != "POST /repos/a/b/issues/7/comments, PATCH /repos/a/b/issues/comments/121, PATCH /repos/a/b/issues/comments/121" {
		t.Error(got)
	}
	if s := fmt.Sprint(f.last["body"]); !strings.Contains(s, "wrong") || !strings.Contains(s, "https://github.com/a/b/actions/runs/5") {
		t.Error(s)
	}

	for d, want := range map[result.Decision]string{result.Go: "success", result.NoGo: "failure", result.DecisionInconclusive: "neutral", result.NotJudged: "neutral", result.DecisionError: "failure", "": "failure"} {
		if err := g.Check(context.Background(), "s3cret", sample(d, 0)); err != nil {
			t.Fatal(err)
		}
		if f.last["conclusion"] != want || f.last["head_sha"] != "abc" || f.last["status"] != "completed" {
			t.Errorf("%q: %v", d, f.last)
		}
	}
	if err := g.Check(context.Background(), "s3cret", ci.Outcome{Exit: 99}); err != nil || f.last["conclusion"] != "skipped" {
		t.Errorf("%v %v", err, f.last)
	}

	if err := g.Upload(context.Background(), "s3cret", o); err != nil {
		t.Fatal(err)
	}
	raw, _ := base64.StdEncoding.DecodeString(fmt.Sprint(f.last["sarif"]))
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var sarif struct{ Version string }
	if err := json.NewDecoder(z).Decode(&sarif); err != nil || sarif.Version != "2.1.0" || f.last["ref"] != "refs/pull/7/merge" || f.last["commit_sha"] != "merge" {
		t.Errorf("%v %v", err, f.last["ref"])
	}

	f.deny = true
	if _, err := g.Comment(context.Background(), "s3cret", 7, o); err == nil || !strings.Contains(err.Error(), "HTTP 403") || strings.Contains(err.Error(), "s3cret") {
		t.Error(err)
	}
}

// Who writes our mark into a comment of their own keeps no run from commenting.
func TestAForeignMark(t *testing.T) {
	f := &forge{comments: []map[string]any{{"id": 1, "body": report.CommentMark("p.yaml") + " ha"}}, foreign: "/1"}
	srv := httptest.NewServer(f)
	defer srv.Close()
	g, _ := github(t, map[string]string{"GITHUB_API_URL": srv.URL, "GITHUB_REPOSITORY": "a/b"})
	for range 2 {
		if _, err := g.Comment(context.Background(), "s3cret", 7, ci.Outcome{Exit: 2, Plan: "p.yaml"}); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.comments) != 2 || f.log[len(f.log)-1] != "PATCH /repos/a/b/issues/comments/2" {
		t.Errorf("%v", f.log)
	}
}

func TestNoteOfGitLab(t *testing.T) {
	f := &forge{comments: []map[string]any{{"id": 1, "body": report.CommentMark("plans/a b.yaml"), "system": true}}} // GitLab's own never is ours
	srv := httptest.NewServer(f)
	defer srv.Close()
	env := map[string]string{"CI_API_V4_URL": srv.URL, "CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "3"}
	g := &ci.GitLab{Getenv: func(k string) string { return env[k] }}
	for range 2 {
		if err := g.Note(context.Background(), "s3cret", g.MergeRequest(), sample(result.Go, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(f.log, ", "); got != "POST /projects/42/merge_requests/3/notes, PUT /projects/42/merge_requests/3/notes/2" {
		t.Error(got)
	}
}
