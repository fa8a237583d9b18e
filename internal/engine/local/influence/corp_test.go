package influence

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fairtrial/fairtrial/internal/summary"
)

// A calibrated score has no miscalibration on average, though the plain value always says
// that it has some; and the Brier score is what its parts make.
func TestCORP(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var mean, plain float64
	const draws, n = 200, 300
	for range draws {
		s := &sample{total: n}
		brier, pos := 0.0, 0.0
		for range n {
			p, y := r.Float64(), uint16(0)
			if r.Float64() < p {
				y = 1
			}
			s.score, s.class, s.weight = append(s.score, p), append(s.class, y), append(s.weight, 1)
			brier += (p - float64(y)) * (p - float64(y)) / n
			pos += float64(y) / n
		}
		e := make([][]float64, 2)
		for k := range e {
			e[k] = make([]float64, n)
		}
		v, _ := corp(s, e)
		if got := v[0] - v[1] + pos*(1-pos); math.Abs(got-brier) > 1e-12 {
			t.Fatalf("MCB − DSC + UNC is %g, the Brier score %g", got, brier)
		}
		for k := range 2 {
			sum := 0.0
			for _, x := range e[k] {
				sum += x
			}
			if math.Abs(sum) > 1e-12 {
				t.Fatalf("influences sum to %g, not 0", sum)
			}
		}
		mean, plain = mean+v[0]/draws, plain+v[2]/draws
	}
	if math.Abs(mean) > plain/5 || plain < 0.005 {
		t.Errorf("mean miscalibration of a calibrated score %g, plain %g", mean, plain)
	}
}

// Scores .1 .2 .2 .3 .4 with labels 0 1 0 0 1: .2 and .3 are pooled to a third.
func TestCORPSteps(t *testing.T) {
	s := &sample{score: []float64{0.4, 0.2, 0.1, 0.2, 0.3}, class: []uint16{1, 1, 0, 0, 0}, weight: []float64{1, 1, 1, 1, 1}}
	s.total = float64(len(s.weight))
	v, _ := corp(s, [][]float64{make([]float64, 5), make([]float64, 5)})
	want := []summary.Step{{From: 0.1, To: 0.1, Level: 0, Rows: 1}, {From: 0.2, To: 0.3, Level: 1.0 / 3, Rows: 3}, {From: 0.4, To: 0.4, Level: 1, Rows: 1}}
	if !slices.Equal(s.steps, want) {
		t.Errorf("steps %v, want %v", s.steps, want)
	}
	// S(p) = (.36 + .64 + .01 + .04 + .09)/5, S(r) = (4/9 + 1/9 + 1/9)/5, S(ȳ) = .24
	if mcb, dsc := 0.228-2.0/15, 0.24-2.0/15; math.Abs(v[2]-mcb) > 1e-15 || math.Abs(v[3]-dsc) > 1e-15 {
		t.Errorf("plain MCB %g and DSC %g, want %g and %g", v[2], v[3], mcb, dsc)
	}
}
