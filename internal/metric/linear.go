package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Fewer non-empty blocks than minBlocks give no interval, fewer than lowBlocks a
// warning (STATISTICS 1.8).
const (
	minBlocks = 8
	lowBlocks = 20
	// Below fewBlocks CR1 with t(G−1) is too bold: CR2 with Satterthwaite's degrees of
	// freedom (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018).
	fewBlocks = 40
	// noCluster is the share of the rows' variance below which that of the clusters is the
	// rounding of 0. One row of n that a cluster has more gives some 1/n.
	noCluster = 1e-16
	// Satterthwaite's approximation is not to be trusted below four degrees of freedom
	// (Pustejovsky & Tipton 2018).
	fewestDF = 4
)

// spread is the sampling error of a smooth functional: its variance, the degrees of
// freedom and, with clusters, the block sums of influence that it came from.
type spread struct {
	variance float64
	df       float64
	iid      float64   // variance if rows were independent
	ids      []uint64  // block ids, nil without clusters
	exact    bool      // ids are cluster hashes
	sums     []float64 // Σ of influence by block
	how      string    // what the clusters' variance is called
	note     string
	// most is the largest df that a comparison across slices may take from it; 0: no limit.
	most float64
}

// clustered turns block sums into a CR1 variance with t(G−1), G the non-empty blocks
// (Liang & Zeger 1986; Kott 2001 for hash blocks); below fewBlocks a CR2 variance.
func clustered(b *summary.Blocks, sums []float64, iid float64) spread {
	s := spread{iid: iid, ids: b.ID, exact: b.Exact, sums: sums, how: "CR1-t"}
	g := float64(len(sums))
	if len(sums) < minBlocks {
		s.variance, s.df = math.NaN(), math.NaN()
		s.note = "fewer than 8 clusters: no interval"
		return s
	}
	if len(sums) < fewBlocks {
		s.variance, s.df = cr2(b.W, sums)
		s.how = "CR2-t"
	} else {
		for _, x := range sums {
			s.variance += x * x
		}
		s.variance *= g / (g - 1)
		s.df = g - 1
	}
	switch {
	case s.df < fewestDF:
		s.variance, s.df = math.NaN(), math.NaN()
		s.note = "a few clusters hold most rows: too few degrees of freedom for an interval"
	case s.variance < noCluster*iid:
		s.variance = iid
		s.note = "the rows differ but no cluster does, as if by design: the error shown is that of independent rows"
	case len(sums) < lowBlocks:
		s.note = "fewer than 20 clusters: the interval has few degrees of freedom"
	}
	return s
}

// cr2 is the bias-reduced variance of a mean whose influences are summed by cluster,
// and its degrees of freedom under independent rows. A cluster of the share h of all
// weight has its sum inflated by 1/√(1 − h): with the mean estimated from the same rows,
// that makes the variance unbiased. The degrees of freedom are (tr Ω)²/tr Ω², with
// Ω = (h_g δ_gh − h_g h_h)·s_g s_h in units of the rows' variance over n, s = 1/√(1 − h).
// For a smooth functional it is the same on its linearised form, with a cluster's share
// of the rows as its leverage.
func cr2(w, sums []float64) (variance, df float64) {
	total := 0.0
	for _, x := range w {
		total += x
	}
	h := make([]float64, len(w))
	for g, x := range w {
		h[g] = x / total
		if !(h[g] < 1) {
			return math.NaN(), math.NaN()
		}
		variance += sums[g] * sums[g] / (1 - h[g])
	}
	squares := 0.0
	for g := range h {
		squares += h[g] * h[g] // the diagonal: (h − h²)/(1 − h) = h
		for k := range h {
			if k != g {
				squares += h[g] * h[g] * h[k] * h[k] / ((1 - h[g]) * (1 - h[k]))
			}
		}
	}
	return variance, 1 / squares
}

// finish writes the error into an inference.
func (s spread) finish(value float64, shape infer.Shape, method string) infer.Inference {
	return infer.Inference{Value: value, SE: math.Sqrt(s.variance), DF: s.df, Shape: shape, Method: method}
}

// kish is the effective number of rows of weights, (Σw)²/Σw².
func kish(w, w2 float64) float64 {
	if w2 <= 0 {
		return 0
	}
	return w * w / w2
}

// acrossSpread is the variance of ka·X + kb·Y for influences on two slices: independent
// rows, but clusters may have rows in both, so block sums are added block by block.
func acrossSpread(x, y spread, kx, ky float64) (variance, df float64) {
	if x.ids == nil || y.ids == nil {
		v := kx*kx*x.variance + ky*ky*y.variance
		return v, math.Min(x.df, y.df)
	}
	xi, xs, yi, ys := x.ids, x.sums, y.ids, y.sums
	if x.exact != y.exact || !x.exact {
		if x.exact {
			xi, xs = summary.Coarsen(xi, xs)
		}
		if y.exact {
			yi, ys = summary.Coarsen(yi, ys)
		}
	}
	total, g := 0.0, 0.0
	for i, j := 0, 0; i < len(xi) || j < len(yi); g++ {
		var e float64
		switch {
		case j == len(yi) || i < len(xi) && xi[i] < yi[j]:
			e = kx * xs[i]
			i++
		case i == len(xi) || yi[j] < xi[i]:
			e = ky * ys[j]
			j++
		default:
			e = kx*xs[i] + ky*ys[j]
			i++
			j++
		}
		total += e * e
	}
	if g < minBlocks || len(x.ids) < minBlocks || len(y.ids) < minBlocks {
		return math.NaN(), math.NaN()
	}
	df = math.Min(float64(len(x.ids)), float64(len(y.ids))) - 1
	for _, s := range []spread{x, y} {
		if s.most > 0 {
			df = math.Min(df, s.most)
		}
	}
	return total * g / (g - 1), df
}

// acrossSlices is acrossAnswer of what read finds on two populations.
func acrossSlices(x, y *View, ratio bool, read func(v *View) (float64, spread, int64, string)) Answer {
	vx, sx, nx, why := read(x)
	if why != "" {
		return undefined(nx, why)
	}
	vy, sy, ny, why := read(y)
	if why != "" {
		return undefined(ny, why)
	}
	return acrossAnswer(vx, vy, sx, sy, ratio, nx, ny, nil)
}

// acrossAnswer makes the between-slices answer of any smooth functional.
func acrossAnswer(vx, vy float64, sx, sy spread, ratio bool, nx, ny int64, plain infer.Shape) Answer {
	n := nx
	if ny < n {
		n = ny
	}
	clusters := sx.ids != nil
	how := ""
	if clusters {
		how = ", clusters CR1-t"
	}
	if ratio {
		if vy == 0 {
			return undefined(n, "the ratio's denominator is 0")
		}
		r := vx / vy
		if !(r > 0) {
			// No log scale: the delta method on the ratio itself.
			v, df := acrossSpread(sx, sy, 1/vy, -vx/(vy*vy))
			return answered(infer.Inference{Value: r, SE: math.Sqrt(v), DF: df, Shape: infer.NewSymmetric(), Method: "delta method on the ratio" + how}, n)
		}
		v, df := acrossSpread(sx, sy, 1/vx, -1/vy)
		return answered(infer.Inference{Value: r, SE: r * math.Sqrt(v), DF: df, Shape: infer.LogRatio{LogSE: math.Sqrt(v)}, Method: "log ratio, delta method" + how}, n)
	}
	if plain != nil && !clusters {
		v, _ := acrossSpread(sx, sy, 1, -1)
		return answered(infer.Inference{Value: vx - vy, SE: math.Sqrt(v), DF: math.Inf(1), Shape: plain, Method: "Newcombe hybrid score"}, n)
	}
	v, df := acrossSpread(sx, sy, 1, -1)
	return answered(infer.Inference{Value: vx - vy, SE: math.Sqrt(v), DF: df, Shape: infer.NewSymmetric(), Method: "difference of independent estimates, delta method" + how}, n)
}
