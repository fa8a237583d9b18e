package collect

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
	"github.com/fairtrial/fairtrial/internal/provider"
)

// threads are cases that are talked about in three turns; those of every third case end
// after one.
func threads(n int) (iter.Seq2[Case, error], func(Case, []*Entry) (Case, bool)) {
	ask := func(id string, step int, before string) Case {
		return Case{ID: id, Messages: []provider.Message{{Role: "user", Content: fmt.Sprintf("%s step %d after [%s]", id, step, before)}}}
	}
	cases := func(yield func(Case, error) bool) {
		for i := range n {
			if !yield(ask(fmt.Sprintf("c%d", i), 0, ""), nil) {
				return
			}
		}
	}
	next := func(first Case, sofar []*Entry) (Case, bool) {
		var i int
		_, _ = fmt.Sscanf(first.ID, "c%d", &i)
		if len(sofar) == 3 || i%3 == 0 {
			return Case{}, false
		}
		return ask(first.ID, len(sofar), sofar[len(sofar)-1].Answer.Output), true
	}
	return cases, next
}

// A conversation's questions follow one another, each kept before the next is asked: a run
// that is stopped in the middle asks nothing twice, and its artifact is that of a run
// without a stop, in the order of cases, repeats and steps.
func TestConversation(t *testing.T) {
	t.Parallel()
	const n, samples = 30, 2
	want := int64(samples * (10 + 20*3))
	asked := map[string]int{}
	lock := make(chan struct{}, 1)
	s, err := stub.New(func(c stub.Call) stub.Reply {
		lock <- struct{}{}
		asked[c.Prompt]++
		<-lock
		r := stub.Answer("reply to " + c.Prompt[:strings.Index(c.Prompt, " after")])
		r.Delay = time.Millisecond
		return r
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := provider.New(provider.Config{Provider: "openai", BaseURL: s.URL, Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	cases, next := threads(n)
	dir := t.TempDir()
	o := Options{Folder: dir, Cache: t.TempDir(), Samples: samples, Next: next, Total: n, Limits: Limits{Concurrency: 4}}
	sessions := 0
	for done := false; !done; sessions++ {
		ctx, stop := context.WithCancel(context.Background())
		before := s.Calls()
		go func() {
			for s.Calls() < before+37 && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			stop()
		}()
		r, err := Run(ctx, cases, p, o)
		stop()
		if err != nil {
			t.Fatal(err)
		}
		if done = r.Complete; done {
			if r.Answered != want || r.Cases != n || r.Spent.Calls != want || r.Left != 0 {
				t.Errorf("%+v, want %d answers", r, want)
			}
			checkThreads(t, r.Artifact, n, samples)
		} else if r.Left == 0 || sessions > 20 {
			t.Fatalf("session %d: %+v", sessions, r)
		}
	}
	if sessions < 2 {
		t.Error("no session was stopped: nothing is shown")
	}
	for prompt, times := range asked {
		if times != samples {
			t.Errorf("%q was asked %d times", prompt, times)
		}
	}
	// Another folder finds all steps in the cache.
	before := s.Calls()
	o.Folder = t.TempDir()
	if r, err := Run(context.Background(), cases, p, o); err != nil || !r.Complete || r.Cached != want || s.Calls() != before {
		t.Errorf("%+v, %v, %d calls", r, err, s.Calls()-before)
	} else {
		checkThreads(t, r.Artifact, n, samples)
	}
}

func checkThreads(t *testing.T, path string, n, samples int) {
	t.Helper()
	a, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var got []string
	for e, err := range a.All() {
		if err != nil || e.Answer == nil {
			t.Fatal(err, e)
		}
		if !strings.HasPrefix(e.Answer.Output, fmt.Sprintf("reply to %s step %d", e.ID, e.Step)) {
			t.Errorf("%s step %d: %s", e.ID, e.Step, e.Answer.Output)
		}
		got = append(got, fmt.Sprintf("%s/%d/%d", e.ID, e.Sample, e.Step))
	}
	var want []string
	for i := range n {
		for k := range samples {
			for step := range map[bool]int{true: 1, false: 3}[i%3 == 0] {
				want = append(want, fmt.Sprintf("c%d/%d/%d", i, k, step))
			}
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if list, err := a.Case("c1"); err != nil || len(list) != 3*samples {
		t.Errorf("%d entries of c1: %v", len(list), err)
	}
}

// An error ends its conversation and no other; a budget stops between two questions.
func TestConversationEnds(t *testing.T) {
	t.Parallel()
	s, err := stub.New(func(c stub.Call) stub.Reply {
		if strings.HasPrefix(c.Prompt, "c1 step 1") {
			return stub.Fail(400, "bad", "no")
		}
		return stub.Answer("x")
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := provider.New(provider.Config{Provider: "openai", BaseURL: s.URL, Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	cases, next := threads(3)
	dir := t.TempDir()
	r, err := Run(context.Background(), cases, p, Options{Folder: dir, Next: next, Limits: Limits{Budget: Budget{Calls: 3}}})
	if err != nil || r.Complete || r.Reason != BudgetSpent || r.Spent.Calls != 3 {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = Run(context.Background(), cases, p, Options{Folder: dir, Next: next})
	if err != nil || !r.Complete || r.Answered != 1+1+3 || r.Errors[provider.BadRequest] != 1 || s.Calls() != 6 {
		t.Errorf("%+v, %v, %d calls", r, err, s.Calls())
	}
	// The lasting error is not asked for again.
	if r, err = Run(context.Background(), cases, p, Options{Folder: dir, Next: next}); err != nil || !r.Complete || s.Calls() != 6 {
		t.Errorf("%+v, %v, %d calls", r, err, s.Calls())
	}
	// A conversation without an end is told.
	endless := func(first Case, sofar []*Entry) (Case, bool) {
		return Case{Messages: []provider.Message{{Role: "user", Content: fmt.Sprintf("again %d", len(sofar))}}}, true
	}
	if r, err := Run(context.Background(), cases, p, Options{Folder: t.TempDir(), Next: endless}); err == nil || r.Reason != BadCase || !strings.Contains(err.Error(), "more than 1000 questions") {
		t.Errorf("%+v, %v", r, err)
	}
}
