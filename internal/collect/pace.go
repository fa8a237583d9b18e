package collect

import (
	"math"
	"sync"
	"time"
)

// pacer says how many calls may be in flight. It starts slowly and doubles with every
// round of successes; a 429 or an answer that does not come in time shrinks it and ends
// the doubling, from then on it grows by a twentieth a round. Told no number, it also stops where doubling no longer answers more
// in the same time: a server that queues would only make calls wait, and time out.
//
// failsafe-go's limiter reads overload from latencies; a model's latency is the length of
// its answer, so this one reads 429s and throughput.
type pacer struct {
	mu      sync.Mutex
	changed *sync.Cond
	now     func() time.Time

	limit    float64
	max      float64
	auto     bool
	slow     bool // in slow start
	inFlight int
	again    int // waiting to ask again: they go first
	until    time.Time
	shrunk   time.Time // calls begun before it tell nothing new
	stopped  bool

	round struct {
		began time.Time
		done  float64 // successes
		size  float64 // successes that make a round
	}
	before struct{ limit, rate float64 } // of the round before
	held   int                           // rounds since growth was stopped
}

const (
	autoMax   = 1024
	firstStep = 4 // or an eighth of the number that the user names
	cut       = 0.7
)

func newPacer(concurrency int, now func() time.Time) *pacer {
	p := &pacer{now: now, max: float64(concurrency), slow: true}
	p.changed = sync.NewCond(&p.mu)
	if concurrency == 0 {
		p.auto, p.max = true, autoMax
	}
	p.limit = firstStep
	if concurrency > 0 {
		p.limit = min(max(firstStep, math.Floor(p.max/8)), p.max)
	}
	p.newRound()
	return p
}

func (p *pacer) newRound() {
	p.round.began, p.round.done, p.round.size = p.now(), 0, max(math.Floor(p.limit), 16)
}

// acquire waits for a slot; false when the run stops.
func (p *pacer) acquire(again bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if again {
		p.again++
		defer func() { p.again-- }()
	}
	for {
		switch wait := p.until.Sub(p.now()); {
		case p.stopped:
			return false
		case wait > 0:
			t := time.AfterFunc(wait, p.changed.Broadcast)
			p.changed.Wait()
			t.Stop()
			continue
		case p.inFlight < int(p.limit) && (again || p.again == 0):
			p.inFlight++
			return true
		}
		p.changed.Wait()
	}
}

// release gives the slot back; nothing is learned.
func (p *pacer) release() {
	p.mu.Lock()
	p.inFlight--
	p.changed.Broadcast()
	p.mu.Unlock()
}

// stop wakes everybody who waits.
func (p *pacer) stop() {
	p.mu.Lock()
	p.stopped = true
	p.changed.Broadcast()
	p.mu.Unlock()
}

// success learns from an answer.
func (p *pacer) success() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.slow && p.limit < p.max {
		p.limit = min(p.limit+1, p.max)
		p.changed.Broadcast()
	}
	if p.round.done++; p.round.done >= p.round.size {
		p.endRound()
	}
}

func (p *pacer) endRound() {
	took := p.now().Sub(p.round.began).Seconds()
	rate := p.round.done / max(took, 1e-6)
	switch {
	case p.slow:
		if p.auto && p.before.rate > 0 && p.limit >= 1.5*p.before.limit {
			if rate < 1.1*p.before.rate {
				p.limit, p.slow = p.before.limit, false // no gain: back to what was enough
				p.auto, p.held = true, 0
				p.max = max(p.limit, 1)
				break
			}
			p.before.limit, p.before.rate = p.limit, rate
		} else if p.before.rate == 0 {
			p.before.limit, p.before.rate = p.limit, rate
		}
	default:
		p.held++
		if p.auto && p.held%20 == 0 {
			p.max = min(max(p.max, p.limit)*1.25, autoMax) // perhaps there is more now
		}
		p.limit = min(p.limit+max(1, p.limit/20), p.max)
	}
	p.newRound()
	p.changed.Broadcast()
}

// limited learns from a 429 to a call that began at a time: shrink once for each round of
// calls, and let nothing leave for a while.
func (p *pacer) limited(began time.Time, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pauseLocked(p.now().Add(wait))
	p.overloaded(began)
}

// late learns from a call that began at a time and was not answered in time: more wait at
// the server than it can work on.
func (p *pacer) late(began time.Time) {
	p.mu.Lock()
	p.overloaded(began)
	p.mu.Unlock()
}

func (p *pacer) overloaded(began time.Time) {
	now := p.now()
	if began.After(p.shrunk) {
		p.limit = max(1, math.Floor(min(p.limit, float64(p.inFlight+1))*cut))
		p.slow, p.shrunk = false, now
		if p.auto {
			p.max = autoMax
		}
		p.newRound()
	}
}

// pause lets nothing leave for a while.
func (p *pacer) pause(wait time.Duration) {
	p.mu.Lock()
	p.pauseLocked(p.now().Add(wait))
	p.mu.Unlock()
}

func (p *pacer) pauseLocked(until time.Time) {
	if until.After(p.until) {
		p.until = until
	}
	p.changed.Broadcast()
}

// state is for progress and the account.
func (p *pacer) state() (limit, inFlight int, paused time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int(p.limit), p.inFlight, max(p.until.Sub(p.now()), 0)
}
