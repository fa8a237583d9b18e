package collect

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/fairtrial/fairtrial/internal/provider"
)

// Case is one question.
type Case struct {
	ID       string
	Messages []provider.Message
	Input    []string // embeddings
	Vars     map[string]any
	About    any // for Next; it is not sent
}

// Limits bound a run. The zero value is: concurrency by itself, no rate, 4 retries, a
// minute a call, no budget.
type Limits struct {
	Concurrency       int     // 0: found by itself
	RequestsPerMinute float64 // 0: no bound but the provider's
	Retries           int     // of a failed call, 429 not counted; below 0 none, 0 is 4
	Timeout           time.Duration
	Budget            Budget
	// Total bounds this collection, which is As, together with others on the account Shared
	// (nil: there are none). Its Time is that of all of them: what is left of it is this one's.
	Total    Budget
	Shared   *Shared
	As       string
	Patience time.Duration // without one answer, only errors: then the run stops; 0 is 5 minutes
	Grace    time.Duration // calls in flight may end when the run is cancelled; 0 is 10 s
}

// Options say how to collect.
type Options struct {
	Folder    string          // of this collection; made if it is not there
	Cache     string          // folder of finished artifacts that is shared by collections; "" is none
	Fresh     bool            // ask everything anew; what the folder has is kept under another name
	Halt      <-chan struct{} // when closed, nothing new is asked, and what is in flight is waited for
	Settle    bool            // when all is there, errors stand: a later session does not try those cases again
	Samples   int             // repeats a case; 0 is 1
	Seed      *int64          // of the first sample; sample k has Seed+k. nil: none is sent
	Limits    Limits
	Price     Price
	MaxTokens int64 // of an answer, where the request bounds it: for the budget
	Total     int   // cases, if known: for progress
	// Next makes a conversation of a case's question: it gives the question that follows the
	// answers so far, or says that there is none. It must be a pure function, for it is asked
	// again when the run is resumed. nil: one question a case. An error ends a conversation.
	Next     func(first Case, sofar []*Entry) (Case, bool)
	Progress func(Progress)
	Every    time.Duration // between calls of Progress; 0 is half a second
}

// Reason says why a run ended.
type Reason string

const (
	// Done: every case has an answer or an error.
	Done Reason = "done"
	// BudgetSpent: the next call could have cost more than is left.
	BudgetSpent Reason = "budget spent"
	// CancelledByUser: the context was cancelled.
	CancelledByUser Reason = "cancelled"
	// Halted: Options.Halt was closed.
	Halted Reason = "halted"
	// Unavailable: nothing but errors for as long as patience lasts.
	Unavailable Reason = "provider unavailable"
	// Refused: the provider refuses every call (key, model, quota).
	Refused Reason = "provider refuses"
	// StorageFailed: the log cannot be written; Run gives an error too.
	StorageFailed Reason = "storage failed"
	// BadCase: a case cannot be read or asked; Run gives an error too.
	BadCase Reason = "bad case"
)

// Result is the account of a run. Answered + Errors + Left is the number of samples asked
// for, as far as the cases were read.
type Result struct {
	Reason   Reason
	Detail   string // in words
	Complete bool   // nothing is left: every sample has an answer or an error

	Cases    int64 // read
	Answered int64 // samples with an answer, wherever from
	Resumed  int64 // of Answered: from an earlier session
	Cached   int64 // of Answered: from another collection
	Errors   map[provider.Kind]int64
	Left     int64 // samples of the cases read that were not asked, or whose call was given up

	Spent    Spent           // over all sessions
	Session  Spent           // in this one
	Models   map[Model]int64 // who answered, how often
	Damage   string          // what the log lost earlier, "" if nothing
	Warnings []string
	Took     time.Duration
	Artifact string // path, "" if none was written
	Digest   string // SHA-256 of the artifact, hex
}

// Progress is a look at a run under way.
type Progress struct {
	Done     int64 // samples with an answer or an error
	Total    int64 // 0: unknown
	Resumed  int64
	Cached   int64
	Errors   int64
	InFlight int
	Limit    int           // how many may be
	Rate     float64       // answers a second, over the last ten seconds
	Spent    Spent         //
	Left     time.Duration // 0: unknown
	Waiting  string        // what for, "" if it is not
}

// Run asks p about all cases and keeps the answers in o.Folder. What is there already is
// not asked again. It returns an error when the cases or the folder cannot be used; all
// other ends, an unhappy provider too, are told by the Result.
func Run(ctx context.Context, cases iter.Seq2[Case, error], p provider.Provider, o Options) (Result, error) {
	if err := o.check(); err != nil {
		return Result{}, err
	}
	if err := os.MkdirAll(o.Folder, 0o755); err != nil {
		return Result{}, fmt.Errorf("make the folder of answers: %w", err)
	}
	release, err := lock(o.Folder)
	if err != nil {
		return Result{}, err
	}
	defer release()
	if o.Fresh {
		if err := putAside(o.Folder); err != nil {
			return Result{}, err
		}
	}
	past, err := recall(o.Folder, o.Settle)
	if err != nil {
		return Result{}, err
	}
	r, err := newRun(p, o, past)
	if err != nil {
		return Result{}, err
	}
	return r.run(ctx, cases)
}

func (o *Options) check() error {
	l := &o.Limits
	switch {
	case o.Folder == "":
		return errors.New("collect: a folder for the answers is needed")
	case o.Samples < 0 || o.Samples > 1<<16:
		return fmt.Errorf("samples: %d is not between 1 and %d", o.Samples, 1<<16)
	case l.Concurrency < 0:
		return fmt.Errorf("limits.concurrency: %d is neither auto nor a positive number", l.Concurrency)
	case !(l.RequestsPerMinute >= 0):
		return fmt.Errorf("limits.requests_per_minute: %v is no positive number", l.RequestsPerMinute)
	case l.Timeout < 0 || l.Patience < 0 || l.Grace < 0:
		return errors.New("limits: a time is positive")
	}
	standard := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	standard(&l.Timeout, time.Minute)
	standard(&l.Patience, 5*time.Minute)
	standard(&l.Grace, 10*time.Second)
	standard(&o.Every, 500*time.Millisecond)
	if l.Retries == 0 {
		l.Retries = 4
	}
	l.Retries = max(l.Retries, 0)
	if o.Samples == 0 {
		o.Samples = 1
	}
	return nil
}

// putAside keeps paid answers under another name.
func putAside(folder string) error {
	from := filepath.Join(folder, logName)
	if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for n := 1; ; n++ {
		to := filepath.Join(folder, fmt.Sprintf("answers.%d.log", n))
		if _, err := os.Stat(to); errors.Is(err, os.ErrNotExist) {
			if err := os.Rename(from, to); err != nil {
				return fmt.Errorf("put the old answers aside: %w", err)
			}
			return nil
		}
	}
}

// begin writes what a new session owes the log: its head, and the calls of which an
// earlier session saw no end.
func (r *run) begin() error {
	if r.past.end == 0 {
		var nonce [16]byte
		if _, err := rand.Read(nonce[:]); err != nil {
			return err
		}
		r.past.head = head{Format: format, Nonce: hex.EncodeToString(nonce[:]), Created: time.Now().UTC()}
		if _, err := r.write(kindHead, r.past.head); err != nil {
			return err
		}
	}
	err := r.past.unended(r.log.f, func(b begin) error {
		u := fail{Call: b.Call, ID: b.ID, Sample: b.Sample, At: time.Now().UTC(), Charge: b.May,
			Failure: Failure{Kind: "unknown", Message: "the program ended while the call was in flight"}}
		if _, err := r.write(kindUnknown, u); err != nil {
			return err
		}
		r.past.spent.Unknown++
		r.past.spent.add(b.May)
		return nil
	})
	if err != nil {
		return err
	}
	r.past.pending = nil
	return r.log.wait()
}

func (r *run) write(k kind, v any) (int64, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return 0, fmt.Errorf("write the log: %w", err)
	}
	return r.append(k, b)
}

// append is journal.append that stops the run when the disk is full.
func (r *run) append(k kind, payload []byte) (int64, error) {
	at, full, err := r.log.append(k, payload)
	if err != nil {
		r.stop(StorageFailed, err.Error(), err)
	} else if full {
		r.stop(StorageFailed, "the disk is full; answers in flight were still stored", errors.New("write the log: the disk is full; make room and run again: it goes on where it stopped"))
	}
	return at, err
}
