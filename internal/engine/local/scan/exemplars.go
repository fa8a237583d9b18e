package scan

import (
	"context"
	"math"
	"slices"
	"sort"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// Exemplars are the k rows that each model got most wrong, worst first, earlier rows
// first among equals; rows without any loss are none. The loss is |p − y| where all
// scores of the model lie in [0,1], else how far the score is on the wrong side of the threshold
// (of 0 without one); |f − y| for regression; 1 − p of the true class, or 1 for a
// wrong class without probabilities. Output is the score or prediction; for classes the probability of the true
// one, or 0.
func (s *Scan) Exemplars(ctx context.Context, k int) ([]engine.Exemplar, error) {
	if k <= 0 {
		return nil, nil
	}
	r := s.Rows
	type pick struct{ model, row int }
	var picks []pick
	var at []int64
	losses := make([]lossOf, len(r.Models))
	for m := range r.Models {
		losses[m] = loss(r, m, s.plan.probability(m))
		for _, row := range worst(r.N, k, losses[m]) {
			picks = append(picks, pick{m, row})
			at = append(at, s.stream(row))
		}
	}
	found, err := s.plan.rowsOf().places(ctx, nil, at)
	if err != nil {
		return nil, err
	}
	out := make([]engine.Exemplar, len(picks))
	for i, p := range picks {
		where := found[at[i]]
		model := &r.Models[p.model]
		var own [1]float64
		losses[p.model](own[:], p.row)
		e := engine.Exemplar{Model: model.Key, ID: where.id, Row: where.overall, Loss: own[0]}
		switch {
		case r.Class != nil:
			e.Label = r.Classes[r.Class[p.row]]
		default:
			e.Label = formatNumber(r.Target[p.row])
		}
		switch {
		case model.Score != nil:
			e.Output = model.Score[p.row]
		case model.Probs != nil:
			e.Output = model.Probs[r.Class[p.row]][p.row]
		}
		out[i] = e
	}
	return out, nil
}

// stream is the number in the stream of a used row: its own number plus the rows
// before it that were not used.
func (s *Scan) stream(row int) int64 {
	before := sort.Search(len(s.skipped), func(j int) bool { return s.skipped[j]-int64(j) > int64(row) })
	return int64(row + before)
}

// A lossOf fills to with the losses of the rows from a given one on. None of them is above most.
type lossOf func(to []float64, from int) (most float64)

// loss is how wrong a model is about its rows. inside says that all its scores are known to
// lie in [0,1].
func loss(r *rows.Rows, m int, inside bool) lossOf {
	model := &r.Models[m]
	switch {
	case r.Task == cases.Regression:
		return func(to []float64, from int) float64 {
			y, f := r.Target[from:], model.Score[from:]
			for i := range to {
				to[i] = math.Abs(f[i] - y[i])
			}
			return math.Inf(1)
		}
	case model.Score == nil && model.Probs != nil:
		return func(to []float64, from int) float64 {
			for i := range to {
				to[i] = 1 - model.Probs[r.Class[from+i]][from+i]
			}
			return 1
		}
	case model.Score == nil && model.Decision != nil:
		return func(to []float64, from int) float64 {
			for i := range to {
				to[i] = float64(boolInt(model.Decision[from+i] != r.Class[from+i]))
			}
			return 1
		}
	case model.Score == nil:
		return func(to []float64, _ int) float64 { clear(to); return 0 }
	}
	// A positive of score x loses top − x, a negative x − bottom.
	bottom, top := 0.0, 1.0
	for i := 0; i < len(model.Score) && !inside; i++ {
		if x := model.Score[i]; x < 0 || x > 1 {
			top = 0
			if model.Threshold != nil {
				bottom, top = *model.Threshold, *model.Threshold
			}
			break
		}
	}
	// Looked up instead of decided: labels have no pattern that a branch could go by.
	sign, off := [2]float64{1, -1}, [2]float64{-bottom, top}
	return func(to []float64, from int) float64 {
		y, s, most := r.Class[from:][:len(to)], model.Score[from:][:len(to)], math.Inf(-1)
		for i := range to {
			x := sign[y[i]&1]*s[i] + off[y[i]&1]
			if to[i] = x; x > most {
				most = x
			}
		}
		return most
	}
}

// worst are the rows of the k largest positive finite losses.
func worst(n, k int, loss lossOf) []int {
	type entry struct {
		loss float64
		row  int
	}
	var top []entry
	var block [1024]float64
	least := 0.0 // what a loss must exceed
	for from := 0; from < n; from += len(block) {
		to := block[:min(len(block), n-from)]
		if !(loss(to, from) > least) {
			continue
		}
		for i, x := range to {
			if !(x > least) || math.IsInf(x, 0) {
				continue
			}
			at := sort.Search(len(top), func(j int) bool { return top[j].loss < x })
			top = slices.Insert(top, at, entry{x, from + i})
			if len(top) > k {
				top = top[:k]
			}
			if len(top) == k {
				least = top[k-1].loss
			}
		}
	}
	out := make([]int, len(top))
	for i, e := range top {
		out[i] = e.row
	}
	return out
}
