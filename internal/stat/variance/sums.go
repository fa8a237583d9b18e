package variance

import "math"

// What is summed over units (questions, or clusters of them).
const (
	weights = iota
	scores
	weights2 // (Σw)², Σw·Σwy and (Σwy)² of a unit make its squared residual at any mean
	cross
	scores2
	sampling
	judging
	stays
	terms
)

// Sums gather questions. The memory is that of open clusters. The zero value is empty.
type Sums struct {
	n        int64
	begun    bool
	shift    float64 // scores are summed from the first mean on, for their squares
	clusters map[string]*[terms]float64
	units    int64
	total    [terms]float64
	products [terms][terms]float64
}

// Add takes a question of a cluster; empty: by itself.
func (s *Sums) Add(q Question, cluster string) {
	if !s.begun {
		s.begun, s.shift = true, q.Mean
	}
	s.n++
	w, y := q.Weight, q.Mean-s.shift
	var u [terms]float64
	u[weights], u[scores] = w, w*y
	u[sampling], u[judging], u[stays] = w*w*q.Sampling, w*w*q.Judging, w*w*q.Stays
	if cluster == "" {
		s.close(u)
		return
	}
	if s.clusters == nil {
		s.clusters = map[string]*[terms]float64{}
	}
	c := s.clusters[cluster]
	if c == nil {
		s.clusters[cluster] = &u
		return
	}
	for i := range u {
		c[i] += u[i]
	}
}

func (s *Sums) close(u [terms]float64) {
	u[weights2], u[cross], u[scores2] = u[weights]*u[weights], u[weights]*u[scores], u[scores]*u[scores]
	s.units++
	for i := range u {
		s.total[i] += u[i]
		for j := range u {
			s.products[i][j] += u[i] * u[j]
		}
	}
}

// quadratic is Σ over units of (a·u)².
func (s *Sums) quadratic(a [terms]float64) float64 {
	sum := 0.0
	for i := range a {
		for j := range a {
			if a[i] != 0 && a[j] != 0 {
				sum += a[i] * a[j] * s.products[i][j]
			}
		}
	}
	return math.Max(0, sum)
}
