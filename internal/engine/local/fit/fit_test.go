package fit

import (
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/cells"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

func fitted(t *testing.T, x *rows.Rows, workers int) []*summary.Population {
	t.Helper()
	needs := []summary.Spec{summary.Of(summary.KindCounts), summary.Of(summary.KindFit)}
	pops, err := cells.Summarize(context.Background(), x, needs, 1)
	if err == nil {
		err = Summarize(context.Background(), x, needs, pops, workers)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pops
}

// Log-odds that are y = 0.4 + 1.7·logit(p) are found again, whole and slice by slice, with
// the same bits for any number of workers.
func TestFindsTheTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	x := &rows.Rows{N: 60_000, Task: cases.Binary, Classes: []string{"0", "1"}, Baseline: 1, Models: []rows.Model{{Key: "candidate"}, {Key: "baseline"}},
		Parts: []rows.Partition{{Names: []string{"a", "b", "none"}, Aside: make([]int64, 3)}}}
	for i := range x.N {
		z := -1 + 1.2*r.NormFloat64()
		y := uint16(0)
		if r.Float64() < 1/(1+math.Exp(-(0.4+1.7*z))) {
			y = 1
		}
		x.Class = append(x.Class, y)
		x.Models[0].Score = append(x.Models[0].Score, 1/(1+math.Exp(-z)))
		x.Models[1].Score = append(x.Models[1].Score, 1/(1+math.Exp(-(0.4+1.7*z)))) // perfect
		x.Parts[0].Code = append(x.Parts[0].Code, []uint16{0, 1, rows.None}[i%3])
	}
	pops := fitted(t, x, 1)
	if again := fitted(t, x, 3); !reflect.DeepEqual(pops, again) {
		t.Error("workers change a number")
	}
	for _, p := range pops[:3] {
		for m, want := range [][2]float64{{0.4, 1.7}, {0, 1}} {
			f := p.Fit.Models[m]
			if se := math.Sqrt(f.SlopeVar); math.Abs(f.Slope-want[1]) > 4*se || se > 0.03*want[1]*math.Sqrt(60_000/float64(p.N)) {
				t.Errorf("%s, model %d: slope %.4f ± %.4f, want %g", p.Slice, m, f.Slope, se, want[1])
			}
			if math.Abs(f.Intercept-want[0]) > 0.1 {
				t.Errorf("%s, model %d: intercept %.4f, want %g", p.Slice, m, f.Intercept, want[0])
			}
		}
		if b := p.Fit.Models[1]; math.Abs(b.Shift) > 4*math.Sqrt(b.ShiftVar) {
			t.Errorf("%s: a perfect model is shifted by %.4f ± %.4f", p.Slice, b.Shift, math.Sqrt(b.ShiftVar))
		}
	}
	if f := pops[3].Fit.Models[0]; f.WhySlope == "" || f.Slope != 0 {
		t.Errorf("a slice without rows: %+v", f)
	}
}

func TestWithoutAFit(t *testing.T) {
	for what, tc := range map[string]struct {
		score []float64
		class []uint16
		says  string
	}{
		"one class":  {[]float64{0.1, 0.2, 0.3}, []uint16{1, 1, 1}, "one class only"},
		"separated":  {[]float64{0.1, 0.2, 0.8, 0.9}, []uint16{0, 0, 1, 1}, "separate the classes"},
		"constant":   {[]float64{0.3, 0.3, 0.3, 0.3}, []uint16{0, 1, 0, 1}, "the scores are constant"},
		"certain":    {[]float64{0, 0.5, 0.6, 0.9}, []uint16{0, 0, 1, 1}, "1 rows have a probability of exactly 0 or 1"},
		"turned":     {[]float64{0.9, 0.8, 0.2, 0.1}, []uint16{0, 0, 1, 1}, "separate the classes"},
		"almost all": {[]float64{1e-300, 0.2, 0.7, 0.3}, []uint16{1, 0, 1, 0}, ""},
	} {
		x := &rows.Rows{N: len(tc.score), Task: cases.Binary, Classes: []string{"0", "1"}, Baseline: -1, Class: tc.class, Models: []rows.Model{{Key: "candidate", Score: tc.score}}}
		f := fitted(t, x, 1)[0].Fit.Models[0]
		if tc.says == "" && (math.IsNaN(f.Slope) || math.IsInf(f.Slope, 0)) || !strings.Contains(f.WhySlope, tc.says) {
			t.Errorf("%s: %+v", what, f)
		}
		if f.WhySlope != "" && (f.Slope != 0 || f.SlopeVar != 0) {
			t.Errorf("%s: without a fit there are numbers: %+v", what, f)
		}
	}
}
