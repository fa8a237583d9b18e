package order

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/cells"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

func BenchmarkWalk(b *testing.B) {
	r := rand.New(rand.NewPCG(9, 9))
	x := &rows.Rows{N: 3_000_000, Task: cases.Binary, Classes: []string{"0", "1"}, Baseline: 1}
	half := 0.5
	for range 2 {
		x.Models = append(x.Models, rows.Model{Threshold: &half, Score: make([]float64, x.N)})
	}
	for _, size := range []int{2, 5, 10, 50, 100} {
		p := rows.Partition{Aside: make([]int64, size), Names: make([]string, size)}
		for range x.N {
			u := r.Float64()
			p.Code = append(p.Code, uint16(float64(size)*u*u))
		}
		x.Parts = append(x.Parts, p)
	}
	for i := range x.N {
		y := uint16(0)
		if r.IntN(5) == 0 {
			y = 1
		}
		x.Class = append(x.Class, y)
		s := -1.9 + 1.3*.8*r.NormFloat64() + 1.8*float64(y)
		for m := range 2 {
			x.Models[m].Score[i] = 1 / (1 + math.Exp(-s-1.3*.6*r.NormFloat64()))
			if i%20 == 0 {
				x.Models[m].Score[i] = math.Round(x.Models[m].Score[i]*100) / 100
			}
		}
	}
	needs := []summary.Spec{summary.Of(summary.KindRank)}
	ctx := context.Background()
	pops, err := cells.Summarize(ctx, x, needs, 1)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := Summarize(ctx, x, needs, pops, false, 1); err != nil {
			b.Fatal(err)
		}
	}
}
