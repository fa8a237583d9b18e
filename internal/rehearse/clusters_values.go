package rehearse

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/summary"
)

// Means and ranks of drawn clusters: a cluster brings the sum of its rows' deviations (of
// a rank: of their influences), which the summaries keep, so that whole, slices, counts,
// means and ranks of a data set are all of the same clusters. The made-up candidate's
// truth is as without clusters: the baseline's value, worse by its random share.

// brought is what each cluster brings to one number of each population.
type brought struct {
	columns int
	of      [][][]float64 // by population, cluster: columns
}

// valued prepares the clusters' part of means and ranks. at says where a cluster stands.
func (c *clusters) valued(m *made, at map[uint64]int) {
	place := func(b *summary.Blocks, e int) int {
		id := b.ID[e]
		if b.Exact && !c.exact {
			id %= summary.BlockCount
		}
		return at[id]
	}
	gather := func(columns int, value func(pop *summary.Population, e, column int) float64) brought {
		x := brought{columns: columns}
		for _, pop := range m.set.Pops {
			of := make([][]float64, len(at))
			for b := range of {
				of[b] = make([]float64, columns)
			}
			for e := range pop.Blocks.ID {
				for k := range columns {
					of[place(pop.Blocks, e)][k] += value(pop, e, k)
				}
			}
			x.of = append(x.of, of)
		}
		return x
	}
	c.weight = gather(1, func(pop *summary.Population, e, _ int) float64 { return pop.Blocks.W[e] })
	for s, mo := range m.set.Pops[0].Moments {
		d := len(mo.Mean)
		c.moments = append(c.moments, gather(d, func(pop *summary.Population, e, k int) float64 { return pop.Blocks.Moments[s][e*d+k] }))
	}
	if m.set.Pops[0].Rank == nil {
		return
	}
	models := m.rankModels()
	for kind := range c.ranks {
		c.ranks[kind] = gather(len(models), func(pop *summary.Population, e, k int) float64 {
			x := pop.Rank.Models[models[k]]
			sums := x.AUCBlocks
			if kind == 1 {
				sums = x.APBlocks
			}
			if e >= len(sums) { // undefined there
				return 0
			}
			return sums[e]
		})
	}
}

// sum adds up what the picked clusters bring to population p, in ids entries; a hash block
// of times as many clusters has its mean and its variance.
func (x brought) sum(p int, picked [][2]int, ids int, spread, times float64, exact bool) []float64 {
	sums := make([]float64, ids*x.columns)
	mean := make([]float64, x.columns)
	if !exact {
		for _, of := range x.of[p] {
			for k, v := range of {
				mean[k] += v / float64(len(x.of[p]))
			}
		}
	}
	for j, pick := range picked {
		row := sums[j%ids*x.columns : (j%ids+1)*x.columns]
		for k, v := range x.of[p][pick[0]] {
			row[k] += spread*v + (times-spread)*mean[k]*boolFloat(!exact)
		}
	}
	return sums
}

// values fills means and ranks of population p: its entries kept are those of the blocks,
// with weights w by entry drawn.
func (c *clusters) values(m *made, p int, picked [][2]int, ids int, spread, times float64, w []float64, kept []int, out *summary.Population) {
	total := 0.0
	for _, j := range kept {
		total += w[j]
	}
	for s := range c.moments {
		x := c.moments[s]
		sums := x.sum(p, picked, ids, spread, times, c.exact)
		dev := make([]float64, x.columns)
		for _, j := range kept {
			for k := range dev {
				dev[k] += sums[j*x.columns+k] / total
			}
		}
		centred := make([]float64, 0, len(kept)*x.columns)
		for _, j := range kept {
			for k, d := range dev {
				centred = append(centred, sums[j*x.columns+k]-w[j]*d)
			}
		}
		out.Moments = append(out.Moments, m.moved(p, s, times, dev))
		out.Blocks.Moments = append(out.Blocks.Moments, centred)
	}
	old := m.set.Pops[p].Rank
	if old == nil {
		return
	}
	out.Rank = m.scaled(old, times)
	for kind, x := range c.ranks {
		sums := x.sum(p, picked, ids, spread, times, c.exact)
		for i, model := range m.rankModels() {
			dev := 0.0
			for _, j := range kept {
				dev += sums[j*x.columns+i] / times
			}
			influence := make([]float64, len(kept))
			for e, j := range kept {
				influence[e] = sums[j*x.columns+i]/times - dev*w[j]/total
			}
			m.place(out.Rank, p, model, kind == 1, dev)
			if kind == 1 {
				out.Rank.Models[model].APBlocks = influence
			} else {
				out.Rank.Models[model].AUCBlocks = influence
			}
		}
	}
}

// rankModels are those whose ranks are drawn.
func (w *world) rankModels() []int {
	if w.set.Baseline >= 0 {
		return []int{0, w.set.Baseline}
	}
	return []int{0}
}

// moved are the moments of times as many rows, with the made-up candidate's truth and a
// deviation from it.
func (m *made) moved(p, s int, times float64, dev []float64) *summary.Moments {
	mo := *m.set.Pops[p].Moments[s]
	mo.Mean = append([]float64(nil), mo.Mean...)
	mo.Mean2 = append([]float64(nil), mo.Mean2...)
	mo.Co = append([]float64(nil), mo.Co...)
	old := m.set.Pops[p].Moments[s].Mean
	for _, e := range mo.Spec.Exprs() {
		if e.Shared() || len(m.set.Models) == 0 {
			continue
		}
		if _, _, ok := e.Scorer(); ok { // they are the made-up candidate's: see scored
			continue
		}
		mine := mo.Spec.Index(e, 0)
		if m.set.Baseline >= 0 {
			mo.Mean[mine] = mo.Mean[mo.Spec.Index(e, m.set.Baseline)]
		}
		mo.Mean[mine] *= 1 + m.worse(p)
	}
	for c := range mo.Mean {
		mo.Mean[c] += dev[c]
	}
	for c := range mo.Mean2 { // as far from the mean as it was
		mo.Mean2[c] += mo.Mean[c] - old[c]
	}
	if len(mo.Mean2) == 0 {
		mo.Mean2 = nil
	}
	for c := range mo.Co {
		mo.Co[c] *= times
	}
	mo.N = int64(math.Round(times * float64(mo.N)))
	if m.set.Weighted {
		mo.W, mo.W2 = times*mo.W, times*mo.W2
	} else {
		mo.W, mo.W2 = float64(mo.N), float64(mo.N)
	}
	return &mo
}
