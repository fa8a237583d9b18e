package rows

import (
	"math/bits"
	"sync"
)

// Words hold the codes of several columns, and the label, in the bits of words of 32: one word a
// row, mostly. The lowest bit of every word is the label's.
type Words struct {
	Word [][]uint32 // each by row
	At   []Place    // by column

	mu     sync.Mutex
	column [][]uint16 // those that have been asked for
}

// Place is where a code stands in the words of a row.
type Place struct {
	Word, Shift int
	Mask        uint32
}

// Of takes the code out of its word.
func (p Place) Of(word uint32) uint32 { return word >> (p.Shift & 31) & p.Mask }

// Lay finds places for codes of so many bits, at most 31, in as few words as their order allows.
func Lay(widths []int) (at []Place, words int) {
	free := 0 // bits of the last word
	for _, width := range widths {
		if width > free {
			words, free = words+1, 31
		}
		at = append(at, Place{Word: words - 1, Shift: 32 - free, Mask: 1<<width - 1})
		free -= width
	}
	return at, words
}

// Width is how many bits the codes of so many values take, and one more code.
func Width(values int) int { return bits.Len(uint(values)) }

// Code is the code of a column in a row.
func (w *Words) Code(column, row int) uint16 {
	at := w.At[column]
	return uint16(at.Of(w.Word[at.Word][row]))
}

// Column unpacks a column; it is kept.
func (w *Words) Column(column int) []uint16 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.column == nil {
		w.column = make([][]uint16, len(w.At))
	}
	if w.column[column] == nil {
		at := w.At[column]
		out := Column[uint16](len(w.Word[at.Word]))
		for _, word := range w.Word[at.Word] {
			out = append(out, uint16(at.Of(word)))
		}
		w.column[column] = out
	}
	return w.column[column]
}

// Recode replaces each code by its rank, by column and code.
func (w *Words) Recode(rank [][]uint16) {
	for k, word := range w.Word {
		for c, at := range w.At {
			if at.Word != k {
				continue
			}
			keep := ^(at.Mask << at.Shift)
			for i, x := range word {
				word[i] = x&keep | uint32(rank[c][at.Of(x)])<<at.Shift
			}
		}
	}
}

// Label sets the labels.
func (w *Words) Label(class []uint16) {
	for _, word := range w.Word {
		for i, y := range class {
			word[i] |= uint32(y)
		}
	}
}
