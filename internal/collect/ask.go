package collect

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/failsafe-go/failsafe-go"

	"github.com/fairtrial/fairtrial/internal/provider"
)

// errStopped ends a job whose sample stays unasked.
var errStopped = errors.New("the run stops")

// maxPause bounds what a provider may make us wait at once: some say a day and mean a
// second. Patience sees to those who mean it.
const maxPause = time.Minute

// maxLimited is how often one sample may meet a 429 while others are answered: a request
// that is itself larger than the limit meets one every time.
const maxLimited = 50

// ask sees a job through: its slot is free again when its outcome is durable. It gives
// the answer, nil where there is none.
func (r *run) ask(ctx context.Context, j *job) *Entry {
	held := true // ask has a slot; an attempt that meets a 429 gives it back meanwhile
	defer func() {
		if held {
			r.pace.release()
		}
	}()
	attempts := 0
	var call uint64
	_, err := failsafe.With(r.retry).WithContext(r.going).GetWithExecution(func(failsafe.Execution[provider.Answer]) (provider.Answer, error) {
		for limited := 1; ; limited++ {
			attempts++
			a, c, began, err := r.attempt(ctx, j, attempts)
			call = c
			if err == nil || errors.Is(err, errStopped) || provider.KindOf(err) != provider.RateLimited {
				return a, err
			}
			var e *provider.Error
			errors.As(err, &e)
			r.limits.Store(true)
			r.pace.limited(began, r.pauseAfter(e, limited))
			if limited >= maxLimited {
				return a, &lastly{e}
			}
			r.pace.release()
			held = false
			if !r.pace.acquire(true) {
				return a, errStopped
			}
			held = true
		}
	})
	if err == nil {
		return j.answer
	}
	if errors.Is(err, errStopped) || errors.Is(err, context.Canceled) || r.stopped() && provider.KindOf(err).Retry() {
		return nil // left for the next session
	}
	var last *lastly
	if errors.As(err, &last) {
		err = last.e
	}
	r.failed(j, call, attempts, err)
	return nil
}

// lastly hides a 429 from the retry policy: it has been retried enough.
type lastly struct{ e *provider.Error }

func (l *lastly) Error() string { return l.e.Error() }

// pauseAfter is how long nothing leaves after a 429: what the provider asks for. Where it
// asks for nothing, or what it asked for did not help, it is a growing time with some
// chance in it.
func (r *run) pauseAfter(e *provider.Error, n int) time.Duration {
	if e.RetryAfter > 0 && n <= 3 {
		return min(e.RetryAfter, maxPause)
	}
	own := time.Duration(float64(250*time.Millisecond<<min(n-1, 6)) * (0.75 + rand.Float64()/2))
	return min(max(own, e.RetryAfter), maxPause)
}

// attempt makes one call and stores what came of it.
func (r *run) attempt(ctx context.Context, j *job, n int) (a provider.Answer, call uint64, began time.Time, err error) {
	may, err := r.clear(ctx, j)
	if err != nil {
		return a, 0, began, err
	}
	call, began = r.calls.Add(1), time.Now()
	j.request.Key = r.idempotency(j)
	if _, err := r.write(kindBegin, begin{Call: call, ID: j.request.ID, Sample: j.request.Sample, Key: j.key, At: began.UTC(), May: may}); err != nil {
		r.purse.giveBack(may)
		return a, call, began, errStopped
	}
	limited, cancel := context.WithTimeout(ctx, r.o.Limits.Timeout)
	a, err = r.p.Call(limited, j.request)
	cancel()
	r.hints(a, err)
	if err != nil {
		return a, call, began, r.attemptFailed(j, call, began, may, err)
	}
	r.good()
	e := &Entry{ID: j.request.ID, Sample: j.request.Sample, Step: int(j.ref.step), Key: j.key, Call: call, Attempts: n, At: time.Now().UTC(),
		Charge: r.purse.settle(may, &a.Usage, false, true), Answer: &a}
	payload, err := encodeEntry(e, a.Request, a.Response)
	if err == nil {
		j.ref.at, err = r.append(kindAnswer, payload)
	}
	if err == nil {
		err = r.log.wait()
	}
	if err != nil {
		r.stop(StorageFailed, err.Error(), err)
		return a, call, began, errStopped
	}
	r.mu.Lock()
	r.refs = append(r.refs, j.ref)
	r.answered++
	r.asked++
	r.mu.Unlock()
	j.answer = e
	return a, call, began, nil
}

// clear waits for all that a call needs to leave: the breaker, the rate, the budget.
func (r *run) clear(ctx context.Context, j *job) (Charge, error) {
	for !r.breaker.TryAcquirePermit() {
		if err := r.idle(ctx, max(r.breaker.RemainingDelay(), 20*time.Millisecond), "the provider to recover"); err != nil {
			return Charge{}, err
		}
	}
	if res := r.rate.Reserve(); res.Delay() > 0 {
		if err := r.idle(ctx, res.Delay(), ""); err != nil {
			res.Cancel()
			return Charge{}, err
		}
	}
	may := r.purse.may(j.size)
	for {
		if r.stopped() {
			return Charge{}, errStopped
		}
		why, wait := r.purse.reserve(may)
		switch {
		case why != "":
			r.stop(BudgetSpent, why, nil)
			return Charge{}, errStopped
		case wait == nil:
			return may, nil
		}
		select {
		case <-wait:
		case <-r.stopping:
		}
	}
}

// idle waits, for something that progress names, unless the run stops.
func (r *run) idle(ctx context.Context, d time.Duration, what string) error {
	if r.stopped() {
		return errStopped
	}
	if what != "" {
		r.waiting.Store(&what)
		defer r.waiting.Store(nil)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-r.stopping:
	case <-ctx.Done():
	}
	return errStopped
}

// idempotency is the same for every attempt at one answer, in every session, so that a
// provider that knows the header answers twice but works once. After an answer that was
// none it changes: the same broken one would come again.
func (r *run) idempotency(j *job) string {
	s := sha256.Sum256(fmt.Appendf(nil, "%s %s %d %d %s", r.past.head.Nonce, j.key, j.request.Sample, j.spoiled, j.request.ID))
	return fmt.Sprintf("fairtrial-%x", s[:16])
}

// hints obeys a header that says no requests are left, if the provider has shown by a 429
// that it limits at all, and for a short while only: a header is a claim.
func (r *run) hints(a provider.Answer, err error) {
	rate := a.Rate
	var e *provider.Error
	if errors.As(err, &e) {
		rate = e.Rate
	}
	if r.limits.Load() && rate.Known && rate.Remaining == 0 && rate.Reset > 0 {
		r.pace.pause(min(rate.Reset, 2*time.Second))
	}
}

// good notes that the provider answers.
func (r *run) good() {
	r.breaker.RecordSuccess()
	r.pace.success()
	r.mu.Lock()
	r.trouble, r.refusals = time.Time{}, 0
	r.mu.Unlock()
}

// attemptFailed books a failed attempt and learns from it.
func (r *run) attemptFailed(j *job, call uint64, began time.Time, may Charge, err error) error {
	var e *provider.Error
	if !errors.As(err, &e) {
		e = &provider.Error{Kind: provider.BadRequest, Message: err.Error()}
	}
	if e.Kind == provider.Malformed {
		j.spoiled++
	}
	worked := e.Sent && (e.Kind == provider.Timeout || e.Kind == provider.Connection || e.Kind == provider.Malformed ||
		e.Kind == provider.Cancelled || e.Kind == provider.TooLarge || e.Kind == provider.Encoding || e.Kind == provider.Server)
	f := fail{Call: call, ID: j.request.ID, Sample: j.request.Sample, At: time.Now().UTC(), Charge: r.purse.settle(may, nil, true, worked),
		Failure: Failure{Kind: e.Kind, Status: e.Status, Message: e.Message}}
	if _, werr := r.write(kindFail, f); werr != nil {
		return errStopped
	}
	switch e.Kind {
	case provider.Server, provider.Timeout, provider.Connection:
		r.breaker.RecordFailure()
	case provider.Cancelled:
		return errStopped
	default:
		r.breaker.RecordSuccess() // it answers, if not as hoped
	}
	r.bad(e)
	if e.Kind == provider.Timeout {
		r.pace.late(began)
	}
	if e.Kind.Retry() && e.Kind != provider.RateLimited && e.RetryAfter > 0 {
		r.pace.pause(min(e.RetryAfter, maxPause))
	}
	if r.stopped() && (e.Kind.Retry() || e.Kind.Fatal()) {
		return errStopped
	}
	return e
}

// bad stops the run when errors are all there is.
func (r *run) bad(e *provider.Error) {
	r.mu.Lock()
	now := time.Now()
	if r.trouble.IsZero() && e.Kind.Retry() {
		r.trouble = now
	}
	worn := !r.trouble.IsZero() && now.Sub(r.trouble) > r.o.Limits.Patience
	if e.Kind.Fatal() {
		r.refusals++
	}
	// One case may be forbidden or not found where others are answered; a run of them is
	// a key that was withdrawn.
	refused := e.Kind == provider.Quota || e.Kind.Fatal() && (r.asked == 0 || r.refusals >= 5)
	since := now.Sub(r.trouble).Round(time.Second)
	r.mu.Unlock()
	switch {
	case refused:
		r.stop(Refused, e.Error(), nil)
	case worn:
		r.stop(Unavailable, fmt.Sprintf("no answer for %s, the last error: %s", since, e.Error()), nil)
	}
}

// failed stores the error that ends a sample.
func (r *run) failed(j *job, call uint64, attempts int, err error) {
	var e *provider.Error
	if !errors.As(err, &e) {
		e = &provider.Error{Kind: provider.BadRequest, Message: err.Error()}
	}
	entry := &Entry{ID: j.request.ID, Sample: j.request.Sample, Step: int(j.ref.step), Key: j.key, Call: call, Attempts: attempts, At: time.Now().UTC(),
		Err: &Failure{Kind: e.Kind, Status: e.Status, Message: e.Message}}
	payload, err := encodeEntry(entry, e.Request, e.Response)
	if err == nil {
		j.ref.at, err = r.append(kindError, payload)
	}
	if err == nil {
		err = r.log.wait()
	}
	if err != nil {
		r.stop(StorageFailed, err.Error(), err)
		return
	}
	r.settled(j.ref, e.Kind)
}
