package metric

import (
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// confusion is one model's confusion matrix as far as count metrics read it: by
// class the rows labelled so, the rows called so, and the rows rightly called so.
type confusion struct {
	w       float64
	support []float64
	called  []float64
	hit     []float64
	loss    float64                   // Σ of weigh over the rows; 0 without it
	weigh   func(y, d uint32) float64 // what a decision d on label y costs; nil: nothing
}

func newConfusion(k int, weigh func(y, d uint32) float64) *confusion {
	return &confusion{weigh: weigh, support: make([]float64, k), called: make([]float64, k), hit: make([]float64, k)}
}

func (t *table) confusion(w []float64, c *confusion) {
	c.w, c.loss = 0, 0
	for i := range c.support {
		c.support[i], c.called[i], c.hit[i] = 0, 0, 0
	}
	for i := range t.cells {
		c.w += w[i]
		c.support[t.y[i]] += w[i]
		c.called[t.d[i]] += w[i]
		if t.y[i] == t.d[i] {
			c.hit[t.y[i]] += w[i]
		}
	}
	if c.weigh != nil {
		for i := range t.cells {
			c.loss += w[i] * c.weigh(t.y[i], t.d[i])
		}
	}
}

// gradient of a functional of a confusion: the derivative by each of its entries;
// the influence of one unit of weight in cell (y, d) is all + support[y] + called[d]
// (+ hit[y] when y = d) + loss·weigh(y, d).
type gradient struct {
	all     float64
	loss    float64
	support []float64
	called  []float64
	hit     []float64
}

// functional is a smooth, scale-free function of a confusion, with its gradient when
// g is not nil. why is not empty when it is undefined.
type functional func(c *confusion, g *gradient) (value float64, why string)

// noError is a variance that is 0 but for rounding: one row in 10¹⁰ gives 10⁻²⁰.
const noError = 1e-26

// smooth is a metric that is a smooth function of one model's confusion matrix.
type smooth struct {
	f functional
	// f1: the interval is Wilson on J = F/(2−F) (two classes, no weights, no clusters).
	f1 bool
	// mean: the value is a mean of a per-cell cost: a t interval, no bootstrap.
	mean bool
	// lo, hi is the range.
	lo, hi float64
	// denominator counts the rows n; nil: all.
	denominator func(y, d uint32) bool
	class       string // for notes only
	weigh       func(y, d uint32) float64
	// bind resolves the functional for a set's classes (per-class metrics); nil: f.
	bind func(classes []string) (functional, string)
}

func (m smooth) needs() []summary.Spec { return []summary.Spec{summary.Of(summary.KindCounts)} }

func (m smooth) functional(v *View) (functional, string) {
	if m.bind != nil {
		return m.bind(v.Set.Classes)
	}
	return m.f, ""
}

// read computes value, influence by joint cell and rows.
func (m smooth) read(v *View, model int) (val float64, e []float64, n int64, t *table, why string) {
	t, why = tableOf(v, model)
	if why != "" {
		return 0, nil, 0, nil, why
	}
	f, why := m.functional(v)
	if why != "" {
		return 0, nil, 0, t, why
	}
	for i := range t.cells {
		if m.denominator == nil || m.denominator(t.y[i], t.d[i]) {
			n += t.cells[i].N
		}
	}
	c := newConfusion(t.k, m.weigh)
	t.confusion(t.weights(), c)
	val, e, why = influence(t, f, c)
	return val, e, n, t, why
}

func influence(t *table, f functional, c *confusion) (float64, []float64, string) {
	g := &gradient{support: make([]float64, t.k), called: make([]float64, t.k), hit: make([]float64, t.k)}
	val, why := f(c, g)
	if why != "" {
		return 0, nil, why
	}
	e := make([]float64, len(t.cells))
	for i := range e {
		e[i] = g.all + g.support[t.y[i]] + g.called[t.d[i]]
		if t.y[i] == t.d[i] {
			e[i] += g.hit[t.y[i]]
		}
		if c.weigh != nil {
			e[i] += g.loss * c.weigh(t.y[i], t.d[i])
		}
	}
	return val, e, ""
}

func (m smooth) estimate(v *View, model int) Answer {
	val, e, n, t, why := m.read(v, model)
	if why != "" {
		return undefined(n, why)
	}
	a := m.infer(v, model, val, e, n, t)
	if a.Status == result.OK {
		a.Worst, a.Best = bounds(v, model, func(x *View) (float64, string) {
			val, _, _, _, why := m.read(x, model)
			return val, why
		})
	}
	return a
}

func (m smooth) infer(v *View, model int, val float64, e []float64, n int64, t *table) Answer {
	s := errorOf(v, t.cells, e)
	shape := infer.Symmetric{Lo: m.lo, Hi: m.hi}
	var a Answer
	switch {
	case m.mean && !(s.iid < noError):
		if s.ids == nil {
			rows := float64(v.Pop.N)
			if v.Set.Weighted {
				rows = kish(v.Pop.W, v.Pop.W2)
			}
			s.variance *= rows / (rows - 1)
			s.df = rows - 1
		}
		a = answered(s.finish(val, shape, "t interval of a mean"), n)
	case s.ids != nil && s.iid < noError && m.f1 && !v.Set.Weighted && !math.IsNaN(s.variance):
		d := min(n, v.Pop.Blocks.Clusters) // no row differs: as if a cluster were one
		a = answered(s.finish(val, infer.WilsonF1{D: float64(d)}, "Wilson score on J = F/(2−F), clusters as rows"), n)
	case s.ids != nil && s.iid < noError && !math.IsNaN(s.variance):
		note := s.note
		s = m.smoothed(v, t)
		a = answered(s.finish(val, shape, "delta method, ½ cluster added to empty cells"), n)
		a.note("the value lies on the edge of what the clusters can show")
		s.note = note
	case s.ids != nil:
		a = answered(s.finish(val, shape, "delta method, clusters "+s.how), n)
	case m.f1 && !v.Set.Weighted:
		a = answered(s.finish(val, infer.WilsonF1{D: float64(n)}, "Wilson score on J = F/(2−F)"), n)
	case s.variance < noError:
		// On the boundary every resample repeats the table, so the bootstrap sees no
		// error; half a row in each empty cell of the confusion matrix shows some.
		s = m.smoothed(v, t)
		a = answered(s.finish(val, shape, "delta method, ½ row added to empty cells"), n)
		a.note("the value lies on the edge of what the rows can show")
	case v.Draws == 0:
		a = answered(s.finish(val, shape, "delta method"), n)
	case m.expand(v, t, val, s, n, &a):
	case len(t.cells) > maxBootCells:
		a = answered(s.finish(val, shape, "delta method"), n)
		a.note("%d joint cells: too many for the bootstrap", len(t.cells))
	default:
		a = m.bootstrap(v, model, val, e, n, t, s)
	}
	if s.note != "" {
		a.note("%s", s.note)
	}
	if v.Set.Weighted || s.ids != nil {
		if s.iid > 0 && s.variance > 0 {
			rows := float64(n)
			if v.Set.Weighted {
				rows = kish(v.Pop.W, v.Pop.W2)
			}
			a.NEff = math.Min(float64(n), rows*s.iid/s.variance)
		}
	}
	return a
}

// smoothed is the error with half a row in each empty cell of the confusion matrix; with
// clusters that are all alike, as if each were one row.
func (m smooth) smoothed(v *View, t *table) spread {
	f, _ := m.functional(v)
	if t.k > 50 {
		return spread{variance: math.NaN(), df: math.NaN(), note: "no error can be seen on the boundary with this many classes"}
	}
	n, n2 := make([]float64, t.k*t.k), make([]float64, t.k*t.k)
	for i := range t.cells {
		n[int(t.y[i])*t.k+int(t.d[i])] += t.cells[i].W
		n2[int(t.y[i])*t.k+int(t.d[i])] += t.cells[i].W2
	}
	row, df := v.Pop.W/float64(v.Pop.N), math.Inf(1) // the weight of an ordinary row
	if b := v.Pop.Blocks; b != nil {
		row, df = v.Pop.W/float64(b.Clusters), float64(b.Clusters)-1
		for i, w := range n {
			n2[i] = w * row
		}
	}
	full := &table{k: t.k}
	for y := 0; y < t.k; y++ {
		for d := 0; d < t.k; d++ {
			w, w2 := n[y*t.k+d], n2[y*t.k+d]
			if w == 0 {
				w, w2 = row/2, row*row/2
			}
			full.cells = append(full.cells, summary.Cell{W: w, W2: w2})
			full.y = append(full.y, uint32(y))
			full.d = append(full.d, uint32(d))
		}
	}
	c := newConfusion(t.k, m.weigh)
	full.confusion(full.weights(), c)
	_, e, why := influence(full, f, c)
	if why != "" {
		return spread{variance: math.NaN(), df: math.NaN()}
	}
	s := spread{df: df}
	for i, x := range full.cells {
		s.variance += x.W2 * e[i] * e[i]
	}
	s.iid = s.variance
	return s
}

// expand answers by the analytic stand-in for the bootstrap, where the rows are many enough
// for it; p-values stay with the delta method.
func (m smooth) expand(v *View, t *table, val float64, s spread, n int64, a *Answer) bool {
	f, _ := m.functional(v)
	full := t.merged()
	if len(full.cells) > maxBootCells {
		return false
	}
	c := newConfusion(t.k, m.weigh)
	w := full.weights()
	full.confusion(w, c)
	_, e, why := influence(full, f, c)
	if why != "" {
		return false
	}
	at := func(w []float64) (float64, bool) {
		full.confusion(w, c)
		x, why := f(c, nil)
		return x, why == ""
	}
	cells := resample.Cells{W: w, W2: make([]float64, len(w)), Influence: e, Curvature: make([]float64, len(w)), Value: val}
	for k, x := range full.cells {
		cells.W2[k] = x.W2
		step := x.W / 100
		w[k] = x.W + step
		up, ok1 := at(w)
		w[k] = x.W - step
		down, ok2 := at(w)
		w[k] = x.W
		if !ok1 || !ok2 {
			return false
		}
		cells.Curvature[k] = (up - 2*val + down) / (step * step)
	}
	abc, ok := resample.NewABC(cells, at)
	if !ok {
		return false
	}
	*a = answered(infer.Inference{Value: val, SE: math.Sqrt(s.variance), DF: s.df, Shape: infer.Given{At: abc.Interval}, Method: "ABC (analytic bootstrap) on cells"}, n)
	return true
}

// bootstrap is BCa on resampled joint cells; p-values stay with the delta method.
func (m smooth) bootstrap(v *View, model int, val float64, e []float64, n int64, t *table, s spread) Answer {
	f, _ := m.functional(v)
	d := resampled(v)
	c := newConfusion(t.k, m.weigh)
	draws := make([]float64, 0, d.draws)
	for k := 0; k < d.draws; k++ {
		t.confusion(d.w[k*d.cells:(k+1)*d.cells], c)
		if x, why := f(c, nil); why == "" {
			draws = append(draws, x)
		}
	}
	lost := d.draws - len(draws)
	if lost*100 > d.draws {
		a := answered(s.finish(val, infer.Symmetric{Lo: m.lo, Hi: m.hi}, "delta method"), n)
		a.note("%d of %d bootstrap draws were undefined", lost, d.draws)
		return a
	}
	rows := make([]float64, len(t.cells))
	for i, x := range t.cells {
		rows[i] = float64(x.N)
		if v.Set.Weighted && x.W > 0 {
			rows[i] = x.W * x.W / x.W2
		}
	}
	accel := resample.Acceleration(rows, e)
	shape := infer.Given{At: func(level float64) (float64, float64, bool) {
		lo, hi := resample.BCa(draws, val, accel, level)
		return lo, hi, !math.IsNaN(lo) && !math.IsNaN(hi)
	}}
	a := answered(infer.Inference{Value: val, SE: math.Sqrt(s.variance), DF: s.df, Shape: shape, Method: "bootstrap BCa on cells"}, n)
	if lost > 0 {
		a.note("%d of %d bootstrap draws were undefined", lost, d.draws)
	}
	return a
}

func (m smooth) contrast(v *View, a, b int, k float64) Answer {
	va, ea, na, ta, why := m.read(v, a)
	if why != "" {
		return undefined(na, why)
	}
	vb, eb, nb, _, why := m.read(v, b)
	if why != "" {
		return undefined(nb, why)
	}
	x := deltaContrast(v, ta.cells, va, vb, ea, eb, k, min(na, nb))
	if m.weigh != nil && slices.Contains(x.Notes, neverDiffer) {
		x.SE *= m.span(ta.k)
	}
	if m.mean && v.Pop.Blocks == nil && !v.Set.Weighted && x.SE == x.SE {
		rows := float64(v.Pop.N)
		x.SE *= math.Sqrt(rows / (rows - 1))
		x.DF = rows - 1
		x.Method = "paired: t interval of the row differences"
	}
	return x
}

func (m smooth) between(x, y *View, model int, ratio bool) Answer {
	return acrossSlices(x, y, ratio, func(v *View) (float64, spread, int64, string) {
		val, e, n, t, why := m.read(v, model)
		if why != "" {
			return 0, spread{}, n, why
		}
		return val, errorOf(v, t.cells, e), n, ""
	})
}

// Bootstraps reports whether the instance's own interval comes from bootstrap draws.
func (in *Instance) Bootstraps() bool {
	s, ok := in.measure.(smooth)
	return ok && !s.mean && !s.f1
}

// span is how far apart decisions on one row can weigh.
func (m smooth) span(k int) float64 {
	most := 0.0
	for y := range uint32(k) {
		lo, hi := math.Inf(1), math.Inf(-1)
		for d := range uint32(k) {
			w := m.weigh(y, d)
			lo, hi = min(lo, w), max(hi, w)
		}
		most = max(most, hi-lo)
	}
	return most
}
