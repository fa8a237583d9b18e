package metric

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/stat/ppi"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// corrected is the mean of a scorer's scores corrected by human labels of some rows (PPI++,
// Angelopoulos, Duchi & Zrnic 2023),
//
//	θ = λ·mean(J) + mean_w(H − λJ),
//
// with the weights 1/chance: for every λ a smooth function of row means, so that errors,
// clusters and paired differences follow as for any metric. λ minimises the error.
type corrected struct {
	mean // of the scores alone
	draw LabelDraw
}

func (c corrected) uncorrected() measure { return c.mean }
func (corrected) by() string             { return ByLabels }

// given is the expression of a product of numbers that the scorer gave.
func (m mean) given(names ...string) summary.Expr { return summary.GivenBy(m.scorer, names...) }

// The numbers of a labelled row: its weight, its label, and the judge's score.
const (
	lw = summary.LabelWeight
	lh = summary.HumanLabel
	lj = summary.Score
)

// labelTerms are the row expressions that corrections read beside the scores. Squares of 0
// and 1 are themselves.
func labelTerms(scorer string, passFail bool, draw LabelDraw) []summary.Expr {
	lists := [][]string{{lw}, {lw, lh}, {lw, lj}, {lw, lh, lj}}
	if !passFail {
		lists = append(lists, []string{lw, lh, lh}, []string{lw, lj, lj})
	}
	if draw == Uneven { // for the spread of squared influences
		for _, x := range lists[:len(lists):len(lists)] {
			lists = append(lists, append([]string{lw}, x...))
		}
		lists = append(lists, crossings()...)
	}
	var out []summary.Expr
	for _, x := range lists {
		out = append(out, summary.GivenBy(scorer, x...))
	}
	return out
}

// crossings are products of a model's label, score and 1 with those of the baseline, where
// both are labelled.
func crossings() [][]string {
	var out [][]string
	for _, own := range []string{lh, lj, ""} {
		for _, base := range []string{lh, lj, ""} {
			x := []string{lw, summary.OfBaseline(lw)}
			if own != "" {
				x = append(x, own)
			}
			if base != "" {
				x = append(x, summary.OfBaseline(base))
			}
			out = append(out, x)
		}
	}
	return out
}

// Below fewFreedom degrees of freedom intervals of unevenly drawn labels held the truth in 90
// to 93 % of simulations.
const fewFreedom = 30

// term is a model's part of an answer.
type term struct {
	model  int
	factor float64
}

// moments are a population's moments as corrections read them.
type moments struct {
	*summary.Moments
	mean
	v *View
}

func (m mean) moments(v *View) (moments, string) {
	mo := v.Pop.Find(m.spec())
	if mo == nil || mo.N == 0 || !(mo.W > 0) {
		return moments{}, "no usable rows"
	}
	return moments{mo, m, v}, ""
}

func (m moments) at(model int, names ...string) int { return m.Spec.Index(m.given(names...), model) }

// square is the column of a product that holds a number twice: of 0 and 1, the number once.
func (m moments) square(model int, name string, before ...string) int {
	if m.share {
		return m.at(model, append(before, name)...)
	}
	return m.at(model, append(before, name, name)...)
}

// ratio is the ratio of the means of two columns. It adds its gradient, times factor, to g.
func (m moments) ratio(g []float64, factor float64, over, under int) float64 {
	x, y := m.Mean[over], m.Mean[under]
	g[over] += factor / y
	g[under] -= factor * x / (y * y)
	return x / y
}

// labels is how many rows people labelled for a model; for two the fewer.
func (m moments) labels(of []term) int64 {
	counts, models := m.v.Pop.Labelled[m.scorer], len(m.v.Set.Models)
	if counts == nil {
		return 0
	}
	n := int64(math.MaxInt64)
	for _, t := range of {
		n = min(n, counts[t.model*models+t.model])
	}
	return n
}

// effective is labels by Kish, where they weigh unequally.
func (m moments) effective(of []term) float64 {
	n := float64(m.labels(of))
	for _, t := range of {
		unit := make([]float64, len(m.Mean))
		unit[m.at(t.model, lw)] = 1
		total := m.W * m.Mean[m.at(t.model, lw)]
		if _, squares := m.Squares(unit); squares > 0 {
			n = math.Min(n, total*total/squares)
		}
	}
	return n
}

// leaning is a corrected value as it depends on λ: label + λ·(judge − lent), with the
// influences of its parts over the columns of the moments.
type leaning struct {
	label, lent, judge float64
	alone              []float64 // of the labels alone
	lean               []float64 // what a unit of λ adds
	scores             []float64 // and of that, the mean of all scores
}

func (m moments) leaning(of []term) leaning {
	d := len(m.Mean)
	l := leaning{alone: make([]float64, d), lean: make([]float64, d), scores: make([]float64, d)}
	for _, t := range of {
		under := m.at(t.model, lw)
		l.label += t.factor * m.ratio(l.alone, t.factor, m.at(t.model, lw, lh), under)
		l.lent += t.factor * m.ratio(l.lean, -t.factor, m.at(t.model, lw, lj), under)
		l.judge += t.factor * m.ratio(l.scores, t.factor, m.Spec.Index(summary.ScoredBy(m.scorer), t.model), m.Spec.Index(summary.GradedBy(m.scorer), t.model))
	}
	for c, x := range l.scores {
		l.lean[c] += x
	}
	return l
}

func (l leaning) at(lambda float64) float64 { return l.label + lambda*(l.judge-l.lent) }

func (l leaning) influence(lambda float64) []float64 {
	g := make([]float64, len(l.alone))
	for c := range g {
		g[c] = l.alone[c] + lambda*l.lean[c]
	}
	return g
}

// product is the sum over rows, or over clusters, of the product of two influences.
func (m moments) product(g, h []float64) float64 {
	if m.v.Pop.Blocks == nil {
		return m.Bilinear(g, h) / (m.W * m.W)
	}
	x, y, sum := blockSums(m.v, m.Moments, g), blockSums(m.v, m.Moments, h), 0.0
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

// labelled is the error of a functional with gradient g that rests on the labels of models:
// they are its rows, and the clusters that hold any its clusters.
func (m moments) labelled(g []float64, of []term) spread {
	n := m.effective(of)
	s := spread{variance: m.Bilinear(g, g) / (m.W * m.W) * n / (n - 1), df: n - 1}
	s.iid = s.variance
	b := m.v.Pop.Blocks
	if b == nil {
		return s
	}
	sums := blockSums(m.v, m.Moments, g)
	held := m.holding(of)
	part, some, rest := &summary.Blocks{Exact: b.Exact}, []float64{}, 0.0
	for i, x := range sums {
		if held[i] > 0 {
			part.ID, part.W, some = append(part.ID, b.ID[i]), append(part.W, held[i]), append(some, x)
		} else {
			rest += x * x
		}
	}
	out := clustered(part, some, s.iid)
	if len(some) >= fewBlocks {
		rest *= float64(len(some)) / float64(len(some)-1)
	}
	out.variance += rest
	out.ids, out.sums, out.most = b.ID, sums, out.df
	if len(some) < minBlocks {
		out.note = fmt.Sprintf("the labels lie in %d clusters, fewer than %d: no interval", len(some), minBlocks)
	}
	return out
}

// holding is the weight of the labels in each block; of two models, of the one whose labels
// lie in fewer blocks.
func (m moments) holding(of []term) []float64 {
	var least []float64
	fewest := math.MaxInt
	for _, t := range of {
		unit := make([]float64, len(m.Mean))
		unit[m.at(t.model, lw)] = 1
		sums, n := blockSums(m.v, m.Moments, unit), 0
		for i := range sums { // sums are about the mean
			if sums[i] += m.v.Pop.Blocks.W[i] / m.W * m.Mean[m.at(t.model, lw)]; sums[i] < 1e-9*m.v.Pop.Blocks.W[i]/m.W*m.Mean[m.at(t.model, lw)] {
				sums[i] = 0
			} else {
				n++
			}
		}
		if n < fewest {
			least, fewest = sums, n
		}
	}
	return least
}

// freedom is twice the squared variance over its own variance, as the squared influence of
// the labels is spread (Satterthwaite). Of two models other than a baseline and another it is
// the fewer of both.
func (m moments) freedom(lambda float64, of []term) float64 {
	if len(of) == 2 && of[1].model != m.v.Set.Baseline {
		return math.Min(m.freedom(lambda, of[:1]), m.freedom(lambda, of[1:]))
	}
	g := make([]float64, len(m.Mean)) // (Σ ±w(h − λj − r)/Σw)²
	over := func(t term) (factor, r float64) {
		l := m.leaning([]term{{t.model, 1}})
		return t.factor / m.Mean[m.at(t.model, lw)], l.label - lambda*l.lent
	}
	for _, t := range of {
		f, r := over(t)
		f *= f
		g[m.square(t.model, lh, lw, lw)] += f
		g[m.square(t.model, lj, lw, lw)] += f * lambda * lambda
		g[m.at(t.model, lw, lw)] += f * r * r
		g[m.at(t.model, lw, lw, lh, lj)] -= 2 * f * lambda
		g[m.at(t.model, lw, lw, lh)] -= 2 * f * r
		g[m.at(t.model, lw, lw, lj)] += 2 * f * lambda * r
	}
	if len(of) == 2 {
		f, r := over(of[0])
		f2, r2 := over(of[1])
		f *= 2 * f2
		own, base := []float64{1, -lambda, -r}, []float64{1, -lambda, -r2}
		for i, x := range crossings() {
			g[m.at(of[0].model, x...)] += f * own[i/3] * base[i%3]
		}
	}
	two, four := m.Squares(g)
	if m.Mean2 != nil { // weights of rows count as numbers of rows
		scale := m.W2 / float64(m.N)
		two, four = two/scale, four/scale
	}
	return ppi.Freedom(two, four, float64(m.labels(of)))
}

// correct is the corrected value, its λ and its error; why is not empty without one.
func (c corrected) correct(m moments, of []term) (l leaning, lambda float64, s spread, why string) {
	if n := m.labels(of); n < ppi.MinLabels {
		return l, math.NaN(), s, few(n)
	}
	if n := m.effective(of); n < ppi.MinLabels-1e-9 {
		return l, math.NaN(), s, fmt.Sprintf("uncorrected: %d labels of unequal weight are worth %.0f even ones, %d are needed", m.labels(of), math.Floor(n), ppi.MinLabels)
	}
	l = m.leaning(of)
	lambda = ppi.Lambda(m.product(l.alone, l.alone), m.product(l.alone, l.lean), m.product(l.lean, l.lean))
	s = m.labelled(l.influence(lambda), of)
	if c.draw == Uneven && s.ids == nil {
		if s.df = math.Min(s.df, m.freedom(lambda, of)); s.df < fewFreedom {
			s.note = fmt.Sprintf("few labels of small chance weigh most (%.0f degrees of freedom): the interval may be too narrow", s.df)
		}
	}
	return l, lambda, s, ""
}

func few(n int64) string {
	switch n {
	case 0:
		return fmt.Sprintf("uncorrected: no labels, %d are needed", ppi.MinLabels)
	case 1:
		return fmt.Sprintf("uncorrected: only 1 label, %d are needed", ppi.MinLabels)
	}
	return fmt.Sprintf("uncorrected: only %d labels, %d are needed", n, ppi.MinLabels)
}

// answer is the corrected value of models' parts.
func (c corrected) answer(v *View, of []term, shape infer.Shape, method string) Answer {
	m, why := c.moments(v)
	if why != "" {
		return undefined(v.Pop.N, why)
	}
	n := c.graded(v, m.Moments)
	if n == 0 {
		return undefined(v.Pop.N, "no row was graded")
	}
	x := &Correction{By: ByLabels, Labels: m.labels(of), Lambda: math.NaN(), Gain: math.NaN(), Least: math.NaN()}
	l, lambda, s, why := c.correct(m, of)
	if why != "" {
		a := undefined(n, why)
		a.Ungraded, a.Correction = m.N-n, x
		return a
	}
	if s.ids != nil {
		method += ", clusters " + s.how
	}
	a := answered(s.finish(l.at(lambda), shape, method), n)
	a.Ungraded, a.Correction = m.N-n, x
	alone := m.labelled(l.alone, of)
	x.Lambda, x.Gain = lambda, alone.variance/s.variance
	x.Least = lambda * lambda * m.product(l.scores, l.scores)
	if s.note != "" {
		a.note("%s", s.note)
	}
	if c.alike(s, a.Value) {
		a.unknown(labelsAlike)
	}
	return a
}

const labelsAlike = "scores and labels are all alike: they do not tell of the error"

func (c corrected) estimate(v *View, model int) Answer {
	of := []term{{model, 1}}
	a := c.answer(v, of, infer.Symmetric{Lo: c.lo, Hi: c.hi}, "PPI++, t")
	if a.Correction == nil {
		return a
	}
	m, _ := c.moments(v)
	a.Correction.Quality = m.quality(model)
	if a.Ungraded > 0 {
		c.ungraded(&a, m.Mean[m.Spec.Index(summary.GradedBy(c.scorer), model)])
	}
	return a
}

func (c corrected) contrast(v *View, a, b int, k float64) Answer {
	return c.answer(v, []term{{a, 1}, {b, -k}}, infer.NewSymmetric(), "paired: PPI++ of the row differences, t")
}

func (c corrected) between(x, y *View, model int, ratio bool) Answer {
	labels := int64(math.MaxInt64)
	a := c.acrossSlices(x, y, ratio, func(v *View) (float64, spread, int64, string) {
		m, why := c.moments(v)
		if why != "" {
			return 0, spread{}, v.Pop.N, why
		}
		labels = min(labels, m.labels([]term{{model, 1}}))
		n := c.graded(v, m.Moments)
		if n == 0 {
			return 0, spread{}, 0, "no row was graded"
		}
		l, lambda, s, why := c.correct(m, []term{{model, 1}})
		return l.at(lambda), s, n, why
	})
	a.Correction = &Correction{By: ByLabels, Labels: labels, Lambda: math.NaN(), Gain: math.NaN(), Least: math.NaN()}
	return a
}
