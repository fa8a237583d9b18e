package metric

import (
	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

const fewOfClass = "fewer than 30 rows of one class: intervals near 1 are too short"

// Metrics of a part of the order of scores.
func binaryPartial() []*Metric {
	return []*Metric{
		{Name: "partial_roc_auc", Aliases: []string{"partial_auc", "pauc"}, Tasks: onlyBinary(), Title: "area under the ROC curve where few negatives are called, against chance",
			Formula: "½ + ½ (A − u²/2) / (u − u²/2), A the area up to the false-positive rate u = max_fpr", Lo: 0, Hi: 1, Direction: Up,
			Interval: "logit with the influence variance; sums by cluster (CR1-t, CR2 below 40)", Paired: "influence of the difference on the same rows", Denominator: "all rows",
			Variant: "scikit-learn's roc_auc_score with max_fpr: ½ by chance, 1 when perfect; the curve is a straight line through tied scores and up to max_fpr; undefined with one class",
			Source:  "McClish 1989; Dodd & Pepe 2003; influence: docs/statistics.md",
			Params:  []Param{{Name: "max_fpr", Doc: "the largest false-positive rate that counts", Required: true, Min: 0.0001, Max: 1}},
			build: func(o Options) (measure, error) {
				return derived{spec: summary.FunctionalOf("partial_auc", o.param("max_fpr", 1)), shape: infer.Logit{}, name: "logit", lo: 0, hi: 1,
					edge: "perfect separation up to this rate: no error can be seen in the order itself", few: fewOfClass}, nil
			}},
	}
}
