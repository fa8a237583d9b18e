// Package sqlrun runs one query that a model wrote in a file of SQLite or DuckDB, for
// reading alone, within bounds of time and rows, and says whether a text is SQL at all. It
// refuses other files than the one that is named, extensions, and what changes anything.
package sqlrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// maxBytes bounds the texts of one result.
const maxBytes = 64 << 20

// Databases keeps open what was asked. One goroutine at a time; Close it.
type Databases struct {
	open  map[string]database
	empty map[string]grammar
}

type database interface {
	// rows gives nil, bool, int64, float64 and string.
	rows(ctx context.Context, sql string, most int) ([][]any, error)
	Close() error
}

type grammar interface {
	parse(sql string) error
	Close() error
}

// FileError is an error of the file, not of the query.
type FileError struct{ Why string }

func (e *FileError) Error() string { return e.Why }

// Close lets go of the files.
func (d *Databases) Close() {
	for _, x := range d.open {
		_ = x.Close()
	}
	for _, x := range d.empty {
		_ = x.Close()
	}
	d.open, d.empty = nil, nil
}

// Rows runs a query: the caller has seen to it that it is one. Errors are the query's own,
// *FileError, or ctx's.
func (d *Databases) Rows(ctx context.Context, path, sql string, timeout time.Duration, most int) ([][]any, error) {
	db, err := d.database(path)
	if err != nil {
		return nil, err
	}
	timed, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := db.rows(timed, sql, most)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case timed.Err() != nil && err != nil:
		return nil, fmt.Errorf("the query ran longer than %s", timeout)
	}
	return rows, err
}

// most databases are kept open: Spider has some two hundred.
const mostOpen = 32

func (d *Databases) database(path string) (database, error) {
	if db, ok := d.open[path]; ok {
		return db, nil
	}
	kind, err := kindOf(path)
	if err != nil {
		return nil, &FileError{err.Error()}
	}
	if len(d.open) >= mostOpen {
		for _, x := range d.open {
			_ = x.Close()
		}
		d.open = nil
	}
	var db database
	if kind == "duckdb" {
		db, err = openDuck(path)
	} else {
		db, err = openSQLite(path)
	}
	if err != nil {
		return nil, &FileError{fmt.Sprintf("open %s: %v", path, err)}
	}
	if d.open == nil {
		d.open = map[string]database{}
	}
	d.open[path] = db
	return db, nil
}

// kindOf tells databases by their first bytes.
func kindOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("there is no database at %s", path)
		}
		return "", fmt.Errorf("open a database: %w", err)
	}
	defer f.Close()
	b := make([]byte, 16)
	if _, err := io.ReadFull(f, b); err == nil {
		switch {
		case string(b) == "SQLite format 3\x00":
			return "sqlite", nil
		case string(b[8:12]) == "DUCK":
			return "duckdb", nil
		}
	}
	return "", fmt.Errorf("%s is no database of SQLite or DuckDB", path)
}

// Parses is what is wrong with the grammar of a text, "" for nothing.
func (d *Databases) Parses(dialect, sql string) string {
	g, ok := d.empty[dialect]
	if !ok {
		var err error
		if dialect == "sqlite" {
			g, err = emptySQLite()
		} else {
			g, err = emptyDuck()
		}
		if err != nil {
			return err.Error()
		}
		if d.empty == nil {
			d.empty = map[string]grammar{}
		}
		d.empty[dialect] = g
	}
	if strings.ContainsRune(sql, 0) {
		return "a null byte"
	}
	if err := g.parse(sql); err != nil {
		return err.Error()
	}
	return ""
}

// columns are names of our own for a query's columns, which may have the same name twice.
func columns(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "c%d", i)
	}
	return b.String()
}
