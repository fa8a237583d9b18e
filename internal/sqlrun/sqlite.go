package sqlrun

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"

	"github.com/fairtrial/fairtrial/internal/score"
)

type sqliteDatabase struct {
	db   *sql.DB
	conn *sql.Conn
}

// Limits of a connection: https://www.sqlite.org/c3ref/c_limit_attached.html
const (
	limitLength   = 0
	limitAttached = 7
)

func openSQLite(path string) (database, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(abs)}).EscapedPath(), RawQuery: "mode=ro&_pragma=busy_timeout(5000)&_pragma=query_only(1)"}
	return connectSQLite(dsn.String())
}

func connectSQLite(dsn string) (*sqliteDatabase, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(context.Background())
	if err == nil {
		_, err = sqlite.Limit(conn, limitAttached, 0) // no other file: ATTACH and VACUUM INTO
	}
	if err == nil {
		_, err = sqlite.Limit(conn, limitLength, maxBytes)
	}
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return &sqliteDatabase{db, conn}, nil
}

func (d *sqliteDatabase) Close() error {
	_ = d.conn.Close()
	return d.db.Close()
}

// rows hides the declared types of columns, which would turn texts of a DATE column into
// times and leave texts of an expression as they are.
func (d *sqliteDatabase) rows(ctx context.Context, query string, most int) ([][]any, error) {
	rows, err := d.conn.QueryContext(ctx, query)
	if err != nil {
		return nil, plainError(err)
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		_ = rows.Close()
		return nil, plainError(err)
	}
	declared := false
	for _, t := range types {
		declared = declared || t.DatabaseTypeName() != ""
	}
	if declared && len(types) > 0 {
		if err := rows.Close(); err != nil {
			return nil, plainError(err)
		}
		names := columns(len(types))
		query = fmt.Sprintf("WITH r(%s) AS (%s\n) SELECT +%s FROM r", names, query, strings.ReplaceAll(names, ", ", ", +"))
		if rows, err = d.conn.QueryContext(ctx, query); err != nil {
			return nil, plainError(err)
		}
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err's
	var out [][]any
	size := 0
	for rows.Next() {
		if len(out) == most {
			return nil, fmt.Errorf("more than %d rows", most)
		}
		row := make([]any, len(types))
		to := make([]any, len(types))
		for i := range row {
			to[i] = &row[i]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, plainError(err)
		}
		for i, v := range row {
			switch x := v.(type) {
			case []byte:
				row[i], size = "x'"+fmt.Sprintf("%X", x)+"'", size+2*len(x)
			case string:
				size += len(x)
			case nil, int64, float64, bool:
			default:
				row[i] = fmt.Sprint(x)
			}
		}
		if size += 16 * len(row); size > maxBytes {
			return nil, fmt.Errorf("more than %d MB of rows", maxBytes>>20)
		}
		out = append(out, row)
	}
	return out, plainError(rows.Err())
}

// plainError is SQLite's own words.
func plainError(err error) error {
	if err == nil {
		return nil
	}
	text := strings.TrimPrefix(err.Error(), "SQL logic error: ")
	if i := strings.LastIndex(text, " ("); i > 0 && strings.HasSuffix(text, ")") {
		text = text[:i]
	}
	return errors.New(text)
}

func emptySQLite() (grammar, error) { return connectSQLite(":memory:") }

// parse prepares every statement in an empty database, where a table that is not there is
// no fault of the grammar. A trigger has semicolons of its own: what is incomplete goes on
// with the next piece.
func (d *sqliteDatabase) parse(query string) error {
	list, err := score.Statements(query)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errors.New("no statement")
	}
	for i := 0; i < len(list); i++ {
		one := list[i]
		for {
			err := d.prepare(one)
			if err == nil {
				break
			}
			if i++; !strings.Contains(err.Error(), "incomplete input") || i == len(list) {
				return err
			}
			one += ";" + list[i] + ";"
		}
	}
	return nil
}

// prepare compiles one statement. The words are those of SQLite's parser and tokenizer;
// every other error comes after them.
func (d *sqliteDatabase) prepare(one string) error {
	s, err := d.conn.PrepareContext(context.Background(), one)
	if err == nil {
		return s.Close()
	}
	err = plainError(err)
	for _, words := range []string{"syntax error", "incomplete input", "unrecognized token", "parser stack overflow"} {
		if strings.Contains(err.Error(), words) {
			return err
		}
	}
	return nil
}
