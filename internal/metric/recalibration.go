package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// recalibration is a coefficient of the logistic recalibration of probabilities, with
// the sandwich error of its influences (Huber 1967; White 1982).
type recalibration struct{ slope bool }

func recalibrations() []*Metric {
	entry := func(name, title, formula string, target float64, slope bool) *Metric {
		return &Metric{Name: name, Tasks: onlyBinary(), Title: title, Formula: formula, Lo: math.Inf(-1), Hi: math.Inf(1), Direction: Target, TargetAt: target,
			Interval: "delta method with the sandwich variance, t; CR1-t with clusters, CR2 below 40", Paired: "influence of the difference on the same rows", Denominator: "all rows",
			Variant: "maximum likelihood; undefined where a probability is exactly 0 or 1, or where the scores separate the classes", Source: "Cox 1958; Miller et al. 1993; Van Calster et al. 2019",
			NeedsProbability: true, build: func(Options) (measure, error) { return recalibration{slope: slope}, nil }}
	}
	return []*Metric{
		entry("calibration_slope", "slope of the true log-odds on the predicted", "b of y ~ a + b·logit(p)", 1, true),
		entry("calibration_intercept", "how far predicted log-odds are too low on the whole", "a of y ~ a + logit(p)", 0, false),
	}
}

func (recalibration) needs() []summary.Spec {
	return []summary.Spec{summary.Of(summary.KindCounts), summary.Of(summary.KindFit)}
}

func (m recalibration) read(v *View, model int) (val float64, s spread, why string) {
	f := v.Pop.Fit
	if f == nil || v.Pop.N == 0 {
		return 0, spread{}, "no usable rows"
	}
	x := f.Models[model]
	val, variance, why, blocks := x.Shift, x.ShiftVar, x.WhyShift, x.ShiftBlocks
	if m.slope {
		val, variance, why, blocks = x.Slope, x.SlopeVar, x.WhySlope, x.SlopeBlocks
	}
	if why != "" {
		return 0, spread{}, why
	}
	s = influenceSpread(v, variance, blocks)
	return val, s, ""
}

func (m recalibration) method(s spread, how string) string {
	if s.ids != nil {
		return how + ", clusters " + s.how
	}
	return how + ", sandwich variance, t"
}

func (m recalibration) estimate(v *View, model int) Answer {
	val, s, why := m.read(v, model)
	if why != "" {
		return undefined(v.Pop.N, why)
	}
	a := answered(s.finish(val, infer.NewSymmetric(), m.method(s, "logistic fit")), v.Pop.N)
	if s.note != "" {
		a.note("%s", s.note)
	}
	return a
}

func (m recalibration) contrast(v *View, a, b int, k float64) Answer {
	d, s, why := paired(v, a, b, k, m.read, func(_, _ spread) (spread, bool) {
		for _, p := range v.Pop.Fit.Pairs {
			if p.A == a && p.B == b || p.A == b && p.B == a {
				cov := p.Shift
				if m.slope {
					cov = p.Slope
				}
				x, y := v.Pop.Fit.Models[a], v.Pop.Fit.Models[b]
				variance := x.ShiftVar + k*k*y.ShiftVar
				if m.slope {
					variance = x.SlopeVar + k*k*y.SlopeVar
				}
				return influenceSpread(v, math.Max(0, variance-2*k*cov), nil), true
			}
		}
		return spread{}, false
	})
	if why != "" {
		return undefined(v.Pop.N, why)
	}
	x := answered(s.finish(d, infer.NewSymmetric(), m.method(s, "paired: influence of the difference")), v.Pop.N)
	noDifference(&x, v, math.Inf(-1), math.Inf(1))
	if s.note != "" {
		x.note("%s", s.note)
	}
	return x
}

func (m recalibration) between(x, y *View, model int, ratio bool) Answer {
	return acrossSlices(x, y, ratio, func(v *View) (float64, spread, int64, string) {
		val, s, why := m.read(v, model)
		return val, s, v.Pop.N, why
	})
}
