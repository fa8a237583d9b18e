package answers

import (
	"fmt"
	"math"
	"time"

	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/provider"
	"github.com/fairtrial/fairtrial/internal/score"
	"github.com/fairtrial/fairtrial/internal/stat/variance"
)

// Answer is what a model gave for a case: its samples, each beside the case.
type Answer struct {
	Samples []score.Case
}

// Given puts the entries of a case beside it, samples of them. One that is missing, or
// ended in an error, is a sample without output.
func Given(c *Case, entries []*collect.Entry, samples int) Answer {
	out := Answer{Samples: make([]score.Case, samples)}
	var all []string
	for k := range out.Samples {
		s := &out.Samples[k]
		*s = c.Case
		s.NoOutput = "it was not asked for"
		for _, e := range entries {
			if e.Sample == k {
				fill(s, e)
			}
		}
		if s.NoOutput == "" {
			all = append(all, s.Output)
		}
	}
	if len(all) == samples {
		for k := range out.Samples {
			out.Samples[k].Outputs = all
		}
	}
	return out
}

// WithoutOutput is the answer of a model of which there is none, with the reason.
func WithoutOutput(c *Case, why string) Answer {
	s := c.Case
	s.NoOutput = why
	return Answer{Samples: []score.Case{s}}
}

func fill(s *score.Case, e *collect.Entry) {
	if e.Err != nil {
		if s.NoOutput = e.Err.Message; e.Err.Kind == provider.Missing {
			s.NoOutput = "none is recorded"
		}
		return
	}
	a := e.Answer
	s.Recorded = a.Scores
	s.Output, s.NoOutput = a.Output, ""
	if len(a.Contexts) > 0 { // what it retrieved itself; known passages keep their ids
		own := make([]score.Context, len(a.Contexts))
		for i, t := range a.Contexts {
			own[i] = score.Context{Text: t}
			for _, c := range s.Contexts {
				if c.Text == t || c.ID == t {
					own[i] = c
				}
			}
		}
		s.Contexts = own
	}
	for _, p := range a.Logprobs {
		s.Logprobs = append(s.Logprobs, p.Value)
	}
	number := func(n *int64) *float64 {
		if n == nil {
			return nil
		}
		x := float64(*n)
		return &x
	}
	s.TokensIn, s.TokensOut = number(a.Usage.In), number(a.Usage.Out)
	if a.Latency > 0 {
		ms := float64(a.Latency) / float64(time.Millisecond)
		s.Latency = &ms
	}
	if s.CostUSD = a.CostUSD; s.CostUSD == nil && e.Charge.Pico > 0 && !e.Charge.Estimated {
		usd := float64(e.Charge.Pico) / 1e12
		s.CostUSD = &usd
	}
}

// Grader grades answers with one built-in scorer. One goroutine at a time.
type Grader struct {
	Scorer plan.Scorer
	s      *score.Scorer
}

// NewGrader makes the scorer of a plan's entry.
func NewGrader(s plan.Scorer) (*Grader, error) {
	made, err := score.Parse(s.Spec)
	if err != nil {
		return nil, fmt.Errorf("scorer %s: %w", s.As, err)
	}
	return &Grader{s, made}, nil
}

// Columns names the numbers that each score brings beside its value (score.Score.Stats).
func (g *Grader) Columns() []string {
	if c := g.s.Corpus(); c != nil {
		return c.StatNames()
	}
	return nil
}

// Connect gives the scorer what it may need to run answers. Without it such a scorer
// leaves every case ungraded.
func (g *Grader) Connect(w score.World) error { return g.s.Connect(w) }

// Check finds what is wrong with a case before any model is asked about it. The error is a
// *engine.DataError.
func (g *Grader) Check(c *Case) error {
	if err := g.s.Check(&c.Case); err != nil {
		return &engine.DataError{Where: fmt.Sprintf("row %d (id %s)", c.Row, c.ID), Msg: g.Scorer.As + ": " + err.Error()}
	}
	return nil
}

// OfAll reports whether a case has one score, of all its samples at once.
func (g *Grader) OfAll() bool {
	return g.s.Entry.Needs == "two outputs or more" || g.s.Entry.Needs == "k outputs or more"
}

// Grade is the score of a case: the mean over its samples.
func (g *Grader) Grade(a Answer) score.Score {
	n := len(a.Samples)
	if g.OfAll() {
		for k, c := range a.Samples {
			if c.NoOutput != "" {
				return score.Score{Reason: nth(k, n) + c.NoOutput}
			}
		}
		return g.check(g.s.Score(&a.Samples[0]))
	}
	x, _ := overSamples(n, func(k int) (score.Score, variance.Answer, error) {
		return g.check(g.s.Score(&a.Samples[k])), variance.Answer{}, nil
	})
	return x
}

// Other names the scorer whose scores this one builds on, "" for none: then GradeOn grades.
func (g *Grader) Other() string { return g.s.Other() }

// GradeOn is the score of a case given what Other gave it.
func (g *Grader) GradeOn(a Answer, other score.Score) score.Score {
	c := a.Samples[0]
	c.Output, c.NoOutput, c.Other = "", "", &other // the score says whether there was an answer
	return g.check(g.s.Score(&c))
}

func (g *Grader) check(x score.Score) score.Score {
	if x.Graded && (math.IsNaN(x.Value) || math.IsInf(x.Value, 0)) {
		return score.Score{Reason: "the score is no finite number"}
	}
	return x
}

func nth(k, n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf("sample %d: ", k)
}
