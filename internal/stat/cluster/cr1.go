// Package cluster estimates variances from sums of influence values per cluster or
// hash block. It refuses fewer than two blocks, which show no variation.
package cluster

import "math"

// CR1 is the cluster-robust variance G/(G-1)·Σ e_g² of an estimate (Liang & Zeger
// 1986; Cameron & Miller 2015), where e_g is the sum of influence values (already
// divided by n, so that they sum to 0) in block g and G the number of blocks passed:
// leave empty blocks out. NaN for fewer than two blocks.
func CR1(blockSums []float64) float64 {
	if len(blockSums) < 2 {
		return math.NaN()
	}
	sum := 0.0
	for _, e := range blockSums {
		sum += e * e
	}
	g := float64(len(blockSums))
	return sum * g / (g - 1)
}
