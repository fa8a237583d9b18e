package order

import (
	"math"
	"math/bits"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// codes hold the label of each row and its slice in every partition, in as few words of
// 32 bits as they need; mostly one. The sort carries them along, so that the walk reads
// them in order.
type codes struct {
	words []array[uint32] // of all rows
	at    []place         // by slot
}

// place is where a slot's slice stands in the words of a row.
type place struct {
	word, shift int
	mask, none  uint32
}

func (p place) of(word uint32) uint32 { return word >> (p.shift & 31) & p.mask }

// positive reports the label, which is the lowest bit of the first word.
func positive(word uint32) bool { return word&1 == 1 }

func (c *codes) free() {
	for i := range c.words {
		c.words[i].free()
	}
}

func pack(r *rows.Rows, all []slot, workers int) *codes {
	c := &codes{}
	free := 31 // bits of the last word
	words := 1
	for _, s := range all {
		if s.part < 0 { // overall: always slice 0
			c.at = append(c.at, place{none: 1})
			continue
		}
		width := bits.Len(uint(s.size))
		if width > free {
			words, free = words+1, 32
		}
		c.at = append(c.at, place{word: words - 1, shift: 32 - free, mask: 1<<width - 1, none: uint32(s.size)})
		free -= width
	}
	for range words {
		c.words = append(c.words, newArray[uint32](r.N))
	}
	each((&sorter{workers: workers}).split(r.N), func(_, from, to int) {
		const block = 2048 // of its parts all stay in the cache
		for ; from < to; from += block {
			end := min(from+block, to)
			word := c.words[0].v[from:end]
			for i, y := range r.Class[from:end] {
				word[i] = uint32(y)
			}
			for x, s := range all {
				if s.part < 0 {
					continue
				}
				at := c.at[x]
				word, shift, none := c.words[at.word].v[from:end], at.shift&31, at.none
				for i, code := range r.Parts[s.part].Code[from:end] {
					word[i] |= min(uint32(code), none) << shift
				}
			}
		}
	})
	return c
}

// lines hold what the baseline leaves of each row for the other models, a word a slot,
// so that one memory access brings all of a row.
type lines struct {
	v     array[uint32]
	slots int
}

// split says how the 32 bits that the baseline leaves for a row of a population are
// laid out: the doubled count of the other class below it in the high bits, the size of
// its AP value (X, or H2 for a negative) in the low ap bits. Counts are exact where a class has at
// most 2^15 rows; beyond, they are rounded to 1/65536 of the class. The AP value has ap−3
// bits behind the point of its binary logarithm. Only the products of two models' values use
// them; the values' own sums are exact.
type split struct {
	mask uint32 // of the AP value
	ap   uint8  // its bits
	drop uint8  // low bits of the count that are not kept
	cut  uint8  // low bits of a float32's 26 that are not kept
}

const (
	placeBits = 16
	one       = 127 << 23 // float32(1), as bits
	sizeBits  = 23 + 3    // of 1+x in [1, 256), counted from 1
)

func splitOf(pos, neg uint32) split {
	need := bits.Len32(2 * max(pos, neg))
	keep := max(min(need, placeBits), 32-sizeBits)
	return split{mask: 1<<(32-keep) - 1, ap: uint8(32 - keep), drop: uint8(max(0, need-keep)), cut: uint8(sizeBits - (32 - keep))}
}

// keep packs a doubled count and the size of an AP value, 0 ≤ x < 255.
func (s split) keep(place uint32, x float64) uint32 {
	v := math.Float32bits(float32(1+x)) - one
	cut := s.cut & 31 // spares the shifts a check
	v = min((v+1<<cut>>1)>>cut, s.mask)
	return place>>(s.drop&31)<<(s.ap&31) | v
}

// place is the kept part of the doubled count.
func (s split) place(kept uint32) uint64 { return uint64(kept >> (s.ap & 31)) }

// value is the size of the AP value.
func (s split) value(kept uint32) float64 {
	return float64(math.Float32frombits((kept&s.mask)<<(s.cut&31)+one)) - 1
}
