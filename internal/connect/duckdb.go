package connect

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// A DuckDB file is read by DuckDB itself, which writes Parquet as it reads.

func openDuck(q Query) (*duck.DB, error) {
	if _, err := os.Stat(q.Address); err != nil {
		return nil, q.refuse("", "there is no database at %s", q.Address)
	}
	db, err := duck.Open(duck.Options{File: q.Address, Threads: 1})
	if err != nil {
		return nil, q.refuse("close it where it is open for writing, or check that DuckDB 1.5 reads it", "the database cannot be opened: %v", err)
	}
	return db, nil
}

func explainDuck(q Query, err error) error {
	var e *duck.Error
	if errors.As(err, &e) && e.Kind != "Out of Memory" && e.Kind != "IO" {
		return q.refuse("", "the query fails: %s: %s", e.Kind, e.Msg)
	}
	return q.fail("read the query's rows", err)
}

func describeDuck(ctx context.Context, q Query) ([]cases.Column, int64, error) {
	db, err := openDuck(q)
	if err != nil {
		return nil, 0, err
	}
	defer db.Close()
	cols, err := columnsDuck(ctx, db, q)
	if err != nil {
		return nil, 0, err
	}
	n, err := countDuck(ctx, db, q)
	if err != nil {
		return nil, 0, err
	}
	return cols, n, q.fits(n)
}

func countDuck(ctx context.Context, db *duck.DB, q Query) (int64, error) {
	r, err := db.Query(ctx, "SELECT count(*) FROM "+sub(q.SQL))
	if err != nil {
		return 0, explainDuck(q, err)
	}
	var n int64
	for r.Next() {
		n = r.Ints(0)[0]
	}
	if err := r.Close(); err != nil {
		return 0, explainDuck(q, err)
	}
	return n, nil
}

func columnsDuck(ctx context.Context, db *duck.DB, q Query) ([]cases.Column, error) {
	r, err := db.Query(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM "+sub(q.SQL)+")")
	if err != nil {
		return nil, explainDuck(q, err)
	}
	var cols []cases.Column
	for r.Next() {
		names, types := r.Strings(0), r.Strings(1)
		for i := range r.Len() {
			cols = append(cols, cases.Column{Name: string(names.At(i)), Type: string(types.At(i))})
		}
	}
	if err := r.Close(); err != nil {
		return nil, explainDuck(q, err)
	}
	for i := range cols {
		cols[i].Kind = duck.KindOf(cols[i].Type)
	}
	return cols, twiceDuck(ctx, db, q)
}

// twiceDuck refuses two columns of one name in the query as it is written: around a query
// in brackets DuckDB gives the second another name.
func twiceDuck(ctx context.Context, db *duck.DB, q Query) error {
	r, err := db.Query(ctx, "SELECT min(column_name) FROM (DESCRIBE "+q.SQL+"\n) GROUP BY lower(column_name) HAVING count(*) > 1 ORDER BY 1")
	if err != nil {
		return ctx.Err() // SHOW, DESCRIBE and SUMMARIZE, whose columns are DuckDB's own, may stand in brackets but not here
	}
	twice := ""
	for r.Next() {
		if names := r.Strings(0); twice == "" && r.Len() > 0 {
			twice = string(names.At(0))
		}
	}
	if err := r.Close(); err != nil {
		return explainDuck(q, err)
	}
	if twice != "" {
		return q.refuse("rename one of them with AS", "the query gives two columns called %q", twice)
	}
	return nil
}

// duckCopy writes the query's rows as one Parquet file.
func duckCopy(ctx context.Context, db *duck.DB, q Query, path string) error {
	err := db.Exec(ctx, fmt.Sprintf("COPY (SELECT * FROM %s) TO %s (FORMAT parquet, COMPRESSION snappy)", sub(q.SQL), duck.Text(path)))
	if err != nil {
		os.Remove(path)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return explainDuck(q, err)
	}
	return nil
}
