package local

import (
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// countLabelled counts, in each population, the rows that people labelled for each pair of
// models.
func countLabelled(r *rows.Rows, pops []*summary.Population) {
	for scorer, g := range r.Given {
		weights := g.More[summary.LabelWeight]
		if weights == nil {
			continue
		}
		k := len(r.Models)
		count := func(in func(i int) int, n int) [][]int64 {
			out := make([][]int64, n)
			for p := range out {
				out[p] = make([]int64, k*k)
			}
			for i := range r.N {
				at := in(i)
				if at < 0 || g.Ungraded[i] {
					continue
				}
				for a := range k {
					for b := range k {
						if weights[r.Models[a].Key][i] > 0 && weights[r.Models[b].Key][i] > 0 {
							out[at][a*k+b]++
						}
					}
				}
			}
			return out
		}
		all := count(func(int) int { return 0 }, 1)[0]
		bySlice := map[int]map[string][]int64{}
		for _, p := range r.Parts {
			n := count(func(i int) int {
				if p.At(i) == rows.None {
					return -1
				}
				return int(p.At(i))
			}, len(p.Names))
			bySlice[p.Entry] = map[string][]int64{}
			for c, name := range p.Names {
				bySlice[p.Entry][name] = n[c]
			}
		}
		for _, p := range pops {
			n := all
			if p.Partition >= 0 {
				n = bySlice[p.Partition][p.Slice]
			}
			for _, q := range []*summary.Population{p, p.Crossed, p.Both} {
				if q == nil {
					continue
				}
				if q.Labelled == nil {
					q.Labelled = map[string][]int64{}
				}
				q.Labelled[scorer] = n
			}
		}
	}
}
