package isotonic

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fairtrial/fairtrial/internal/stat/resample"
)

// The regression by its definition: the largest over beginnings of the least over ends of
// the mean between.
func TestIsotonicIsMaxMin(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 200 {
		groups := make([]Pool, 1+r.IntN(12))
		for k := range groups {
			groups[k].Weight = float64(1 + r.IntN(4))
			groups[k].Hits = float64(r.IntN(int(groups[k].Weight) + 1))
		}
		got := make([]float64, len(groups))
		Fit(groups, got, nil)
		for k := range groups {
			want := math.Inf(-1)
			for i := 0; i <= k; i++ {
				least, hits, rows := math.Inf(1), 0.0, 0.0
				for j := i; j < len(groups); j++ {
					hits, rows = hits+groups[j].Hits, rows+groups[j].Weight
					if j >= k {
						least = math.Min(least, hits/rows)
					}
				}
				want = math.Max(want, least)
			}
			if math.Abs(got[k]-want) > 1e-15 {
				t.Fatalf("groups %v: level %d is %g, want %g", groups, k, got[k], want)
			}
		}
	}
}

// Labels drawn with the probabilities have a fit inside the band as often as it says, at each
// place, and those of a score that is too bold lie outside it.
func TestConsistencyBandHoldsCalibratedFits(t *testing.T) {
	const groups, rows, trials = 60, 20, 600
	p, n := make([]float64, groups), make([]int64, groups)
	for k := range p {
		p[k], n[k] = 0.01+0.98*math.Pow(float64(k)/groups, 2), rows
	}
	lower, upper := Consistency(p, n, 0.95, resample.NewRNG(1, "band"))
	r := rand.New(rand.NewPCG(4, 4))
	inside := func(bold float64) (all, worst float64) {
		in := make([]float64, groups)
		for range trials {
			drawn, fit := make([]Pool, groups), make([]float64, groups)
			for k := range drawn {
				drawn[k].Weight = rows
				for range rows {
					if r.Float64() < 0.5+(p[k]-0.5)*bold {
						drawn[k].Hits++
					}
				}
			}
			Fit(drawn, fit, nil)
			for k, x := range fit {
				if lower[k] <= x && x <= upper[k] {
					in[k] += 1. / trials
					all += 1. / trials / groups
				}
			}
		}
		return all, slices.Min(in)
	}
	// 400 draws have 10 beyond each end; their own error is about 1.1 points a place.
	if all, worst := inside(1); all < 0.935 || all > 0.97 || worst < 0.89 {
		t.Errorf("calibrated fits lie inside in %.3f, at one place in %.3f", all, worst)
	}
	if all, _ := inside(0.5); all > 0.6 {
		t.Errorf("fits of a score that is too bold lie inside in %.3f", all)
	}
}
