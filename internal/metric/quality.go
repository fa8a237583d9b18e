package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/infer"
)

// quality says how a model's scores agree with the labels of its rows, weighted by 1/chance
// as the corrections are: of passes and fails sensitivity, specificity and Cohen's κ, and
// Krippendorff's α of scores and labels (nominal of passes and fails, else interval).
func (m moments) quality(model int) []Quality {
	n := m.labels([]term{{model, 1}})
	if n < 2 {
		return nil
	}
	var out []Quality
	if m.share {
		out = append(m.rates(model, n), known("Cohen's kappa", m.kappa(model, n))...)
	}
	return append(out, known("Krippendorff's alpha", m.alpha(model, n))...)
}

// rates are sensitivity and specificity, which alone mean something where labels were drawn
// balanced by truth.
func (m moments) rates(model int, n int64) []Quality {
	if n < 2 {
		return nil
	}
	passed, good := m.good(model)
	failed, bad := m.bad(model)
	return append(known("sensitivity", m.rate(model, n, passed, good)), known("specificity", m.rate(model, n, failed, bad))...)
}

func known(name string, a Answer) []Quality {
	if math.IsNaN(a.Value) {
		return nil
	}
	return []Quality{{name, a}}
}

// sum is a sum of columns with factors.
type sum []struct {
	column int
	factor float64
}

// good are the labelled rows that pass by score and label, and those that pass by label.
func (m moments) good(model int) (passed, all sum) {
	return sum{{m.at(model, lw, lh, lj), 1}}, sum{{m.at(model, lw, lh), 1}}
}

// bad are the labelled rows that fail by score and label, and those that fail by label.
func (m moments) bad(model int) (failed, all sum) {
	return sum{{m.at(model, lw), 1}, {m.at(model, lw, lh), -1}, {m.at(model, lw, lj), -1}, {m.at(model, lw, lh, lj), 1}},
		sum{{m.at(model, lw), 1}, {m.at(model, lw, lh), -1}}
}

func (m moments) total(x sum) float64 {
	t := 0.0
	for _, c := range x {
		t += c.factor * m.Mean[c.column]
	}
	return t
}

// quotient is the ratio of two sums of columns, with its gradient.
func (m moments) quotient(over, under sum) (p float64, g []float64) {
	x, y := m.total(over), m.total(under)
	g = make([]float64, len(m.Mean))
	for _, c := range over {
		g[c.column] += c.factor / y
	}
	for _, c := range under {
		g[c.column] -= c.factor * x / (y * y)
	}
	return x / y, g
}

// rate is a share of labelled rows, with Wilson's interval on the rows that its error
// speaks of.
func (m moments) rate(model int, n int64, over, under sum) Answer {
	of := []term{{model, 1}}
	share := m.total(under) / m.Mean[m.at(model, lw)]
	if !(share > 1e-12) {
		return undefined(0, "no labelled row")
	}
	p, g := m.quotient(over, under)
	p = math.Min(1, math.Max(0, p))
	rows := math.Round(float64(n) * share)
	s := m.labelled(g, of)
	effective := rows
	if plain := m.effective(of) > float64(n)-0.5 && s.ids == nil; !plain && s.variance > 0 {
		effective = math.Min(rows, p*(1-p)/s.variance)
	}
	return answered(infer.Inference{Value: p, SE: math.Sqrt(s.variance), DF: math.Inf(1), Shape: infer.Wilson{N: effective}, Method: "Wilson score"}, int64(rows))
}

// smooth is a number of how scores agree with labels, with its gradient.
func (m moments) smooth(model int, n int64, value float64, g []float64) Answer {
	s := m.labelled(g, []term{{model, 1}})
	return answered(s.finish(value, infer.Symmetric{Lo: -1, Hi: 1}, "delta method, t"), n)
}

// kappa is κ = 2(a − hj)/(h + j − 2hj), with h and j the shares that people and scores pass
// and a what both pass (Cohen 1960).
func (m moments) kappa(model int, n int64) Answer {
	d := len(m.Mean)
	under := m.at(model, lw)
	ga, gh, gj := make([]float64, d), make([]float64, d), make([]float64, d)
	a, hs, j := m.ratio(ga, 1, m.at(model, lw, lh, lj), under), m.ratio(gh, 1, m.at(model, lw, lh), under), m.ratio(gj, 1, m.at(model, lw, lj), under)
	den := hs + j - 2*hs*j
	if !(den > 1e-12) {
		return undefined(n, "all are alike")
	}
	num := 2 * (a - hs*j)
	g := make([]float64, d)
	for c := range g {
		g[c] = 2/den*ga[c] + (-2*j*den-num*(1-2*j))/(den*den)*gh[c] + (-2*hs*den-num*(1-2*hs))/(den*den)*gj[c]
	}
	return m.smooth(model, n, num/den, g)
}

// alpha is α = 1 − D/E, with D the mean squared difference of label and score and E what two
// values drawn from all of both would have (Krippendorff 2019); for 0 and 1 the nominal α.
func (m moments) alpha(model int, n int64) Answer {
	d := len(m.Mean)
	under := m.at(model, lw)
	names := []int{m.at(model, lw, lh), m.at(model, lw, lj), m.square(model, lh, lw), m.square(model, lj, lw), m.at(model, lw, lh, lj)}
	var x [5]float64
	gs := make([][]float64, 5)
	for i, c := range names {
		gs[i] = make([]float64, d)
		x[i] = m.ratio(gs[i], 1, c, under)
	}
	mid := (x[0] + x[1]) / 2
	apart := x[2] + x[3] - 2*x[4]
	spread := x[2] + x[3] - 2*mid*mid // twice the variance of all values
	if !(spread > 1e-12*(x[2]+x[3])) || spread == 0 {
		return undefined(n, "all are alike")
	}
	small := 1 - 1/(2*float64(n)) // 2n values, two of them drawn without return
	g := make([]float64, d)
	for c := range g {
		da := gs[2][c] + gs[3][c] - 2*gs[4][c]
		ds := gs[2][c] + gs[3][c] - 2*mid*(gs[0][c]+gs[1][c])
		g[c] = -small * (da/spread - apart*ds/(spread*spread))
	}
	return m.smooth(model, n, 1-small*apart/spread, g)
}
