package metric

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The variance and its degrees of freedom, computed as Bell and McCaffrey define them,
// with dense matrices: residual maker I − 1 1ᵀ/n, and A_g the inverse root of its block.
func TestCR2MatchesDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	for _, sizes := range [][]int{{3, 3, 3, 3, 3, 3, 3, 3}, {1, 2, 9, 4, 1, 7, 2, 5, 3}, {30, 1, 1, 1, 1, 1, 1, 1, 2, 2}} {
		n := 0
		for _, s := range sizes {
			n += s
		}
		y, mean := make([]float64, n), 0.0
		for i := range y {
			y[i] = r.NormFloat64()
			mean += y[i] / float64(n)
		}
		want, at := 0.0, 0
		var vectors [][]float64 // a_g = (I − H)ᵀ_g A_g 1/n
		w, sums := make([]float64, len(sizes)), make([]float64, len(sizes))
		for g, size := range sizes {
			// A_g = I + c 1 1ᵀ, whose square inverts I − 1 1ᵀ/n.
			s := 1 / math.Sqrt(1-float64(size)/float64(n))
			c := (s - 1) / float64(size)
			score := 0.0
			a := make([]float64, n)
			for i := at; i < at+size; i++ {
				row := 1 + c*float64(size) // the i-th entry of A_g 1
				score += row * (y[i] - mean) / float64(n)
				for k := range a {
					if k == i {
						a[k] += row / float64(n)
					}
					a[k] -= row / float64(n) / float64(n)
				}
				w[g]++
				sums[g] += (y[i] - mean) / float64(n)
			}
			want += score * score
			vectors = append(vectors, a)
			at += size
		}
		trace, squares := 0.0, 0.0
		for g := range vectors {
			for k := range vectors {
				dot := 0.0
				for i := range n {
					dot += vectors[g][i] * vectors[k][i]
				}
				squares += dot * dot
				if g == k {
					trace += dot
				}
			}
		}
		variance, df := cr2(w, sums)
		if math.Abs(variance-want) > 1e-12*want || math.Abs(df-trace*trace/squares) > 1e-9*df {
			t.Errorf("clusters of %v: variance %g and %g degrees of freedom, by definition %g and %g", sizes, variance, df, want, trace*trace/squares)
		}
	}
	if v, df := cr2([]float64{5, 0}, []float64{1, 0}); !math.IsNaN(v) || !math.IsNaN(df) {
		t.Errorf("one cluster with all rows: %g, %g", v, df)
	}
	if _, df := cr2([]float64{2, 2, 2, 2, 2}, make([]float64, 5)); math.Abs(df-4) > 1e-12 {
		t.Errorf("equal clusters have G − 1 degrees of freedom, not %g", df)
	}
}
