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
	add := func(name string, a Answer) {
		if !math.IsNaN(a.Value) {
			out = append(out, Quality{name, a})
		}
	}
	if m.share {
		add("sensitivity", m.rate(model, n, m.over(model, lw, lh, lj), m.over(model, lw, lh)))
		add("specificity", m.rate(model, n, m.fails(model), m.wrong(model)))
		add("Cohen's kappa", m.kappa(model, n))
	}
	add("Krippendorff's alpha", m.alpha(model, n))
	return out
}

// linear is a sum of columns with factors.
type linear map[int]float64

func (m moments) over(model int, names ...string) linear { return linear{m.at(model, names...): 1} }

// wrong are the labelled rows that fail by their label; fails, those of them whose score
// fails too.
func (m moments) wrong(model int) linear {
	return linear{m.at(model, lw): 1, m.at(model, lw, lh): -1}
}

func (m moments) fails(model int) linear {
	return linear{m.at(model, lw): 1, m.at(model, lw, lh): -1, m.at(model, lw, lj): -1, m.at(model, lw, lh, lj): 1}
}

func (m moments) value(x linear) float64 {
	sum := 0.0
	for c, k := range x {
		sum += k * m.Mean[c]
	}
	return sum
}

// quotient is the ratio of two sums of columns, with its gradient.
func (m moments) quotient(over, under linear) (p float64, g []float64) {
	x, y := m.value(over), m.value(under)
	g = make([]float64, len(m.Mean))
	for c, k := range over {
		g[c] += k / y
	}
	for c, k := range under {
		g[c] -= k * x / (y * y)
	}
	return x / y, g
}

// rate is a share of labelled rows, with Wilson's interval on the rows that its error
// speaks of.
func (m moments) rate(model int, n int64, over, under linear) Answer {
	of := []term{{model, 1}}
	share := m.value(under) / m.Mean[m.at(model, lw)]
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

// smooth is a function of three ratios to the weight of the labels, with its derivatives.
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
