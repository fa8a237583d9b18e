package metric

import (
	"fmt"
	"math"
)

const bootInterval = "ABC on cells, bootstrap BCa where rows are few; CR1-t with clusters, CR2 below 40"

// Smooth functions of the 2 × 2 confusion matrix that are not plain rates.
func binaryCounts() []*Metric {
	entry := func(name, title, formula, variant, source string, lo float64, dir Direction, f functional, aliases ...string) *Metric {
		return &Metric{Name: name, Aliases: aliases, Tasks: onlyBinary(), Title: title, Formula: formula, Lo: lo, Hi: 1,
			Direction: dir, Interval: bootInterval, Paired: jointPair, Denominator: "all rows", Variant: variant,
			Source: source, NeedsDecision: true,
			build: func(Options) (measure, error) { return smooth{f: f, lo: lo, hi: 1}, nil }}
	}
	positive := func(y, d uint32) bool { return y == 1 || d == 1 }
	return []*Metric{
		entry("balanced_accuracy", "mean of recall and specificity", "½ (TP/P + TN/N)",
			"undefined when a class is absent (scikit-learn leaves the class out)", "Brodersen et al. 2010", 0, Up, balancedAccuracy),
		{Name: "f1", Aliases: []string{"f1_score"}, Tasks: onlyBinary(), Title: "harmonic mean of precision and recall",
			Formula: "2 TP / (2 TP + FP + FN)", Lo: 0, Hi: 1, Direction: Up,
			Interval: "Wilson on J = F/(2−F); ABC or bootstrap BCa with weights; CR1-t with clusters, CR2 below 40", Paired: jointPair,
			Denominator: "rows labelled or called positive", Variant: "undefined when no row is labelled or called positive (scikit-learn: 0)",
			Source: "van Rijsbergen 1979; interval: docs/statistics.md", NeedsDecision: true,
			build: func(Options) (measure, error) {
				return smooth{f: fBeta(1), f1: true, lo: 0, hi: 1, denominator: positive}, nil
			}},
		{Name: "f_beta", Aliases: []string{"fbeta_score", "fbeta"}, Tasks: onlyBinary(), Title: "weighted harmonic mean of precision and recall",
			Formula: "(1+β²) TP / ((1+β²) TP + β² FN + FP)", Lo: 0, Hi: 1, Direction: Up, Interval: bootInterval, Paired: jointPair,
			Denominator: "rows labelled or called positive", Variant: "as f1", Source: "van Rijsbergen 1979", NeedsDecision: true,
			Params: []Param{{Name: "beta", Doc: "weight of recall against precision", Required: true, Min: 0}},
			build: func(o Options) (measure, error) {
				b := o.param("beta", 1)
				if b == 0 {
					return nil, fmt.Errorf("beta must be above 0 (use precision)")
				}
				return smooth{f: fBeta(b), lo: 0, hi: 1, denominator: positive}, nil
			}},
		entry("matthews_corrcoef", "correlation of label and decision", "(TP·TN − FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN))",
			"undefined when a margin is empty (scikit-learn: 0)", "Matthews 1975; Gorodkin 2004", -1, Up, matthews, "mcc"),
		entry("cohen_kappa", "agreement of label and decision beyond chance", "(p₀ − pₑ) / (1 − pₑ)",
			"undefined when chance agreement is 1 (scikit-learn: NaN)", "Cohen 1960", -1, Up, kappa, "cohen_kappa_score", "kappa"),
		{Name: "expected_cost", Tasks: onlyBinary(), Title: "mean cost of a decision", Formula: "(cost_fp·FP + cost_fn·FN + cost_tp·TP + cost_tn·TN) / n",
			Lo: math.Inf(-1), Hi: math.Inf(1), Direction: Down, Interval: "t interval of a mean; CR1-t with clusters, CR2 below 40", Paired: "t interval of the row differences; CR1-t with clusters, CR2 below 40",
			Denominator: "all rows", Variant: "costs are the plan's", Source: "Elkan 2001", NeedsDecision: true,
			Params: []Param{
				{Name: "cost_fp", Doc: "cost of a false positive", Required: true, Min: -math.MaxFloat64},
				{Name: "cost_fn", Doc: "cost of a false negative", Required: true, Min: -math.MaxFloat64},
				{Name: "cost_tp", Doc: "cost of a true positive", Min: -math.MaxFloat64},
				{Name: "cost_tn", Doc: "cost of a true negative", Min: -math.MaxFloat64},
			},
			build: func(o Options) (measure, error) {
				f := expectedCost(o.param("cost_tn", 0), o.param("cost_fp", 0), o.param("cost_fn", 0), o.param("cost_tp", 0))
				return smooth{f: f, mean: true, lo: math.Inf(-1), hi: math.Inf(1)}, nil
			}},
	}
}

// fBeta is Fβ of class 1 with its gradient.
func fBeta(beta float64) functional {
	b2 := beta * beta
	return func(c *confusion, g *gradient) (float64, string) {
		den := b2*c.support[1] + c.called[1]
		if !(den > 0) {
			return 0, "zero denominator: no row is labelled or called positive"
		}
		f := (1 + b2) * c.hit[1] / den
		if g != nil {
			g.hit[1] = (1 + b2) / den
			g.support[1] = -f * b2 / den
			g.called[1] = -f / den
		}
		return f, ""
	}
}

// balancedAccuracy is the mean recall over all classes.
func balancedAccuracy(c *confusion, g *gradient) (float64, string) {
	k := float64(len(c.support))
	sum := 0.0
	for i, s := range c.support {
		if !(s > 0) {
			return 0, "one class only, or a class without rows"
		}
		r := c.hit[i] / s
		sum += r
		if g != nil {
			g.hit[i] = 1 / s / k
			g.support[i] = -r / s / k
		}
	}
	return sum / k, ""
}

// matthews is the K-class correlation coefficient R_K, which is φ for two classes.
func matthews(c *confusion, g *gradient) (float64, string) {
	var hits, pt, pp, tt float64
	for i := range c.support {
		hits += c.hit[i]
		pt += c.support[i] * c.called[i]
		pp += c.called[i] * c.called[i]
		tt += c.support[i] * c.support[i]
	}
	s := c.w
	num := hits*s - pt
	a, b := s*s-pp, s*s-tt
	// A margin that holds all rows leaves a or b at 0 up to rounding of the weights.
	if a <= 1e-12*s*s || b <= 1e-12*s*s {
		return 0, "zero denominator: all rows have one label or one decision"
	}
	den := math.Sqrt(a * b)
	r := num / den
	if g != nil {
		// dr = dnum/den − r/2·(da/a + db/b)
		g.all = hits/den - r/2*(2*s/a+2*s/b)
		for i := range c.support {
			g.hit[i] = s / den
			g.support[i] = -c.called[i]/den + r/2*2*c.support[i]/b
			g.called[i] = -c.support[i]/den + r/2*2*c.called[i]/a
		}
	}
	return math.Max(-1, math.Min(1, r)), ""
}

// kappa is Cohen's κ, unweighted.
func kappa(c *confusion, g *gradient) (float64, string) {
	var hits, pt float64
	for i := range c.support {
		hits += c.hit[i]
		pt += c.support[i] * c.called[i]
	}
	s := c.w
	den := s*s - pt
	if den <= 1e-12*s*s {
		return 0, "zero denominator: all rows have one label and one decision"
	}
	v := (s*hits - pt) / den
	if g != nil {
		g.all = (hits - v*2*s) / den
		for i := range c.support {
			g.hit[i] = s / den
			g.support[i] = c.called[i] * (v - 1) / den
			g.called[i] = c.support[i] * (v - 1) / den
		}
	}
	return v, ""
}

// expectedCost is the mean cost over the four cells.
func expectedCost(tn, fp, fn, tp float64) functional {
	return func(c *confusion, g *gradient) (float64, string) {
		if !(c.w > 0) {
			return 0, "no usable rows"
		}
		cTP := c.hit[1]
		cFP := c.called[1] - cTP
		cFN := c.support[1] - cTP
		cTN := c.hit[0]
		v := (tn*cTN + fp*cFP + fn*cFN + tp*cTP) / c.w
		if g != nil {
			g.all = -v / c.w
			g.hit[0] = tn / c.w
			g.hit[1] = (tp - fp - fn) / c.w
			g.called[1] = fp / c.w
			g.support[1] = fn / c.w
		}
		return v, ""
	}
}
