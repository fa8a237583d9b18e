package influence

import (
	"cmp"
	"slices"
)

// ranked is the rows in rising order of a value; rows of one value stand in the order of
// reading, so that sums have the same bits everywhere.
type ranked struct {
	at    []uint32
	value []float64
}

func rank(value []float64) ranked {
	r := ranked{at: make([]uint32, len(value)), value: value}
	for i := range r.at {
		r.at[i] = uint32(i)
	}
	slices.SortFunc(r.at, func(a, b uint32) int {
		if c := cmp.Compare(value[a], value[b]); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	return r
}

// rising calls f with every group of rows of one value, lowest first.
func (r ranked) rising(f func(group []uint32)) {
	for from := 0; from < len(r.at); {
		to := from + 1
		for to < len(r.at) && r.value[r.at[to]] == r.value[r.at[from]] {
			to++
		}
		f(r.at[from:to])
		from = to
	}
}

// falling calls f with every group of rows of one value, highest first.
func (r ranked) falling(f func(group []uint32)) {
	for to := len(r.at); to > 0; {
		from := to - 1
		for from > 0 && r.value[r.at[from-1]] == r.value[r.at[to-1]] {
			from--
		}
		f(r.at[from:to])
		to = from
	}
}
