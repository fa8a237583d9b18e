package score

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"strings"
)

// vocab numbers words from 1, in the order in which they are met. It is a table with open
// addresses whose entries belong to a generation, so that forgetting all of them is one step:
// words of a text are few, and texts many.
type vocab struct {
	slots []vocabSlot // a power of two
	seed  maphash.Seed
	salt  uint64
	now   uint32 // the generation, 0 before the first reset
	n     int32
	long  []string // words that no wordKey holds
}

type vocabSlot struct {
	key wordKey // of a word that a key does not hold: its hash, and its place in long
	id  int32
	of  uint32 // its generation
}

// wordKey is a word of at most 15 bytes: the first eight, the rest, and the length in the
// highest byte. Equal keys are equal words, so neither the text is kept nor compared.
type wordKey struct{ head, tail uint64 }

const (
	longestKey = 15
	longWord   = uint64(0xff) << 56 // tail of a word that a key does not hold
)

// keyOf is the word s[from:to], of at most longestKey bytes.
func keyOf(s string, from, to int) wordKey {
	n := to - from
	if n > 0 && from+16 <= len(s) { // what follows the word is cut off again
		head, tail := masksOf(n)
		return wordKey{load64(s[from:]) & head, load64(s[from+8:])&tail | uint64(n)<<56}
	}
	k := wordKey{tail: uint64(n) << 56}
	for i := range n {
		c := uint64(s[from+i]) << (i % 8 * 8)
		if i < 8 {
			k.head |= c
		} else {
			k.tail |= c
		}
	}
	return k
}

// masksOf are the bytes of head and tail that a word of n bytes takes, from 1 to longestKey.
func masksOf(n int) (head, tail uint64) {
	return ^uint64(0) >> (uint(64-8*min(n, 8)) & 63), 1<<(uint(8*max(n-8, 0))&63) - 1
}

// lower is the word in lower case, if it is of A–Z, a–z and 0–9: digits have the bit already.
func (k wordKey) lower() wordKey {
	const bit = 0x2020202020202020
	head, tail := masksOf(int(k.tail >> 56))
	return wordKey{k.head | bit&head, k.tail | bit&tail}
}

func (v *vocab) reset() {
	if v.now == 0 {
		v.seed, v.salt = maphash.MakeSeed(), rand.Uint64() // no order of words depends on them
	}
	if v.now++; v.now == 0 || len(v.slots) == 0 || len(v.slots) > 1<<15 { // wrapped, new or huge
		v.slots, v.now = make([]vocabSlot, 1024), 1
	}
	clear(v.long) // they hold their texts
	v.n, v.long = 0, v.long[:0]
}

// place is where the search for a key begins.
func (v *vocab) place(k wordKey) uint64 {
	if k.tail >= longWord {
		k.tail = longWord
	}
	hi, lo := bits.Mul64(k.head^v.salt, k.tail^v.salt<<32^0x9e3779b97f4a7c15)
	return hi ^ lo
}

// slot is where a word stands, or would.
func (v *vocab) slot(w string) (*vocabSlot, wordKey) {
	if len(w) <= longestKey {
		k := keyOf(w, 0, len(w))
		return v.slotOf(k), k
	}
	k := wordKey{maphash.String(v.seed, w), longWord}
	mask := uint64(len(v.slots) - 1)
	for i := v.place(k) & mask; ; i = (i + 1) & mask {
		s := &v.slots[i]
		if s.of != v.now || s.key.head == k.head && s.key.tail >= longWord && v.long[s.key.tail&^longWord] == w {
			k.tail |= uint64(len(v.long))
			return s, k
		}
	}
}

func (v *vocab) slotOf(k wordKey) *vocabSlot {
	mask := uint64(len(v.slots) - 1)
	for i := v.place(k) & mask; ; i = (i + 1) & mask {
		s := &v.slots[i]
		if s.of != v.now || s.key == k {
			return s
		}
	}
}

func (v *vocab) id(w string) int32 {
	s, k := v.slot(w)
	if s.of == v.now {
		return s.id
	}
	if len(w) > longestKey {
		v.long = append(v.long, w)
	}
	return v.add(s, k)
}

// idOf is id of the word of a key.
func (v *vocab) idOf(k wordKey) int32 {
	if s := v.slotOf(k); s.of != v.now {
		return v.add(s, k)
	} else {
		return s.id
	}
}

func (v *vocab) add(s *vocabSlot, k wordKey) int32 {
	v.n++
	*s = vocabSlot{k, v.n, v.now}
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
		i := v.place(s.key) & mask
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

// within is id of the word s[from:to].
func (v *vocab) within(s string, from, to int) int32 {
	if to-from > longestKey {
		return v.id(s[from:to])
	}
	return v.idOf(keyOf(s, from, to))
}

// withinLower is id of s[from:to] in lower case, a word of A–Z, a–z and 0–9.
func (v *vocab) withinLower(s string, from, to int) int32 {
	if to-from > longestKey {
		return v.id(strings.ToLower(s[from:to]))
	}
	return v.idOf(keyOf(s, from, to).lower())
}

func (v *vocab) all(dst []int32, words []string) []int32 {
	for _, w := range words {
		dst = append(dst, v.id(w))
	}
	return dst
}
