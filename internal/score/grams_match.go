package score

import "math/bits"

// matches adds to dst[n-1] the n-grams that two sequences share, with repeats.
//
// Few n-grams are sorted: first those of the longest order that both have are paired off, then
// the shortest are counted in a table, and what shares none of the next order is left out.
func (g *grams) matches(order, symbols int, a, b []int32, dst []int32) {
	if len(a) == 0 || len(b) == 0 {
		return
	}
	width := bits.Len(uint(symbols))
	if width*order > 63 {
		g.countWide(order, [][]int32{a, b}, func(n int, c []int32) { dst[n-1] += min(c[0], c[1]) })
		return
	}
	g.left, g.right = packed(g.left[:0], order, width, a), packed(g.right[:0], order, width, b)
	pairs := g.pair(order)
	for k := range order {
		dst[k] += pairs
	}
	short := 1 // orders that are counted
	if 2*width <= 12 && order > 1 {
		short = 2
	}
	for k := range short {
		dst[k] += g.countShort(width*(order-k-1), width*(k+1), width)
	}
	if order == short {
		return
	}
	if g.prune(width*(order-short-1), width); len(g.keys) > 0 {
		g.sort(1, width*order+1)
		g.walk(short, order, width, dst)
	}
}

// pair finds n-grams of the longest order that both sides have and takes them out of left and
// right. A pair adds one to the matches of every order and takes one away from both counts,
// so it need not find all; what begins where a pair does mostly follows one.
func (g *grams) pair(order int) (pairs int32) {
	const used = ^uint64(0)
	long := g.left[:max(0, len(g.left)-order+1)] // keys of the longest order
	size := bits.Len(uint(len(long)))
	if len(g.place) < 1<<size {
		g.place = make([]int32, 1<<size)
	}
	place, shift := g.place[:1<<size], 64-size
	for i, key := range long {
		place[scattered(key)>>shift] = int32(i) // what else stands there is of another text
	}
	next, kept := 0, 0
	for _, key := range g.right[:max(0, len(g.right)-order+1)] {
		if next >= len(long) || long[next] != key {
			next = int(place[scattered(key)>>shift])
			if next >= len(long) || long[next] != key {
				g.right[kept] = key
				kept++
				continue
			}
		}
		long[next] = used
		next++
		pairs++
	}
	g.right = append(g.right[:kept], g.right[max(0, len(g.right)-order+1):]...)
	if pairs == 0 {
		return 0
	}
	kept = 0
	for _, key := range g.left {
		if key != used {
			g.left[kept] = key
			kept++
		}
	}
	g.left = g.left[:kept]
	return pairs
}

// scattered has in its high bits a number that differs for most keys.
func scattered(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 }

// countShort is the matches of an order whose n-grams are the keys shifted, of so many bits.
func (g *grams) countShort(shift, size, width int) (n int32) {
	g.counts = zeros(g.counts, 1<<size)
	counts, last := g.counts, uint64(1)<<width-1
	for _, key := range g.left {
		counts[key>>shift]++
	}
	for _, key := range g.right {
		gram := key >> shift
		if gram&last == 0 {
			continue // shorter, at the end of a text
		}
		some := int32(uint32(-counts[gram]) >> 31) // 1 if there is one left: a branch would be mispredicted
		counts[gram] -= some
		n += some
	}
	return n
}

// prune puts the keys of both sides into g.keys, with the side in the lowest bit, but for
// those whose beginning, shifted, only one side has: no longer n-gram of theirs matches. It
// may keep some of those.
func (g *grams) prune(shift, width int) {
	size := min(bits.Len(uint(len(g.left)+len(g.right)))+3, 16)
	if len(g.sides) < 1<<size {
		g.sides = make([]uint8, 1<<size)
	}
	sides, last := g.sides[:1<<size], uint64(1)<<width-1
	clear(sides)
	slot := func(gram uint64) uint64 { return scattered(gram) >> (64 - size) }
	for _, key := range g.left {
		sides[slot(key>>shift)] |= 1
	}
	g.keys = g.keys[:0]
	for _, key := range g.right {
		gram := key >> shift
		at := slot(gram)
		if sides[at]&1 != 0 && gram&last != 0 {
			sides[at] |= 2
			g.keys = append(g.keys, key<<1|1)
		}
	}
	if len(g.keys) == 0 {
		return
	}
	for _, key := range g.left {
		gram := key >> shift
		if sides[slot(gram)] == 3 && gram&last != 0 {
			g.keys = append(g.keys, key<<1)
		}
	}
}

// walk adds the matches of the orders from short+1 on, from sorted keys.
func (g *grams) walk(short, order, width int, dst []int32) {
	var open [16]uint64        // as opened, both sides in one; orders are at most 10
	seen := uint64(0)          // the side of a in the lower half
	var differs, has [65]uint8 // the first order that differs, by the length of a difference in bits; orders of a key, by its zeros at the end
	for k, b := order-1, 1; k >= 0; k-- {
		for range width {
			differs[b], has[b-1] = uint8(max(k, short)), uint8(k+1)
			b++
		}
	}
	dst = dst[:len(open)]
	last := g.keys[0] >> 1
	for i := 0; i <= len(g.keys); i++ {
		var e uint64
		from := short
		if i < len(g.keys) {
			e = g.keys[i]
			x := e>>1 ^ last
			if x == 0 {
				seen += 1 << (e & 1 << 5)
				continue
			}
			from = int(differs[bits.Len64(x)])
		}
		full := int(has[bits.TrailingZeros64(last)]) // shorter past the end of a text
		for k := from; k < full; k++ {
			d := seen - open[k&15]
			dst[k&15] += int32(min(uint32(d), uint32(d>>32)))
			open[k&15] = seen
		}
		for k := max(from, full); k < order; k++ {
			open[k&15] = seen
		}
		last = e >> 1
		seen += 1 << (e & 1 << 5)
	}
}
