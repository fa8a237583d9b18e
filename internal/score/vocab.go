package score

import "hash/maphash"

// vocab numbers words from 1, in the order in which they are met. It is a table with open
// addresses whose entries belong to a generation, so that forgetting all of them is one step:
// words of a text are few, and texts many.
type vocab struct {
	slots []vocabSlot // a power of two
	seed  maphash.Seed
	now   uint32 // the generation, 0 before the first reset
	n     int32
}

type vocabSlot struct {
	hash uint64
	word string
	id   int32
	of   uint32 // its generation
}

func (v *vocab) reset() {
	if v.now == 0 {
		v.seed = maphash.MakeSeed()
	}
	if v.now++; v.now == 0 || len(v.slots) == 0 || len(v.slots) > 1<<15 { // wrapped, new or huge
		v.slots, v.now = make([]vocabSlot, 512), 1
	}
	if v.now%64 == 0 { // words of old generations hold their texts
		clear(v.slots)
	}
	v.n = 0
}

// slot is where a word stands, or would.
func (v *vocab) slot(w string) (*vocabSlot, uint64) {
	h := maphash.String(v.seed, w)
	mask := uint64(len(v.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := &v.slots[i]
		if s.of != v.now || s.hash == h && s.word == w {
			return s, h
		}
	}
}

func (v *vocab) id(w string) int32 {
	s, h := v.slot(w)
	if s.of == v.now {
		return s.id
	}
	v.n++
	*s = vocabSlot{h, w, v.n, v.now}
	if id := v.n; int(id) > len(v.slots)/2 {
		v.grow()
		return id
	}
	return v.n
}

func (v *vocab) grow() {
	old := v.slots
	v.slots = make([]vocabSlot, 2*len(old))
	mask := uint64(len(v.slots) - 1)
	for _, s := range old {
		if s.of != v.now {
			continue
		}
		i := s.hash & mask
		for v.slots[i].of == v.now {
			i = (i + 1) & mask
		}
		v.slots[i] = s
	}
}

// find is id of a word that was met; ok is false for others.
func (v *vocab) find(w string) (id int32, ok bool) {
	s, _ := v.slot(w)
	return s.id, s.of == v.now
}

func (v *vocab) len() int { return int(v.n) }

func (v *vocab) all(dst []int32, words []string) []int32 {
	for _, w := range words {
		dst = append(dst, v.id(w))
	}
	return dst
}
