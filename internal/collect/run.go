package collect

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"golang.org/x/time/rate"

	"github.com/fairtrial/fairtrial/internal/provider"
)

// ref says where the entry of a case's sample lies: 16 bytes.
type ref struct {
	at     int64  // in the log
	index  uint32 // of the case, in the order of the input
	sample uint16
	step   uint16 // of a conversation
}

type run struct {
	p       provider.Provider
	o       Options
	past    *past
	log     *journal
	purse   *purse
	pace    *pacer
	rate    *rate.Limiter
	breaker circuitbreaker.CircuitBreaker[provider.Answer]
	retry   retrypolicy.RetryPolicy[provider.Answer]
	cache   *cache
	start   time.Time
	before  Spent

	calls    atomic.Uint64
	jobs     sync.WaitGroup
	stopping chan struct{}   // closed: nothing new leaves
	going    context.Context // done when stopping is closed
	halt     context.CancelFunc

	mu       sync.Mutex
	reason   Reason
	detail   string
	err      error
	refs     []ref
	answered int64
	resumed  int64
	cached   int64
	asked    int64 // answers of this session
	errors   map[provider.Kind]int64
	wanted   int64
	cases    int64
	trouble  time.Time // since when there were only errors
	refusals int       // in a row
	waiting  atomic.Pointer[string]
	limits   atomic.Bool // there has been a 429
}

func newRun(p provider.Provider, o Options, past *past) (*run, error) {
	r := &run{p: p, o: o, past: past, start: time.Now(), stopping: make(chan struct{}), errors: map[provider.Kind]int64{}}
	r.refs = make([]ref, 0, min(max(o.Total, 0)*o.Samples, 1<<20))
	r.going, r.halt = context.WithCancel(context.Background())
	var err error
	if o.Cache != "" && !o.Fresh {
		if r.cache, err = openCache(o.Cache); err != nil {
			return nil, err
		}
	}
	if r.log, err = openJournal(o.Folder, past.end); err != nil {
		r.cache.close()
		return nil, err
	}
	if err = r.begin(); err == nil {
		r.purse, err = newPurse(o.Limits, o.Price, o.MaxTokens, past.spent)
	}
	if err != nil {
		r.cache.close()
		_ = r.log.close()
		return nil, err
	}
	r.before = past.spent
	r.calls.Store(past.calls)
	r.pace = newPacer(o.Limits.Concurrency, time.Now)
	r.rate = rate.NewLimiter(rate.Inf, 1)
	if n := o.Limits.RequestsPerMinute; n > 0 {
		r.rate = rate.NewLimiter(rate.Limit(n/60), max(1, int(n/600))) // six seconds' worth may leave at once
	}
	// Twenty failures and no answer between: from then on one call at a time finds out
	// whether the provider is back.
	r.breaker = circuitbreaker.NewBuilder[provider.Answer]().
		WithFailureThreshold(20).
		WithSuccessThreshold(1).
		WithDelay(min(max(o.Limits.Patience/20, 100*time.Millisecond), 5*time.Second)).
		Build()
	r.retry = retrypolicy.NewBuilder[provider.Answer]().
		HandleIf(func(_ provider.Answer, err error) bool { return err != nil && provider.KindOf(err).Retry() }).
		WithMaxRetries(o.Limits.Retries).
		WithBackoff(500*time.Millisecond, 30*time.Second).
		WithJitterFactor(0.25).
		ReturnLastFailure().
		Build()
	return r, nil
}

// stop ends the run: nothing new leaves, what is in flight may come home. The first
// reason counts.
func (r *run) stop(why Reason, detail string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reason != "" {
		return
	}
	r.reason, r.detail, r.err = why, detail, err
	close(r.stopping)
	r.halt()
	if r.pace != nil {
		r.pace.stop()
	}
}

func (r *run) stopped() bool {
	select {
	case <-r.stopping:
		return true
	default:
		return false
	}
}

func (r *run) run(ctx context.Context, cases iter.Seq2[Case, error]) (Result, error) {
	// Calls outlive the caller's context by the grace, so that paid answers come home.
	calls, hurry := context.WithCancel(context.WithoutCancel(ctx))
	defer hurry()
	defer r.halt()
	over := make(chan struct{})
	var watchers sync.WaitGroup
	watchers.Add(2)
	go func() { defer watchers.Done(); r.watch(ctx, hurry, over) }()
	go func() { defer watchers.Done(); r.report(over) }()

	r.dispatch(calls, cases)
	r.jobs.Wait()
	close(over)
	watchers.Wait()
	return r.finish()
}

// watch stops the run when the user does, when the time is up, and hurries what is in
// flight when the grace is over.
func (r *run) watch(ctx context.Context, hurry context.CancelFunc, over <-chan struct{}) {
	var up <-chan time.Time
	why, t := "", r.o.Limits.Budget.Time
	if why = t.String() + " of time"; r.o.Limits.Total.Time > 0 && (t == 0 || r.o.Limits.Total.Time < t) {
		t, why = r.o.Limits.Total.Time, "of limits.total_budget: its time"
	}
	if t > 0 {
		timer := time.NewTimer(t)
		defer timer.Stop()
		up = timer.C
	}
	select {
	case <-ctx.Done():
		r.stop(CancelledByUser, "stopped by the user", nil)
	case <-up:
		r.stop(BudgetSpent, why, nil)
	case <-r.o.Halt:
		r.stop(Halted, "another collection ended early", nil)
	case <-r.stopping:
	case <-over:
		return
	}
	// A stop for the budget waits for all it paid for; a user may still lose patience.
	done := ctx.Done()
	if ctx.Err() == nil {
		select {
		case <-done:
		case <-over:
			return
		}
	}
	grace := time.NewTimer(r.o.Limits.Grace)
	defer grace.Stop()
	select {
	case <-grace.C:
		hurry()
	case <-over:
	}
}

// dispatch reads the cases and sends what has no answer yet. Where answers are kept already,
// most cases only need their requests made, to be looked up: some are read at a time, and
// that is done in parallel.
func (r *run) dispatch(ctx context.Context, cases iter.Seq2[Case, error]) {
	seen := make(map[uint64]struct{}, r.o.Total) // hashes of ids: 8 bytes a case and the map's room
	together := 1
	if len(r.past.answers) > 0 {
		together = 64
	}
	var batch []*thread
	index := uint32(0)
	for c, err := range cases {
		if r.stopped() {
			return
		}
		if err == nil && index == math.MaxUint32 {
			err = fmt.Errorf("more than %d cases", index)
		}
		if err == nil {
			err = once(seen, c.ID)
		}
		if err != nil {
			if r.send(ctx, batch) { // the cases before are good
				r.stop(BadCase, err.Error(), err)
			}
			return
		}
		for s := range r.o.Samples {
			batch = append(batch, &thread{first: c, now: c, index: index, sample: s})
		}
		index++
		if len(batch) >= together {
			if !r.send(ctx, batch) {
				return
			}
			batch = batch[:0]
		}
	}
	r.send(ctx, batch)
}

// send settles threads from the log or the cache, or sends them; false when the run stops.
func (r *run) send(ctx context.Context, threads []*thread) bool {
	if len(threads) > 1 {
		var ready sync.WaitGroup
		workers := min(runtime.GOMAXPROCS(0), len(threads))
		for k := range workers {
			ready.Go(func() {
				for i := k; i < len(threads); i += workers {
					threads[i].made, threads[i].err = r.job(threads[i])
				}
			})
		}
		ready.Wait()
	}
	for _, t := range threads {
		if r.stopped() {
			return false
		}
		if t.sample == 0 {
			r.mu.Lock()
			r.cases++
			r.wanted += int64(r.o.Samples)
			r.mu.Unlock()
		}
		if !r.one(ctx, t) {
			return false
		}
	}
	return true
}

func once(seen map[uint64]struct{}, id string) error {
	if id == "" {
		return fmt.Errorf("a case has no id")
	}
	h := hash64(id)
	if _, twice := seen[h]; twice {
		return fmt.Errorf("case %q: the id comes twice; answers are kept by id", id)
	}
	seen[h] = struct{}{}
	return nil
}

// job is a question of a case's sample that has to be asked.
type job struct {
	request provider.Request
	ref     ref
	key     string
	size    int // of the request
	spoiled int // answers that were no answers: a new idempotency key each
	answer  *Entry
}

// one settles a sample from the log or the cache, or sends it; false when the run stops.
func (r *run) one(ctx context.Context, t *thread) bool {
	j, ok := r.known(t)
	if !ok || j == nil {
		return ok
	}
	if !r.pace.acquire(false) {
		return false
	}
	r.jobs.Add(1)
	go func() {
		defer r.jobs.Done()
		r.converse(ctx, t, j)
	}()
	return true
}

// settle takes the answer to a question from the log or the cache. It gives nil, and ok,
// where the question has to be asked; over where it ended in a lasting error.
func (r *run) settle(j *job) (answer *Entry, over, ok bool) {
	key := newJobKey(j.request.ID, j.request.Sample, j.key)
	if at, found := r.past.answers[key]; found {
		j.ref.at = at
		if r.o.Next != nil { // the answer decides what follows
			var err error
			if answer, err = r.stored(at); err != nil || answer.Answer == nil {
				if err == nil {
					err = fmt.Errorf("read the log: the record at byte %d is not the answer it was", at)
				}
				r.stop(StorageFailed, err.Error(), err)
				return nil, false, false
			}
		} else {
			answer = &Entry{}
		}
		r.mu.Lock()
		r.refs = append(r.refs, j.ref)
		r.answered++
		r.resumed++
		r.mu.Unlock()
		return answer, false, true
	}
	if at, found := r.past.errors[key]; found {
		return nil, true, r.oldError(j, at)
	}
	if e := r.cache.find(j.key, j.request.Sample); e != nil {
		return e, false, r.fromCache(j, e)
	}
	return nil, false, true
}

func (r *run) stored(at int64) (*Entry, error) {
	_, payload, err := readAt(r.log.f, at)
	if err != nil {
		return nil, err
	}
	return decodeEntry(payload)
}

// oldError takes over an error that would come again.
func (r *run) oldError(j *job, at int64) bool {
	e, err := r.stored(at)
	if err == nil && e.Err != nil {
		j.ref.at = at
		r.settled(j.ref, e.Err.Kind)
		return true
	}
	if err == nil {
		err = fmt.Errorf("read the log: the record at byte %d is not the error it was", at)
	}
	r.stop(StorageFailed, err.Error(), err)
	return false
}

// settled books an outcome of a sample: an answer, or an error of a kind.
func (r *run) settled(at ref, failed provider.Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refs = append(r.refs, at)
	if failed != "" {
		r.errors[failed]++
		return
	}
	r.answered++
}

func (r *run) fromCache(j *job, e *Entry) bool {
	e.ID, e.Sample, e.Step, e.Cached, e.Call, e.Charge = j.request.ID, j.request.Sample, int(j.ref.step), true, 0, Charge{}
	payload, err := encodeEntry(e, e.Answer.Request, e.Answer.Response)
	if err != nil {
		r.stop(StorageFailed, err.Error(), err)
		return false
	}
	at, err := r.append(kindAnswer, payload)
	if err != nil {
		return false
	}
	j.ref.at = at
	r.settled(j.ref, "")
	r.mu.Lock()
	r.cached++
	r.mu.Unlock()
	return true
}

func (r *run) finish() (Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reason == "" {
		r.reason, r.detail = Done, "every case has an answer or an error"
	}
	res := Result{Reason: r.reason, Detail: r.detail, Cases: r.cases, Answered: r.answered, Resumed: r.resumed, Cached: r.cached,
		Errors: r.errors, Spent: r.purse.account()}
	res.Session = minus(res.Spent, r.before)
	res.Left = r.wanted - r.answered
	for _, n := range r.errors {
		res.Left -= n
	}
	res.Complete = r.reason == Done && res.Left == 0
	if d := r.past.damage; d.bad > 0 {
		res.Damage = fmt.Sprintf("%d places of the log were damaged (%d bytes); what was lost there was asked again", d.bad, d.bytes)
	}
	if res.Spent.Estimated > 0 {
		res.Warnings = append(res.Warnings, fmt.Sprintf("tokens and cost of %d of %d calls are estimates: the provider did not count them, or nothing is known of their outcome", res.Spent.Estimated, res.Spent.Calls))
	}
	err := r.err
	if res.Complete && r.o.Settle && len(r.errors) > 0 {
		if _, _, err = r.log.append(kindSettled, []byte("{}")); err == nil {
			err = r.log.wait()
		}
	}
	if r.reason != StorageFailed && r.reason != BadCase {
		slices.SortFunc(r.refs, func(a, b ref) int {
			return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.sample, b.sample), cmp.Compare(a.step, b.step))
		})
		var werr error
		mark := r.contents()
		if res.Artifact, res.Digest, res.Models = finishedAlready(r.o.Folder, mark); res.Artifact == "" {
			if res.Artifact, res.Digest, res.Models, werr = writeArtifact(r.o.Folder, r.log.f, r.refs); werr == nil {
				werr = noteFinished(r.o.Folder, mark, res.Digest, res.Models)
			}
		}
		if werr == nil && r.o.Cache != "" {
			werr = shareArtifact(r.o.Cache, res.Artifact)
		}
		if werr != nil {
			err = werr
		}
	}
	if len(res.Models) > 1 {
		res.Warnings = append(res.Warnings, fmt.Sprintf("%d different models or fingerprints answered", len(res.Models)))
	}
	if cerr := r.log.close(); err == nil {
		err = cerr
	}
	r.cache.close()
	res.Took = time.Since(r.start)
	return res, err
}

func minus(a, b Spent) Spent {
	return Spent{Calls: a.Calls - b.Calls, Unknown: a.Unknown - b.Unknown, Failed: a.Failed - b.Failed, Estimated: a.Estimated - b.Estimated,
		In: a.In - b.In, Out: a.Out - b.Out, Pico: a.Pico - b.Pico}
}
