package order

import (
	"math/bits"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// codes hold the label of each row and its slice in every partition, in as few words of
// 32 bits as they need; mostly one. Each word begins with the label. The sort carries them along,
// so that the walk reads them in order.
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

// positive reports the label, which is the lowest bit of every word.
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
			words, free = words+1, 31
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
			for w := range c.words {
				word := c.words[w].v[from:end]
				for i, y := range r.Class[from:end] {
					word[i] = uint32(y)
				}
			}
			for x := 0; x < len(all); x++ {
				if all[x].part < 0 {
					continue
				}
				at := c.at[x]
				word, code := c.words[at.word].v[from:end], r.Parts[all[x].part].Code[from:end][:end-from]
				if x+1 < len(all) && c.at[x+1].word == at.word { // two at a time
					x++
					and, second := c.at[x], r.Parts[all[x].part].Code[from:end][:end-from]
					for i := range word {
						word[i] |= min(uint32(code[i]), at.none)<<(at.shift&31) | min(uint32(second[i]), and.none)<<(and.shift&31)
					}
					continue
				}
				for i := range word {
					word[i] |= min(uint32(code[i]), at.none) << (at.shift & 31)
				}
			}
		}
	})
	return c
}
