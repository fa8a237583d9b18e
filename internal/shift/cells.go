package shift

// The description of counts: P(slice)·P(label | slice)·P(decision | label, slice), each
// factor of one data set or the other.

// none is an effect of nothing.
func (s *split) none() effect {
	e := effect{bySlice: make([]float64, len(s.names))}
	for k := range e.influence {
		n := len(s.sides[k].w)
		if !s.counts {
			n = len(s.names) * (1 + s.dim)
		}
		e.influence[k] = make([]float64, n)
	}
	return e
}

// point is the metric where each factor is of the data set that x says, with the
// influence of the rows of both.
func (s *split) point(x state) (effect, error) {
	if s.counts {
		return s.cellsAt(x)
	}
	return s.meansAt(x)
}

// bySlice are the numbers that each slice adds.
func (s *split) bySlice(x state) [][]float64 {
	out := make([][]float64, len(s.names))
	for g, share := range s.sides[x.of(mix)].share {
		out[g] = s.within(g, x)
		for k := range out[g] {
			out[g][k] *= share
		}
	}
	return out
}

// within are the numbers of a slice by itself: its joint shares of labels and decisions,
// or its means.
func (s *split) within(g int, x state) []float64 {
	if !s.counts {
		return append([]float64(nil), s.sides[s.means(g, x)].means[g].Mean...)
	}
	out := make([]float64, s.dim)
	labels, _ := s.labels(g, x)
	for y, share := range labels {
		if share == 0 {
			continue
		}
		decisions, _ := s.decisions(g, y, x)
		for d, rate := range decisions {
			out[y*s.classes+d] = share * rate
		}
	}
	return out
}

// weight of slice g, of its label y (−1: of all).
func (s *split) weight(k, g, y int) float64 {
	per := len(s.sides[k].w) / len(s.names)
	from, to := g*per, (g+1)*per
	if y >= 0 {
		per /= s.classes
		from, to = g*per*s.classes+y*per, g*per*s.classes+(y+1)*per
	}
	sum := 0.0
	for _, w := range s.sides[k].w[from:to] {
		sum += w
	}
	return sum
}

// labels are the shares of the labels in a slice, and the data set that they are of: the
// other one where it has no rows there.
func (s *split) labels(g int, x state) ([]float64, int) {
	k := x.of(label)
	all := s.weight(k, g, -1)
	if all == 0 {
		k = 1 - k
		all = s.weight(k, g, -1)
	}
	out := make([]float64, s.classes)
	for y := range out {
		out[y] = s.weight(k, g, y) / all
	}
	return out, k
}

// decisions are the shares of the decisions on a label in a slice, and the data set that
// they are of.
func (s *split) decisions(g, y int, x state) ([]float64, int) {
	k := x.of(model)
	all := s.weight(k, g, y)
	if all == 0 {
		k = 1 - k
		all = s.weight(k, g, y)
	}
	out := make([]float64, s.classes)
	s.each(g, y, func(at, own, other int) {
		out[s.called(k, x, own, other)] += s.sides[k].w[at] / all
	})
	return out, k
}

// called is the decision of a row of data set k at the threshold that x says.
func (s *split) called(k int, x state, own, other int) int {
	if s.rescored && x.of(threshold) != k {
		return other
	}
	return own
}

// each visits the cells of a label in a slice.
func (s *split) each(g, y int, visit func(at, own, other int)) {
	base := (g*s.classes + y) * s.classes
	for own := range s.classes {
		if !s.rescored {
			visit(base+own, own, own)
			continue
		}
		for other := range s.classes {
			visit((base+own)*s.classes+other, own, other)
		}
	}
}

// cellsAt is the point of a metric of counts.
func (s *split) cellsAt(x state) (effect, error) {
	e := s.none()
	a := x.of(mix)
	q := make([]float64, s.dim)
	for g, share := range s.sides[a].share {
		for k, v := range s.within(g, x) {
			q[k] += share * v
		}
	}
	var by []float64
	var err error
	if e.value, by, err = s.at(q); err != nil {
		return e, err
	}
	here, all := make([]float64, len(s.names)), 0.0 // by slice: what a row of it adds
	for g, share := range s.sides[a].share {
		labels, b := s.labels(g, x)
		perLabel, mean := make([]float64, s.classes), 0.0
		for y, part := range labels {
			if part == 0 {
				continue
			}
			decisions, m := s.decisions(g, y, x)
			for d, rate := range decisions {
				perLabel[y] += rate * by[y*s.classes+d]
			}
			mean += part * perLabel[y]
			rows := s.weight(m, g, y)
			s.each(g, y, func(at, own, other int) {
				e.influence[m][at] += share * part * (by[y*s.classes+s.called(m, x, own, other)] - perLabel[y]) / rows
			})
		}
		rows := s.weight(b, g, -1)
		for y := range labels {
			s.each(g, y, func(at, _, _ int) { e.influence[b][at] += share * (perLabel[y] - mean) / rows })
		}
		here[g] = mean
		all += share * mean
	}
	for g := range here {
		for y := range s.classes {
			s.each(g, y, func(at, _, _ int) { e.influence[a][at] += (here[g] - all) / s.sides[a].total })
		}
	}
	return e, nil
}
