package metric_test

import (
	"math"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
)

// Vectors by hand for what no library computes as it is defined here: docs/conformance.md
// names this file.
func TestVectors(t *testing.T) {
	half := 0.5
	// A true positive, a false positive, a false negative and two true negatives.
	binary := &rows.Rows{N: 5, Task: cases.Binary, Baseline: 1, Classes: []string{"0", "1"}, Class: []uint16{1, 0, 1, 0, 0}}
	// Fifteen bins of two rows at p = (i + ½)/15, no positive: Σp²/15 = 15·(4·15² − 1)/12/15³.
	binned := &rows.Rows{N: 30, Task: cases.Binary, Baseline: 1, Classes: []string{"0", "1"}, Class: make([]uint16, 30)}
	classes := &rows.Rows{N: 30, Task: cases.Multiclass, Baseline: 1, Classes: []string{"0", "1"}, Class: make([]uint16, 30)}
	tied := &rows.Rows{N: 3, Task: cases.Multiclass, Baseline: 1, Classes: []string{"0", "1", "2"}, Class: []uint16{0, 1, 2}}
	// Errors 1, −2, 0, 3.
	numbers := &rows.Rows{N: 4, Task: cases.Regression, Baseline: 1, Target: []float64{1, 4, 5, -3}, Pivot: 5}
	for range 2 {
		binary.Models = append(binary.Models, rows.Model{Threshold: &half, Score: []float64{0.9, 0.8, 0.2, 0.1, 0.3}})
		b, c := rows.Model{Threshold: &half}, rows.Model{Decision: make([]uint16, 30), Probs: make([][]float64, 2)}
		for i := range 30 {
			p := (float64(i/2) + 0.5) / 15
			b.Score = append(b.Score, p)
			c.Probs[0], c.Probs[1] = append(c.Probs[0], 1-p), append(c.Probs[1], p)
		}
		binned.Models, classes.Models = append(binned.Models, b), append(classes.Models, c)
		// Two classes share the second place of row 0; row 1 is third; row 2 is first.
		tied.Models = append(tied.Models, rows.Model{Decision: []uint16{1, 2, 2}, Probs: [][]float64{{0.2, 0.3, 0.1}, {0.6, 0.1, 0.1}, {0.2, 0.6, 0.8}}})
		numbers.Models = append(numbers.Models, rows.Model{Score: []float64{2, 2, 5, 0}, Level: 0.8, Ends: [][]float64{{1, 0, 6, -2}, {3, 4, 8, -1}}})
	}
	ece := math.Sqrt(15 * (4*225 - 1) / 12.0 / 3375)
	for _, v := range []struct {
		name    string
		rows    *rows.Rows
		options metric.Options
		want    float64
	}{
		{"false_positive_rate", binary, metric.Options{}, 1.0 / 3},
		{"false_negative_rate", binary, metric.Options{}, 1.0 / 2},
		{"selection_rate", binary, metric.Options{}, 2.0 / 5},
		{"prevalence", binary, metric.Options{}, 2.0 / 5},
		{"expected_cost", binary, metric.Options{Params: map[string]float64{"cost_fp": 1, "cost_fn": 8}}, 9.0 / 5},
		{"brier_uncertainty", binary, metric.Options{}, 0.4 * 0.6},
		{"ece", binned, metric.Options{}, ece},
		{"ece", classes, metric.Options{}, ece},
		{"ece", classes, metric.Options{Class: "1"}, ece},
		{"top_k_accuracy", tied, metric.Options{Params: map[string]float64{"k": 2}}, (0.5 + 0 + 1) / 3},
		{"mean_error", numbers, metric.Options{}, 2.0 / 4},
		{"smape", numbers, metric.Options{}, (2.0/3 + 4.0/6 + 0 + 6.0/3) / 4},
		{"wape", numbers, metric.Options{}, 6.0 / 13},
		{"interval_coverage", numbers, metric.Options{}, 2.0 / 4},              // both ends belong to it
		{"interval_width", numbers, metric.Options{}, (2.0 + 4 + 2 + 1) / 4},   //
		{"interval_score", numbers, metric.Options{}, (2.0 + 4 + 12 + 11) / 4}, // 10 for each unit outside
		{"spearman", numbers, metric.Options{}, 4.5 / math.Sqrt(5*4.5)},        // ranks 2 3 4 1 and 2½ 2½ 4 1
		{"precision_at_count", binary, metric.Options{Params: map[string]float64{"count": 2}}, 0.5},
	} {
		v.options.Task = v.rows.Task
		in, err := metric.NewCatalogue().Build(v.name, "", v.options)
		if err != nil {
			t.Fatal(err)
		}
		if a := in.Estimate(see(t, v.rows, []*metric.Instance{in}), 0); !same(a.Value, v.want, 1e-12) {
			t.Errorf("%s %+v is %.15g %v, by hand %.15g", v.name, v.options, a.Value, a.Notes, v.want)
		}
	}
}
