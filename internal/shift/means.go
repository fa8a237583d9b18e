package shift

import (
	"errors"

	"github.com/fairtrial/fairtrial/internal/summary"
)

// sums adds a population's means to a slice, or takes them away. The slice's feature 0 is
// its weight, the further ones are the sums of its rows' values.
func (s *split) sums(x *side, d Data, p *summary.Population, spec summary.Spec, g int, sign float64) error {
	which := -1
	for i, m := range p.Moments {
		if m.Spec == spec {
			which = i
		}
	}
	if which < 0 || p.Moments[which].N == 0 {
		return errors.New("no means were taken")
	}
	all := p.Moments[which]
	columns := make([]int, s.dim)
	for _, e := range spec.Exprs() {
		columns[spec.Index(e, 0)] = spec.Index(e, d.Model)
	}
	mine := pick(all, columns)
	if x.means[g] == nil {
		x.means[g] = mine
	} else {
		less(x.means[g], mine)
	}
	if b := p.Blocks; b != nil {
		for e := range b.ID {
			to := x.block(b, e)
			to[g*(1+s.dim)] += sign * b.W[e]
			for c, k := range columns {
				to[g*(1+s.dim)+1+c] += sign * (b.Moments[which][e*len(all.Mean)+k] + mine.Mean[c]*b.W[e])
			}
		}
	}
	return nil
}

// pick copies some columns of moments.
func pick(m *summary.Moments, columns []int) *summary.Moments {
	d := len(m.Mean)
	out := summary.NewMoments(m.Spec, len(columns), m.Mean2 != nil)
	out.N, out.W, out.W2 = m.N, m.W, m.W2
	at := 0
	for i, a := range columns {
		out.Mean[i] = m.Mean[a]
		if m.Mean2 != nil {
			out.Mean2[i] = m.Mean2[a]
		}
		for _, b := range columns[i:] {
			lo, hi := min(a, b), max(a, b)
			out.Co[at] = m.Co[lo*d-lo*(lo-1)/2+hi-lo]
			at++
		}
	}
	return out
}

// less takes the rows of part away from m: Chan, Golub & LeVeque's merge, solved for the
// other part.
func less(m, part *summary.Moments) {
	n, w, w2 := m.N-part.N, m.W-part.W, m.W2-part.W2
	if n <= 0 || w <= 0 || w2 <= 0 {
		*m = *summary.NewMoments(m.Spec, len(m.Mean), m.Mean2 != nil)
		return
	}
	without := func(all, some []float64, wSome, wRest float64) []float64 {
		out := make([]float64, len(all))
		for i := range out {
			out[i] = all[i] + (all[i]-some[i])*wSome/wRest
		}
		return out
	}
	mean := without(m.Mean, part.Mean, part.W, w)
	centre, other, f := mean, part.Mean, w*part.W/m.W
	if m.Mean2 != nil {
		m.Mean2 = without(m.Mean2, part.Mean2, part.W2, w2)
		centre, other, f = m.Mean2, part.Mean2, w2*part.W2/m.W2
	}
	at := 0
	for i := range mean {
		for k := i; k < len(mean); k++ {
			m.Co[at] -= part.Co[at] + f*(other[i]-centre[i])*(other[k]-centre[k])
			at++
		}
	}
	m.Mean, m.N, m.W, m.W2 = mean, n, w, w2
}

// meansAt is the point of a metric of means: other shares, or other means.
func (s *split) meansAt(x state) (effect, error) {
	e := s.none()
	a, q := s.sides[x.of(mix)], make([]float64, s.dim)
	for g, share := range a.share {
		for c, v := range s.within(g, x) {
			q[c] += share * v
		}
	}
	var by []float64
	var err error
	if e.value, by, err = s.at(q); err != nil {
		return e, err
	}
	all := 0.0
	for c, v := range q {
		all += by[c] * v
	}
	to := e.influence[x.of(mix)]
	for g, share := range a.share {
		from := s.means(g, x)
		mu := s.sides[from].means[g]
		here := 0.0
		for c := range q {
			here += by[c] * mu.Mean[c]
		}
		to[g*(1+s.dim)] += (here - all) / a.total
		of := e.influence[from]
		for c := range q {
			k := share * by[c] / mu.W
			of[g*(1+s.dim)+1+c] += k
			of[g*(1+s.dim)] -= k * mu.Mean[c]
		}
	}
	return e, nil
}

// means is the data set that a slice's means are of: the other one where it has no rows.
func (s *split) means(g int, x state) int {
	k := x.of(model)
	if m := s.sides[k].means[g]; m == nil || m.N == 0 {
		k = 1 - k
	}
	return k
}

// quadratic is Σw²e² of the rows of slice g, where e is a row's influence: its weight's
// and its values'.
func (x *side) quadratic(g int, e []float64) float64 {
	m := x.means[g]
	if m == nil || m.N == 0 {
		return 0
	}
	// About the mean: e = a + b·(v − μ).
	a, b := e[0], e[1:]
	for c, k := range b {
		a += k * m.Mean[c]
	}
	v := a*a*m.W2 + m.Quadratic(b)
	if m.Mean2 != nil {
		for c, k := range b {
			v += 2 * a * k * m.W2 * (m.Mean2[c] - m.Mean[c])
		}
	}
	return v
}
