package scan

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/slice"
)

// maxValues is the largest number of distinct values that a coded column may have:
// codes are uint16, and the last is rows.None.
const maxValues = 65_000

// errTooMany says that a coded column has more than maxValues distinct values.
var errTooMany = errors.New("too many distinct values")

// chunkRows is the most rows that DuckDB puts into one chunk.
const chunkRows = 2048

// coder numbers the distinct values of one column in the order in which they
// appear. The codes mean nothing until values has named them.
type coder struct {
	col     *column
	form    keyForm
	at      int // column of the stream
	scratch [chunkRows]uint16

	slots []uint32 // open addressing: code+1, 0 is free; by key
	keys  []uint64 // by code
	texts map[string]uint16
	words []string // by code, textKey
	null  int      // code of null, -1 before one is seen
	n     int
	bad   []unusableCode // see unusable
	badAt int            // n when bad was made
}

func newCoder(c *column, form keyForm, at int) *coder {
	k := &coder{col: c, form: form, at: at, null: -1}
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
	words := r.Words(k.at)
	last, lastCode := uint64(0), rows.None
	for i, w := range words {
		if valid != nil && duck.IsNull(valid, i) {
			if err := k.addNull(); err != nil {
				return err
			}
			k.scratch[i] = uint16(k.null)
			continue
		}
		if w != last || lastCode == rows.None {
			key := w
			if k.form == doubleKey {
				key = canonicalBits(w)
			}
			code, err := k.lookup(key)
			if err != nil {
				return err
			}
			last, lastCode = w, code
		}
		k.scratch[i] = lastCode
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

// cell is one distinct value.
type cell struct {
	value  slice.Value
	null   bool
	number bool
	x      float64
	text   string // canonical
}

// errReplan asks for the scan to be done again with a column read in another way.
type errReplan struct{ col *column }

func (e *errReplan) Error() string { return "column " + e.col.Name + " must be read as text" }

// cells names the codes. Hashes are looked up by asking DuckDB for the distinct
// texts of the column; two texts of one hash ask for a scan that reads the text.
func (k *coder) cells(ctx context.Context, db *duck.DB, t *table) ([]cell, error) {
	out := make([]cell, k.n)
	var byHash map[uint64]cell
	if k.form == hashKey {
		var err error
		if byHash, err = k.names(ctx, db, t); err != nil {
			return nil, err
		}
	}
	for code := range out {
		if code == k.null {
			out[code] = cell{null: true, text: "∅"}
			continue
		}
		switch k.form {
		case doubleKey:
			x := math.Float64frombits(k.keys[code])
			if k.col.text && math.Abs(x) > 1<<53 { // digits would be lost: the text has them
				return nil, &errReplan{k.col}
			}
			out[code] = cell{value: slice.NumberValue(x), number: true, x: x, text: formatNumber(x)}
		case intKey:
			n := int64(k.keys[code])
			c := cell{value: slice.NumberValue(float64(n)), number: true, x: float64(n), text: strconv.FormatInt(n, 10)}
			if n > 1<<53 || n < -1<<53 {
				c.value = slice.TextValue(c.text)
			}
			out[code] = c
		case boolKey:
			b := k.keys[code] != 0
			out[code] = cell{value: slice.BoolValue(b), number: true, x: float64(k.keys[code]), text: strconv.FormatBool(b)}
		case timeKey:
			at := time.UnixMicro(int64(k.keys[code])).UTC()
			out[code] = cell{value: slice.TimeValue(at), number: true, x: float64(int64(k.keys[code])), text: at.Format("2006-01-02 15:04:05.999999")}
		case hashKey:
			c, ok := byHash[k.keys[code]]
			if !ok {
				return nil, fmt.Errorf("read %s: column %s changed while it was read", t.name(), k.col.Name)
			}
			out[code] = c
		default:
			out[code] = cell{value: slice.TextValue(k.words[code]), text: k.words[code]}
		}
	}
	return out, nil
}

func (k *coder) names(ctx context.Context, db *duck.DB, t *table) (map[uint64]cell, error) {
	x, _ := k.col.typed()
	if k.col.Kind != "text" {
		x = "CAST(" + x + " AS VARCHAR)"
	}
	r, err := db.Query(ctx, fmt.Sprintf("SELECT v, hash(v) FROM (SELECT %s AS v FROM %s) GROUP BY v", x, t.from([]*column{k.col}, false)))
	if err != nil {
		return nil, t.explain(err)
	}
	out := map[uint64]cell{}
	for r.Next() {
		texts, hashes, valid := r.Strings(0), r.Words(1), r.Valid(0)
		for i := 0; i < r.Len(); i++ {
			if _, twice := out[hashes[i]]; twice {
				err = &errReplan{k.col}
			}
			if duck.IsNull(valid, i) {
				out[hashes[i]] = cell{null: true, text: "∅"}
				continue
			}
			s := string(texts.At(i))
			out[hashes[i]] = cell{value: slice.TextValue(s), text: s}
		}
	}
	if closeErr := r.Close(); closeErr != nil {
		return nil, t.explain(closeErr)
	}
	return out, err
}

// compareCells orders numbers by size, text by bytes, numbers before text, null last.
func compareCells(a, b cell) int {
	rank := func(c cell) int {
		switch {
		case c.null:
			return 2
		case c.number:
			return 0
		}
		return 1
	}
	if d := cmp.Compare(rank(a), rank(b)); d != 0 {
		return d
	}
	if a.number {
		if math.IsNaN(a.x) || math.IsNaN(b.x) { // NaN stands above all numbers
			return cmp.Compare(boolInt(math.IsNaN(a.x)), boolInt(math.IsNaN(b.x)))
		}
		if d := cmp.Compare(a.x, b.x); d != 0 {
			return d
		}
	}
	return cmp.Compare(a.text, b.text)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// order sorts cells and says where each went: rank[code] is its new code.
func order(cells []cell) (sorted []cell, rank []uint16) {
	index := make([]int, len(cells))
	for i := range index {
		index[i] = i
	}
	slices.SortFunc(index, func(a, b int) int { return compareCells(cells[a], cells[b]) })
	sorted, rank = make([]cell, len(cells)), make([]uint16, len(cells))
	for at, i := range index {
		sorted[at], rank[i] = cells[i], uint16(at)
	}
	return sorted, rank
}

// recode replaces codes by rank; rows.None stays.
func recode(codes []uint16, rank []uint16) {
	for i, c := range codes {
		if c != rows.None {
			codes[i] = rank[c]
		}
	}
}

// formatNumber writes x in the shortest form that reads back as x, as slice names do.
func formatNumber(x float64) string {
	switch size := math.Abs(x); {
	case x == 0:
		return "0"
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 0):
		if x < 0 {
			return "-Infinity"
		}
		return "Infinity"
	case size >= 1e-6 && size < 1e21:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'e', -1, 64)
}
