package summary

import (
	"fmt"
	"math"
)

// Moments are the weighted means and the co-moments of a vector of row
// expressions, merged stably (Chan, Golub & LeVeque 1983), not as sums of squares.
//
// With weights the sandwich variance needs Σw²(v−μ)(v−μ)ᵀ about the w-weighted
// mean μ, so Mean2 (the w²-weighted mean, about which Co is centred) is kept too;
// it is nil without weights, where both means are equal.
type Moments struct {
	Spec  Spec      `json:"spec"`
	N     int64     `json:"n"`
	W     float64   `json:"w"`
	W2    float64   `json:"w2"`
	Mean  []float64 `json:"mean"`
	Mean2 []float64 `json:"mean2,omitempty"`
	Co    []float64 `json:"co"` // upper triangle, row by row: Σw²(v−Mean2)(v−Mean2)ᵀ
}

// NewMoments makes an empty Moments of d columns.
func NewMoments(spec Spec, d int, weighted bool) *Moments {
	m := &Moments{Spec: spec, Mean: make([]float64, d), Co: make([]float64, d*(d+1)/2)}
	if weighted {
		m.Mean2 = make([]float64, d)
	}
	return m
}

// Merge adds o, which must have the same columns.
func (m *Moments) Merge(o *Moments) error {
	if len(m.Mean) != len(o.Mean) || (m.Mean2 == nil) != (o.Mean2 == nil) {
		return fmt.Errorf("merge moments: layouts differ (%d and %d columns)", len(m.Mean), len(o.Mean))
	}
	if o.N == 0 {
		return nil
	}
	if m.N == 0 {
		m.N, m.W, m.W2 = o.N, o.W, o.W2
		copy(m.Mean, o.Mean)
		copy(m.Mean2, o.Mean2)
		copy(m.Co, o.Co)
		return nil
	}
	centreA, centreB := m.Mean, o.Mean
	wa, wb := m.W, o.W
	if m.Mean2 != nil {
		centreA, centreB = m.Mean2, o.Mean2
		wa, wb = m.W2, o.W2
	}
	d := len(m.Mean)
	if wa+wb > 0 {
		f := wa * wb / (wa + wb)
		k := 0
		for i := 0; i < d; i++ {
			di := centreB[i] - centreA[i]
			for j := i; j < d; j++ {
				m.Co[k] += o.Co[k] + f*di*(centreB[j]-centreA[j])
				k++
			}
		}
	}
	if m.Mean2 != nil && wa+wb > 0 {
		for i := range m.Mean2 {
			m.Mean2[i] += (o.Mean2[i] - m.Mean2[i]) * (o.W2 / (m.W2 + o.W2))
		}
	}
	if m.W+o.W > 0 {
		for i := range m.Mean {
			m.Mean[i] += (o.Mean[i] - m.Mean[i]) * (o.W / (m.W + o.W))
		}
	}
	m.N += o.N
	m.W += o.W
	m.W2 += o.W2
	return nil
}

// Bilinear is Σw²(g·(v−μ))(h·(v−μ)) for vectors g and h over the columns, μ being Mean.
func (m *Moments) Bilinear(g, h []float64) float64 {
	d := len(m.Mean)
	k, s := 0, 0.0
	for i := 0; i < d; i++ {
		s += g[i] * h[i] * m.Co[k]
		k++
		for j := i + 1; j < d; j++ {
			s += (g[i]*h[j] + g[j]*h[i]) * m.Co[k]
			k++
		}
	}
	if m.Mean2 != nil {
		a, b := 0.0, 0.0
		for i := range g {
			a += g[i] * (m.Mean2[i] - m.Mean[i])
			b += h[i] * (m.Mean2[i] - m.Mean[i])
		}
		s += m.W2 * a * b
	}
	return s
}

// Squares is Σw²(g·v) and Σw²(g·v)² for a vector g over the columns: about 0, not the mean.
func (m *Moments) Squares(g []float64) (sum, squares float64) {
	at, n := m.Mean, m.W2
	if m.Mean2 != nil {
		at = m.Mean2
	} else {
		n = float64(m.N)
	}
	d := len(m.Mean)
	k, x := 0, 0.0
	for i := 0; i < d; i++ {
		x += g[i] * at[i]
		squares += g[i] * g[i] * m.Co[k]
		k++
		for j := i + 1; j < d; j++ {
			squares += 2 * g[i] * g[j] * m.Co[k]
			k++
		}
	}
	return n * x, math.Max(0, squares) + n*x*x
}

// Quadratic is Σw²(g·(v−μ))² for a vector g over the columns, μ being Mean.
func (m *Moments) Quadratic(g []float64) float64 {
	d := len(m.Mean)
	k, s := 0, 0.0
	for i := 0; i < d; i++ {
		s += g[i] * g[i] * m.Co[k]
		k++
		for j := i + 1; j < d; j++ {
			s += 2 * g[i] * g[j] * m.Co[k]
			k++
		}
	}
	if m.Mean2 != nil {
		shift := 0.0
		for i := range g {
			shift += g[i] * (m.Mean2[i] - m.Mean[i])
		}
		s += m.W2 * shift * shift
	}
	if s < 0 { // rounding of a variance that is zero
		return 0
	}
	return s
}
