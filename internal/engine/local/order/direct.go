package order

import (
	"slices"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

const (
	directRows = 4096 // are so few that all covariances are computed from the values of each row
	fewRows    = 1024 // and those of any population of so few
)

// direct computes the covariances of populations from the values of each of their rows: where
// there are few, and where they lie so close together in the baseline's order that its
// bins say nothing of them.
func direct(r *rows.Rows, group []slot, pops []*summary.Population, which []int, m, b int) {
	for _, s := range group {
		lists, asked := make([][]int32, s.size), make([]bool, s.size+1) // the last: none
		some := false
		for _, p := range which {
			if p >= s.base && p < s.base+s.size {
				some, asked[p-s.base] = true, true
				lists[p-s.base] = make([]int32, 0, pops[p].N)
			}
		}
		for i := 0; i < r.N && some; i++ {
			c := 0
			if s.part >= 0 {
				c = min(int(r.Parts[s.part].At(i)), s.size)
			}
			if asked[c] {
				lists[c] = append(lists[c], int32(i))
			}
		}
		for c, list := range lists {
			if !asked[c] {
				continue
			}
			pairs := pops[s.base+c].Rank.Pairs
			for i := range pairs {
				if pairs[i].A == m && pairs[i].B == b {
					pairs[i] = pairOf(r, list, m, b)
				}
			}
		}
	}
}

func pairOf(r *rows.Rows, list []int32, m, b int) summary.RankPair {
	vb, xb := make([]float64, len(list)), make([]float64, len(list))
	var n, mean [2]float64 // by class
	values(r.Class, r.Models[b].Score, list, func(i int, v, x float64) {
		y := r.Class[list[i]]
		vb[i], xb[i] = v, x
		n[y]++
		mean[y] += v
	})
	out := summary.RankPair{A: m, B: b}
	var sum, rest, product [2]float64 // of the model's values, the baseline's about their mean, and of both
	values(r.Class, r.Models[m].Score, list, func(i int, v, x float64) {
		y := r.Class[list[i]]
		d := vb[i] - mean[y]/n[y]
		sum[y] += v
		rest[y] += d // 0 but for rounding
		product[y] += v * d
		out.CAP += x * xb[i]
	})
	if n[0] > 0 && n[1] > 0 {
		out.C10 = product[1] - sum[1]/n[1]*rest[1]
		out.C01 = product[0] - sum[0]/n[0]*rest[0]
	}
	if out.CAP /= n[1] * n[1]; n[1] == 0 {
		out.CAP = 0
	}
	return out
}

// item is a row of a list, with what sorting and counting need of it.
type item struct {
	score, label float64
	at           int // its place in the list
}

// values calls f with each place in the list of rows, the row's V10 or V01 (not a number where
// there is no other class) and its influence on average precision.
func values(class []uint16, score []float64, list []int32, f func(i int, v, x float64)) {
	order := make([]item, len(list)) // from the highest score down
	pos := 0.0
	for i, row := range list {
		y := float64(class[row])
		order[i] = item{score[row], y, i}
		pos += y
	}
	slices.SortFunc(order, func(a, b item) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return a.at - b.at
	})
	neg := float64(len(list)) - pos
	groups := func(f func(group []item, above, abovePos, k, kPos float64)) {
		above, abovePos := 0.0, 0.0
		for i := 0; i < len(order); {
			j, k := i, 0.0
			for ; j < len(order) && order[j].score == order[i].score; j++ {
				k += order[j].label
			}
			f(order[i:j], above, abovePos, float64(j-i), k)
			above, abovePos, i = above+float64(j-i), abovePos+k, j
		}
	}
	var h1, h2, ap float64 // over the groups at or below: what they lose and gain by a row above
	groups(func(_ []item, above, abovePos, k, kPos float64) {
		n, tp := above+k, abovePos+kPos
		h1 += kPos / n
		h2 += kPos * tp / (n * n)
		ap += kPos * tp / n
	})
	groups(func(group []item, above, abovePos, k, kPos float64) {
		n, tp := above+k, abovePos+kPos
		for _, x := range group {
			if x.label == 1 {
				f(x.at, (neg-(above-abovePos)-(k-kPos)/2)/neg, tp/n+h1-h2-ap/pos)
			} else {
				f(x.at, (abovePos+kPos/2)/pos, -h2)
			}
		}
		h1 -= kPos / n
		h2 -= kPos * tp / (n * n)
	})
}
