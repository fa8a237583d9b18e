package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/infer"
)

// CountedCorpus is a Corpus of two numbers a row, both 0 or 1: whether the row is among those
// that the metric speaks of, and, first, whether it is a hit of them. The value is hits over
// rows, or F₁ of them.
type CountedCorpus interface {
	Corpus
	// Counts: sameRows says that the case alone decides which rows are spoken of; f1 that the
	// value is F₁ = 2J/(1+J) of the share J.
	Counts() (sameRows, f1 bool)
}

// counted is a share of the rows that it speaks of, or F₁: what rate and smooth are for
// decisions, from the sums of a scorer's numbers.
type counted struct {
	mean
	sameRows, f1 bool
	whole        bool // each number is 0 or 1; else they are means of a row's samples
	down         bool
}

// wilson is his score on the rows spoken of: with weights or clusters on n/deff, at
// most n; where the share is 0 or 1, on clusters or Kish's rows (as rate.effective).
func (m counted) wilson(v *View, kishShare, val, n float64, s *spread) (infer.Shape, string) {
	p, variance := val, s.variance
	if m.f1 {
		p = val / (2 - val)
		variance *= math.Pow(2/((2-val)*(2-val)), 2)
	}
	rows, method := n, "Wilson score"
	if m.f1 {
		method = "Wilson score on J = F/(2−F)"
	}
	switch {
	case s.ids == nil && !v.Set.Weighted:
		s.df = math.Inf(1)
	case s.ids != nil && math.IsNaN(s.variance):
		return infer.None{}, "none"
	case variance > 0 && p > 0 && p < 1:
		rows = math.Min(n, p*(1-p)/variance)
	case s.ids != nil:
		rows = math.Min(n, float64(v.Pop.Blocks.Clusters))
	default:
		rows = n * kishShare
	}
	if s.ids != nil {
		method += " on n/deff, clusters " + s.how
	} else if v.Set.Weighted {
		method += " on effective rows"
	}
	if m.f1 {
		return infer.WilsonF1{D: rows}, method
	}
	return infer.Wilson{N: rows}, method
}

func (m counted) estimate(v *View, model int) Answer {
	val, g, mo, mu, why := m.read(v, model)
	if why != "" {
		return undefined(0, why)
	}
	n := mu[1] * float64(mo.N)
	s := m.spread(v, mo, g)
	var shape infer.Shape = infer.Symmetric{Lo: m.lo, Hi: m.hi}
	method := m.methodName(s, false)
	if m.whole || noneDiffers(s, n) { // with numbers between 0 and 1 Wilson's interval is too wide, but not 0
		shape, method = m.wilson(v, kish(mo.W, mo.W2)/float64(mo.N), val, n, &s)
	}
	a := answered(s.finish(val, shape, method), int64(math.Round(n)))
	if s.note != "" {
		a.note("%s", s.note)
	}
	if (v.Set.Weighted || s.ids != nil) && s.iid > 0 && s.variance > 0 {
		a.NEff = math.Min(n, m.effective(v, mo)*s.iid/s.variance)
	}
	if a.Ungraded = v.Pop.Ungraded[m.scorer]; a.Ungraded > 0 {
		a.note("%d of %d rows are ungraded", a.Ungraded, v.Pop.N)
		a.Worst, a.Best = m.bounds(mu[0]*float64(mo.N), n, float64(a.Ungraded))
	}
	return a
}

// noneDiffers: no error is seen but that of rounding. One row of n that differs has a variance
// of some 1/n².
func noneDiffers(s spread, n float64) bool { return s.variance*n*n < 1e-6 }

// bounds are the values if all ungraded rows were spoken of and were hits, or none were.
func (m counted) bounds(hits, n, lost float64) (worst, best float64) {
	of := func(j float64) float64 {
		if m.f1 {
			return 2 * j / (1 + j)
		}
		return j
	}
	worst, best = of(hits/(n+lost)), of((hits+lost)/(n+lost))
	if m.down {
		worst, best = best, worst
	}
	return worst, best
}

func (m counted) contrast(v *View, a, b int, k float64) Answer {
	va, ga, mo, mua, why := m.read(v, a)
	if why != "" {
		return undefined(0, why)
	}
	vb, gb, _, mub, why := m.read(v, b)
	if why != "" {
		return undefined(0, why)
	}
	n := int64(math.Round(math.Min(mua[1], mub[1]) * float64(mo.N)))
	lost := v.Pop.Ungraded[m.scorer]
	if m.whole && m.sameRows && !m.f1 && k == 1 && !v.Set.Weighted && v.Pop.Blocks == nil {
		hits := func(model int) ([]float64, float64) {
			i := mo.Spec.Index(m.terms[0], model)
			unit := make([]float64, len(mo.Mean))
			unit[i] = 1
			return unit, mo.Mean[i] * mo.W
		}
		ua, pa := hits(a)
		ub, pb := hits(b)
		both := mo.Bilinear(ua, ub) + pa*pb/mo.W
		x := discordant(int64(math.Round(pa-both)), int64(math.Round(pb-both)), n)
		x.Ungraded = lost
		return x
	}
	s := m.spread(v, mo, apart(ga, gb, k))
	method := "paired: delta method on sums, t"
	if s.ids != nil {
		method = "paired: delta method on sums, clusters " + s.how
	}
	x := answered(s.finish(va-k*vb, infer.NewSymmetric(), method), n)
	x.Ungraded = lost
	if s.note != "" {
		x.note("%s", s.note)
	}
	if noneDiffers(s, float64(n)) {
		x.SE = oneOf(v, n)
		x.note(neverDiffer)
	}
	return x
}

func (m counted) between(x, y *View, model int, ratio bool) Answer {
	ax, ay := m.estimate(x, model), m.estimate(y, model)
	if ax.Status != result.OK {
		return ax
	}
	if ay.Status != result.OK {
		return ay
	}
	read := func(v *View) spread {
		_, g, mo, _, _ := m.read(v, model)
		return m.spread(v, mo, g)
	}
	var plain infer.Shape
	wx, isShare := ax.Shape.(infer.Wilson)
	if wy, ok := ay.Shape.(infer.Wilson); ok && isShare {
		plain = infer.Newcombe{P1: ax.Value, N1: wx.N, P2: ay.Value, N2: wy.N}
	}
	return acrossAnswer(ax.Value, ay.Value, read(x), read(y), ratio, ax.N, ay.N, plain)
}
