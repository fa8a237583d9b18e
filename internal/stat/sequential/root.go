package sequential

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// root finds where a rising function, whose slope is near 1, is 0 between lo and hi: by
// secants, halving where they leave the bracket.
func root(f func(float64) float64, start, lo, hi float64) float64 {
	x, slope, last, y := start, 1.0, 0.0, 0.0
	for range 100 {
		before := y
		if y = f(x); math.Abs(y) < 1e-10 || hi-lo < 1e-10 {
			return x
		}
		if y < 0 {
			lo = x
		} else {
			hi = x
		}
		if s := (y - before) / (x - last); before != 0 && x != last && s > 0.01 && s < 100 {
			slope = s
		}
		last = x
		if x -= y / slope; !(x > lo && x < hi) {
			x = lo + (hi-lo)/2
		}
	}
	return x
}

// quantile is the normal quantile of a probability, finite at 0 and 1.
func quantile(p float64) float64 {
	if p > 0.5 { // a p near 1 has lost its digits: nothing that far out is asked for
		return -dist.NormQuantile(math.Max(1-p, 1e-15))
	}
	return dist.NormQuantile(math.Max(p, 1e-300))
}
