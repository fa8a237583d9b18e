// Package score turns a case and the output of a model into scores: the deterministic
// scorers of tasks generation and rag. It refuses networks, models, plans and clocks,
// and it refuses to guess: what cannot be graded is ungraded with a reason, never 0.
//
// Read score.go (what goes in and out), spec.go (how a scorer is written), catalogue.go
// (the table of scorers), then one file a family.
//
// # Corpus scorers
//
// BLEU, chrF and TER are not means of sentences. Their scorers give, beside the value of
// the one case, Stats: numbers that add over cases. The value on a set of cases is a
// smooth function of the sums, [Corpus.Of], which gives the gradient too. With the case
// means m = S/n and their covariance C, the standard error of the value is
// sqrt(gᵀCg/n), where g is n times the gradient at the sums: the delta method that every
// other metric of the program uses. TER is one ratio of sums. BLEU and chrF are functions
// of ten and of 3·orders sums; where a smoothing rule switches (a count of 0) they are not
// differentiable, and Of says so. A case of several references takes part with the
// statistics of its best one (chrF), its closest length and largest counts (BLEU) or its
// fewest edits and mean length (TER), as sacrebleu does.
package score

import (
	"fmt"

	"github.com/fairtrial/fairtrial/internal/stat/variance"
)

// Case is one case with what a model made of it. The zero value of a field means that
// the case has none; a scorer that needs it answers ungraded.
type Case struct {
	Output     string
	NoOutput   string   // why there is no output (a failed call …): every scorer is ungraded
	Outputs    []string // all samples of the case, for consistency scorers
	References []string // any of them is right
	Question   string
	Contexts   []Context           // ranked, best first
	Relevant   map[string]float64  // id of a relevant document → gain > 0
	Vars       map[string]any      // the columns of the case, for templates
	Checks     *Checks             // the case's own
	Recorded   map[string]*float64 // scores that stand beside the answer, nil: none was given
	Other      *Score              // what the scorer that this one builds on gave, see Scorer.Other

	Logprobs []float64 // of the output's tokens, natural logarithms

	Latency   *float64 // milliseconds
	CostUSD   *float64
	TokensIn  *float64
	TokensOut *float64
}

// Context is one retrieved passage. Without an ID the text stands for it.
type Context struct{ ID, Text string }

// Key identifies a context.
func (c Context) Key() string {
	if c.ID != "" {
		return c.ID
	}
	return c.Text
}

// Score is the answer of a scorer for one case.
type Score struct {
	// Value is what is averaged: in the entry's range, or 0 and 1 where the spec has a
	// threshold. It means nothing unless Graded.
	Value float64
	// Raw is the value before the threshold and `not-`.
	Raw      float64
	Graded   bool
	Reason   string    // why not graded
	Evidence string    // what was found, short
	Stats    []float64 // corpus scorers: numbers that add over cases, owned by the receiver
	// Answers are what Value is the mean of, where a case was answered or judged several times.
	Answers []variance.Answer
}

// Scorer is a scorer ready to use. It keeps scratch memory: one goroutine at a time.
type Scorer struct {
	Entry *Entry
	Spec  Spec

	kernel     kernel
	transforms []transform
}

// kernel is the arithmetic of one scorer.
type kernel interface{ score(c *Case) Score }

// kernelFunc is a kernel without state.
type kernelFunc func(*Case) Score

func (f kernelFunc) score(c *Case) Score { return f(c) }

// Name is the name that the metric is shown under.
func (s *Scorer) Name() string { return s.Spec.Name() }

// Range is the smallest and largest possible Value, ±Inf where there is none.
func (s *Scorer) Range() (lo, hi float64) {
	if s.binary() {
		return 0, 1
	}
	if b, ok := s.kernel.(interface{ bounds() (lo, hi float64) }); ok {
		return b.bounds()
	}
	return s.Entry.Lo, s.Entry.Hi
}

// Direction says which way Value is good: with a threshold or bounds, up; `not-` turns it.
func (s *Scorer) Direction() Direction {
	d := s.Entry.Direction
	if k, ok := s.kernel.(interface{ goodWay() Direction }); ok {
		d = k.goodWay()
	}
	if s.Spec.Threshold != nil || s.binary() && !s.Entry.Binary {
		d = Up
	}
	if s.Spec.Not && d == Down {
		return Up // not-contains is good too: a plan writes what it wants
	}
	return d
}

// binary: Value is 0 or 1.
func (s *Scorer) binary() bool {
	b, ok := s.kernel.(interface{ isBinary() bool })
	return s.Spec.Threshold != nil || s.Entry.Binary || ok && b.isBinary()
}

// Corpus is the value on a set of cases where that is not the mean, else nil. With a
// threshold or `not-` the value is a share or a complement of one case, so it is nil too.
func (s *Scorer) Corpus() Corpus {
	if _, ok := s.GroupBy(); ok { // a threshold is each group's
		return s.kernel.(Corpus)
	}
	if s.Spec.Threshold != nil || s.Spec.Not {
		return nil
	}
	c, _ := s.kernel.(Corpus)
	return c
}

// Score grades a case.
func (s *Scorer) Score(c *Case) Score {
	if c.NoOutput != "" {
		return ungraded("no output: " + c.NoOutput)
	}
	if len(s.transforms) > 0 {
		t := *c
		for _, f := range s.transforms {
			out, err := f(t.Output)
			if err != nil {
				return s.finish(failed("transform: " + err.Error()))
			}
			t.Output = out
		}
		if len(c.Outputs) > 0 {
			t.Outputs = make([]string, len(c.Outputs))
			for i, o := range c.Outputs {
				for _, f := range s.transforms {
					out, err := f(o)
					if err != nil {
						return ungraded(fmt.Sprintf("transform of sample %d: %v", i+1, err))
					}
					o = out
				}
				t.Outputs[i] = o
			}
		}
		c = &t
	}
	return s.finish(s.kernel.score(c))
}

func (s *Scorer) finish(r Score) Score {
	if !r.Graded {
		return r
	}
	r.Raw = r.Value
	if t := s.Spec.Threshold; t != nil {
		ok := r.Value >= *t
		if s.Entry.Direction == Down {
			ok = r.Value <= *t
		}
		r.Value = bit(ok)
	}
	if s.Spec.Not {
		r.Value = 1 - r.Value
	}
	return r
}

func graded(v float64, evidence string) Score {
	return Score{Value: v, Graded: true, Evidence: evidence}
}
func ungraded(reason string) Score       { return Score{Reason: reason} }
func passed(evidence string) Score       { return graded(1, evidence) }
func failed(evidence string) Score       { return graded(0, evidence) }
func yes(ok bool, evidence string) Score { return graded(bit(ok), evidence) }
func bit(ok bool) float64 {
	if ok {
		return 1
	}
	return 0
}

const mostEvidence = 80 // characters

// short cuts evidence to a readable length, on a rune's edge.
func short(s string) string {
	n := 0
	for i := range s {
		if n == mostEvidence {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
