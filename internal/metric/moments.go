package metric

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// mean is a metric that is a smooth function of the means of row expressions: the
// first of its terms for a plain mean, several for ratios and R².
type mean struct {
	terms []summary.Expr
	// f maps the means of the terms to the value and, in g, its gradient; nil: the
	// first term's mean. why is not empty when it is undefined.
	f func(mu, g []float64) (value float64, why string)
	// total, when not nil, is in place of f: of the sums over rows instead of the means, with
	// its gradient by each sum.
	total  func(sums []float64) (value float64, g []float64, why string)
	lo, hi float64
	notes  func(mu []float64, n int64) []string
	method string      // of the interval; empty: t interval of a mean
	shape  infer.Shape // of the interval; nil: symmetric within lo and hi
	// worst is the largest and least value of the first term for a lost row; nil: no bound.
	worst, best *float64
	// share: the value is a share of rows: Wilson on the rows that its error speaks of.
	share bool
	// refine, when not nil, gives a value with more digits than f can from the means.
	refine func(mo *summary.Moments, at []int, val float64) float64
	// scorer, when not empty, names whose scores the terms are: rows that it did not grade
	// count nowhere.
	scorer string
	// ofGroups: total is a mean of groups of rows, all within lo and hi.
	ofGroups bool
}

func (m mean) spec() summary.Spec    { return summary.Of(summary.KindMoments, m.terms...) }
func (m mean) needs() []summary.Spec { return []summary.Spec{m.spec()} }

// read gives the value and its gradient over the columns of the stored moments.
func (m mean) read(v *View, model int) (val float64, grad []float64, mo *summary.Moments, mu []float64, why string) {
	mo = v.Pop.Find(m.spec())
	if mo == nil || mo.N == 0 || !(mo.W > 0) {
		return 0, nil, nil, nil, "no usable rows"
	}
	mu = make([]float64, len(m.terms))
	at := make([]int, len(m.terms))
	for i, t := range m.terms {
		at[i] = mo.Spec.Index(t, model)
		mu[i] = mo.Mean[at[i]]
	}
	g := make([]float64, len(m.terms))
	switch {
	case m.total != nil:
		val, why = m.ofSums(mo, mu, g)
	case m.f != nil:
		val, why = m.f(mu, g)
	default:
		val, g[0] = mu[0], 1
	}
	if why != "" {
		return 0, nil, mo, mu, why
	}
	if m.refine != nil {
		val = m.refine(mo, at, val)
	}
	grad = make([]float64, len(mo.Mean))
	for i := range g {
		grad[at[i]] += g[i]
	}
	return val, grad, mo, mu, ""
}

// ofSums gives the value of the sums and its gradient by the means.
func (m mean) ofSums(mo *summary.Moments, mu, g []float64) (val float64, why string) {
	sums := make([]float64, len(mu))
	for i, x := range mu {
		sums[i] = x * mo.W
	}
	val, by, why := m.total(sums)
	for i, x := range by {
		g[i] = x * mo.W
	}
	return val, why
}

// graded is the rows that the value speaks of.
func (m mean) graded(v *View, mo *summary.Moments) int64 {
	if m.scorer == "" {
		return mo.N
	}
	return mo.N - v.Pop.Ungraded[m.scorer]
}

// effective is graded with weights: Kish's rows.
func (m mean) effective(v *View, mo *summary.Moments) float64 {
	rows := float64(m.graded(v, mo))
	if v.Set.Weighted {
		rows *= kish(mo.W, mo.W2) / float64(mo.N)
	}
	return rows
}

// spread of a functional with gradient g over the columns of the moments.
func (m mean) spread(v *View, mo *summary.Moments, g []float64) spread {
	rows := m.effective(v, mo)
	s := spread{variance: math.NaN(), df: rows - 1}
	if rows > 1 {
		s.variance = mo.Quadratic(g) / (mo.W * mo.W) * rows / (rows - 1)
	}
	s.iid = s.variance
	if v.Pop.Blocks == nil {
		return s
	}
	return clustered(v.Pop.Blocks, blockSums(v, mo, g), s.iid)
}

// blockSums are the sums by block of the influence that g gives rows.
func blockSums(v *View, mo *summary.Moments, g []float64) []float64 {
	at := -1
	for i, x := range v.Pop.Moments {
		if x == mo {
			at = i
		}
	}
	d := len(mo.Mean)
	sums := make([]float64, len(v.Pop.Blocks.ID))
	for i := range sums {
		for c := 0; c < d; c++ {
			sums[i] += g[c] * v.Pop.Blocks.Moments[at][i*d+c]
		}
		sums[i] /= mo.W
	}
	return sums
}

func (m mean) methodName(s spread, paired bool) string {
	name := m.method
	if name == "" {
		name = "t interval of a mean"
	}
	if paired {
		name = "paired: t interval of the row differences"
		if m.f != nil && m.scorer == "" || m.total != nil {
			name = "paired: delta method, t"
		}
	}
	if s.ids != nil {
		name += ", clusters " + s.how
	}
	return name
}

func (m mean) estimate(v *View, model int) Answer {
	val, g, mo, mu, why := m.read(v, model)
	if why != "" {
		a := undefined(v.Pop.N, why)
		return a
	}
	s := m.spread(v, mo, g)
	shape := m.shape
	if shape == nil {
		shape = infer.Symmetric{Lo: m.lo, Hi: m.hi}
	}
	method := m.methodName(s, false)
	switch {
	case m.share:
		shape, method = m.wilson(v, mo, val, &s)
	case m.alike(s, val) && m.bounded():
		shape, method = infer.Alike{Lo: m.lo, Hi: m.hi, N: m.independent(v, mo)}, "exact for values that are all alike"
		s.df, s.variance = math.Inf(1), math.NaN() // no error is seen, and none is not known
	}
	n := m.graded(v, mo)
	a := answered(s.finish(val, shape, method), n)
	a.Ungraded = mo.N - n
	if !m.share && m.alike(s, val) && !m.bounded() {
		a.unknown("all %d values are alike and nothing bounds those not seen", n)
	}
	if n < 2 {
		a.note("one row: no interval")
	}
	if s.note != "" {
		a.note("%s", s.note)
	}
	if m.notes != nil {
		a.Notes = append(a.Notes, m.notes(mu, mo.N)...)
	}
	if (v.Set.Weighted || s.ids != nil) && s.iid > 0 && s.variance > 0 {
		a.NEff = math.Min(float64(n), m.effective(v, mo)*s.iid/s.variance)
	}
	if m.scorer != "" {
		graded := 1.0
		if m.total == nil {
			graded = mu[1]
		}
		m.ungraded(&a, graded)
		return a
	}
	if m.worst != nil && v.Pop.Lost != nil {
		var lost float64
		for _, c := range v.Pop.Lost.Cells {
			lost += c.W
		}
		if lost > 0 {
			a.Worst = (val*mo.W + *m.worst*lost) / (mo.W + lost)
			a.Best = (val*mo.W + *m.best*lost) / (mo.W + lost)
		}
	}
	return a
}

// independent is how many rows, or clusters, a value rests on.
func (m mean) independent(v *View, mo *summary.Moments) float64 {
	n := m.effective(v, mo)
	if v.Pop.Blocks != nil {
		n = math.Min(n, float64(v.Pop.Blocks.Clusters))
	}
	return n
}

// sameRows is the difference of two shares on the same rows, from those on which only one of
// the two passes.
func (m mean) sameRows(v *View, mo *summary.Moments, a, b int, s spread) Answer {
	at := func(model int) ([]float64, float64) {
		i := mo.Spec.Index(summary.ScoredBy(m.scorer), model)
		unit := make([]float64, len(mo.Mean))
		unit[i] = 1
		return unit, mo.Mean[i] * mo.W
	}
	ua, pa := at(a)
	ub, pb := at(b)
	both := mo.Bilinear(ua, ub) + pa*pb/mo.W
	only, other := int64(math.Round(pa-both)), int64(math.Round(pb-both))
	x := discordant(only, other, m.graded(v, mo))
	x.Ungraded, x.SE = mo.N-x.N, math.Sqrt(s.variance)
	return x
}

// wilson is the shape of a share: Wilson's score on the rows, with weights on Kish's rows
// and with clusters on those over the design effect (Korn & Graubard 1998).
func (m mean) wilson(v *View, mo *summary.Moments, val float64, s *spread) (infer.Shape, string) {
	rows, method := m.effective(v, mo), "Wilson score"
	if v.Set.Weighted {
		method = "Wilson score on effective rows"
	} else if s.ids == nil {
		s.df = math.Inf(1)
	}
	if s.ids != nil {
		if math.IsNaN(s.variance) {
			return infer.None{}, "none"
		}
		if s.iid > 0 && s.variance > s.iid {
			rows *= s.iid / s.variance
		} else if !(s.iid > 0) { // all rows alike: as if a cluster were a row
			rows = math.Min(rows, float64(v.Pop.Blocks.Clusters))
		}
		method = "Wilson score on n/deff, clusters " + s.how
	}
	return infer.Wilson{N: rows}, method
}

func (m mean) contrast(v *View, a, b int, k float64) Answer {
	va, ga, mo, _, why := m.read(v, a)
	if why != "" {
		return undefined(v.Pop.N, why)
	}
	vb, gb, _, _, why := m.read(v, b)
	if why != "" {
		return undefined(v.Pop.N, why)
	}
	g := make([]float64, len(ga))
	for i := range g {
		g[i] = ga[i] - k*gb[i]
	}
	s := m.spread(v, mo, g)
	alike := m.alike(s, va, k*vb) || mo.Quadratic(g) <= cancelled*(mo.Quadratic(ga)+k*k*mo.Quadratic(gb))
	var shape infer.Shape = infer.NewSymmetric()
	method := m.methodName(s, true)
	switch {
	case alike && m.bounded():
		shape, method = infer.Alike{Lo: m.lo - k*m.hi, Hi: m.hi - k*m.lo, N: m.independent(v, mo)}, "paired: exact for differences that are all alike"
		s.df, s.variance = math.Inf(1), math.NaN()
	case m.share && m.scorer != "" && k == 1 && !v.Set.Weighted && v.Pop.Blocks == nil:
		return m.sameRows(v, mo, a, b, s)
	}
	x := answered(s.finish(va-k*vb, shape, method), m.graded(v, mo))
	x.Ungraded = mo.N - x.N
	if s.note != "" {
		x.note("%s", s.note)
	}
	if alike {
		if x.note("the models never differ on these rows"); !m.bounded() {
			x.unknown("all %d differences are alike and nothing bounds those not seen", x.N)
		}
	}
	return x
}

func countNote(what string) func(mu []float64, n int64) []string {
	return func(mu []float64, n int64) []string {
		if k := int64(math.Round(mu[1] * float64(n))); k > 0 {
			return []string{fmt.Sprintf("%d of %d %s", k, n, what)}
		}
		return nil
	}
}
