package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// derived is one part of a functional whose rows' influences the engine sums up: its
// variance is the sandwich of those influences (Huber 1967; Hampel 1974).
type derived struct {
	spec  summary.Spec
	part  int
	shape infer.Shape // of the interval inside the range
	name  string      // of the shape, for the method
	// edge is what is said at the ends of the range lo to hi, where no error is seen.
	edge   string
	lo, hi float64
	// ofLabels: predictions have no part in it.
	ofLabels bool
	// few, when not empty, is noted below fewPerClass rows of a class.
	few string
	// notes, when not nil, is said of a model's value.
	notes func(x summary.FunctionalModel) string
}

func (m derived) needs() []summary.Spec {
	return []summary.Spec{m.spec}
}

func (m derived) read(v *View, model int) (val float64, s spread, why string) {
	f := v.Pop.FindFunctional(m.spec)
	if f == nil || v.Pop.N == 0 {
		return 0, s, "no usable rows"
	}
	x := f.Models[model]
	if x.Why != "" {
		return 0, s, x.Why
	}
	p := x.Parts[m.part]
	return p.Value, influenceSpread(v, p.Var, p.Blocks), ""
}

// influenceSpread is the error of a functional from Σ of squared influences of its rows,
// or from their sums by cluster.
func influenceSpread(v *View, squares float64, blocks []float64) spread {
	rows := float64(v.Pop.N)
	if v.Set.Weighted {
		rows = kish(v.Pop.W, v.Pop.W2)
	}
	s := spread{variance: math.NaN(), df: rows - 1}
	if rows > 1 {
		s.variance = squares * rows / (rows - 1)
	}
	if s.iid = s.variance; v.Pop.Blocks != nil && blocks != nil {
		return clustered(v.Pop.Blocks, blocks, s.iid)
	}
	return s
}

func (m derived) estimate(v *View, model int) Answer {
	val, s, why := m.read(v, model)
	if why != "" {
		return undefined(v.Pop.N, why)
	}
	method := "influence variance, t"
	if m.name != "" {
		method = m.name + ", influence variance"
	}
	if s.ids != nil {
		method += " by clusters (" + s.how + ")"
	}
	a := answered(s.finish(val, m.shape, method), v.Pop.N)
	switch {
	case m.edge != "" && (val <= m.lo || val >= m.hi || s.variance < noError):
		a.SE, a.Shape, a.Method = math.NaN(), infer.None{}, "none"
		a.note("%s", m.edge)
	case m.few != "" && fewOfAClass(v):
		a.note("%s", m.few)
	}
	if m.notes != nil {
		a.note("%s", m.notes(v.Pop.FindFunctional(m.spec).Models[model]))
	}
	if s.note != "" {
		a.note("%s", s.note)
	}
	if (v.Set.Weighted || s.ids != nil) && s.iid > 0 && s.variance > 0 {
		rows := float64(v.Pop.N)
		if v.Set.Weighted {
			rows = kish(v.Pop.W, v.Pop.W2)
		}
		a.NEff = math.Min(float64(v.Pop.N), rows*s.iid/s.variance)
	}
	return a
}

// fewOfAClass: some class has few rows.
func fewOfAClass(v *View) bool {
	if v.Pop.Counts == nil {
		return false
	}
	n := make([]int64, len(v.Set.Classes))
	for _, c := range v.Pop.Counts.Cells {
		n[c.Label] += c.N
	}
	for _, k := range n {
		if k < fewPerClass {
			return true
		}
	}
	return false
}

func (m derived) contrast(v *View, a, b int, k float64) Answer {
	d, s, why := paired(v, a, b, k, m.read, func(_, _ spread) (spread, bool) {
		cov, ok := m.covariance(v, a, b)
		if !ok {
			return spread{}, false
		}
		f := v.Pop.FindFunctional(m.spec)
		x, y := f.Models[a].Parts[m.part].Var, f.Models[b].Parts[m.part].Var
		return influenceSpread(v, differenceVar(x, y, cov, k), nil), true
	})
	if why != "" {
		return undefined(v.Pop.N, why)
	}
	x := answered(s.finish(d, infer.NewSymmetric(), pairedMethod(s)), v.Pop.N)
	if m.ofLabels {
		x.note("it is of the labels alone: the same for all models")
	} else {
		noDifference(&x, v, m.lo, m.hi)
	}
	if s.note != "" {
		x.note("%s", s.note)
	}
	return x
}

// noDifference is for two models of whose difference no row shows an error: that is not what
// is known. The error shown is that of one row, which moves a value by the range of the metric
// over the rows; where there is no range, none is known.
func noDifference(x *Answer, v *View, lo, hi float64) {
	if !(x.SE*x.SE < noError) {
		return
	}
	if span := hi - lo; !math.IsInf(span, 0) {
		x.SE = span * oneOf(v, x.N)
		x.note("the models do not differ on these rows: the error shown is that of one row (or cluster)")
		return
	}
	x.unknown("the models do not differ on these rows, and nothing bounds what others would show")
}

func (m derived) covariance(v *View, a, b int) (float64, bool) {
	for _, p := range v.Pop.FindFunctional(m.spec).Pairs {
		if p.A == a && p.B == b || p.A == b && p.B == a {
			return p.Cov[m.part], true
		}
	}
	return 0, false
}

func (m derived) between(x, y *View, model int, ratio bool) Answer {
	return acrossSlices(x, y, ratio, func(v *View) (float64, spread, int64, string) {
		val, s, why := m.read(v, model)
		return val, s, v.Pop.N, why
	})
}

// paired is the difference a − k·b of two models on the same rows with its error: that of
// the clusters' influences where there are clusters, else what rows makes of both; rows
// says false where the two were not read together.
func paired(v *View, a, b int, k float64, read func(*View, int) (float64, spread, string), rows func(sa, sb spread) (spread, bool)) (d float64, s spread, why string) {
	va, sa, why := read(v, a)
	if why != "" {
		return 0, s, why
	}
	vb, sb, why := read(v, b)
	if why != "" {
		return 0, s, why
	}
	if v.Pop.Blocks != nil {
		return va - k*vb, clustered(v.Pop.Blocks, apart(sa.sums, sb.sums, k), math.NaN()), ""
	}
	s, together := rows(sa, sb)
	if !together {
		return 0, s, notTogether
	}
	return va - k*vb, s, ""
}

// pairedMethod names how a paired difference of influences was judged.
func pairedMethod(s spread) string {
	if s.ids != nil {
		return "paired: influence of the difference, clusters " + s.how
	}
	return "paired: influence of the difference"
}

const notTogether = "the two models were not read together: compare each with the baseline"

// apart is a − k·b, entry by entry.
func apart(a, b []float64, k float64) []float64 {
	out := make([]float64, len(a))
	for i := range out {
		out[i] = a[i] - k*b[i]
	}
	return out
}

// differenceVar is the variance of a − k·b; one that is 0 but for rounding (two models
// with the same rows' influences) must not look like an error.
func differenceVar(a, b, cov, k float64) float64 {
	v := a + k*k*b - 2*k*cov
	if v < 1e-12*(a+k*k*b) {
		return 0
	}
	return v
}

// plainContrast is a − k·b of two answers without an error, and plainBetween one model's
// difference or ratio of two slices.
func plainContrast(a, b Answer, k float64, note string) Answer {
	switch {
	case a.Status != result.OK:
		return a
	case b.Status != result.OK:
		return b
	}
	a.Value -= k * b.Value
	a.Notes = nil
	if note != "" {
		a.note("%s", note)
	}
	return a
}

func plainBetween(a, b Answer, ratio bool) Answer {
	switch {
	case a.Status != result.OK:
		return a
	case b.Status != result.OK:
		return b
	case ratio && b.Value == 0:
		return undefined(b.N, "the ratio's denominator is 0")
	case ratio:
		a.Value /= b.Value
	default:
		a.Value -= b.Value
	}
	a.N = min(a.N, b.N)
	return a
}
