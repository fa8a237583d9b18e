package eval

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/curve"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// curveCuts is the number of thresholds that curves are drawn through.
const curveCuts = 200

// needsCuts adds what curves are made of, for binary scores without weights.
func (s *Setup) needsCuts(specs []summary.Spec) []summary.Spec {
	if s.Plan.Task != cases.Binary || s.Plan.Data.Columns.Weight != "" {
		return specs
	}
	return append(specs, summary.CutsOf(curveCuts, 1))
}

// curves are over all rows, each model's.
func (j *judgement) curves(seed uint64) []record.Curve {
	out := []record.Curve{}
	all := j.set.Pops[0]
	add := func(kind, model string, p curve.Points) {
		if len(p) > 0 {
			out = append(out, record.Curve{Kind: kind, Model: model, Slice: result.Overall, Points: p})
		}
	}
	if all.Cuts == nil {
		return out
	}
	level := j.Plan.Confidence
	for m, model := range j.Models {
		add("roc", model.Key, curve.ROC(all.Cuts, m, level))
		add("precision_recall", model.Key, curve.PrecisionRecall(all.Cuts, m, level))
		if all.Rank != nil && model.HasProbabilities(cases.Binary) && j.probabilities(m) {
			add("reliability", model.Key, curve.Reliability(all.Rank.Models[m].Bins, level))
		}
		if f := all.FindFunctional(summary.FunctionalOf("corp")); f != nil {
			var right curve.Points
			if j.set.Pops[0].Blocks == nil { // labels of one cluster are not drawn by themselves
				right = curve.Consistency(all.Cuts, m, level, seed, model.Key)
			}
			add("isotonic", model.Key, curve.Isotonic(f.Models[m].Steps, right))
		}
		top := math.NaN()
		if model.HasProbabilities(cases.Binary) && j.probabilities(m) {
			top = 1
		}
		add("scores", model.Key, curve.Scores(all.Cuts, m, level, top))
		for _, x := range j.Plan.Metrics {
			if x.Metric == "expected_cost" {
				p := x.Params
				add("cost", model.Key, curve.Cost(all.Cuts, m, p["cost_tp"], p["cost_fp"], p["cost_fn"], p["cost_tn"]))
				break
			}
		}
	}
	return out
}

// probabilities: the plan reads the model's scores as such, so that they lie in [0, 1].
func (j *judgement) probabilities(m int) bool {
	return m < len(j.Request.NeedProbability) && j.Request.NeedProbability[m]
}
