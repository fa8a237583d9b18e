package scan

import (
	"hash/maphash"
)

// ids is a set of texts by 128 bits of hash, numbered in the order of adding. The
// hash is seeded anew in each process; nothing of it is ever stored or ordered by.
type ids struct {
	seedA, seedB maphash.Seed
	slots        []idSlot
	n            uint32
	used         int
}

type idSlot struct {
	a, b uint64
	pos  uint32 // position+1, 0 is free
}

func (s *ids) grow(n int) {
	if s.slots == nil {
		s.seedA, s.seedB = maphash.MakeSeed(), maphash.MakeSeed()
	}
	size := 1024
	for size < 2*n {
		size *= 2
	}
	old := s.slots
	s.slots = make([]idSlot, size)
	for _, slot := range old {
		if slot.pos != 0 {
			*s.slot(slot.a, slot.b) = slot
		}
	}
}

func (s *ids) slot(a, b uint64) *idSlot {
	mask := uint64(len(s.slots) - 1)
	for i := a & mask; ; i = (i + 1) & mask {
		if p := &s.slots[i]; p.pos == 0 || p.a == a && p.b == b {
			return p
		}
	}
}

// skip uses up a position that has no id.
func (s *ids) skip() { s.n++ }

// add gives a text the next position. It is not fresh where the text has one.
func (s *ids) add(text []byte) (pos int, fresh bool) {
	if 2*(s.used+1) > len(s.slots) {
		s.grow(len(s.slots))
	}
	a, b := maphash.Bytes(s.seedA, text), maphash.Bytes(s.seedB, text)
	p := s.slot(a, b)
	s.n++
	if p.pos != 0 {
		return int(p.pos - 1), false
	}
	*p = idSlot{a, b, s.n}
	s.used++
	return int(s.n - 1), true
}

// find is the position of a text, -1 where it has none.
func (s *ids) find(text []byte) int {
	p := s.slot(maphash.Bytes(s.seedA, text), maphash.Bytes(s.seedB, text))
	return int(p.pos) - 1
}
