package cli

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/result"
)

// line is the last line of the terminal, where collections under way show themselves, and
// what keeps their words apart. The one that began first is shown.
type line struct {
	mu  sync.Mutex
	who []string
}

// progress shows done, rate, cost, errors and time left on a terminal, until end.
func (e *Env) progress(cmd *cobra.Command, key string) (show func(collect.Progress), end func()) {
	if !e.Terminal || quiet(cmd) {
		return nil, func() {}
	}
	l := &e.line
	l.mu.Lock()
	l.who = append(l.who, key)
	l.mu.Unlock()
	end = func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if i := slices.Index(l.who, key); i >= 0 {
			l.who = slices.Delete(l.who, i, i+1)
		}
		fmt.Fprint(e.Stderr, "\r\x1b[K")
	}
	return func(p collect.Progress) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.who) == 0 || l.who[0] != key {
			return
		}
		words := progressed(key, p)
		if n := len(l.who) - 1; n > 0 {
			words += fmt.Sprintf(" (and %d more)", n)
		}
		fmt.Fprint(e.Stderr, "\r\x1b[K"+words)
	}, end
}

func progressed(key string, p collect.Progress) string {
	line := fmt.Sprintf("%s: %s of %s", key, result.Count(p.Done), result.Count(p.Total))
	if p.Rate > 0 {
		line += fmt.Sprintf(", %.1f/s", p.Rate)
	}
	if p.Spent.Pico > 0 {
		line += fmt.Sprintf(", %.2f USD", float64(p.Spent.Pico)/1e12)
	}
	if p.Errors > 0 {
		line += fmt.Sprintf(", %s errors", result.Count(p.Errors))
	}
	if p.Left > 0 {
		line += ", " + p.Left.Round(time.Second).String() + " left"
	}
	if p.Waiting != "" {
		line += ", waiting for " + p.Waiting
	}
	return line
}
