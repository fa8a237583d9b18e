package order

import (
	"context"
	"math"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// top calls in every population the highest scores, up to a share of its rows, and counts
// label by who is called. Rows of one score are called together or not at all.
func top(ctx context.Context, r *rows.Rows, spec summary.Spec, pops []*summary.Population, workers int) error {
	share, ok := spec.Top()
	if !ok || r.Task != cases.Binary || r.Weight != nil || len(r.Models) > 16 {
		return &engine.DataError{Msg: "the top of scores is built for binary rows without weights"}
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
		s, err := w.sort(ctx, r.Models[m].Score)
		if err != nil {
			return err
		}
		each(rangesOf(len(all)), func(i, _, _ int) {
			t := topWalk{r: r, s: s, slot: all[i], share: share, called: called[i], bit: 1 << m}
			t.walk(pops, m)
		})
	}
	for i, sl := range all {
		countCalled(r, sl, called[i], pops)
	}
	return ctx.Err()
}

// topWalk is one slot on one model's scores.
type topWalk struct {
	r      *rows.Rows
	s      *sorted
	slot   slot
	share  float64
	called []uint16
	bit    uint16
}

func (t *topWalk) of(row uint32) int {
	if t.slot.part < 0 {
		return 0
	}
	if c := t.r.Parts[t.slot.part].Code[row]; c != noSlice {
		return int(c)
	}
	return -1
}

func (t *topWalk) walk(pops []*summary.Population, m int) {
	n := t.slot.size
	budget, seen, pend := make([]int64, n), make([]int64, n), make([]int64, n)
	closed := make([]bool, n)
	for p := range n {
		budget[p] = int64(math.Floor(t.share*float64(pops[t.slot.base+p].N) + 1e-9))
	}
	for to := t.r.N; to > 0; { // tie groups from the highest score down
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
			if p := t.of(row); p >= 0 && !closed[p] && seen[p]+pend[p] <= budget[p] {
				t.called[row] |= t.bit
			}
		}
		for i := from; i < to; i++ {
			if p := t.of(t.s.row(i)); p >= 0 && pend[p] > 0 {
				if closed[p] = closed[p] || seen[p]+pend[p] > budget[p]; !closed[p] {
					seen[p] += pend[p]
				}
				pend[p] = 0
			}
		}
		to = from
	}
	t.near(pops, m, seen)
}

// near is the share of positives about the cut, among n^⅔ rows and those that share a
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
				rows[p]++
				hits[p] += float64(t.r.Class[row])
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

// countCalled is the joint table of label and who is called.
func countCalled(r *rows.Rows, sl slot, called []uint16, pops []*summary.Population) {
	cells := make([]map[uint32]int64, sl.size)
	for i := range cells {
		cells[i] = map[uint32]int64{}
	}
	for i := range r.N {
		p := 0
		if sl.part >= 0 {
			if r.Parts[sl.part].Code[i] == noSlice {
				continue
			}
			p = int(r.Parts[sl.part].Code[i])
		}
		cells[p][uint32(r.Class[i])<<16|uint32(called[i])]++
	}
	for p := range cells {
		t := pops[sl.base+p].Tops[len(pops[sl.base+p].Tops)-1]
		t.Counts = &summary.Counts{Cells: []summary.Cell{}}
		for key, n := range cells[p] {
			c := summary.Cell{Label: key >> 16, N: n, W: float64(n), W2: float64(n), Decisions: make([]uint32, len(r.Models))}
			for m := range r.Models {
				c.Decisions[m] = key >> m & 1
			}
			t.Counts.Cells = append(t.Counts.Cells, c)
		}
		t.Counts.Sort()
	}
}
