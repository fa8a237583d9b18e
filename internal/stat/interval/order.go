package interval

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// OrderRanks gives the ranks (1-based, ascending) of the two order statistics of n
// rows that enclose the q-quantile with at least the asked level, whatever the
// distribution (binomial tails, at most (1-level)/2 each), and the level that they
// achieve for a continuous one. ok is false, and the ranks 0, when n rows are too few
// for such an interval or n, q, level are out of range.
func OrderRanks(n int, q, level float64) (lo, hi int, achieved float64, ok bool) {
	if n < 1 || !(q > 0 && q < 1) || !(level > 0 && level < 1) {
		return 0, 0, math.NaN(), false
	}
	tail := (1 - level) / 2
	m := int64(n)
	// Mirroring the upper tail makes the ranks of the median symmetric to the bit.
	lo = lowRank(m, q, tail)
	hi = n + 1 - lowRank(m, 1-q, tail)
	if lo < 1 || hi > n {
		return 0, 0, math.NaN(), false
	}
	miss := dist.BinomialCDF(int64(lo)-1, m, q) + dist.BinomialCDF(int64(n-hi), m, 1-q)
	return lo, hi, 1 - miss, true
}

// lowRank is the largest r with P(Binomial(n,q) <= r-1) <= tail; 0 if there is none.
func lowRank(n int64, q, tail float64) int {
	lo, hi := int64(0), n+1
	for hi-lo > 1 {
		r := lo + (hi-lo)/2
		if dist.BinomialCDF(r-1, n, q) <= tail {
			lo = r
		} else {
			hi = r
		}
	}
	return int(lo)
}
