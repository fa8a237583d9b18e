package order

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/cells"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// benchRows are like those of `make bench`: two scores, 5 % of them with ties, five partitions.
func benchRows(n int) *rows.Rows {
	r, half := rand.New(rand.NewPCG(1, 2)), 0.5
	x := &rows.Rows{N: n, Task: cases.Binary, Classes: []string{"0", "1"}, Baseline: 1, Class: make([]uint16, n)}
	for m := range 2 {
		x.Models = append(x.Models, rows.Model{Key: fmt.Sprint("m", m), Threshold: &half, Score: make([]float64, n)})
	}
	for e, k := range []int{2, 5, 10, 50, 100} {
		x.Parts = append(x.Parts, rows.Partition{Entry: e, Names: make([]string, k), Rows: make([]int64, k), Code: make([]uint16, n)})
	}
	for i := range n {
		if r.Float64() < 0.2 {
			x.Class[i] = 1
		}
		shared, tied := r.NormFloat64(), r.Float64() < 0.05
		for m := range x.Models {
			s := 1 / (1 + math.Exp(1.9-1.3*(0.8*shared+0.6*r.NormFloat64())-1.8*float64(x.Class[i])))
			if tied {
				s = math.Round(100*s) / 100
			}
			x.Models[m].Score[i] = s
		}
		for e := range x.Parts {
			u := r.Float64()
			x.Parts[e].Code[i] = uint16(float64(len(x.Parts[e].Names)) * u * u)
		}
	}
	return x
}

func BenchmarkRank(b *testing.B) {
	x := benchRows(2_000_000)
	ctx := context.Background()
	pops, err := cells.Summarize(ctx, x, rankNeeds, 1)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := Summarize(ctx, x, []summary.Spec{summary.Of(summary.KindRank)}, pops, false, 1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(x.N), "ns/row")
}
