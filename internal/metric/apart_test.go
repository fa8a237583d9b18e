package metric_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/interval"
)

// sliced are rows of which the first k are the slice, with the views of the slice and of all.
func sliced(t *testing.T, in *metric.Instance, x *rows.Rows, k int) (slice, all *metric.View) {
	t.Helper()
	p := rows.Partition{Names: []string{"a", "b"}, Aside: make([]int64, 2), Code: make([]uint16, x.N)}
	for i := k; i < x.N; i++ {
		p.Code[i] = 1
	}
	x.Parts = []rows.Partition{p}
	all = see(t, x, []*metric.Instance{in})
	return &metric.View{Set: all.Set, Pop: all.Set.Pops[1], Seed: 1}, all
}

// A slice against the rest: the difference is that of the two means, and its error nearly that
// of Welch; of shares it is Newcombe's interval and the (N − 1) χ² test.
func TestApartIsTheSliceLessTheRest(t *testing.T) {
	in := scorer(t, metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: math.Inf(1)})
	x := scoredRows(400, false, false)
	sl, all := sliced(t, in, x, 80)
	a, ok := in.Apart(sl, all, 0)
	mean := func(v []float64) (m, se2 float64) {
		for _, y := range v {
			m += y / float64(len(v))
		}
		for _, y := range v {
			se2 += (y - m) * (y - m) / float64(len(v)-1) / float64(len(v))
		}
		return m, se2
	}
	m1, v1 := mean(x.Models[0].Score[:80])
	m2, v2 := mean(x.Models[0].Score[80:])
	if want := math.Sqrt(v1 + v2); !ok || !same(a.Value, m1-m2, 1e-12) || math.Abs(a.SE/want-1) > 0.01 || a.N != 80 {
		t.Errorf("%g ± %g, want %g ± %g", a.Value, a.SE, m1-m2, want)
	}

	in = scorer(t, metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: 1, PassFail: true})
	x = scoredRows(200, false, false)
	for i := range x.N {
		x.Models[0].Score[i] = 0
		if i < 12 || i >= 40 && i < 140 { // 12 of 40, 100 of 160
			x.Models[0].Score[i] = 1
		}
	}
	sl, all = sliced(t, in, x, 40)
	a, _ = in.Apart(sl, all, 0)
	lo, hi, _ := a.Interval(0.95)
	wantLo, wantHi := interval.Newcombe(12./40, 40, 100./160, 160, 1.959963984540054)
	chi := (200 - 1.) * math.Pow(12*60-28*100., 2) / (40 * 160 * 112 * 88) // of the table 12, 28 / 100, 60
	if want := 2 * dist.NormCDF(-math.Sqrt(chi)); !same(lo, wantLo, 1e-9) || !same(hi, wantHi, 1e-9) || math.Abs(a.PZero/want-1) > 1e-9 {
		t.Errorf("%g to %g, p %g, want %g to %g, p %g", lo, hi, a.PZero, wantLo, wantHi, want)
	}
	if a, _ := in.Apart(all, all, 0); !math.IsNaN(a.Value) {
		t.Errorf("all rows against none: %g", a.Value)
	}
}

// Where the slice is like the rest it is called different as often as said, with weights,
// clusters and shares too, and where it is not it is seen.
func TestApartKeepsItsLevel(t *testing.T) {
	const runs = 1500
	for _, c := range []struct {
		name              string
		passFail          bool
		weights, clusters bool
		n, k              int
		most              float64 // binomial error of 0.05 is 0.0056
	}{{"scores", false, false, false, 150, 30, .07}, {"weights", false, true, false, 300, 60, .07}, {"clusters", false, false, true, 360, 90, .075}, {"shares", true, false, false, 120, 24, .065}, {"shares of clusters", true, false, true, 360, 90, .075}} {
		s := metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: 1, PassFail: c.passFail}
		in, r := scorer(t, s), rand.New(rand.NewPCG(3, uint64(c.n)))
		trial := func(shift float64) bool {
			x := scoredRows(c.n, c.weights, c.clusters)
			effect := 0.0
			for i := range x.N {
				if i%3 == 0 { // the clusters' size
					effect = r.NormFloat64()
				}
				y := dist.NormCDF(r.NormFloat64())
				if c.clusters {
					y = dist.NormCDF(0.6*effect + 0.8*r.NormFloat64())
				}
				if i < c.k {
					y = math.Min(1, y+shift)
				}
				if c.passFail {
					y = math.Round(y)
				}
				x.Models[0].Score[i] = y
			}
			sl, all := sliced(t, in, x, c.k)
			a, _ := in.Apart(sl, all, 0)
			p := a.PZero
			if math.IsNaN(p) {
				p = a.TwoSided(0)
			}
			return p <= 0.05
		}
		var null, seen float64
		for range runs {
			if trial(0) {
				null += 1. / runs
			}
		}
		for range 100 {
			if trial(0.4) {
				seen += 1. / 100
			}
		}
		t.Logf("%s: alike %.3f, apart %.2f", c.name, null, seen)
		if null > c.most || null < 0.02 || seen < 0.8 {
			t.Errorf("%s: called different in %.3f where alike, in %.2f where not", c.name, null, seen)
		}
	}
}
