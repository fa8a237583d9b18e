package influence

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/summary"
)

// MaxClasses bounds one-vs-one AUC: K classes cost K·(K − 1) walks a model.
const MaxClasses = 20

// oneVsOne is Hand & Till's M (2001): the mean over ordered pairs of classes (a, b) of the
// chance that a row of a has a larger probability of a than a row of b. The influence of a
// row is the sum of its influences on the pairs that its class is in.
func oneVsOne(s *sample, e [][]float64) ([]float64, string) {
	k := len(s.probs)
	if k > MaxClasses {
		return nil, fmt.Sprintf("%d classes: one-vs-one is built for at most %d", k, MaxClasses)
	}
	if k < 2 {
		return nil, "one class only"
	}
	weight := make([]float64, k)
	for i, c := range s.class {
		weight[c] += s.weight[i]
	}
	for c, w := range weight {
		if !(w > 0) {
			return nil, fmt.Sprintf("no row has the class %s", s.classes[c])
		}
	}
	pairs := float64(k * (k - 1))
	mean := 0.0
	// By class: Σ of weight below in the walk, and in the tie group.
	below, tied := make([]float64, k), make([]float64, k)
	auc := make([]float64, k)
	for a := range k {
		order := rank(s.probs[a])
		ofA := 0.0
		clear(below)
		clear(auc)
		order.rising(func(group []uint32) {
			clear(tied)
			for _, i := range group {
				tied[s.class[i]] += s.weight[i]
			}
			for _, i := range group {
				w, c := s.weight[i]/pairs, int(s.class[i])
				if c != a { // its share of the rows of a above it
					e[0][i] += w * (1 - (ofA+tied[a]/2)/weight[a]) / weight[c]
					continue
				}
				for b := range k {
					if b != a {
						e[0][i] += w * (below[b] + tied[b]/2) / weight[b] / weight[a]
					}
				}
			}
			for b := range k {
				if b != a {
					auc[b] += tied[a] * (below[b] + tied[b]/2) / (weight[a] * weight[b])
					below[b] += tied[b]
				}
			}
			ofA += tied[a]
		})
		for i, c := range s.class {
			for b := range k {
				if b != a && (int(c) == a || int(c) == b) {
					e[0][i] -= s.weight[i] / pairs * auc[b] / weight[c]
				}
			}
		}
		for b := range k {
			if b != a {
				mean += auc[b] / pairs
			}
		}
	}
	return []float64{math.Min(1, mean)}, ""
}

// classwise bins each class's probability: bins of equal weight, of tied probabilities
// all in the bin of the first. It has no values and no influences.
func classwise(s *sample, _ [][]float64) ([]float64, string) {
	if !(s.total > 0) {
		return nil, "no weight on any row"
	}
	n := summary.CalibrationBins
	s.bins = make([][]summary.Bin, len(s.probs))
	for c, p := range s.probs {
		bins, below := make([]summary.Bin, n), 0.0
		rank(p).rising(func(group []uint32) {
			b := &bins[min(n-1, int(float64(n)*below/s.total*(1+1e-11)))]
			for _, i := range group {
				w := s.weight[i]
				if w == 0 {
					continue
				}
				b.N++
				b.W, b.W2, b.SumScore = b.W+w, b.W2+w*w, b.SumScore+w*p[i]
				if int(s.class[i]) == c {
					b.Pos++
					b.WPos += w
				}
				below += w
			}
		})
		s.bins[c] = bins
	}
	return nil, ""
}
