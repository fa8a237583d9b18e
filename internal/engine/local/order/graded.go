package order

import (
	"fmt"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// ordered are rows that all have the value whose quantile is asked for, by model and row,
// with their populations and the places of their clusters.
type ordered struct {
	r      *rows.Rows
	pops   []*summary.Population
	e      entries
	values [][]float64
}

// orderedBy finds the values of an expression: the errors of a regression, or the scores of
// a scorer, where ungraded rows are left out.
func orderedBy(expr summary.Expr, r *rows.Rows, pops []*summary.Population, e entries) (ordered, error) {
	o := ordered{r: r, pops: pops, e: e}
	scorer, isGraded, ok := expr.Scorer()
	switch {
	case ok && !isGraded && r.Given[scorer] != nil:
		o = graded(r, r.Given[scorer], pops, e)
		for m := range o.r.Models {
			o.values = append(o.values, o.r.Models[m].Score)
		}
	case (expr == summary.AbsError || expr == summary.Error) && r.Task == cases.Regression:
		for m := range r.Models {
			o.values = append(o.values, errorsOf(r, m, expr == summary.AbsError))
		}
	default:
		return o, &engine.DataError{Msg: fmt.Sprintf("a quantile of %q is not built", string(expr))}
	}
	return o, nil
}

// graded are the rows that a scorer graded for every model, with its scores as those of the
// models, and the populations of these rows alone.
func graded(r *rows.Rows, g *rows.Given, pops []*summary.Population, e entries) ordered {
	var kept []int
	for i := range r.N {
		if !g.Ungraded[i] {
			kept = append(kept, i)
		}
	}
	s := &rows.Rows{N: len(kept), Task: r.Task, Baseline: r.Baseline, Weight: pick(r.Weight, kept)}
	for _, m := range r.Models {
		s.Models = append(s.Models, rows.Model{Key: m.Key, Score: pick(g.Scores[m.Key], kept)})
	}
	for _, p := range r.Parts {
		p.Code, p.Words = pick(p.Codes(), kept), nil
		s.Parts = append(s.Parts, p)
	}
	o := ordered{r: s}
	for _, x := range e {
		o.e = append(o.e, pick(x, kept))
	}
	for _, p := range pops {
		o.pops = append(o.pops, &summary.Population{Blocks: p.Blocks})
	}
	for _, sl := range slots(s) {
		eachRow(s, sl, func(row, p int) {
			x, w := o.pops[sl.base+p], 1.0
			if s.Weight != nil {
				w = s.Weight[row]
			}
			x.N, x.W, x.W2 = x.N+1, x.W+w, x.W2+w*w
		})
	}
	return o
}

// pick takes the values at some rows; nil of nil.
func pick[T any](from []T, at []int) []T {
	if from == nil {
		return nil
	}
	out := make([]T, len(at))
	for i, k := range at {
		out[i] = from[k]
	}
	return out
}
