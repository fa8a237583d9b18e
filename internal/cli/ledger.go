package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// ledger is what a run's collections spent, for the budget of all together. Collections that
// go on at the same time use it.
type ledger struct {
	begun  time.Time
	mu     sync.Mutex
	of     []booked
	shared *collect.Shared
}

// booked is what one collection spent over all its sessions.
type booked struct {
	what string
	took record.Account
}

// book keeps what a collection spent, in place of what it had spent in an earlier stage.
func (l *ledger) book(what string, took record.Account) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.account().Book(what, collect.Spent{Calls: took.Calls, In: took.TokensIn, Out: took.TokensOut, Pico: int64(math.Round(float64(took.USD) * 1e12))})
	if i := slices.IndexFunc(l.of, func(b booked) bool { return b.what == what }); i >= 0 {
		l.of[i].took = took
		return
	}
	l.of = append(l.of, booked{what, took})
}

// remember keeps what earlier sessions of a collection spent that is still to go on.
func (l *ledger) remember(what string, spent collect.Spent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.account().Book(what, spent)
}

func (l *ledger) account() *collect.Shared {
	if l.shared == nil {
		l.shared = collect.NewShared()
	}
	return l.shared
}

// bound leaves a collection what the others have not spent of the total budget.
func (l *ledger) bound(limits *collect.Limits, what string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	limits.Shared, limits.As = l.account(), what
	if t := limits.Total.Time; t > 0 {
		limits.Total.Time = max(t-now.Sub(l.begun), time.Nanosecond)
	}
}

// others says who else spent what; empty where nobody did.
func (l *ledger) others(what string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for _, b := range l.of {
		if b.what == what || b.took.Calls == 0 {
			continue
		}
		s := fmt.Sprintf("%s %s calls, %s tokens", b.what, result.Count(b.took.Calls), result.Count(b.took.TokensIn+b.took.TokensOut))
		if b.took.USD > 0 {
			s += fmt.Sprintf(", $%.4f", float64(b.took.USD))
		}
		list = append(list, s)
	}
	return strings.Join(list, "; ")
}
