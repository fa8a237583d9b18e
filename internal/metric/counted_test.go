package metric_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
)

// shares is a scorer's value that is hits over rows, or F₁ of them.
type shares struct{ same, f1 bool }

func (s shares) StatNames() []string  { return []string{"hit", "of"} }
func (s shares) Signature() string    { return "hit/of" }
func (s shares) Counts() (bool, bool) { return s.same, s.f1 }
func (s shares) Of(x []float64) (float64, []float64, bool, bool) {
	if !(x[1] > 0) {
		return 0, nil, false, false
	}
	if d := x[0] + x[1]; s.f1 {
		return 2 * x[0] / d, []float64{2 * x[1] / (d * d), -2 * x[0] / (d * d)}, true, true
	}
	return x[0] / x[1], []float64{1 / x[1], -x[0] / (x[1] * x[1])}, true, true
}

// A share of counted rows is what the same share of a binary task is: precision, recall,
// F₁ and the rate of false positives of decisions r about labels u, with value, interval and
// paired difference, with weights and with clusters.
func TestCountedIsARate(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for name, x := range map[string]struct {
		shares
		count func(u, r float64) (hit, of float64)
	}{
		"precision":           {shares{}, func(u, r float64) (float64, float64) { return u * r, r }},
		"recall":              {shares{same: true}, func(u, r float64) (float64, float64) { return u * r, u }},
		"false_positive_rate": {shares{same: true}, func(u, r float64) (float64, float64) { return (1 - u) * r, 1 - u }},
		"f1":                  {shares{f1: true}, func(u, r float64) (float64, float64) { return u * r, u + r - u*r }},
	} {
		for _, way := range []string{"", "weights", "clusters"} {
			for k, difficulty := range []float64{0.3, 0, 1} { // right at times, always, never
				t.Run(fmt.Sprint(name, way, difficulty), func(t *testing.T) {
					const n = 240
					half := 0.5
					y := &rows.Rows{N: n, Task: cases.Binary, Baseline: 1, Classes: []string{"0", "1"}}
					g := &rows.Given{Scores: map[string][]float64{}, Ungraded: make([]bool, n), More: map[string]map[string][]float64{"hit": {}, "of": {}}}
					for _, key := range []string{"candidate", "baseline"} {
						y.Models = append(y.Models, rows.Model{Key: key, Threshold: &half, Score: make([]float64, n)})
						g.Scores[key] = make([]float64, n)
						g.More["hit"][key], g.More["of"][key] = make([]float64, n), make([]float64, n)
					}
					for i := range n {
						u := float64(r.IntN(2))
						y.Class = append(y.Class, uint16(u))
						for m, key := range []string{"candidate", "baseline"} {
							d := u
							if p := difficulty; r.Float64() < p+0.1*float64(m*(1-k)*(1-k)) {
								d = 1 - u
							}
							y.Models[m].Score[i] = d
							g.More["hit"][key][i], g.More["of"][key][i] = x.count(u, d)
						}
						switch way {
						case "weights":
							y.Weight = append(y.Weight, 0.5+r.Float64())
						case "clusters":
							y.Cluster = append(y.Cluster, uint32(i/4))
							if i%4 == 0 {
								y.ClusterHash = append(y.ClusterHash, uint64(i)*0x9e3779b97f4a7c15)
							}
						}
					}
					y.Given = map[string]*rows.Given{"s": g}
					dir := metric.Up
					if name == "false_positive_rate" {
						dir = metric.Down
					}
					build := func(c *metric.Catalogue, name string) *metric.Instance {
						in, err := c.Build(name, "", metric.Options{Task: cases.Binary})
						if err != nil {
							t.Fatal(err)
						}
						return in
					}
					ours := build(metric.NewCatalogue().With([]metric.Scorer{{Name: "s", Direction: dir, Lo: 0, Hi: 1, PassFail: true, Corpus: x.shares}}), "s")
					theirs := build(metric.NewCatalogue(), name)
					v := see(t, y, []*metric.Instance{ours, theirs})
					for what, p := range [][2]metric.Answer{{ours.Estimate(v, 0), theirs.Estimate(v, 0)}, {ours.Contrast(v, 0, 1, 1), theirs.Contrast(v, 0, 1, 1)}} {
						a, b := p[0], p[1]
						if a.Status != result.OK || b.Status != result.OK {
							t.Fatalf("%d: %+v, the binary task has %+v", what, a, b)
						}
						tol := 1e-9
						switch {
						case way == "weights":
							tol = 0.01 // n/(n−1) in the variance, and n is that of the weighted rows
						case what == 1:
							tol = 0.001 // t instead of normal
						}
						lo, hi, _ := a.Interval(0.95)
						low, high, _ := b.Interval(0.95)
						if name == "f1" && what == 0 && way != "" { // of which the binary task takes no Wilson interval
							if low, high = lo, hi; !(lo < hi) || math.Abs(a.SE-b.SE) > tol {
								t.Errorf("error %v in [%v, %v], the binary task has %v", a.SE, lo, hi, b.SE)
							}
						}
						if name == "f1" && difficulty == 1 {
							low, high = lo, hi // F = 0: the binary task does not count the rows of J
						}
						if !same(a.Value, b.Value, 1e-12) || math.Abs(lo-low) > tol || math.Abs(hi-high) > tol {
							t.Errorf("%d: %v in [%v, %v] of %d by %s; the binary task has %v in [%v, %v] of %d by %s", what, a.Value, lo, hi, a.N, a.Method, b.Value, low, high, b.N, b.Method)
						}
						if way == "" && name != "f1" && a.N != b.N {
							t.Errorf("%d: n is %d, the binary task has %d", what, a.N, b.N)
						}
					}
				})
			}
		}
	}
}

// Where numbers are means of a row's samples the interval is the delta method's, and where no
// row differs still no certainty.
func TestCountedOfSamples(t *testing.T) {
	for _, half := range []float64{0, 0.5} {
		y := &rows.Rows{N: 40, Task: cases.Generation, Baseline: -1, Models: []rows.Model{{Key: "candidate"}}}
		hit, of := make([]float64, y.N), make([]float64, y.N)
		for i := range y.N {
			of[i] = 1
			if i < 20 {
				hit[i] = half
			}
		}
		y.Given = map[string]*rows.Given{"s": {Scores: map[string][]float64{"candidate": hit}, Ungraded: make([]bool, y.N),
			More: map[string]map[string][]float64{"hit": {"candidate": hit}, "of": {"candidate": of}}}}
		in, err := metric.NewCatalogue().With([]metric.Scorer{{Name: "s", Direction: metric.Down, Lo: 0, Hi: 1, Corpus: shares{same: true}}}).Build("s", "", metric.Options{Task: cases.Generation})
		if err != nil {
			t.Fatal(err)
		}
		a := in.Estimate(see(t, y, []*metric.Instance{in}), 0)
		lo, hi, ok := a.Interval(0.95)
		if half == 0 && (!ok || lo != 0 || math.Abs(hi-0.08762) > 1e-4) { // R: prop.test(0, 40, correct = FALSE)
			t.Errorf("0 of 40: %v to %v by %s", lo, hi, a.Method)
		}
		if want := 0.25 * math.Sqrt(40./39/40); half > 0 && (!same(a.Value, 0.25, 1e-12) || !same(a.SE, want, 1e-9) || a.DF != 39) {
			t.Errorf("%+v, want 0.25 with the error %v of a mean", a, want)
		}
	}
}
