package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/score"
)

// spoilt gives a share of the cases the candidate's answers to other cases: the degraded
// control of a generative plan. Which cases is told by a hash of the seed and the id, so that
// their order does not matter; each takes the answers of the next in the order of the hash.
// The answers are real, and scored like any others. All that are given away are held at once.
type spoilt struct {
	model   int
	samples int
	other   map[string]string // by case: whose answers it gets
	entries map[string][]*collect.Entry
	cases   int64 // that got others' answers so far
}

// spoil prepares the control; nil where the plan has none.
func spoil(ctx context.Context, s *eval.Setup, from outputs) (*spoilt, error) {
	c := s.Plan.Control
	if c == nil || s.Request.Degrade == nil || !s.Plan.Task.Generative() { // the engine spoils what stands in columns
		return nil, nil
	}
	x := &spoilt{other: map[string]string{}, entries: map[string][]*collect.Entry{}}
	for m, model := range s.Models {
		if model.Key == "candidate" {
			x.model = m
		}
	}
	for _, m := range s.Plan.Models {
		if m.Key == "candidate" {
			x.samples = m.Answers.Samples
		}
	}
	type hashed struct {
		hash uint64
		id   string
	}
	var taken []hashed
	_, err := emitCases(ctx, s.Request, emission{}, func(batch []engine.Case) error {
		for _, one := range batch {
			sum := sha256.Sum256(fmt.Appendf(nil, "fairtrial control %d %s", s.Request.Degrade.Seed, one.ID))
			if h := binary.BigEndian.Uint64(sum[:]); c.Degrade >= 1 || float64(h) < c.Degrade*math.Exp2(64) {
				taken = append(taken, hashed{h, one.ID})
			}
		}
		return nil
	})
	if err != nil || len(taken) < 2 {
		return x, err
	}
	slices.SortFunc(taken, func(a, b hashed) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.id, b.id)) })
	for i, t := range taken {
		next := taken[(i+1)%len(taken)].id
		x.other[t.id], x.entries[next] = next, nil
	}
	a, err := collect.Open(from["candidate"])
	if err != nil {
		return nil, err
	}
	defer func() { _ = a.Close() }()
	for e, err := range a.All() {
		if err != nil {
			return nil, err
		}
		if list, ok := x.entries[e.ID]; ok {
			x.entries[e.ID] = append(list, e)
		}
	}
	return x, nil
}

// columns adds the control's columns to a scorer's table.
func (x *spoilt) columns(g *grading) {
	if x == nil || g.own == nil || g.own.Groups() || g.own.Other() != "" { // a plan's gates read none of these
		return
	}
	g.control = len(g.table.Names)
	for _, name := range append([]string{""}, g.facts.Columns...) {
		to := engine.ControlColumn
		if name != "" {
			to = engine.GivenColumn(name, engine.ControlColumn)
		}
		g.table.Names, g.table.Numbers, g.table.Texts = append(g.table.Names, to), append(g.table.Numbers, []float64{}), append(g.table.Texts, nil)
	}
}

// given are the answers of the control to a case; false: they are the candidate's own.
func (x *spoilt) given(c *answers.Case) (answers.Answer, bool) {
	if x == nil {
		return answers.Answer{}, false
	}
	other, ok := x.other[c.ID]
	if !ok {
		return answers.Answer{}, false
	}
	x.cases++
	return answers.Given(c, x.entries[other], x.samples), true
}

// spoil puts the control's score of a case beside the candidate's.
func (g *grading) spoil(c *answers.Case, own score.Score, control answers.Answer, swapped bool) {
	if g.control == 0 {
		return
	}
	if swapped {
		own = g.own.Grade(control)
	}
	if !own.Graded || math.Abs(own.Value) > largestScore {
		return
	}
	g.table.Numbers[g.control][c.Row-1] = own.Value
	for k := range g.facts.Columns {
		g.table.Numbers[g.control+1+k][c.Row-1] = own.Stats[k]
	}
}
