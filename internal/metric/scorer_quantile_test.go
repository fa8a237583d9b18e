package metric_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/stat/dist"
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

// Few rows: the interval of a quantile, and that of the difference of two models whose values
// go together more or less, or are rounded so that many are tied, hold the truth at least as
// often as they say, or are not there. A normal interval of the difference held it in 74 % of
// trials of ten rows.
func TestScorerQuantileCoversFewRows(t *testing.T) {
	const runs = 500
	for _, c := range []struct {
		q    float64
		n    int
		rho  float64
		step float64 // values are rounded down to it; 0: not
	}{{.5, 10, .99, 0}, {.5, 20, .9, 0}, {.5, 50, .99, 0}, {.5, 200, .5, 0}, {.95, 80, .99, 0}, {.95, 200, .9, 0}, {.95, 200, 0, 0}, {.5, 100, .9, 1}, {.95, 200, .9, 1}} {
		in, r := scorerQuantile(t, c.q), rand.New(rand.NewPCG(uint64(c.n), uint64(1000*c.rho)))
		round := func(x float64) float64 {
			if c.step > 0 {
				return c.step * math.Floor(x/c.step)
			}
			return x
		}
		truth := round(3 * math.Exp(0.8*dist.NormQuantile(c.q)))
		var hit, paired, zero int
		for range runs {
			x := latencies(make([]float64, c.n)...)
			x.Baseline, x.Models = 1, append(x.Models, rows.Model{Key: "baseline"})
			g := x.Given["s"]
			g.Scores["baseline"] = make([]float64, c.n)
			for i := range c.n {
				both := math.Sqrt(c.rho) * r.NormFloat64()
				for _, m := range []string{"candidate", "baseline"} {
					g.Scores[m][i] = round(3 * math.Exp(0.8*(both+math.Sqrt(1-c.rho)*r.NormFloat64())))
				}
			}
			v := see(t, x, []*metric.Instance{in})
			if lo, hi, ok := in.Estimate(v, 0).Interval(0.95); !ok || lo <= truth && truth <= hi {
				hit++
			}
			d := in.Contrast(v, 0, 1, 1)
			if lo, hi, ok := d.Interval(0.95); !ok || lo <= 0 && 0 <= hi {
				paired++
			} else if p := d.TwoSided(0); p > 0.05 {
				t.Errorf("%+v: 0 lies outside %g to %g and p is %g", c, lo, hi, p)
			}
			if !(d.SE > 0) && c.step == 0 {
				zero++
			}
		}
		// Binomial: 0.95 − 3·0.0097.
		if h, p := float64(hit)/runs, float64(paired)/runs; h < 0.92 || p < 0.92 || zero > 0 {
			t.Errorf("%+v: covers %.3f, paired %.3f, %d without an error", c, h, p, zero)
		}
	}
}

// Below 72 rows no row lies surely above the 95th percentile: there is no upper end, and a
// reader is told how many rows have one. The p-value of a bound is that of the binomial tail.
func TestScorerQuantileOfTooFewRows(t *testing.T) {
	in := scorerQuantile(t, 0.95)
	values := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(i + 1)
		}
		return x
	}
	few := in.Estimate(see(t, latencies(values(71)...), []*metric.Instance{in}), 0)
	if _, _, ok := few.Interval(0.95); ok || !strings.Contains(few.Notes[0], "71, 72 are needed") {
		t.Errorf("71 rows: %v", few.Notes)
	}
	// P(Binomial(71, 0.95) ≥ 71) = 0.95⁷¹.
	if p, want := few.Below(71.5), math.Pow(0.95, 71); math.Abs(p-want) > 1e-12 {
		t.Errorf("p is %g of a bound above all rows, want %g", p, want)
	}
	if p, want := few.Above(60), dist.BinomialCDF(60, 71, 0.95); math.Abs(p/want-1) > 1e-6 {
		t.Errorf("p is %g of 60 of 71 at or below a bound, want %g", p, want)
	}
	if a := in.Estimate(see(t, latencies(values(72)...), []*metric.Instance{in}), 0); len(a.Notes) != 0 {
		t.Errorf("72 rows: %v", a.Notes)
	} else if _, hi, ok := a.Interval(0.95); !ok || hi != 72 {
		t.Errorf("72 rows: upper end %g", hi)
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
