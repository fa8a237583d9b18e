package local

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"sort"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// degrade gives a share of the rows another row's answers of the first model, label and
// slices unseen, and returns how many. Which rows is told by a hash of their content with
// the seed, so that the order of rows does not matter; each takes the answers of the next
// in the order of the hash, so that the model answers as often as before.
func degrade(r *rows.Rows, share float64, seed uint64) int64 {
	type row struct {
		at  int
		key uint64
	}
	var taken []row
	limit := uint64(math.MaxUint64)
	if share < 1 {
		limit = uint64(share * (1 << 63) * 2)
	}
	buf := make([]byte, 0, 128)
	for i := range r.N {
		buf = binary.LittleEndian.AppendUint64(buf[:0], seed)
		number := func(x float64) { buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(x)) }
		code := func(x uint64) { buf = binary.LittleEndian.AppendUint64(buf, x) }
		if r.Class != nil {
			code(uint64(r.Class[i]))
		} else {
			number(r.Target[i])
		}
		for m := range r.Models {
			x := &r.Models[m]
			if x.Score != nil {
				number(x.Score[i])
			}
			if x.Decision != nil {
				code(uint64(x.Decision[i]))
			}
			for _, p := range x.Probs {
				number(p[i])
			}
			for _, e := range x.Ends {
				number(e[i])
			}
		}
		if r.Cluster != nil {
			code(r.ClusterHash[r.Cluster[i]])
		}
		if r.Weight != nil {
			number(r.Weight[i])
		}
		for _, p := range r.Parts {
			code(uint64(p.At(i)))
		}
		h := fnv.New64a()
		_, _ = h.Write(buf) // never fails
		taken = append(taken, row{i, scatter(h.Sum64())})
	}
	// Rows that are alike share a key and are interchangeable; a second hash by their
	// count keeps them from going together.
	sort.Slice(taken, func(i, k int) bool { return taken[i].key < taken[k].key })
	for i := 1; i < len(taken); i++ {
		if taken[i].key == taken[i-1].key {
			n := uint64(0)
			for k := i; k < len(taken) && taken[k].key == taken[i-1].key; k++ {
				n++
				taken[k].key = scatter(taken[i-1].key + n*0x9e3779b97f4a7c15)
			}
		}
	}
	taken = slices.DeleteFunc(taken, func(x row) bool { return x.key > limit || share == 0 })
	if len(taken) < 2 {
		return 0
	}
	sort.Slice(taken, func(i, k int) bool { return taken[i].key < taken[k].key })
	mine := &r.Models[0]
	numbers := append(append([][]float64{mine.Score}, mine.Probs...), mine.Ends...)
	for _, column := range numbers {
		if column != nil {
			rotate(column, len(taken), func(k int) int { return taken[k].at })
		}
	}
	if mine.Decision != nil {
		rotate(mine.Decision, len(taken), func(k int) int { return taken[k].at })
	}
	return int64(len(taken))
}

// giveControl puts the control's scores, which its answers were given like any others, in the
// place of the first model's, and returns at how many rows its answers are others'.
func giveControl(req engine.Request, r *rows.Rows) (swapped int64) {
	mine := r.Models[0].Key
	for _, x := range req.Given {
		g := r.Given[x.Scorer]
		if x.Control == 0 || g == nil {
			continue
		}
		swapped = max(swapped, x.Control)
		g.Scores[mine] = g.Scores[engine.ControlColumn]
		for _, name := range x.Columns {
			g.More[name][mine] = g.More[name][engine.ControlColumn]
		}
		for i := range g.Ungraded {
			g.Ungraded[i] = false
			for _, m := range r.Models {
				g.Ungraded[i] = g.Ungraded[i] || math.IsNaN(g.Scores[m.Key][i])
			}
		}
	}
	return swapped
}

// rotate moves each of n places' values to the place before.
func rotate[T any](column []T, n int, at func(int) int) {
	first := column[at(0)]
	for k := range n - 1 {
		column[at(k)] = column[at(k+1)]
	}
	column[at(n-1)] = first
}

// scatter spreads a hash over all its bits (the finisher of SplitMix64).
func scatter(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
