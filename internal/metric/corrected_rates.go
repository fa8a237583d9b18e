package metric

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/stat/ppi"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// rated is a share of passes corrected by a judge's sensitivity and specificity (Rogan &
// Gladen 1978), θ = (p + Sp − 1)/(Se + Sp − 1): those that labels of these very answers show,
// drawn balanced by truth, so that they say nothing of how many answers are good; or, with
// cards, those of earlier systems.
type rated struct {
	mean  // of the scores alone
	cards []ppi.Card
}

func (r rated) uncorrected() measure { return r.mean }

func (r rated) by() string {
	if r.cards != nil {
		return ByCards
	}
	return ByRates
}

func (r rated) method() string {
	if r.cards != nil {
		return "Rogan–Gladen, rates of earlier systems with their variance between systems, t"
	}
	return "Rogan–Gladen, delta method, t"
}

// correct is the corrected value of models' parts and its error; why is not empty without.
func (r rated) correct(m moments, of []term) (float64, spread, string) {
	if r.cards != nil {
		return r.transported(m, of)
	}
	value, g, class := 0.0, make([]float64, len(m.Mean)), math.Inf(1)
	for _, t := range of {
		n := float64(m.labels([]term{{t.model, 1}}))
		passed, good := m.good(t.model)
		failed, bad := m.bad(t.model)
		share := 0.0
		if n > 0 {
			share = m.total(good) / m.Mean[m.at(t.model, lw)]
		}
		least := math.Round(math.Min(n*share, n*(1-share)))
		if class = math.Min(class, least); least < ppi.MinOfClass {
			return 0, spread{}, fmt.Sprintf("uncorrected: only %.0f good and %.0f bad labelled answers, %d of each are needed", math.Round(n*share), math.Round(n*(1-share)), ppi.MinOfClass)
		}
		se, gse := m.quotient(passed, good)
		sp, gsp := m.quotient(failed, bad)
		rates := ppi.Rates{Sensitivity: ppi.Rate{Value: se}, Specificity: ppi.Rate{Value: sp}}
		if err := rates.Blind(); err != nil {
			return 0, spread{}, "uncorrected: " + err.Error()
		}
		gp := make([]float64, len(m.Mean))
		x := rates.Share(m.passed(gp, t.model))
		value += t.factor * x
		for c := range g {
			g[c] += t.factor * (gp[c] - x*gse[c] + (1-x)*gsp[c]) / rates.Youden()
		}
	}
	s := m.labelled(g, of)
	s.df = math.Min(s.df, class-1)
	return value, s, ""
}

// passed is the share of a model's rows that the judge passed; its gradient is added to g.
func (m moments) passed(g []float64, model int) float64 {
	return m.ratio(g, 1, m.Spec.Index(summary.ScoredBy(m.scorer), model), m.Spec.Index(summary.GradedBy(m.scorer), model))
}

func (r rated) transported(m moments, of []term) (float64, spread, string) {
	rates, err := ppi.Transport(r.cards)
	if err != nil {
		return 0, spread{}, "uncorrected: " + err.Error()
	}
	value, g := 0.0, make([]float64, len(m.Mean))
	var parts []ppi.Part
	for _, t := range of {
		own := make([]float64, len(m.Mean))
		p := m.passed(own, t.model)
		for c := range g {
			g[c] += t.factor * own[c]
		}
		parts = append(parts, ppi.Part{Passed: p, Factor: t.factor})
		value += t.factor * rates.Share(p)
	}
	s := r.spread(m.v, m.Moments, g)
	se := rates.SE(parts, math.Sqrt(s.variance))
	// What is known of the rates is the same on every slice: no influence of rows.
	return value, spread{variance: se * se, df: math.Min(s.df, rates.DF), iid: s.iid, how: s.how, note: s.note}, ""
}

func (r rated) answer(v *View, of []term, shape infer.Shape, method string) Answer {
	m, why := r.moments(v)
	if why != "" {
		return undefined(v.Pop.N, why)
	}
	n := r.graded(v, m.Moments)
	if n == 0 {
		return undefined(v.Pop.N, "no row was graded")
	}
	x := &Correction{By: r.by(), Lambda: math.NaN(), Gain: math.NaN(), Least: math.NaN()}
	if r.cards == nil {
		x.Labels = m.labels(of)
	}
	value, s, why := r.correct(m, of)
	a := undefined(n, why)
	if why == "" {
		if s.how != "" {
			method += ", clusters " + s.how
		}
		a = answered(s.finish(value, shape, method), n)
		if s.note != "" {
			a.note("%s", s.note)
		}
		if r.alike(s, value) {
			a.unknown(labelsAlike)
		}
	}
	a.Ungraded, a.Correction = m.N-n, x
	return a
}

func (r rated) estimate(v *View, model int) Answer {
	of := []term{{model, 1}}
	a := r.answer(v, of, infer.Symmetric{Lo: 0, Hi: 1}, r.method())
	m, why := r.moments(v)
	if why != "" || a.Correction == nil {
		return a
	}
	if a.Value < 0 || a.Value > 1 {
		a.note("the corrected share is %.3f, outside 0 to 1: the judge errs otherwise than the labels say", a.Value)
		a.Value = math.Min(1, math.Max(0, a.Value))
	}
	if r.cards == nil {
		a.Correction.Quality = m.rates(model, m.labels(of))
	}
	if a.Ungraded > 0 {
		r.ungraded(&a, m.Mean[m.Spec.Index(summary.GradedBy(r.scorer), model)])
	}
	return a
}

func (r rated) contrast(v *View, a, b int, k float64) Answer {
	return r.answer(v, []term{{a, 1}, {b, -k}}, infer.NewSymmetric(), "paired: "+r.method())
}

func (r rated) between(x, y *View, model int, ratio bool) Answer {
	if r.cards != nil {
		return undefined(x.Pop.N, "uncorrected: rates of earlier systems do not say how a judge errs on one group and another")
	}
	return r.acrossSlices(x, y, ratio, func(v *View) (float64, spread, int64, string) {
		m, why := r.moments(v)
		if why != "" {
			return 0, spread{}, v.Pop.N, why
		}
		n := r.graded(v, m.Moments)
		if n == 0 {
			return 0, spread{}, 0, "no row was graded"
		}
		value, s, why := r.correct(m, []term{{model, 1}})
		return value, s, n, why
	})
}
