package collect

import "time"

// report tells the caller how far the run is, and once more at its end.
func (r *run) report(over <-chan struct{}) {
	if r.o.Progress == nil {
		<-over
		return
	}
	tick := time.NewTicker(r.o.Every)
	defer tick.Stop()
	type point struct {
		at   time.Time
		done int64
	}
	window := []point{{r.start, 0}}
	tell := func() {
		p := r.progress()
		now := time.Now()
		r.mu.Lock()
		asked := r.asked
		r.mu.Unlock()
		window = append(window, point{now, asked})
		for len(window) > 2 && now.Sub(window[0].at) > 10*time.Second {
			window = window[1:]
		}
		if s := now.Sub(window[0].at).Seconds(); s > 0 {
			p.Rate = float64(asked-window[0].done) / s
		}
		if p.Rate > 0 && p.Total > p.Done {
			p.Left = time.Duration(float64(p.Total-p.Done) / p.Rate * float64(time.Second))
		}
		r.o.Progress(p)
	}
	for {
		select {
		case <-tick.C:
			tell()
		case <-over:
			tell()
			return
		}
	}
}

func (r *run) progress() Progress {
	p := Progress{Total: int64(r.o.Total) * int64(r.o.Samples), Spent: r.purse.account()}
	var paused time.Duration
	p.Limit, p.InFlight, paused = r.pace.state()
	if w := r.waiting.Load(); w != nil {
		p.Waiting = *w
	} else if paused > 0 {
		p.Waiting = "the provider's rate limit, " + paused.Round(100*time.Millisecond).String()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p.Resumed, p.Cached, p.Done = r.resumed, r.cached, r.answered
	if p.Total > 0 {
		p.Total = max(p.Total, r.wanted) // conversations are longer than is known before
	}
	for _, n := range r.errors {
		p.Errors += n
	}
	p.Done += p.Errors
	return p
}
