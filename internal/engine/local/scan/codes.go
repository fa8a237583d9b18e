package scan

import (
	"slices"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// packAfter is the rows after which codes are packed: most values of most columns have been met.
const packAfter = 1 << 16

// codeColumns are the codes of the slice columns of the used rows. Each begins as a column of its
// own. Where a request walks words of codes anyway, they go into such words once enough rows have shown how
// many values there are; a value too many takes them apart again, for good.
type codeColumns struct {
	column [][]uint16 // by coder; empty while words hold them
	words  *rows.Words
	after  int // rows they may be packed; 0: never
	expect int // rows in all
}

func newCodeColumns(coders, expect, after int) *codeColumns {
	c := &codeColumns{column: make([][]uint16, coders), after: after, expect: expect}
	room := expect
	if after > 0 {
		room = min(room, after+chunkRows)
	}
	for i := range c.column {
		c.column[i] = rows.Column[uint16](room)
	}
	return c
}

// packing is after how many rows the codes go into words, 0 for never: that is best where ranks are
// walked by exact scores, and needs codes that are each of a column.
func (p *Plan) packing() int {
	r := p.req
	ranks := slices.ContainsFunc(r.Needs, func(s summary.Spec) bool { return s.Kind == summary.KindRank })
	crossed := slices.ContainsFunc(p.stream.parts, func(x partColumns) bool { return len(x.coders) > 1 })
	if r.Task != cases.Binary || !ranks || crossed || r.Binned || r.Weight != "" || r.Cluster != "" {
		return 0
	}
	return p.packAfter
}

// take appends the selected rows of the chunk.
func (c *codeColumns) take(coders []*coder, n int, sel []int32, all bool) {
	if c.words != nil && !c.fits(coders) {
		c.unpack()
	}
	if c.words != nil {
		c.add(coders, n, sel, all)
		return
	}
	for i, k := range coders {
		c.column[i] = take(c.column[i], k.scratch[:n], sel, all)
	}
	if c.after > 0 && len(coders) > 0 && len(c.column[0]) >= c.after {
		c.pack(coders)
	}
}

// fits reports whether every code can be written in its bits.
func (c *codeColumns) fits(coders []*coder) bool {
	for i, k := range coders {
		if k.n > int(c.words.At[i].Mask)+1 {
			return false
		}
	}
	return true
}

// add appends to the words.
func (c *codeColumns) add(coders []*coder, n int, sel []int32, all bool) {
	used := len(sel)
	if all {
		used = n
	}
	for k, word := range c.words.Word {
		at := len(word)
		word = slices.Grow(word, used)[:at+used]
		c.words.Word[k] = word
		word = word[at:]
		clear(word)
		for i := 0; i < len(coders); i++ {
			code, shift := coders[i].scratch[:n], c.words.At[i].Shift&31
			switch {
			case c.words.At[i].Word != k:
			case !all:
				for r, row := range sel {
					word[r] |= uint32(code[row]) << shift
				}
			case i+1 < len(coders) && c.words.At[i+1].Word == k: // two at a time: half the stores
				i++
				next, nextShift := coders[i].scratch[:len(word)], c.words.At[i].Shift&31
				for r, x := range code[:len(word)] {
					word[r] |= uint32(x)<<shift | uint32(next[r])<<nextShift
				}
			default:
				for r, x := range code[:len(word)] {
					word[r] |= uint32(x) << shift
				}
			}
		}
	}
}

// pack moves the columns into words.
func (c *codeColumns) pack(coders []*coder) {
	var widths []int
	for _, k := range coders {
		widths = append(widths, rows.Width(k.n))
	}
	w := &rows.Words{}
	var words int
	w.At, words = rows.Lay(widths)
	n := len(c.column[0])
	for k := range words {
		word := rows.Column[uint32](max(n, c.expect))[:n]
		for i, at := range w.At {
			if at.Word == k {
				for r, x := range c.column[i] {
					word[r] |= uint32(x) << at.Shift
				}
			}
		}
		w.Word = append(w.Word, word)
	}
	c.words, c.column = w, make([][]uint16, len(coders))
}

// unpack takes the words apart.
func (c *codeColumns) unpack() {
	for i, at := range c.words.At {
		word := c.words.Word[at.Word]
		c.column[i] = rows.Column[uint16](max(len(word), c.expect))
		for _, x := range word {
			c.column[i] = append(c.column[i], uint16(at.Of(x)))
		}
	}
	c.words, c.after = nil, 0
}

// seen marks the codes of column i that some row has.
func (c *codeColumns) seen(i int, mark []bool) {
	if c.words == nil {
		for _, x := range c.column[i] {
			mark[x] = true
		}
		return
	}
	at := c.words.At[i]
	for _, x := range c.words.Word[at.Word] {
		mark[at.Of(x)] = true
	}
}

// recode replaces codes by their rank, by column.
func (c *codeColumns) recode(rank [][]uint16) {
	same := func(rank []uint16) bool {
		for code, r := range rank {
			if int(r) != code {
				return false
			}
		}
		return true
	}
	if c.words != nil {
		if !slices.ContainsFunc(rank, func(r []uint16) bool { return !same(r) }) {
			return
		}
		c.words.Recode(rank)
		return
	}
	for i, column := range c.column {
		if !same(rank[i]) {
			recode(column, rank[i])
		}
	}
}
