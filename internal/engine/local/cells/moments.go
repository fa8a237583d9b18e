package cells

import (
	"slices"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

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
	k, d := len(active), len(a.dense)
	if k == 0 {
		for at, m := range p.moments[s] {
			m.N, m.W, m.W2 = p.n[at], float64(p.n[at]), float64(p.n[at])
		}
		return
	}
	stride := k + k*(k+1)/2
	total := resize(&a.x.total, a.j.pops*stride)
	clear(total)
	a.often(total, stride, k)
	if d < k {
		a.rarely(total, stride, active)
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

// often adds the sums of the dense columns to those of all populations, by the cells of the cross tables.
func (a accumulator) often(total []float64, stride, k int) {
	d := len(a.dense)
	room := max(d+d*(d+1)/2, pairRoom) // of a cell's sums
	var at []int                       // where they are in a population's
	for c := range d {
		at = append(at, c)
	}
	for c, q := 0, k; c < d; c++ {
		for e := c; e < d; e++ {
			at = append(at, q+e-c)
		}
		q += k - c
	}
	for g := 0; g < len(a.j.fused) && d > 0; g++ {
		f := &a.j.fused[g]
		sums := resize(&a.x.sums, f.size*room)
		clear(sums)
		if d == 2 {
			a.pairs(sums, a.x.codes[g])
		} else {
			a.products(sums, room, a.x.codes[g])
		}
		for cell := range f.size {
			from := sums[cell*room:][:len(at)]
			if g == 0 {
				for i, v := range from {
					total[at[i]] += v
				}
			}
			for _, pop := range f.pops[cell] {
				to := total[pop*stride:][:stride]
				for i, v := range from {
					to[at[i]] += v
				}
			}
		}
	}
}

// pairRoom is a cache line for the five sums of two columns.
const pairRoom = 8

// pairs is products for two dense columns, the common case of two models.
func (a accumulator) pairs(sums []float64, code []uint16) {
	x, y, sx, sy := a.values[a.dense[0]], a.values[a.dense[1]], a.shift[0], a.shift[1]
	x, y = x[:len(code)], y[:len(code)]
	for i, c := range code {
		u, v := x[i]-sx, y[i]-sy
		t := (*[5]float64)(sums[int(c)*pairRoom:])
		t[0] += u
		t[1] += v
		t[2] += u * u
		t[3] += u * v
		t[4] += v * v
	}
}

// products adds the dense columns and their products to the sums, by cell.
func (a accumulator) products(sums []float64, room int, code []uint16) {
	row := make([]float64, len(a.dense))
	for i, cell := range code {
		t := sums[int(cell)*room:]
		for c, col := range a.dense {
			row[c] = a.values[col][i] - a.shift[c]
			t[c] += row[c]
		}
		q := len(row)
		for c, u := range row {
			for _, v := range row[c:] {
				t[q] += u * v
				q++
			}
		}
	}
}

// rarely adds what the seldom columns, which come last among the active, bring to the sums of
// all populations, over the rows where one of them is set.
func (a accumulator) rarely(total []float64, stride int, active []int) {
	var at []int
	for _, c := range a.seldom {
		for i, v := range a.values[c] {
			if v != 0 {
				at = append(at, i)
			}
		}
	}
	slices.Sort(at)
	k, d := len(active), len(a.dense)
	row := make([]float64, k)
	for _, i := range slices.Compact(at) {
		for c, col := range active {
			if row[c] = a.values[col][i]; c < d {
				row[c] -= a.shift[c]
			}
		}
		add := func(pop int) {
			t := total[pop*stride:][:stride]
			for c := d; c < k; c++ {
				t[c] += row[c]
			}
			for c, q := 0, k; c < k; c++ {
				for e := max(c, d); e < k; e++ {
					t[q+e-c] += row[c] * row[e]
				}
				q += k - c
			}
		}
		add(0)
		for g := range a.j.fused {
			for _, pop := range a.j.fused[g].pops[a.x.codes[g][i]] {
				add(pop)
			}
		}
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
