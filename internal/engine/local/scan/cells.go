package scan

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/slice"
)

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
// texts of the column; two texts of one hash ask for a scan that reads the text. Where few texts all
// occur among the first rows, the others are not read again: that two of 4096 share a hash
// has a chance of 5 in 10^13.
func (k *coder) cells(ctx context.Context, db *duck.DB, t *table) ([]cell, error) {
	out := make([]cell, k.n)
	var byHash map[uint64]cell
	if k.form == hashKey {
		var err error
		if byHash = k.met; byHash == nil && k.n <= fewTexts {
			byHash, err = k.names(ctx, db, t, fmt.Sprintf("LIMIT %d", firstRows))
		}
		if err == nil && !k.named(byHash) {
			byHash, err = k.names(ctx, db, t, "")
		}
		if err != nil {
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
			if k.col.text && math.Abs(x) >= 1<<53 && !math.IsInf(x, 0) { // digits would be lost: the text has them
				return nil, &errReplan{k.col}
			}
			out[code] = cell{value: slice.NumberValue(x), number: true, x: x, text: formatNumber(x)}
		case intKey:
			n := int64(k.keys[code])
			c := cell{value: slice.NumberValue(float64(n)), number: true, x: float64(n), text: strconv.FormatInt(n, 10)}
			if n >= 1<<53 || n <= -1<<53 {
				c.value = slice.TextValue(c.text)
			}
			out[code] = c
		case boolKey:
			b := k.keys[code] != 0
			out[code] = cell{value: slice.BoolValue(b), number: true, x: float64(k.keys[code]), text: strconv.FormatBool(b)}
		case timeKey:
			at := time.UnixMicro(int64(k.keys[code])).UTC()
			out[code] = cell{value: slice.TimeValue(at), number: true, x: float64(int64(k.keys[code])), text: slice.FormatValue(slice.TimeValue(at))}
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

const (
	fewTexts  = 4096
	firstRows = 1 << 16
)

// named reports whether all hashes have a name.
func (k *coder) named(byHash map[uint64]cell) bool {
	for code, key := range k.keys {
		if _, ok := byHash[key]; !ok && code != k.null {
			return false
		}
	}
	return true
}

func (k *coder) names(ctx context.Context, db *duck.DB, t *table, limit string) (map[uint64]cell, error) {
	x := k.col.texts()
	r, err := db.Query(ctx, fmt.Sprintf("SELECT v, hash(v) FROM (SELECT %s AS v FROM %s %s) GROUP BY v", x, t.from([]*column{k.col}, false), limit))
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

// texts is the column as the texts whose hashes the stream has.
func (c *column) texts() string {
	x, _ := c.typed()
	if c.Kind != cases.Text {
		x = "CAST(" + x + " AS VARCHAR)"
	}
	return x
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
func formatNumber(x float64) string { return slice.FormatValue(slice.NumberValue(x)) }
