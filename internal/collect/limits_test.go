package collect

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
	"github.com/fairtrial/fairtrial/internal/provider"
)

// Budgets are kept to the token, with many calls in flight, and over resumed runs.
func TestBudget(t *testing.T) {
	t.Parallel()
	slow := func(c stub.Call) stub.Reply {
		r := echo(c)
		r.Delay = 3 * time.Millisecond
		return r
	}
	for name, tc := range map[string]struct {
		b    Budget
		over func(Spent) bool
	}{
		"calls":  {Budget{Calls: 37}, func(s Spent) bool { return s.Calls > 37 }},
		"tokens": {Budget{Tokens: 1400}, func(s Spent) bool { return s.In+s.Out > 1400 }},
		"usd":    {Budget{USD: 0.001}, func(s Spent) bool { return s.USD() > 0.001 }},
	} {
		t.Run(name, func(t *testing.T) {
			s := server(t, slow)
			o := Options{Folder: t.TempDir(), Price: Price{In: 1, Out: 2}, MaxTokens: 8, Limits: Limits{Concurrency: 30, Budget: tc.b}}
			p := model(t, s, map[string]any{"max_tokens": 8})
			res := collected(t, 400, p, o)
			if res.Reason != BudgetSpent || res.Detail == "" || res.Complete || tc.over(res.Spent) || res.Answered != s.Calls() || res.Answered < 30 {
				t.Errorf("%+v after %d calls", res, s.Calls())
			}
			before := s.Calls()
			if res = collected(t, 400, p, o); res.Reason != BudgetSpent || tc.over(res.Spent) || s.Calls() != before {
				t.Errorf("resumed with nothing left: %+v after %d more calls", res, s.Calls()-before)
			}
			o.Limits.Budget = Budget{}
			if res = collected(t, 400, p, o); res.Answered != 400 || s.Calls() != 400 {
				t.Errorf("resumed without a budget: %+v after %d calls", res, s.Calls())
			}
		})
	}
	t.Run("time", func(t *testing.T) {
		s := server(t, slow)
		res := collected(t, 5000, model(t, s, nil), Options{Folder: t.TempDir(), Limits: Limits{Concurrency: 2, Budget: Budget{Time: 300 * time.Millisecond}}})
		if res.Reason != BudgetSpent || res.Answered != s.Calls() || res.Answered == 0 || res.Took > 3*time.Second {
			t.Errorf("%+v", res)
		}
	})
}

// A provider that does not count tokens: the account says that it estimates.
func TestNoUsage(t *testing.T) {
	s := server(t, func(c stub.Call) stub.Reply {
		return stub.Reply{Body: []byte(`{"choices":[{"finish_reason":"stop","message":{"content":"answer to ` + c.Prompt + `"}}]}`)}
	})
	res := collected(t, 10, model(t, s, nil), Options{Folder: t.TempDir()})
	if len(res.Warnings) != 1 || res.Models[Model{}] != 10 {
		t.Errorf("%v, %v", res.Warnings, res.Models)
	}
	if res.Spent.Estimated != 10 || res.Spent.In == 0 {
		t.Errorf("%+v", res.Spent)
	}
}

// Cancelled: what is in flight comes home, nothing new leaves, and nothing is lost.
func TestCancel(t *testing.T) {
	t.Parallel()
	var cancel context.CancelFunc
	s := server(t, func(c stub.Call) stub.Reply {
		if c.N == 100 {
			cancel()
		}
		r := echo(c)
		r.Delay = 20 * time.Millisecond
		return r
	})
	o := Options{Folder: t.TempDir(), Limits: Limits{Concurrency: 20}}
	ctx, stop := context.WithCancel(context.Background())
	cancel = stop
	res, err := Run(ctx, made(1000), model(t, s, nil), o)
	if err != nil {
		t.Fatal(err)
	}
	audit(t, res, o)
	if res.Reason != CancelledByUser || res.Answered != s.Calls() || s.Calls() > 130 {
		t.Errorf("%+v after %d calls", res, s.Calls())
	}
	if res = collected(t, 1000, model(t, s, nil), o); res.Answered != 1000 || s.Calls() != 1000 {
		t.Errorf("%+v after %d calls", res, s.Calls())
	}
}

// Cancelled while a call hangs: given up after the grace, charged, left.
func TestCancelHang(t *testing.T) {
	t.Parallel()
	s := server(t, func(c stub.Call) stub.Reply {
		if c.Prompt == "question 5" {
			return stub.Reply{Hang: true}
		}
		return echo(c)
	})
	ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer stop()
	o := Options{Folder: t.TempDir(), Limits: Limits{Grace: 200 * time.Millisecond}}
	res, err := Run(ctx, made(10), model(t, s, nil), o)
	if err != nil {
		t.Fatal(err)
	}
	audit(t, res, o)
	if res.Reason != CancelledByUser || res.Answered != 9 || res.Left != 1 || res.Spent.Estimated != 1 || res.Took > 3*time.Second {
		t.Errorf("%+v", res)
	}
}

func TestCacheAndFresh(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	s := server(t, func(c stub.Call) stub.Reply { n.Add(1); return echo(c) })
	cache := t.TempDir()
	o := Options{Folder: t.TempDir(), Cache: cache, Samples: 2}
	collected(t, 50, model(t, s, nil), o)
	if n.Load() != 100 {
		t.Fatalf("%d calls", n.Load())
	}
	// Another folder: all from the cache, nothing paid; new cases and new repeats are asked.
	o.Folder, o.Samples = t.TempDir(), 3
	res := collected(t, 60, model(t, s, nil), o)
	if res.Cached != 100 || n.Load() != 180 || res.Spent.Calls != 80 {
		t.Errorf("%+v after %d calls", res, n.Load())
	}
	// Another parameter is another request.
	o.Folder = t.TempDir()
	if res = collected(t, 10, model(t, s, map[string]any{"temperature": 0.5}), o); res.Cached != 0 {
		t.Errorf("%+v", res)
	}
	// Fresh ignores cache and log, and keeps the paid answers under another name.
	o.Fresh = true
	before := n.Load()
	if res = collected(t, 10, model(t, s, map[string]any{"temperature": 0.5}), o); res.Cached+res.Resumed != 0 || n.Load()-before != 30 {
		t.Errorf("%+v after %d calls", res, n.Load()-before)
	}
	if _, err := os.Stat(o.Folder + "/answers.1.log"); err != nil {
		t.Error(err)
	}
}

// Samples have seeds of their own, and keys of their own.
func TestSeeds(t *testing.T) {
	seeds, keys := make(chan string, 100), map[string]bool{}
	s := server(t, func(c stub.Call) stub.Reply {
		_, after, _ := strings.Cut(string(c.Body), `"seed":`)
		seeds <- after[:2] + " " + c.Key
		return echo(c)
	})
	seed := int64(40)
	collected(t, 3, model(t, s, nil), Options{Folder: t.TempDir(), Samples: 4, Seed: &seed})
	close(seeds)
	count := map[string]int{}
	for x := range seeds {
		count[x[:2]]++
		keys[x[3:]] = true
	}
	if fmt.Sprint(count) != "map[40:3 41:3 42:3 43:3]" || len(keys) != 12 {
		t.Errorf("%v, %d keys", count, len(keys))
	}
}

func TestRequestsPerMinute(t *testing.T) {
	t.Parallel()
	s := server(t, echo)
	start := time.Now()
	res := collected(t, 20, model(t, s, nil), Options{Folder: t.TempDir(), Limits: Limits{RequestsPerMinute: 1200}})
	// Two may leave at once, the others 50 ms apart.
	if took := time.Since(start); res.Answered != 20 || took < 800*time.Millisecond {
		t.Errorf("%d answers in %s", res.Answered, took)
	}
}

func TestTwoRunsInOneFolder(t *testing.T) {
	folder := t.TempDir()
	release, err := lock(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	s := server(t, echo)
	if _, err := Run(context.Background(), made(1), model(t, s, nil), Options{Folder: folder}); err == nil || !strings.Contains(err.Error(), "another run") {
		t.Errorf("%v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	s := server(t, echo)
	for want, o := range map[string]Options{
		"folder":              {},
		"samples":             {Folder: "x", Samples: -1},
		"concurrency":         {Folder: "x", Limits: Limits{Concurrency: -2}},
		"requests_per_minute": {Folder: "x", Limits: Limits{RequestsPerMinute: -1}},
		"usd":                 {Folder: t.TempDir(), Limits: Limits{Budget: Budget{USD: 1}}},
	} {
		if _, err := Run(context.Background(), made(1), model(t, s, nil), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if s.Calls() != 0 {
		t.Error("something was asked")
	}
}

// What the server sees of the pace: a slow start, and no more than it can use.
func TestAutoConcurrency(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("seconds")
	}
	gate := make(chan struct{}, 6) // the server works on six at once and queues the rest
	s := server(t, func(c stub.Call) stub.Reply {
		gate <- struct{}{}
		time.Sleep(10 * time.Millisecond)
		<-gate
		return echo(c)
	})
	res := collected(t, 2500, model(t, s, nil), Options{Folder: t.TempDir()})
	// 40 or 80 on a quiet machine; a round measured slow by chance is one doubling more.
	// Without the brake it goes beyond 1 000.
	if res.Answered != 2500 || s.Peak() > 400 {
		t.Errorf("%d in flight at once for a server that works on 6: %+v", s.Peak(), res)
	}
	t.Logf("peak %d, %s", s.Peak(), res.Took)
}

// A server that works on one call at a time, on a machine of its user: most of the first
// calls come too late; then it is asked one at a time, and every case is answered.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{}, 1)
	s := server(t, func(c stub.Call) stub.Reply {
		gate <- struct{}{}
		time.Sleep(100 * time.Millisecond)
		<-gate
		return echo(c)
	})
	res := collected(t, 30, model(t, s, nil), Options{Folder: t.TempDir(), Limits: Limits{Timeout: 350 * time.Millisecond}})
	if res.Answered != 30 || res.Spent.Failed > 30 {
		t.Errorf("%+v", res)
	}
}

// The pacer on a clock of the test's.
func TestPacer(t *testing.T) {
	now := time.Unix(0, 0)
	p := newPacer(200, func() time.Time { return now })
	if l, _, _ := p.state(); l != 25 {
		t.Errorf("it starts with %d", l)
	}
	round := func() {
		l, _, _ := p.state()
		for range l {
			p.success()
		}
		now = now.Add(time.Second)
	}
	for _, want := range []int{50, 100, 200, 200} {
		round()
		if l, _, _ := p.state(); l != want {
			t.Errorf("limit %d, not %d", l, want)
		}
	}
	for range 200 {
		p.acquire(false)
	}
	began := now
	now = now.Add(time.Second)
	for range 50 {
		p.limited(began, 3*time.Second) // one round of calls, one cut
	}
	if l, _, paused := p.state(); l != 140 || paused != 3*time.Second {
		t.Errorf("after a burst of 429: limit %d, paused %s", l, paused)
	}
	for range 10 {
		now = now.Add(time.Second)
		p.limited(now, time.Second)
		now = now.Add(time.Second)
	}
	if l, _, _ := p.state(); l != 2 {
		t.Errorf("after ten more: limit %d", l)
	}
	for range 50 {
		now = now.Add(time.Second)
		p.limited(now, time.Second)
	}
	if l, _, _ := p.state(); l != 1 {
		t.Errorf("it shrinks to %d: one must always try", l)
	}
	now = now.Add(time.Hour)
	for range 64 {
		p.success()
	}
	if l, _, _ := p.state(); l < 2 || l > 6 {
		t.Errorf("after a 429 it grows slowly: %d", l)
	}
}

func TestPrice(t *testing.T) {
	p := Price{In: 0.15, CachedIn: 0.075, Out: 0.6}
	if got := p.of(1000, 400, 100); got != 600*150_000+400*75_000+100*600_000 {
		t.Errorf("%d", got)
	}
	in, out, cached := int64(10), int64(1), int64(99) // a provider that cannot count
	w, err := newPurse(Limits{}, p, 0, Spent{})
	if err != nil {
		t.Fatal(err)
	}
	if c := w.settle(Charge{}, &provider.Usage{In: &in, Out: &out, Cached: &cached}, false, true); c.Pico != 10*75_000+600_000 {
		t.Errorf("%+v", c)
	}
}
