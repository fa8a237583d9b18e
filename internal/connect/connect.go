// Package connect brings rows from where they live to this machine: the result of a
// database's query, objects of a store, Arrow files. It pulls each once, streams it
// into Parquet files that the workspace keeps by their digest, and refuses to
// interpret them. Nothing but what a plan names is contacted.
package connect

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
)

// Keeper keeps files by their digest: the workspace.
type Keeper interface {
	// TempPath is a place for a file that PutFile will take over.
	TempPath(name string) string
	// PutFile takes a file over and returns its digest.
	PutFile(ctx context.Context, path string) (digest string, err error)
	// Path is where the file of a digest lies, or would.
	Path(digest string) (string, error)
}

// Query asks a database for rows.
type Query struct {
	Name     string // of the connection
	Kind     string // postgres …
	Address  string // with credentials; of a file database: its path
	SQL      string
	ResumeBy string
	MaxRows  int64
	MaxBytes int64
	Reuse    time.Duration
}

// A Puller pulls into one workspace.
type Puller struct {
	Keep Keeper
	Dir  string // notes of what was pulled, so that a pull can go on or be used again
	Now  func() time.Time
	// Progress, if set, hears of every part: rows so far, and in all (0: unknown).
	Progress func(source string, rows, all int64)
	// Version makes the temporary files of two processes differ.
	Version string

	page int64 // rows of a part; 0: partRows
}

// partRows are the rows of one part: what an interruption loses at most.
const partRows = 1_000_000

// database is an open connection. Errors are made readable and hold no credentials.
type database interface {
	// describe gives the columns of a query's result without reading its rows.
	describe(ctx context.Context, query string) ([]column, error)
	// count is the number of rows of a query's result.
	count(ctx context.Context, query string) (int64, error)
	// read streams a query's result into w, row by row.
	read(ctx context.Context, query string, args []any, columns []column, row func(values []any) error) error
	// server names the far end: host, database, version.
	server(ctx context.Context) string
	// literal is how a placeholder of the first argument is written.
	placeholder() string
	quote(name string) string
	close()
}

// column is one column of a result: how it is called there, and what it becomes here.
type column struct {
	name string
	typ  string // the database's word
	kind kind
}

type kind int

const (
	text kind = iota
	integer
	float
	boolean
	date
	moment
)

func (k kind) kind() cases.Kind {
	return [...]cases.Kind{cases.Text, cases.Number, cases.Number, cases.Bool, cases.Time, cases.Time}[k]
}

func columnsOf(cols []column) []cases.Column {
	var out []cases.Column
	for _, c := range cols {
		out = append(out, cases.Column{Name: c.name, Kind: c.kind.kind(), Type: c.typ})
	}
	return out
}

// open connects. A wrong address is the caller's; a server that does not answer is
// an error of another kind.
func open(ctx context.Context, q Query) (database, error) {
	switch q.Kind {
	case "postgres", "redshift":
		return openPostgres(ctx, q)
	case "sqlite":
		return openSQLite(ctx, q)
	case "trino":
		return openTrino(ctx, q)
	case "clickhouse":
		return openClickHouse(ctx, q)
	case "bigquery":
		return openBigQuery(ctx, q)
	case "snowflake":
		return openSnowflake(ctx, q)
	}
	return nil, fmt.Errorf("connection %s: kind %q is not built in", q.Name, q.Kind)
}

// Describe gives the columns and the number of rows of a query, without its rows, and
// refuses more rows than the plan allows.
func Describe(ctx context.Context, q Query) ([]cases.Column, int64, error) {
	if q.Kind == "duckdb" {
		return describeDuck(ctx, q)
	}
	db, err := open(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	defer db.close()
	cols, err := db.describe(ctx, q.SQL)
	if err != nil {
		return nil, 0, err
	}
	n, err := db.count(ctx, q.SQL)
	if err != nil {
		return nil, 0, err
	}
	return columnsOf(cols), n, q.fits(n)
}

func (q Query) fits(rows int64) error {
	if rows == 0 {
		return &engine.DataError{Where: "connection " + q.Name, Msg: "the query gives no rows", NoRows: true}
	}
	if rows <= q.MaxRows {
		return nil
	}
	return q.refuse("narrow the query, or raise max_rows", "the query gives %d rows, more than max_rows: %d; none was read", rows, q.MaxRows)
}

// refuse is an error of the query, not of the server.
func (q Query) refuse(hint, format string, args ...any) error {
	return &engine.DataError{Where: "connection " + q.Name, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// fail is an error of the server or the way to it, without credentials.
func (q Query) fail(what string, err error) error {
	return fmt.Errorf("connection %s: %s: %s", q.Name, what, hide(err.Error(), q.Address))
}

// hide takes an address and its password out of a message.
func hide(msg, address string) string {
	msg = strings.Join(strings.Fields(msg), " ")
	if address == "" {
		return msg
	}
	msg = strings.ReplaceAll(msg, address, "…")
	if p := password(address); p != "" {
		msg = strings.ReplaceAll(msg, p, "…")
	}
	return msg
}

// Address resolves a reference to an address: env:NAME, file:PATH, or the address
// itself.
func Address(reference string, lookup func(string) (string, bool)) (string, error) {
	if name, ok := strings.CutPrefix(reference, "env:"); ok {
		v, ok := lookup(name)
		if !ok {
			return "", &engine.DataError{Msg: "the environment variable " + name + " is not set", Hint: "set it to the address of the database"}
		}
		return v, nil
	}
	if path, ok := strings.CutPrefix(reference, "file:"); ok {
		b, err := os.ReadFile(path)
		if err != nil {
			return "", &engine.DataError{Where: path, Msg: "the address of the database cannot be read from this file"}
		}
		return strings.TrimSpace(string(b)), nil
	}
	return reference, nil
}
