package metric

import (
	"fmt"
	"math"
	"strconv"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/summary"
)

func onlyMulticlass() []cases.Task { return []cases.Task{cases.Multiclass} }

// Metrics of a K × K confusion matrix and of class probabilities.
func multiclass() []*Metric {
	averaged := func(name, title, formula, empty string, num func(c *confusion, i int) float64, kind classKind) *Metric {
		return &Metric{Name: name, Tasks: onlyMulticlass(), Title: title, Formula: formula, Lo: 0, Hi: 1, Direction: Up,
			Interval: bootInterval + "; Wilson for one class of precision and recall", Paired: jointPair, Denominator: "all rows; for one class its own",
			Variant: "macro (default): mean over all classes that occur as a label or a decision anywhere in the data; a class without a denominator makes it undefined (scikit-learn: 0). weighted: by label counts. micro: over all rows at once, which equals accuracy. `class` gives one class",
			Source:  "Sokolova & Lapalme 2009; Opitz & Burst 2019", NeedsDecision: true, Averages: []string{"macro", "weighted", "micro"}, PerClass: true,
			build: func(o Options) (measure, error) {
				if o.Class != "" {
					switch kind {
					case classPrecision:
						return rate{num: labelled, den: called, class: o.Class, empty: "zero denominator: no row is called " + o.Class}, nil
					case classRecall:
						return rate{num: called, den: labelled, sameRows: true, class: o.Class, empty: "no row has the class " + o.Class}, nil
					}
					return smooth{lo: 0, hi: 1, class: o.Class, bind: func(classes []string) (functional, string) {
						for i, c := range classes {
							if c == o.Class {
								return oneClassF1(i), ""
							}
						}
						return nil, "no row has the class " + o.Class
					}}, nil
				}
				if o.Average == "micro" {
					return smooth{f: microAverage, lo: 0, hi: 1}, nil
				}
				return smooth{f: classAverage(kind, o.Average == "weighted"), lo: 0, hi: 1}, nil
			}}
	}
	ordinal := func(name, formula string, cost func(y, d uint32) float64) *Metric {
		return &Metric{Name: name, Tasks: onlyMulticlass(), Title: "agreement beyond chance of ordered classes, near misses counted in part", Formula: formula,
			Lo: -1, Hi: 1, Direction: Up, Interval: bootInterval, Paired: jointPair, Denominator: "all rows", NeedsDecision: true,
			Variant: "classes must be numbers, in whose order they stand; undefined when chance agreement is perfect (scikit-learn: NaN)", Source: "Cohen 1968; Fleiss et al. 1969",
			build: func(Options) (measure, error) {
				return smooth{lo: -1, hi: 1, weigh: cost, bind: func(classes []string) (functional, string) {
					for _, c := range classes {
						if _, err := strconv.ParseFloat(c, 64); err != nil {
							return nil, "the classes have no order: " + c + " is not a number"
						}
					}
					return weightedKappa(cost), ""
				}}, nil
			}}
	}
	return []*Metric{
		{Name: "accuracy", Tasks: onlyMulticlass(), Title: "share of rows decided rightly", Formula: "correct / n", Lo: 0, Hi: 1, Direction: Up,
			Interval: rateInterval, Paired: sameRowsPair, Denominator: "all rows", Variant: "equals micro precision, recall and F1", Source: "Wilson 1927; Tango 1998", NeedsDecision: true,
			build: func(Options) (measure, error) {
				return rate{num: agree, den: everyRow, sameRows: true, empty: "no usable rows"}, nil
			}},
		{Name: "balanced_accuracy", Tasks: onlyMulticlass(), Title: "mean recall over the classes", Formula: "mean over classes of hits/rows", Lo: 0, Hi: 1, Direction: Up,
			Interval: bootInterval, Paired: jointPair, Denominator: "all rows", Variant: "undefined when a class has no row (scikit-learn leaves it out)", Source: "Brodersen et al. 2010", NeedsDecision: true,
			build: func(Options) (measure, error) { return smooth{f: balancedAccuracy, lo: 0, hi: 1}, nil }},
		averaged("precision", "share of a class's calls that are right, averaged", "mean over classes of hits/called", "", nil, classPrecision),
		averaged("recall", "share of a class's rows that are found, averaged", "mean over classes of hits/rows", "", nil, classRecall),
		averaged("f1", "harmonic mean of precision and recall, averaged", "mean over classes of 2·hits/(rows+called)", "", nil, classF1),
		{Name: "matthews_corrcoef", Aliases: []string{"mcc"}, Tasks: onlyMulticlass(), Title: "correlation of label and decision", Formula: "R_K", Lo: -1, Hi: 1, Direction: Up,
			Interval: bootInterval, Paired: jointPair, Denominator: "all rows", Variant: "undefined when all rows have one label or one decision (scikit-learn: 0)", Source: "Gorodkin 2004", NeedsDecision: true,
			build: func(Options) (measure, error) { return smooth{f: matthews, lo: -1, hi: 1}, nil }},
		{Name: "cohen_kappa", Aliases: []string{"cohen_kappa_score", "kappa"}, Tasks: onlyMulticlass(), Title: "agreement of label and decision beyond chance", Formula: "(p₀ − pₑ) / (1 − pₑ)", Lo: -1, Hi: 1, Direction: Up,
			Interval: bootInterval, Paired: jointPair, Denominator: "all rows", Variant: "undefined when chance agreement is 1 (scikit-learn: NaN)", Source: "Cohen 1960", NeedsDecision: true,
			build: func(Options) (measure, error) { return smooth{f: kappa, lo: -1, hi: 1}, nil }},
		ordinal("linear_kappa", "1 − Σ|i − j|·observed / Σ|i − j|·by chance", linearCost),
		ordinal("quadratic_kappa", "1 − Σ(i − j)²·observed / Σ(i − j)²·by chance", quadraticCost),
		{Name: "top_k_accuracy", Aliases: []string{"top_k_accuracy_score"}, Tasks: onlyMulticlass(), Title: "share of rows whose class is among the k most probable", Formula: "mean of: true class within the first k",
			Lo: 0, Hi: 1, Direction: Up, Interval: meanInterval, Paired: meanPair, Denominator: "all rows", Variant: "classes of equal probability share the places that are left: the value expected under any order of ties (scikit-learn: the order of the columns)",
			Source: "Student 1908", NeedsProbability: true, Params: []Param{{Name: "k", Doc: "how many classes", Required: true, Min: 1, Max: 100, Whole: true}},
			build: func(o Options) (measure, error) {
				worst, best := 0.0, 1.0
				return mean{terms: []summary.Expr{summary.TopK(int(o.param("k", 1)))}, lo: 0, hi: 1, worst: &worst, best: &best}, nil
			}},
		{Name: "log_loss", Aliases: []string{"cross_entropy"}, Tasks: onlyMulticlass(), Title: "mean negative log-likelihood of the label", Formula: "−mean(ln p of the true class)",
			Lo: 0, Hi: math.Inf(1), Direction: Down, Interval: meanInterval, Paired: meanPair, Denominator: "all rows", Variant: "p is clipped to [ε, 1−ε], ε = 2⁻⁵²; no renormalisation", Source: "Good 1952", NeedsProbability: true,
			build: func(Options) (measure, error) {
				return mean{terms: []summary.Expr{summary.LogLoss, summary.Clipped}, lo: 0, hi: math.Inf(1), notes: countNote("rows had their probability clipped")}, nil
			}},
		{Name: "roc_auc", Aliases: []string{"roc_auc_ovr"}, Tasks: onlyMulticlass(), Title: "one-vs-rest ROC AUC, mean over the classes", Formula: "mean over classes of AUC(class against the rest)",
			Lo: 0, Hi: 1, Direction: Up, Interval: "logit with the influence variance of the average; sums by cluster (CR1-t, CR2 below 40)", Paired: "influence of the difference on the same rows", Denominator: "all rows",
			Variant: "macro average (scikit-learn: multi_class=\"ovr\"); undefined when a class has no row; `class` gives one class", Source: "Provost & Domingos 2000; DeLong et al. 1988",
			NeedsProbability: true, PerClass: true,
			build: func(o Options) (measure, error) { return classRank{class: o.Class}, nil }},
	}
}

type classKind int

const (
	classPrecision classKind = iota
	classRecall
	classF1
)

func oneClassF1(i int) functional {
	return func(c *confusion, g *gradient) (float64, string) {
		den := c.support[i] + c.called[i]
		if !(den > 0) {
			return 0, "zero denominator: no row is labelled or called this class"
		}
		f := 2 * c.hit[i] / den
		if g != nil {
			g.hit[i] = 2 / den
			g.support[i] = -f / den
			g.called[i] = -f / den
		}
		return f, ""
	}
}

// classAverage is the macro or support-weighted average of a per-class ratio
// hit/den. Weighted averages need no ratio for a class without support.
func classAverage(kind classKind, weighted bool) functional {
	return func(c *confusion, g *gradient) (float64, string) {
		k := float64(len(c.support))
		total := 0.0
		for i := range c.support {
			var num, den, ds, dc, dh float64 // ratio = num/den; derivatives of den by support and called
			num, dh = c.hit[i], 1
			switch kind {
			case classPrecision:
				den, dc = c.called[i], 1
			case classRecall:
				den, ds = c.support[i], 1
			case classF1:
				num, dh = 2*c.hit[i], 2
				den, ds, dc = c.support[i]+c.called[i], 1, 1
			}
			weight := 1 / k
			if weighted {
				weight = c.support[i] / c.w
				if weight == 0 {
					continue
				}
			}
			if !(den > 0) {
				return 0, fmt.Sprintf("zero denominator: class %d of %d has no row to count", i+1, len(c.support))
			}
			r := num / den
			total += weight * r
			if g != nil {
				g.hit[i] += weight * dh / den
				g.support[i] += -weight * r * ds / den
				g.called[i] += -weight * r * dc / den
				if weighted {
					g.support[i] += r / c.w
				}
			}
		}
		if g != nil && weighted {
			g.all += -total / c.w
		}
		return total, ""
	}
}

// microAverage is the share of rows decided rightly: what precision, recall and F1 are
// when all classes are counted at once.
func microAverage(c *confusion, g *gradient) (float64, string) {
	hits := 0.0
	for _, h := range c.hit {
		hits += h
	}
	if g != nil {
		for i := range g.hit {
			g.hit[i] = 1 / c.w
		}
		g.all = -hits / (c.w * c.w)
	}
	return hits / c.w, ""
}

func linearCost(y, d uint32) float64    { return math.Abs(float64(y) - float64(d)) }
func quadraticCost(y, d uint32) float64 { return (float64(y) - float64(d)) * (float64(y) - float64(d)) }

// weightedKappa is 1 − L/E: the cost seen over the cost if label and decision were
// independent.
func weightedKappa(cost func(y, d uint32) float64) functional {
	return func(c *confusion, g *gradient) (float64, string) {
		chance := 0.0
		for i, s := range c.support {
			for k, n := range c.called {
				chance += cost(uint32(i), uint32(k)) * s * n / c.w
			}
		}
		if !(chance > 0) {
			return 0, "agreement by chance is perfect: all rows have one label and one decision"
		}
		if g != nil {
			g.loss = -1 / chance
			g.all = -c.loss / (chance * c.w)
			by := c.loss / (chance * chance) / c.w
			for i := range c.support {
				for k := range c.called {
					g.support[i] += by * cost(uint32(i), uint32(k)) * c.called[k]
					g.called[k] += by * cost(uint32(i), uint32(k)) * c.support[i]
				}
			}
		}
		return 1 - c.loss/chance, ""
	}
}
