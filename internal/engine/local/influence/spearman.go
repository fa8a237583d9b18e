package influence

import "math"

// spearman is the correlation of the mid-ranks of prediction and label. With F and G the
// mid-distribution functions (the share below and half the share equal), ρ is Cov(F, G) over
// the root of the variances. A row moves each of these moments in two ways: by its own
// place, and by moving the places of the rows above it (Hoeffding 1948, for ties too).
func spearman(s *sample, e [][]float64) ([]float64, string) {
	if !(s.total > 0) {
		return nil, "no weight on any row"
	}
	byX, byY := rank(s.score), rank(s.target)
	x, y := s.places(byX), s.places(byY)
	n := len(x)
	var xx, yy, xy float64
	for i := range n {
		w := s.weight[i] / s.total
		xx, yy, xy = xx+w*x[i]*x[i], yy+w*y[i]*y[i], xy+w*x[i]*y[i]
	}
	// The variance of n different places is (1 − 1/n²)/12; that of one is 0.
	switch {
	case yy < 1e-24:
		return nil, "the label is constant"
	case xx < 1e-24:
		return nil, "the predictions are constant"
	}
	root := math.Sqrt(xx * yy)
	rho := math.Max(-1, math.Min(1, xy/root))
	// What a row adds to each moment by moving the rows above it, of its places x and y.
	pushXX, pushXY := s.pushed(byX, x), s.pushed(byX, y)
	pushYY, pushYX := s.pushed(byY, y), s.pushed(byY, x)
	for i := range n {
		dxy := x[i]*y[i] - xy + pushXY[i] + pushYX[i] - 2*xy
		dxx := x[i]*x[i] - xx + 2*pushXX[i] - 2*xx
		dyy := y[i]*y[i] - yy + 2*pushYY[i] - 2*yy
		e[0][i] = s.weight[i] / s.total * (dxy/root - rho/2*(dxx/xx+dyy/yy))
	}
	return []float64{rho}, ""
}

// places are the mid-distribution function at each row, less ½.
func (s *sample) places(r ranked) []float64 {
	out := make([]float64, len(r.at))
	below := 0.0
	r.rising(func(group []uint32) {
		own := 0.0
		for _, i := range group {
			own += s.weight[i]
		}
		for _, i := range group {
			out[i] = (below+own/2)/s.total - 0.5
		}
		below += own
	})
	return out
}

// pushed is, by row, the mean of v over the rows above it and half of those equal to it
// in the order r: by how much Σ v·place grows with the row's weight.
func (s *sample) pushed(r ranked, v []float64) []float64 {
	out := make([]float64, len(r.at))
	above := 0.0
	r.falling(func(group []uint32) {
		own := 0.0
		for _, i := range group {
			own += s.weight[i] * v[i]
		}
		for _, i := range group {
			out[i] = (above + own/2) / s.total
		}
		above += own
	})
	return out
}
