package scan

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// Columns are the columns of a source in the order of its header. What a CSV column
// holds is read from its first rows.
func Columns(ctx context.Context, db *duck.DB, source string) ([]cases.Column, error) {
	t, err := open(ctx, db, source)
	if err != nil {
		return nil, err
	}
	if err := t.guess(ctx, db); err != nil {
		return nil, err
	}
	return names(t.columns), nil
}

func (t *table) all() []*column {
	out := make([]*column, len(t.columns))
	for i := range t.columns {
		out[i] = &t.columns[i]
	}
	return out
}

// exactDistinct is the number of distinct values up to which a profile counts
// exactly: beyond it the count is DuckDB's approximation.
const exactDistinct = 4000

// Profile describes every column of a source, from all of its rows. A CSV or JSONL
// column that holds numbers first and text later is text.
func Profile(ctx context.Context, db *duck.DB, source string) (*engine.Profile, error) {
	t, err := open(ctx, db, source)
	if err != nil {
		return nil, err
	}
	if err := t.guess(ctx, db); err != nil {
		return nil, err
	}
	digests := digestFiles(ctx, t.files)
	if err := t.load(ctx, db); err != nil {
		return nil, err
	}
	p, err := t.profile(ctx, db)
	done := <-digests
	if err != nil {
		return nil, err
	}
	if done.err != nil {
		return nil, done.err
	}
	p.Files = done.files
	return p, nil
}

// loadBytes is the size of text files up to which a profile holds them in memory
// rather than parse them once a column.
const loadBytes = 512 << 20

func (t *table) load(ctx context.Context, db *duck.DB) error {
	var size int64
	for _, f := range t.files {
		size += f.bytes * int64(1+4*boolInt(f.gzip))
	}
	if t.format == parquetFormat || size > loadBytes {
		return nil
	}
	const name = "profiled"
	if err := db.Exec(ctx, "CREATE TABLE "+name+" AS SELECT * FROM "+t.from(t.all(), false)); err != nil {
		return t.explain(err)
	}
	t.loaded = name
	return nil
}

// perColumn is the number of aggregates that sums asks for.
const perColumn = 7

func (t *table) profile(ctx context.Context, db *duck.DB) (*engine.Profile, error) {
	use := t.all()
	sums := []string{"count(*)"}
	for _, c := range use {
		x, other := c.typed()
		if c.Kind == cases.Other {
			sums = append(sums, "count("+c.ident+")", "0::BIGINT", "NULL::VARCHAR", "NULL::VARCHAR", "false", "false", "false")
			continue
		}
		if other == "" {
			other = "false"
		}
		unit, whole := "false", "false"
		low, high := "NULL::VARCHAR", "NULL::VARCHAR"
		switch c.Kind {
		case cases.Number:
			d := "CAST(" + x + " AS DOUBLE)"
			finite := "isfinite(" + d + ")"
			unit = "coalesce(bool_and(" + d + " BETWEEN 0 AND 1), false)"
			whole = "coalesce(bool_and(" + finite + " AND " + d + " = trunc(" + d + ")), false)"
			low, high = "CAST(min("+d+") FILTER ("+finite+") AS VARCHAR)", "CAST(max("+d+") FILTER ("+finite+") AS VARCHAR)"
		case cases.Time:
			low, high = "CAST(min("+x+") AS VARCHAR)", "CAST(max("+x+") AS VARCHAR)"
		}
		sums = append(sums, "count("+c.ident+")", "approx_count_distinct("+x+")", low, high, unit, whole, "coalesce(bool_or("+other+"), false)")
	}
	r, err := db.Query(ctx, "SELECT "+strings.Join(sums, ", ")+" FROM "+t.from(use, false))
	if err != nil {
		return nil, t.explain(err)
	}
	p := &engine.Profile{}
	again := false
	for r.Next() {
		p.Rows = r.Ints(0)[0]
		text := func(at int) string {
			if duck.IsNull(r.Valid(at), 0) {
				return ""
			}
			return string(r.Strings(at).At(0))
		}
		for i, c := range use {
			at := 1 + i*perColumn
			if r.Bools(at + 6)[0] {
				c.asText()
				again = true
			}
			cp := engine.ColumnProfile{Column: c.Column, Nulls: p.Rows - r.Ints(at)[0]}
			if c.Kind != cases.Other {
				cp.Distinct = r.Ints(at + 1)[0]
			}
			cp.Min, cp.Max = text(at+2), text(at+3)
			if c.Kind == cases.Number {
				cp.Min, cp.Max = shortest(cp.Min), shortest(cp.Max)
			}
			cp.Unit, cp.Integral = r.Bools(at + 4)[0], r.Bools(at + 5)[0]
			p.Columns = append(p.Columns, cp)
		}
	}
	if err := r.Close(); err != nil {
		return nil, t.explain(err)
	}
	if p.Rows == 0 {
		return nil, &engine.DataError{Where: t.name(), Msg: "has no rows", NoRows: true}
	}
	if again { // at most as often as there are columns
		return t.profile(ctx, db)
	}
	for i := range p.Columns {
		if err := t.values(ctx, db, use[i], &p.Columns[i]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// shortest writes a number as slices do.
func shortest(text string) string {
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		return formatNumber(x)
	}
	return text
}

// values counts the values of a column that does not have very many: exactly, and
// the 50 most frequent (null left out).
func (t *table) values(ctx context.Context, db *duck.DB, c *column, p *engine.ColumnProfile) error {
	if c.Kind == cases.Other || p.Distinct > exactDistinct {
		return nil
	}
	x, _ := c.typed()
	r, err := db.Query(ctx, fmt.Sprintf(`SELECT CAST(v AS VARCHAR), n, count(*) OVER () FROM (SELECT %s AS v, count(*) AS n FROM %s GROUP BY 1)
		WHERE v IS NOT NULL ORDER BY n DESC, v LIMIT 50`, x, t.from([]*column{c}, false)))
	if err != nil {
		return t.explain(err)
	}
	p.Distinct = 0
	for r.Next() {
		texts, counts, all := r.Strings(0), r.Ints(1), r.Ints(2)
		for i := 0; i < r.Len(); i++ {
			p.Distinct = all[i]
			name := string(texts.At(i))
			if c.Kind == cases.Number {
				if f, err := strconv.ParseFloat(name, 64); err == nil && (f < 1<<53 && f > -1<<53) {
					name = formatNumber(f)
				}
			}
			p.Values = append(p.Values, name)
			p.Counts = append(p.Counts, counts[i])
		}
	}
	return t.explain(r.Close())
}
