package metric

import "github.com/fairtrial/fairtrial/internal/cases"

// Rates of a confusion matrix: y is the label and d the decision, 1 is positive.

func everyRow(y, d, c uint32) bool   { return true }
func agree(y, d, c uint32) bool      { return y == d }
func labelled(y, d, c uint32) bool   { return y == c }
func unlabelled(y, d, c uint32) bool { return y != c }
func called(y, d, c uint32) bool     { return d == c }
func uncalled(y, d, c uint32) bool   { return d != c }

const (
	rateInterval = "Wilson score; on effective rows with weights, on n/deff with clusters"
	sameRowsPair = "Tango score interval, p by mid-p McNemar; delta method with weights or clusters"
	jointPair    = "delta method on the joint cells of both models; CR1-t with clusters, CR2 below 40"
)

func onlyBinary() []cases.Task { return []cases.Task{cases.Binary} }

func binaryRates() []*Metric {
	entry := func(name, title, formula, denominator string, dir Direction, r rate, aliases ...string) *Metric {
		pair := jointPair
		if r.sameRows {
			pair = sameRowsPair
		}
		if r.labelOnly {
			pair = "none: it does not depend on the model"
		}
		return &Metric{Name: name, Aliases: aliases, Tasks: onlyBinary(), Title: title, Formula: formula,
			Lo: 0, Hi: 1, Direction: dir, Interval: rateInterval, Paired: pair, Denominator: denominator,
			Variant: "undefined when the denominator is empty (scikit-learn: 0 with a warning)",
			Source:  "Wilson 1927; Tango 1998; Fagerland, Lydersen & Laake 2013", NeedsDecision: true,
			build: func(Options) (measure, error) { return r, nil }}
	}
	prevalence := entry("prevalence", "share of positive labels", "P / n", "all rows", NoDirection,
		rate{num: labelled, den: everyRow, sameRows: true, labelOnly: true, empty: "no usable rows"})
	return []*Metric{
		entry("accuracy", "share of rows decided rightly", "(TP + TN) / n", "all rows", Up,
			rate{num: agree, den: everyRow, sameRows: true, empty: "no usable rows"}),
		entry("precision", "share of positive decisions that are right", "TP / (TP + FP)", "rows called positive", Up,
			rate{num: labelled, den: called, empty: "zero denominator: no row is called positive"}, "positive_predictive_value", "ppv"),
		entry("recall", "share of positive rows that are found", "TP / (TP + FN)", "positive rows", Up,
			rate{num: called, den: labelled, sameRows: true, empty: "one class only: no positive rows"}, "sensitivity", "true_positive_rate", "tpr"),
		entry("specificity", "share of negative rows that are left alone", "TN / (TN + FP)", "negative rows", Up,
			rate{num: uncalled, den: unlabelled, sameRows: true, empty: "one class only: no negative rows"}, "true_negative_rate", "tnr"),
		entry("false_positive_rate", "share of negative rows called positive", "FP / (FP + TN)", "negative rows", Down,
			rate{num: called, den: unlabelled, sameRows: true, empty: "one class only: no negative rows"}, "fpr"),
		entry("false_negative_rate", "share of positive rows missed", "FN / (FN + TP)", "positive rows", Down,
			rate{num: uncalled, den: labelled, sameRows: true, empty: "one class only: no positive rows"}, "fnr", "miss_rate"),
		entry("negative_predictive_value", "share of negative decisions that are right", "TN / (TN + FN)", "rows called negative", Up,
			rate{num: unlabelled, den: uncalled, empty: "zero denominator: no row is called negative"}, "npv"),
		entry("selection_rate", "share of rows called positive", "(TP + FP) / n", "all rows", NoDirection,
			rate{num: called, den: everyRow, sameRows: true, empty: "no usable rows"}, "positive_rate"),
		prevalence,
	}
}
