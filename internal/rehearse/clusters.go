package rehearse

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// With clusters a data set is made of whole clusters, drawn with replacement (the cluster
// bootstrap; Davison & Hinkley 1997, 3.8): whole and slices hold the same ones, and rows
// keep what they have in common. Candidate and baseline are exchanged by whole clusters.
// Random decisions enter a cluster as their expected share.

// atom is the weight of one cell in a cluster.
type atom struct {
	cell int
	w    float64
}

// clusters are a world's clusters (or hash blocks) with a made-up candidate's decisions.
type clusters struct {
	cells []summary.Cell // all that occur
	exact bool
	sides int // 2 with a baseline: as they are, and exchanged
	// of[p][b] are the atoms of cluster b in population p, by side.
	of   [][][2][]atom
	mean [][]float64 // by population and cell, over clusters and sides; of hash blocks

	weight  brought
	moments []brought  // by moments of a population
	ranks   [2]brought // of AUC, of average precision
}

// clustered prepares the clusters; nil where the data have none.
func (m *made) clustered() *clusters {
	whole := m.set.Pops[0]
	if whole.Blocks == nil {
		return nil
	}
	c := &clusters{exact: whole.Blocks.Exact, sides: 1}
	if m.set.Baseline >= 0 {
		c.sides = 2
	}
	at := map[uint64]int{}
	for _, id := range whole.Blocks.ID {
		at[id] = len(at)
	}
	known := map[string]int{}
	index := func(label uint32, decisions []uint32, like summary.Cell) int {
		x := summary.Cell{Label: label, Decisions: decisions, W: like.W, W2: like.W2}
		key := keyOf(x)
		k, ok := known[key]
		if !ok {
			k = len(c.cells)
			known[key] = k
			c.cells = append(c.cells, x)
		}
		return k
	}
	c.valued(m, at)
	if whole.Counts == nil {
		return c
	}
	called, total := m.called()
	for p, pop := range m.set.Pops {
		random := m.worse(p)
		if m.c.only > 0 && p != 0 && p != m.c.only && pop.Partition != m.set.Pops[m.c.only].Partition {
			random = m.c.random * float64(m.set.Pops[m.c.only].N) / math.Max(1, float64(m.set.Pops[0].N))
		}
		of := make([][2][]atom, len(at))
		b := pop.Blocks
		for e := range b.ID {
			id := b.ID[e]
			if b.Exact && !c.exact {
				id %= summary.BlockCount
			}
			to := at[id]
			for k := b.CellStart[e]; k < b.CellStart[e+1]; k++ {
				cell, w := pop.Counts.Cells[b.CellIndex[k]], b.CellW[k]
				for side := range c.sides {
					d := append([]uint32(nil), cell.Decisions...)
					if m.set.Baseline >= 0 && side == 1 {
						d[0], d[m.set.Baseline] = d[m.set.Baseline], d[0]
					}
					of[to][side] = append(of[to][side], atom{index(cell.Label, d, cell), w * (1 - random)})
					if random == 0 {
						continue
					}
					for _, x := range called {
						y := append([]uint32(nil), d...)
						y[0] = x.decision
						of[to][side] = append(of[to][side], atom{index(cell.Label, y, cell), w * random * x.w / total})
					}
				}
			}
		}
		c.of = append(c.of, of)
	}
	if !c.exact {
		for _, of := range c.of {
			mean := make([]float64, len(c.cells))
			for _, sides := range of {
				for side := range c.sides {
					for _, a := range sides[side] {
						mean[a.cell] += a.w / float64(len(of)*c.sides)
					}
				}
			}
			c.mean = append(c.mean, mean)
		}
	}
	return c
}

// draw fills the populations with times as many clusters.
func (c *clusters) draw(r *resample.RNG, times float64, m *made, out []*summary.Population) {
	have := len(c.weight.of[0])
	n, ids, spread := have, have, math.Sqrt(times)
	exact := c.exact
	if exact { // clusters themselves are drawn
		n, spread = max(2, int(math.Round(times*float64(have)))), 1
		ids = n
		if exact = n <= summary.MaxExactClusters; !exact {
			ids = summary.BlockCount
		}
	}
	picked := make([][2]int, n)
	for j := range picked {
		picked[j][0] = min(have-1, int(r.Float64()*float64(have)))
		if c.sides == 2 && r.Float64() < 0.5 {
			picked[j][1] = 1
		}
	}
	k := len(c.cells)
	for p, pop := range m.set.Pops {
		sums := make([]float64, ids*k)
		for j, x := range picked {
			if k == 0 {
				break
			}
			row := sums[j%ids*k : (j%ids+1)*k]
			for _, a := range c.of[p][x[0]][x[1]] {
				row[a.cell] += spread * a.w
			}
			if !c.exact { // a block of times as many clusters: its mean and its variance
				for cell, mean := range c.mean[p] {
					row[cell] = math.Max(0, row[cell]+(times-spread)*mean)
				}
			}
		}
		weights := c.weight.sum(p, picked, ids, spread, times, c.exact)
		for j, w := range weights {
			weights[j] = math.Max(0, w)
		}
		kept := c.fill(out[p], pop, sums, weights, exact, times)
		c.values(m, p, picked, ids, spread, times, weights, kept, out[p])
	}
}

// fill writes the sums by cluster and cell as a population, and says which clusters have
// rows in it. Without counts the clusters' weights make the rows.
func (c *clusters) fill(p, like *summary.Population, sums, weights []float64, exact bool, times float64) (kept []int) {
	k := len(c.cells)
	total := make([]float64, k)
	for i, w := range sums {
		total[i%k] += w
	}
	perWeight := float64(like.N) / like.W // rows
	if k > 0 {
		p.Counts = &summary.Counts{}
	}
	at := make([]int32, k)
	for i, w := range total {
		if w <= 0 {
			continue
		}
		x := c.cells[i]
		x.N, x.W, x.W2 = max(1, int64(math.Round(w*perWeight))), w, w*unit(c.cells[i])
		at[i] = int32(len(p.Counts.Cells))
		p.Counts.Cells = append(p.Counts.Cells, x)
		p.N, p.W, p.W2 = p.N+x.N, p.W+x.W, p.W2+x.W2
	}
	p.Rows = p.N
	b := &summary.Blocks{Exact: exact, MaxShare: like.Blocks.MaxShare, SumSq: like.Blocks.SumSq * times, CellStart: []int32{0}}
	for j := range weights {
		w := 0.0
		if k == 0 {
			w = math.Max(0, weights[j])
			p.W += w
		}
		for i, x := range sums[j*k : (j+1)*k] {
			if x > 0 {
				b.CellIndex, b.CellW = append(b.CellIndex, at[i]), append(b.CellW, x)
				w += x
			}
		}
		if w == 0 {
			continue
		}
		kept = append(kept, j)
		b.ID, b.W, b.N = append(b.ID, uint64(j)), append(b.W, w), append(b.N, max(1, int64(math.Round(w*perWeight))))
		b.CellStart = append(b.CellStart, int32(len(b.CellIndex)))
	}
	b.Clusters = int64(len(b.ID))
	if !exact {
		b.Clusters = int64(math.Round(times * float64(like.Blocks.Clusters)))
	}
	if k == 0 {
		p.N, p.W2 = max(1, int64(math.Round(p.W*perWeight))), p.W*like.W2/like.W
		p.Rows = p.N
	}
	p.Blocks = b
	return kept
}
