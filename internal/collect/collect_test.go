package collect

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
	"github.com/fairtrial/fairtrial/internal/provider"
)

// made gives n cases q0 … with a prompt of their own.
func made(n int) iter.Seq2[Case, error] {
	return func(yield func(Case, error) bool) {
		for i := range n {
			c := Case{ID: fmt.Sprintf("q%d", i), Messages: []provider.Message{{Role: "user", Content: fmt.Sprintf("question %d", i)}}}
			if !yield(c, nil) {
				return
			}
		}
	}
}

func server(t testing.TB, script func(stub.Call) stub.Reply) *stub.Server {
	t.Helper()
	s, err := stub.New(script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func model(t testing.TB, s *stub.Server, params map[string]any) provider.Provider {
	t.Helper()
	p, err := provider.New(provider.Config{Provider: "openai", BaseURL: s.URL + "/v1", Model: "m", Params: params})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func echo(c stub.Call) stub.Reply { return stub.Answer("answer to " + c.Prompt) }

// collect runs and checks what must hold after every run: the account adds up, and every
// answer of the artifact is the answer to its own question.
func collected(t testing.TB, n int, p provider.Provider, o Options) Result {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	res, err := Run(ctx, made(n), p, o)
	if err != nil {
		t.Fatal(err)
	}
	audit(t, res, o)
	return res
}

func audit(t testing.TB, res Result, o Options) {
	t.Helper()
	errors := int64(0)
	for _, n := range res.Errors {
		errors += n
	}
	if samples := int64(max(o.Samples, 1)); res.Answered+errors+res.Left != res.Cases*samples {
		t.Errorf("%d answers + %d errors + %d left are not %d cases of %d samples", res.Answered, errors, res.Left, res.Cases, samples)
	}
	a, err := Open(res.Artifact)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Verify(); err != nil {
		t.Error(err)
	}
	if int64(a.Len()) != res.Answered+errors {
		t.Errorf("the artifact has %d entries for %d answers and %d errors", a.Len(), res.Answered, errors)
	}
	answers := int64(0)
	for e, err := range a.All() {
		if err != nil {
			t.Fatal(err)
		}
		if e.Answer == nil {
			continue
		}
		answers++
		if want := "answer to question " + e.ID[1:]; e.Answer.Output != want {
			t.Errorf("case %s: %q, not %q", e.ID, e.Answer.Output, want)
		}
	}
	if answers != res.Answered {
		t.Errorf("the artifact has %d answers, the account %d", answers, res.Answered)
	}
}

func TestRunAndOpen(t *testing.T) {
	s := server(t, echo)
	var last Progress
	o := Options{Folder: t.TempDir(), Samples: 2, Total: 300, Price: Price{In: 1, Out: 2}, Progress: func(p Progress) { last = p }}
	res := collected(t, 300, model(t, s, nil), o)
	if res.Reason != Done || !res.Complete || res.Answered != 600 || s.Calls() != 600 || res.Spent.Calls != 600 {
		t.Fatalf("%+v after %d calls", res, s.Calls())
	}
	// 10 tokens in at $1, 4 out at $2 per million.
	if res.Spent.In != 6000 || res.Spent.Out != 2400 || res.Spent.Pico != 600*(10*1e6+4*2e6) || res.Spent.Estimated != 0 {
		t.Errorf("spent %+v", res.Spent)
	}
	if last.Done != 600 || last.Total != 600 || last.InFlight != 0 {
		t.Errorf("the last progress is %+v", last)
	}
	a, err := Open(res.Artifact)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	e, err := a.Case("q123")
	if err != nil || len(e) != 2 || e[0].Sample != 0 || e[1].Sample != 1 {
		t.Fatalf("%v, %v", e, err)
	}
	got := e[1].Answer
	if got.Output != "answer to question 123" || got.Model != "stub-1" || got.Fingerprint != "fp_stub" || got.Finish != "stop" || *got.Usage.Out != 4 || len(got.Response) == 0 || len(got.Request) == 0 || got.Latency <= 0 {
		t.Errorf("%+v", got)
	}
	if _, err := a.Case("q300"); err == nil {
		t.Error("a case that is not there has an entry")
	}
	i := 0
	for e, err := range a.All() {
		if err != nil {
			t.Fatal(err)
		}
		if e.ID != fmt.Sprintf("q%d", i/2) || e.Sample != i%2 {
			t.Fatalf("entry %d is %s/%d: the order is not that of the input", i, e.ID, e.Sample)
		}
		i++
	}

	// Again: nothing is asked.
	again := collected(t, 300, model(t, s, nil), o)
	if s.Calls() != 600 || again.Resumed != 600 || again.Session.Calls != 0 || again.Spent != res.Spent {
		t.Errorf("%+v after %d calls", again, s.Calls())
	}
	if again.Digest != res.Digest {
		t.Error("the same answers have another digest")
	}
}
