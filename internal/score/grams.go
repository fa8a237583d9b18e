package score

import (
	"math/bits"
	"slices"
)

// grams counts the n-grams of several sequences ("sides") of small numbers. All orders
// come from one sort. A key is the `order` symbols from a place on, packed from left to
// right, 0 past the end, and the side in its lowest bits; in sorted order every shorter
// n-gram is a run of equal prefixes.
type grams struct {
	keys, spare []uint64
	seen        []int32 // keys met so far, by side
	opened      []int32 // seen, when the run of an order began: opened[(n-1)·sides + side]
	counts      []int32
	table       map[uint64]int32
	heaps       []int32            // ends of sortFew's
	digits      *[6][1 << 11]int32 // counts of sortMany, by pass

	left, right []uint64 // of matches: keys without a side
	place       []int32  // of a key in left
	sides       []uint8  // that have the beginning of a key
}

// prepare packs and sorts the keys. ok is false where a key does not hold an n-gram.
func (g *grams) prepare(order, symbols int, sides [][]int32) (width, low int, ok bool) {
	width, low = bits.Len(uint(symbols)), bits.Len(uint(len(sides)-1))
	if width*order+low > 64 {
		return 0, 0, false
	}
	g.keys = g.keys[:0]
	for side, ids := range sides {
		from := len(g.keys)
		g.keys = packed(g.keys, order, width, ids)
		for i, key := range g.keys[from:] {
			g.keys[from+i] = key<<low | uint64(side)
		}
	}
	g.sort(low, width*order+low)
	return width, low, true
}

// packed appends the keys of a sequence, without a side.
func packed(dst []uint64, order, width int, ids []int32) []uint64 {
	mask := ^uint64(0) >> (64 - width*order)
	key := uint64(0) // of the window that begins at i
	for j := range order {
		key <<= width
		if j < len(ids) {
			key |= uint64(ids[j])
		}
	}
	for i := range ids {
		dst = append(dst, key)
		key = key << width & mask
		if i+order < len(ids) {
			key |= uint64(ids[i+order])
		}
	}
	return dst
}

// count calls visit(n, counts by side) for every distinct n-gram of orders 1 to order.
// Symbols are 1 to symbols.
func (g *grams) count(order, symbols int, sides [][]int32, visit func(n int, counts []int32)) {
	width, low, ok := g.prepare(order, symbols, sides)
	if !ok {
		g.countWide(order, sides, visit)
		return
	}
	if len(g.keys) == 0 {
		return
	}
	n := len(sides)
	g.seen, g.counts, g.opened = zeros(g.seen, n), zeros(g.counts, n), zeros(g.opened, order*n)
	last := g.keys[0] >> low
	symbol := uint64(1)<<width - 1
	flush := func(from int) { // ends the runs of the orders from+1 on
		for k := from; k < order; k++ {
			open := g.opened[k*n : k*n+n]
			if last>>(uint(order-1-k)*uint(width))&symbol != 0 { // else shorter than k+1
				for s := range open {
					g.counts[s] = g.seen[s] - open[s]
				}
				visit(k+1, g.counts)
			}
			copy(open, g.seen)
		}
	}
	for _, e := range g.keys {
		key := e >> low
		if x := key ^ last; x != 0 {
			flush(order - 1 - (bits.Len64(x)-1)/width)
			last = key
		}
		g.seen[e&(1<<low-1)]++
	}
	flush(0)
}

func zeros(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// sort orders the keys by their bits from low to high: the order of sides in a run is
// nothing.
func (g *grams) sort(low, high int) {
	switch n := len(g.keys); {
	case n < 32:
		slices.Sort(g.keys)
	case n < 4096:
		g.sortFew(high)
	default:
		g.sortMany(low, high)
	}
}

// sortFew parts the keys by their highest bits, into some as many heaps as there are keys,
// and sorts each heap.
func (g *grams) sortFew(high int) {
	n := len(g.keys)
	g.spare = slices.Grow(g.spare[:0], n)[:n]
	digit := min(bits.Len(uint(n)), high)
	g.heaps = zeros(g.heaps, 1<<digit)
	heaps, shift := g.heaps, high-digit
	for _, e := range g.keys {
		heaps[e>>shift]++
	}
	end := int32(0)
	for i, c := range heaps {
		heaps[i] = end
		end += c
	}
	for _, e := range g.keys {
		d := e >> shift
		g.spare[heaps[d]] = e
		heaps[d]++
	}
	from := int32(0)
	for _, to := range heaps {
		if to-from > 1 {
			sortHeap(g.spare[from:to])
		}
		from = to
	}
	g.keys, g.spare = g.spare, g.keys
}

func sortHeap(keys []uint64) {
	if len(keys) > 16 {
		slices.Sort(keys)
		return
	}
	for i := 1; i < len(keys); i++ {
		e, j := keys[i], i
		for ; j > 0 && keys[j-1] > e; j-- {
			keys[j] = keys[j-1]
		}
		keys[j] = e
	}
}

// sortMany is by radix. The digits of all passes are counted at once.
func (g *grams) sortMany(low, high int) {
	g.spare = slices.Grow(g.spare[:0], len(g.keys))[:len(g.keys)]
	passes := (high - low + 10) / 11
	digit := (high - low + passes - 1) / passes
	if g.digits == nil {
		g.digits = new([6][1 << 11]int32)
	}
	for p := range passes {
		clear(g.digits[p][:1<<digit])
	}
	mask := uint64(1)<<digit - 1
	switch passes {
	case 2:
		for _, e := range g.keys {
			g.digits[0][e>>low&mask&2047]++
			g.digits[1][e>>(low+digit)&mask&2047]++
		}
	case 3:
		for _, e := range g.keys {
			g.digits[0][e>>low&mask&2047]++
			g.digits[1][e>>(low+digit)&mask&2047]++
			g.digits[2][e>>(low+2*digit)&mask&2047]++
		}
	default:
		for _, e := range g.keys {
			for p := range passes {
				g.digits[p][e>>(low+p*digit)&mask&2047]++
			}
		}
	}
	for p := range passes {
		count := &g.digits[p]
		sum := int32(0)
		for i, c := range count[:1<<digit] {
			count[i] = sum
			sum += c
		}
		shift := low + p*digit
		spare := g.spare[:len(g.keys)]
		for _, e := range g.keys {
			d := e >> shift & mask & 2047
			spare[count[d]] = e
			count[d]++
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
