package scan

import (
	"context"
	"fmt"
	"slices"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/slice"
)

// partitionColumns names the columns that a slice entry reads.
func partitionColumns(p slice.Partition) []string {
	if p.Kind == slice.ByWhere {
		return p.Where.Columns()
	}
	return p.Columns
}

// partitionLayout adds what one slice entry needs to the stream.
func (p *Plan) partitionLayout(b *builder, part slice.Partition, key func(*column, string) *coder) error {
	s := p.stream
	pc := partColumns{code: -1}
	switch part.Kind {
	case slice.ByWhere:
		rule, err := part.Where.Check(p.t.kindOf)
		if err != nil {
			return fmt.Errorf("check slice %s: %w", part.Name, err)
		}
		sql, args := rule.SQL(p.t.typedName)
		pc.code = b.add("CASE WHEN "+sql+" THEN 0::USMALLINT ELSE 65535::USMALLINT END", args...)
		for _, name := range rule.Columns() {
			p.guessedToo(name)
		}
	case slice.ByBins:
		c, err := p.t.column(part.Columns[0], "slice")
		if err != nil {
			return err
		}
		if c.Kind != cases.Number {
			return &engine.DataError{Where: p.t.name() + ", column " + c.Name, Msg: fmt.Sprintf("holds %s: bins need numbers", sliceKind(c.Kind))}
		}
		p.guessedToo(c.Name)
		x, _ := c.typed()
		x = "CAST(" + x + " AS DOUBLE)"
		sql, args := fmt.Sprintf("CASE WHEN %[1]s IS NULL OR isnan(%[1]s) THEN %[2]d", x, len(part.Bins)+1), []any(nil)
		for i, edge := range part.Bins {
			sql += fmt.Sprintf(" WHEN %s < CAST(? AS DOUBLE) THEN %d", x, i)
			args = append(args, edge)
		}
		pc.code = b.add(fmt.Sprintf("CAST(%s ELSE %d END AS USMALLINT)", sql, len(part.Bins)), args...)
	default:
		for _, name := range part.Columns {
			c, err := p.t.column(name, "slice")
			if err != nil {
				return err
			}
			at := slices.IndexFunc(s.coders, func(k *coder) bool { return k.col == c })
			if at < 0 {
				at = len(s.coders)
				s.coders = append(s.coders, key(c, "slice"))
			}
			pc.coders = append(pc.coders, at)
		}
	}
	s.parts = append(s.parts, pc)
	return nil
}

// guessedToo notes that a computed code reads a column whose kind is a guess.
func (p *Plan) guessedToo(name string) {
	if c, err := p.t.column(name, ""); err == nil && c.text && c.Kind != cases.Text {
		p.stream.guessed = append(p.stream.guessed, c)
	}
}

// partitions names the slices of each declared entry and gives each row its code.
func (w *pass) partitions(ctx context.Context, r *rows.Rows) error {
	s := w.stream
	sorted, rank := make([][]cell, len(s.coders)), make([][]uint16, len(s.coders))
	for i, k := range s.coders {
		cells, err := k.cells(ctx, w.db, w.t)
		if err != nil {
			return err
		}
		seen := make([]bool, len(cells)) // only values that some row has left count
		if w.usedN == w.read && (k.met == nil || s.where == "") {
			for c := range seen {
				seen[c] = true
			}
		} else {
			w.codes.seen(i, seen)
		}
		for _, a := range w.aside {
			seen[a.codes[i]] = true
		}
		sorted[i], rank[i] = orderSeen(cells, seen)
		for _, a := range w.aside {
			a.codes[i] = rank[i][a.codes[i]]
		}
	}
	w.codes.recode(rank)
	total := 0
	for e, def := range w.req.Slices {
		part := rows.Partition{Entry: e, Def: def}
		pc := s.parts[e]
		switch {
		case pc.code >= 0:
			w.computed(&part, e, def)
		case len(pc.coders) == 1:
			k := pc.coders[0]
			part.Code, part.Words, part.Column = w.codes.column[k], w.codes.words, k
			for _, c := range sorted[k] {
				part.Names = append(part.Names, def.Label(c.value))
			}
			for i := range w.aside {
				w.aside[i].parts[e] = w.aside[i].codes[k]
			}
		default:
			if err := w.cross(&part, e, def, pc.coders, sorted); err != nil {
				return err
			}
		}
		part.Aside = make([]int64, len(part.Names))
		for _, a := range w.aside {
			if c := a.parts[e]; c != rows.None {
				part.Aside[c]++
			}
		}
		total += len(part.Names)
		r.Parts = append(r.Parts, part)
	}
	if limit := w.req.MaxSlices; limit > 0 && total > limit {
		big := 0
		for i := range r.Parts {
			if len(r.Parts[i].Names) > len(r.Parts[big].Names) {
				big = i
			}
		}
		return &engine.DataError{Where: w.t.name(), Msg: fmt.Sprintf("the slices are %d, more than max_slices: %d; %s alone gives %d", total, limit, w.req.Slices[big].Name, len(r.Parts[big].Names)),
			Hint: "leave out columns of many values, use bins, or raise max_slices"}
	}
	return nil
}

// orderSeen is order over the cells that some row has.
func orderSeen(cells []cell, seen []bool) (sorted []cell, rank []uint16) {
	var kept []cell
	var codes []int
	for code, c := range cells {
		if seen[code] {
			kept = append(kept, c)
			codes = append(codes, code)
		}
	}
	sorted, some := order(kept)
	rank = make([]uint16, len(cells))
	for i, code := range codes {
		rank[code] = some[i]
	}
	return sorted, rank
}

// computed names the slices whose codes SQL has computed. A predicate has one;
// bins have all that were declared, and null where a row has none.
func (w *pass) computed(part *rows.Partition, e int, def slice.Partition) {
	part.Code = w.parts[e]
	if def.Kind == slice.ByWhere {
		part.Names = []string{def.Label()}
		return
	}
	null := uint16(len(def.Bins) + 1)
	for i := 0; i <= len(def.Bins); i++ {
		part.Names = append(part.Names, def.BinLabel(i))
	}
	seen := slices.Contains(part.Code, null)
	for _, a := range w.aside {
		seen = seen || a.parts[e] == null
	}
	if seen {
		part.Names = append(part.Names, def.BinLabel(-1))
	}
}

// cross combines the codes of several columns into the combinations that occur, in
// the order of the first column, then the second, and so on.
func (w *pass) cross(part *rows.Partition, e int, def slice.Partition, coders []int, sorted [][]cell) error {
	n := w.usedN
	keys := make([]uint32, n)
	aside := make([]uint32, len(w.aside))
	combos := [][]uint16{nil} // codes by combination
	for _, k := range coders {
		width := len(sorted[k])
		if width == 0 {
			width = 1
		}
		// A dense table of (combination so far, code) numbers the pairs that occur.
		table := make([]uint32, len(combos)*width)
		mark := func(key uint32, c uint16) uint32 { return key*uint32(width) + uint32(c) }
		if uint64(len(combos))*uint64(width) > 1<<28 {
			return w.tooManyCombinations(def, len(combos)*width)
		}
		for i, c := range w.codes.column[k] {
			table[mark(keys[i], c)] = 1
		}
		for i := range w.aside {
			table[mark(aside[i], w.aside[i].codes[k])] = 1
		}
		var next [][]uint16
		for at, seen := range table {
			if seen == 0 {
				continue
			}
			table[at] = uint32(len(next))
			next = append(next, append(slices.Clone(combos[at/width]), uint16(at%width)))
		}
		if len(next) >= maxValues {
			return w.tooManyCombinations(def, len(next))
		}
		for i, c := range w.codes.column[k] {
			keys[i] = table[mark(keys[i], c)]
		}
		for i := range w.aside {
			aside[i] = table[mark(aside[i], w.aside[i].codes[k])]
		}
		combos = next
	}
	part.Code = make([]uint16, n)
	for i, k := range keys {
		part.Code[i] = uint16(k)
	}
	for i := range w.aside {
		w.aside[i].parts[e] = uint16(aside[i])
	}
	for _, codes := range combos {
		values := make([]slice.Value, len(codes))
		for i, c := range codes {
			values[i] = sorted[coders[i]][c].value
		}
		part.Names = append(part.Names, def.Label(values...))
	}
	return nil
}

func (w *pass) tooManyCombinations(def slice.Partition, n int) error {
	return &engine.DataError{Where: w.t.name(), Msg: fmt.Sprintf("%s has %d combinations of values; at most %d can be told apart", def.Name, n, maxValues),
		Hint: "cross columns of fewer values"}
}
