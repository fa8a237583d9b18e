package metric

import (
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

	Judge  bool       // its scores are opinions, which human labels must vouch for
	Labels LabelDraw  // how the rows that people labelled were drawn; empty: none are labelled
	Cards  []ppi.Card // of the judge on earlier systems; in place of labels
}

// metric is the mean of a scorer's scores over the rows that it graded for every model, as
// a ratio of means over all rows, so that which rows were graded counts as chance. Rows
// without a score are counted, and bound the mean where the range of the scores is known.
func (s Scorer) metric(t cases.Task) *Metric {
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
	case s.Judge:
		return uncalibrated{m}
	}
	return m
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
