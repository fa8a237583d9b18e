package order

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/enginetest"
	"github.com/fairtrial/fairtrial/internal/engine/local/cells"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// sample makes binary rows with ties, slices that do not cover all rows, and at times
// a single class.
func sample(r *rand.Rand, n, models int, clusters bool) *rows.Rows {
	half := 0.5
	x := &rows.Rows{N: n, Task: cases.Binary, Classes: []string{"0", "1"}, Baseline: models - 1}
	digits := math.Pow(10, float64(r.IntN(4)))
	prev := []float64{0, 0.05, 0.5, 1}[r.IntN(4)]
	for m := range models {
		x.Models = append(x.Models, rows.Model{Key: fmt.Sprint("m", m), Threshold: &half, Score: make([]float64, n)})
	}
	x.Parts = []rows.Partition{{Entry: 0, Names: []string{"a", "b", "c"}, Aside: make([]int64, 3)}, {Entry: 1, Names: []string{"only"}, Aside: make([]int64, 1)}}
	for i := range n {
		y := uint16(0)
		if r.Float64() < prev {
			y = 1
		}
		x.Class = append(x.Class, y)
		shared := r.NormFloat64() + float64(y)
		for m := range models {
			x.Models[m].Score[i] = math.Round((shared+r.NormFloat64())*digits) / digits
		}
		a, b := uint16(r.IntN(3)), rows.None
		if r.IntN(3) == 0 {
			b = 0
		}
		x.Parts[0].Code = append(x.Parts[0].Code, a)
		x.Parts[1].Code = append(x.Parts[1].Code, b)
		if clusters {
			x.Cluster = append(x.Cluster, uint32(i/3))
			if i%3 == 0 {
				x.ClusterHash = append(x.ClusterHash, r.Uint64())
			}
		}
	}
	return x
}

// members are the rows of population p.
func members(x *rows.Rows, p int) []enginetest.Row {
	var out []enginetest.Row
	for i := range x.N {
		in := p == 0 || p >= 1 && p <= 3 && int(x.Parts[0].Code[i]) == p-1 || p == 4 && x.Parts[1].Code[i] == 0
		if !in {
			continue
		}
		row := enginetest.Row{Label: int(x.Class[i])}
		for _, m := range x.Models {
			row.Score = append(row.Score, m.Score[i])
		}
		if x.Cluster != nil {
			row.Cluster = int(x.Cluster[i])
		}
		out = append(out, row)
	}
	return out
}

var rankNeeds = []summary.Spec{summary.Of(summary.KindRank)}

func summarize(t *testing.T, x *rows.Rows, workers int) []*summary.Population {
	t.Helper()
	ctx := context.Background()
	pops, err := cells.Summarize(ctx, x, rankNeeds, workers)
	if err != nil {
		t.Fatal(err)
	}
	if err := Summarize(ctx, x, rankNeeds, pops, false, workers); err != nil {
		t.Fatal(err)
	}
	return pops
}

func TestRankMatchesOracle(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		x := sample(r, 1+r.IntN(160), 1+r.IntN(3), false)
		pops := summarize(t, x, 1+int(seed%3))
		for p, pop := range pops {
			in := members(x, p)
			if pop.N != int64(len(in)) {
				t.Fatalf("seed %d population %d: n = %d, want %d", seed, p, pop.N, len(in))
			}
			if len(in) == 0 {
				continue
			}
			want := enginetest.RankOf(in, len(x.Models), x.Baseline)
			got := pop.Rank
			check := func(what string, g, w float64) {
				if !(math.Abs(g-w) <= 1e-9*math.Max(1, math.Abs(w))) {
					t.Errorf("seed %d population %d: %s = %.15g, want %.15g", seed, p, what, g, w)
				}
			}
			check("positives", float64(got.Pos), float64(want.Pos))
			check("negatives", float64(got.Neg), float64(want.Neg))
			for m := range want.Models {
				g, w := got.Models[m], want.Models[m]
				check("U2", float64(g.U2), float64(w.U2))
				check("S10", g.S10, w.S10)
				check("S01", g.S01, w.S01)
				check("AP", g.AP, w.AP)
				check("APSS", g.APSS, w.APSS)
				for b := range w.Bins {
					check(fmt.Sprint("bin n ", b), float64(g.Bins[b].N), float64(w.Bins[b].N))
					check(fmt.Sprint("bin positives ", b), float64(g.Bins[b].Pos), float64(w.Bins[b].Pos))
					check(fmt.Sprint("bin score ", b), g.Bins[b].SumScore, w.Bins[b].SumScore)
				}
			}
			if len(got.Pairs) != len(want.Pairs) {
				t.Fatalf("seed %d: %d pairs, want %d", seed, len(got.Pairs), len(want.Pairs))
			}
			for k, w := range want.Pairs {
				g := got.Pairs[k]
				check("C10", g.C10, w.C10)
				check("C01", g.C01, w.C01)
				check("CAP", g.CAP, w.CAP)
			}
		}
	}
}

// Slices whose codes fill several words are as if each partition were alone.
func TestCodesOfManyWords(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	x := sample(r, 5000, 2, false)
	x.Parts = nil
	for e, k := range []int{2, 300, 5, 1, 64, 127, 128, 3, 65, 500, 255, 256, 2} {
		p := rows.Partition{Entry: e, Names: make([]string, k), Aside: make([]int64, k), Code: make([]uint16, x.N)}
		for i := range p.Code {
			p.Code[i] = uint16(r.IntN(k + 1))
			if int(p.Code[i]) == k {
				p.Code[i] = rows.None
			}
		}
		x.Parts = append(x.Parts, p)
	}
	if words := len(pack(x, slots(x), 1).words); words < 3 {
		t.Fatalf("%d words", words)
	}
	together := summarize(t, x, 3)
	at := 1
	for _, part := range x.Parts {
		alone := *x
		alone.Parts = []rows.Partition{part}
		want := summarize(t, &alone, 1)
		if !reflect.DeepEqual(together[0].Rank, want[0].Rank) {
			t.Errorf("overall differs beside partition %d", part.Entry)
		}
		for i, w := range want[1:] {
			if !reflect.DeepEqual(together[at+i].Rank, w.Rank) {
				t.Errorf("partition %d, slice %d: %+v, want %+v", part.Entry, i, together[at+i].Rank, w.Rank)
			}
		}
		at += len(part.Names)
	}
}

// The bits never depend on the number of workers.
func TestWorkersDoNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	x := sample(r, 5000, 2, false)
	if a, b := summarize(t, x, 1), summarize(t, x, 7); !reflect.DeepEqual(a, b) {
		t.Error("summaries differ between 1 and 7 workers")
	}
}

// Sums of influence by cluster add up to zero, and squared one row at a time they are
// the variance without clusters.
func TestClusterSumsOfInfluence(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for range 20 {
		x := sample(r, 300, 2, true)
		for i := range x.Cluster { // one row a cluster
			x.Cluster[i] = uint32(i)
		}
		x.ClusterHash = nil
		for range x.N {
			x.ClusterHash = append(x.ClusterHash, r.Uint64())
		}
		pops := summarize(t, x, 2)
		for p, pop := range pops {
			if pop.Rank.Pos < 2 || pop.Rank.Neg < 2 || !pop.Blocks.Exact {
				continue
			}
			m, n := float64(pop.Rank.Pos), float64(pop.Rank.Neg)
			for k, g := range pop.Rank.Models {
				var sum, sq, sumAP, sqAP float64
				for i := range g.AUCBlocks {
					sum += g.AUCBlocks[i]
					sq += g.AUCBlocks[i] * g.AUCBlocks[i]
					sumAP += g.APBlocks[i]
					sqAP += g.APBlocks[i] * g.APBlocks[i]
				}
				want := g.S10/(m*m) + g.S01/(n*n)
				if math.Abs(sum) > 1e-12 || math.Abs(sq-want) > 1e-12 || math.Abs(sqAP-g.APSS) > 1e-12 || math.Abs(sumAP) > 1e-9 {
					t.Errorf("population %d model %d: AUC Σ %g Σ² %g want %g; AP Σ %g Σ² %g want %g", p, k, sum, sq, want, sumAP, sqAP, g.APSS)
				}
			}
		}
	}
}

func TestSortExtremes(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for name, f := range map[string]func(i int) float64{
		"tiny range":  func(i int) float64 { return 5e-324 * float64(i%7) },
		"huge range":  func(i int) float64 { return []float64{-math.MaxFloat64, math.MaxFloat64, 0, 1}[i%4] },
		"constant":    func(int) float64 { return 0.3 },
		"skewed":      func(i int) float64 { return math.Exp(-60 * r.Float64()) },
		"one outlier": func(i int) float64 { return r.Float64()*1e-9 + float64(i/4999)*1e9 },
		"negative":    func(i int) float64 { return -r.Float64() },
		"few outside": func(i int) float64 { // of the range of those that are sampled
			if i%977 == 5 {
				return float64(i%3-1) * 1e300
			}
			return r.Float64()
		},
		"minus zero": func(i int) float64 { return []float64{math.Copysign(0, -1), 0, 1}[i%3] },
		"uniform":    func(int) float64 { return r.Float64() },
	} {
		sizes := []int{1, 40, 5000, 200_000}
		if name == "uniform" || name == "few outside" {
			sizes = append(sizes, 2_500_000) // all buckets
		}
		for _, n := range sizes {
			v := make([]float64, n)
			for i := range v {
				v[i] = f(i)
			}
			s, err := (&sorter{workers: 3}).sort(context.Background(), v, nil)
			if err != nil {
				t.Fatal(err)
			}
			met := make([]bool, n)
			for i := range v {
				if met[s.row(i)] || s.value(i) != v[s.row(i)] {
					t.Fatalf("%s, %d rows: place %d: row %d met %v, score %g for %g", name, n, i, s.row(i), met[s.row(i)], s.value(i), v[s.row(i)])
				}
				met[s.row(i)] = true
			}
			for i := 1; i < n; i++ {
				a, b := v[s.row(i-1)], v[s.row(i)]
				if a > b || s.tie(i) != (a == b) || a == b && s.row(i-1) > s.row(i) {
					t.Fatalf("%s, %d rows: place %d: %g then %g, tie %v", name, n, i, a, b, s.tie(i))
				}
			}
		}
	}
}

func TestQuantileMatchesOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	spec := []summary.Spec{summary.Of(summary.KindQuantile, summary.AbsError)}
	for range 30 {
		x := sample(r, 1+r.IntN(3000), 2, false)
		x.Task, x.Class = cases.Regression, nil
		for i := range x.N {
			x.Target = append(x.Target, float64(i%5))
		}
		ctx := context.Background()
		pops, err := cells.Summarize(ctx, x, spec, 2)
		if err != nil {
			t.Fatal(err)
		}
		if err := Summarize(ctx, x, spec, pops, false, 2); err != nil {
			t.Fatal(err)
		}
		for m := range x.Models {
			var all []float64
			for i := range x.N {
				all = append(all, math.Abs(x.Models[m].Score[i]-x.Target[i]))
			}
			q := pops[0].Quantiles[0].Models[m]
			if want := enginetest.Median(all); q.Value != want {
				t.Errorf("n %d: median %g, want %g", x.N, q.Value, want)
			}
			if len(q.Ranks) != len(q.Ladder) || q.Ranks[0] != 1 || q.Ranks[len(q.Ranks)-1] != int64(x.N) {
				t.Errorf("n %d: ladder of %d ranks and %d values", x.N, len(q.Ranks), len(q.Ladder))
			}
		}
	}
}

func BenchmarkRank1M(b *testing.B) {
	r := rand.New(rand.NewPCG(9, 9))
	x := &rows.Rows{N: 1_000_000, Task: cases.Binary, Classes: []string{"0", "1"}, Baseline: 1}
	half := 0.5
	for range 2 {
		x.Models = append(x.Models, rows.Model{Threshold: &half, Score: make([]float64, x.N)})
	}
	for _, size := range []int{2, 5, 10, 50, 100} {
		p := rows.Partition{Aside: make([]int64, size), Names: make([]string, size)}
		for range x.N {
			p.Code = append(p.Code, uint16(r.IntN(size)))
		}
		x.Parts = append(x.Parts, p)
	}
	for i := range x.N {
		y := uint16(0)
		if r.IntN(5) == 0 {
			y = 1
		}
		x.Class = append(x.Class, y)
		s := r.NormFloat64() + float64(y)
		for m := range 2 {
			x.Models[m].Score[i] = 1 / (1 + math.Exp(-s-0.5*r.NormFloat64()))
			if i%20 == 0 {
				x.Models[m].Score[i] = math.Round(x.Models[m].Score[i]*100) / 100
			}
		}
	}
	needs := []summary.Spec{summary.Of(summary.KindRank), summary.Of(summary.KindMoments, summary.LogLoss, summary.Clipped), summary.Of(summary.KindMoments, summary.Brier)}
	ctx := context.Background()
	for b.Loop() {
		pops, err := cells.Summarize(ctx, x, needs, 0)
		if err != nil {
			b.Fatal(err)
		}
		if err := Summarize(ctx, x, needs, pops, false, 0); err != nil {
			b.Fatal(err)
		}
	}
}

// Equal rows are spread over the folds, whatever their order.
func TestFoldsOfEqualRows(t *testing.T) {
	half := 0.5
	x := &rows.Rows{N: 100, Task: cases.Binary, Models: []rows.Model{{Threshold: &half, Score: make([]float64, 100)}}, Class: make([]uint16, 100)}
	for i := range x.N {
		x.Class[i] = uint16(i % 2)
	}
	n := map[[2]int]int{}
	for i, f := range folds(x, 5) {
		n[[2]int{int(f), int(x.Class[i])}]++
	}
	for f := range 5 {
		if n[[2]int{f, 0}] != 10 || n[[2]int{f, 1}] != 10 {
			t.Errorf("fold %d has %d and %d rows of the classes", f, n[[2]int{f, 0}], n[[2]int{f, 1}])
		}
	}
}

// Counts above each cut are those of the rows, ties are never divided, and neither the
// order of rows nor the workers matter.
func TestCuts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 30))
	for k := range 20 {
		x := sample(r, 1+r.IntN(3000), 2, k%2 == 0)
		ctx := context.Background()
		needs := []summary.Spec{summary.Of(summary.KindCounts), summary.CutsOf(100, []int{1, 5}[k%2])}
		if k%3 == 0 { // with the ranks, whose sorting is shared
			needs = append(needs, summary.Of(summary.KindRank))
		}
		pops, err := cells.Summarize(ctx, x, needs, 1)
		if err == nil {
			err = Summarize(ctx, x, needs, pops, false, 1+k%3)
		}
		if err != nil {
			t.Fatal(err)
		}
		c := pops[0].Cuts
		for m, model := range c.Models {
			if len(model.Scores) > 101 {
				t.Errorf("%d cuts", len(model.Scores))
			}
			for i, score := range model.Scores {
				var rows, hits, wantRows, wantHits int64
				for f := range model.Rows[i] {
					rows, hits = rows+model.Rows[i][f], hits+model.Hits[i][f]
				}
				for row := range x.N {
					if x.Models[m].Score[row] >= score {
						wantRows++
						wantHits += int64(x.Class[row])
					}
				}
				if rows != wantRows || hits != wantHits || i > 0 && score >= model.Scores[i-1] {
					t.Fatalf("cut %d at %g: %d rows and %d positives, want %d and %d", i, score, rows, hits, wantRows, wantHits)
				}
			}
			if last := model.Rows[len(model.Rows)-1]; !reflect.DeepEqual(last, c.Total) {
				t.Errorf("the last cut holds %v of %v rows", last, c.Total)
			}
		}
	}
}

// Weights and sums by cluster at every cut are those of the rows above it.
func TestCutErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 31))
	for k := range 12 {
		x := sample(r, 1+r.IntN(600), 2, k%3 != 0)
		if k%3 == 0 || k%2 == 0 {
			for range x.N {
				x.Weight = append(x.Weight, float64(r.IntN(4)))
			}
		}
		ctx := context.Background()
		needs := []summary.Spec{summary.Of(summary.KindCounts), summary.CutErrorsOf(50, []int{1, 5}[k%2])}
		if k%4 == 0 {
			needs = append(needs, summary.Of(summary.KindRank))
		}
		pops, err := cells.Summarize(ctx, x, needs, 1)
		if err == nil {
			err = Summarize(ctx, x, needs, pops, false, 1+k%3)
		}
		if err != nil {
			t.Fatal(err)
		}
		weight := func(i int) float64 {
			if x.Weight == nil {
				return 1
			}
			return x.Weight[i]
		}
		for m, model := range pops[0].Cuts.Models {
			for i, score := range model.Scores {
				w, h, p := map[uint32]float64{}, map[uint32]float64{}, map[uint32]float64{}
				var called, hits float64
				for row := range x.N {
					g := uint32(row)
					if x.Cluster != nil {
						g = x.Cluster[row]
					}
					y := weight(row) * float64(x.Class[row])
					p[g] += y
					if x.Models[m].Score[row] >= score {
						w[g], h[g] = w[g]+weight(row), h[g]+y
						called, hits = called+weight(row), hits+y
					}
				}
				var want summary.CutError
				for g := range w {
					want.WW, want.HW, want.HH, want.HP = want.WW+w[g]*w[g], want.HW+w[g]*h[g], want.HH+h[g]*h[g], want.HP+h[g]*p[g]
					if w[g] > 0 {
						want.Clusters++
					}
					if h[g] > 0 {
						want.Positive++
					}
				}
				if got := model.Errors[i]; got != want { // whole numbers: exact in any order
					t.Fatalf("draw %d, cut %d: %+v, want %+v", k, i, got, want)
				}
				if x.Weight == nil {
					continue
				}
				var gotW, gotH float64
				for f := range model.Weight[i] {
					gotW, gotH = gotW+model.Weight[i][f], gotH+model.WeightHits[i][f]
				}
				if gotW != called || gotH != hits {
					t.Fatalf("draw %d, cut %d: weight %g and %g, want %g and %g", k, i, gotW, gotH, called, hits)
				}
			}
		}
	}
}
