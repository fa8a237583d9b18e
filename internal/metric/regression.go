package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/summary"
)

func onlyRegression() []cases.Task { return []cases.Task{cases.Regression} }

const deltaMean = "delta method, t; CR1-t with clusters"

// Metrics of the error f − y.
func regression() []*Metric {
	inf := math.Inf(1)
	entry := func(name, title, formula, interval, variant, source string, lo, hi float64, dir Direction, m mean, aliases ...string) *Metric {
		m.lo, m.hi = lo, hi
		return &Metric{Name: name, Aliases: aliases, Tasks: onlyRegression(), Title: title, Formula: formula, Lo: lo, Hi: hi, Direction: dir,
			Interval: interval, Paired: meanPair, Denominator: "all rows", Variant: variant, Source: source,
			build: func(Options) (measure, error) { return m, nil }}
	}
	return []*Metric{
		entry("mean_absolute_error", "mean size of the error", "mean |f − y|", meanInterval, "", "Student 1908", 0, inf, Down,
			mean{terms: []summary.Expr{summary.AbsError}}, "mae"),
		entry("mean_squared_error", "mean squared error", "mean (f − y)²", meanInterval, "", "Student 1908", 0, inf, Down,
			mean{terms: []summary.Expr{summary.SquaredError}}, "mse"),
		entry("root_mean_squared_error", "root of the mean squared error", "√mean (f − y)²", deltaMean, "", "delta method", 0, inf, Down,
			mean{terms: []summary.Expr{summary.SquaredError}, f: rootMean, method: "delta method, t"}, "rmse"),
		entry("r2", "share of the label's variance explained", "1 − Σ(f − y)² / Σ(y − ȳ)²", deltaMean,
			"undefined for a constant label or fewer than 2 rows (scikit-learn: 1 or 0, and NaN)", "delta method", math.Inf(-1), 1, Up,
			mean{terms: []summary.Expr{summary.SquaredError, summary.Label, summary.LabelSquared}, f: rSquared, refine: rSquaredCentred, method: "delta method, t"}, "r2_score"),
		{Name: "mean_error", Aliases: []string{"bias", "mean_bias_error"}, Tasks: onlyRegression(), Title: "mean signed error", Formula: "mean (f − y)",
			Lo: math.Inf(-1), Hi: inf, Direction: Target, TargetAt: 0, Interval: meanInterval, Paired: meanPair, Denominator: "all rows",
			Variant: "positive: the model predicts too high", Source: "Student 1908",
			build: func(Options) (measure, error) {
				return mean{terms: []summary.Expr{summary.Error}, lo: math.Inf(-1), hi: inf}, nil
			}},
		{Name: "median_absolute_error", Tasks: onlyRegression(), Title: "median size of the error", Formula: "median |f − y|", Lo: 0, Hi: inf, Direction: Down,
			Interval: "between order statistics (binomial); Woodruff with clusters", Paired: "order-statistic errors with the correlation of 'below the median'", Denominator: "all rows",
			Variant: "the mean of the two middle values for an even count", Source: "Woodruff 1952; McKean & Schrader 1984", NoWeights: noWeightsYet,
			build: func(Options) (measure, error) { return median{term: summary.AbsError}, nil }},
		entry("wape", "total error as a share of the total label", "Σ|f − y| / Σ|y|", deltaMean, "undefined when every label is 0", "Hyndman & Koehler 2006", 0, inf, Down,
			mean{terms: []summary.Expr{summary.AbsError, summary.AbsLabel}, f: wape, method: "delta method, t"}, "weighted_absolute_percentage_error"),
		entry("mape", "mean error as a share of the label", "mean |f − y| / |y|", meanInterval,
			"undefined when a label is 0 (scikit-learn divides by a tiny number): use wape or mean_absolute_error", "Hyndman & Koehler 2006", 0, inf, Down,
			mean{terms: []summary.Expr{summary.PctError, summary.ZeroLabel}, f: mape}, "mean_absolute_percentage_error"),
	}
}

func rootMean(mu, g []float64) (float64, string) {
	r := math.Sqrt(mu[0])
	if r > 0 {
		g[0] = 1 / (2 * r)
	}
	return r, ""
}

// rSquared is 1 − E(e²)/Var(y) from E(e²), E(y−c), E((y−c)²).
func rSquared(mu, g []float64) (float64, string) {
	v := mu[2] - mu[1]*mu[1]
	if v <= 1e-14*mu[2] || v <= 0 {
		return 0, "the label is constant: no variance to explain"
	}
	g[0] = -1 / v
	g[1] = -2 * mu[0] * mu[1] / (v * v)
	g[2] = mu[0] / (v * v)
	return 1 - mu[0]/v, ""
}

// rSquaredCentred takes the label's variance from its centred co-moment, which keeps
// its digits on a slice whose labels lie far from all others. With weights only the
// w²-weighted co-moment is kept, so the value from the means stands.
func rSquaredCentred(mo *summary.Moments, at []int, val float64) float64 {
	if mo.Mean2 != nil {
		return val
	}
	d, label := len(mo.Mean), at[1]
	v := mo.Co[label*d-label*(label-1)/2] / float64(mo.N)
	if !(v > 0) {
		return val
	}
	return 1 - mo.Mean[at[0]]/v
}

func wape(mu, g []float64) (float64, string) {
	if mu[1] == 0 {
		return 0, "every label is 0"
	}
	g[0] = 1 / mu[1]
	g[1] = -mu[0] / (mu[1] * mu[1])
	return mu[0] / mu[1], ""
}

func mape(mu, g []float64) (float64, string) {
	if mu[1] > 0 {
		return 0, "a label is 0: use wape or mean_absolute_error"
	}
	g[0] = 1
	return mu[0], ""
}
