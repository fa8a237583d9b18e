package rehearse

import (
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Scores of a generative plan are drawn as means are, about their truth with the covariance
// that the data showed. A made-up candidate as good as the baseline is what exchanging the
// two models' scores at random makes of it: the baseline's mean and variance, and as far
// from the baseline, in the mean of squares, as the candidate is. A worse one has that and, in
// a share of its answers, the worst score.

// worst is the worst score of each scorer of a plan: its range's bad end, which may be
// infinite.
func worst(p *plan.Plan) map[string]float64 {
	out := map[string]float64{}
	for _, s := range p.Scorers {
		lo, hi := s.Range()
		if out[s.As] = lo; s.Direction == "down" {
			out[s.As] = hi
		}
	}
	return out
}

// scorersOf are the columns of moments that hold scores of the first model.
func scorersOf(mo *summary.Moments) (out []scoreColumns) {
	for _, e := range mo.Spec.Exprs() {
		if name, isGraded, ok := e.Scorer(); ok && !isGraded {
			out = append(out, scoreColumns{name, e, mo.Spec.Index(e, 0), mo.Spec.Index(summary.GradedBy(name), 0)})
		}
	}
	return out
}

type scoreColumns struct {
	scorer       string
	expr         summary.Expr
	mine, graded int
}

// scored is the world with the scores of a made-up candidate; the world itself where its
// summaries hold no scores.
func (w *world) scored(c candidate) *world {
	if !slices.ContainsFunc(w.set.Pops[0].Moments, func(mo *summary.Moments) bool { return len(scorersOf(mo)) > 0 }) {
		return w
	}
	out, set := *w, *w.set
	set.Pops = slices.Clone(w.set.Pops)
	for i, pop := range set.Pops {
		q := *pop
		q.Moments = slices.Clone(pop.Moments)
		set.Pops[i] = &q
		for s, mo := range q.Moments {
			for _, x := range scorersOf(mo) {
				random := 0.0
				if c.only < 0 || c.only == i {
					random = c.random
				} else if i == 0 { // the whole holds the slice that is worse
					random = c.random * w.set.Pops[c.only].Moments[s].W / math.Max(1e-300, mo.W)
				}
				q.Moments[s] = w.exchanged(q.Moments[s], x).worse(x, random, w.worst[x.scorer])
			}
		}
	}
	out.set = &set
	out.findRoots()
	return &out
}

// moments with the parts that are about to change copied.
type moments struct{ *summary.Moments }

func copied(mo *summary.Moments) moments {
	x := *mo
	x.Mean, x.Mean2, x.Co = slices.Clone(mo.Mean), slices.Clone(mo.Mean2), slices.Clone(mo.Co)
	return moments{&x}
}

func (m moments) co(i, k int) *float64 {
	if i > k {
		i, k = k, i
	}
	d := len(m.Mean)
	return &m.Co[i*d-i*(i-1)/2+k-i]
}

// centre is what Co is about.
func (m moments) centre() []float64 {
	if m.Mean2 != nil {
		return m.Mean2
	}
	return m.Mean
}

// exchanged gives the candidate the baseline's marginal. With E(x−y)² kept, the covariance
// of the exchanged pair is C_yy − ½Σ(x−y)².
func (w *world) exchanged(mo *summary.Moments, x scoreColumns) moments {
	m := copied(mo)
	if w.set.Baseline < 0 {
		return m
	}
	mine, base, at := x.mine, mo.Spec.Index(x.expr, w.set.Baseline), m.centre()
	cxx, cyy, cxy := *m.co(mine, mine), *m.co(base, base), *m.co(mine, base)
	between := cxx + cyy - 2*cxy + m.W2*(at[mine]-at[base])*(at[mine]-at[base])
	for k := range m.Mean {
		if k != mine && k != base {
			*m.co(mine, k) = *m.co(base, k)
		}
	}
	*m.co(mine, mine), *m.co(mine, base) = cyy, max(-cyy, cyy-between/2)
	m.Mean[mine] = m.Mean[base]
	if m.Mean2 != nil {
		m.Mean2[mine] = m.Mean2[base]
	}
	return m
}

// worse gives a share of the graded answers the worst score L: x' is x, or L·g. Without a
// worst score the mean is worse by that share of itself.
func (m moments) worse(x scoreColumns, share, worst float64) *summary.Moments {
	if share == 0 {
		return m.Moments
	}
	mine, g := x.mine, x.graded
	if math.IsInf(worst, 0) {
		step := share * math.Abs(m.Mean[mine])
		if worst < 0 {
			step = -step
		}
		m.Mean[mine] += step
		if m.Mean2 != nil {
			m.Mean2[mine] += step
		}
		return m.Moments
	}
	at := m.centre()
	mu, rows := at[mine], at[g]
	second := *m.co(mine, mine)/m.W2 + mu*mu
	after := (1-share)*mu + share*worst*rows
	for k := range m.Mean {
		if k != mine {
			*m.co(mine, k) = (1-share)**m.co(mine, k) + share*worst**m.co(g, k)
		}
	}
	*m.co(mine, mine) = m.W2 * max(0, (1-share)*second+share*worst*worst*rows-after*after)
	if m.Mean[mine] = (1-share)*m.Mean[mine] + share*worst*m.Mean[g]; m.Mean2 != nil {
		m.Mean2[mine] = after
	}
	return m.Moments
}

// settle keeps drawn scores within what can be, and counts the rows without one as they
// were drawn.
func (w *world) settle(pops []*summary.Population) {
	for _, p := range pops {
		for _, mo := range p.Moments {
			for _, x := range scorersOf(mo) {
				g := math.Max(0, math.Min(1, mo.Mean[x.graded]))
				mo.Mean[x.graded] = g
				if p.Ungraded == nil {
					p.Ungraded = map[string]int64{}
				}
				p.Ungraded[x.scorer] = int64(math.Round(float64(mo.N) * (1 - g)))
				r := w.ranges[x.scorer]
				for model := range w.set.Models {
					at := mo.Spec.Index(x.expr, model)
					mo.Mean[at] = math.Max(r[0]*g, math.Min(r[1]*g, mo.Mean[at]))
				}
			}
		}
	}
}

// within are the ranges of the scores of a plan's scorers, wide where unknown.
func within(p *plan.Plan) map[string][2]float64 {
	out := map[string][2]float64{}
	for _, s := range p.Scorers {
		lo, hi := s.Range()
		out[s.As] = [2]float64{math.Max(lo, -math.MaxFloat64), math.Min(hi, math.MaxFloat64)}
	}
	return out
}
