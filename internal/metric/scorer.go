package metric

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/stat/ppi"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Scorer is something outside that gives each row a score; its metric is their mean.
type Scorer struct {
	Name      string
	Direction Direction
	Lo, Hi    float64 // range of the scores, ±Inf where unknown
	PassFail  bool    // each score is 0 or 1

	Corpus Corpus // its value on rows is no mean of their scores; nil: it is

	Judge  bool       // its scores are opinions, which human labels must vouch for
	Labels LabelDraw  // how the rows that people labelled were drawn; empty: none are labelled
	Cards  []ppi.Card // of the judge on earlier systems; in place of labels
}

// Corpus is the value of a scorer on a set of rows as a function of sums over them, such as
// BLEU of n-gram counts.
type Corpus interface {
	StatNames() []string
	// Of is the value at the sums, with its gradient by each. ok is false where it is undefined;
	// smooth is false where the definition switches, and the gradient is one-sided.
	Of(sums []float64) (value float64, gradient []float64, smooth, ok bool)
	Signature() string
}

// GroupedCorpus is a Corpus that is a mean over groups of rows: each row gives its part of its
// group's value, and of the group.
type GroupedCorpus interface {
	Corpus
	OfGroups() bool
}

// corpus is the metric of such a scorer.
func (s Scorer) corpus(t cases.Task) *Metric {
	m := mean{lo: s.Lo, hi: s.Hi, scorer: s.Name, method: "delta method on sums, t interval"}
	for _, name := range s.Corpus.StatNames() {
		m.terms = append(m.terms, summary.GivenBy(s.Name, name))
	}
	m.total = func(sums []float64) (float64, []float64, string) {
		val, g, _, ok := s.Corpus.Of(sums)
		if !ok {
			return 0, nil, "the sums over the rows have no value"
		}
		return val, g, ""
	}
	m.notes = func(mu []float64, n int64) []string {
		sums := make([]float64, len(mu))
		for i, x := range mu {
			sums[i] = x * float64(n)
		}
		if _, _, smooth, _ := s.Corpus.Of(sums); !smooth {
			return []string{"a count is 0, where the definition switches: the error is one-sided"}
		}
		return nil
	}
	if c, ok := s.Corpus.(CountedCorpus); ok {
		return s.counted(t, c, m)
	}
	if g, ok := s.Corpus.(GroupedCorpus); ok {
		m.ofGroups = g.OfGroups()
		m.notes = func(mu []float64, n int64) []string {
			return []string{fmt.Sprintf("mean of %d groups", int64(math.Round(mu[1]*float64(n))))}
		}
	}
	return &Metric{Name: s.Name, Tasks: []cases.Task{t}, Title: "value of the scorer " + s.Name + " on all rows", Formula: "a function of sums over the graded rows: " + s.Corpus.Signature(),
		Lo: s.Lo, Hi: s.Hi, Direction: s.Direction, Interval: "delta method on the sums, t", Paired: "delta method on the sums of both models", Denominator: "rows that the scorer graded for every model",
		Variant: s.Corpus.Signature(), Source: "Cochran 1977, section 6.4 (functions of sums)", build: func(Options) (measure, error) { return s.opinion(m), nil }}
}

// opinion marks a metric that builds on a judge's verdicts.
func (s Scorer) opinion(m measure) measure {
	if s.Judge {
		return uncalibrated{m}
	}
	return m
}

// counted is the metric of a scorer whose value is a share of rows.
func (s Scorer) counted(t cases.Task, c CountedCorpus, m mean) *Metric {
	same, f1 := c.Counts()
	interval, paired, source := "Wilson score; on n/deff with weights or clusters", "delta method on the sums of both models", "Wilson 1927; Korn & Graubard 1998"
	if f1 {
		interval, source = "Wilson on J = F/(2−F)", "van Rijsbergen 1979; interval: docs/statistics.md"
	} else if same {
		paired = "Tango score, p by mid-p McNemar; delta method with weights or clusters"
	}
	m.notes = nil
	m.total = func(sums []float64) (float64, []float64, string) {
		val, g, _, ok := c.Of(sums)
		if !ok {
			return 0, nil, "no row is spoken of: " + c.StatNames()[1] + " is 0"
		}
		return val, g, ""
	}
	return &Metric{Name: s.Name, Tasks: []cases.Task{t}, Title: "value of the scorer " + s.Name + " on all rows", Formula: c.Signature(), Lo: s.Lo, Hi: s.Hi, Direction: s.Direction,
		Interval: interval, Paired: paired, Denominator: "graded rows that the metric speaks of", Variant: c.Signature(), Source: source,
		build: func(Options) (measure, error) {
			return s.opinion(counted{mean: m, sameRows: same, f1: f1, whole: s.PassFail, down: s.Direction == Down}), nil
		}}
}

// metrics are the mean of a scorer's scores and, where its rows have scores that are more than
// yes or no and nobody's opinion, their quantiles.
func (s Scorer) metrics(t cases.Task) []*Metric {
	out := []*Metric{s.metric(t)}
	if s.Corpus == nil && !s.PassFail && !s.Judge && s.Labels == "" && s.Cards == nil {
		out = append(out, (&Metric{Name: cases.QuantileOf(s.Name), Tasks: []cases.Task{t}, Title: "score of the scorer " + s.Name + " that a share q of rows stays below",
			Formula: "quantile q of the scores of the graded rows", Lo: s.Lo, Hi: s.Hi, Direction: s.Direction, Denominator: "rows that the scorer graded for every model"}).asQuantile(summary.ScoredBy(s.Name), s.Name))
	}
	return out
}

// metric is the mean of a scorer's scores over the rows that it graded for every model, as
// a ratio of means over all rows, so that which rows were graded counts as chance. Rows
// without a score are counted, and bound the mean where the range of the scores is known.
func (s Scorer) metric(t cases.Task) *Metric {
	if s.Corpus != nil {
		return s.corpus(t)
	}
	formula, interval, source := "mean of the scores of the graded rows", meanInterval, "Student 1908; Cochran 1977, section 6"
	if s.PassFail {
		formula, interval, source = "share of the graded rows with the score 1", "Wilson score; on effective rows with weights, on n/deff with clusters", "Wilson 1927; Korn & Graubard 1998"
	}
	title, paired := "mean score of the scorer "+s.Name, meanPair
	switch {
	case s.Labels == Even || s.Labels == Uneven:
		title += ", corrected by human labels"
		formula, interval, source = "λ·mean of the scores + mean over the labelled rows of (label − λ·score), weighted by 1/chance of being drawn; λ in [0, 1] for the smallest error", "t with as many degrees of freedom as labels less one; clusters that hold labels", "PPI++: Angelopoulos, Duchi & Zrnic 2023"
		paired = "the same of the row differences, λ for their smallest error"
	case s.Labels == ByTruth, s.Cards != nil:
		title += ", corrected by the judge's sensitivity and specificity"
		formula, interval, source = "(share of passes + Sp − 1)/(Se + Sp − 1)", "delta method, t", "Rogan & Gladen 1978"
		if s.Cards != nil {
			source += "; DerSimonian & Laird 1986; Higgins, Thompson & Spiegelhalter 2009"
		}
		paired = "delta method on the rows"
	}
	m := mean{terms: s.terms(), lo: s.Lo, hi: s.Hi, share: s.PassFail, scorer: s.Name, method: "t interval of a mean",
		f: func(mu, g []float64) (float64, string) {
			if !(mu[1] > 0) {
				return 0, "no row was graded"
			}
			g[0], g[1] = 1/mu[1], -mu[0]/(mu[1]*mu[1])
			return mu[0] / mu[1], ""
		}}
	if s.Direction == Down {
		m.worst, m.best = &s.Hi, &s.Lo
	} else {
		m.worst, m.best = &s.Lo, &s.Hi
	}
	return &Metric{Name: s.Name, Tasks: []cases.Task{t}, Title: title, Formula: formula, Lo: s.Lo, Hi: s.Hi, Direction: s.Direction,
		Interval: interval, Paired: paired, Denominator: "rows that the scorer graded for every model", Variant: "a scorer of the plan's", Source: source,
		build: func(Options) (measure, error) { return s.vouched(m), nil }}
}

// terms are the row expressions of the scores and of their labels.
func (s Scorer) terms() []summary.Expr {
	terms := []summary.Expr{summary.ScoredBy(s.Name), summary.GradedBy(s.Name)}
	if s.Labels != "" {
		terms = append(terms, labelTerms(s.Name, s.PassFail, s.Labels)...)
	}
	return terms
}

// vouched is the measure of the scores with what vouches for them.
func (s Scorer) vouched(m mean) measure {
	switch {
	case s.Labels == Even || s.Labels == Uneven:
		return corrected{m, s.Labels}
	case s.Labels == ByTruth:
		return rated{m, nil}
	case s.Cards != nil:
		return rated{m, s.Cards}
	}
	return s.opinion(m)
}

// ungraded says how many rows have no score, and bounds the mean by their worst and best.
// graded is the share of rows (by weight) that have one.
func (m mean) ungraded(a *Answer, graded float64) {
	if a.Ungraded == 0 {
		return
	}
	a.note("%d of %d rows are ungraded", a.Ungraded, a.N+a.Ungraded)
	if m.worst != nil && !math.IsInf(*m.worst, 0) {
		a.Worst = a.Value*graded + *m.worst*(1-graded)
	}
	if m.best != nil && !math.IsInf(*m.best, 0) {
		a.Best = a.Value*graded + *m.best*(1-graded)
	}
}
