package metric_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/compare"
	"github.com/fairtrial/fairtrial/internal/engine/local/cells"
	"github.com/fairtrial/fairtrial/internal/engine/local/fit"
	"github.com/fairtrial/fairtrial/internal/engine/local/influence"
	"github.com/fairtrial/fairtrial/internal/engine/local/order"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// instances are all metrics of a task, so that a new entry is covered by the laws.
func instances(t *testing.T, task cases.Task) []*metric.Instance {
	t.Helper()
	cat := metric.NewCatalogue()
	var out []*metric.Instance
	for _, m := range cat.All(task) {
		variants := []metric.Options{{Task: task}}
		params := map[string]float64{}
		for _, p := range m.Params {
			if p.Required {
				params[p.Name] = 2
				if p.Max > 0 {
					params[p.Name] = math.Round(p.Max) / 2
				}
			}
		}
		if len(params) > 0 {
			variants[0].Params = params
		}
		for _, a := range m.Averages[min(1, len(m.Averages)):] {
			variants = append(variants, metric.Options{Task: task, Average: a})
		}
		if m.PerClass {
			variants = append(variants, metric.Options{Task: task, Class: "1"})
		}
		for _, o := range variants {
			in, err := cat.Build(m.Name, m.Name+o.Average+o.Class, o)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, in)
		}
	}
	return out
}

// draw makes n rows of two models; kind picks ties, single classes and the like.
func draw(r *rand.Rand, task cases.Task, n int) *rows.Rows {
	half := 0.5
	x := &rows.Rows{N: n, Task: task, Baseline: 1}
	prev := []float64{0, 0.1, 0.5, 1}[r.IntN(4)]
	digits := []float64{1, 10, 1e6}[r.IntN(3)]
	round := func(v float64) float64 { return math.Round(v*digits) / digits }
	for m := range 2 {
		model := rows.Model{Key: []string{"candidate", "baseline"}[m]}
		switch task {
		case cases.Binary:
			model.Threshold, model.Score = &half, make([]float64, n)
		case cases.Regression:
			model.Score = make([]float64, n)
			model.Ends, model.Level = [][]float64{make([]float64, n), make([]float64, n)}, 0.8
		default:
			model.Decision = make([]uint16, n)
			for range 3 {
				model.Probs = append(model.Probs, make([]float64, n))
			}
		}
		x.Models = append(x.Models, model)
	}
	if task == cases.Binary {
		x.Classes = []string{"0", "1"}
	} else if task == cases.Multiclass {
		x.Classes = []string{"0", "1", "2"}
	}
	for i := range n {
		switch task {
		case cases.Binary:
			y := uint16(0)
			if r.Float64() < prev {
				y = 1
			}
			x.Class = append(x.Class, y)
			for m := range 2 {
				x.Models[m].Score[i] = round(math.Min(1, 0.3*float64(y)+0.7*r.Float64()))
			}
		case cases.Multiclass:
			y := uint16(r.IntN(3))
			if prev == 1 {
				y = 1
			}
			x.Class = append(x.Class, y)
			for m := range 2 {
				p := [3]float64{round(r.Float64()) + 0.01, round(r.Float64()) + 0.01, round(r.Float64()) + 0.01}
				p[y] += 0.5
				sum, best := p[0]+p[1]+p[2], 0
				for c := range p {
					x.Models[m].Probs[c][i] = p[c] / sum
					if p[c] > p[best] {
						best = c
					}
				}
				x.Models[m].Decision[i] = uint16(best)
			}
		default:
			x.Target = append(x.Target, round(5+2*r.NormFloat64()))
			for m := range 2 {
				f := x.Target[i] + r.NormFloat64()
				x.Models[m].Score[i] = round(f)
				x.Models[m].Ends[0][i], x.Models[m].Ends[1][i] = round(f-1-r.Float64()), round(f+1)
			}
			x.Pivot = 5
		}
	}
	return x
}

// pick makes the rows with the given numbers, in that order.
func pick(x *rows.Rows, at []int) *rows.Rows {
	y := *x
	y.N = len(at)
	y.Class, y.Target, y.Weight, y.Cluster = nil, nil, nil, nil
	y.Models = nil
	for _, m := range x.Models {
		n := rows.Model{Key: m.Key, Threshold: m.Threshold}
		for range m.Probs {
			n.Probs = append(n.Probs, nil)
		}
		if n.Level = m.Level; m.Ends != nil {
			n.Ends = make([][]float64, 2)
		}
		for _, i := range at {
			if m.Score != nil {
				n.Score = append(n.Score, m.Score[i])
			}
			if m.Decision != nil {
				n.Decision = append(n.Decision, m.Decision[i])
			}
			for k := range m.Ends {
				n.Ends[k] = append(n.Ends[k], m.Ends[k][i])
			}
			for c := range m.Probs {
				n.Probs[c] = append(n.Probs[c], m.Probs[c][i])
			}
		}
		y.Models = append(y.Models, n)
	}
	for _, i := range at {
		if x.Class != nil {
			y.Class = append(y.Class, x.Class[i])
		}
		if x.Target != nil {
			y.Target = append(y.Target, x.Target[i])
		}
	}
	return &y
}

func see(t *testing.T, x *rows.Rows, all []*metric.Instance) *metric.View {
	t.Helper()
	seen := map[summary.Spec]bool{}
	var needs []summary.Spec
	for _, in := range all {
		for _, s := range in.Needs() {
			if !seen[s] {
				seen[s] = true
				needs = append(needs, s)
			}
		}
	}
	ctx := context.Background()
	pops, err := cells.Summarize(ctx, x, needs, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := order.Summarize(ctx, x, needs, pops, false, 2); err != nil {
		t.Fatal(err)
	}
	if err := fit.Summarize(ctx, x, needs, pops, 2); err != nil {
		t.Fatal(err)
	}
	if err := influence.Summarize(ctx, x, needs, pops, 2); err != nil {
		t.Fatal(err)
	}
	set := &summary.Set{Models: []string{"candidate", "baseline"}, Baseline: 1, Classes: x.Classes, Weighted: x.Weight != nil, Pivot: x.Pivot, Pops: pops}
	return &metric.View{Set: set, Pop: pops[0], Seed: 1, Draws: 500}
}

func same(a, b, tol float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= tol*math.Max(1, math.Abs(a))
}

func eachTask(t *testing.T, f func(t *testing.T, task cases.Task, all []*metric.Instance)) {
	for _, task := range cases.Tasks() {
		if task.Generative() {
			continue // no metrics but those of a plan's scorers
		}
		t.Run(string(task), func(t *testing.T) { f(t, task, instances(t, task)) })
	}
}

// Every answer is either a finite value with ordered ends inside the range that hold
// it, or undefined with a reason: on ordinary, tiny, tied and single-class data.
func TestAnswersAreSound(t *testing.T) {
	eachTask(t, func(t *testing.T, task cases.Task, all []*metric.Instance) {
		r := rand.New(rand.NewPCG(1, uint64(len(all))))
		for k := range 300 {
			n := r.IntN(6)
			if k%5 == 0 {
				n = 40 + r.IntN(200)
			}
			v := see(t, draw(r, task, n), all)
			for _, in := range all {
				for m := range 2 {
					check(t, fmt.Sprintf("draw %d, n %d, %s of model %d", k, n, in.As, m), in, in.Estimate(v, m), true)
				}
				check(t, fmt.Sprintf("draw %d, n %d, %s, contrast", k, n, in.As), in, compare.Contrast(in, v, 0, 1, 1), false)
			}
		}
	})
}

func check(t *testing.T, what string, in *metric.Instance, a metric.Answer, ranged bool) {
	t.Helper()
	if a.Status != result.OK {
		if len(a.Notes) == 0 || !math.IsNaN(a.Value) {
			t.Errorf("%s: %s without a reason, value %g", what, a.Status, a.Value)
		}
		return
	}
	if math.IsNaN(a.Value) || math.IsInf(a.Value, 0) {
		t.Errorf("%s: ok, but the value is %g", what, a.Value)
	}
	if ranged && (a.Value < in.Lo-1e-12 || a.Value > in.Hi+1e-12) {
		t.Errorf("%s: %g lies outside [%g, %g]", what, a.Value, in.Lo, in.Hi)
	}
	lo, hi, ok := a.Interval(0.95)
	if !ok {
		return
	}
	if !(lo <= hi) || math.IsInf(lo, 0) || math.IsInf(hi, 0) || ranged && (lo < in.Lo-1e-9 || hi > in.Hi+1e-9) {
		t.Errorf("%s: interval %g to %g, range [%g, %g]", what, lo, hi, in.Lo, in.Hi)
	}
	if a.Value < lo-1e-9 || a.Value > hi+1e-9 {
		// A BCa interval may leave its value out on tiny samples; every other holds it.
		if !in.Bootstraps() || a.N > 30 {
			t.Errorf("%s: %g lies outside its interval %g to %g (%s)", what, a.Value, lo, hi, a.Method)
		}
	}
}

// The order of rows never matters.
func TestRowOrder(t *testing.T) {
	eachTask(t, func(t *testing.T, task cases.Task, all []*metric.Instance) {
		r := rand.New(rand.NewPCG(2, 2))
		for range 15 {
			x := draw(r, task, 120)
			a, b := see(t, x, all), see(t, pick(x, r.Perm(x.N)), all)
			for _, in := range all {
				p, q := in.Estimate(a, 0), in.Estimate(b, 0)
				if p.Status != q.Status || !same(p.Value, q.Value, 1e-12) || !same(p.SE, q.SE, 1e-10) {
					t.Errorf("%s: %g ± %g, shuffled %g ± %g", in.As, p.Value, p.SE, q.Value, q.SE)
				}
				c, d := in.Contrast(a, 0, 1, 1), in.Contrast(b, 0, 1, 1)
				if c.Status != d.Status || !same(c.Value, d.Value, 1e-12) || !same(c.SE, d.SE, 1e-7) {
					t.Errorf("%s difference: %g ± %g, shuffled %g ± %g", in.As, c.Value, c.SE, d.Value, d.SE)
				}
			}
		}
	})
}

// Weights of one change nothing, and scaling all weights changes nothing.
func TestWeightsOfOne(t *testing.T) {
	eachTask(t, func(t *testing.T, task cases.Task, all []*metric.Instance) {
		var weighted []*metric.Instance
		for _, in := range all {
			if in.NoWeights == "" {
				weighted = append(weighted, in)
			}
		}
		r := rand.New(rand.NewPCG(3, 3))
		for range 15 {
			x := draw(r, task, 150)
			ones, threes := *x, *x
			for range x.N {
				ones.Weight, threes.Weight = append(ones.Weight, 1), append(threes.Weight, 3)
			}
			a, b, c := see(t, x, weighted), see(t, &ones, weighted), see(t, &threes, weighted)
			for _, in := range weighted {
				p, q, s := in.Estimate(a, 0), in.Estimate(b, 0), in.Estimate(c, 0)
				if p.Status != q.Status || !same(p.Value, q.Value, 1e-12) || !same(q.Value, s.Value, 1e-12) || !same(q.SE, s.SE, 1e-9) {
					t.Errorf("%s: %g unweighted, %g ± %g with ones, %g ± %g with threes", in.As, p.Value, q.Value, q.SE, s.Value, s.SE)
				}
				if k := in.Needs()[0].Kind; k == summary.KindCounts || k == summary.KindMoments {
					continue // counts and means have another variance with weights
				}
				d, e := in.Contrast(a, 0, 1, 1), in.Contrast(b, 0, 1, 1)
				if !same(p.SE, q.SE, 1e-9) || d.Status != e.Status || !same(d.Value, e.Value, 1e-12) || !same(d.SE, e.SE, 1e-6) {
					t.Errorf("%s: ± %g unweighted, ± %g with ones; difference %g ± %g and %g ± %g", in.As, p.SE, q.SE, d.Value, d.SE, e.Value, e.SE)
				}
			}
		}
	})
}

// A model does not differ from itself; differences change sign with the order.
func TestContrastLaws(t *testing.T) {
	eachTask(t, func(t *testing.T, task cases.Task, all []*metric.Instance) {
		r := rand.New(rand.NewPCG(4, 4))
		for range 15 {
			v := see(t, draw(r, task, 200), all)
			for _, in := range all {
				a, b := in.Contrast(v, 0, 1, 1), in.Contrast(v, 1, 0, 1)
				if a.Status == result.OK && (!same(a.Value, -b.Value, 1e-12) || !same(a.SE, b.SE, 1e-9)) {
					t.Errorf("%s: %g ± %g one way, %g ± %g the other", in.As, a.Value, a.SE, b.Value, b.SE)
				}
				p, q := in.Estimate(v, 0), in.Estimate(v, 1)
				if a.Status == result.OK && !same(a.Value, p.Value-q.Value, 1e-12) {
					t.Errorf("%s: difference %g, values %g and %g", in.As, a.Value, p.Value, q.Value)
				}
			}
		}
	})
}

// Twice the same rows: the same value, an error smaller by about √2.
func TestDoubledRows(t *testing.T) {
	eachTask(t, func(t *testing.T, task cases.Task, all []*metric.Instance) {
		r := rand.New(rand.NewPCG(5, 5))
		for range 8 {
			x := draw(r, task, 400)
			at := make([]int, 0, 800)
			for i := range 800 {
				at = append(at, i%400)
			}
			a, b := see(t, x, all), see(t, pick(x, at), all)
			for _, in := range all {
				p, q := in.Estimate(a, 0), in.Estimate(b, 0)
				if p.Status != result.OK || in.Name == "ece" || strings.HasSuffix(in.Name, "_count") || strings.HasPrefix(in.Name, "brier_") || strings.Contains(p.Method, "½") { // debiasing, budgets and half rows depend on n
					continue
				}
				if !same(p.Value, q.Value, 1e-12) {
					t.Errorf("%s: %g, doubled %g", in.As, p.Value, q.Value)
				}
				if p.SE > 0 && q.SE > 0 && math.Abs(p.SE/q.SE/math.Sqrt2-1) > 0.15 && in.Needs()[0].Kind != summary.KindQuantile && p.Value > in.Lo && p.Value < in.Hi {
					t.Errorf("%s: error %g, doubled %g", in.As, p.SE, q.SE)
				}
			}
		}
	})
}

// One row a cluster is no clustering: nearly the plain error.
func TestSingletonClusters(t *testing.T) {
	eachTask(t, func(t *testing.T, task cases.Task, all []*metric.Instance) {
		r := rand.New(rand.NewPCG(6, 6))
		for range 6 {
			x := draw(r, task, 400)
			y := *x
			for i := range x.N {
				y.Cluster = append(y.Cluster, uint32(i))
				y.ClusterHash = append(y.ClusterHash, r.Uint64())
			}
			a, b := see(t, x, all), see(t, &y, all)
			for _, in := range all {
				p, q := in.Estimate(a, 0), in.Estimate(b, 0)
				if p.Status != q.Status || !same(p.Value, q.Value, 1e-12) {
					t.Errorf("%s: %g, clustered %g", in.As, p.Value, q.Value)
				}
				if p.Status == result.OK && p.SE > 0 && q.SE > 0 && math.Abs(q.SE/p.SE-1) > 0.03 && p.Value > in.Lo && p.Value < in.Hi {
					t.Errorf("%s: error %g, clustered %g", in.As, p.SE, q.SE)
				}
			}
		}
	})
}

// A slice compared with itself as if independent: difference 0, ratio 1.
func TestBetweenItself(t *testing.T) {
	eachTask(t, func(t *testing.T, task cases.Task, all []*metric.Instance) {
		r := rand.New(rand.NewPCG(7, 7))
		v := see(t, draw(r, task, 300), all)
		for _, in := range all {
			if in.Estimate(v, 0).Status != result.OK {
				continue
			}
			if d := in.Between(v, v, 0, false); d.Status != result.OK || d.Value != 0 {
				t.Errorf("%s: difference from itself %g (%s)", in.As, d.Value, d.Status)
			}
			if q := in.Between(v, v, 0, true); q.Status == result.OK && math.Abs(q.Value-1) > 1e-12 {
				t.Errorf("%s: ratio to itself %g", in.As, q.Value)
			}
		}
	})
}

// A row of weight 2 is two rows of weight 1 in its cluster.
func TestWeightsAreRowsOfTheCluster(t *testing.T) {
	eachTask(t, func(t *testing.T, task cases.Task, all []*metric.Instance) {
		var weighted []*metric.Instance
		for _, in := range all {
			if in.NoWeights == "" {
				weighted = append(weighted, in)
			}
		}
		r := rand.New(rand.NewPCG(9, 3))
		for range 10 {
			x := draw(r, task, 120)
			var twice []int
			for i := range x.N {
				x.Cluster, x.ClusterHash = append(x.Cluster, uint32(i)), append(x.ClusterHash, r.Uint64())
				x.Weight = append(x.Weight, float64(1+r.IntN(2)))
				for range int(x.Weight[i]) {
					twice = append(twice, i)
				}
			}
			y := pick(x, twice)
			y.Weight, y.Cluster, y.ClusterHash = nil, nil, x.ClusterHash
			for _, i := range twice {
				y.Weight, y.Cluster = append(y.Weight, 1), append(y.Cluster, uint32(i))
			}
			a, b := see(t, x, weighted), see(t, y, weighted)
			for _, in := range weighted {
				p, q := in.Estimate(a, 0), in.Estimate(b, 0)
				d, e := in.Contrast(a, 0, 1, 1), in.Contrast(b, 0, 1, 1)
				edge := func(n string) bool { return strings.Contains(n, "on the edge") || strings.Contains(n, "never differ") }
				if p.SE == 0 || p.Value == 1 || d.SE == 0 || slices.ContainsFunc(p.Notes, edge) || slices.ContainsFunc(d.Notes, edge) { // no error is seen: half a row or one stands in for it
					p.SE, q.SE, d.SE, e.SE = 0, 0, 0, 0
				}
				exact, tol := 1e-12, 1e-9
				switch {
				case in.Name == "ece": // debiased by the number of rows
					exact = 0.05
				case in.Name == "brier_miscalibration" || in.Name == "brier_discrimination": // overfit by the number of rows, on other draws
					exact = 0.03
				case in.Needs()[0].Kind == summary.KindTop: // the rows about the cut are a share of their number
					tol = 0.05
				case in.Needs()[0].Kind == summary.KindQuantile: // errors are read from rows, in steps
					tol = 0.05
				}
				if p.Status != q.Status || !same(p.Value, q.Value, exact) || !same(p.SE, q.SE, tol) || !same(d.Value, e.Value, exact) || !same(d.SE, e.SE, tol) {
					t.Errorf("%s: %g ± %g and %g ± %g; differences ± %g and ± %g", in.As, p.Value, p.SE, q.Value, q.SE, d.SE, e.SE)
				}
			}
		}
	})
}
