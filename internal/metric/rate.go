package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/stat/test"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// rate is a proportion of rows: those of the denominator for which the numerator
// holds. Both look at a row's label y, the decision d and a class c.
type rate struct {
	num, den func(y, d, c uint32) bool
	// sameRows: the denominator depends on the label alone, so that two models are
	// compared on the same rows by McNemar and Tango.
	sameRows  bool
	empty     string // why it is undefined when the denominator has no row
	class     string // "" for binary (class 1) and for rates that look at no class
	labelOnly bool   // does not depend on the model
}

func (m rate) needs() []summary.Spec { return []summary.Spec{summary.Of(summary.KindCounts)} }

// classIndex resolves a class name; binary tasks mean class 1.
func classIndex(v *View, name string) (uint32, bool) {
	if name == "" {
		return 1, true
	}
	for i, c := range v.Set.Classes {
		if c == name {
			return uint32(i), true
		}
	}
	return 0, false
}

// read computes the proportion, its cell influences and the rows it stands on.
func (m rate) read(v *View, model int) (p float64, n int64, e []float64, t *table, why string) {
	t, why = tableOf(v, model)
	if why != "" {
		return 0, 0, nil, nil, why
	}
	c, ok := classIndex(v, m.class)
	if !ok {
		return 0, 0, nil, t, "no row has the class " + m.class
	}
	var num, den float64
	for i := range t.cells {
		if m.den(t.y[i], t.d[i], c) {
			den += t.cells[i].W
			n += t.cells[i].N
			if m.num(t.y[i], t.d[i], c) {
				num += t.cells[i].W
			}
		}
	}
	if !(den > 0) {
		return 0, n, nil, t, m.empty
	}
	p = num / den
	e = make([]float64, len(t.cells))
	for i := range t.cells {
		if m.den(t.y[i], t.d[i], c) {
			e[i] = -p / den
			if m.num(t.y[i], t.d[i], c) {
				e[i] = (1 - p) / den
			}
		}
	}
	return p, n, e, t, ""
}

// effective is the number of independent rows that would give the same variance,
// n/deff (Korn & Graubard 1998), at most n. At p = 0 or 1, where no variance is
// seen, each cluster, or Kish's number of rows, counts.
func (m rate) effective(v *View, t *table, c uint32, p float64, n int64, s spread) float64 {
	if s.variance > 0 && p > 0 && p < 1 {
		return math.Min(float64(n), p*(1-p)/s.variance)
	}
	if s.ids != nil {
		return math.Min(float64(n), float64(v.Pop.Blocks.Clusters))
	}
	var w, w2 float64
	for i := range t.cells {
		if m.den(t.y[i], t.d[i], c) {
			w += t.cells[i].W
			w2 += t.cells[i].W2
		}
	}
	return math.Min(float64(n), kish(w, w2))
}

// infer is Wilson's interval, on effective rows with weights or clusters.
func (m rate) infer(v *View, model int) (Answer, spread) {
	p, n, e, t, why := m.read(v, model)
	if why != "" {
		return undefined(n, why), spread{}
	}
	s := errorOf(v, t.cells, e)
	if !v.Set.Weighted && v.Pop.Blocks == nil {
		i := infer.Inference{Value: p, SE: math.Sqrt(p * (1 - p) / float64(n)), DF: math.Inf(1), Shape: infer.Wilson{N: float64(n)}, Method: "Wilson score"}
		return answered(i, n), s
	}
	c, _ := classIndex(v, m.class)
	neff := m.effective(v, t, c, p, n, s)
	method := "Wilson score on effective rows (weights)"
	if s.ids != nil {
		method = "Wilson score on n/deff (clusters)"
	}
	a := answered(s.finish(p, infer.Wilson{N: neff}, method), n)
	a.NEff = neff
	if s.note != "" {
		a.note("%s", s.note)
	}
	return a, s
}

func (m rate) estimate(v *View, model int) Answer {
	a, _ := m.infer(v, model)
	if a.Status == result.OK {
		a.Worst, a.Best = bounds(v, model, func(x *View) (float64, string) {
			p, _, _, _, why := m.read(x, model)
			return p, why
		})
	}
	return a
}

func (m rate) contrast(v *View, a, b int, k float64) Answer {
	pa, na, ea, ta, why := m.read(v, a)
	if why != "" {
		return undefined(na, why)
	}
	pb, nb, eb, tb, why := m.read(v, b)
	if why != "" {
		return undefined(nb, why)
	}
	if m.labelOnly {
		x := undefined(na, "it does not depend on the model")
		x.Status = result.NotApplicable
		return x
	}
	n := min(na, nb)
	if m.sameRows && k == 1 && !v.Set.Weighted && v.Pop.Blocks == nil {
		c, _ := classIndex(v, m.class)
		var only, other int64
		for i := range ta.cells {
			if !m.den(ta.y[i], ta.d[i], c) {
				continue
			}
			hitA, hitB := m.num(ta.y[i], ta.d[i], c), m.num(tb.y[i], tb.d[i], c)
			if hitA && !hitB {
				only += ta.cells[i].N
			}
			if hitB && !hitA {
				other += ta.cells[i].N
			}
		}
		return discordant(only, other, n)
	}
	return deltaContrast(v, ta.cells, pa, pb, ea, eb, k, n)
}

// discordant is the difference of two shares of the same n rows, of which only passes the
// first alone and other the second alone.
func discordant(only, other, n int64) Answer {
	f := float64(n)
	d := float64(only - other)
	x := answered(infer.Inference{Value: d / f, SE: math.Sqrt(math.Max(0, float64(only+other)-d*d/f)) / f, DF: math.Inf(1),
		Shape: infer.Tango{B: float64(only), C: float64(other), N: f}, Method: "paired: Tango score, p by mid-p McNemar"}, n)
	x.PZero = test.McNemarMidP(only, other)
	return x
}

// deltaContrast is θa − k·θb from cell influences of the joint table.
func deltaContrast(v *View, cells []summary.Cell, va, vb float64, ea, eb []float64, k float64, n int64) Answer {
	e := make([]float64, len(ea))
	for i := range e {
		e[i] = ea[i] - k*eb[i]
	}
	s := errorOf(v, cells, e)
	method := "paired: delta method on joint cells"
	if s.ids != nil {
		method = "paired: delta method, clusters " + s.how
	}
	a := answered(s.finish(va-k*vb, infer.NewSymmetric(), method), n)
	if s.note != "" {
		a.note("%s", s.note)
	}
	if s.variance == 0 {
		// No row speaks for a difference; that is not certainty. One discordant row
		// among n bounds what was not seen.
		a.SE = oneOf(v, n)
		a.note(neverDiffer)
	}
	return a
}

const neverDiffer = "the models never differ on these rows: the error shown is that of one differing row (or cluster)"

// oneOf is the share of one row among n, or of one cluster.
func oneOf(v *View, n int64) float64 {
	if b := v.Pop.Blocks; b != nil {
		n = min(n, b.Clusters)
	}
	return 1 / float64(max(n, 1))
}

func (m rate) between(x, y *View, model int, ratio bool) Answer {
	ax, sx := m.infer(x, model)
	ay, sy := m.infer(y, model)
	if ax.Status != result.OK {
		return ax
	}
	if ay.Status != result.OK {
		return ay
	}
	nx, ny := float64(ax.N), float64(ay.N)
	if ax.NEff == ax.NEff {
		nx, ny = ax.NEff, ay.NEff
	}
	return acrossAnswer(ax.Value, ay.Value, sx, sy, ratio, ax.N, ay.N, infer.Newcombe{P1: ax.Value, N1: nx, P2: ay.Value, N2: ny})
}
