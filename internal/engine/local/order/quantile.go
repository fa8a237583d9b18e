package order

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// quantile finds one quantile of |f − y|, f − y or the scores of a scorer for every model and
// population, the order statistics around it, and how often two models are both below theirs.
func quantile(ctx context.Context, all *rows.Rows, spec summary.Spec, pops []*summary.Population, e entries, workers int) error {
	expr, at, ok := spec.Quantile()
	if !ok {
		return &engine.DataError{Msg: fmt.Sprintf("a quantile of %q is not built", spec.Terms)}
	}
	o, err := orderedBy(expr, all, pops, e)
	if err != nil {
		return err
	}
	r, values := o.r, o.values
	out := make([]*summary.Quantile, len(pops))
	for i, p := range pops {
		out[i] = &summary.Quantile{Spec: spec, Q: at, N: o.pops[i].N, Models: make([]summary.QuantileModel, len(r.Models))}
		p.Quantiles = append(p.Quantiles, out[i])
	}
	w := &sorter{workers: workers}
	defer w.free()
	for m, v := range values {
		s, err := w.sort(ctx, v, nil)
		if err != nil {
			return err
		}
		for _, sl := range slots(r) {
			if r.Weight != nil {
				weightedLadders(r, s, v, sl, o.pops, out, m)
			} else {
				ladders(r, s, v, sl, out, m)
			}
		}
	}
	for at, sl := range slots(r) {
		if r.Weight != nil {
			weightedBelow(r, values, sl, at, o.pops, out, o.e)
		} else {
			belowBoth(r, values, sl, at, o.pops, out, o.e)
		}
	}
	return ctx.Err()
}

// errorsOf are the errors of a regression model by row, signed or in size.
func errorsOf(r *rows.Rows, m int, size bool) []float64 {
	v := make([]float64, r.N)
	for i := range v {
		if v[i] = r.Models[m].Score[i] - r.Target[i]; size {
			v[i] = math.Abs(v[i])
		}
	}
	return v
}

// rankOf is the rank of a quantile, from 1, between two rows for a part of one (Hyndman
// and Fan's type 7, as numpy has it).
func rankOf(n int64, q float64) float64 { return q*float64(n-1) + 1 }

// ladderRanks are the ranks whose values are kept: all of them up to 1 000 rows, else
// dense around the quantile (an eightieth of √n apart) and ever wider towards the ends.
func ladderRanks(n int64, q float64) []int64 {
	if n == 0 {
		return nil
	}
	return ranksAround(n, rankOf(n, q))
}

func ranksAround(n int64, mid float64) []int64 {
	// away are the ranks from one on, in steps of growing width, to the end.
	away := func(from float64, sign int64, end int64) []int64 {
		var out []int64
		step := math.Max(1, math.Sqrt(float64(n))/80)
		if n <= 1000 {
			step = 1
		}
		for d := 0.0; ; d += step {
			rank := int64(from) + sign*int64(math.Floor(d))
			if sign*(end-rank) < 0 {
				break
			}
			if len(out) == 0 || rank != out[len(out)-1] {
				out = append(out, rank)
			}
			if n > 1000 && d > 3*math.Sqrt(float64(n)) {
				step *= 1.05
			}
		}
		if out[len(out)-1] != end {
			out = append(out, end)
		}
		return out
	}
	down, up := away(math.Floor(mid), -1, 1), away(math.Ceil(mid), 1, n)
	slices.Reverse(down)
	if down[len(down)-1] == up[0] {
		up = up[1:]
	}
	return append(down, up...)
}

// ladders reads the order statistics of one slot's populations in one walk.
func ladders(r *rows.Rows, s *sorted, v []float64, sl slot, out []*summary.Quantile, m int) {
	var code []uint16
	if sl.part >= 0 {
		code = r.Parts[sl.part].Codes()
	}
	seen, next := make([]int64, sl.size), make([]int, sl.size)
	for i := range sl.size {
		out[sl.base+i].Models[m].Ranks = ladderRanks(out[sl.base+i].N, out[sl.base+i].Q)
	}
	for i := range r.N {
		row := s.row(i)
		p := 0
		if code != nil {
			if code[row] == noSlice {
				continue
			}
			p = int(code[row])
		}
		seen[p]++
		x := &out[sl.base+p].Models[m]
		if next[p] < len(x.Ranks) && x.Ranks[next[p]] == seen[p] {
			x.Ladder = append(x.Ladder, v[row])
			next[p]++
		}
	}
	for i := range sl.size {
		q := out[sl.base+i]
		x := &q.Models[m]
		if q.N > 0 {
			at := rankOf(q.N, q.Q)
			lo, hi := x.At(int64(math.Floor(at))), x.At(int64(math.Ceil(at)))
			if x.Value = lo + (at-math.Floor(at))*(hi-lo); q.Q == 0.5 {
				x.Value = (lo + hi) / 2
			}
		}
	}
}

// belowBoth counts the rows at or below the quantile of each model and of pairs.
func belowBoth(r *rows.Rows, values [][]float64, sl slot, at int, pops []*summary.Population, out []*summary.Quantile, e entries) {
	models := len(values)
	both := make([]int64, sl.size*models)
	popOf := func(row int) int {
		if sl.part < 0 {
			return 0
		}
		if r.Parts[sl.part].At(row) == noSlice {
			return -1
		}
		return int(r.Parts[sl.part].At(row))
	}
	for row := range r.N {
		p := popOf(row)
		if p < 0 {
			continue
		}
		q := out[sl.base+p]
		base := r.Baseline >= 0 && values[r.Baseline][row] <= q.Models[r.Baseline].Value
		for m := range values {
			if values[m][row] <= q.Models[m].Value {
				q.Models[m].Below++
				if base {
					both[p*models+m]++
				}
			}
		}
	}
	for p := range sl.size {
		q := out[sl.base+p]
		for m := range values {
			if r.Baseline >= 0 && m != r.Baseline {
				q.Pairs = append(q.Pairs, summary.QuantilePair{A: m, B: r.Baseline, Both: both[p*models+m]})
			}
			if e != nil {
				q.Models[m].Blocks = make([]float64, len(pops[sl.base+p].Blocks.ID))
			}
		}
	}
	if e == nil {
		return
	}
	for row := range r.N {
		p := popOf(row)
		if p < 0 {
			continue
		}
		q := out[sl.base+p]
		for m := range values {
			x := -float64(q.Models[m].Below) / float64(q.N)
			if values[m][row] <= q.Models[m].Value {
				x++
			}
			q.Models[m].Blocks[e[at][row]] += x
		}
	}
}
