package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

func onlyRegression() []cases.Task { return []cases.Task{cases.Regression} }

const deltaMean = "delta method, t; CR1-t with clusters, CR2 below 40"

// Metrics of the error f − y.
func regression() []*Metric {
	inf := math.Inf(1)
	entry := func(name, title, formula, interval, variant, source string, lo, hi float64, dir Direction, m mean, aliases ...string) *Metric {
		m.lo, m.hi = lo, hi
		return &Metric{Name: name, Aliases: aliases, Tasks: onlyRegression(), Title: title, Formula: formula, Lo: lo, Hi: hi, Direction: dir,
			Interval: interval, Paired: meanPair, Denominator: "all rows", Variant: variant, Source: source,
			build: func(Options) (measure, error) { return m, nil }}
	}
	correlation := entry("pearson", "linear correlation of prediction and label", "Cov(f, y) / √(Var(f)·Var(y))", "Fisher z with the delta method's error; CR1-t with clusters, CR2 below 40",
		"undefined where predictions or labels are constant", "Fisher 1921; delta method", -1, 1, Up,
		mean{terms: []summary.Expr{summary.Error, summary.SquaredError, summary.ErrorLabel, summary.Label, summary.LabelSquared}, f: pearson,
			shape: infer.Fisher{}, method: "Fisher z, delta method"}, "pearson_r")
	ordered := func(name, title, formula string, lo float64, dir Direction, term summary.Expr) *Metric {
		return (&Metric{Name: name, Tasks: onlyRegression(), Title: title, Formula: formula, Lo: lo, Hi: inf, Direction: dir, Denominator: "all rows"}).asQuantile(term, "")
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
			Interval: "between order statistics (binomial); Woodruff with weights or clusters", Paired: "from the ends of both intervals and the correlation of 'below the median' (MOVER)", Denominator: "all rows",
			Variant: "the mean of the two middle values for an even count; with weights as scikit-learn", Source: "Woodruff 1952; McKean & Schrader 1984",
			build: func(Options) (measure, error) { return quantile{term: summary.AbsError, q: 0.5}, nil }},
		ordered("absolute_error_quantile", "size of the error that a share q of rows stays below", "quantile q of |f − y|", 0, Down, summary.AbsError),
		ordered("error_quantile", "signed error that a share q of rows stays below", "quantile q of f − y", math.Inf(-1), NoDirection, summary.Error),
		{Name: "max_error", Tasks: onlyRegression(), Title: "largest error", Formula: "max |f − y|", Lo: 0, Hi: inf, Direction: Down, Interval: "none", Paired: "none",
			Denominator: "all rows", Variant: "a fact of these rows, which grows with their number", Source: "",
			NoInterval: "a maximum of a sample says little of the population: gate on absolute_error_quantile",
			build:      func(Options) (measure, error) { return largest{term: summary.AbsError}, nil }},
		entry("wape", "total error as a share of the total label", "Σ|f − y| / Σ|y|", deltaMean, "undefined when every label is 0", "Hyndman & Koehler 2006", 0, inf, Down,
			mean{terms: []summary.Expr{summary.AbsError, summary.AbsLabel}, f: wape, method: "delta method, t"}, "weighted_absolute_percentage_error"),
		entry("mape", "mean error as a share of the label", "mean |f − y| / |y|", meanInterval,
			"undefined when a label is 0 (scikit-learn divides by a tiny number): use wape or mean_absolute_error", "Hyndman & Koehler 2006", 0, inf, Down,
			mean{terms: []summary.Expr{summary.PctError, summary.ZeroLabel}, f: mape}, "mean_absolute_percentage_error"),
		entry("smape", "error as a share of the mean of prediction and label", "mean 2|f − y| / (|f| + |y|)", meanInterval,
			"from 0 to 2; 0 where both are 0", "Makridakis 1993", 0, 2, Down, mean{terms: []summary.Expr{summary.SymPctError}}),
		entry("rmsle", "root of the mean squared error of the logarithms", "√mean (ln(1 + f) − ln(1 + y))²", deltaMean,
			"undefined when a prediction or label is −1 or less (scikit-learn: an error)", "delta method", 0, inf, Down,
			mean{terms: []summary.Expr{summary.SquaredLog, summary.NoLog}, f: rmsle, method: "delta method, t"}, "root_mean_squared_log_error"),
		entry("explained_variance", "share of the label's variance explained, bias aside", "1 − Var(f − y) / Var(y)", deltaMean,
			"undefined for a constant label or fewer than 2 rows (scikit-learn: 1 or 0)", "delta method", math.Inf(-1), 1, Up,
			mean{terms: []summary.Expr{summary.SquaredError, summary.Error, summary.Label, summary.LabelSquared}, f: explainedVariance, method: "delta method, t"}, "explained_variance_score"),
		correlation,
		{Name: "spearman", Aliases: []string{"spearman_r", "rank_correlation"}, Tasks: onlyRegression(), Title: "correlation of the ranks of prediction and label", Formula: "correlation of the mid-ranks of f and y",
			Lo: -1, Hi: 1, Direction: Up, Interval: "Fisher z with the influence variance; sums by cluster (CR1-t, CR2 below 40)", Paired: "influence of the difference on the same rows", Denominator: "all rows",
			Variant: "tied values have the mean of their ranks; undefined where predictions or labels are constant", Source: "Spearman 1904; Hoeffding 1948; Fisher 1921",
			build: func(Options) (measure, error) {
				return derived{spec: summary.FunctionalOf("spearman"), shape: infer.Fisher{}, name: "Fisher z", lo: -1, hi: 1, edge: "one order is the other: no error can be seen"}, nil
			}},
		{Name: "pinball_loss", Aliases: []string{"mean_pinball_loss", "quantile_loss"}, Tasks: onlyRegression(), Title: "loss of a predicted quantile", Formula: "mean α·max(y − f, 0) + (1 − α)·max(f − y, 0)",
			Lo: 0, Hi: inf, Direction: Down, Interval: deltaMean, Paired: meanPair, Denominator: "all rows", Variant: "α is the quantile that is predicted", Source: "Koenker & Bassett 1978",
			Params: []Param{{Name: "alpha", Doc: "the quantile that is predicted", Required: true, Min: 0.001, Max: 0.999}},
			build: func(o Options) (measure, error) {
				a := o.param("alpha", 0.5)
				return mean{terms: []summary.Expr{summary.OverError, summary.UnderError}, lo: 0, hi: inf, f: func(mu, g []float64) (float64, string) {
					g[0], g[1] = 1-a, a
					return (1-a)*mu[0] + a*mu[1], ""
				}}, nil
			}},
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

func rmsle(mu, g []float64) (float64, string) {
	if mu[1] > 0 {
		return 0, "a prediction or label is −1 or less, which has no logarithm here"
	}
	return rootMean(mu, g)
}

// explainedVariance is 1 − Var(e)/Var(y) from E(e²), E(e), E(y−c), E((y−c)²).
func explainedVariance(mu, g []float64) (float64, string) {
	v := mu[3] - mu[2]*mu[2]
	if v <= 1e-14*mu[3] || v <= 0 {
		return 0, "the label is constant: no variance to explain"
	}
	left := mu[0] - mu[1]*mu[1]
	g[0] = -1 / v
	g[1] = 2 * mu[1] / v
	g[2] = -2 * left * mu[2] / (v * v)
	g[3] = left / (v * v)
	return 1 - left/v, ""
}

// pearson is Cov(f, y)/√(Var f · Var y) with f = y + e, from E(e), E(e²), E(e(y−c)),
// E(y−c), E((y−c)²).
func pearson(mu, g []float64) (float64, string) {
	e, ee, el, l, ll := mu[0], mu[1], mu[2], mu[3], mu[4]
	label, left, both := ll-l*l, ee-e*e, el-e*l
	cov, pred := label+both, label+2*both+left
	switch {
	case label <= 1e-14*ll || label <= 0:
		return 0, "the label is constant"
	case pred <= 1e-14*(ll+ee) || pred <= 0:
		return 0, "the predictions are constant"
	}
	root := math.Sqrt(label * pred)
	r := math.Max(-1, math.Min(1, cov/root))
	// By label, both and left; then by the means.
	byLabel := 1/root - r/2*(1/label+1/pred)
	byBoth := 1/root - r/pred
	byLeft := -r / (2 * pred)
	g[0] = -2*e*byLeft - l*byBoth
	g[1] = byLeft
	g[2] = byBoth
	g[3] = -2*l*byLabel - e*byBoth
	g[4] = byLabel
	return r, ""
}

func mape(mu, g []float64) (float64, string) {
	if mu[1] > 0 {
		return 0, "a label is 0: use wape or mean_absolute_error"
	}
	g[0] = 1
	return mu[0], ""
}
