// Package test turns statistics and counts into p-values. It refuses invalid input
// with NaN and never rounds a small p-value to 0 while a float64 can hold it.
package test

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// McNemarExact is the two-sided exact binomial p-value of equal discordant rates,
// 2·P(Bin(b+c, ½) <= min(b,c)) capped at 1. It is 1 for b = c = 0 and NaN for
// negative counts. Conservative; prefer McNemarMidP.
func McNemarExact(b, c int64) float64 {
	if b < 0 || c < 0 {
		return math.NaN()
	}
	return math.Min(1, 2*dist.BinomialCDF(min(b, c), b+c, 0.5))
}

// McNemarMidP is the two-sided mid-p-value of equal discordant rates (Fagerland,
// Lydersen & Laake 2013): the exact one less the probability of the observed table.
// It is 1 for b = c = 0 (no evidence) and NaN for negative counts.
func McNemarMidP(b, c int64) float64 {
	if b == 0 && c == 0 {
		return 1
	}
	return McNemarExact(b, c) - dist.BinomialPMF(min(b, c), b+c, 0.5)
}
