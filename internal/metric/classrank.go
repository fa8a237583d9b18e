package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// classRank is the one-vs-rest ROC AUC: the macro average over the classes, or one
// class.
type classRank struct{ class string }

func (classRank) needs() []summary.Spec { return []summary.Spec{summary.Of(summary.KindClassRank)} }

func (m classRank) read(v *View, model int) (val float64, s spread, why string) {
	r := v.Pop.ClassRank
	if r == nil {
		return 0, s, "no usable rows"
	}
	x := r.Models[model]
	s = spread{df: math.Inf(1)}
	if v.Set.Weighted {
		s.df = kish(v.Pop.W, v.Pop.W2) - 1
	}
	if m.class != "" {
		c, ok := classIndex(v, m.class)
		if !ok || !x.Defined[c] {
			return 0, s, "no row, or every row, has the class " + m.class
		}
		s.variance = x.SE2[c]
		s.iid = s.variance
		if v.Pop.Blocks != nil {
			s = clustered(v.Pop.Blocks, x.ClassBlocks[c], s.iid)
		}
		return x.AUC[c], s, ""
	}
	for c, ok := range x.Defined {
		if !ok {
			return 0, s, "no row, or every row, has the class " + v.Set.Classes[c]
		}
	}
	s.variance, s.iid = x.Var, x.Var
	if v.Pop.Blocks != nil {
		s = clustered(v.Pop.Blocks, x.Blocks, x.Var)
	}
	return x.Macro, s, ""
}

func (m classRank) estimate(v *View, model int) Answer {
	val, s, why := m.read(v, model)
	if why != "" {
		return undefined(v.Pop.N, why)
	}
	method := "logit, influence variance"
	if s.ids != nil {
		method += " by clusters (" + s.how + ")"
	}
	a := answered(s.finish(val, infer.Logit{}, method), v.Pop.N)
	if val <= 0 || val >= 1 || s.variance == 0 {
		a.Shape = infer.None{}
		a.note("perfect separation: no interval")
	}
	if s.note != "" {
		a.note("%s", s.note)
	}
	if v.Set.Weighted || s.ids != nil {
		rows := kish(v.Pop.W, v.Pop.W2)
		if a.NEff = rows; s.iid > 0 && s.variance > 0 {
			a.NEff = math.Min(float64(v.Pop.N), rows*s.iid/s.variance)
		}
	}
	return a
}

func (m classRank) contrast(v *View, a, b int, k float64) Answer {
	d, s, why := paired(v, a, b, k, m.read, func(sa, sb spread) (spread, bool) {
		s := spread{df: math.Min(sa.df, sb.df), variance: math.NaN()}
		for _, p := range v.Pop.ClassRank.Pairs {
			if p.A == a && p.B == b || p.A == b && p.B == a {
				cov := p.Cov
				if m.class != "" {
					c, _ := classIndex(v, m.class)
					cov = p.Class[c]
				}
				s.variance = math.Max(0, sa.variance+k*k*sb.variance-2*k*cov)
			}
		}
		return s, true
	})
	if why != "" {
		return undefined(v.Pop.N, why)
	}
	x := answered(s.finish(d, infer.NewSymmetric(), pairedMethod(s)), v.Pop.N)
	noDifference(&x, v, 0, 1)
	if s.note != "" {
		x.note("%s", s.note)
	}
	return x
}

func (m classRank) between(x, y *View, model int, ratio bool) Answer {
	return acrossSlices(x, y, ratio, func(v *View) (float64, spread, int64, string) {
		val, s, why := m.read(v, model)
		return val, s, v.Pop.N, why
	})
}
