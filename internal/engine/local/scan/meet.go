package scan

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/slice"
)

// met are the texts of a column that the first rows hold.
type met struct {
	byHash map[uint64]cell
	recent [1 << recentBits]struct {
		hash uint64
		text string
	}
}

// meet numbers the texts of the first rows of a Parquet file, where they are few, in the order of a
// report: mostly these are all there are, so that they need not be looked up nor their codes changed
// afterwards. A condition on the number of the row costs a tenth of what a LIMIT does, which
// reads ahead. Of several files it would read as many rows each, and one of them alone can have other
// columns than all (partitions named by folders).
func (p *Plan) meet(ctx context.Context) error {
	const rowNumber = "file_row_number"
	var coders []*coder
	var selects []string
	for _, k := range p.stream.coders {
		if k.form == hashKey {
			coders = append(coders, k)
			x := k.col.texts()
			selects = append(selects, x, "hash("+x+")")
		}
	}
	taken := slices.ContainsFunc(p.t.columns, func(c column) bool { return strings.EqualFold(c.Name, rowNumber) })
	if len(coders) == 0 || p.t.format != parquetFormat || len(p.t.files) > 1 || taken {
		return nil
	}
	r, err := p.db.Query(ctx, fmt.Sprintf("SELECT %s FROM read_parquet(%s) WHERE %s < %d",
		strings.Join(selects, ", "), p.t.list(), rowNumber, firstRows))
	if err != nil {
		return p.t.explain(err)
	}
	found := make([]met, len(coders))
	for r.Next() && err == nil {
		for c, k := range coders {
			if !found[c].take(r, 2*c) {
				err = &errReplan{k.col}
			}
		}
	}
	if closeErr := r.Close(); closeErr != nil {
		return p.t.explain(closeErr)
	}
	for c, k := range coders {
		texts := found[c].byHash
		if err != nil || len(texts) > fewTexts {
			continue
		}
		k.met = texts
		for _, h := range slices.SortedFunc(maps.Keys(texts), func(a, b uint64) int { return compareCells(texts[a], texts[b]) }) {
			if _, err := k.lookup(h); err != nil { // null has a hash too
				return err
			}
		}
	}
	return err
}

// take notes the texts of a chunk; false where two share a hash.
func (m *met) take(r *duck.Reader, at int) bool {
	if m.byHash == nil {
		m.byHash = map[uint64]cell{}
	}
	texts, hashes, valid := r.Strings(at), r.Words(at+1), r.Valid(at)
	for i, h := range hashes[:r.Len()] {
		if len(m.byHash) > fewTexts {
			break
		}
		c := cell{null: true, text: "∅"}
		if !duck.IsNull(valid, i) {
			text := texts.At(i)
			if last := &m.recent[spot(h)]; last.hash == h && last.text == string(text) {
				continue
			}
			c = cell{text: string(text)}
			c.value = slice.TextValue(c.text)
			m.recent[spot(h)].hash, m.recent[spot(h)].text = h, c.text
		}
		if old, ok := m.byHash[h]; ok && (old.null != c.null || old.text != c.text) {
			return false
		}
		m.byHash[h] = c
	}
	return true
}
