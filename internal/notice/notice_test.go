package notice

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// Slack, Teams and their like cannot be had here: httptest plays the receiver.

func sample() *record.Record {
	r := &record.Record{Plan: &plan.Plan{Name: "credit <v2> & co", Objective: "approve more", Models: []plan.Model{{Key: "candidate", Name: "credit", Version: "2"}}}, Digest: "sha256:aa", ResultDigest: "sha256:bb"}
	r.Run.ID, r.Run.Started, r.Run.Finished = "20260102T030405-aabbccdd", time.Unix(1_700_000_000, 0), time.Unix(1_700_000_009, 0)
	r.Plan.Data.Source.Path = "s3://bucket/day/x.parquet?endpoint=secret"
	r.Data.Digest = strings.Repeat("cd", 32)
	r.Verdict = result.Outcome{Decision: result.NoGo, Sentence: "No-go: recall fell.", Reasons: []string{"recall < 0.7 in *region=DE*"}}
	r.Gates = []result.Gate{{Name: "a", Metric: "f1", Verdict: result.Pass}, {Name: "recall at least 0.7", Metric: "recall", Verdict: result.Fail, Rule: "at least 0.7", Evidence: result.Evidence{Value: 0.5, Lower: 0.4, Upper: result.None()}},
		{Name: "w", Verdict: result.Fail, Severity: result.Warn}, {Name: "z", Verdict: result.Inconclusive}, {Name: "n", Verdict: result.VerdictNotApplicable}, {Name: "unset"}}
	return r
}

func TestChat(t *testing.T) {
	long := sample()
	long.Verdict.Sentence = strings.Repeat("é&", 9000)
	for range 100 {
		long.Verdict.Reasons = append(long.Verdict.Reasons, strings.Repeat("<x>", 500))
	}
	for name, m := range map[string]Message{"short": Of(sample(), "https://ci/1?a=b&c=d|e>"), "long": Of(long, ""), "empty": Of(&record.Record{Plan: &plan.Plan{}}, "")} {
		b, err := Slack(m)
		if err != nil || !json.Valid(b) || len(b) > 100_000 {
			t.Fatalf("%s: %d bytes, %v", name, len(b), err)
		}
		var s struct {
			Text   string
			Blocks []struct {
				Type string
				Text struct{ Type, Text string }
			}
		}
		if err := json.Unmarshal(b, &s); err != nil || s.Text == "" || len(s.Blocks) > 50 || s.Blocks[0].Type != "header" || utf8.RuneCountInString(s.Blocks[0].Text.Text) > 150 {
			t.Errorf("%s: %v %s", name, err, b)
		}
		for _, x := range s.Blocks {
			if utf8.RuneCountInString(x.Text.Text) > 3000 {
				t.Errorf("%s: a block of %d characters", name, utf8.RuneCountInString(x.Text.Text))
			}
		}
		b, err = Teams(m)
		if err != nil || len(b) > 28<<10 {
			t.Errorf("%s: Teams takes 28 KB, this has %d, %v", name, len(b), err)
		}
	}
	b, err := Slack(Of(sample(), "https://ci/1?a=b&c=d|e>"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	walk(t, b, &all)
	for _, want := range []string{"■ No-go: credit <v2> & co, credit 2", "recall &lt; 0.7 in *region=DE*", "<https://ci/1?a=b&amp;c=d%7Ce%3E|Open the report>"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no %q in %s", want, all.String())
		}
	}
}

// walk collects the texts of JSON.
func walk(t *testing.T, b []byte, to *strings.Builder) {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	var visit func(any)
	visit = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, x := range v {
				visit(x)
			}
		case []any:
			for _, x := range v {
				visit(x)
			}
		case string:
			to.WriteString(v + "\n")
		}
	}
	visit(v)
}

// The example of the Standard Webhooks specification.
func TestSignVector(t *testing.T) {
	got, err := Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	if _, err := Sign("whsec_!", "a", "1", nil); err == nil || strings.Contains(err.Error(), "!") {
		t.Errorf("%v", err)
	}
}

func TestWebhook(t *testing.T) {
	const secret = "s3cr3t of the hook"
	var ids []string
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		body, _ := io.ReadAll(r.Body)
		ids = append(ids, r.Header.Get("Webhook-Id"))
		h := hmac.New(sha256.New, []byte(secret)) // as a receiver does it
		h.Write([]byte(r.Header.Get("Webhook-Id") + "." + r.Header.Get("Webhook-Timestamp") + "." + string(body)))
		if r.Header.Get("Webhook-Signature") != "v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil)) {
			t.Errorf("signature %q", r.Header.Get("Webhook-Signature"))
		}
		if at, err := strconv.ParseInt(r.Header.Get("Webhook-Timestamp"), 10, 64); err != nil || at != 42 {
			t.Errorf("timestamp %d, %v", at, err)
		}
		var m Message
		if err := json.Unmarshal(body, &m); err != nil || m.Verdict != "no-go" || m.Gates[0].Verdict != "fail" || m.Link != "https://ci" {
			t.Errorf("%v %s", err, body)
		}
		if n < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer s.Close()
	x := Sender{Now: func() time.Time { return time.Unix(42, 0) }, Wait: time.Millisecond}
	if err := x.Send(t.Context(), Target{"webhook", s.URL, secret}, Of(sample(), "https://ci")); err != nil || n != 3 || ids[0] != ids[2] || ids[0] == "" {
		t.Errorf("%v after %d tries, ids %v", err, n, ids)
	}
}

// No error holds the address; what cannot help is not tried again.
func TestFailures(t *testing.T) {
	const path = "/services/T000/B000/verysecretpath"
	status, n, header := 0, 0, ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		if header != "" {
			w.Header().Set("Retry-After", header)
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	defer s.Close()
	x := Sender{Wait: time.Millisecond}
	for _, c := range []struct {
		status, tries int
		header        string
	}{{403, 1, ""}, {302, 1, ""}, {500, tries, ""}, {429, 1, "3600"}, {429, 4, ""}} {
		status, n, header = c.status, 0, c.header
		err := x.Send(t.Context(), Target{Kind: "slack", URL: s.URL + path}, Of(sample(), ""))
		if err == nil || n != c.tries || strings.Contains(err.Error(), "verysecret") {
			t.Errorf("%d: %d tries, %v", c.status, n, err)
		}
	}
	for _, address := range []string{"http://127.0.0.1:1" + path, "http://no-such-host.invalid" + path, "ftp://x" + path, "http://[::1" + path, "verysecretpath"} {
		err := x.Send(t.Context(), Target{Kind: "teams", URL: address}, Of(sample(), ""))
		if err == nil || strings.Contains(err.Error(), "verysecret") {
			t.Errorf("%v", err)
		}
	}
}

func TestLineage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "events.jsonl")
	l := Lineage{To: file}
	r := sample()
	if err := errors.Join(l.Start(t.Context(), r.Plan, r.Run.ID, r.Run.Started), l.Complete(t.Context(), r), l.Fail(t.Context(), r.Plan, "other", r.Run.Finished, errors.New("why"))); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if to := os.Getenv("FAIRTRIAL_TEST_OPENLINEAGE_EVENTS"); to != "" { // scripts/openlineage.sh has them checked
		if err := os.WriteFile(to, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	type event struct {
		EventType, EventTime string
		Run                  struct {
			RunID  string
			Facets struct {
				Test struct {
					Tests []struct{ Name, Status, Severity, Actual string }
				}
				ErrorMessage struct{ Message string }
			}
		}
		Inputs []struct {
			Namespace, Name string
			Facets          struct {
				Version struct{ DatasetVersion string }
			}
		}
	}
	var events []event
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	if len(events) != 3 || events[0].EventType != "START" || events[1].EventType != "COMPLETE" || events[2].EventType != "FAIL" || events[2].Run.Facets.ErrorMessage.Message != "why" {
		t.Fatalf("%s", b)
	}
	if events[0].Run.RunID != events[1].Run.RunID || events[0].Run.RunID == events[2].Run.RunID || len(events[0].Run.RunID) != 36 {
		t.Error("run ids", events[0].Run.RunID, events[1].Run.RunID, events[2].Run.RunID)
	}
	got := ""
	for _, x := range events[1].Run.Facets.Test.Tests {
		got += x.Name + " " + x.Status + " " + x.Severity + " " + x.Actual + "; "
	}
	if want := "a pass error 0; recall at least 0.7 fail error 0.5; w fail warn 0; z fail error 0; n skip error 0; unset fail error 0; "; got != want {
		t.Errorf("tests %s", got)
	}
	in := events[1].Inputs[0]
	if in.Namespace != "s3://bucket" || in.Name != "day/x.parquet" || in.Facets.Version.DatasetVersion != "sha256:"+r.Data.Digest || strings.Contains(string(b), "endpoint=secret") {
		t.Errorf("inputs %+v", in)
	}

	var path, auth string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { path, auth = r.URL.Path, r.Header.Get("Authorization") }))
	defer s.Close()
	if err := (Lineage{To: s.URL, Key: "k"}).Complete(t.Context(), r); err != nil || path != "/api/v1/lineage" || auth != "Bearer k" {
		t.Errorf("%v %s %s", err, path, auth)
	}
	if err := (Lineage{To: s.URL + "/own"}).Complete(t.Context(), r); err != nil || path != "/own" || auth != "" {
		t.Errorf("%v %s %s", err, path, auth)
	}
}

// Teams takes 28 KB, Slack 3 000 characters a text, whatever the texts are made of.
func TestChatLimits(t *testing.T) {
	for _, s := range []string{"<", "&", "\\", "*", "😀", "\u2028", "\x01"} {
		r := sample()
		r.Plan.Name, r.Verdict.Sentence, r.Verdict.Reasons = strings.Repeat(s, 10_000), strings.Repeat(s, 10_000), nil
		for range 30 {
			r.Verdict.Reasons = append(r.Verdict.Reasons, strings.Repeat(s, 10_000))
		}
		m := Of(r, "https://ci/"+strings.Repeat("x", 20_000))
		b, err := Teams(m)
		if err != nil || len(b) > 28<<10 || !json.Valid(b) {
			t.Errorf("Teams, of %q: %d bytes, %v", s, len(b), err)
		}
		b, err = Slack(m)
		var all strings.Builder
		walk(t, b, &all)
		for _, l := range strings.Split(all.String(), "\n") {
			if at := strings.LastIndexByte(l, '&'); err != nil || utf8.RuneCountInString(l) > 3000 || at >= 0 && s == "<" && !strings.Contains(l[at:], ";") {
				t.Errorf("Slack, of %q: %d characters, ends with %q, %v", s, len(l), l[max(0, len(l)-9):], err)
			}
		}
	}
}

// A receiver that is gone is not asked again; one that hangs is given up in time.
func TestReceiversThatHang(t *testing.T) {
	var n atomic.Int32 // a handler whose client has gone may still run
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		if r.URL.Path == "/gone" {
			w.WriteHeader(http.StatusGone)
			return
		}
		<-release
	}))
	defer s.Close()
	defer close(release)
	err := Sender{}.Send(t.Context(), Target{Kind: "webhook", URL: s.URL + "/gone"}, Of(sample(), ""))
	if err == nil || n.Load() != 1 || !strings.Contains(err.Error(), "410 Gone") {
		t.Errorf("%d tries, %v", n.Load(), err)
	}
	x := Sender{Client: &http.Client{Timeout: 50 * time.Millisecond}, Wait: time.Millisecond}
	if err := x.Send(t.Context(), Target{Kind: "webhook", URL: s.URL + "/s3cret"}, Of(sample(), "")); err == nil || n.Load() != 1+tries || !strings.Contains(err.Error(), "no answer in time") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%d tries, %v", n.Load(), err)
	}
}

// A name is text on its line: no line of its own, no sign that turns what follows, no HTML.
func TestChatNamesAreText(t *testing.T) {
	r := sample()
	r.Plan.Name, r.Verdict.Reasons = "a\nb <img src=x>", []string{"\u202Egnp *x*\n- forged"}
	for kind, f := range map[string]func(Message) ([]byte, error){"slack": Slack, "teams": Teams} {
		b, err := f(Of(r, ""))
		var all strings.Builder
		walk(t, b, &all)
		if s := all.String(); err != nil || strings.Contains(s, "\u202E") || strings.Contains(s, "\n- forged") || kind == "teams" && strings.Contains(s, "<img") || !strings.Contains(s, "a b") {
			t.Errorf("%s: %q", kind, s)
		}
	}
}
