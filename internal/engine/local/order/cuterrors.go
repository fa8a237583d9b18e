package order

import "github.com/fairtrial/fairtrial/internal/summary"

// cutSums are the weights above the cut that moves down, by fold and by cluster.
type cutSums struct {
	w, hits []float64    // by fold, with weights
	of      [][2]float64 // by cluster: weight called, and that of the positives
	sums    summary.CutError
}

func (c *cutter) newCutSums() *cutSums {
	t := &cutSums{}
	if c.r.Weight != nil {
		t.w, t.hits = make([]float64, len(c.out.Total)), make([]float64, len(c.out.Total))
	}
	if c.errors && c.r.Cluster != nil {
		t.of = make([][2]float64, len(c.r.ClusterHash))
	}
	return t
}

// add calls one more row.
func (t *cutSums) add(c *cutter, row uint32) {
	w, y := c.weight(row), float64(c.r.Class[row])
	if t.w != nil {
		t.w[c.foldOf(row)] += w
		t.hits[c.foldOf(row)] += w * y
	}
	if !c.errors || w == 0 {
		return
	}
	var own [2]float64
	all := w * y // weight of all positives of its cluster
	if t.of != nil {
		g := c.r.Cluster[row]
		own, all = t.of[g], c.positive[g]
		t.of[g] = [2]float64{own[0] + w, own[1] + w*y}
	}
	s, h := &t.sums, w*y
	if own[0] == 0 {
		s.Clusters++
	}
	if own[1] == 0 && h > 0 {
		s.Positive++
	}
	s.WW += w * (2*own[0] + w)
	s.HW += w*own[1] + h*own[0] + h*w
	s.HH += h * (2*own[1] + h)
	s.HP += h * all
}

// write keeps the sums at a cut.
func (t *cutSums) write(c *cutter, x *summary.CutModel) {
	if t.w != nil {
		x.Weight = append(x.Weight, append([]float64(nil), t.w...))
		x.WeightHits = append(x.WeightHits, append([]float64(nil), t.hits...))
	}
	if c.errors {
		x.Errors = append(x.Errors, t.sums)
	}
}
