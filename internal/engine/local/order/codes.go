package order

import "github.com/fairtrial/fairtrial/internal/engine/local/rows"

// codes hold the label of each row and its slice in every partition, in as few words of
// 32 bits as they need; mostly one. Each word begins with the label. The sort carries them along,
// so that the walk reads them in order.
type codes struct {
	words []array[uint32] // of all rows
	at    []place         // by slot
}

// place is where a slot's slice stands in the words of a row.
type place struct {
	rows.Place
	none uint32
}

// positive reports the label, which is the lowest bit of every word.
func positive(word uint32) bool { return word&1 == 1 }

func (c *codes) free() {
	for i := range c.words {
		c.words[i].free()
	}
}

// pack takes the words that the rows have, and makes others for what is not in them.
func pack(r *rows.Rows, all []slot, workers int) *codes {
	c := &codes{at: make([]place, len(all))}
	for _, s := range all {
		if s.part >= 0 && r.Parts[s.part].Words != nil {
			for _, word := range r.Parts[s.part].Words.Word {
				c.words = append(c.words, array[uint32]{v: word})
			}
			break
		}
	}
	given := len(c.words)
	var widths, column []int // the slots of the others
	for x, s := range all {
		switch c.at[x].none = uint32(s.size); {
		case s.part < 0: // overall: always slice 0
		case r.Parts[s.part].Words != nil:
			c.at[x].Place = r.Parts[s.part].Words.At[r.Parts[s.part].Column]
		default:
			widths, column = append(widths, rows.Width(s.size)), append(column, x)
		}
	}
	places, words := rows.Lay(widths)
	if given == 0 && words == 0 {
		words = 1 // for the label
	}
	for k, x := range column {
		c.at[x].Place = places[k]
		c.at[x].Word += given
	}
	for range words {
		c.words = append(c.words, newArray[uint32](r.N))
	}
	each((&sorter{workers: workers}).split(r.N), func(_, from, to int) {
		const block = 2048 // of its parts all stay in the cache
		for ; from < to; from += block {
			end := min(from+block, to)
			for w := range c.words[given:] {
				word := c.words[given+w].v[from:end]
				for i, y := range r.Class[from:end] {
					word[i] = uint32(y)
				}
			}
			for k := 0; k < len(column); k++ {
				at := c.at[column[k]]
				code := func() []uint16 { return r.Parts[all[column[k]].part].Code[from:end][:end-from] }
				word, first := c.words[at.Word].v[from:end], code()
				if k+1 < len(column) && c.at[column[k+1]].Word == at.Word { // two at a time
					k++
					and, second := c.at[column[k]], code()
					for i := range word {
						word[i] |= min(uint32(first[i]), at.none)<<(at.Shift&31) | min(uint32(second[i]), and.none)<<(and.Shift&31)
					}
					continue
				}
				for i := range word {
					word[i] |= min(uint32(first[i]), at.none) << (at.Shift & 31)
				}
			}
		}
	})
	return c
}
