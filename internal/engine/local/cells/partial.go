package cells

import (
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

type sparseCell struct {
	n     int64
	w, w2 float64
}

// partial is the summaries of one chunk, or of all chunks merged so far.
type partial struct {
	n      []int64 // by population
	w, w2  []float64
	cellN  []int64 // population × cell
	cellW  []float64
	cellW2 []float64
	sparse []map[uint64]*sparseCell

	moments [][]*summary.Moments // spec × population
}

func (j *job) empty() *partial {
	p := &partial{n: make([]int64, j.pops)}
	weighted := j.r.Weight != nil
	if weighted {
		p.w, p.w2 = make([]float64, j.pops), make([]float64, j.pops)
	}
	if j.counting {
		if j.cells > 0 {
			p.cellN = make([]int64, j.pops*j.cells)
			if weighted {
				p.cellW, p.cellW2 = make([]float64, j.pops*j.cells), make([]float64, j.pops*j.cells)
			}
		} else {
			p.sparse = make([]map[uint64]*sparseCell, j.pops)
			for i := range p.sparse {
				p.sparse[i] = map[uint64]*sparseCell{}
			}
		}
	}
	for s, spec := range j.specs {
		all := make([]*summary.Moments, j.pops)
		for i := range all {
			all[i] = summary.NewMoments(spec, len(j.cols[s]), weighted)
		}
		p.moments = append(p.moments, all)
	}
	return p
}

// reset empties p, keeping its memory.
func (p *partial) reset() {
	clear(p.n)
	clear(p.w)
	clear(p.w2)
	clear(p.cellN)
	clear(p.cellW)
	clear(p.cellW2)
	for _, all := range p.moments {
		for _, m := range all {
			m.N, m.W, m.W2 = 0, 0, 0
			clear(m.Mean)
			clear(m.Mean2)
			clear(m.Co)
		}
	}
}

func (p *partial) merge(o *partial) error {
	for i := range p.n {
		p.n[i] += o.n[i]
	}
	for i := range p.w {
		p.w[i] += o.w[i]
		p.w2[i] += o.w2[i]
	}
	for i := range p.cellN {
		p.cellN[i] += o.cellN[i]
	}
	for i := range p.cellW {
		p.cellW[i] += o.cellW[i]
		p.cellW2[i] += o.cellW2[i]
	}
	for i, m := range o.sparse {
		for k, x := range m {
			if have := p.sparse[i][k]; have != nil {
				have.n += x.n
				have.w += x.w
				have.w2 += x.w2
			} else {
				p.sparse[i][k] = x
			}
		}
	}
	for s := range p.moments {
		for i, m := range p.moments[s] {
			if err := m.Merge(o.moments[s][i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// scratch is what a worker needs for a chunk, kept from one to the next.
type scratch struct {
	codes  [][]uint16 // by group: the cell of each row
	keys   []uint16
	values [][]float64
	counts []int32
	sums   []float64
	total  []float64
}

func resize[T any](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, n)
	}
	*s = (*s)[:n]
	return *s
}

// chunk summarises rows [from, to) in p, which is empty.
func (j *job) chunk(p *partial, x *scratch, from, to int) *partial {
	if len(x.codes) == 0 {
		x.codes = make([][]uint16, len(j.fused))
	}
	if j.r.Weight == nil {
		for g := range j.fused {
			j.fused[g].codes(j.r.Parts, from, resize(&x.codes[g], to-from))
		}
	}
	switch {
	case j.counting && j.cells > 0 && j.r.Weight == nil:
		j.countDense(p, x, from, to)
	case j.counting:
		j.countCells(p, from, to)
	}
	if j.cells > 0 { // the rows are those of the cells
		for at := range p.cellN {
			pop := at / j.cells
			p.n[pop] += p.cellN[at]
			if p.w != nil {
				p.w[pop] += p.cellW[at]
				p.w2[pop] += p.cellW2[at]
			}
		}
	} else {
		j.countRows(p, from, to)
	}
	if len(j.specs) > 0 {
		j.sumMoments(p, x, from, to)
	}
	return p
}

// codes calls f for the whole and for each partition with the population of each row
// of the chunk (nil: population 0 for every row), base being added to the code.
func (j *job) codes(from, to int, f func(code []uint16, base int)) {
	f(nil, 0)
	for k := range j.r.Parts {
		f(j.r.Parts[k].Codes()[from:to], j.offset[k])
	}
}

func (j *job) countRows(p *partial, from, to int) {
	var w []float64
	if j.r.Weight != nil {
		w = j.r.Weight[from:to]
	}
	j.codes(from, to, func(code []uint16, base int) {
		for i := range to - from {
			at := base
			if code != nil {
				if code[i] == rows.None {
					continue
				}
				at += int(code[i])
			}
			p.n[at]++
			if w != nil {
				p.w[at] += w[i]
				p.w2[at] += w[i] * w[i]
			}
		}
	})
}

// countDense counts the joint cells of rows without weights.
func (j *job) countDense(p *partial, x *scratch, from, to int) {
	keys := resize(&x.keys, to-from)
	copy(keys, j.r.Class[from:to])
	radix := uint16(j.radix)
	for m := range j.r.Models {
		switch model := &j.r.Models[m]; {
		case model.Threshold != nil:
			cut := *model.Threshold
			for i, s := range model.Score[from:to][:len(keys)] {
				k := keys[i] * radix
				if s >= cut {
					k++
				}
				keys[i] = k
			}
		case model.Decision != nil:
			for i, d := range model.Decision[from:to] {
				keys[i] = keys[i]*radix + min(d, uint16(j.classes))
			}
		default:
			for i := range keys {
				keys[i] = keys[i]*radix + uint16(j.classes)
			}
		}
	}
	for g := range j.fused {
		f := &j.fused[g]
		n := resize(&x.counts, f.size*j.cells)
		clear(n)
		for i, c := range x.codes[g] {
			n[int(c)*j.cells+int(keys[i])]++
		}
		for cell := range f.size {
			pops := f.pops[cell]
			for key, k := range n[cell*j.cells:][:j.cells] {
				if k == 0 {
					continue
				}
				if g == 0 {
					p.cellN[key] += int64(k)
				}
				for _, pop := range pops {
					p.cellN[pop*j.cells+key] += int64(k)
				}
			}
		}
	}
}

func (j *job) countCells(p *partial, from, to int) {
	keys := make([]uint64, to-from)
	for i := range keys {
		keys[i] = j.key(from + i)
	}
	var w []float64
	if j.r.Weight != nil {
		w = j.r.Weight[from:to]
	}
	j.codes(from, to, func(code []uint16, base int) {
		for i, key := range keys {
			at := base
			if code != nil {
				if code[i] == rows.None {
					continue
				}
				at += int(code[i])
			}
			if j.cells > 0 {
				c := at*j.cells + int(key)
				p.cellN[c]++
				if w != nil {
					p.cellW[c] += w[i]
					p.cellW2[c] += w[i] * w[i]
				}
				continue
			}
			x := p.sparse[at][key]
			if x == nil {
				x = &sparseCell{}
				p.sparse[at][key] = x
			}
			x.n++
			if w != nil {
				x.w += w[i]
				x.w2 += w[i] * w[i]
			}
		}
	})
}
