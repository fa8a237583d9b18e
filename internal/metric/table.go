package metric

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// table is one model's reading of the joint counts: for each joint cell its label
// and the model's decision.
type table struct {
	cells []summary.Cell
	y, d  []uint32
	k     int // classes
}

// tableOf is cached on the view, since every count metric of a model asks for it.
func tableOf(v *View, model int) (*table, string) {
	c := v.Pop.Counts
	if c == nil {
		return nil, "no decisions were counted"
	}
	key := fmt.Sprint(model)
	if t, ok := v.tables[key]; ok {
		return t, ""
	}
	t := &table{cells: c.Cells, k: len(v.Set.Classes), y: make([]uint32, len(c.Cells)), d: make([]uint32, len(c.Cells))}
	for i, x := range c.Cells {
		if x.Decisions[model] == summary.NoDecision {
			return nil, "the model makes no decisions"
		}
		t.y[i], t.d[i] = x.Label, x.Decisions[model]
	}
	if v.tables == nil {
		v.tables = map[string]*table{}
	}
	v.tables[key] = t
	return t, ""
}

// weights are the weights of the joint cells as observed.
func (t *table) weights() []float64 {
	w := make([]float64, len(t.cells))
	for i, c := range t.cells {
		w[i] = c.W
	}
	return w
}

// merged sums the joint cells by label and decision of the one model; every cell has
// weight.
func (t *table) merged() *table {
	m := &table{k: t.k}
	at := make([]int, t.k*t.k)
	for i, c := range t.cells {
		if !(c.W > 0) {
			continue
		}
		k := &at[int(t.y[i])*t.k+int(t.d[i])]
		if *k == 0 {
			m.cells = append(m.cells, summary.Cell{})
			m.y, m.d = append(m.y, t.y[i]), append(m.d, t.d[i])
			*k = len(m.cells)
		}
		x := &m.cells[*k-1]
		x.N, x.W, x.W2 = x.N+c.N, x.W+c.W, x.W2+c.W2
	}
	return m
}

// errorOf is the sampling error of a functional whose influence on cell i, per unit
// of weight, is e[i] (Σw·e = 0): the sandwich Σ w²e² without clusters.
func errorOf(v *View, cells []summary.Cell, e []float64) spread {
	s := spread{df: math.Inf(1)}
	for i, c := range cells {
		s.iid += c.W2 * e[i] * e[i]
	}
	s.variance = s.iid
	if v.Set.Weighted {
		s.df = kish(v.Pop.W, v.Pop.W2) - 1
	}
	b := v.Pop.Blocks
	if b == nil {
		return s
	}
	sums := make([]float64, len(b.ID))
	for i := range sums {
		for k := b.CellStart[i]; k < b.CellStart[i+1]; k++ {
			sums[i] += b.CellW[k] * e[b.CellIndex[k]]
		}
	}
	return clustered(b, sums, s.iid)
}

// maxBootCells bounds the cells of a bootstrap, drawn or analytic; more of them use the
// delta method, and say so.
const maxBootCells = 400

// drawn holds bootstrap replicates of the joint cells, row-major: draw × cell.
type drawn struct {
	w     []float64
	cells int
	draws int
}

// resampled makes the view's draws once: multinomial counts without weights, which
// is the row bootstrap exactly; scaled Poisson with weights, which matches Σw and
// Σw² of each cell (STATISTICS 1.7).
func resampled(v *View) *drawn {
	if v.boot != nil {
		return v.boot
	}
	cells := v.Pop.Counts.Cells
	d := &drawn{cells: len(cells), draws: v.Draws, w: make([]float64, len(cells)*v.Draws)}
	r := resample.NewRNG(v.Seed, "cells", v.Pop.Slice)
	if v.Set.Weighted {
		for k := 0; k < d.draws; k++ {
			row := d.w[k*d.cells : (k+1)*d.cells]
			for i, c := range cells {
				if c.W > 0 {
					phi := c.W2 / c.W
					row[i] = phi * float64(r.Poisson(c.W/phi))
				}
			}
		}
	} else {
		p := make([]float64, len(cells))
		for i, c := range cells {
			p[i] = float64(c.N)
		}
		for k := 0; k < d.draws; k++ {
			resample.Multinomial(r, v.Pop.N, p, d.w[k*d.cells:(k+1)*d.cells])
		}
	}
	v.boot = d
	return d
}
