package collect

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Shared is what collections under one total budget spend together, while they run at once
// too. Each knows itself by a name.
type Shared struct {
	mu      sync.Mutex
	settled chan struct{} // closed and replaced when something in flight is settled
	of      map[string]Spent
	flight  int64 // calls
	aside   Charge
}

// NewShared begins an account on which nothing is.
func NewShared() *Shared {
	return &Shared{settled: make(chan struct{}), of: map[string]Spent{}}
}

// Book says what a collection has spent over all its sessions, in place of what was known.
func (s *Shared) Book(what string, x Spent) {
	s.mu.Lock()
	s.of[what] = x
	s.mu.Unlock()
}

// reserve sets c aside for a call, as purse.reserve does.
func (s *Shared) reserve(what string, b Budget, c Charge) (why string, wait <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all Spent
	for _, x := range s.of {
		all.Calls, all.In, all.Out, all.Pico = all.Calls+x.Calls, all.In+x.In, all.Out+x.Out, all.Pico+x.Pico
	}
	why, never := b.over(all, s.aside, c)
	switch {
	case why == "":
	case !never && s.flight > 0:
		return "", s.settled
	default:
		return "of limits.total_budget: " + why, nil
	}
	s.flight++
	s.aside.In, s.aside.Out, s.aside.Pico = s.aside.In+c.In, s.aside.Out+c.Out, s.aside.Pico+c.Pico
	s.add(what, 1, Charge{})
	return "", nil
}

// settle books what a call cost in place of what it may have; calls is -1 where it never left.
func (s *Shared) settle(what string, may, cost Charge, calls int64) {
	s.mu.Lock()
	s.flight--
	s.aside.In, s.aside.Out, s.aside.Pico = s.aside.In-may.In, s.aside.Out-may.Out, s.aside.Pico-may.Pico
	s.add(what, calls, cost)
	close(s.settled)
	s.settled = make(chan struct{})
	s.mu.Unlock()
}

func (s *Shared) add(what string, calls int64, c Charge) {
	x := s.of[what]
	x.Calls += calls
	x.add(c)
	s.of[what] = x
}

// Remembered is what the collection in a folder has spent over all its sessions. A call of
// which none saw the end counts with what it may have cost, as when the collection goes on.
func Remembered(folder string) (Spent, error) {
	p, err := recall(folder, false)
	if err != nil {
		return Spent{}, err
	}
	if len(p.pending) == 0 {
		return p.spent, nil
	}
	f, err := os.Open(filepath.Join(folder, logName))
	if err != nil {
		return Spent{}, fmt.Errorf("read the log: %w", err)
	}
	defer f.Close()
	err = p.unended(f, func(b begin) error {
		p.spent.add(b.May)
		return nil
	})
	return p.spent, err
}
