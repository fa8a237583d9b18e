package order

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// quantileWalk is one population on a walk from the smallest value. Rows without weight
// are passed over.
type quantileWalk struct {
	total, kish float64
	cum         float64 // weight so far
	rows        int64   // rows so far
	mid         int64   // row at which the weight reaches the share q
	value, over float64 // the value so far and, of type 7, its share of the rows
	met         bool    // the median stands exactly between two rows
	next        int     // of the ladder
}

// step adds a row to the value. The median is the mean of the two rows between which half
// of the weight is met exactly, else the row that crosses it (Hyndman & Fan's type 2, as
// scikit-learn has it); other quantiles are type 7 on Kish's rows (Akinshin 2023).
func (t *quantileWalk) step(x, w, q float64) {
	from := t.cum / t.total
	t.cum += w
	t.rows++
	to := t.cum / t.total
	if t.mid == 0 && to >= q*(1-rounding) {
		t.mid = t.rows
	}
	if q == 0.5 {
		switch {
		case t.met:
			t.value, t.met = (t.value+x)/2, false
		case t.mid == t.rows:
			t.value, t.met = x, to <= 0.5*(1+rounding)
		}
		return
	}
	at := q * (t.kish - 1)
	if part := math.Min(to*t.kish, at+1) - math.Max(from*t.kish, at); part > 0 {
		t.over += part
		t.value += (x - t.value) * part / t.over
	}
}

func codesOf(r *rows.Rows, sl slot) []uint16 {
	if sl.part < 0 {
		return nil
	}
	return r.Parts[sl.part].Codes()
}

// weightedLadders finds the quantile and the order statistics around it of one slot's
// populations, with the share of weight up to each.
func weightedLadders(r *rows.Rows, s *sorted, v []float64, sl slot, pops []*summary.Population, out []*summary.Quantile, m int) {
	code := codesOf(r, sl)
	st := make([]quantileWalk, sl.size)
	for i := range st {
		p := pops[sl.base+i]
		if st[i].total = p.W; p.W2 > 0 {
			st[i].kish = p.W * p.W / p.W2
		}
		out[sl.base+i].Kish = st[i].kish
	}
	walk := func(f func(t *quantileWalk, p int, x, w float64)) {
		for i := range r.N {
			row, p := s.row(i), 0
			if code != nil {
				if code[row] == noSlice {
					continue
				}
				p = int(code[row])
			}
			if w := r.Weight[row]; w > 0 {
				f(&st[p], p, v[row], w)
			}
		}
	}
	walk(func(t *quantileWalk, p int, x, w float64) { t.step(x, w, out[sl.base+p].Q) })
	for i := range st {
		if t, x := &st[i], &out[sl.base+i].Models[m]; t.rows > 0 {
			x.Value, x.Ranks = t.value, ranksAround(t.rows, float64(max(1, t.mid)))
		}
		st[i].cum, st[i].rows = 0, 0
	}
	walk(func(t *quantileWalk, p int, x, w float64) {
		t.cum += w
		t.rows++
		if y := &out[sl.base+p].Models[m]; t.next < len(y.Ranks) && y.Ranks[t.next] == t.rows {
			y.Ladder, y.Cum = append(y.Ladder, x), append(y.Cum, math.Min(1, t.cum/t.total))
			t.next++
		}
	})
}

// weightedBelow is the share of weight at or below the quantile of each model, with the
// sums from which its error follows.
func weightedBelow(r *rows.Rows, values [][]float64, sl slot, at int, pops []*summary.Population, out []*summary.Quantile, e entries) {
	models := len(values)
	eachRow(r, sl, func(row, p int) {
		q := out[sl.base+p]
		for m := range values {
			if values[m][row] <= q.Models[m].Value {
				q.Models[m].Below++
				q.Models[m].Share += r.Weight[row]
			}
		}
	})
	cov := make([]float64, sl.size*models)
	for p := range sl.size {
		for m := range values {
			x := &out[sl.base+p].Models[m]
			if w := pops[sl.base+p].W; w > 0 {
				x.Share = math.Min(1, x.Share/w)
			}
			if e != nil {
				x.Blocks = make([]float64, len(pops[sl.base+p].Blocks.ID))
			}
		}
	}
	eachRow(r, sl, func(row, p int) {
		q, w := out[sl.base+p], r.Weight[row]
		if w == 0 {
			return
		}
		w /= pops[sl.base+p].W
		part := func(m int) float64 {
			if values[m][row] <= q.Models[m].Value {
				return w * (1 - q.Models[m].Share)
			}
			return -w * q.Models[m].Share
		}
		base := 0.0
		if r.Baseline >= 0 {
			base = part(r.Baseline)
		}
		for m := range values {
			x := part(m)
			q.Models[m].SS += x * x
			cov[p*models+m] += x * base
			if e != nil {
				q.Models[m].Blocks[e[at][row]] += x
			}
		}
	})
	for p := range sl.size {
		q := out[sl.base+p]
		for m := range values {
			if r.Baseline >= 0 && m != r.Baseline {
				q.Pairs = append(q.Pairs, summary.QuantilePair{A: m, B: r.Baseline, Cov: cov[p*models+m]})
			}
		}
	}
}
