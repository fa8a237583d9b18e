package cells

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

type shape struct {
	name     string
	task     cases.Task
	n        int
	classes  int
	models   int
	weighted bool
	clusters int // 0: none declared
}

func (s shape) draw(r *rand.Rand) *rows.Rows {
	x := &rows.Rows{N: s.n, Task: s.task, Baseline: 1, Pivot: 5}
	for c := range s.classes {
		x.Classes = append(x.Classes, fmt.Sprint("c", c))
	}
	for m := range s.models {
		model := rows.Model{Key: fmt.Sprint("m", m)}
		cut := 0.3 + 0.1*float64(m)
		if s.task == cases.Binary && m != 2 { // the third makes no decisions
			model.Threshold = &cut
		}
		for range s.n {
			if s.task == cases.Multiclass {
				model.Decision = append(model.Decision, uint16(r.IntN(s.classes)))
			} else {
				model.Score = append(model.Score, math.Round(100*r.Float64())/100)
			}
		}
		x.Models = append(x.Models, model)
	}
	part := rows.Partition{Entry: 0, Names: []string{"g=a", "g=b", "g=c"}, Aside: []int64{1, 2, 3}}
	for i := range s.n {
		if s.task == cases.Regression {
			x.Target = append(x.Target, float64(r.IntN(10)))
		} else {
			x.Class = append(x.Class, uint16(r.IntN(s.classes)))
		}
		if s.weighted {
			x.Weight = append(x.Weight, []float64{0, 0.5, 1, 3.25}[r.IntN(4)])
		}
		if s.clusters > 0 {
			x.Cluster = append(x.Cluster, uint32(r.IntN(s.clusters)))
		}
		part.Code = append(part.Code, []uint16{0, 0, 1, rows.None}[i%4]) // nobody is in g=c
	}
	for range s.clusters {
		x.ClusterHash = append(x.ClusterHash, r.Uint64())
	}
	if s.task != cases.Regression {
		x.Lost = []rows.Lost{
			{Label: 1, Decisions: []uint16{rows.None, 1, rows.None}[:s.models], Missing: []bool{true, false, false}[:s.models], Weight: 2, Codes: []uint16{0}},
			{Label: rows.None, Decisions: []uint16{1, 0, rows.None}[:s.models], Missing: make([]bool, s.models), Weight: 1, Codes: []uint16{1}},
		}
	}
	x.Parts = []rows.Partition{part}
	return x
}

func (s shape) terms() []summary.Expr {
	switch s.task {
	case cases.Regression:
		return []summary.Expr{summary.Error, summary.SquaredError, summary.Label, summary.AbsError, summary.PctError, summary.ZeroLabel}
	case cases.Binary:
		return []summary.Expr{summary.LogLoss, summary.Brier, summary.Clipped}
	}
	return nil
}

// value of an expression, from its definition.
func value(x *rows.Rows, e summary.Expr, m, i int) float64 {
	model := &x.Models[m]
	if x.Task == cases.Regression {
		y, d := x.Target[i], model.Score[i]-x.Target[i]
		return map[summary.Expr]float64{summary.Error: d, summary.SquaredError: d * d, summary.AbsError: math.Abs(d), summary.Label: y - x.Pivot,
			summary.PctError: math.Abs(d) / math.Max(y, 1e-300) * math.Min(1, y), summary.ZeroLabel: math.Max(0, 1-y)}[e]
	}
	y, p := float64(x.Class[i]), model.Score[i]
	eps := math.Ldexp(1, -52)
	clipped := math.Min(1-eps, math.Max(eps, p))
	return map[summary.Expr]float64{summary.Brier: (p - y) * (p - y), summary.LogLoss: -y*math.Log(clipped) - (1-y)*math.Log1p(-clipped),
		summary.Clipped: map[bool]float64{true: 1}[clipped != p]}[e]
}

// Every sum is held against its definition, with and without weights and clusters,
// dense and sparse, in one chunk and in several; and has the same bits for any workers.
func TestSummarize(t *testing.T) {
	for k, s := range []shape{
		{"binary", cases.Binary, 700, 2, 3, false, 0}, {"binary, weights", cases.Binary, 700, 2, 2, true, 0}, {"binary, clusters", cases.Binary, 900, 2, 2, false, 40},
		{"binary, weights, many clusters", cases.Binary, 5000, 2, 2, true, 2000}, {"multiclass", cases.Multiclass, 800, 5, 2, false, 30},
		{"multiclass, sparse cells", cases.Multiclass, 3000, 60, 2, true, 25}, {"regression", cases.Regression, 600, 0, 2, false, 12}, {"regression, weights", cases.Regression, 600, 0, 2, true, 700},
		{"several chunks", cases.Binary, 150_000, 2, 2, true, 1000}, {"one row", cases.Binary, 1, 2, 1, false, 1},
	} {
		t.Run(s.name, func(t *testing.T) {
			x := s.draw(rand.New(rand.NewPCG(uint64(k), 3)))
			needs := []summary.Spec{summary.Of(summary.KindCounts)}
			if e := s.terms(); e != nil {
				needs = append(needs, summary.Of(summary.KindMoments, e...))
			}
			pops, err := Summarize(context.Background(), x, needs, 2)
			if err != nil {
				t.Fatal(err)
			}
			for workers := range 4 {
				if again, err := Summarize(context.Background(), x, needs, workers+1); err != nil || !reflect.DeepEqual(pops, again) {
					t.Errorf("%d workers give other bits (%v)", workers+1, err)
				}
			}
			if len(pops) != 4 || pops[0].Slice != "overall" || pops[3].Slice != "g=c" || pops[3].N != 0 || pops[3].Rows != 3 {
				t.Fatalf("populations: %+v", pops)
			}
			for p, pop := range pops {
				held(t, s, x, pop, func(i int) bool { return p == 0 || x.Parts[0].Code[i] == uint16(p-1) })
			}
			if s.task != cases.Regression {
				if n := len(pops[0].Lost.Cells); n != 2 || len(pops[1].Lost.Cells) != 1 || pops[1].Lost.Cells[0].Label != 1 || pops[1].Lost.Cells[0].Decisions[0] != summary.NoDecision || pops[1].Lost.Cells[0].N != 1 {
					t.Errorf("lost rows: %+v and %+v", pops[0].Lost, pops[1].Lost)
				}
			}
		})
	}
}

func held(t *testing.T, s shape, x *rows.Rows, pop *summary.Population, in func(int) bool) {
	t.Helper()
	near := func(what string, got, want float64) {
		if !(math.Abs(got-want) <= 1e-9*math.Max(1, math.Abs(want))) {
			t.Errorf("%s: %s is %.15g, by its definition %.15g", pop.Slice, what, got, want)
		}
	}
	type sums struct {
		n     int64
		w, w2 float64
	}
	var all sums
	cells := map[string]sums{}
	cellOf := func(i int) string {
		d := make([]uint32, len(x.Models))
		for m := range x.Models {
			switch model := &x.Models[m]; {
			case model.Decision != nil:
				d[m] = uint32(model.Decision[i])
			case model.Threshold == nil:
				d[m] = summary.NoDecision
			case model.Score[i] >= *model.Threshold:
				d[m] = 1
			}
		}
		return fmt.Sprint(x.Class[i], d)
	}
	var mine []int
	weight := func(i int) float64 {
		if x.Weight == nil {
			return 1
		}
		return x.Weight[i]
	}
	for i := range x.N {
		if !in(i) {
			continue
		}
		mine = append(mine, i)
		w := weight(i)
		all = sums{all.n + 1, all.w + w, all.w2 + w*w}
		if x.Class != nil {
			c := cells[cellOf(i)]
			cells[cellOf(i)] = sums{c.n + 1, c.w + w, c.w2 + w*w}
		}
	}
	near("n", float64(pop.N), float64(all.n))
	near("Σw", pop.W, all.w)
	near("Σw²", pop.W2, all.w2)
	if x.Class != nil {
		if len(pop.Counts.Cells) != len(cells) {
			t.Errorf("%s: %d cells, want %d", pop.Slice, len(pop.Counts.Cells), len(cells))
		}
		for _, c := range pop.Counts.Cells {
			name := fmt.Sprint(c.Label, c.Decisions)
			near("n of cell "+name, float64(c.N), float64(cells[name].n))
			near("Σw of cell "+name, c.W, cells[name].w)
			near("Σw² of cell "+name, c.W2, cells[name].w2)
		}
	}
	var values [][]float64 // of the moments, by column and row of the slice
	if len(pop.Moments) > 0 {
		values = held2(x, s, pop, mine, weight, near)
	}
	if s.clusters > 0 {
		heldBlocks(t, x, pop, mine, weight, values, cellOf, near)
	}
}

// held2 holds means and co-moments: about the mean weighted by w², as Moments says.
func held2(x *rows.Rows, s shape, pop *summary.Population, mine []int, weight func(int) float64, near func(string, float64, float64)) [][]float64 {
	m := pop.Moments[0]
	values := make([][]float64, len(m.Mean))
	for _, e := range s.terms() {
		for model := range x.Models {
			c := m.Spec.Index(e, model)
			values[c] = nil
			for _, i := range mine {
				values[c] = append(values[c], value(x, e, model, i))
			}
		}
	}
	mean := func(v []float64, power float64) float64 {
		sum, total := 0.0, 0.0
		for k, i := range mine {
			w := math.Pow(weight(i), power)
			sum, total = sum+w*v[k], total+w
		}
		if total == 0 {
			return 0
		}
		return sum / total
	}
	at := 0
	for a := range values {
		near(fmt.Sprint("mean of column ", a), m.Mean[a], mean(values[a], 1))
		ca := mean(values[a], 2)
		for b := a; b < len(values); b++ {
			cb, co := mean(values[b], 2), 0.0
			for k, i := range mine {
				co += weight(i) * weight(i) * (values[a][k] - ca) * (values[b][k] - cb)
			}
			near(fmt.Sprint("co-moment of columns ", a, " and ", b), m.Co[at], co)
			at++
		}
	}
	return values
}

func heldBlocks(t *testing.T, x *rows.Rows, pop *summary.Population, mine []int, weight func(int) float64, values [][]float64, cellOf func(int) string, near func(string, float64, float64)) {
	t.Helper()
	b := pop.Blocks
	sizes := map[uint64]int64{}
	for _, i := range mine {
		sizes[x.ClusterHash[x.Cluster[i]]]++
	}
	most, squares := int64(0), 0.0
	for _, n := range sizes {
		most, squares = max(most, n), squares+float64(n)*float64(n)
	}
	near("clusters", float64(b.Clusters), float64(len(sizes)))
	near("Σ(rows of a cluster)²", b.SumSq, squares)
	if len(mine) > 0 {
		near("share of the largest cluster", b.MaxShare, float64(most)/float64(len(mine)))
	}
	if b.Exact != (len(sizes) <= summary.MaxExactClusters) {
		t.Errorf("%s: exact is %v for %d clusters", pop.Slice, b.Exact, len(sizes))
	}
	sums := map[string]float64{}
	for k, i := range mine {
		id := x.ClusterHash[x.Cluster[i]]
		if !b.Exact {
			id %= summary.BlockCount
		}
		sums[fmt.Sprint(id, " n")]++
		sums[fmt.Sprint(id, " w")] += weight(i)
		if x.Class != nil {
			sums[fmt.Sprint(id, " ", cellOf(i))] += weight(i)
		}
		for c := range values {
			sums[fmt.Sprint(id, " column ", c)] += weight(i) * (values[c][k] - pop.Moments[0].Mean[c])
		}
	}
	seen := 0
	take := func(name string, got float64) {
		near(name, got, sums[name])
		seen++
	}
	for e, id := range b.ID {
		if e > 0 && id <= b.ID[e-1] {
			t.Errorf("%s: entries are not sorted", pop.Slice)
		}
		take(fmt.Sprint(id, " n"), float64(b.N[e]))
		take(fmt.Sprint(id, " w"), b.W[e])
		for c := range values {
			take(fmt.Sprint(id, " column ", c), b.Moments[0][e*len(values)+c])
		}
		if x.Class == nil {
			continue
		}
		for k := b.CellStart[e]; k < b.CellStart[e+1]; k++ {
			c := pop.Counts.Cells[b.CellIndex[k]]
			take(fmt.Sprint(id, " ", c.Label, c.Decisions), b.CellW[k])
		}
	}
	if seen != len(sums) {
		t.Errorf("%s: %d sums by cluster, want %d", pop.Slice, seen, len(sums))
	}
}
