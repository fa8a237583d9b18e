package metric

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/summary"
)

func onlyMulticlass() []cases.Task { return []cases.Task{cases.Multiclass} }

// Metrics of a K × K confusion matrix and of class probabilities.
func multiclass() []*Metric {
	averaged := func(name, title, formula, empty string, num func(c *confusion, i int) float64, kind classKind) *Metric {
		return &Metric{Name: name, Tasks: onlyMulticlass(), Title: title, Formula: formula, Lo: 0, Hi: 1, Direction: Up,
			Interval: bootInterval + "; Wilson for one class of precision and recall", Paired: jointPair, Denominator: "all rows; for one class its own",
			Variant: "macro (default): mean over all classes that occur as a label or a decision anywhere in the data; a class without a denominator makes it undefined (scikit-learn: 0). weighted: by label counts. `class` gives one class",
			Source:  "Sokolova & Lapalme 2009; Opitz & Burst 2019", NeedsDecision: true, Averages: []string{"macro", "weighted"}, PerClass: true,
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
				return smooth{f: classAverage(kind, o.Average == "weighted"), lo: 0, hi: 1}, nil
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
		{Name: "log_loss", Aliases: []string{"cross_entropy"}, Tasks: onlyMulticlass(), Title: "mean negative log-likelihood of the label", Formula: "−mean(ln p of the true class)",
			Lo: 0, Hi: math.Inf(1), Direction: Down, Interval: meanInterval, Paired: meanPair, Denominator: "all rows", Variant: "p is clipped to [ε, 1−ε], ε = 2⁻⁵²; no renormalisation", Source: "Good 1952", NeedsProbability: true,
			build: func(Options) (measure, error) {
				return mean{terms: []summary.Expr{summary.LogLoss, summary.Clipped}, lo: 0, hi: math.Inf(1), notes: countNote("rows had their probability clipped")}, nil
			}},
		{Name: "roc_auc", Aliases: []string{"roc_auc_ovr"}, Tasks: onlyMulticlass(), Title: "one-vs-rest ROC AUC, mean over the classes", Formula: "mean over classes of AUC(class against the rest)",
			Lo: 0, Hi: 1, Direction: Up, Interval: "logit with the influence variance of the average; sums by cluster (CR1-t) with clusters", Paired: "influence of the difference on the same rows", Denominator: "all rows",
			Variant: "macro average (scikit-learn: multi_class=\"ovr\"); undefined when a class has no row; `class` gives one class", Source: "Provost & Domingos 2000; DeLong et al. 1988",
			NeedsProbability: true, NoWeights: noWeightsYet, PerClass: true,
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

var _ = summary.KindCounts
