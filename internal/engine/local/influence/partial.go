package influence

import "math"

// partialAUC is the area under the ROC curve up to a false-positive rate, on McClish's
// scale (1989): ½ for an order by chance, 1 for a perfect one. The curve is the polygon
// through the thresholds, as in scikit-learn.
//
// With A the area, R the curve and u the rate, a positive row moves A by
// (∫₀ᵘ 1(its threshold is passed) − A)/P, and a negative one by (T̄ − R(u) + u·R(u) − A)/N
// where its group lies left of u, T̄ the mean height over the group (Dodd & Pepe 2003, for
// the polygon and with ties).
func partialAUC(u float64) func(s *sample, e [][]float64) ([]float64, string) {
	return func(s *sample, e [][]float64) ([]float64, string) {
		var pos, neg float64
		for i, y := range s.class {
			if y == 1 {
				pos += s.weight[i]
			} else {
				neg += s.weight[i]
			}
		}
		switch {
		case !(pos > 0):
			return nil, "one class only: no positive rows"
		case !(neg > 0):
			return nil, "one class only: no negative rows"
		}
		order := rank(s.score)
		weights := func(group []uint32) (p, n float64) {
			for _, i := range group {
				if s.class[i] == 1 {
					p += s.weight[i]
				} else {
					n += s.weight[i]
				}
			}
			return p, n
		}
		// end is the height of the curve at u; at a step that falls on u, its foot.
		cut := u * neg
		area, end, p, n := 0.0, -1.0, 0.0, 0.0
		order.falling(func(group []uint32) {
			dp, dn := weights(group)
			switch {
			case n+dn < cut:
				area += dn * (p + dp/2)
			case n < cut: // the cut lies in this group, or at its end
				share := (cut - n) / dn
				area += (cut - n) * (p + share*dp/2)
				end = p + share*dp
			case end < 0: // u is 0
				end = p
			}
			p, n = p+dp, n+dn
		})
		if end < 0 { // rounding left the last group short of the cut
			end = p
		}
		area, end = area/(pos*neg), end/pos
		scale := 0.5 / (u - u*u/2)
		p, n = 0, 0
		order.falling(func(group []uint32) {
			dp, dn := weights(group)
			share := 1.0 // of the group's negatives that lie left of the cut
			if n >= cut {
				share = 0
			} else if n+dn > cut {
				share = (cut - n) / dn
			}
			// ∫₀ᵘ of the share of the group that is passed.
			passed := math.Max(0, u-(n+dn)/neg) + share*share*dn/neg/2
			move := -dp / pos * share * share / 2
			if share == 1 {
				move = (p+dp/2)/pos - end
			}
			for _, i := range group {
				w := s.weight[i] * scale
				if s.class[i] == 1 {
					e[0][i] = w * (passed - area) / pos
				} else {
					e[0][i] = w * (move + u*end - area) / neg
				}
			}
			p, n = p+dp, n+dn
		})
		return []float64{math.Min(1, 0.5+scale*(area-u*u/2))}, ""
	}
}
