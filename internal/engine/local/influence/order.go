package influence

import "math"

// ranked is the rows in rising order of a value; rows of one value stand in the order of
// reading, so that sums have the same bits everywhere.
type ranked struct {
	at    []uint32
	value []float64
}

// rank sorts by a radix sort of the values' bits, least digits first. Values are finite.
func rank(value []float64) ranked {
	type pair struct {
		key uint64
		at  uint32
	}
	const bits, digits = 11, 6
	n := len(value)
	from, to := make([]pair, n), make([]pair, n)
	var count [digits][1 << bits]uint32
	for i, v := range value {
		k := math.Float64bits(v + 0) // −0 and 0 are one value
		if k>>63 == 1 {
			k = ^k
		} else {
			k |= 1 << 63
		}
		from[i] = pair{k, uint32(i)}
		for d := range digits {
			count[d][k>>(bits*d)&(1<<bits-1)]++
		}
	}
	for d := range digits {
		c := &count[d]
		if n == 0 || c[from[0].key>>(bits*d)&(1<<bits-1)] == uint32(n) {
			continue // one digit only
		}
		sum := uint32(0)
		for i, k := range c {
			c[i], sum = sum, sum+k
		}
		for _, p := range from {
			digit := p.key >> (bits * d) & (1<<bits - 1)
			to[c[digit]] = p
			c[digit]++
		}
		from, to = to, from
	}
	r := ranked{at: make([]uint32, n), value: value}
	for i, p := range from {
		r.at[i] = p.at
	}
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
