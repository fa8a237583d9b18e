package cells

import (
	"slices"

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
		f(j.r.Parts[k].Code[from:to], j.offset[k])
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

// sumMoments takes sums about a shift, by population, and turns them into moments.
// Columns that are zero in most rows of the chunk (an indicator that seldom fires) are
// not shifted, and only their other rows are visited.
func (j *job) sumMoments(p *partial, x *scratch, from, to int) {
	n := to - from
	for s := range j.specs {
		cols, shift := j.cols[s], append([]float64(nil), j.shift[s]...)
		for len(x.values) < len(cols) {
			x.values = append(x.values, nil)
		}
		a := accumulator{j: j, x: x, from: from, to: to, values: x.values[:len(cols)]}
		for c, col := range cols {
			v := resize(&a.values[c], n)
			set := col(from, to, v)
			if set < 0 {
				set = 0
				for i := 0; i < n && set <= n/8; i++ {
					if v[i] != 0 {
						set++
					}
				}
			}
			if set <= n/8 && j.r.Weight == nil || set == 0 {
				shift[c] = 0
				if set > 0 {
					a.seldom = append(a.seldom, c)
				}
				continue
			}
			a.dense = append(a.dense, c)
			a.shift = append(a.shift, shift[c])
		}
		if j.r.Weight != nil {
			a.weighted(p, s, shift)
		} else {
			a.plain(p, s, shift)
		}
	}
}

// accumulator sums the columns of one spec over one chunk; those in neither list are
// zero.
type accumulator struct {
	j             *job
	x             *scratch
	from, to      int
	dense, seldom []int
	shift         []float64 // of the dense
	values        [][]float64
}

// plain: per population [Σv, Σvv' upper triangle] of the dense, then the seldom columns.
func (a accumulator) plain(p *partial, s int, shift []float64) {
	active := append(append([]int(nil), a.dense...), a.seldom...)
	k := len(active)
	if k == 0 {
		for at, m := range p.moments[s] {
			m.N, m.W, m.W2 = p.n[at], float64(p.n[at]), float64(p.n[at])
		}
		return
	}
	stride := k + k*(k+1)/2
	var seldom []int // rows where a seldom column is set
	for _, c := range a.seldom {
		for i, v := range a.values[c] {
			if v != 0 {
				seldom = append(seldom, i)
			}
		}
	}
	slices.Sort(seldom)
	seldom = slices.Compact(seldom)
	room := stride // of a cell's sums
	if k == 2 && len(a.dense) == 2 {
		room = pairRoom
	}
	total := resize(&a.x.total, a.j.pops*stride)
	clear(total)
	for g := range a.j.fused {
		f := &a.j.fused[g]
		sums := resize(&a.x.sums, f.size*room)
		clear(sums)
		if len(a.dense) == 2 {
			a.pairs(sums, stride, k, a.x.codes[g])
		} else {
			a.products(sums, stride, active, 0, len(a.dense), nil, a.x.codes[g])
		}
		if len(seldom) > 0 {
			a.products(sums, stride, active, len(a.dense), k, seldom, a.x.codes[g])
		}
		for cell := range f.size {
			from := sums[cell*room:][:stride]
			if g == 0 {
				for i, v := range from {
					total[i] += v
				}
			}
			for _, pop := range f.pops[cell] {
				to := total[pop*stride:][:len(from)]
				for i, v := range from {
					to[i] += v
				}
			}
		}
	}
	for at, m := range p.moments[s] {
		t := total[at*stride : (at+1)*stride]
		if p.n[at] == 0 {
			continue
		}
		n := float64(p.n[at])
		m.N, m.W, m.W2 = p.n[at], n, n
		copy(m.Mean, shift)
		for c, col := range active {
			m.Mean[col] = shift[col] + t[c]/n
		}
		q := k
		for c := range k {
			for e := c; e < k; e++ {
				x, y := min(active[c], active[e]), max(active[c], active[e])
				m.Co[triangle(len(m.Mean), x, y)] = t[q] - t[c]*t[e]/n
				q++
			}
		}
	}
}

// products adds to the sums of active columns, by cell, all that has a column of [low, high)
// as its last one, over the rows at (nil: all rows of the chunk).
func (a accumulator) products(sums []float64, stride int, active []int, low, high int, at []int, code []uint16) {
	k := len(active)
	row := make([]float64, k)
	shift := append(append([]float64(nil), a.shift...), make([]float64, k-len(a.shift))...)
	n := a.to - a.from
	if at != nil {
		n = len(at)
	}
	for x := range n {
		i := x
		if at != nil {
			i = at[x]
		}
		cell := int(code[i])
		t := sums[cell*stride : (cell+1)*stride]
		for c, col := range active[:high] {
			row[c] = a.values[col][i] - shift[c]
			if c >= low {
				t[c] += row[c]
			}
		}
		q := k
		for c := range high {
			for e := max(c, low); e < high; e++ {
				t[q+e-c] += row[c] * row[e]
			}
			q += k - c
		}
	}
}

// pairRoom is a cache line for the five sums of two columns alone.
const pairRoom = 8

// pairs is products for two dense columns first, the common case of two models.
func (a accumulator) pairs(sums []float64, stride, k int, code []uint16) {
	x, y, sx, sy := a.values[a.dense[0]], a.values[a.dense[1]], a.shift[0], a.shift[1]
	x, y = x[:len(code)], y[:len(code)]
	if k == 2 {
		for i, c := range code {
			u, v := x[i]-sx, y[i]-sy
			t := (*[5]float64)(sums[int(c)*pairRoom:])
			t[0] += u
			t[1] += v
			t[2] += u * u
			t[3] += u * v
			t[4] += v * v
		}
		return
	}
	for i, c := range code {
		u, v := x[i]-sx, y[i]-sy
		t := sums[int(c)*stride:][:2*k+1]
		t[0] += u
		t[1] += v
		t[k] += u * u
		t[k+1] += u * v
		t[2*k] += v * v
	}
}

// weighted: per population [n, Σw, Σw², Σwv, Σw²v, Σw²vv'] of the active columns.
func (a accumulator) weighted(p *partial, s int, shift []float64) {
	k := len(a.dense)
	stride := 3 + 2*k + k*(k+1)/2
	sums := make([]float64, a.j.pops*stride)
	row := make([]float64, k)
	w := a.j.r.Weight[a.from:a.to]
	a.j.codes(a.from, a.to, func(code []uint16, base int) {
		for i := range a.to - a.from {
			at := base
			if code != nil {
				if code[i] == rows.None {
					continue
				}
				at += int(code[i])
			}
			t := sums[at*stride : (at+1)*stride]
			w1 := w[i]
			w2 := w1 * w1
			t[0]++
			t[1] += w1
			t[2] += w2
			for c, col := range a.dense {
				row[c] = a.values[col][i] - a.shift[c]
				t[3+c] += w1 * row[c]
				t[3+k+c] += w2 * row[c]
			}
			q := 3 + 2*k
			for c := range row {
				for e := c; e < k; e++ {
					t[q] += w2 * row[c] * row[e]
					q++
				}
			}
		}
	})
	for at, m := range p.moments[s] {
		t := sums[at*stride : (at+1)*stride]
		m.N, m.W, m.W2 = int64(t[0]), t[1], t[2]
		if t[0] == 0 {
			continue
		}
		copy(m.Mean, shift)
		copy(m.Mean2, shift)
		if t[1] == 0 { // only rows of weight 0
			continue
		}
		for c, col := range a.dense {
			m.Mean[col] = shift[col] + t[3+c]/t[1]
			m.Mean2[col] = shift[col] + t[3+k+c]/t[2]
		}
		q := 3 + 2*k
		for c := range k {
			for e := c; e < k; e++ {
				m.Co[triangle(len(m.Mean), a.dense[c], a.dense[e])] = t[q] - t[3+k+c]*t[3+k+e]/t[2]
				q++
			}
		}
	}
}

// triangle is the place of (i, j), i ≤ j, in an upper triangle stored row by row.
func triangle(d, i, j int) int { return i*d - i*(i-1)/2 + j - i }
