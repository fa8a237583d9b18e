package metric

import (
	"math"
	"strings"

	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

type topKind int

const (
	topPrecision topKind = iota
	topRecall
	topLift
)

// top is a metric of the highest scores, up to a share of the rows. Where the cut falls
// is random too: its influence is that of a row beside the cut (docs/statistics.md).
type top struct {
	kind topKind
	spec summary.Spec
}

func tops() []*Metric {
	entry := func(name, title, formula string, hi float64, kind topKind, aliases ...string) *Metric {
		return &Metric{Name: name, Aliases: aliases, Tasks: onlyBinary(), Title: title, Formula: formula, Lo: 0, Hi: hi, Direction: Up,
			Interval: "logit (lift: log) with the influence variance, the cut's own randomness included; sums by cluster (CR1-t, CR2 below 40)", Paired: "influence of the difference on the same rows", Denominator: "the rows called (recall: the positives)",
			Variant: "each population's own highest scores, at most share of its rows (with weights: of their weight); rows of one score are called together or not at all", Source: "influence: docs/statistics.md",
			Params: []Param{{Name: "share", Doc: "the share of rows that are called", Required: true, Min: 0.0001, Max: 0.9999}},
			build: func(o Options) (measure, error) {
				return top{kind: kind, spec: summary.TopOf(o.param("share", 0.1))}, nil
			}}
	}
	// A fixed number of calls is the share of it among the rows, whatever their number.
	count := func(m *Metric, name string) *Metric {
		kind := map[string]topKind{"precision_at": topPrecision, "recall_at": topRecall, "lift_at": topLift}[m.Name]
		c := *m
		c.Name, c.Aliases = name, nil
		c.Formula = strings.ReplaceAll(m.Formula, "the share of rows", "at most count rows")
		c.Variant = "an alert budget: each population's own highest scores, at most count rows, so that models are compared at one volume; rows of one score are called together or not at all; undefined on fewer rows than the budget"
		c.NoWeights = "a number of rows means little where rows stand for others: use a share"
		c.Params = []Param{{Name: "count", Doc: "the number of rows that may be called", Required: true, Min: 1, Whole: true}}
		c.build = func(o Options) (measure, error) {
			return top{kind: kind, spec: summary.TopOfCount(int64(o.param("count", 1)))}, nil
		}
		return &c
	}
	shares := []*Metric{
		entry("precision_at", "share of positives among the highest scores", "TP / called, the share of rows with the highest scores called", 1, topPrecision),
		entry("recall_at", "share of the positives among the highest scores", "TP / P, the share of rows with the highest scores called", 1, topRecall, "capture_rate"),
		entry("lift_at", "how many times more positives among the highest scores than among all", "(TP / called) / (P / n)", math.Inf(1), topLift),
	}
	return append(shares, count(shares[0], "precision_at_count"), count(shares[1], "recall_at_count"), count(shares[2], "lift_at_count"))
}

func (m top) needs() []summary.Spec { return []summary.Spec{m.spec} }

// read gives value, influence of a unit of weight by joint cell and the rows of the
// denominator.
func (m top) read(v *View, model int) (val float64, e []float64, n int64, t *summary.Top, why string) {
	t = v.Pop.FindTop(m.needs()[0])
	if t == nil || v.Pop.N == 0 {
		return 0, nil, 0, t, "no usable rows"
	}
	if budget, _ := t.Spec.TopBudget(v.Pop.N, v.Pop.W); budget >= v.Pop.W {
		return 0, nil, 0, t, "the budget is no less than all rows"
	}
	var tp, pos, all, called float64
	var positives int64
	for _, c := range t.Counts.Cells {
		all += c.W
		if c.Decisions[model] == 1 {
			called += c.W
		}
		if c.Label == 1 {
			positives += c.N
			pos += c.W
			if c.Decisions[model] == 1 {
				tp += c.W
			}
		}
	}
	near := t.Models[model].Near
	switch {
	case m.kind != topPrecision && pos == 0:
		return 0, nil, 0, t, "one class only: no positive rows"
	case called == 0:
		return 0, nil, 0, t, "no row is called: too few rows, or too many of the highest score"
	}
	share, prevalence := called/all, pos/all
	precision := tp / called
	e = make([]float64, len(t.Counts.Cells))
	for i, c := range t.Counts.Cells {
		y, d := float64(c.Label), float64(c.Decisions[model])
		cut := near * (d - share)
		switch m.kind {
		case topRecall:
			e[i] = (y*(d-tp/pos) - cut) / pos
		case topPrecision:
			e[i] = (y*d - precision*share - cut) / called
		case topLift:
			e[i] = (y*d-precision*share-cut)/called/prevalence - precision/(prevalence*prevalence)*(y-prevalence)/all
		}
	}
	switch m.kind {
	case topRecall:
		return tp / pos, e, positives, t, ""
	case topLift:
		return precision / prevalence, e, t.Models[model].Called, t, ""
	}
	return precision, e, t.Models[model].Called, t, ""
}

func (m top) spread(v *View, t *summary.Top, e []float64) spread {
	rows := float64(v.Pop.N)
	if v.Set.Weighted {
		rows = kish(v.Pop.W, v.Pop.W2)
	}
	s := spread{df: rows - 1}
	for i, c := range t.Counts.Cells {
		s.variance += c.W2 * e[i] * e[i]
	}
	if rows > 1 {
		s.variance *= rows / (rows - 1)
	}
	if s.iid = s.variance; v.Pop.Blocks == nil {
		return s
	}
	sums := make([]float64, len(t.Blocks))
	for g, cells := range t.Blocks {
		for i, w := range cells {
			sums[g] += w * e[i]
		}
	}
	return clustered(v.Pop.Blocks, sums, s.iid)
}

// effective is the number of rows of the denominator after weights and clusters.
func (m top) effective(v *View, t *summary.Top, model int, n int64, s spread) float64 {
	var w, w2 float64
	for _, c := range t.Counts.Cells {
		if m.kind == topRecall && c.Label == 1 || m.kind != topRecall && c.Decisions[model] == 1 {
			w, w2 = w+c.W, w2+c.W2
		}
	}
	out := math.Min(float64(n), kish(w, w2))
	if s.ids != nil {
		out = math.Min(out, float64(v.Pop.Blocks.Clusters))
		if s.iid > 0 && s.variance > 0 {
			out = math.Min(float64(n), kish(w, w2)*s.iid/s.variance)
		}
	}
	return out
}

func (m top) estimate(v *View, model int) Answer {
	val, e, n, t, why := m.read(v, model)
	if why != "" {
		return undefined(n, why)
	}
	s := m.spread(v, t, e)
	rows, by := m.effective(v, t, model, n, s), ""
	if s.ids != nil {
		by = " by clusters (" + s.how + ")"
	}
	var a Answer
	switch {
	case m.kind == topLift && val > 0:
		a = answered(s.finish(val, infer.LogRatio{LogSE: math.Sqrt(s.variance) / val}, "log, influence variance"+by), n)
	case m.kind == topLift:
		a = answered(s.finish(val, infer.None{}, "none"), n)
		a.note("no positive among the rows called: no interval")
	case val <= 0 || val >= 1:
		a = answered(s.finish(val, infer.Wilson{N: rows}, "Wilson score"), n)
	default:
		a = answered(s.finish(val, infer.Logit{}, "logit, influence variance"+by), n)
	}
	if v.Set.Weighted || s.ids != nil {
		a.NEff = rows
	}
	if s.note != "" {
		a.note("%s", s.note)
	}
	return a
}

func (m top) contrast(v *View, a, b int, k float64) Answer {
	va, ea, na, t, why := m.read(v, a)
	if why != "" {
		return undefined(na, why)
	}
	vb, eb, nb, _, why := m.read(v, b)
	if why != "" {
		return undefined(nb, why)
	}
	e := make([]float64, len(ea))
	for i := range e {
		e[i] = ea[i] - k*eb[i]
	}
	s, method := m.spread(v, t, e), "paired: influence of the difference"
	if s.ids != nil {
		method += ", clusters " + s.how
	}
	x := answered(s.finish(va-k*vb, infer.NewSymmetric(), method), min(na, nb))
	if x.SE == 0 {
		x.note("the models call the same rows")
	}
	if s.note != "" {
		x.note("%s", s.note)
	}
	return x
}

func (m top) between(x, y *View, model int, ratio bool) Answer {
	return acrossSlices(x, y, ratio, func(v *View) (float64, spread, int64, string) {
		val, e, n, t, why := m.read(v, model)
		if why != "" {
			return 0, spread{}, n, why
		}
		return val, m.spread(v, t, e), n, ""
	})
}
