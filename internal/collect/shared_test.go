package collect

import (
	"sync"
	"sync/atomic"
	"testing"
)

// However many collections spend from one account at once, what they spent and set aside never
// exceeds it, and nothing is left that a call could have had.
func TestSharedBudget(t *testing.T) {
	t.Parallel()
	shared, price := NewShared(), Price{In: 1, Out: 1}
	shared.Book("earlier", Spent{Calls: 3, In: 100, Out: 50, Pico: 150_000_000})
	total := Budget{Tokens: 20_000}
	var turns atomic.Int64
	var all sync.WaitGroup
	for _, as := range []string{"a", "b", "c"} {
		p, err := newPurse(Limits{Total: total, Shared: shared, As: as}, price, 100, Spent{Calls: 1, In: 10, Out: 10})
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			all.Go(func() {
				for {
					may := p.may(300)
					why, wait := p.reserve(may)
					if wait != nil {
						<-wait
						continue
					}
					if why != "" {
						return
					}
					if turns.Add(1)%5 == 0 {
						p.giveBack(may)
						continue
					}
					p.settle(may, nil, false, true)
				}
			})
		}
	}
	all.Wait()
	var sum Spent
	for _, x := range shared.of {
		sum.Calls, sum.In, sum.Out = sum.Calls+x.Calls, sum.In+x.In, sum.Out+x.Out
	}
	const each = 100 + 100 // tokens that a call may need: 302/3 in, 100 out
	if tokens := sum.In + sum.Out; tokens > total.Tokens || tokens+each < total.Tokens {
		t.Errorf("%d of %d tokens", tokens, total.Tokens)
	}
	if want := 3 + 3 + (sum.In+sum.Out-150-60)/each; sum.Calls != want || shared.flight != 0 || shared.aside != (Charge{}) {
		t.Errorf("%d calls, want %d; %d in flight, %+v aside", sum.Calls, want, shared.flight, shared.aside)
	}
}
