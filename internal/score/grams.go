package score

import (
	"math/bits"
	"slices"
)

// vocab numbers words or characters from 1, in the order in which they are met.
type vocab struct{ ids map[string]int32 }

func (v *vocab) reset() {
	if v.ids == nil || len(v.ids) > 1<<14 { // clearing a huge table costs more than a new one
		v.ids = make(map[string]int32, 256)
	}
	clear(v.ids)
}

func (v *vocab) id(w string) int32 {
	id, ok := v.ids[w]
	if !ok {
		id = int32(len(v.ids) + 1)
		v.ids[w] = id
	}
	return id
}

func (v *vocab) all(dst []int32, words []string) []int32 {
	for _, w := range words {
		dst = append(dst, v.id(w))
	}
	return dst
}

// gram is up to `order` symbols packed into one key, left to right, 0 past the end.
type gram struct {
	key  uint64
	side int32
}

// grams counts the n-grams of several sequences ("sides") of small numbers. All orders
// come from one sort: the keys of the longest n-grams in order, every shorter one is a
// run of equal prefixes.
type grams struct {
	keys, spare []gram
	counts      []int32 // of the open run: counts[(n-1)·sides + side]
	table       map[uint64]int32
}

// count calls visit(n, counts by side) for every distinct n-gram of orders 1 to order.
// Symbols are 1 to symbols.
func (g *grams) count(order, symbols int, sides [][]int32, visit func(n int, counts []int32)) {
	width := bits.Len(uint(symbols))
	if width*order > 64 {
		g.countWide(order, sides, visit)
		return
	}
	g.keys = g.keys[:0]
	total := width * order
	mask := ^uint64(0) >> (64 - total)
	for side, ids := range sides {
		key := uint64(0) // of the window that begins at i
		for j := range order {
			key <<= width
			if j < len(ids) {
				key |= uint64(ids[j])
			}
		}
		for i := range ids {
			g.keys = append(g.keys, gram{key, int32(side)})
			key = key << width & mask
			if i+order < len(ids) {
				key |= uint64(ids[i+order])
			}
		}
	}
	g.sort(total)
	n := len(sides)
	g.counts = slices.Grow(g.counts[:0], order*n)[:order*n]
	clear(g.counts)
	var last uint64
	flush := func(from int) { // runs of orders from+1 … end
		for k := from; k < order; k++ {
			if last>>(uint(order-1-k)*uint(width))&(1<<width-1) == 0 {
				break // shorter than k+1
			}
			run := g.counts[k*n : k*n+n]
			visit(k+1, run)
			clear(run)
		}
	}
	for i, e := range g.keys {
		if i > 0 {
			same := order
			if x := e.key ^ last; x != 0 {
				same = order - 1 - (bits.Len64(x)-1)/width
			}
			flush(same)
		}
		last = e.key
		for k := range order {
			if e.key>>(uint(order-1-k)*uint(width))&(1<<width-1) == 0 {
				break
			}
			g.counts[k*n+int(e.side)]++
		}
	}
	if len(g.keys) > 0 {
		flush(0)
	}
}

// sort orders the keys by their lowest `width` bits: radix for many, else by comparison.
func (g *grams) sort(width int) {
	if len(g.keys) < 96 {
		slices.SortFunc(g.keys, func(a, b gram) int {
			if a.key < b.key {
				return -1
			}
			return 1 // equal keys: their order is nothing
		})
		return
	}
	g.spare = slices.Grow(g.spare[:0], len(g.keys))[:len(g.keys)]
	const digit = 11
	var at [1 << digit]int32
	for shift := 0; shift < width; shift += digit {
		clear(at[:])
		for _, e := range g.keys {
			at[e.key>>shift&(1<<digit-1)]++
		}
		sum := int32(0)
		for i, c := range at {
			at[i] = sum
			sum += c
		}
		for _, e := range g.keys {
			d := e.key >> shift & (1<<digit - 1)
			g.spare[at[d]] = e
			at[d]++
		}
		g.keys, g.spare = g.spare, g.keys
	}
}

// countWide is for texts of so many distinct symbols that a key does not hold an n-gram:
// an n-gram is numbered by its first n−1 symbols' number and its last symbol.
func (g *grams) countWide(order int, sides [][]int32, visit func(n int, counts []int32)) {
	n := len(sides)
	prefix := make([][]int32, n)
	for s, ids := range sides {
		prefix[s] = make([]int32, len(ids))
	}
	for k := 1; k <= order; k++ {
		if g.table == nil {
			g.table = map[uint64]int32{}
		}
		clear(g.table)
		var counts []int32
		for s, ids := range sides {
			for i := 0; i+k <= len(ids); i++ {
				key := uint64(prefix[s][i])<<32 | uint64(ids[i+k-1])
				id, ok := g.table[key]
				if !ok {
					id = int32(len(g.table))
					g.table[key] = id
					counts = append(counts, make([]int32, n)...)
				}
				prefix[s][i] = id
				counts[int(id)*n+s]++
			}
		}
		for i := 0; i < len(counts); i += n {
			visit(k, counts[i:i+n])
		}
	}
}
