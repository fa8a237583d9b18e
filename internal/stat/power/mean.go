package power

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// Means is the rows per arm to find a difference delta between the means of two
// independent arms with common standard deviation sd, two-sided t test (solves the
// noncentral t equation of R's power.t.test, one tail). At least 2; NaN unless sd > 0
// and 0 < |delta| <= 100·sd: beyond, two rows show it and no plan is needed.
func Means(delta, sd, alpha, power float64) float64 {
	return solveT(math.Abs(delta/sd)/math.Sqrt2, 2, alpha, power)
}

// PairedMeans is the number of pairs to find a mean difference delta when the paired
// differences have standard deviation sd, two-sided t test; limits as for Means.
func PairedMeans(delta, sd, alpha, power float64) float64 {
	return solveT(math.Abs(delta/sd), 1, alpha, power)
}

// solveT is the n at which a t with arms·(n-1) degrees of freedom and noncentrality
// effect·sqrt(n) exceeds its critical value with the power; at least 2.
func solveT(effect float64, arms, alpha, power float64) float64 {
	za, zb := quantiles(alpha/2, power)
	normal := rows(za+zb, effect)
	if !(effect <= 100) || math.IsNaN(normal) || math.IsInf(normal, 1) {
		return math.NaN()
	}
	miss := func(n float64) float64 {
		df := arms * (n - 1)
		return dist.NoncentralTCDF(-dist.TQuantile(alpha/2, df), df, effect*math.Sqrt(n)) - (1 - power)
	}
	// The t test needs a little more than the normal one: by about za²/2 rows.
	lo, hi := math.Max(2, normal), normal+4
	if miss(lo) <= 0 {
		return lo
	}
	gap := miss(hi)
	for ; gap > 0; gap = miss(hi) {
		lo, hi = hi, 2*hi
	}
	if math.IsNaN(gap) { // a level so small that the noncentral t gives out
		return gap
	}
	for i := 0; i < 200 && hi-lo > 1e-12*hi; i++ {
		if mid := lo + (hi-lo)/2; miss(mid) > 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + (hi-lo)/2
}
