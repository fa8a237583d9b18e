// Package rehearse plays a whole plan many times on what its data's summaries say the
// world is like, with candidates that it makes up, and counts how often each verdict
// comes out. It refuses to read rows: a rehearsal costs cells.
package rehearse

import (
	"fmt"
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// world is what data sets are drawn from: the summaries of one data set, read as
// probabilities and errors.
type world struct {
	set   *summary.Set
	parts [][]int // populations of each slice entry; they never overlap within one
	roots roots

	// Of generative plans: the worst score and the range of scores, by scorer.
	worst  map[string]float64
	ranges map[string][2]float64
}

func newWorld(set *summary.Set, p *plan.Plan) (*world, error) {
	w := &world{set: set, worst: worst(p), ranges: within(p)}
	at := map[int]int{}
	for i, p := range set.Pops {
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
		merged[key].W2 += x.W2 * share
	}
	random := c.random
	if c.only >= 0 && c.only != p {
		random = 0
	}
	called, total := w.called()
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
			for _, x := range called {
				add(y, x.decision, share*random*x.w/total)
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

// call is how much weight the baseline (the candidate without one) gives a decision.
type call struct {
	decision uint32
	w        float64
}

func (w *world) called() (out []call, total float64) {
	b := max(w.set.Baseline, 0)
	for _, x := range w.set.Pops[0].Counts.Cells {
		at := slices.IndexFunc(out, func(c call) bool { return c.decision == x.Decisions[b] })
		if at < 0 {
			at = len(out)
			out = append(out, call{decision: x.Decisions[b]})
		}
		out[at].w += x.W
		total += x.W
	}
	return out, total
}

// made is a world with one made-up candidate, ready to be drawn from.
type made struct {
	*world
	c     candidate
	whole *clusters        // nil without clusters
	first int              // the slice entry whose slices are drawn first, −1 without slices
	pops  [][]summary.Cell // expected cells by population
	rest  []summary.Cell   // of rows in no slice of the first entry
	share [][][]float64    // by entry, cell of overall, slice (the last: in no slice)
}

// with makes the expected cells of a candidate. Overall is the sum of the entry that
// holds the slice where it is worse, so that slices and whole agree.
func (w *world) with(c candidate) *made {
	w = w.scored(c)
	m := &made{world: w, c: c, first: -1, pops: make([][]summary.Cell, len(w.set.Pops))}
	if w.set.Pops[0].Counts == nil {
		m.whole = m.clustered()
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
	m.whole = m.clustered()
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
	less := map[string]summary.Cell{}
	for _, c := range b {
		x := less[keyOf(c)]
		x.W, x.W2 = x.W+c.W, x.W2+c.W2
		less[keyOf(c)] = x
	}
	var out []summary.Cell
	for _, c := range a {
		x := less[keyOf(c)]
		if c.W, c.W2 = c.W-x.W, c.W2-x.W2; c.W > 1e-9 {
			c.W2 = math.Max(c.W2, 0)
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

// counts draws a data set of times as many rows: the whole is multinomial – with weights
// a scaled Poisson that matches Σw and Σw² of each cell (STATISTICS 1.7) – and each entry
// deals its cells to its slices.
func (m *made) counts(r *resample.RNG, times float64, out []*summary.Population) {
	if m.pops[0] == nil {
		return
	}
	n := int64(math.Round(times * float64(m.set.Pops[0].N)))
	weights, drawn := make([]float64, len(m.pops[0])), make([]float64, len(m.pops[0]))
	for i, c := range m.pops[0] {
		weights[i] = c.W
	}
	if m.set.Weighted {
		for i, c := range m.pops[0] {
			drawn[i] = float64(r.Poisson(times * c.W / unit(c)))
		}
	} else {
		resample.Multinomial(r, n, weights, drawn)
	}
	m.fill(out[0], drawn)
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
			m.fill(out[p], dealt[s])
		}
	}
}

// unit is the weight of one drawn unit of a cell: 1 without weights.
func unit(c summary.Cell) float64 {
	if c.W2 > 0 && c.W > 0 {
		return c.W2 / c.W
	}
	return 1
}

func (m *made) fill(p *summary.Population, n []float64) {
	cells := m.pops[0]
	p.Counts = &summary.Counts{Cells: make([]summary.Cell, 0, len(cells))}
	p.N, p.W, p.W2 = 0, 0, 0
	perWeight := float64(m.set.Pops[0].N) / m.set.Pops[0].W // rows
	for i, c := range cells {
		if n[i] == 0 {
			continue
		}
		k := 1.0
		if m.set.Weighted {
			k = unit(c)
		}
		c.W, c.W2 = n[i]*k, n[i]*k*k
		c.N = max(1, int64(math.Round(c.W*perWeight)))
		p.N, p.W, p.W2 = p.N+c.N, p.W+c.W, p.W2+c.W2
		p.Counts.Cells = append(p.Counts.Cells, c)
	}
	p.Rows = p.N
}
