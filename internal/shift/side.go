package shift

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Rest is the name of the rows that are in none of the slices.
const Rest = "in no slice"

// maxClasses bounds the confusion matrices that are split.
const maxClasses = 20

// side is one data set as far as the split reads it. Its features are, of counts, the
// cells slice × label × decision (× decision at the other threshold) with their weights;
// of means, for each slice its weight and the sums of its rows' distances from the means.
type side struct {
	w, w2    []float64          // of counts: by feature
	means    []*summary.Moments // of means: by slice, nil where it has no rows
	total    float64            // Σw
	share    []float64          // of each slice, by weight
	kish     float64            // (Σw)²/Σw²
	weighted bool
	blocks   map[uint64]map[int]float64
	exact    bool // blocks are clusters
}

func newSplit(in *metric.Instance, before, after Data) (*split, error) {
	s := &split{in: in, counts: true, rescored: before.Other >= 0 && after.Other >= 0}
	spec := summary.Spec{}
	for _, n := range in.Needs() {
		if n.Kind == summary.KindMoments {
			s.counts, spec = false, n
		}
	}
	classes := slices.Clone(before.Set.Classes)
	for _, c := range after.Set.Classes {
		if !slices.Contains(classes, c) {
			classes = append(classes, c)
		}
	}
	s.classes = len(classes)
	if s.counts && s.classes > maxClasses {
		return nil, fmt.Errorf("%d classes; up to %d are split", s.classes, maxClasses)
	}
	pops := s.align(before, after)
	pop := &summary.Population{Slice: result.Overall, N: 1, W: 1, W2: 1}
	s.view = &metric.View{Set: &summary.Set{Models: []string{"candidate"}, Baseline: -1, Classes: classes, Pivot: before.Set.Pivot}, Pop: pop}
	if s.counts {
		s.dim = s.classes * s.classes
		pop.Counts = &summary.Counts{Cells: make([]summary.Cell, s.dim)}
		for k := range s.dim {
			pop.Counts.Cells[k] = summary.Cell{Label: uint32(k / s.classes), Decisions: []uint32{uint32(k % s.classes)}, N: 1}
		}
		s.fill = func(q []float64) {
			for k, x := range q {
				pop.Counts.Cells[k].W, pop.Counts.Cells[k].W2 = x, x
			}
		}
	} else {
		s.dim = spec.Columns(1)
		m := summary.NewMoments(spec, s.dim, false)
		m.N, m.W, m.W2 = 1, 1, 1
		pop.Moments = []*summary.Moments{m}
		s.fill = func(q []float64) { copy(m.Mean, q) }
		for _, e := range spec.Exprs() {
			if e.Shared() && before.Set.Pivot != after.Set.Pivot {
				return nil, errors.New("the labels of the two data sets are summed about different values")
			}
		}
	}
	for k, d := range []Data{before, after} {
		var err error
		if s.sides[k], err = s.read(d, pops[k], spec, classes); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// align names the slices of both data sets in one order and gives each set's populations
// in it, nil where it has no such slice; the last is what is in no slice.
func (s *split) align(before, after Data) (pops [2][]*summary.Population) {
	at := map[string]int{}
	rest := len(before.Slices) == 0 && len(after.Slices) == 0
	for _, d := range []Data{before, after} {
		left := d.Whole.N
		for _, p := range d.Slices {
			if _, ok := at[p.Slice]; !ok && p.N > 0 {
				at[p.Slice] = len(s.names)
				s.names = append(s.names, p.Slice)
			}
			left -= p.N
		}
		rest = rest || left > 0
	}
	n := len(s.names)
	if rest {
		s.names = append(s.names, Rest)
	}
	for k, d := range []Data{before, after} {
		pops[k] = make([]*summary.Population, n)
		for _, p := range d.Slices {
			if p.N > 0 {
				pops[k][at[p.Slice]] = p
			}
		}
	}
	return pops
}

// read sums a data set by slice; what is in no slice is the whole less the slices.
func (s *split) read(d Data, pops []*summary.Population, spec summary.Spec, classes []string) (*side, error) {
	x := &side{total: d.Whole.W, share: make([]float64, len(s.names))}
	if !(x.total > 0) {
		return nil, errors.New("one of the data sets has no usable rows")
	}
	x.weighted = d.Set.Weighted
	x.kish = d.Whole.W * d.Whole.W / d.Whole.W2
	if b := d.Whole.Blocks; b != nil {
		x.blocks, x.exact = map[uint64]map[int]float64{}, b.Exact
	}
	add := func(p *summary.Population, g int, sign float64) error { return s.cells(x, d, p, classes, g, sign) }
	if !s.counts {
		x.means = make([]*summary.Moments, len(s.names))
		add = func(p *summary.Population, g int, sign float64) error { return s.sums(x, d, p, spec, g, sign) }
	} else {
		n := len(s.names) * s.dim
		if s.rescored {
			n *= s.classes
		}
		x.w, x.w2 = make([]float64, n), make([]float64, n)
	}
	left, rest := d.Whole.N, len(pops) < len(s.names)
	for g, p := range pops {
		if p == nil {
			continue
		}
		if err := add(p, g, 1); err != nil {
			return nil, err
		}
		x.share[g] = p.W / x.total
		left -= p.N
	}
	if !rest || left == 0 {
		return x, nil
	}
	g := len(pops)
	if err := add(d.Whole, g, 1); err != nil {
		return nil, err
	}
	x.share[g] = 1
	for k, p := range pops {
		if p == nil {
			continue
		}
		if err := add(p, g, -1); err != nil {
			return nil, err
		}
		x.share[g] -= x.share[k]
	}
	x.share[g] = math.Max(0, x.share[g])
	x.clean()
	return x, nil
}

// clean sets what is left of a subtraction's rounding to 0.
func (x *side) clean() {
	for i, w := range x.w {
		if w < 1e-12*x.total {
			x.w[i], x.w2[i] = 0, 0
		}
	}
}

// cells adds a population's counts to a slice.
func (s *split) cells(x *side, d Data, p *summary.Population, classes []string, g int, sign float64) error {
	if p.Counts == nil {
		return errors.New("no decisions were counted")
	}
	class := func(k uint32) int { return slices.Index(classes, d.Set.Classes[k]) }
	at := make([]int, len(p.Counts.Cells))
	for i, c := range p.Counts.Cells {
		mine := c.Decisions[d.Model]
		if mine == summary.NoDecision {
			return errors.New("the model makes no decisions")
		}
		at[i] = (g*s.classes+class(c.Label))*s.classes + class(mine)
		if s.rescored {
			at[i] = at[i]*s.classes + class(c.Decisions[d.Other])
		}
		x.w[at[i]] += sign * c.W
		x.w2[at[i]] += sign * c.W2
	}
	if b := p.Blocks; b != nil {
		for e := range b.ID {
			for k := b.CellStart[e]; k < b.CellStart[e+1]; k++ {
				x.block(b, e)[at[b.CellIndex[k]]] += sign * b.CellW[k]
			}
		}
	}
	return nil
}

// block is the entry of a population's block in the side's grain.
func (x *side) block(b *summary.Blocks, e int) map[int]float64 {
	id := b.ID[e]
	if b.Exact && !x.exact {
		id %= summary.BlockCount
	}
	if x.blocks[id] == nil {
		x.blocks[id] = map[int]float64{}
	}
	return x.blocks[id]
}
