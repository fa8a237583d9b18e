// Package power computes how many rows a decision needs, and the smallest effect that
// given rows can show. It refuses impossible inputs (a level or power outside (0,1), a
// zero difference) with NaN, and it never takes an observed difference as the truth.
package power

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// quantiles is z at one-sided level alpha and z of the power; NaN outside (0,1).
func quantiles(alpha, power float64) (za, zb float64) {
	if !(alpha > 0 && alpha < 1 && power > 0 && power < 1) {
		return math.NaN(), math.NaN()
	}
	return -dist.NormQuantile(alpha), dist.NormQuantile(power)
}

// rows is (x/distance)², NaN for no distance.
func rows(x, distance float64) float64 {
	if distance == 0 || !(x > 0) {
		return math.NaN()
	}
	r := x / distance
	return r * r
}

// RowsNeeded scales a standard error se seen on n rows to the rows at which a truth
// at the given distance from a bound is decided with the power, one-sided:
// n·(se·(z_α+z_β)/distance)².
func RowsNeeded(n, se, distance, alphaOneSided, power float64) float64 {
	za, zb := quantiles(alphaOneSided, power)
	return n * rows(se*(za+zb), distance)
}

// SmallestEffect is the difference from 0 that a two-sided test at alpha finds with
// the power at standard error se: (z_{α/2}+z_β)·se.
func SmallestEffect(se, alphaTwoSided, power float64) float64 {
	za, zb := quantiles(alphaTwoSided/2, power)
	return (za + zb) * se
}

// DesignEffect is the factor by which rows in clusters of mean size m (or Σm²/Σm when
// sizes differ) and intra-cluster correlation icc multiply a sample size (Kish 1965).
func DesignEffect(m, icc float64) float64 { return 1 + (m-1)*icc }
