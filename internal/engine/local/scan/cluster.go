package scan

import (
	"strconv"

	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// clusters numbers the clusters of the used rows in the order in which they appear.
// A cluster is known by the FNV-1a hash of its canonical text, which is what
// summaries keep of it, so two texts of one hash are one cluster everywhere. A row
// without a cluster is one of its own.
type clusters struct {
	code  []uint32
	hash  []uint64 // by code
	slots []clusterSlot
	nulls int64
	nullN []byte

	lastWord uint64
	lastCode uint32
	have     bool
}

// clusterSlot holds the hash beside the code, so that a look-up touches one line of
// memory: with many clusters each look-up waits for memory.
type clusterSlot struct {
	hash uint64
	code uint32 // code+1, 0 is free
}

func newClusters(n int) *clusters {
	return &clusters{code: make([]uint32, 0, n), slots: make([]clusterSlot, 1024)}
}

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

func fnv1a(text []byte) uint64 {
	h := uint64(fnvOffset)
	for _, c := range text {
		h = (h ^ uint64(c)) * fnvPrime
	}
	return h
}

// take appends the clusters of the selected rows of the chunk; base is the number of
// its first row, which names a cluster that has no value.
func (k *clusters) take(r *duck.Reader, at int, form keyForm, sel []int32, all bool, base int64) {
	valid := r.Valid(at)
	n := len(sel)
	if all {
		n = r.Len()
	}
	row := func(j int) int {
		if all {
			return j
		}
		return int(sel[j])
	}
	if form == intKey {
		words := r.Ints(at)
		var digits [24]byte
		for j := 0; j < n; j++ {
			i := row(j)
			if duck.IsNull(valid, i) {
				k.null(base + int64(i))
				continue
			}
			w := uint64(words[i])
			if !k.have || w != k.lastWord {
				k.lastWord, k.have = w, true
				k.lastCode = k.lookup(fnv1a(strconv.AppendInt(digits[:0], words[i], 10)))
			}
			k.code = append(k.code, k.lastCode)
		}
		return
	}
	texts := r.Strings(at)
	for j := 0; j < n; j++ {
		i := row(j)
		if duck.IsNull(valid, i) {
			k.null(base + int64(i))
			continue
		}
		k.code = append(k.code, k.lookup(fnv1a(texts.At(i))))
	}
}

func (k *clusters) null(row int64) {
	k.nulls++
	k.nullN = strconv.AppendInt(append(k.nullN[:0], "\x00row "...), row, 10)
	k.code = append(k.code, k.lookup(fnv1a(k.nullN)))
}

func (k *clusters) lookup(hash uint64) uint32 {
	mask := uint64(len(k.slots) - 1)
	for i := mix(hash) & mask; ; i = (i + 1) & mask {
		s := &k.slots[i]
		if s.code == 0 {
			k.hash = append(k.hash, hash)
			code := uint32(len(k.hash))
			*s = clusterSlot{hash, code}
			if 2*len(k.hash) > len(k.slots) {
				k.grow()
			}
			return code - 1
		}
		if s.hash == hash {
			return s.code - 1
		}
	}
}

func (k *clusters) grow() {
	old := k.slots
	k.slots = make([]clusterSlot, 2*len(old))
	mask := uint64(len(k.slots) - 1)
	for _, s := range old {
		if s.code == 0 {
			continue
		}
		i := mix(s.hash) & mask
		for k.slots[i].code != 0 {
			i = (i + 1) & mask
		}
		k.slots[i] = s
	}
}
