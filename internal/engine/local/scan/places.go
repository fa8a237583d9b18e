package scan

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// place is where a row stands in its file, found by a second query: the scan itself
// only counts rows.
type place struct {
	file string
	row  int64 // data row of the file, from 1; the header does not count
	// overall is row counted over all files in their order.
	overall int64
	id      string
	known   bool   // id holds an id
	value   string // what was asked for, as it stands in the file
}

// String is how messages and examples call the row.
func (p place) String() string {
	s := "row " + strconv.FormatInt(p.row, 10)
	if p.file != "" {
		s += " of " + p.file
	}
	if p.known {
		s += " (id " + p.id + ")"
	}
	return s
}

// streamed is the rows of a stream as a second query can find them again. Where a
// filter was pushed down (where is not empty), the stream counts the rows that
// passed it.
type streamed struct {
	db    *duck.DB
	t     *table
	use   []*column
	where string
	args  []any
	id    *column // nil where none is declared
}

// places finds rows by their number in the stream, from 0 and in any order. value
// is the column to fetch beside the row, nil for none.
func (s streamed) places(ctx context.Context, value *column, at []int64) (map[int64]place, error) {
	t, id, use, where := s.t, s.id, s.use, s.where
	out := map[int64]place{}
	if len(at) == 0 {
		return out, nil
	}
	idSQL, valueSQL := "CAST(NULL AS VARCHAR)", "CAST(NULL AS VARCHAR)"
	if id != nil {
		use = append(slices.Clip(use), id)
		idSQL = id.canonical()
	}
	if value != nil {
		use = append(slices.Clip(use), value)
		valueSQL = "CAST(" + value.ident + " AS VARCHAR)"
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	many := len(t.files) > 1
	if !many && id == nil && value == nil && where == "" { // nothing to look up
		for _, n := range at {
			out[n] = place{row: n + 1, overall: n + 1}
		}
		return out, nil
	}
	fileSQL := "''"
	if many {
		fileSQL = duck.Quote(fileColumn)
	}
	numbers := make([]string, len(at))
	for i, n := range at {
		numbers[i] = strconv.FormatInt(n+1, 10)
	}
	inner := fmt.Sprintf("(SELECT row_number() OVER () AS \"fairtrial row\", * FROM %s)", t.from(use, many))
	count := `"fairtrial row"`
	filter := ""
	if where != "" {
		count, filter = "row_number() OVER ()", " WHERE "+where
	}
	sql := fmt.Sprintf(`SELECT * FROM (SELECT "fairtrial row" AS n, %s AS k, %s AS file, %s AS id, %s AS value FROM %s%s) WHERE k IN (%s) LIMIT %d`,
		count, fileSQL, idSQL, valueSQL, inner, filter, strings.Join(numbers, ", "), len(slices.Compact(slices.Sorted(slices.Values(at)))))
	r, err := s.db.Query(ctx, sql, s.args...)
	if err != nil {
		return nil, t.explain(err)
	}
	for r.Next() {
		n, k, files, ids, values := r.Ints(0), r.Ints(1), r.Strings(2), r.Strings(3), r.Strings(4)
		idValid, valueValid := r.Valid(3), r.Valid(4)
		for i := 0; i < r.Len(); i++ {
			p := place{row: n[i], overall: n[i], value: nullValue}
			if many {
				p.file = t.written(string(files.At(i)))
			}
			if !duck.IsNull(idValid, i) {
				p.id, p.known = string(ids.At(i)), true
			}
			if !duck.IsNull(valueValid, i) {
				p.value = string(values.At(i))
			}
			out[k[i]-1] = p
		}
	}
	if err := r.Close(); err != nil {
		return nil, t.explain(err)
	}
	if many {
		return out, t.renumber(ctx, s.db, use, out)
	}
	return out, nil
}

// renumber turns row numbers over all files into row numbers of each file.
func (t *table) renumber(ctx context.Context, db *duck.DB, use []*column, found map[int64]place) error {
	r, err := db.Query(ctx, fmt.Sprintf("SELECT %s, count(*) FROM %s GROUP BY 1", duck.Quote(fileColumn), t.from(use, true)))
	if err != nil {
		return t.explain(err)
	}
	rows := map[string]int64{}
	for r.Next() {
		files, counts := r.Strings(0), r.Ints(1)
		for i := 0; i < r.Len(); i++ {
			rows[t.written(string(files.At(i)))] = counts[i]
		}
	}
	if err := r.Close(); err != nil {
		return t.explain(err)
	}
	before := map[string]int64{}
	var sum int64
	for _, f := range t.files {
		before[f.path] = sum
		sum += rows[f.path]
	}
	for k, p := range found {
		p.row -= before[p.file]
		found[k] = p
	}
	return nil
}

// where names a row and a column for an error: "scores.csv, row 17 (id A-3), column score".
func (t *table) where(p place, column string) string {
	s := t.name()
	if p.file != "" {
		s = p.file
		p.file = ""
	}
	s += ", " + p.String()
	if column != "" {
		s += ", column " + column
	}
	return s
}
