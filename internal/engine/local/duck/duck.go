// Package duck runs SQL in DuckDB and streams the result chunk by
// chunk in bounded memory. It refuses to know what the SQL means, to load
// extensions and to write anything outside the statements it is given.
package duck

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// Options of a database. Zero values leave DuckDB's own defaults.
type Options struct {
	File    string // a database file, opened for reading only; empty: in memory
	Threads int    // worker threads; rows come in the same order whatever it is
	Memory  int64  // bytes that DuckDB may hold; beyond it a statement fails
	Closed  bool   // statements reach no other file
}

// DB is one private database, in memory or a file that is only read. It may be used from several goroutines;
// each Query gets a connection of its own.
type DB struct{ db bindings.Database }

// Open makes an empty database, or opens that of a file. Nothing is spilled to disk, no extension is
// fetched or loaded, and the settings cannot be changed by later statements.
func Open(o Options) (*DB, error) {
	settings := [][2]string{
		{"autoinstall_known_extensions", "false"},
		{"autoload_known_extensions", "false"},
		{"temp_directory", ""},
		{"preserve_insertion_order", "true"},
	}
	path := ":memory:"
	if o.File != "" {
		path = o.File
		settings = append(settings, [2]string{"access_mode", "READ_ONLY"})
	}
	if o.Closed {
		settings = append(settings, [2]string{"enable_external_access", "false"})
	}
	if o.Threads > 0 {
		settings = append(settings, [2]string{"threads", strconv.Itoa(o.Threads)})
	}
	if o.Memory > 0 {
		settings = append(settings, [2]string{"memory_limit", strconv.FormatInt(o.Memory, 10) + "B"})
	}
	var config bindings.Config
	if bindings.CreateConfig(&config) != bindings.StateSuccess {
		return nil, errors.New("open duckdb: no configuration")
	}
	defer bindings.DestroyConfig(&config)
	for _, s := range settings {
		if bindings.SetConfig(config, s[0], s[1]) != bindings.StateSuccess {
			return nil, fmt.Errorf("open duckdb: setting %s is unknown", s[0])
		}
	}
	d := &DB{}
	var msg string
	if bindings.OpenExt(path, &d.db, config, &msg) != bindings.StateSuccess {
		return nil, fmt.Errorf("open duckdb: %s", msg)
	}
	for _, sql := range []string{"SET GLOBAL TimeZone = 'UTC'", "SET GLOBAL lock_configuration = true"} {
		if err := d.Exec(context.Background(), sql); err != nil {
			d.Close()
			return nil, fmt.Errorf("open duckdb: %w", err)
		}
	}
	return d, nil
}

// Close frees the database. All readers must be closed before.
func (d *DB) Close() { bindings.Close(&d.db) }

// Error is what DuckDB said about a statement, without its own "… Error: " prefix.
type Error struct {
	Kind string // e.g. "Invalid Input", "Conversion", "Out of Memory"
	Msg  string
}

func (e *Error) Error() string { return "duckdb: " + strings.ToLower(e.Kind) + ": " + e.Msg }

func newError(text string) error {
	if kind, msg, ok := strings.Cut(text, " Error: "); ok && len(kind) < 40 {
		return &Error{Kind: kind, Msg: msg}
	}
	return &Error{Kind: "Unknown", Msg: text}
}

// Exec runs statements that have no result worth reading.
func (d *DB) Exec(ctx context.Context, sql string, args ...any) error {
	r, err := d.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	for r.Next() {
	}
	return r.Close()
}

// Quote writes a name as a quoted SQL identifier.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Text writes s as an SQL text literal.
func Text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
