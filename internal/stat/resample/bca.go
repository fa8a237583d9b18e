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
// draws is reordered in place. Both ends are NaN without draws, with a NaN among the
// numbers, or where the method is undefined: all draws on one side of est, or an
// acceleration so large that 1-a(z0+z) <= 0.
func BCa(draws []float64, est, accel, level float64) (lo, hi float64) {
	nan := math.NaN()
	if len(draws) == 0 || math.IsNaN(est) || math.IsNaN(accel) || !(level > 0 && level < 1) {
		return nan, nan
	}
	// A metric of the same counts may differ in its last digits by the order of
	// additions; that is still a tie.
	slack := 1e-12 * math.Abs(est)
	below, tied := 0, 0
	for _, d := range draws {
		switch {
		case math.IsNaN(d):
			return nan, nan
		case d < est-slack:
			below++
		case d <= est+slack:
			tied++
		}
	}
	z0 := dist.NormQuantile((float64(below) + float64(tied)/2) / float64(len(draws)))
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
	low := nth(draws, i)
	if i == len(draws)-1 {
		return low
	}
	return low + (at-float64(i))*(slices.Min(draws[i+1:])-low)
}

// nth is the k-th smallest (0-based); it reorders x so that smaller values come before
// it and larger ones after: two ends need no full sort.
func nth(x []float64, k int) float64 {
	lo, hi := 0, len(x)-1
	for lo < hi {
		// The median of three spots as pivot, so that sorted draws are no bad case.
		a, b, c := x[lo], x[lo+(hi-lo)/2], x[hi]
		pivot := math.Max(math.Min(a, b), math.Min(math.Max(a, b), c))
		i, j := lo, hi
		for i <= j {
			for x[i] < pivot {
				i++
			}
			for x[j] > pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return x[k]
		}
	}
	return x[k]
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
