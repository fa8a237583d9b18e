package order

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

func BenchmarkSort(b *testing.B) {
	r := rand.New(rand.NewPCG(9, 9))
	score := make([]float64, 5_000_000)
	codes := newArray[uint32](len(score))
	for i := range score {
		score[i] = 1 / (1 + math.Exp(1.9-1.3*r.NormFloat64()))
		if i%20 == 0 {
			score[i] = math.Round(score[i]*100) / 100
		}
		codes.v[i] = r.Uint32() >> 10
	}
	w := &sorter{workers: 1}
	for b.Loop() {
		if _, err := w.sort(context.Background(), score, nil, codes); err != nil {
			b.Fatal(err)
		}
	}
}
