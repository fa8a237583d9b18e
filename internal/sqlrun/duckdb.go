package sqlrun

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

type duckDatabase struct{ *duck.DB }

func openDuck(path string) (database, error) {
	db, err := duck.Open(duck.Options{File: path, Threads: 1, Memory: 1 << 30, Closed: true})
	return &duckDatabase{db}, err
}

func emptyDuck() (grammar, error) {
	db, err := duck.Open(duck.Options{Threads: 1, Memory: 256 << 20, Closed: true})
	return &duckDatabase{db}, err
}

func (d *duckDatabase) Close() error { d.DB.Close(); return nil }

func (d *duckDatabase) parse(sql string) error { return d.Parse(sql) }

// rows has DuckDB write every value as text and reads numbers back by their column's type.
func (d *duckDatabase) rows(ctx context.Context, sql string, most int) ([][]any, error) {
	types, err := d.texts(ctx, "SELECT column_type FROM (DESCRIBE "+sql+"\n)", 1, 1<<16)
	if err != nil {
		return nil, err
	}
	names := columns(len(types))
	rows, err := d.texts(ctx, fmt.Sprintf("WITH r(%s) AS (%s\n) SELECT %s::VARCHAR FROM r", names, sql, strings.ReplaceAll(names, ", ", "::VARCHAR, ")), len(types), most)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		for i, v := range row {
			if s, ok := v.(string); ok {
				row[i] = value(s, types[i][0])
			}
		}
	}
	return rows, nil
}

// texts reads columns of VARCHAR. Errors are without the line of the query, which holds
// words of ours.
func (d *duckDatabase) texts(ctx context.Context, sql string, n, most int) ([][]any, error) {
	rows, err := d.read(ctx, sql, n, most)
	var de *duck.Error
	if errors.As(err, &de) {
		text, _, _ := strings.Cut(de.Msg, "\nLINE ")
		return nil, errors.New(strings.Join(strings.Fields(text), " "))
	}
	return rows, err
}

func (d *duckDatabase) read(ctx context.Context, sql string, n, most int) ([][]any, error) {
	r, err := d.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	var out [][]any
	size := 0
	for r.Next() {
		at := len(out)
		if at+r.Len() > most {
			_ = r.Close()
			return nil, fmt.Errorf("more than %d rows", most)
		}
		for range r.Len() {
			out = append(out, make([]any, n))
		}
		for c := range n {
			valid, texts := r.Valid(c), r.Strings(c)
			for i := range r.Len() {
				if !duck.IsNull(valid, i) {
					s := string(texts.At(i))
					out[at+i][c], size = s, size+len(s)
				}
			}
		}
		if size += 16 * n * r.Len(); size > maxBytes {
			_ = r.Close()
			return nil, fmt.Errorf("more than %d MB of rows", maxBytes>>20)
		}
	}
	return out, r.Close()
}

func value(s string, typ any) any {
	t, _ := typ.(string)
	name, _, _ := strings.Cut(t, "(")
	switch name {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT":
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
	case "BOOLEAN":
		return s == "true"
	case "FLOAT", "DOUBLE", "DECIMAL":
	default:
		return s
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f
	}
	return s
}
