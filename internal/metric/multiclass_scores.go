package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Metrics of class probabilities, class against class.
func multiclassScores() []*Metric {
	return []*Metric{
		{Name: "roc_auc_ovo", Aliases: []string{"one_vs_one_auc", "hand_till"}, Tasks: onlyMulticlass(), Title: "chance that a row of one class has the larger probability of it than a row of another, over all pairs of classes",
			Formula: "mean over ordered pairs of classes (a, b) of AUC of p_a, a against b", Lo: 0, Hi: 1, Direction: Up,
			Interval: "logit with the influence variance; sums by cluster (CR1-t, CR2 below 40)", Paired: "influence of the difference on the same rows", Denominator: "all rows",
			Variant: "scikit-learn's multi_class='ovo', average='macro': not moved by the shares of the classes; exact, ties count ½; undefined when a class has no row; at most 20 classes",
			Source:  "Hand & Till 2001", NeedsProbability: true,
			build: func(Options) (measure, error) {
				return derived{spec: summary.FunctionalOf("one_vs_one"), shape: infer.Logit{}, name: "logit", lo: 0, hi: 1, edge: "perfect separation: no interval", few: fewOfClass}, nil
			}},
		{Name: "ece", Aliases: []string{"classwise_ece", "expected_calibration_error"}, Tasks: onlyMulticlass(), Title: "gap between a class's predicted probability and its observed rate, debiased",
			Formula: "by class √max(0, Σ (n_b/n)[(p̄_b − ȳ_b)² − ȳ_b(1−ȳ_b)/(n_b−1)]), 15 equal-mass bins; their mean", Lo: 0, Hi: 1, Direction: Down,
			Interval: "none", Paired: "none: compare log_loss", Denominator: "all rows",
			Variant: "each class against the rest, the mean over the classes or, with `class`, one of them; debiased root-mean-square form; the plug-in value and its noise floor are in the notes; tied probabilities share a bin",
			Source:  "Kull et al. 2019; Kumar, Liang & Ma 2019; Bröcker 2012", NeedsProbability: true, PerClass: true,
			NoInterval: "its sampling law is not normal near 0; gate on log_loss",
			build:      func(o Options) (measure, error) { return classCalibration{class: o.Class}, nil }},
	}
}

// classCalibration is the calibration error of each class against the rest: their mean, or
// one of them.
type classCalibration struct{ class string }

func (classCalibration) needs() []summary.Spec {
	return []summary.Spec{summary.FunctionalOf("classwise")}
}

func (m classCalibration) estimate(v *View, model int) Answer {
	f, n := v.Pop.FindFunctional(m.needs()[0]), v.Pop.N
	switch {
	case f == nil:
		return undefined(0, "no usable rows")
	case f.Models[model].Why != "":
		return undefined(n, f.Models[model].Why)
	case v.Set.Weighted && kish(v.Pop.W, v.Pop.W2) < 2*summary.CalibrationBins, n < 2*summary.CalibrationBins:
		return undefined(n, "too few rows for 15 bins")
	}
	bins := f.Models[model].Bins
	if m.class != "" {
		c, ok := classIndex(v, m.class)
		if !ok {
			return undefined(n, "no row has the class "+m.class)
		}
		bins = bins[c : c+1]
	}
	var ece, plain, floor float64
	for _, b := range bins {
		e, p, f := calibrationError(b)
		k := float64(len(bins))
		ece, plain, floor = ece+e/k, plain+p/k, floor+f/k
	}
	a := answered(infer.Inference{Value: ece, SE: math.NaN(), DF: math.Inf(1), Shape: infer.None{}, Method: "none"}, n)
	a.note("plug-in ECE %.4g; a perfectly calibrated model would show about %.4g on these rows", plain, floor)
	return a
}

func (m classCalibration) contrast(v *View, a, b int, k float64) Answer {
	return plainContrast(m.estimate(v, a), m.estimate(v, b), k, "no interval: compare log_loss instead")
}

func (m classCalibration) between(x, y *View, model int, ratio bool) Answer {
	return plainBetween(m.estimate(x, model), m.estimate(y, model), ratio)
}
