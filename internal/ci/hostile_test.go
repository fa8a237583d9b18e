package ci_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/ci"
	"github.com/fairtrial/fairtrial/internal/result"
)

// A token goes to the named host alone, and a write that was turned into a read is none.
func TestRedirectsTakeNoToken(t *testing.T) {
	var leaked []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leaked = append(leaked, r.Header.Get("Private-Token")+r.Header.Get("Authorization")+r.Method)
		fmt.Fprint(w, "[]")
	}))
	defer other.Close()
	to, status := other.URL, http.StatusTemporaryRedirect
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/new"):
			fmt.Fprint(w, "[]")
		default:
			http.Redirect(w, r, to+"/new"+r.URL.Path, status)
		}
	}))
	defer host.Close()
	env := map[string]string{"CI_API_V4_URL": host.URL, "CI_PROJECT_ID": "1", "GITHUB_API_URL": host.URL, "GITHUB_REPOSITORY": "a/b", "GITHUB_SHA": "x"}
	get := func(k string) string { return env[k] }
	lab, hub := &ci.GitLab{Getenv: get}, &ci.GitHub{Getenv: get}
	if err := lab.Note(t.Context(), "s3cret", 1, sample(result.Go, 0)); err == nil || len(leaked) > 0 {
		t.Errorf("another host got %q, and the note: %v", leaked, err)
	}
	to = host.URL // a renamed repository
	if err := hub.Check(t.Context(), "s3cret", sample(result.Go, 0)); err != nil {
		t.Error(err)
	}
	status = http.StatusFound
	if err := hub.Check(t.Context(), "s3cret", sample(result.Go, 0)); err == nil || !strings.Contains(err.Error(), "HTTP 302") {
		t.Errorf("a write that became a read: %v", err)
	}
}

// Whatever the API answers, an error says it and never holds the token; pages end.
func TestAnswersOfTheAPI(t *testing.T) {
	for _, status := range []int{401, 403, 404, 410, 422, 429, 500, 503} {
		asked := 0
		host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			if r.Method == http.MethodGet && status == 422 {
				fmt.Fprint(w, "[]")
				return
			}
			http.Error(w, `{"message": "`+strings.Repeat("no ", 500)+`"}`, status)
		}))
		g := &ci.GitHub{Getenv: func(k string) string {
			return map[string]string{"GITHUB_API_URL": host.URL, "GITHUB_REPOSITORY": "a/b", "GITHUB_SHA": "x"}[k]
		}}
		ctx, stop := context.WithCancel(t.Context())
		if status < 429 {
			_, err := g.Comment(ctx, "s3cret", 1, sample(result.Go, 0))
			if err == nil || !strings.Contains(err.Error(), fmt.Sprint("HTTP ", status)) || len(err.Error()) > 400 || strings.Contains(err.Error(), "s3cret") || asked > 2 {
				t.Errorf("%d, asked %d times: %v", status, asked, err)
			}
		}
		if err := g.Check(ctx, "s3cret", sample(result.Go, 0)); err == nil {
			t.Errorf("%d is taken for a success", status)
		}
		stop()
		host.Close()
	}

	pages := 0
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			pages++
			page := make([]map[string]any, 100)
			for i := range page {
				page[i] = map[string]any{"id": i, "body": "hello"}
			}
			_ = json.NewEncoder(w).Encode(page)
			return
		}
		fmt.Fprint(w, `{"id": 1}`)
	}))
	defer host.Close()
	g := &ci.GitHub{Getenv: func(k string) string {
		return map[string]string{"GITHUB_API_URL": host.URL, "GITHUB_REPOSITORY": "a/b"}[k]
	}}
	if _, err := g.Comment(t.Context(), "s3cret", 1, sample(result.Go, 0)); err != nil || pages != 100 {
		t.Errorf("%d pages, %v", pages, err)
	}
}

// Names of ten thousand characters fit where hosts have limits.
func TestLongNames(t *testing.T) {
	var last map[string]any
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _ = json.NewDecoder(r.Body).Decode(&last) }))
	defer host.Close()
	g, out := github(t, map[string]string{"GITHUB_API_URL": host.URL, "GITHUB_REPOSITORY": "a/b", "GITHUB_SHA": "x"})
	o := sample(result.NoGo, 1)
	o.Record.Plan.Name = strings.Repeat("é", 10_000)
	o.Record.Verdict.Sentence = strings.Repeat("long ", 2000)
	o.Record.Gates[1].Name = strings.Repeat("gate ::error::", 1000)
	o.Record.Gates[1].Reason = strings.Repeat("why\n", 3000)
	if err := g.Report(o, nil); err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if len(l) > 6000 || !regexp.MustCompile(`^::(error|warning|notice) [^:]*::`).MatchString(l) {
			t.Errorf("%d bytes: %.200s", len(l), l)
		}
	}
	if err := g.Check(t.Context(), "s3cret", o); err != nil {
		t.Fatal(err)
	}
	if n := len(fmt.Sprint(last["name"])); n > 100 {
		t.Errorf("the check's name has %d bytes", n)
	}
	if n := len(fmt.Sprint(last["output"].(map[string]any)["title"])); n > 200 {
		t.Errorf("the check's title has %d bytes", n)
	}
}

func TestInterrupted(t *testing.T) {
	var last map[string]any
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _ = json.NewDecoder(r.Body).Decode(&last) }))
	defer host.Close()
	g, out := github(t, map[string]string{"GITHUB_API_URL": host.URL, "GITHUB_REPOSITORY": "a/b", "GITHUB_SHA": "x"})
	o := ci.Outcome{Exit: ci.Interrupted, Plan: "p.yaml", Message: "error: interrupted; nothing was kept"}
	if err := g.Report(o, nil); err != nil || !strings.HasPrefix(out.String(), "::notice title=fairtrial::Not judged: the run was interrupted.") {
		t.Errorf("%v %s", err, out)
	}
	if err := g.Check(t.Context(), "s3cret", o); err != nil || last["conclusion"] != "cancelled" {
		t.Errorf("%v %v", err, last)
	}
}
