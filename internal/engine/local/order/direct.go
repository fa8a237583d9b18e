package order

import (
	"cmp"
	"slices"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// directRows are so few that covariances are computed from the values of each row.
const directRows = 4096

// direct computes the covariances of populations from the values of each of their rows: where
// there are few, and where they lie so close together in the baseline's order that its
// bins say nothing of them.
func direct(r *rows.Rows, group []slot, pops []*summary.Population, which []int, m, b int) {
	if len(which) == 0 {
		return
	}
	for _, s := range group {
		in := map[uint16][]int32{}
		for _, p := range which {
			if p >= s.base && p < s.base+s.size {
				in[uint16(p-s.base)] = nil
			}
		}
		if len(in) == 0 {
			continue
		}
		for i := range r.N {
			c := uint16(0)
			if s.part >= 0 {
				c = r.Parts[s.part].Code[i]
			}
			if list, ok := in[c]; ok {
				in[c] = append(list, int32(i))
			}
		}
		for c, list := range in {
			p := pops[s.base+int(c)]
			for i := range p.Rank.Pairs {
				if x := &p.Rank.Pairs[i]; x.A == m && x.B == b {
					*x = pairOf(r, list, m, b)
				}
			}
		}
	}
}

func pairOf(r *rows.Rows, list []int32, m, b int) summary.RankPair {
	va, xa := values(r.Class, r.Models[m].Score, list)
	vb, xb := values(r.Class, r.Models[b].Score, list)
	var mean [2][2]float64 // by class and model
	var n [2]float64
	for i, row := range list {
		y := r.Class[row]
		n[y]++
		mean[y][0] += va[i]
		mean[y][1] += vb[i]
	}
	out := summary.RankPair{A: m, B: b}
	for i, row := range list {
		y := r.Class[row]
		d := (va[i] - mean[y][0]/n[y]) * (vb[i] - mean[y][1]/n[y])
		if y == 1 {
			out.C10 += d
		} else {
			out.C01 += d
		}
		out.CAP += xa[i] * xb[i] / (n[1] * n[1])
	}
	return out
}

// values are, for each row of the list, its V10 or V01 and its influence on average precision.
func values(class []uint16, score []float64, list []int32) (v, x []float64) {
	order := make([]int32, len(list)) // places in the list, from the highest score down
	pos := 0.0
	for i, row := range list {
		order[i] = int32(i)
		pos += float64(class[row])
	}
	slices.SortFunc(order, func(i, j int32) int { return cmp.Compare(score[list[j]], score[list[i]]) })
	neg := float64(len(list)) - pos
	v, x = make([]float64, len(list)), make([]float64, len(list))
	groups := func(f func(group []int32, above, abovePos, k, kPos float64)) {
		above, abovePos := 0.0, 0.0
		for i := 0; i < len(order); {
			j, k := i, 0.0
			for ; j < len(order) && score[list[order[j]]] == score[list[order[i]]]; j++ {
				k += float64(class[list[order[j]]])
			}
			f(order[i:j], above, abovePos, float64(j-i), k)
			above, abovePos, i = above+float64(j-i), abovePos+k, j
		}
	}
	// What the groups at or below a row lose and gain by it, added up from below.
	var h1, h2, ap float64
	groups(func(_ []int32, above, abovePos, k, kPos float64) {
		n, tp := above+k, abovePos+kPos
		h1 += kPos / n
		h2 += kPos * tp / (n * n)
		ap += kPos * tp / n
	})
	groups(func(group []int32, above, abovePos, k, kPos float64) {
		n, tp := above+k, abovePos+kPos
		for _, i := range group {
			if class[list[i]] == 1 {
				v[i] = (neg - (above - abovePos) - (k-kPos)/2) / neg
				x[i] = tp/n + h1 - h2 - ap/pos
			} else {
				v[i] = (abovePos + kPos/2) / pos
				x[i] = -h2
			}
		}
		h1 -= kPos / n
		h2 -= kPos * tp / (n * n)
	})
	return v, x
}
