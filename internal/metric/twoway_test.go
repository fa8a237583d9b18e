package metric_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
)

// seeWays is see with both ways of clustering.
func seeWays(t *testing.T, x *rows.Rows, all []*metric.Instance) *metric.View {
	t.Helper()
	v := see(t, x, all)
	second, both := x.Ways()
	for i := range v.Set.Pops {
		v.Set.Pops[i].Crossed, v.Set.Pops[i].Both = see(t, second, all).Set.Pops[i], see(t, both, all).Set.Pops[i]
	}
	return v
}

// clusterBy gives every row a cluster of each column.
func clusterBy(r *rand.Rand, n, clusters int, of func(i int) int) (code []uint32, hash []uint64) {
	for range clusters {
		hash = append(hash, r.Uint64())
	}
	for i := range n {
		code = append(code, uint32(of(i)))
	}
	return code, hash
}

// The variance is V₁ + V₂ − V₁₂ of the three one-way answers where that is the largest of
// them, and the larger one-way one with a footnote where it is not.
func TestTwoWayClusters(t *testing.T) {
	eachTask(t, func(t *testing.T, task cases.Task, all []*metric.Instance) {
		r := rand.New(rand.NewPCG(13, 5))
		added, fallen := 0, 0
		for range 3 {
			x := ordinary(r, task, 450)
			x.Cluster, x.ClusterHash = clusterBy(r, x.N, 50, func(int) int { return r.IntN(50) })
			x.Crossed, x.CrossedHash = clusterBy(r, x.N, 45, func(int) int { return r.IntN(45) })
			v := seeWays(t, x, all)
			second, both := &metric.View{Set: v.Set, Pop: v.Pop.Crossed, Seed: 1, Draws: 500}, &metric.View{Set: v.Set, Pop: v.Pop.Both, Seed: 1, Draws: 500}
			one := *v.Pop
			one.Crossed, one.Both = nil, nil
			first := &metric.View{Set: v.Set, Pop: &one, Seed: 1, Draws: 500}
			for _, in := range all {
				for what, f := range map[string]func(*metric.View) metric.Answer{
					"alone": func(v *metric.View) metric.Answer { return in.Estimate(v, 0) }, "paired": func(v *metric.View) metric.Answer { return in.Contrast(v, 0, 1, 1) }} {
					got, a, b, ab := f(v), f(first), f(second), f(both)
					if got.Status != a.Status || !same(got.Value, a.Value, 0) {
						t.Errorf("%s, %s: %g, one way %g", in.As, what, got.Value, a.Value)
					}
					_, _, ok := a.Interval(0.95)
					lo, hi, also := got.Interval(0.95)
					if ok != also {
						t.Errorf("%s, %s: interval %v, one way %v (%s)", in.As, what, also, ok, got.Method)
					}
					if !(a.SE > 0 && b.SE > 0) || !ok {
						continue
					}
					sum, most := a.SE*a.SE+b.SE*b.SE-ab.SE*ab.SE, math.Max(a.SE, b.SE)
					low := strings.Contains(strings.Join(got.Notes, " "), "two-way clusters")
					switch {
					case !strings.Contains(got.Method, "two-way"):
						t.Errorf("%s, %s: method %q", in.As, what, got.Method)
					case sum < most*most && (!low || !same(got.SE, most, 1e-9)):
						t.Errorf("%s, %s: ± %g, the larger one-way error is %g", in.As, what, got.SE, most)
					case sum > most*most*(1+1e-9) && (low || !same(got.SE, math.Sqrt(sum), 1e-9)):
						t.Errorf("%s, %s: ± %g, want %g", in.As, what, got.SE, math.Sqrt(sum))
					}
					if low {
						fallen++
					} else {
						added++
					}
					if alo, ahi, _ := a.Interval(0.95); hi-lo < (ahi-alo)*0.9 {
						t.Errorf("%s, %s: interval %g to %g, one way %g to %g", in.As, what, lo, hi, alo, ahi)
					}
				}
			}
		}
		if added == 0 || fallen == 0 {
			t.Errorf("%d sums and %d one-way errors: both are to be tried", added, fallen)
		}
	})
}

// The same column twice is that column, and a second column that is different in every row
// changes little.
func TestSecondColumnThatSaysNothing(t *testing.T) {
	eachTask(t, func(t *testing.T, task cases.Task, all []*metric.Instance) {
		r := rand.New(rand.NewPCG(14, 5))
		x := ordinary(r, task, 480)
		x.Cluster, x.ClusterHash = clusterBy(r, x.N, 60, func(i int) int { return i / 8 })
		twice, rowwise := *x, *x
		twice.Crossed, twice.CrossedHash = x.Cluster, x.ClusterHash
		rowwise.Crossed, rowwise.CrossedHash = clusterBy(r, x.N, x.N, func(i int) int { return i })
		a, b, c := see(t, x, all), seeWays(t, &twice, all), seeWays(t, &rowwise, all)
		for _, in := range all {
			p, q, s := in.Estimate(a, 0), in.Estimate(b, 0), in.Estimate(c, 0)
			if p.Status != result.OK || !same(p.SE, q.SE, 1e-12) || !same(p.DF, q.DF, 1e-9) && !math.IsInf(p.DF, 1) {
				t.Errorf("%s: ± %g on %g, twice the column ± %g on %g", in.As, p.SE, p.DF, q.SE, q.DF)
			}
			if p.SE > 0 && (s.SE < p.SE*0.999 || s.SE > 1.8*p.SE) {
				t.Errorf("%s: ± %g, with a column of rows ± %g", in.As, p.SE, s.SE)
			}
		}
	})
}

// Many clusters are kept as hash blocks: nearly the same errors.
func TestTwoWayHashBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 5))
	x := ordinary(r, cases.Binary, 30000)
	effect := make([]float64, 2000)
	for i := range effect {
		effect[i] = r.Float64()
	}
	x.Cluster, x.ClusterHash = clusterBy(r, x.N, 900, func(int) int { return r.IntN(900) })
	x.Crossed, x.CrossedHash = clusterBy(r, x.N, 800, func(int) int { return r.IntN(800) })
	for i := range x.N { // labels and scores that both columns move
		x.Class[i] = 0
		if r.Float64() < (effect[x.Cluster[i]]+effect[1000+x.Crossed[i]])/2 {
			x.Class[i] = 1
		}
	}
	in, err := metric.NewCatalogue().Build("brier", "", metric.Options{Task: cases.Binary})
	if err != nil {
		t.Fatal(err)
	}
	v := seeWays(t, x, []*metric.Instance{in})
	got := in.Estimate(v, 0)
	loss, sums := make([]float64, x.N), [3]map[uint64]float64{{}, {}, {}}
	for i := range loss {
		loss[i] = (x.Models[0].Score[i] - float64(x.Class[i])) * (x.Models[0].Score[i] - float64(x.Class[i]))
	}
	for i, l := range loss {
		e := (l - got.Value) / float64(x.N)
		sums[0][uint64(x.Cluster[i])] += e
		sums[1][uint64(x.Crossed[i])] += e
		sums[2][uint64(x.Cluster[i])<<32|uint64(x.Crossed[i])] += e
	}
	want := 0.0
	for k, sign := range []float64{1, 1, -1} {
		for _, e := range sums[k] {
			want += sign * e * e
		}
	}
	if math.Abs(got.SE/math.Sqrt(want)-1) > 0.15 {
		t.Errorf("± %g by hash blocks, ± %g by clusters", got.SE, math.Sqrt(want))
	}
}
