// Package summary holds the small sufficient statistics that engines make and
// metrics read: a closed set of kinds, each with a merge law (Order says why it has
// none). It refuses to know metrics: a metric names the kinds that it needs, an
// engine implements kinds.
package summary

import (
	"strconv"
	"strings"
)

// Kind is a kind of summary.
type Kind string

// The kinds that exist today.
const (
	KindCounts    Kind = "counts"     // cells of label × decisions
	KindMoments   Kind = "moments"    // means and co-moments of row expressions
	KindRank      Kind = "rank"       // Order: ROC AUC, average precision and calibration bins of binary scores
	KindClassRank Kind = "class_rank" // Order: one-vs-rest ROC AUC of class probabilities
	KindTop       Kind = "top"        // Order: who is among the highest scores, by label
	KindFit       Kind = "fit"        // logistic recalibration of binary scores: y ~ a + b·logit(p)
	KindCuts      Kind = "cuts"       // Order: counts above thresholds of binary scores, overall only, by fold
	KindQuantile  Kind = "quantile"   // Order: one quantile of a row expression
	// KindFunctional is a functional by name, with the influences of its rows.
	KindFunctional Kind = "functional"
)

// Expr is a row expression that an engine can evaluate: a closed set.
type Expr string

// Row expressions. y is the label (0/1 for binary), p a probability clipped to
// [ε, 1−ε] with ε = 2⁻⁵², f a regression prediction, c the pivot of the population
// set (a constant near the mean label, stored beside the moments).
const (
	LogLoss      Expr = "log_loss"      // −ln p of the true class
	Clipped      Expr = "clipped"       // 1 when the clip above changed p of the true class
	Brier        Expr = "brier"         // (p − y)², unclipped
	Error        Expr = "error"         // f − y
	AbsError     Expr = "abs_error"     // |f − y|
	SquaredError Expr = "squared_error" // (f − y)²
	PctError     Expr = "pct_error"     // |f − y| / |y|, 0 where y = 0
	Label        Expr = "label"         // y − c      (shared by all models)
	LabelSquared Expr = "label_squared" // (y − c)²   (shared)
	AbsLabel     Expr = "abs_label"     // |y|        (shared)
	ZeroLabel    Expr = "zero_label"    // 1 when y = 0 (shared)
	OverError    Expr = "over_error"    // max(f − y, 0)
	UnderError   Expr = "under_error"   // max(y − f, 0)
	SymPctError  Expr = "sym_pct_error" // 2|f − y| / (|f| + |y|), 0 where both are 0
	SquaredLog   Expr = "squared_log"   // (ln(1 + f) − ln(1 + y))², 0 where a logarithm is undefined
	NoLog        Expr = "no_log"        // 1 when f ≤ −1 or y ≤ −1
	ErrorLabel   Expr = "error_label"   // (f − y)(y − c)
	// Of the prediction interval from l to u at the level 1 − α.
	Covered       Expr = "covered"        // 1 when l ≤ y ≤ u
	Width         Expr = "width"          // u − l
	IntervalScore Expr = "interval_score" // u − l + (2/α)·(max(l − y, 0) + max(y − u, 0))
)

// TopK is the expression "the true class is among the k most probable": 1 or 0, and in
// between where the classes of equal probability share the places that are left.
func TopK(k int) Expr { return Expr("top_" + strconv.Itoa(k)) }

// Places is the k of a TopK expression; ok is false for others.
func (e Expr) Places() (k int, ok bool) {
	s, found := strings.CutPrefix(string(e), "top_")
	k, err := strconv.Atoi(s)
	return k, found && err == nil
}

// scored, graded and product begin the expressions of scores that rows were given from outside.
const (
	scored  = "scored:"
	graded  = "graded:"
	product = "given:"
)

// Names of numbers that rows are given, as GivenBy knows them.
const (
	Score = "score" // a scorer's score itself
	// A human label of the answer that a scorer scored, on the scorer's scale, and what the
	// labelled row stands for: 1 over its chance of being drawn for labelling.
	HumanLabel  = "label"
	LabelWeight = "label_weight"
)

// ScoredBy is the expression "the score that a scorer gave a model's row", 0 where the row
// is ungraded; GradedBy is 1 where that scorer graded the row for every model, else 0. A
// scorer's name holds no space.
func ScoredBy(scorer string) Expr { return Expr(scored + scorer) }

// GradedBy: see ScoredBy.
func GradedBy(scorer string) Expr { return Expr(graded + scorer) }

// GivenBy is the expression "the product of numbers that a scorer gave a model's row": of
// its score and of further ones, by name. It is 0 where one of them is missing and where the
// row is ungraded. A name holds no space, slash or star; OfBaseline takes the number of the
// baseline's answer to the row.
func GivenBy(scorer string, names ...string) Expr {
	return Expr(product + scorer + "/" + strings.Join(names, "*"))
}

// OfBaseline is the name of the same number of the baseline's answer.
func OfBaseline(name string) string { return name + "^" }

// Product is the scorer and the names of a GivenBy expression; ok is false for others.
func (e Expr) Product() (scorer string, names []string, ok bool) {
	rest, ok := strings.CutPrefix(string(e), product)
	if !ok {
		return "", nil, false
	}
	scorer, list, ok := strings.Cut(rest, "/")
	return scorer, strings.Split(list, "*"), ok
}

// Scorer is the scorer of a ScoredBy or GradedBy expression; ok is false for others.
func (e Expr) Scorer() (name string, isGraded, ok bool) {
	if name, ok = strings.CutPrefix(string(e), scored); ok {
		return name, false, true
	}
	name, ok = strings.CutPrefix(string(e), graded)
	return name, ok, ok
}

// From reports whether the expression reads what a scorer gave.
func (e Expr) From(scorer string) bool {
	if name, _, ok := e.Scorer(); ok {
		return name == scorer
	}
	name, _, ok := e.Product()
	return ok && name == scorer
}

// Shared reports whether the expression is the same for every model.
func (e Expr) Shared() bool {
	switch e {
	case Label, LabelSquared, AbsLabel, ZeroLabel:
		return true
	}
	return strings.HasPrefix(string(e), graded)
}

// Spec is a request for one summary. It is comparable, so that metrics with equal
// needs share one aggregate. Terms lists row expressions joined by spaces.
type Spec struct {
	Kind  Kind   `json:"kind"`
	Terms string `json:"terms,omitempty"`
}

// Of makes a Spec of a kind over the given expressions.
func Of(k Kind, terms ...Expr) Spec {
	s := make([]string, len(terms))
	for i, t := range terms {
		s[i] = string(t)
	}
	return Spec{Kind: k, Terms: strings.Join(s, " ")}
}

// QuantileOf makes the Spec of the quantile q of an expression; 0.5 is the median.
func QuantileOf(e Expr, q float64) Spec {
	s := Spec{Kind: KindQuantile, Terms: string(e)}
	if q != 0.5 {
		s.Terms += "@" + strconv.FormatFloat(q, 'g', -1, 64)
	}
	return s
}

// Quantile is what a Spec made by QuantileOf asks for.
func (s Spec) Quantile() (e Expr, q float64, ok bool) {
	name, at, found := strings.Cut(s.Terms, "@")
	q = 0.5
	var err error
	if found {
		q, err = strconv.ParseFloat(at, 64)
	}
	return Expr(name), q, s.Kind == KindQuantile && err == nil && q > 0 && q < 1
}

// Exprs returns the row expressions of the spec in order.
func (s Spec) Exprs() []Expr {
	var out []Expr
	for _, t := range strings.Fields(s.Terms) {
		out = append(out, Expr(t))
	}
	return out
}

// Columns is the layout of a Moments over these expressions and a number of
// models: shared expressions once, others once a model, expression-major within a
// model. Index(e, model) gives the column.
func (s Spec) Columns(models int) int {
	shared, own := 0, 0
	for _, e := range s.Exprs() {
		if e.Shared() {
			shared++
		} else {
			own++
		}
	}
	return shared + own*models
}

// Index is the column of expression e of a model in a Moments made for s.
// It is -1 when e is not part of s.
func (s Spec) Index(e Expr, model int) int {
	shared, own, at := 0, 0, -1
	for _, x := range s.Exprs() {
		if x == e {
			if x.Shared() {
				at = shared
			} else {
				at = own
			}
		}
		if x.Shared() {
			shared++
		} else {
			own++
		}
	}
	if at < 0 || e.Shared() {
		return at
	}
	return shared + model*own + at
}
