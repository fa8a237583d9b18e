package resample

import (
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// BCa is the bias-corrected and accelerated bootstrap interval (Efron 1987) at a
// two-sided level in (0,1): quantiles of the draws at Φ(z0 + (z0+z)/(1-a(z0+z))),
// where z0 = Φ⁻¹ of the share of draws below est plus half of those equal to it, and
// a is accel. Quantiles interpolate at position (B+1)·share, held within the draws.
//
// draws is sorted in place. Both ends are NaN without draws, with a NaN among the
// numbers, or where the method is undefined: all draws on one side of est, or an
// acceleration so large that 1-a(z0+z) <= 0.
func BCa(draws []float64, est, accel, level float64) (lo, hi float64) {
	nan := math.NaN()
	if len(draws) == 0 || math.IsNaN(est) || math.IsNaN(accel) || !(level > 0 && level < 1) {
		return nan, nan
	}
	slices.Sort(draws) // cheap when they are sorted already
	if math.IsNaN(draws[0]) {
		return nan, nan
	}
	// A metric of the same counts may differ in its last digits by the order of
	// additions; that is still a tie.
	slack := 1e-12 * math.Abs(est)
	below, _ := slices.BinarySearch(draws, est-slack)
	upTo, _ := slices.BinarySearch(draws, math.Nextafter(est+slack, math.Inf(1)))
	z0 := dist.NormQuantile((float64(below) + float64(upTo-below)/2) / float64(len(draws)))
	if math.IsInf(z0, 0) {
		return nan, nan
	}
	z := dist.NormQuantile(0.5 + level/2)
	lo, hi = bcaEnd(draws, z0, -z, accel), bcaEnd(draws, z0, z, accel)
	if math.IsNaN(lo) || math.IsNaN(hi) {
		return nan, nan
	}
	return lo, hi
}

func bcaEnd(draws []float64, z0, z, accel float64) float64 {
	shrink := 1 - accel*(z0+z)
	if !(shrink > 0) {
		return math.NaN()
	}
	share := dist.NormCDF(z0 + (z0+z)/shrink)
	at := share*float64(len(draws)+1) - 1 // 0-based
	at = math.Max(0, math.Min(float64(len(draws)-1), at))
	i := int(at)
	if i == len(draws)-1 {
		return draws[i]
	}
	return draws[i] + (at-float64(i))*(draws[i+1]-draws[i])
}

// Acceleration is BCa's a = Σ n_k l_k³ / (6 (Σ n_k l_k²)^1.5) from the number of rows
// and the influence value of each cell (Efron 1987); the scale of the influence
// values does not matter. A metric that no cell moves has acceleration 0. The slices
// have the same length.
func Acceleration(n, influence []float64) float64 {
	var two, three float64
	for k, l := range influence {
		two += n[k] * l * l
		three += n[k] * l * l * l
	}
	if two == 0 {
		return 0
	}
	return three / (6 * math.Pow(two, 1.5))
}
