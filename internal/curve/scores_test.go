package curve

import (
	"math"
	"testing"

	"github.com/fairtrial/fairtrial/internal/summary"
)

func TestScoresHoldEveryRowOnce(t *testing.T) {
	c := &summary.Cuts{Total: []int64{100}, Positives: []int64{40}, Models: []summary.CutModel{{
		Scores: []float64{0.99, 0.9, 0.89, 0.5, 0.1, 0.02},
		Rows:   [][]int64{{5}, {20}, {25}, {60}, {90}, {100}},
		Hits:   [][]int64{{5}, {15}, {18}, {30}, {38}, {40}},
	}}}
	for _, top := range []float64{1, math.NaN()} {
		got := Scores(c, 0, 0.95, top)
		var pos, neg float64
		for i, p := range got {
			pos, neg = pos+float64(p[2]), neg+float64(p[5])
			if i+1 < len(got) && p[1] != got[i+1][0] {
				t.Errorf("bin %d ends at %v, the next begins at %v", i, p[1], got[i+1][0])
			}
			if !(p[3] <= p[2] && p[2] <= p[4]) {
				t.Errorf("bin %d: %v", i, p)
			}
		}
		if math.Abs(pos-1) > 1e-12 || math.Abs(neg-1) > 1e-12 {
			t.Errorf("top %v: shares add up to %v and %v", top, pos, neg)
		}
		if got[len(got)-1][1].Known() == math.IsNaN(top) {
			t.Errorf("top %v: the last bin ends at %v", top, got[len(got)-1][1])
		}
	}
	if got := Scores(c, 0, 0.95, 1); float64(got[len(got)-1][0]) != 0.89 && float64(got[len(got)-1][0]) != 0.9 {
		t.Errorf("a sliver below the top is its own bin: %v", got)
	}
}
