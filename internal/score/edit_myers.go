package score

import "math/bits"

// myers computes edit distances by Myers' bit-parallel algorithm in Hyyrö's block form
// (Hyyrö 2003): 64 cells of the table at a time. Of the table no more is computed than a path
// of so many edits can reach (Ukkonen 1985).
type myers struct {
	bytes  [2][]byte
	runes  [2][]rune
	ascii  [128]int32 // where a character's masks begin in peq, 0 without
	wide   runeTable  // the same of others
	peq    []uint64   // masks of the places of a character in the pattern, a word for each block
	column []deltas
}

// deltas are which of 64 cells of a column are greater, and which less, than the one above.
type deltas struct{ p, n uint64 }

// distance is the edit distance in code points and the length of the longer text.
func (m *myers) distance(s, t string) (d, longer int) {
	if isASCII(s) && isASCII(t) {
		m.bytes[0], m.bytes[1] = append(m.bytes[0][:0], s...), append(m.bytes[1][:0], t...)
		return distanceOf(m, m.bytes[0], m.bytes[1])
	}
	m.runes[0], m.runes[1] = appendRunes(m.runes[0][:0], s), appendRunes(m.runes[1][:0], t)
	return distanceOf(m, m.runes[0], m.runes[1])
}

func appendRunes(dst []rune, s string) []rune {
	for _, r := range s {
		dst = append(dst, r)
	}
	return dst
}

func distanceOf[T byte | rune](m *myers, a, b []T) (d, longer int) {
	longer = max(len(a), len(b))
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) == 0 || len(b) == 0 {
		return max(len(a), len(b)), longer
	}
	if len(a) < len(b) { // the shorter is the pattern
		a, b = b, a
	}
	places(m, b)
	// A quarter of the length is a guess for texts that are alike; with others it is soon seen
	// to be too small.
	for most := max(64, len(a)/4, len(a)-len(b)); ; {
		d, column := withinEdits(m, b, a, min(most, len(a)))
		if d <= most {
			return d, longer
		}
		if column == len(a) {
			most = d // of some path: it is within reach
		} else {
			most = max(2*most, most*len(a)/column*5/4)
		}
	}
}

// placeOf is where the masks of a character begin: 0 for one that the pattern lacks.
func placeOf[T byte | rune](m *myers, c T) int32 {
	if c < 128 {
		return m.ascii[c&127]
	}
	return m.wide.get(rune(c))
}

// places notes where each character stands in p.
func places[T byte | rune](m *myers, p []T) {
	blocks := (len(p) + 63) / 64
	clear(m.ascii[:])
	m.wide.reset()
	m.peq = append(m.peq[:0], make([]uint64, blocks)...) // of a character that the pattern lacks
	for i, c := range p {
		at := placeOf(m, c)
		if at == 0 {
			at = int32(len(m.peq))
			m.peq = append(m.peq, make([]uint64, blocks)...)
			if c < 128 {
				m.ascii[c&127] = at
			} else {
				m.wide.put(rune(c), at)
			}
		}
		m.peq[int(at)+i/64] |= 1 << (i % 64)
	}
}

// withinEdits is the distance of the pattern p and t, which is no shorter, if it is at most most.
// Otherwise it is the edits of some path, or more than most where the columns of the table
// were not computed to the last: column says how many were.
//
// Blocks of cells that no path of at most most edits can go through are left out: at the end
// of such a path the texts must come out even, so from a cell it takes at least as many edits
// as it is away from the diagonal that leads there. What is computed without those blocks is
// never too small, and right wherever such a path goes.
func withinEdits[T byte | rune](m *myers, p, t []T, most int) (d, column int) {
	blocks := (len(p) + 63) / 64
	if blocks == 1 {
		return oneBlock(m, p, t), len(t)
	}
	m.column = m.column[:0]
	for range blocks {
		m.column = append(m.column, deltas{p: ^uint64(0)})
	}
	w := window{m: m, most: most, rows: len(p), end: min(64, len(p)), score: min(64, len(p)), even: len(p) - len(t)}
	for w.grow() {
	}
	for j := 0; j < len(t); {
		at, bottom := int(placeOf(m, t[j])), uint(w.end-1)&63
		if j+1 < len(t) && w.steady() {
			after := int(placeOf(m, t[j+1]))
			grown, shrunk := nextColumns(m.peq[at+w.first:at+w.last+1], m.peq[after+w.first:after+w.last+1], m.column[w.first:], bottom)
			w.score += grown - shrunk
			w.even += 2
			j += 2
		} else {
			ph, nh := nextColumn(m.peq[at+w.first:at+w.last+1], m.column[w.first:])
			w.score += int(ph>>bottom&1) - int(nh>>bottom&1) // a branch would be mispredicted
			w.even++
			j++
		}
		for w.grow() {
		}
		if j%32 <= 1 && j < len(t) && !w.shrink() {
			return most + 1, j
		}
	}
	return w.score + w.rows - w.end, len(t)
}

// window is the blocks of a column that paths of at most most edits go through, or may.
type window struct {
	m           *myers
	most, rows  int
	first, last int // blocks
	end         int // last row of the last block
	score       int // there
	even        int // row of the diagonal that leads to the last cell
}

// far is how many edits it takes at least from a row to the end.
func (w *window) far(row int) int { return max(row-w.even, w.even-row) }

// grow takes in the block below if a path may enter it from the last row.
func (w *window) grow() bool {
	if w.end == w.rows || w.score+w.far(w.end) > w.most {
		return false
	}
	w.last++
	more := min(64, w.rows-w.end)
	w.end, w.score = w.end+more, w.score+more
	w.m.column[w.last] = deltas{p: ^uint64(0)}
	return true
}

// steady reports whether grow will have nothing to do after the next column.
func (w *window) steady() bool {
	return w.end == w.rows || w.score+w.far(w.end) > w.most+2
}

// shrink leaves out blocks at both ends. It reports whether there are some left.
func (w *window) shrink() bool {
	first, end, score := -1, w.end, w.score
	for b := w.last; b >= w.first; b-- {
		rows := (end-1)%64 + 1
		mask := ^uint64(0) >> (64 - rows)
		above := score - bits.OnesCount64(w.m.column[b].p&mask) + bits.OnesCount64(w.m.column[b].n&mask)
		least := 0 // edits of a path through the block
		switch top := end - rows; {
		case top >= w.even: // neighbours differ by one at most, so going down saves nothing
			least = above + w.far(top)
		case end <= w.even:
			least = score + w.far(end)
		default:
			least = (score + above - rows) / 2
		}
		if least <= w.most {
			first = b
		} else if b == w.last && b > w.first {
			w.last, w.end, w.score = b-1, end-rows, above
		}
		end, score = end-rows, above
	}
	if first < 0 {
		return false
	}
	w.first = first
	return true
}

// nextColumn takes a column of the table to the next one: above it, cells grow by one. eqs
// says where its character stands. It gives what grows and shrinks in the last block.
// (It is a function of its own so that all of it stays in registers.)
func nextColumn(eqs []uint64, column []deltas) (ph, nh uint64) {
	column = column[:len(eqs)]
	hp, hn := uint64(1), uint64(0)
	for k, eq := range eqs {
		c := &column[k]
		vp, vn := c.p, c.n
		eq |= hn
		d0 := (eq&vp + vp) ^ vp | eq | vn
		ph, nh = vn|^(d0|vp), d0&vp
		hp |= ph << 1
		c.n = hp & d0
		c.p = nh<<1 | hn | ^(d0 | hp)
		hp, hn = ph>>63, nh>>63
	}
	return ph, nh
}

// nextColumns is nextColumn twice. It says by how much the cell of the last block's row
// `bottom` grows and shrinks.
func nextColumns(eqs, then []uint64, column []deltas, bottom uint) (grown, shrunk int) {
	column, then = column[:len(eqs)], then[:len(eqs)]
	hp, hn, hp2, hn2 := uint64(1), uint64(0), uint64(1), uint64(0)
	var ph, nh, ph2, nh2 uint64
	for k, eq := range eqs {
		c := &column[k]
		vp, vn := c.p, c.n
		eq |= hn
		d0 := (eq&vp + vp) ^ vp | eq | vn
		ph, nh = vn|^(d0|vp), d0&vp
		hp |= ph << 1
		vn = hp & d0
		vp = nh<<1 | hn | ^(d0 | hp)
		hp, hn = ph>>63, nh>>63

		eq = then[k] | hn2
		d0 = (eq&vp + vp) ^ vp | eq | vn
		ph2, nh2 = vn|^(d0|vp), d0&vp
		hp2 |= ph2 << 1
		c.n = hp2 & d0
		c.p = nh2<<1 | hn2 | ^(d0 | hp2)
		hp2, hn2 = ph2>>63, nh2>>63
	}
	return int(ph>>bottom&1 + ph2>>bottom&1), int(nh>>bottom&1 + nh2>>bottom&1)
}

// oneBlock is the distance of a pattern of at most 64 characters.
func oneBlock[T byte | rune](m *myers, p, t []T) int {
	score, bottom := len(p), uint(len(p)-1)&63
	vp, vn := ^uint64(0), uint64(0)
	for _, c := range t {
		eq := m.peq[placeOf(m, c)]
		d0 := (eq&vp + vp) ^ vp | eq | vn
		ph, nh := vn|^(d0|vp), d0&vp
		score += int(ph>>bottom&1) - int(nh>>bottom&1)
		hp := ph<<1 | 1
		vp, vn = nh<<1|^(d0|hp), hp&d0
	}
	return score
}
