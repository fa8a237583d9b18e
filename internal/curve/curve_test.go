package curve

import (
	"math"
	"testing"

	"github.com/fairtrial/fairtrial/internal/summary"
)

// Ten rows: scores 9 … 0, positives at 9, 8 and 5.
func TestByHand(t *testing.T) {
	c := &summary.Cuts{Total: []int64{4, 6}, Positives: []int64{1, 2}, Models: []summary.CutModel{{Scores: []float64{8, 5, 0},
		Rows: [][]int64{{1, 1}, {2, 3}, {4, 6}}, Hits: [][]int64{{1, 1}, {1, 2}, {1, 2}}}}}
	roc := ROC(c, 0, 0.95)
	for i, want := range [][2]float64{{0, 0}, {0, 2.0 / 3}, {2.0 / 7, 1}, {1, 1}} {
		if math.Abs(float64(roc[i][0])-want[0]) > 1e-15 || math.Abs(float64(roc[i][1])-want[1]) > 1e-15 {
			t.Errorf("ROC %d: %v, want %v", i, roc[i], want)
		}
		if roc[i][2] > roc[i][1] || roc[i][3] < roc[i][1] {
			t.Errorf("ROC %d: the band misses the point: %v", i, roc[i])
		}
	}
	pr := PrecisionRecall(c, 0, 0.95)
	for i, want := range [][2]float64{{2.0 / 3, 1}, {1, 0.6}, {1, 0.3}} {
		if math.Abs(float64(pr[i][0])-want[0]) > 1e-15 || math.Abs(float64(pr[i][1])-want[1]) > 1e-15 {
			t.Errorf("precision and recall %d: %v, want %v", i, pr[i], want)
		}
	}
	if cost := Cost(c, 0, 0, 1, 8, 0); math.Abs(float64(cost[0][1])-0.8) > 1e-15 || math.Abs(float64(cost[1][1])-0.2) > 1e-15 || math.Abs(float64(cost[2][1])-0.7) > 1e-15 {
		t.Errorf("cost: %v", cost)
	}
	if r := Reliability([]summary.Bin{{N: 4, Pos: 1, SumScore: 1.2}, {}}, 0.95); len(r) != 1 || math.Abs(float64(r[0][0])-0.3) > 1e-15 || r[0][1] != 0.25 || r[0][4] != 4 {
		t.Errorf("reliability: %v", r)
	}
	c.Positives = []int64{0, 0}
	if ROC(c, 0, 0.95) != nil || PrecisionRecall(c, 0, 0.95) != nil {
		t.Error("curves of one class")
	}
}
