package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/summary"
)

const (
	rankPair = "paired DeLong on the same rows; sums of influence by cluster (CR1-t, CR2 below 40)"
)

// Metrics of the order of scores, and calibration.
func binaryRank() []*Metric {
	return []*Metric{
		{Name: "roc_auc", Aliases: []string{"auc", "auroc", "roc_auc_score"}, Tasks: onlyBinary(), Title: "chance that a positive row scores above a negative one",
			Formula: "(concordant + ½ tied) / (P·N)", Lo: 0, Hi: 1, Direction: Up,
			Interval: "logit with DeLong's variance (the sandwich of weighted rows with weights); sums of influence by cluster (CR1-t, CR2 below 40)", Paired: rankPair, Denominator: "all rows",
			Variant: "exact, ties count ½; undefined with one class", Source: "DeLong, DeLong & Clarke-Pearson 1988; Sun & Xu 2014; Obuchowski 1997",
			build: func(Options) (measure, error) { return rank{}, nil }},
		{Name: "average_precision", Aliases: []string{"pr_auc", "ap", "average_precision_score"}, Tasks: onlyBinary(), Title: "mean precision over the positive rows, best score first",
			Formula: "Σ (Rᵢ − Rᵢ₋₁) Pᵢ over falling thresholds", Lo: 0, Hi: 1, Direction: Up,
			Interval: "logit with the influence variance; sums by cluster (CR1-t, CR2 below 40)", Paired: "influence of the difference on the same rows", Denominator: "all rows",
			Variant: "step sum, not the trapezoid; tied scores form one threshold; undefined without positives (scikit-learn: 0)", Source: "Davis & Goadrich 2006; Boyd, Eng & Page 2013; influence: docs/statistics.md",
			build: func(Options) (measure, error) { return rank{ap: true}, nil }},
		{Name: "ks", Aliases: []string{"kolmogorov_smirnov", "ks_statistic"}, Tasks: onlyBinary(), Title: "largest gap between the shares of positives and negatives called, over all thresholds",
			Formula: "max over thresholds |TP/P − FP/N|", Lo: 0, Hi: 1, Direction: Up, Interval: "none", Paired: "none: compare roc_auc", Denominator: "all rows",
			Variant: "the two-sided Kolmogorov–Smirnov distance, exact with ties; with weights between the weighted distributions", Source: "Kolmogorov 1933; Smirnov 1939",
			NoInterval: "the largest of many gaps is too large on average, and not normal: gate on roc_auc",
			build:      func(Options) (measure, error) { return distance{}, nil }},
		{Name: "ece", Aliases: []string{"expected_calibration_error"}, Tasks: onlyBinary(), Title: "gap between predicted probability and observed rate, debiased",
			Formula: "√max(0, Σ (n_b/n)[(p̄_b − ȳ_b)² − ȳ_b(1−ȳ_b)/(n_b−1)]), 15 equal-mass bins", Lo: 0, Hi: 1, Direction: Down,
			Interval: "none", Paired: "none: compare brier", Denominator: "all rows",
			Variant: "debiased root-mean-square form; the plug-in ECE and its noise floor are in the notes; tied scores share a bin; with weights bins of equal weight, debiased by Kish's rows",
			Source:  "Bröcker 2012; Kumar, Liang & Ma 2019; Roelofs et al. 2022", NeedsProbability: true,
			NoInterval: "its sampling law is not normal near 0; gate on brier or log_loss",
			build:      func(Options) (measure, error) { return calibration{}, nil }},
	}
}

// Means of row losses of probabilities.
func binaryMeans() []*Metric {
	one, zero, clip := 1.0, 0.0, -math.Log(math.Ldexp(1, -52))
	return []*Metric{
		{Name: "log_loss", Aliases: []string{"cross_entropy", "logloss"}, Tasks: onlyBinary(), Title: "mean negative log-likelihood of the label",
			Formula: "−mean(y ln p + (1−y) ln(1−p))", Lo: 0, Hi: math.Inf(1), Direction: Down, Interval: meanInterval, Paired: meanPair, Denominator: "all rows",
			Variant: "p is clipped to [ε, 1−ε], ε = 2⁻⁵², as scikit-learn does; clipped rows are noted", Source: "Good 1952", NeedsProbability: true,
			build: func(Options) (measure, error) {
				return mean{terms: []summary.Expr{summary.LogLoss, summary.Clipped}, lo: 0, hi: math.Inf(1),
					notes: countNote("rows had their probability clipped"), worst: &clip, best: &zero}, nil
			}},
		{Name: "brier", Aliases: []string{"brier_score_loss", "brier_score"}, Tasks: onlyBinary(), Title: "mean squared error of the probability",
			Formula: "mean((p − y)²)", Lo: 0, Hi: 1, Direction: Down, Interval: meanInterval, Paired: meanPair, Denominator: "all rows",
			Variant: "one-class form, in [0, 1]", Source: "Brier 1950", NeedsProbability: true,
			build: func(Options) (measure, error) {
				return mean{terms: []summary.Expr{summary.Brier}, lo: 0, hi: 1, worst: &one, best: &zero}, nil
			}},
	}
}

const (
	meanInterval = "t interval of a mean; CR1-t with clusters, CR2 below 40"
	meanPair     = "t interval of the row differences; CR1-t with clusters, CR2 below 40"
)
