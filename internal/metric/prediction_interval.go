package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/summary"
)

// Metrics of prediction intervals, from l to u at the level 1 − α that the plan gives.
func predictionIntervals() []*Metric {
	inf := math.Inf(1)
	entry := func(name, title, formula, interval, variant, source string, hi float64, dir Direction, m mean, aliases ...string) *Metric {
		m.lo, m.hi = 0, hi
		return &Metric{Name: name, Aliases: aliases, Tasks: onlyRegression(), Title: title, Formula: formula, Lo: 0, Hi: hi, Direction: dir, TargetAt: 0,
			Interval: interval, Paired: meanPair, Denominator: "all rows", Variant: variant, Source: source, NeedsInterval: true,
			build: func(Options) (measure, error) { return m, nil }}
	}
	coverage := entry("interval_coverage", "share of labels that the prediction interval holds", "mean 1(l ≤ y ≤ u)", "Wilson score; on effective rows with weights, on n/deff with clusters",
		"the ends belong to the interval; the target is the level that the plan gives", "Wilson 1927; Korn & Graubard 1998", 1, Target, mean{terms: []summary.Expr{summary.Covered}, share: true}, "picp")
	coverage.TargetAt = 0.9
	return []*Metric{
		coverage,
		entry("interval_width", "mean width of the prediction interval", "mean (u − l)", meanInterval, "narrow is good only among intervals that hold their level: read it beside interval_coverage", "Student 1908", inf, Down,
			mean{terms: []summary.Expr{summary.Width}}, "mean_interval_width"),
		entry("interval_score", "width of the prediction interval and a penalty for labels outside it", "mean u − l + (2/α)·(max(l − y, 0) + max(y − u, 0))", meanInterval,
			"proper: least for the true quantiles α/2 and 1 − α/2; 1 − α is the level that the plan gives", "Winkler 1972; Gneiting & Raftery 2007", inf, Down,
			mean{terms: []summary.Expr{summary.IntervalScore}}, "winkler_score"),
	}
}
