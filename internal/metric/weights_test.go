package metric_test

import (
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
)

// Weighted order metrics by hand.
func TestWeightsByHand(t *testing.T) {
	build := func(task cases.Task, name string, params map[string]float64) *metric.Instance {
		in, err := metric.NewCatalogue().Build(name, "", metric.Options{Task: task, Params: params})
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	half := 0.5
	// Errors 1 2 3 4 of weights 1 1 1 3: half of the weight is met between 3 and 4. Kish's
	// rows are 36/12 = 3; the quarter of type 7 is the mean over [0.5, 1.5] of 3, in which 2
	// and 3 have equal parts.
	reg := &rows.Rows{N: 4, Task: cases.Regression, Baseline: -1, Target: []float64{0, 0, 0, 0}, Weight: []float64{3, 1, 1, 1}, Models: []rows.Model{{Key: "candidate", Score: []float64{4, 1, -3, 2}}}}
	// Shares of weight up to .1 .2 .3 .4: negatives 1/4 1/4 1 1, positives 0 1/2 1/2 1.
	bin := &rows.Rows{N: 4, Task: cases.Binary, Baseline: -1, Classes: []string{"0", "1"}, Class: []uint16{1, 0, 1, 0}, Weight: []float64{1, 3, 1, 1}, Models: []rows.Model{{Key: "candidate", Threshold: &half, Score: []float64{0.4, 0.3, 0.2, 0.1}}}}
	for _, tc := range []struct {
		x    *rows.Rows
		in   *metric.Instance
		want float64
	}{
		{reg, build(cases.Regression, "median_absolute_error", nil), 3.5},
		{reg, build(cases.Regression, "absolute_error_quantile", map[string]float64{"q": 0.25}), 2.5},
		{reg, build(cases.Regression, "max_error", nil), 4},
		{bin, build(cases.Binary, "ks", nil), 0.5},
		{bin, build(cases.Binary, "precision_at", map[string]float64{"share": 0.7}), 0.25}, // .4 and .3 are 4 of 6
		{bin, build(cases.Binary, "recall_at", map[string]float64{"share": 0.7}), 0.5},
	} {
		if got := tc.in.Estimate(see(t, tc.x, []*metric.Instance{tc.in}), 0); !same(tc.want, got.Value, 1e-14) {
			t.Errorf("%s is %g, want %g (%v)", tc.in.As, got.Value, tc.want, got.Notes)
		}
	}
}
