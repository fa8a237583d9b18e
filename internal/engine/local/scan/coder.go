package scan

import (
	"bytes"
	"errors"

	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// maxValues is the largest number of distinct values that a coded column may have:
// codes are uint16, and the last is rows.None.
const maxValues = 65_000

// errTooMany says that a coded column has more than maxValues distinct values.
var errTooMany = errors.New("too many distinct values")

// chunkRows is the most rows that DuckDB puts into one chunk.
const chunkRows = 2048

// coder numbers the distinct values of one column in the order in which they
// appear, after those that meet has found. The codes mean nothing until cells has named them.
type coder struct {
	col     *column
	form    keyForm
	at      int // column of the stream
	scratch [chunkRows]uint16

	recent [1 << recentBits]recent // the codes of words met lately
	slots  []uint32                // open addressing: code+1, 0 is free; by key
	keys   []uint64                // by code
	texts  map[string]uint16
	words  []string        // by code, textKey
	null   int             // code of null, -1 before one is seen
	met    map[uint64]cell // by hash: the texts that meet has found, nil without
	n      int
	bad    []unusableCode // see unusable
	badAt  int            // n when bad was made
}

// recent is a word and its code. A free one holds a word whose spot is another.
type recent struct {
	word uint64
	code uint16
}

const recentBits = 9

// spot is where a word's code is kept, by the golden ratio.
func spot(word uint64) uint64 { return word * 0x9e3779b97f4a7c15 >> (64 - recentBits) }

func newCoder(c *column, form keyForm, at int) *coder {
	k := &coder{col: c, form: form, at: at, null: -1}
	k.recent[spot(0)].word = 1
	if form == textKey {
		k.texts = map[string]uint16{}
	} else {
		k.slots = make([]uint32, 256)
	}
	return k
}

// encode fills scratch with the codes of the current chunk.
func (k *coder) encode(r *duck.Reader) error {
	n, valid := r.Len(), r.Valid(k.at)
	if k.form == textKey {
		return k.encodeText(r.Strings(k.at), valid, n)
	}
	words, scratch := r.Words(k.at)[:n], k.scratch[:n]
	for i := 0; i < n; i++ {
		w := words[i]
		at := &k.recent[spot(w)]
		if at.word == w && valid == nil {
			scratch[i] = at.code
			continue
		}
		if valid != nil && duck.IsNull(valid, i) {
			if err := k.addNull(); err != nil {
				return err
			}
			scratch[i] = uint16(k.null)
			continue
		}
		if at.word != w {
			key := w
			if k.form == doubleKey {
				key = canonicalBits(w)
			}
			code, err := k.lookup(key)
			if err != nil {
				return err
			}
			*at = recent{w, code}
		}
		scratch[i] = at.code
	}
	return nil
}

func (k *coder) encodeText(texts duck.Strings, valid []uint64, n int) error {
	var last []byte
	lastCode := rows.None
	for i := 0; i < n; i++ {
		if duck.IsNull(valid, i) {
			if err := k.addNull(); err != nil {
				return err
			}
			k.scratch[i] = uint16(k.null)
			continue
		}
		s := texts.At(i)
		if lastCode == rows.None || !bytes.Equal(s, last) {
			code, ok := k.texts[string(s)]
			if !ok {
				if k.n >= maxValues {
					return errTooMany
				}
				code = uint16(k.n)
				word := string(s)
				k.texts[word] = code
				k.words = append(k.words, word)
				k.n++
			}
			last, lastCode = s, code
		}
		k.scratch[i] = lastCode
	}
	return nil
}

func (k *coder) addNull() error {
	if k.null >= 0 {
		return nil
	}
	if k.n >= maxValues {
		return errTooMany
	}
	k.null = k.n
	k.keys = append(k.keys, 0)
	k.words = append(k.words, "")
	k.n++
	return nil
}

// canonicalBits makes one of the two zeros and of all NaNs.
func canonicalBits(w uint64) uint64 {
	if w == 1<<63 {
		return 0
	}
	if w&^(1<<63) > 0x7ff0_0000_0000_0000 {
		return 0x7ff8_0000_0000_0001
	}
	return w
}

func (k *coder) lookup(key uint64) (uint16, error) {
	mask := uint64(len(k.slots) - 1)
	for i := mix(key) & mask; ; i = (i + 1) & mask {
		s := k.slots[i]
		if s == 0 {
			if k.n >= maxValues {
				return 0, errTooMany
			}
			k.keys = append(k.keys, key)
			k.n++
			k.slots[i] = uint32(k.n)
			if 4*k.n > len(k.slots) {
				k.grow()
			}
			return uint16(k.n - 1), nil
		}
		if k.keys[s-1] == key && int(s-1) != k.null {
			return uint16(s - 1), nil
		}
	}
}

func (k *coder) grow() {
	k.slots = make([]uint32, 4*len(k.slots))
	mask := uint64(len(k.slots) - 1)
	for code, key := range k.keys {
		if code == k.null {
			continue
		}
		i := mix(key) & mask
		for k.slots[i] != 0 {
			i = (i + 1) & mask
		}
		k.slots[i] = uint32(code + 1)
	}
}

// mix spreads the bits of a word (the finaliser of SplitMix64, Steele, Lea & Flood 2014).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
