package order

import (
	"context"
	"math"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// top calls in every population the highest scores, up to a share (of their weight) or a
// number of its rows, and counts label by who is called. Rows of one score are called
// together or not at all.
func top(ctx context.Context, r *rows.Rows, spec summary.Spec, pops []*summary.Population, e entries, workers int) error {
	_, ok := spec.TopBudget(0, 0)
	if !ok || r.Task != cases.Binary || len(r.Models) > 16 {
		return &engine.DataError{Msg: "the top of scores is built for binary rows of at most 16 models"}
	}
	all := slots(r)
	for _, p := range pops {
		p.Tops = append(p.Tops, &summary.Top{Spec: spec, Models: make([]summary.TopModel, len(r.Models))})
	}
	called := make([][]uint16, len(all)) // by slot and row, a bit a model
	for i := range called {
		called[i] = make([]uint16, r.N)
	}
	w := &sorter{workers: workers}
	defer w.free()
	for m := range r.Models {
		s, err := w.sort(ctx, r.Models[m].Score, nil)
		if err != nil {
			return err
		}
		each(rangesOf(len(all)), func(i, _, _ int) {
			t := topWalk{r: r, s: s, slot: all[i], spec: spec, called: called[i], bit: 1 << m}
			t.walk(pops, m)
		})
	}
	for i, sl := range all {
		countCalled(r, sl, called[i], pops)
		if e != nil {
			calledBlocks(r, sl, called[i], e[i], pops)
		}
	}
	return ctx.Err()
}

// topWalk is one slot on one model's scores.
type topWalk struct {
	r      *rows.Rows
	s      *sorted
	slot   slot
	spec   summary.Spec
	called []uint16
	bit    uint16
}

func (t *topWalk) of(row uint32) int {
	if t.slot.part < 0 {
		return 0
	}
	if c := t.r.Parts[t.slot.part].At(int(row)); c != noSlice {
		return int(c)
	}
	return -1
}

func (t *topWalk) weight(row uint32) float64 {
	if t.r.Weight == nil {
		return 1
	}
	return t.r.Weight[row]
}

// rounding is the share of a budget by which sums of weights may miss it.
const rounding = 1e-11

func (t *topWalk) walk(pops []*summary.Population, m int) {
	n := t.slot.size
	budget, seen, pend := make([]float64, n), make([]float64, n), make([]float64, n)
	rows, tied := make([]int64, n), make([]int64, n)
	closed := make([]bool, n)
	for p := range n {
		b, _ := t.spec.TopBudget(pops[t.slot.base+p].N, pops[t.slot.base+p].W)
		budget[p] = b * (1 + rounding)
	}
	for to := t.r.N; to > 0; { // tie groups from the highest score down
		from := to - 1
		for from > 0 && t.s.tie(from) {
			from--
		}
		for i := from; i < to; i++ {
			row := t.s.row(i)
			if p := t.of(row); p >= 0 {
				pend[p] += t.weight(row)
				tied[p]++
			}
		}
		for i := from; i < to; i++ {
			row := t.s.row(i)
			if p := t.of(row); p >= 0 && !closed[p] && seen[p]+pend[p] <= budget[p] {
				t.called[row] |= t.bit
			}
		}
		for i := from; i < to; i++ {
			if p := t.of(t.s.row(i)); p >= 0 && tied[p] > 0 {
				if closed[p] = closed[p] || seen[p]+pend[p] > budget[p]; !closed[p] {
					seen[p] += pend[p]
					rows[p] += tied[p]
				}
				pend[p], tied[p] = 0, 0
			}
		}
		to = from
	}
	t.near(pops, m, rows)
}

// near is the share of positives (by weight) about the cut, among n^⅔ rows and those that share a
// score with them: by how much the counts change where the cut falls elsewhere.
func (t *topWalk) near(pops []*summary.Population, m int, called []int64) {
	n := t.slot.size
	half, rank, pend := make([]int64, n), make([]int64, n), make([]int64, n)
	rows, hits := make([]float64, n), make([]float64, n)
	for p := range n {
		half[p] = max(5, int64(math.Pow(float64(pops[t.slot.base+p].N), 2.0/3)/2))
	}
	for to := t.r.N; to > 0; {
		from := to - 1
		for from > 0 && t.s.tie(from) {
			from--
		}
		for i := from; i < to; i++ {
			if p := t.of(t.s.row(i)); p >= 0 {
				pend[p]++
			}
		}
		for i := from; i < to; i++ {
			row := t.s.row(i)
			if p := t.of(row); p >= 0 && rank[p] < called[p]+half[p] && rank[p]+pend[p] > called[p]-half[p] {
				w := t.weight(row)
				rows[p] += w
				hits[p] += w * float64(t.r.Class[row])
			}
		}
		for i := from; i < to; i++ {
			if p := t.of(t.s.row(i)); p >= 0 {
				rank[p] += pend[p]
				pend[p] = 0
			}
		}
		to = from
	}
	for p := range n {
		x := &pops[t.slot.base+p].Tops[len(pops[t.slot.base+p].Tops)-1].Models[m]
		if x.Called = called[p]; rows[p] > 0 {
			x.Near = hits[p] / rows[p]
		}
	}
}

// eachRow visits the rows of a slot's populations in reading order.
func eachRow(r *rows.Rows, sl slot, f func(row, p int)) {
	for i := range r.N {
		if sl.part < 0 {
			f(i, 0)
		} else if c := r.Parts[sl.part].At(i); c != noSlice {
			f(i, int(c))
		}
	}
}

// countCalled is the joint table of label and who is called.
func countCalled(r *rows.Rows, sl slot, called []uint16, pops []*summary.Population) {
	cells := make([]map[uint32]*summary.Cell, sl.size)
	for i := range cells {
		cells[i] = map[uint32]*summary.Cell{}
	}
	eachRow(r, sl, func(i, p int) {
		key := uint32(r.Class[i])<<16 | uint32(called[i])
		c := cells[p][key]
		if c == nil {
			c = &summary.Cell{Label: key >> 16, Decisions: make([]uint32, len(r.Models))}
			for m := range r.Models {
				c.Decisions[m] = key >> m & 1
			}
			cells[p][key] = c
		}
		w := 1.0
		if r.Weight != nil {
			w = r.Weight[i]
		}
		c.N, c.W, c.W2 = c.N+1, c.W+w, c.W2+w*w
	})
	for p := range cells {
		t := lastTop(pops[sl.base+p])
		t.Counts = &summary.Counts{Cells: []summary.Cell{}}
		for _, c := range cells[p] {
			t.Counts.Cells = append(t.Counts.Cells, *c)
		}
		t.Counts.Sort()
	}
}

func lastTop(p *summary.Population) *summary.Top { return p.Tops[len(p.Tops)-1] }

// calledBlocks is the weight of each cell of the table by entry of the population's Blocks.
func calledBlocks(r *rows.Rows, sl slot, called, entry []uint16, pops []*summary.Population) {
	at := make([]map[uint32]int, sl.size)
	for p := range at {
		t := lastTop(pops[sl.base+p])
		at[p] = map[uint32]int{}
		for k, c := range t.Counts.Cells {
			key := c.Label << 16
			for m, d := range c.Decisions {
				key |= d << m
			}
			at[p][key] = k
		}
		t.Blocks = make([][]float64, len(pops[sl.base+p].Blocks.ID))
		for i := range t.Blocks {
			t.Blocks[i] = make([]float64, len(t.Counts.Cells))
		}
	}
	eachRow(r, sl, func(i, p int) {
		w := 1.0
		if r.Weight != nil {
			w = r.Weight[i]
		}
		lastTop(pops[sl.base+p]).Blocks[entry[i]][at[p][uint32(r.Class[i])<<16|uint32(called[i])]] += w
	})
}
