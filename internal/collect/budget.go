package collect

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/fairtrial/fairtrial/internal/provider"
)

// Budget bounds a collection over all its sessions, except Time, which bounds this one.
// 0 is no bound.
type Budget struct {
	USD    float64
	Calls  int64
	Tokens int64 // in and out together
	Time   time.Duration
}

// Price is in USD per million tokens. CachedIn 0 is the price of In.
type Price struct{ In, CachedIn, Out float64 }

func (p Price) known() bool { return p.In != 0 || p.Out != 0 }

// of is the cost in 10^-12 USD: a dollar per million tokens is 10^6 of them a token.
func (p Price) of(in, cached, out int64) int64 {
	cachedPrice := p.CachedIn
	if cachedPrice == 0 {
		cachedPrice = p.In
	}
	pico := func(perMillion float64) int64 { return int64(math.Round(perMillion * 1e6)) }
	return (in-cached)*pico(p.In) + cached*pico(cachedPrice) + out*pico(p.Out)
}

// purse holds the account. A call sets aside what it may cost before it leaves, so that
// the budget holds for the calls in flight too.
type purse struct {
	mu      sync.Mutex
	settled chan struct{} // closed and replaced when something in flight is settled
	budget  Budget
	total   Budget // of all on the account shared, where this one is as
	shared  *Shared
	as      string
	price   Price
	spent   Spent
	flight  int64 // calls
	aside   Charge
	maxOut  int64 // from the plan; 0 is unknown
	seenOut int64 // longest answer so far
}

func newPurse(l Limits, p Price, maxOut int64, spent Spent) (*purse, error) {
	for _, x := range []struct {
		b    Budget
		name string
	}{{l.Budget, "limits.budget"}, {l.Total, "limits.total_budget"}} {
		if err := x.b.check(x.name, p); err != nil {
			return nil, err
		}
	}
	if p.In < 0 || p.Out < 0 || p.CachedIn < 0 {
		return nil, fmt.Errorf("price: a price is a positive number")
	}
	if l.Shared == nil {
		l.Shared = NewShared()
	}
	l.Shared.Book(l.As, spent)
	return &purse{budget: l.Budget, total: l.Total, shared: l.Shared, as: l.As, price: p, maxOut: maxOut, spent: spent, settled: make(chan struct{})}, nil
}

func (b Budget) check(name string, p Price) error {
	if b.USD < 0 || b.Calls < 0 || b.Tokens < 0 || b.Time < 0 || math.IsNaN(b.USD) {
		return fmt.Errorf("%s: a bound is a positive number", name)
	}
	if b.USD > 0 && !p.known() {
		return fmt.Errorf("%s.usd: without a price per million tokens (in, out) no cost is known; name the price, or bound tokens or calls", name)
	}
	return nil
}

// may is what a request could cost. Three bytes a token is on the safe side for prose;
// without max_tokens the longest answer so far stands for the next, 256 at least.
func (p *purse) may(requestBytes int) Charge {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := Charge{In: int64(requestBytes+2) / 3, Out: p.maxOut, Estimated: true}
	if c.Out == 0 {
		c.Out = max(p.seenOut, 256)
	}
	c.Pico = p.price.of(c.In, 0, c.Out)
	return c
}

// reserve sets c aside. why is not empty when the budget is spent; wait is not nil when
// it depends on what is in flight.
func (p *purse) reserve(c Charge) (why string, wait <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	why, never := p.budget.over(p.spent, p.aside, c)
	switch {
	case why != "" && !never && p.flight > 0:
		return "", p.settled
	case why != "":
		return why, nil
	}
	if why, wait = p.shared.reserve(p.as, p.total, c); why != "" || wait != nil {
		return why, wait
	}
	p.spent.Calls++
	p.flight++
	p.aside.In, p.aside.Out, p.aside.Pico = p.aside.In+c.In, p.aside.Out+c.Out, p.aside.Pico+c.Pico
	return "", nil
}

// over says why a call that may cost c does not fit beside what is spent and set aside;
// never: whatever becomes of that.
func (b Budget) over(spent Spent, aside, c Charge) (why string, never bool) {
	tokens, pico := c.In+c.Out, int64(math.Min(b.USD*1e12, math.MaxInt64/2))
	switch {
	case b.Calls > 0 && spent.Calls+1 > b.Calls:
		return fmt.Sprintf("%d of %d calls", spent.Calls, b.Calls), true
	case b.Tokens > 0 && spent.In+spent.Out+aside.In+aside.Out+tokens > b.Tokens:
		return fmt.Sprintf("%d of %d tokens, and the next call may need %d", spent.In+spent.Out, b.Tokens, tokens), false
	case b.USD > 0 && spent.Pico+aside.Pico+c.Pico > pico:
		return fmt.Sprintf("$%.4f of $%.4f, and the next call may cost $%.4f", spent.USD(), b.USD, float64(c.Pico)/1e12), false
	}
	return "", false
}

// giveBack undoes a reservation whose call never left.
func (p *purse) giveBack(c Charge) {
	p.mu.Lock()
	p.spent.Calls--
	p.free(c)
	p.shared.settle(p.as, c, Charge{}, -1)
	p.mu.Unlock()
}

func (p *purse) free(c Charge) {
	p.flight--
	p.aside.In, p.aside.Out, p.aside.Pico = p.aside.In-c.In, p.aside.Out-c.Out, p.aside.Pico-c.Pico
	close(p.settled)
	p.settled = make(chan struct{})
}

// settle books what a call cost in place of what it may have. A failure that the model
// never worked on costs nothing.
func (p *purse) settle(may Charge, u *provider.Usage, failed, worked bool) Charge {
	p.mu.Lock()
	defer p.mu.Unlock()
	var c Charge
	switch {
	case u != nil && u.In != nil && u.Out != nil:
		c = Charge{In: *u.In, Out: *u.Out}
		cached := int64(0)
		if u.Cached != nil {
			cached = min(max(*u.Cached, 0), c.In)
		}
		c.Pico = p.price.of(c.In, cached, c.Out)
		p.seenOut = max(p.seenOut, c.Out)
	case u != nil || worked:
		c = may
	}
	if failed {
		p.spent.Failed++
	}
	p.spent.add(c)
	p.free(may)
	p.shared.settle(p.as, may, c, 0)
	return c
}

func (p *purse) account() Spent {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spent
}
