package enginetest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/slice"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Run is the suite that every engine must pass: random files are summarised by the
// engine and by the oracle, slice by slice.
func Run(t *testing.T, open func() engine.Engine) {
	t.Helper()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("binary ", seed), func(t *testing.T) { binary(t, open(), seed) })
	}
	t.Run("merge", func(t *testing.T) { merge(t, open()) })
}

// kase is one row of a file.
type kase struct {
	Row
	group string // "" is null
	age   int
}

func draw(r *rand.Rand, n int) []kase {
	digits := math.Pow(10, float64(1+r.IntN(5)))
	prev := []float64{0.02, 0.5, 1}[r.IntN(3)]
	out := make([]kase, n)
	for i := range out {
		y := 0
		if r.Float64() < prev {
			y = 1
		}
		k := kase{Row: Row{Label: y, Weight: 1}, age: r.IntN(90), group: []string{"a", "b=1 & c", "", "Ω"}[r.IntN(4)]}
		for range 2 {
			k.Score = append(k.Score, math.Round(math.Min(1, 0.2*float64(y)+0.8*r.Float64())*digits)/digits)
		}
		out[i] = k
	}
	return out
}

func writeCSV(t *testing.T, rows []kase) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("y,s,t,g,age\n")
	for _, k := range rows {
		fmt.Fprintf(&b, "%d,%v,%v,%s,%d\n", k.Label, k.Score[0], k.Score[1], k.group, k.age)
	}
	path := filepath.Join(t.TempDir(), "data.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// request asks for everything that the oracle knows, on four kinds of slices.
func request(t *testing.T, path string) engine.Request {
	t.Helper()
	half, other := 0.5, 0.3
	column, err1 := slice.ColumnSlice("g")
	bins, err2 := slice.BinSlice("age", []float64{18, 65})
	where, err3 := slice.ParseWhere("age >= 80 AND g IS NOT NULL")
	named, err4 := slice.WhereSlice("old", where)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return engine.Request{Task: cases.Binary, Source: path, Label: "y", Positive: "1", Baseline: 1, MaxSlices: 100,
		Models: []cases.Model{{Key: "candidate", Score: "s", Threshold: &half}, {Key: "baseline", Score: "t", Threshold: &other}}, NeedProbability: []bool{true, true},
		Slices: []slice.Partition{column, bins, named}, Needs: []summary.Spec{summary.Of(summary.KindCounts), summary.Of(summary.KindRank), summary.Of(summary.KindMoments, summary.Brier)}}
}

// member says which rows a slice holds, by its name.
func member(name string) func(kase) bool {
	switch name {
	case "overall":
		return func(kase) bool { return true }
	case "g=∅":
		return func(k kase) bool { return k.group == "" }
	case `g="b=1 & c"`:
		return func(k kase) bool { return k.group == "b=1 & c" }
	case "age=<18":
		return func(k kase) bool { return k.age < 18 }
	case "age=[18, 65)":
		return func(k kase) bool { return k.age >= 18 && k.age < 65 }
	case "age=≥65":
		return func(k kase) bool { return k.age >= 65 }
	case "old":
		return func(k kase) bool { return k.age >= 80 && k.group != "" }
	}
	return func(k kase) bool { return name == "g="+k.group }
}

func binary(t *testing.T, e engine.Engine, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 77))
	rows := draw(r, 5+r.IntN(300))
	res, err := e.Summarize(context.Background(), request(t, writeCSV(t, rows)))
	if err != nil {
		if strings.Contains(err.Error(), "positive value") { // the draw has one class
			t.Skip(err)
		}
		t.Fatal(err)
	}
	for _, p := range res.Set.Pops {
		in := member(p.Slice)
		var mine []Row
		for _, k := range rows {
			if in(k) {
				mine = append(mine, k.Row)
			}
		}
		if p.N != int64(len(mine)) || p.Rows != p.N {
			t.Errorf("%s: %d rows, want %d", p.Slice, p.N, len(mine))
			continue
		}
		if len(mine) > 0 {
			compare(t, p, mine)
		}
	}
}

// compare holds a population against the oracle.
func compare(t *testing.T, p *summary.Population, rows []Row) {
	t.Helper()
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1e-9*math.Max(1, math.Abs(want)) {
			t.Errorf("%s: %s = %.15g, want %.15g", p.Slice, what, got, want)
		}
	}
	cells := map[[3]uint32]int64{}
	brier := [2]float64{}
	for _, r := range rows {
		k := [3]uint32{uint32(r.Label)}
		for m, cut := range []float64{0.5, 0.3} {
			if r.Score[m] >= cut {
				k[1+m] = 1
			}
			brier[m] += (r.Score[m] - float64(r.Label)) * (r.Score[m] - float64(r.Label)) / float64(len(rows))
		}
		cells[k]++
	}
	if len(cells) != len(p.Counts.Cells) {
		t.Errorf("%s: %d cells, want %d", p.Slice, len(p.Counts.Cells), len(cells))
	}
	for _, c := range p.Counts.Cells {
		near(fmt.Sprint("cell ", c.Label, c.Decisions), float64(c.N), float64(cells[[3]uint32{c.Label, c.Decisions[0], c.Decisions[1]}]))
	}
	near("Brier of the candidate", p.Moments[0].Mean[0], brier[0])
	near("Brier of the baseline", p.Moments[0].Mean[1], brier[1])
	want := RankOf(rows, 2, 1)
	for m, w := range want.Models {
		g := p.Rank.Models[m]
		near("U2", float64(g.U2), float64(w.U2))
		near("S10", g.S10, w.S10)
		near("S01", g.S01, w.S01)
		near("AP", g.AP, w.AP)
		near("APSS", g.APSS, w.APSS)
	}
	near("C10", p.Rank.Pairs[0].C10, want.Pairs[0].C10)
	near("C01", p.Rank.Pairs[0].C01, want.Pairs[0].C01)
}

// merge: the summaries of two files merge to those of their union (all kinds but
// Order, which says that it does not).
func merge(t *testing.T, e engine.Engine) {
	rows := draw(rand.New(rand.NewPCG(5, 78)), 400)
	for i := range rows { // both classes in each half
		rows[i].Label = i % 2
	}
	get := func(rows []kase) *summary.Population {
		res, err := e.Summarize(context.Background(), request(t, writeCSV(t, rows)))
		if err != nil {
			t.Fatal(err)
		}
		return res.Set.Pops[0]
	}
	whole, a, b := get(rows), get(rows[:150]), get(rows[150:])
	if err := a.Counts.Merge(b.Counts); err != nil {
		t.Fatal(err)
	}
	for i, c := range whole.Counts.Cells {
		if g := a.Counts.Cells[i]; g.N != c.N || g.Label != c.Label {
			t.Errorf("cell %d: merged %+v, whole %+v", i, g, c)
		}
	}
	if err := a.Moments[0].Merge(b.Moments[0]); err != nil {
		t.Fatal(err)
	}
	for c := range whole.Moments[0].Mean {
		if math.Abs(a.Moments[0].Mean[c]-whole.Moments[0].Mean[c]) > 1e-12 {
			t.Errorf("mean %d: merged %g, whole %g", c, a.Moments[0].Mean[c], whole.Moments[0].Mean[c])
		}
	}
	for c := range whole.Moments[0].Co {
		if math.Abs(a.Moments[0].Co[c]-whole.Moments[0].Co[c]) > 1e-10 {
			t.Errorf("co-moment %d: merged %g, whole %g", c, a.Moments[0].Co[c], whole.Moments[0].Co[c])
		}
	}
}
