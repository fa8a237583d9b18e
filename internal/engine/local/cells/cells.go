// Package cells makes the additive summaries of rows in one pass: joint counts,
// moments of row expressions, and their sums by cluster. It refuses anything that
// depends on the order of scores.
package cells

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// chunkRows is the unit of work. Chunks are merged by index, so that sums have the
// same bits whatever the number of workers.
const chunkRows = 1 << 15

// Summarize makes one population for all rows and one for each slice of each
// partition, in order.
func Summarize(ctx context.Context, r *rows.Rows, needs []summary.Spec, workers int) ([]*summary.Population, error) {
	if workers <= 0 {
		workers = runtime.NumCPU()
	}
	j := newJob(r, needs)
	chunks := (r.N + chunkRows - 1) / chunkRows
	parts := make([]chan *partial, chunks)
	for i := range parts {
		parts[i] = make(chan *partial, 1)
	}
	// A worker may run ahead of the merge by a few chunks only: memory stays bounded.
	ahead := make(chan struct{}, 2*workers)
	next := make(chan int)
	free := make(chan *partial, 4*workers) // merged already
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			x := &scratch{}
			for i := range next {
				var p *partial
				select {
				case p = <-free:
					p.reset()
				default:
					p = j.empty()
				}
				parts[i] <- j.chunk(p, x, i*chunkRows, min(r.N, (i+1)*chunkRows))
			}
		})
	}
	go func() {
		defer close(next)
		for i := range chunks {
			select {
			case ahead <- struct{}{}:
			case <-ctx.Done():
				return
			}
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	total := j.empty()
	for i := range chunks {
		select {
		case p := <-parts[i]:
			<-ahead
			if err := total.merge(p); err != nil {
				return nil, err
			}
			if p.sparse == nil { // else its cells belong to the total now
				select {
				case free <- p:
				default:
				}
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	wg.Wait()
	pops := j.populations(total)
	j.lost(pops)
	if r.Cluster != nil {
		j.blocks(pops, workers)
	}
	return pops, nil
}

// job is the layout shared by all chunks.
type job struct {
	r        *rows.Rows
	classes  int
	radix    int   // decisions a model can make: classes, and none
	cells    int   // dense joint cells, 0: sparse
	counting bool  // counts are asked for
	offset   []int // first population of each partition; populations: 1 + all slices
	pops     int
	fused    []fused
	specs    []summary.Spec
	cols     [][]column // by spec
	shift    [][]float64
}

func newJob(r *rows.Rows, needs []summary.Spec) *job {
	j := &job{r: r, classes: len(r.Classes), pops: 1}
	for _, p := range r.Parts {
		j.offset = append(j.offset, j.pops)
		j.pops += len(p.Names)
	}
	for _, s := range needs {
		switch s.Kind {
		case summary.KindMoments:
			j.specs = append(j.specs, s)
			cols := j.columns(s)
			j.cols = append(j.cols, cols)
			j.shift = append(j.shift, j.shifts(cols))
		default:
			j.counting = j.counting || !r.Task.Numeric()
		}
	}
	sums := 0
	for _, cols := range j.cols {
		k := len(cols)
		sums = max(sums, k+k*(k+1)/2)
	}
	j.fused = fuse(r.Parts, j.offset, sums)
	j.radix = j.classes + 1
	if j.counting {
		const most = 1 << 12
		j.cells = j.classes
		for range r.Models {
			j.cells *= j.radix
			if j.cells > most {
				j.cells = 0
				break
			}
		}
	}
	return j
}

// decision of a row as a digit: the class, or j.classes for none.
func (j *job) decision(m *rows.Model, i int) int {
	switch {
	case m.Threshold != nil:
		if m.Score[i] >= *m.Threshold {
			return 1
		}
		return 0
	case m.Decision != nil && m.Decision[i] != rows.None:
		return int(m.Decision[i])
	}
	return j.classes
}

// key is the joint cell of a row: label first, then each model's decision.
func (j *job) key(i int) uint64 {
	k := uint64(j.r.Class[i])
	for m := range j.r.Models {
		k = k*uint64(j.radix) + uint64(j.decision(&j.r.Models[m], i))
	}
	return k
}

func (j *job) cell(key uint64) summary.Cell {
	c := summary.Cell{Decisions: make([]uint32, len(j.r.Models))}
	for m := len(j.r.Models) - 1; m >= 0; m-- {
		d := key % uint64(j.radix)
		key /= uint64(j.radix)
		c.Decisions[m] = uint32(d)
		if int(d) == j.classes {
			c.Decisions[m] = summary.NoDecision
		}
	}
	c.Label = uint32(key)
	return c
}

// populations turns the merged partials into summaries.
func (j *job) populations(t *partial) []*summary.Population {
	out := make([]*summary.Population, j.pops)
	for p := range out {
		pop := &summary.Population{Slice: result.Overall, Partition: -1, Rows: int64(j.r.N + len(j.r.Lost)), N: t.n[p],
			W: float64(t.n[p]), W2: float64(t.n[p]), Missing: make([]int64, len(j.r.Models))}
		if t.w != nil {
			pop.W, pop.W2 = t.w[p], t.w2[p]
		}
		if j.counting {
			pop.Counts = j.counts(t, p)
		}
		for s := range j.specs {
			pop.Moments = append(pop.Moments, t.moments[s][p])
		}
		out[p] = pop
	}
	for k, part := range j.r.Parts {
		for c, name := range part.Names {
			pop := out[j.offset[k]+c]
			pop.Slice, pop.Partition, pop.Rows = name, part.Entry, pop.N+part.Aside[c]
		}
	}
	return out
}

func (j *job) counts(t *partial, p int) *summary.Counts {
	c := &summary.Counts{Cells: []summary.Cell{}}
	add := func(key uint64, n int64, w, w2 float64) {
		x := j.cell(key)
		x.N, x.W, x.W2 = n, float64(n), float64(n)
		if t.w != nil {
			x.W, x.W2 = w, w2
		}
		c.Cells = append(c.Cells, x)
	}
	if j.cells > 0 {
		for k := range j.cells {
			at := p*j.cells + k
			if t.cellN[at] == 0 {
				continue
			}
			if t.w != nil {
				add(uint64(k), t.cellN[at], t.cellW[at], t.cellW2[at])
			} else {
				add(uint64(k), t.cellN[at], 0, 0)
			}
		}
	} else {
		for key, x := range t.sparse[p] {
			add(key, x.n, x.w, x.w2)
		}
	}
	c.Sort()
	return c
}

// lost counts the rows that were dropped.
func (j *job) lost(pops []*summary.Population) {
	all := make([]map[string]*summary.Cell, len(pops))
	for _, l := range j.r.Lost {
		at := []int{0}
		for k, c := range l.Codes {
			if c != rows.None {
				at = append(at, j.offset[k]+int(c))
			}
		}
		noLabel := l.Label == rows.None
		if j.r.Task.Numeric() {
			noLabel = true
			for _, m := range l.Missing {
				noLabel = noLabel && !m
			}
		}
		cell := summary.Cell{Label: wide(l.Label), N: 1, W: l.Weight, W2: l.Weight * l.Weight}
		if j.r.Weight == nil {
			cell.W, cell.W2 = 1, 1
		}
		for _, d := range l.Decisions {
			cell.Decisions = append(cell.Decisions, wide(d))
		}
		key := fmt.Sprint(cell.Label, cell.Decisions)
		for _, p := range at {
			if noLabel {
				pops[p].NoLabel++
			}
			for m, missing := range l.Missing {
				if missing {
					pops[p].Missing[m]++
				}
			}
			if j.r.Task.Numeric() {
				continue
			}
			if all[p] == nil {
				all[p] = map[string]*summary.Cell{}
			}
			if x := all[p][key]; x != nil {
				x.N += cell.N
				x.W += cell.W
				x.W2 += cell.W2
			} else {
				c := cell
				all[p][key] = &c
			}
		}
	}
	for p, m := range all {
		if len(m) == 0 {
			continue
		}
		c := &summary.Counts{}
		for _, x := range m {
			c.Cells = append(c.Cells, *x)
		}
		c.Sort()
		pops[p].Lost = c
	}
}

func wide(c uint16) uint32 {
	if c == rows.None {
		return summary.NoDecision
	}
	return uint32(c)
}
