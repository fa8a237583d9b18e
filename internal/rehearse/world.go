// Package rehearse plays a whole plan many times on what its data's summaries say the
// world is like, with candidates that it makes up, and counts how often each verdict
// comes out. It refuses to read rows: a rehearsal costs cells.
package rehearse

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// world is what data sets are drawn from: the summaries of one data set, read as
// probabilities and errors.
type world struct {
	set   *summary.Set
	parts [][]int // populations of each slice entry; they never overlap within one
	roots roots
}

func newWorld(set *summary.Set) (*world, error) {
	if set.Weighted {
		return nil, fmt.Errorf("rehearse: rows with weights are not built yet")
	}
	w := &world{set: set}
	at := map[int]int{}
	for i, p := range set.Pops {
		if p.Blocks != nil {
			return nil, fmt.Errorf("rehearse: rows with clusters are not built yet")
		}
		if i == 0 {
			continue
		}
		k, ok := at[p.Partition]
		if !ok {
			k = len(w.parts)
			at[p.Partition] = k
			w.parts = append(w.parts, nil)
		}
		w.parts[k] = append(w.parts[k], i)
	}
	w.findRoots()
	return w, nil
}

// candidate is a made-up one: as good as the baseline (as the candidate itself without
// one), but for a share of its decisions and scores that are random; in all rows or in
// one population.
type candidate struct {
	random float64
	only   int // population, −1 for all
}

// cells are the joint cells of a population with the made-up candidate's decisions in
// the place of the candidate's.
func (w *world) cells(p int, c candidate) []summary.Cell {
	pop := w.set.Pops[p]
	if pop.Counts == nil {
		return nil
	}
	b := w.set.Baseline
	merged := map[string]*summary.Cell{}
	var order []string
	add := func(x summary.Cell, mine uint32, share float64) {
		if share == 0 {
			return
		}
		d := append([]uint32(nil), x.Decisions...)
		d[0] = mine
		key := fmt.Sprint(x.Label, d)
		if merged[key] == nil {
			merged[key] = &summary.Cell{Label: x.Label, Decisions: d}
			order = append(order, key)
		}
		merged[key].W += x.W * share
	}
	random := c.random
	if c.only >= 0 && c.only != p {
		random = 0
	}
	called := map[uint32]float64{}
	total := 0.0
	for _, x := range w.set.Pops[0].Counts.Cells {
		d := x.Decisions[0]
		if b >= 0 {
			d = x.Decisions[b]
		}
		called[d] += x.W
		total += x.W
	}
	// The sides exchanged at random: candidate and baseline are alike, and as often apart
	// as they are.
	for _, x := range pop.Counts.Cells {
		for _, mirrored := range []bool{false, true} {
			y, share := x, 1.0
			if b >= 0 {
				share = 0.5
				if mirrored {
					y.Decisions = append([]uint32(nil), x.Decisions...)
					y.Decisions[0], y.Decisions[b] = x.Decisions[b], x.Decisions[0]
				}
			} else if mirrored {
				continue
			}
			add(y, y.Decisions[0], share*(1-random))
			for d, n := range called {
				add(y, d, share*random*n/total)
			}
		}
	}
	out := make([]summary.Cell, len(order))
	for i, k := range order {
		out[i] = *merged[k]
	}
	(&summary.Counts{Cells: out}).Sort()
	return out
}

// made is a world with one made-up candidate, ready to be drawn from.
type made struct {
	*world
	c     candidate
	first int              // the slice entry whose slices are drawn first, −1 without slices
	pops  [][]summary.Cell // expected cells by population
	rest  []summary.Cell   // of rows in no slice of the first entry
	share [][][]float64    // by entry, cell of overall, slice (the last: in no slice)
}

// with makes the expected cells of a candidate. Overall is the sum of the entry that
// holds the slice where it is worse, so that slices and whole agree.
func (w *world) with(c candidate) *made {
	m := &made{world: w, c: c, first: -1, pops: make([][]summary.Cell, len(w.set.Pops))}
	if w.set.Pops[0].Counts == nil {
		return m
	}
	for i := range w.set.Pops {
		m.pops[i] = w.cells(i, c)
	}
	if len(w.parts) > 0 {
		m.first = 0
		for k, pops := range w.parts {
			for _, p := range pops {
				if p == c.only {
					m.first = k
				}
			}
		}
		whole := w.cells(0, candidate{random: c.random * boolFloat(c.only < 0), only: -1})
		m.rest = subtract(whole, m.sum(w.parts[m.first], candidate{random: c.random * boolFloat(c.only < 0), only: -1}))
		all := summary.Counts{Cells: clone(m.rest)}
		for _, p := range w.parts[m.first] {
			_ = all.Merge(&summary.Counts{Cells: m.pops[p]}) // same models
		}
		m.pops[0] = all.Cells
	}
	m.shares()
	return m
}

func (m *made) sum(pops []int, c candidate) []summary.Cell {
	var all summary.Counts
	for _, p := range pops {
		_ = all.Merge(&summary.Counts{Cells: m.cells(p, c)})
	}
	return all.Cells
}

func boolFloat(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func clone(c []summary.Cell) []summary.Cell { return append([]summary.Cell(nil), c...) }

func keyOf(c summary.Cell) string { return fmt.Sprint(c.Label, c.Decisions) }

// subtract is a − b, cell by cell; rounding below 0 is 0.
func subtract(a, b []summary.Cell) []summary.Cell {
	less := map[string]float64{}
	for _, c := range b {
		less[keyOf(c)] += c.W
	}
	var out []summary.Cell
	for _, c := range a {
		if c.W -= less[keyOf(c)]; c.W > 1e-9 {
			out = append(out, c)
		}
	}
	return out
}

// shares says, for every cell of the whole, which part of it each slice of every entry
// holds: what a drawn cell is dealt by. Where the candidate is worse in one slice of
// another entry, its decisions say nothing of the slices here, and cells are dealt by
// label and the other models' decisions.
func (m *made) shares() {
	m.share = make([][][]float64, len(m.parts))
	for k, pops := range m.parts {
		name, cells := keyOf, func(p int) []summary.Cell { return m.pops[p] }
		if m.c.only >= 0 && k != m.first {
			name = func(c summary.Cell) string { return fmt.Sprint(c.Label, c.Decisions[1:]) }
			cells = func(p int) []summary.Cell { return m.set.Pops[p].Counts.Cells }
		}
		have := map[string][]float64{}
		add := func(c summary.Cell, s int) {
			if have[name(c)] == nil {
				have[name(c)] = make([]float64, len(pops)+1)
			}
			have[name(c)][s] += c.W
		}
		var in []summary.Cell
		for s, p := range pops {
			for _, c := range cells(p) {
				add(c, s)
			}
			in = append(in, cells(p)...)
		}
		whole := m.pops[0]
		if m.c.only >= 0 && k != m.first {
			whole = m.set.Pops[0].Counts.Cells
		}
		for _, c := range subtract(whole, in) {
			add(c, len(pops))
		}
		m.share[k] = make([][]float64, len(m.pops[0]))
		for i, c := range m.pops[0] {
			m.share[k][i] = have[name(c)]
			if m.share[k][i] == nil { // a cell that only the made-up candidate has
				m.share[k][i] = make([]float64, len(pops)+1)
				m.share[k][i][len(pops)] = 1
			}
		}
	}
}

// counts draws a data set of times as many rows: the whole is multinomial, and each
// entry deals its cells to its slices.
func (m *made) counts(r *resample.RNG, times float64, out []*summary.Population) {
	if m.pops[0] == nil {
		return
	}
	n := int64(math.Round(times * float64(m.set.Pops[0].N)))
	weights, drawn := make([]float64, len(m.pops[0])), make([]float64, len(m.pops[0]))
	for i, c := range m.pops[0] {
		weights[i] = c.W
	}
	resample.Multinomial(r, n, weights, drawn)
	fill(out[0], m.pops[0], drawn)
	for k, pops := range m.parts {
		dealt := make([][]float64, len(pops)+1)
		for s := range dealt {
			dealt[s] = make([]float64, len(drawn))
		}
		row := make([]float64, len(pops)+1)
		for i, total := range drawn {
			resample.Multinomial(r, int64(total), m.share[k][i], row)
			for s, x := range row {
				dealt[s][i] = x
			}
		}
		for s, p := range pops {
			fill(out[p], m.pops[0], dealt[s])
		}
	}
}

func fill(p *summary.Population, cells []summary.Cell, n []float64) {
	p.Counts = &summary.Counts{Cells: make([]summary.Cell, 0, len(cells))}
	p.N = 0
	for i, c := range cells {
		if n[i] == 0 {
			continue
		}
		c.N, c.W, c.W2 = int64(n[i]), n[i], n[i]
		p.N += c.N
		p.Counts.Cells = append(p.Counts.Cells, c)
	}
	p.W, p.W2, p.Rows = float64(p.N), float64(p.N), p.N
}
