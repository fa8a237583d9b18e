package threshold

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// Robust is what a cut knows of weights and clusters: the weight W of the rows called and H
// of the positives among them, and sums over clusters (without clusters: over rows) of
// squares and products of their own W, H and P, P being the weight of all their positives.
type Robust struct {
	W, H, WW, HW, HH, HP float64
	Clusters             int64 // that have weight among the rows called
	Positive             int64 // that have weight among the positives called
}

// independent is Kish's number of clusters: what the cut stands on where rows of one
// cluster are all alike.
func (r *Robust) independent() float64 {
	if r.WW == 0 {
		return 0
	}
	return r.W * r.W / r.WW
}

// Fewest is the least number of clusters for a promise, as for any interval.
const Fewest = 8

// precisionTail is the p-value of "the precision is below least".
func (c Cut) precisionTail(least float64) float64 {
	r := c.Robust
	if r == nil {
		return upperTail(c.Hits, c.Rows, least)
	}
	if !(r.W > 0) {
		return 1
	}
	p := r.H / r.W
	v := (r.HH - 2*p*r.HW + p*p*r.WW) / (r.W * r.W)
	return robustTail(p, v, r.independent(), float64(c.Rows), r.Clusters, least)
}

// recallTail is the p-value of "the recall is below least"; all is the cut that calls
// every row.
func (c Cut) recallTail(all *Cut, least float64) float64 {
	r := c.Robust
	if r == nil {
		return upperTail(c.Hits, all.Hits, least)
	}
	whole := all.Robust
	if !(whole.H > 0) {
		return 1
	}
	p := r.H / whole.H
	v := (r.HH - 2*p*r.HP + p*p*whole.HH) / (whole.H * whole.H)
	return robustTail(p, v, whole.H*whole.H/whole.HH, float64(all.Hits), whole.Positive, least)
}

// robustTail is the exact binomial tail on effective rows (Korn & Graubard 1998): n over
// the design effect of the cluster-robust variance v of the share p, less what few clusters
// leave uncertain in it. Where no variance is seen, each cluster counts as one row.
func robustTail(p, v, independent, n float64, clusters int64, least float64) float64 {
	if clusters < Fewest {
		return 1
	}
	g := float64(clusters)
	rows := independent
	if v *= g / (g - 1); p > 0 && p < 1 && v > 1e-15 {
		rows = math.Min(n, p*(1-p)/v)
	}
	ratio := dist.NormQuantile(0.975) / dist.TQuantile(0.975, g-1)
	rows *= ratio * ratio
	hits := p * rows
	if hits <= 0 {
		return 1
	}
	return dist.BetaInc(hits, rows-hits+1, least)
}
