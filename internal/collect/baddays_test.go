package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
	"github.com/fairtrial/fairtrial/internal/provider"
)

func total(m map[provider.Kind]int64) (n int64) {
	for _, v := range m {
		n += v
	}
	return n
}

// A storm of 429: nothing fails, the limit shrinks, Retry-After is kept.
func TestRateLimitStorm(t *testing.T) {
	t.Parallel()
	var ok, refused atomic.Int64
	s := server(t, func(c stub.Call) stub.Reply {
		if c.InFlight > 12 {
			refused.Add(1)
			r := stub.Fail(429, "rate_limit_exceeded", "slow down")
			r.Header = map[string]string{"Retry-After-Ms": "30"}
			return r
		}
		ok.Add(1)
		r := echo(c)
		r.Delay = 5 * time.Millisecond
		return r
	})
	res := collected(t, 1500, model(t, s, nil), Options{Folder: t.TempDir(), Limits: Limits{Concurrency: 100}})
	if res.Answered != 1500 || !res.Complete || refused.Load() == 0 {
		t.Fatalf("%+v with %d refusals", res, refused.Load())
	}
	if res.Spent.Failed != refused.Load() || res.Spent.Estimated != 0 || res.Spent.In != 15000 {
		t.Errorf("a refused call is a call and costs nothing: %+v", res.Spent)
	}
	// It learns: most calls are answered at the first try.
	if refused.Load() > 700 {
		t.Errorf("%d refusals for 1500 answers", refused.Load())
	}
}

// 429 for everybody for a while: all wait, none fails.
func TestRateLimitForAWhile(t *testing.T) {
	t.Parallel()
	end := time.Now().Add(2 * time.Second)
	s := server(t, func(c stub.Call) stub.Reply {
		if time.Now().Before(end) {
			r := stub.Fail(429, "", "later")
			r.Header = map[string]string{"Retry-After": "1"}
			return r
		}
		return echo(c)
	})
	res := collected(t, 100, model(t, s, nil), Options{Folder: t.TempDir(), Limits: Limits{Concurrency: 20}})
	if res.Answered != 100 || s.Calls() > 100+60 {
		t.Errorf("%+v after %d calls", res, s.Calls())
	}
}

// A server that says Retry-After: 0 and no requests left, for ever, while it answers; and
// one that says come back in a year.
func TestLyingLimits(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]map[string]string{
		"plenty left, yet 429": {"X-Ratelimit-Remaining-Requests": "99999", "X-Ratelimit-Reset-Requests": "0s", "Retry-After": "0"},
		"nonsense":             {"X-Ratelimit-Remaining-Requests": "-7", "X-Ratelimit-Reset-Requests": "soon", "Retry-After": "NaN"},
	} {
		t.Run(name, func(t *testing.T) {
			s := server(t, func(c stub.Call) stub.Reply {
				r := echo(c)
				if c.N%5 == 0 {
					r = stub.Fail(429, "", "no")
				}
				r.Header = h
				return r
			})
			start := time.Now()
			res := collected(t, 40, model(t, s, nil), Options{Folder: t.TempDir()})
			if res.Answered != 40 || time.Since(start) > 20*time.Second {
				t.Errorf("%+v in %s", res, time.Since(start))
			}
		})
	}
	// None left, for an hour, says every answer.
	s := server(t, func(c stub.Call) stub.Reply {
		r := echo(c)
		r.Header = map[string]string{"X-Ratelimit-Remaining-Requests": "0", "X-Ratelimit-Reset-Requests": "1h"}
		return r
	})
	if res := collected(t, 200, model(t, s, nil), Options{Folder: t.TempDir()}); res.Answered != 200 || res.Took > 5*time.Second {
		t.Errorf("%+v", res)
	}
	// A year is not waited for: patience ends the run, and says why.
	s = server(t, func(c stub.Call) stub.Reply {
		r := stub.Fail(429, "", "come back next year")
		r.Header = map[string]string{"Retry-After": "31536000"}
		return r
	})
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
	defer stop()
	res, err := Run(ctx, made(10), model(t, s, nil), Options{Folder: t.TempDir()})
	if err != nil || res.Reason != CancelledByUser || total(res.Errors) != 0 || s.Calls() > 10 {
		t.Errorf("%+v, %v after %d calls", res, err, s.Calls())
	}
}

// The quota ends in the midst: the run stops, the answers so far stay, no case is an error,
// and the next run asks for the rest only.
func TestQuotaEnds(t *testing.T) {
	t.Parallel()
	var paid atomic.Bool
	s := server(t, func(c stub.Call) stub.Reply {
		if c.N > 50 && !paid.Load() {
			return stub.Fail(429, "insufficient_quota", "You exceeded your current quota")
		}
		return echo(c)
	})
	o := Options{Folder: t.TempDir(), Limits: Limits{Concurrency: 4}}
	res := collected(t, 200, model(t, s, nil), o)
	if res.Reason != Refused || res.Answered != 50 || total(res.Errors) != 0 || s.Calls() > 54 || !strings.Contains(res.Detail, "quota") {
		t.Errorf("%+v after %d calls", res, s.Calls())
	}
	paid.Store(true)
	before := s.Calls()
	res = collected(t, 200, model(t, s, nil), o)
	if res.Answered != 200 || res.Resumed != 50 || s.Calls()-before != 150 {
		t.Errorf("%+v after %d more calls", res, s.Calls()-before)
	}
}

// A wrong key: one call tells, not two hundred thousand.
func TestWrongKey(t *testing.T) {
	s := server(t, func(stub.Call) stub.Reply { return stub.Fail(401, "invalid_api_key", "Incorrect API key") })
	res := collected(t, 1000, model(t, s, nil), Options{Folder: t.TempDir(), Limits: Limits{Concurrency: 4}})
	if res.Reason != Refused || s.Calls() > 4 || total(res.Errors) != 0 || res.Complete {
		t.Errorf("%+v after %d calls", res, s.Calls())
	}
}

// 500 for ever: bounded calls, then the run stops; the cases are left, not failed.
func TestServerErrorForEver(t *testing.T) {
	t.Parallel()
	s := server(t, func(stub.Call) stub.Reply { return stub.Fail(500, "", "oops") })
	res := collected(t, 1000, model(t, s, nil), Options{Folder: t.TempDir(), Limits: Limits{Concurrency: 16, Patience: 4 * time.Second}})
	if res.Reason != Unavailable || s.Calls() > 120 || res.Answered != 0 || res.Complete || !strings.Contains(res.Detail, "oops") {
		t.Errorf("%+v after %d calls", res, s.Calls())
	}
	if res.Spent.In != 0 {
		t.Errorf("failed calls are charged: %+v", res.Spent)
	}
}

// One case that breaks the server: retries times, then its error; the others are answered.
// It is asked again when the run is resumed, a case that is refused for good is not.
func TestPoisonCase(t *testing.T) {
	t.Parallel()
	var poison, bad atomic.Int64
	s := server(t, func(c stub.Call) stub.Reply {
		switch c.Prompt {
		case "question 7":
			poison.Add(1)
			return stub.Fail(500, "", "boom")
		case "question 8":
			bad.Add(1)
			return stub.Fail(400, "context_length_exceeded", "too long")
		case "question 9":
			bad.Add(1)
			return stub.Fail(400, "content_filter", "filtered")
		}
		return echo(c)
	})
	o := Options{Folder: t.TempDir(), Limits: Limits{Retries: 2}}
	for round := int64(1); round <= 2; round++ {
		res := collected(t, 60, model(t, s, nil), o)
		if res.Answered != 57 || !res.Complete || res.Errors[provider.Server] != 1 || res.Errors[provider.BadRequest] != 1 || res.Errors[provider.Filtered] != 1 {
			t.Errorf("round %d: %+v", round, res)
		}
		if poison.Load() != 3*round || bad.Load() != 2 {
			t.Errorf("round %d: %d calls for the poison, %d for the refused", round, poison.Load(), bad.Load())
		}
	}
}

// Hangs: given up in time, charged with what they may cost, and asked again.
func TestHang(t *testing.T) {
	t.Parallel()
	s := server(t, func(c stub.Call) stub.Reply {
		if c.N == 3 {
			return stub.Reply{Hang: true}
		}
		return echo(c)
	})
	res := collected(t, 20, model(t, s, nil), Options{Folder: t.TempDir(), Price: Price{In: 1, Out: 1}, MaxTokens: 100, Limits: Limits{Timeout: 300 * time.Millisecond}})
	if res.Answered != 20 || res.Spent.Calls != 21 || res.Spent.Failed != 1 || res.Spent.Estimated != 1 {
		t.Errorf("%+v", res)
	}
	if res.Spent.Out != 20*4+100 {
		t.Errorf("%d tokens out: the call that hung may have cost 100", res.Spent.Out)
	}
}

// Answers that are none, once each: asked again under another idempotency key, never an
// empty answer in the record.
func TestSpoiledAnswers(t *testing.T) {
	t.Parallel()
	whole := string(stub.Completion("answer to question 3"))
	for name, bad := range map[string]stub.Reply{
		"cut":          {Body: []byte(whole[:60]), Cut: true},
		"half":         {Body: []byte(whole[:60])},
		"empty":        {},
		"html":         {Body: []byte("<html>gateway</html>"), Header: map[string]string{"Content-Type": "text/html"}},
		"no choices":   {Body: []byte(`{"choices":[]}`)},
		"null content": {Body: []byte(`{"choices":[{"message":{"content":null}}]}`)},
		"error in 200": {Body: []byte(`{"error":{"type":"server_error","message":"x"}}`)},
		"false gzip":   {Body: []byte(whole), Header: map[string]string{"Content-Encoding": "gzip"}},
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int64
			keys := make(chan string, 10)
			s := server(t, func(c stub.Call) stub.Reply {
				if c.Prompt == "question 3" {
					keys <- c.Key
					if n.Add(1) == 1 {
						return bad
					}
				}
				return echo(c)
			})
			res := collected(t, 10, model(t, s, nil), Options{Folder: t.TempDir()})
			if res.Answered != 10 || n.Load() != 2 || res.Spent.Failed != 1 {
				t.Errorf("%+v after %d tries", res, n.Load())
			}
			if first, second := <-keys, <-keys; name == "half" && first == second {
				t.Error("the idempotency key asks for the broken answer again")
			}
		})
	}
}

// Answers that no retry mends: an error of the case at the first try.
func TestUnusableAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		body []byte
		kind provider.Kind
	}{
		"latin-1": {bytes.Replace(stub.Completion("caf?"), []byte("?"), []byte{0xE9}, 1), provider.Encoding},
		"utf-16":  {append([]byte{0xFF, 0xFE}, "{\x00}\x00"...), provider.Encoding},
		"huge":    {stub.Completion(strings.Repeat("x", 2<<20)), provider.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s := server(t, func(c stub.Call) stub.Reply {
				if c.Prompt == "question 3" {
					return stub.Reply{Body: tc.body}
				}
				return echo(c)
			})
			p, err := provider.New(provider.Config{Provider: "openai", BaseURL: s.URL, Model: "m", MaxBytes: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			res := collected(t, 10, p, Options{Folder: t.TempDir()})
			if res.Answered != 9 || res.Errors[tc.kind] != 1 || s.Calls() != 10 || !res.Complete {
				t.Errorf("%+v after %d calls", res, s.Calls())
			}
		})
	}
}

// An empty text is an answer; so is a long one, whole.
func TestEmptyAndLongAnswers(t *testing.T) {
	long := strings.Repeat("long answer ✓ ", 200_000)
	s := server(t, func(c stub.Call) stub.Reply {
		if c.Prompt == "question 0" {
			return stub.Answer("")
		}
		return stub.Answer(long)
	})
	res, err := Run(context.Background(), made(3), model(t, s, nil), Options{Folder: t.TempDir()})
	if err != nil || res.Answered != 3 {
		t.Fatalf("%+v %v", res, err)
	}
	a, err := Open(res.Artifact)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for i, want := range []string{"", long, long} {
		e, err := a.Case(fmt.Sprintf("q%d", i))
		if err != nil || e[0].Answer == nil || e[0].Answer.Output != want {
			t.Errorf("case %d: %v", i, err)
		}
	}
}

// Nobody listens.
func TestNoServer(t *testing.T) {
	t.Parallel()
	s := server(t, echo)
	p := model(t, s, nil)
	s.Close()
	res := collected(t, 100, p, Options{Folder: t.TempDir(), Limits: Limits{Concurrency: 4, Patience: 2 * time.Second}})
	if res.Reason != Unavailable || res.Answered != 0 || res.Spent.In != 0 {
		t.Errorf("%+v", res)
	}
}

// A sync that fails: nobody is told that an answer is safe.
func TestSyncFails(t *testing.T) {
	folder := t.TempDir()
	j, err := openJournal(folder, 0)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("input/output error")
	j.mu.Lock()
	j.sync = func() error { return broken }
	j.mu.Unlock()
	if _, _, err := j.append(kindHead, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := j.wait(); !errors.Is(err, broken) {
		t.Errorf("wait gives %v", err)
	}
	if _, _, err := j.append(kindHead, []byte("{}")); !errors.Is(err, broken) {
		t.Errorf("append gives %v after a failed sync", err)
	}
}

// The prompt is changed between run and resume: other requests, all asked; changed back,
// the old answers are there.
func TestPromptChanged(t *testing.T) {
	s := server(t, echo)
	o := Options{Folder: t.TempDir()}
	first := collected(t, 30, model(t, s, nil), o)
	warm := model(t, s, map[string]any{"temperature": 1})
	res := collected(t, 30, warm, o)
	if s.Calls() != 60 || res.Resumed != 0 || res.Session.Calls != 30 || res.Spent.Calls != 60 {
		t.Errorf("%+v after %d calls", res, s.Calls())
	}
	back := collected(t, 30, model(t, s, nil), o)
	if s.Calls() != 60 || back.Resumed != 30 || back.Digest != first.Digest {
		t.Errorf("%+v after %d calls", back, s.Calls())
	}
}

func TestBadCases(t *testing.T) {
	s := server(t, echo)
	bad := errors.New("cases.jsonl:3: no JSON")
	two := func(a, b Case, err error) iter.Seq2[Case, error] {
		return func(yield func(Case, error) bool) {
			if yield(a, nil) {
				yield(b, err)
			}
		}
	}
	for name, tc := range map[string]struct {
		cases iter.Seq2[Case, error]
		want  string
	}{
		"twice":      {two(Case{ID: "a"}, Case{ID: "a"}, nil), `"a": the id comes twice`},
		"no id":      {two(Case{ID: "a"}, Case{}, nil), "has no id"},
		"unreadable": {two(Case{ID: "a"}, Case{}, bad), "cases.jsonl:3"},
	} {
		res, err := Run(context.Background(), tc.cases, model(t, s, nil), Options{Folder: t.TempDir()})
		if err == nil || !strings.Contains(err.Error(), tc.want) || res.Reason != BadCase {
			t.Errorf("%s: %v, %+v", name, err, res)
		}
	}
}

// A secret that a server echoes, everywhere it can, is nowhere in what is kept.
func TestNoKeyIsKept(t *testing.T) {
	const key = "sk-very/secret+key 42"
	s := server(t, func(c stub.Call) stub.Reply {
		told := c.Header.Get("Authorization") + " " + c.Header.Get("X-Extra")
		if c.Prompt == "question 3" {
			return stub.Fail(http.StatusBadRequest, "", "bad key "+told)
		}
		if c.Prompt == "question 4" && c.N < 20 {
			return stub.Fail(http.StatusInternalServerError, "", "dump: "+told)
		}
		r := echo(c)
		r.Body = append(r.Body[:len(r.Body)-1], fmt.Sprintf(`,"debug":%q}`, told)...)
		return r
	})
	p, err := provider.New(provider.Config{Provider: "openai", BaseURL: s.URL, Model: "m", Key: "env:K", Headers: map[string]string{"X-Extra": "env:X"},
		Getenv: func(n string) string { return map[string]string{"K": key, "X": "another-secret"}[n] }})
	if err != nil {
		t.Fatal(err)
	}
	folder, cache := t.TempDir(), t.TempDir()
	res, err := Run(context.Background(), made(10), p, Options{Folder: folder, Cache: cache, Limits: Limits{Retries: 1}})
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%+v", res)
	a, err := Open(res.Artifact)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	seen := 0
	for e, err := range a.All() {
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("%+v", e)
		if e.Answer != nil {
			text += string(e.Answer.Request) + string(e.Answer.Response) + fmt.Sprintf("%+v", e.Answer)
		}
		if e.Err != nil {
			text += e.Err.Message
		}
		seen++
	}
	files, _ := filepath.Glob(filepath.Join(folder, "*"))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text += string(b)
	}
	for _, secret := range []string{"very/secret", "very\\/secret", "another-secret", "dmVyeS9zZWNyZXQ"} {
		if strings.Contains(text, secret) {
			i := strings.Index(text, secret)
			t.Errorf("%q is kept: …%s…", secret, text[max(0, i-60):min(len(text), i+60)])
		}
	}
	if !strings.Contains(text, "[key]") || seen != 10 {
		t.Error("the server's echo was not kept at all: the test shows nothing")
	}
}

// What comes before a bad case of a run that is gone on with is taken over, or asked as far as
// calls have left, though cases are then read some at a time.
func TestBadCaseLater(t *testing.T) {
	s := server(t, echo)
	o := Options{Folder: t.TempDir()}
	collected(t, 100, model(t, s, nil), o)
	bad := errors.New("cases.jsonl:131: no JSON")
	cases := func(yield func(Case, error) bool) {
		for c := range made(130) {
			if !yield(c, nil) {
				return
			}
		}
		yield(Case{}, bad)
	}
	res, err := Run(context.Background(), cases, model(t, s, nil), o)
	if !errors.Is(err, bad) || res.Reason != BadCase || res.Cases != 130 || res.Resumed != 100 || res.Answered+res.Left != 130 || s.Calls() != res.Answered {
		t.Errorf("%+v, %v, %d calls", res, err, s.Calls())
	}
}
