package collect

import (
	"context"
	"fmt"

	"github.com/fairtrial/fairtrial/internal/provider"
)

// longestThread bounds a conversation, so that one that never ends is a mistake and not a
// bill.
const longestThread = 1000

// thread is the conversation about one sample of a case. One goroutine has it at a time.
type thread struct {
	first, now Case
	index      uint32
	sample     int
	sofar      []*Entry

	made *job // the question that it is at, or err, where it was made beforehand
	err  error
}

// job makes the question that a thread is at.
func (r *run) job(t *thread) (*job, error) {
	c := t.now
	j := &job{request: provider.Request{ID: t.first.ID, Sample: t.sample, Messages: c.Messages, Input: c.Input, Vars: c.Vars},
		ref: ref{index: t.index, sample: uint16(t.sample), step: uint16(len(t.sofar))}}
	if r.o.Seed != nil {
		seed := *r.o.Seed + int64(t.sample)
		j.request.Seed = &seed
	}
	encoded, err := r.p.Encode(j.request)
	if err != nil {
		return nil, fmt.Errorf("case %q: %w", t.first.ID, err)
	}
	j.key, j.size = requestKey(encoded, t.sample), len(encoded)
	return j, nil
}

// known goes through a thread as far as its answers are kept. It gives the question that
// has to be asked, nil at the thread's end; not ok when the run stops.
func (r *run) known(t *thread) (*job, bool) {
	for {
		j, err := t.made, t.err
		if j == nil && err == nil {
			j, err = r.job(t)
		}
		t.made = nil
		if err != nil {
			r.stop(BadCase, err.Error(), err)
			return nil, false
		}
		answer, over, ok := r.settle(j)
		switch {
		case !ok:
			return nil, false
		case over:
			return nil, true
		case answer == nil:
			return j, true
		}
		more, ok := r.next(t, answer)
		if !more || !ok {
			return nil, ok
		}
	}
}

// next moves a thread on to the question that follows an answer, if there is one.
func (r *run) next(t *thread, answer *Entry) (more, ok bool) {
	if r.o.Next == nil {
		return false, true
	}
	t.sofar = append(t.sofar, answer)
	c, more := r.o.Next(t.first, t.sofar)
	if !more {
		return false, true
	}
	if len(t.sofar) >= longestThread {
		err := fmt.Errorf("case %q: more than %d questions", t.first.ID, longestThread)
		r.stop(BadCase, err.Error(), err)
		return false, false
	}
	t.now = c
	r.mu.Lock()
	r.wanted++
	r.mu.Unlock()
	return true, true
}

// converse asks from a question on to the end of its thread. It has a slot, and waits
// before others for the next one: threads that are begun end first.
func (r *run) converse(ctx context.Context, t *thread, j *job) {
	for {
		answer := r.ask(ctx, j)
		if answer == nil {
			return
		}
		if more, _ := r.next(t, answer); !more {
			return
		}
		if j, _ = r.known(t); j == nil || !r.pace.acquire(true) {
			return
		}
	}
}
