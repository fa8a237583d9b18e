package shift

import (
	"maps"
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/summary"
)

// minBlocks is the least number of clusters that give an interval, as elsewhere.
const minBlocks = 8

// variance of an effect whose influences by feature are e, and its degrees of freedom:
// Σw²e² over the rows of both data sets; with clusters G/(G−1)·Σ(Σwe)², where a cluster
// that is in both is one (CR1; Liang & Zeger 1986).
func (s *split) variance(e [2][]float64) (variance, df float64) {
	df = math.Inf(1)
	together := map[uint64]float64{}
	blocks := 0
	coarse := false
	for _, x := range s.sides {
		coarse = coarse || x.blocks != nil && !x.exact
	}
	for k, x := range s.sides {
		if x.blocks == nil {
			variance += s.rows(x, e[k])
			if x.weighted {
				df = math.Min(df, x.kish-1)
			}
			continue
		}
		if len(x.blocks) < minBlocks {
			return math.NaN(), math.NaN()
		}
		df = math.Min(df, float64(len(x.blocks)-1))
		blocks++
		for _, id := range slices.Sorted(maps.Keys(x.blocks)) {
			to := id
			if coarse && x.exact {
				to %= summary.BlockCount
			}
			b := x.blocks[id]
			for _, at := range slices.Sorted(maps.Keys(b)) {
				together[to] += b[at] * e[k][at]
			}
		}
	}
	if blocks > 0 {
		sum := 0.0
		for _, id := range slices.Sorted(maps.Keys(together)) {
			sum += together[id] * together[id]
		}
		g := float64(len(together))
		variance += sum * g / (g - 1)
	}
	return variance, df
}

// rows is Σw²e² of independent rows.
func (s *split) rows(x *side, e []float64) float64 {
	sum := 0.0
	if s.counts {
		for at, w2 := range x.w2 {
			sum += w2 * e[at] * e[at]
		}
		return sum
	}
	for g := range s.names {
		sum += x.quadratic(g, e[g*(1+s.dim):(g+1)*(1+s.dim)])
	}
	return sum
}
