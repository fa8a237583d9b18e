package summary

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// direct computes moments in two passes over all rows: obviously right.
func direct(rows [][]float64, w []float64, weighted bool) *Moments {
	d := len(rows[0])
	m := NewMoments(Spec{}, d, weighted)
	for i := range rows {
		m.N++
		m.W += w[i]
		m.W2 += w[i] * w[i]
	}
	centre := m.Mean
	for c := range d {
		for i := range rows {
			m.Mean[c] += w[i] * rows[i][c] / m.W
			if weighted {
				m.Mean2[c] += w[i] * w[i] * rows[i][c] / m.W2
			}
		}
	}
	if weighted {
		centre = m.Mean2
	}
	k := 0
	for a := range d {
		for b := a; b < d; b++ {
			for i := range rows {
				m.Co[k] += w[i] * w[i] * (rows[i][a] - centre[a]) * (rows[i][b] - centre[b])
			}
			k++
		}
	}
	return m
}

// The law: summarize(a ∪ b) = merge(summarize(a), summarize(b)).
func TestMomentsMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "n")
		d := rapid.IntRange(1, 4).Draw(t, "d")
		weighted := rapid.Bool().Draw(t, "weighted")
		offset := rapid.SampledFrom([]float64{0, 1, 1e6}).Draw(t, "offset")
		rows := make([][]float64, n)
		w := make([]float64, n)
		for i := range rows {
			w[i] = 1
			if weighted {
				w[i] = rapid.Float64Range(0.1, 4).Draw(t, "w")
			}
			for range d {
				rows[i] = append(rows[i], offset+rapid.Float64Range(-3, 3).Draw(t, "v"))
			}
		}
		cut := rapid.IntRange(1, n-1).Draw(t, "cut")
		whole, a := direct(rows, w, weighted), direct(rows[:cut], w[:cut], weighted)
		if err := a.Merge(direct(rows[cut:], w[cut:], weighted)); err != nil {
			t.Fatal(err)
		}
		g := make([]float64, d)
		for i := range g {
			g[i] = float64(i) - 1.5
		}
		close := func(what string, x, y, scale float64) {
			if math.Abs(x-y) > 1e-9*scale {
				t.Fatalf("%s: merged %g, whole %g", what, x, y)
			}
		}
		close("n", float64(a.N), float64(whole.N), 1)
		close("w", a.W, whole.W, whole.W)
		close("w2", a.W2, whole.W2, whole.W2)
		for c := range d {
			close("mean", a.Mean[c], whole.Mean[c], 1+math.Abs(offset))
		}
		close("quadratic", a.Quadratic(g), whole.Quadratic(g), float64(n)*100)
	})
}

// Quadratic is Σw²(g·(v−μ))² about the w-weighted mean.
func TestQuadraticIsTheSandwich(t *testing.T) {
	rows := [][]float64{{1, 2}, {3, -1}, {2, 2}, {8, 0.5}}
	w := []float64{1, 2, 0.5, 3}
	m := direct(rows, w, true)
	g := []float64{0.7, -1.1}
	want := 0.0
	for i, r := range rows {
		x := g[0]*(r[0]-m.Mean[0]) + g[1]*(r[1]-m.Mean[1])
		want += w[i] * w[i] * x * x
	}
	if got := m.Quadratic(g); math.Abs(got-want) > 1e-12*want {
		t.Errorf("Quadratic = %g, want %g", got, want)
	}
}

func TestCountsMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.Custom(func(t *rapid.T) [2]uint32 {
			return [2]uint32{uint32(rapid.IntRange(0, 2).Draw(t, "y")), uint32(rapid.IntRange(0, 2).Draw(t, "d"))}
		})
		rows := rapid.SliceOf(cell).Draw(t, "rows")
		count := func(rows [][2]uint32) *Counts {
			n := map[[2]uint32]int64{}
			for _, r := range rows {
				n[r]++
			}
			c := &Counts{}
			for k, v := range n {
				c.Cells = append(c.Cells, Cell{Label: k[0], Decisions: []uint32{k[1]}, N: v, W: float64(v), W2: float64(v)})
			}
			c.Sort()
			return c
		}
		cut := rapid.IntRange(0, len(rows)).Draw(t, "cut")
		whole, a := count(rows), count(rows[:cut])
		if err := a.Merge(count(rows[cut:])); err != nil {
			t.Fatal(err)
		}
		if len(a.Cells) != len(whole.Cells) {
			t.Fatalf("merged %v, whole %v", a.Cells, whole.Cells)
		}
		for i := range a.Cells {
			if compareCells(a.Cells[i], whole.Cells[i]) != 0 || a.Cells[i].N != whole.Cells[i].N {
				t.Fatalf("cell %d: merged %v, whole %v", i, a.Cells[i], whole.Cells[i])
			}
		}
	})
}

func TestSpecIndex(t *testing.T) {
	s := Of(KindMoments, SquaredError, Label, LabelSquared)
	if n := s.Columns(2); n != 4 {
		t.Fatalf("columns = %d, want 4", n)
	}
	for _, tc := range []struct {
		e    Expr
		m, i int
	}{{Label, 0, 0}, {Label, 1, 0}, {LabelSquared, 1, 1}, {SquaredError, 0, 2}, {SquaredError, 1, 3}, {Brier, 0, -1}} {
		if got := s.Index(tc.e, tc.m); got != tc.i {
			t.Errorf("Index(%s, %d) = %d, want %d", tc.e, tc.m, got, tc.i)
		}
	}
}
