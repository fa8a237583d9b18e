package metric_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
)

func scorerQuantile(t *testing.T, q float64) *metric.Instance {
	t.Helper()
	s := metric.Scorer{Name: "s", Direction: metric.Down, Lo: 0, Hi: math.Inf(1)}
	in, err := metric.NewCatalogue().With([]metric.Scorer{s}).Build(cases.QuantileOf("s"), "", metric.Options{Task: cases.Generation, Params: map[string]float64{"q": q}})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// latencies are rows of one model without a baseline.
func latencies(x ...float64) *rows.Rows {
	return &rows.Rows{N: len(x), Task: cases.Generation, Baseline: -1, Models: []rows.Model{{Key: "candidate"}},
		Given: map[string]*rows.Given{"s": {Scores: map[string][]float64{"candidate": x}, Ungraded: make([]bool, len(x))}}}
}

// Values by numpy.quantile's definition: of the squares of 1 to 10 the rank 0.95·9 + 1 = 9.55
// lies between 81 and 100.
func TestScorerQuantileIsNumpys(t *testing.T) {
	for q, want := range map[float64]float64{0.5: 30.5, 0.9: 82.9, 0.95: 91.45, 0.99: 98.29} {
		in := scorerQuantile(t, q)
		v := see(t, latencies(100, 1, 81, 4, 64, 9, 49, 16, 36, 25), []*metric.Instance{in})
		if a := in.Estimate(v, 0); !same(a.Value, want, 1e-12) || a.N != 10 {
			t.Errorf("quantile %g is %g of %d rows, want %g of 10", q, a.Value, a.N, want)
		}
	}
	x := latencies(1, 2, 3)
	x.Given["s"].Ungraded = []bool{true, true, true}
	in := scorerQuantile(t, 0.9)
	if a := in.Estimate(see(t, x, []*metric.Instance{in}), 0); !math.IsNaN(a.Value) || a.Notes[0] != "no row was graded" {
		t.Errorf("without a graded row: %+v", a)
	}
}

// A quantile of scores is that of the errors of a regression with the same numbers, on the
// graded rows alone: value, error and paired difference, with weights and clusters.
func TestScorerQuantileLeavesUngradedOut(t *testing.T) {
	for _, way := range []struct{ weights, clusters bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		for _, q := range []float64{0.5, 0.9} {
			t.Run(fmt.Sprint(way, q), func(t *testing.T) {
				x := scoredRows(300, way.weights, way.clusters)
				kept := gradedAlone(x)
				in := scorerQuantile(t, q)
				plain, err := metric.NewCatalogue().Build("absolute_error_quantile", "", metric.Options{Task: cases.Regression, Params: map[string]float64{"q": q}})
				if err != nil {
					t.Fatal(err)
				}
				v, w := see(t, x, []*metric.Instance{in}), see(t, kept, []*metric.Instance{plain})
				lost := int64(x.N - kept.N)
				v.Pop.Ungraded = map[string]int64{"s": lost}
				for _, pair := range [][2]metric.Answer{{in.Estimate(v, 0), plain.Estimate(w, 0)}, {in.Contrast(v, 0, 1, 1), plain.Contrast(w, 0, 1, 1)}} {
					a, b := pair[0], pair[1]
					if !same(a.Value, b.Value, 1e-12) || !same(a.SE, b.SE, 1e-10) || math.IsNaN(a.SE) || a.DF != b.DF || a.N != b.N || a.Ungraded != lost || a.Method != b.Method {
						t.Errorf("%+v, of the graded rows alone %+v", a, b)
					}
				}
			})
		}
	}
}

// The interval of latency_p95 covers the true quantile as often as it says, with latencies
// that are log-normal and a tenth of the rows ungraded, and so does the paired difference of
// two models whose latencies go together.
func TestScorerQuantileCovers(t *testing.T) {
	const runs, n = 1500, 400
	r := rand.New(rand.NewPCG(5, 95))
	in := scorerQuantile(t, 0.95)
	true95 := math.Exp(1.6448536269514722)
	var hit, paired int
	for range runs {
		x := latencies(make([]float64, n)...)
		x.Baseline, x.Models = 1, append(x.Models, rows.Model{Key: "baseline"})
		g := x.Given["s"]
		g.Scores["baseline"] = make([]float64, n)
		for i := range n {
			both := r.NormFloat64()
			g.Scores["candidate"][i] = math.Exp(math.Sqrt(0.5)*both + math.Sqrt(0.5)*r.NormFloat64())
			g.Scores["baseline"][i] = math.Exp(math.Sqrt(0.5)*both + math.Sqrt(0.5)*r.NormFloat64())
			g.Ungraded[i] = r.Float64() < 0.1
		}
		v := see(t, x, []*metric.Instance{in})
		if lo, hi, ok := in.Estimate(v, 0).Interval(0.95); ok && lo <= true95 && true95 <= hi {
			hit++
		}
		if lo, hi, ok := in.Contrast(v, 0, 1, 1).Interval(0.95); ok && lo <= 0 && 0 <= hi {
			paired++
		}
	}
	// Binomial: 0.95 ± 4·0.0056; order statistics are a little conservative.
	for what, k := range map[string]int{"interval": hit, "paired difference": paired} {
		share := float64(k) / runs
		t.Logf("%s: %.3f", what, share)
		if share < 0.93 || share > 0.985 {
			t.Errorf("%s covers %.3f, want 0.95", what, share)
		}
	}
}
