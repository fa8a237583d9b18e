package order

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Standard errors of differences from the baseline's bins are those from the values of every row,
// whether models are alike or not, for large populations and small ones.
func TestGridMatchesRows(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 77))
		x := sample(r, 20_000+r.IntN(20_000), 1, false)
		near := []float64{1, 0.1, 0.01}[seed%3]
		base := make([]float64, x.N)
		for i, s := range x.Models[0].Score {
			base[i] = s
			if seed%2 == 0 || r.IntN(2) == 0 {
				base[i] = s + near*r.NormFloat64()
			}
		}
		half := 0.5
		x.Models = append(x.Models, rows.Model{Key: "m1", Threshold: &half, Score: base})
		x.Baseline = 1
		small := rows.Partition{Entry: 2, Names: make([]string, 40), Aside: make([]int64, 40)}
		for range x.N {
			small.Code = append(small.Code, uint16(40*r.Float64()*r.Float64()))
		}
		x.Parts = append(x.Parts, small)
		pops := summarize(t, x, 1+int(seed%3))
		for p, pop := range pops {
			if pop.Rank.Pos < 2 || pop.Rank.Neg < 2 {
				continue
			}
			want := pairOf(x, listOf(x, p), 0, 1)
			a, b, got := pop.Rank.Models[0], pop.Rank.Models[1], pop.Rank.Pairs[0]
			m, n := float64(pop.Rank.Pos), float64(pop.Rank.Neg)
			auc := func(c summary.RankPair) float64 {
				return (a.S10+b.S10-2*c.C10)/(m*m) + (a.S01+b.S01-2*c.C01)/(n*n)
			}
			ap := func(c summary.RankPair) float64 { return a.APSS + b.APSS - 2*c.CAP }
			for what, v := range map[string][2]float64{"AUC": {auc(got), auc(want)}, "average precision": {ap(got), ap(want)}} {
				g, w := math.Sqrt(max(0, v[0])), math.Sqrt(max(0, v[1]))
				// A standard error of m positives is itself known to 0.7/√m of it.
				if !(math.Abs(g-w) <= 0.006*w+1e-7) {
					t.Errorf("seed %d, population %d of %v positives and %v negatives: %s %.9g, want %.9g: off by %.2g of it", seed, p, m, n, what, g, w, g/w-1)
				}
			}
		}
	}
}

// listOf are the rows of a population of x, whose partitions cover 1–3, 4 and the rest.
func listOf(x *rows.Rows, p int) (list []int32) {
	for i := range x.N {
		in := p == 0
		for k, first := range []int{1, 4, 5} {
			if c := x.Parts[k].Code[i]; p >= first && p < first+len(x.Parts[k].Names) {
				in = c != rows.None && int(c) == p-first
			}
		}
		if in {
			list = append(list, int32(i))
		}
	}
	return list
}

// Populations that lie within a bin or two of the baseline's order are computed from their rows, and
// so is everything of a baseline that is all but perfect.
func TestHiddenByBins(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 78))
	const n = 40_000
	half := 0.5
	x := &rows.Rows{N: n, Task: sample(r, 1, 1, false).Task, Classes: []string{"0", "1"}, Baseline: 1,
		Models: []rows.Model{{Key: "a", Threshold: &half, Score: make([]float64, n)}, {Key: "b", Threshold: &half, Score: make([]float64, n)}}}
	part := rows.Partition{Names: make([]string, 1000), Aside: make([]int64, 1000), Code: make([]uint16, n)}
	for i := range n {
		x.Class = append(x.Class, uint16(r.IntN(2)))
		x.Models[1].Score[i] = r.Float64()
		x.Models[0].Score[i] = x.Models[1].Score[i] + r.Float64()
		part.Code[i] = uint16(1000 * x.Models[1].Score[i])
	}
	x.Parts = []rows.Partition{part}
	off := func(g, w, a, b float64) bool { return !(math.Abs(g-w) <= 0.01*math.Sqrt(a*b)+1e-12) }
	check := func() (direct int) {
		t.Helper()
		for p, pop := range summarize(t, x, 2) {
			var list []int32
			for i, c := range part.Code {
				if p == 0 || int(c) == p-1 {
					list = append(list, int32(i))
				}
			}
			if pop.Rank.Pos == 0 || pop.Rank.Neg == 0 {
				continue
			}
			if want := pairOf(x, list, 0, 1); reflect.DeepEqual(pop.Rank.Pairs[0], want) {
				direct++
			} else if g, m := pop.Rank.Pairs[0], pop.Rank.Models; off(g.C10, want.C10, m[0].S10, m[1].S10) || off(g.C01, want.C01, m[0].S01, m[1].S01) || off(g.CAP, want.CAP, m[0].APSS, m[1].APSS) {
				t.Errorf("population %d: %+v, want %+v", p, g, want)
			}
		}
		return direct
	}
	if direct := check(); direct < 900 {
		t.Errorf("%d of 1000 slices within a bin were computed from their rows", direct)
	}
	for i, y := range x.Class { // three pairs in the wrong order
		x.Models[1].Score[i] = float64(y) + 0.1*r.Float64()
	}
	x.Models[1].Score[7], x.Models[1].Score[8] = float64(1-x.Class[7]), float64(1-x.Class[8])
	x.Parts[0].Code = make([]uint16, n)
	part.Code = x.Parts[0].Code
	check()
}
