package local

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// A share of the rows takes answers of other rows: as many answers of each kind as
// before, the same whatever the order of rows, none of the baseline's.
func TestDegrade(t *testing.T) {
	const n = 20000
	r := rand.New(rand.NewPCG(1, 1))
	make2 := func(order []int) *rows.Rows {
		r := rand.New(rand.NewPCG(2, 2))
		scores := make([][2]float64, n)
		for i := range scores {
			scores[i] = [2]float64{r.Float64(), float64(r.IntN(10)) / 10}
		}
		x := &rows.Rows{N: n, Task: cases.Binary, Baseline: 1, Models: []rows.Model{{Key: "candidate"}, {Key: "baseline"}}}
		for _, i := range order {
			x.Class = append(x.Class, uint16(i%2))
			x.Models[0].Score = append(x.Models[0].Score, scores[i][0])
			x.Models[1].Score = append(x.Models[1].Score, scores[i][1])
		}
		return x
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	a, clean := make2(order), make2(order)
	k := degrade(a, 0.1, 7)
	if math.Abs(float64(k)-0.1*n) > 5*math.Sqrt(0.09*n) {
		t.Errorf("%d of %d rows, not a tenth", k, n)
	}
	moved := 0
	for i := range n {
		if a.Models[0].Score[i] != clean.Models[0].Score[i] {
			moved++
		}
	}
	if int64(moved) != k || !slices.Equal(a.Models[1].Score, clean.Models[1].Score) {
		t.Errorf("%d rows changed, %d said", moved, k)
	}
	x, y := slices.Sorted(slices.Values(a.Models[0].Score)), slices.Sorted(slices.Values(clean.Models[0].Score))
	if !slices.Equal(x, y) {
		t.Error("other answers than before")
	}
	r.Shuffle(n, func(i, k int) { order[i], order[k] = order[k], order[i] })
	b := make2(order)
	if degrade(b, 0.1, 7) != k {
		t.Error("the order of rows changes how many")
	}
	for at, i := range order {
		if b.Models[0].Score[at] != a.Models[0].Score[i] {
			t.Fatal("the order of rows changes a row's answer")
		}
	}
	c := make2(order)
	degrade(c, 0.1, 8)
	if slices.Equal(b.Models[0].Score, c.Models[0].Score) {
		t.Error("the seed changes nothing")
	}
	if k := degrade(clean, 1, 0); k != n {
		t.Errorf("all is %d", k)
	}
}

// Rows that are all alike can be told apart by nothing, and about a share is taken.
func TestDegradeAlike(t *testing.T) {
	const n = 5000
	x := &rows.Rows{N: n, Task: cases.Multiclass, Class: make([]uint16, n), Models: []rows.Model{{Decision: make([]uint16, n)}}}
	for i := range n / 2 {
		x.Models[0].Decision[i] = 1
	}
	if k := degrade(x, 0.2, 1); math.Abs(float64(k)-0.2*n) > 5*math.Sqrt(0.16*n) {
		t.Errorf("%d of %d alike rows, not a fifth", k, n)
	}
}
