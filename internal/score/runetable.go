package score

// runeTable gives characters beyond ASCII numbers. As in vocab, entries belong to a
// generation: forgetting all of them is one step.
type runeTable struct {
	slots []runeSlot // a power of two
	now   uint32
	n     int
}

type runeSlot struct {
	r  rune
	of uint32 // its generation
	id int32
}

func (t *runeTable) reset() {
	t.n = 0
	if t.now++; t.now == 0 || len(t.slots) > 1<<12 { // wrapped, or a text of many characters
		t.slots, t.now = nil, 1
	}
}

// get is the number of a character, 0 for one that has none.
func (t *runeTable) get(r rune) int32 {
	if t.n == 0 {
		return 0
	}
	if s := t.slot(r); s.of == t.now {
		return s.id
	}
	return 0
}

// put gives a character that has no number one.
func (t *runeTable) put(r rune, id int32) {
	if 2*t.n >= len(t.slots) {
		old := t.slots
		t.slots = make([]runeSlot, max(256, 2*len(old)))
		for _, s := range old {
			if s.of == t.now {
				*t.slot(s.r) = s
			}
		}
	}
	*t.slot(r) = runeSlot{r, t.now, id}
	t.n++
}

// slot is where a character stands, or would. A script's characters follow each other, so
// most have a slot of their own.
func (t *runeTable) slot(r rune) *runeSlot {
	mask := len(t.slots) - 1
	for i := int(r) & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.of != t.now || s.r == r {
			return s
		}
	}
}
