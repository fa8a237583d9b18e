package connect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"modernc.org/sqlite"
)

// sqliteDatabase finds a column's type by its values: SQLite gives every value its
// own, whatever the column was declared as.
type sqliteDatabase struct{ *sqlDatabase }

func openSQLite(ctx context.Context, q Query) (database, error) {
	if _, err := os.Stat(q.Address); err != nil {
		return nil, q.refuse("", "there is no database at %s", q.Address)
	}
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: q.Address}).EscapedPath(), RawQuery: "mode=ro&_pragma=busy_timeout(5000)&_pragma=query_only(1)"}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, q.fail("cannot open", err)
	}
	db.SetMaxOpenConns(1)
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		_ = db.Close()
		return nil, q.fail("cannot open", err)
	}
	return &sqliteDatabase{&sqlDatabase{query: q, db: db, conn: tx, mark: "?",
		kinds:   func(string) (kind, bool) { return text, true },
		version: "SELECT 'SQLite ' || sqlite_version()",
		wrong: func(err error) bool {
			var e *sqlite.Error
			return errors.As(err, &e)
		},
		end: func() { _ = tx.Rollback() }, // nothing was written
	}}, nil
}

func (d *sqliteDatabase) describe(ctx context.Context, query string) ([]column, error) {
	cols, err := d.sqlDatabase.describe(ctx, query)
	if err != nil || len(cols) == 0 {
		return cols, err
	}
	if err := d.twice(ctx, query, cols); err != nil {
		return nil, err
	}
	// One more pass over the query: the types of all values of every column.
	var parts []string
	for _, c := range cols {
		for _, t := range []string{"text", "real", "integer", "blob"} {
			parts = append(parts, "coalesce(sum(typeof("+d.quote(c.name)+") = '"+t+"'), 0)")
		}
	}
	counts := make([]int64, len(parts))
	targets := make([]any, len(parts))
	for i := range counts {
		targets[i] = &counts[i]
	}
	rows, err := d.conn.QueryContext(ctx, "SELECT "+strings.Join(parts, ", ")+" FROM "+sub(query))
	if err != nil {
		return nil, d.explain("look at the query's types", err)
	}
	defer func() { _ = rows.Close() }()
	if rows.Next() {
		err = rows.Scan(targets...)
	}
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		return nil, d.explain("look at the query's types", err)
	}
	for i := range cols {
		texts, reals, ints, blobs := counts[4*i], counts[4*i+1], counts[4*i+2], counts[4*i+3]
		switch {
		case blobs > 0:
			return nil, d.query.refuse("cast it in the query, or leave it out", "column %q holds %d blobs, which cannot be pulled", cols[i].name, blobs)
		case texts > 0:
			cols[i].kind, cols[i].typ = text, "TEXT"
		case reals > 0:
			cols[i].kind, cols[i].typ = float, "REAL"
		case ints > 0:
			cols[i].kind, cols[i].typ = integer, "INTEGER"
		default:
			cols[i].kind, cols[i].typ = text, "NULL"
		}
	}
	return cols, nil
}

// twice refuses two columns of one name: around a query in brackets SQLite calls a second
// column x "x:1". Where a column has such a name the query as it is written says whether
// that is its own.
func (d *sqliteDatabase) twice(ctx context.Context, query string, cols []column) error {
	suspect := slices.ContainsFunc(cols, func(c column) bool {
		_, number, found := strings.Cut(c.name, ":")
		_, err := strconv.Atoi(number)
		return found && err == nil
	})
	if !suspect {
		return nil
	}
	rows, err := d.conn.QueryContext(ctx, query)
	if err != nil {
		return d.explain("describe the query", err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return d.explain("describe the query", err)
	}
	for i, name := range names {
		if slices.ContainsFunc(names[:i], func(x string) bool { return strings.EqualFold(x, name) }) {
			return d.query.refuse("rename one of them with AS", "the query gives two columns called %q", name)
		}
	}
	return nil
}

// read casts every value to its column's type: the driver would make times and truth
// values of columns that were declared so.
func (d *sqliteDatabase) read(ctx context.Context, query string, args []any, columns []column, row func([]any) error) error {
	var list []string
	for _, c := range columns {
		name := d.quote(c.name)
		form := map[kind]string{integer: "CAST(%s AS INTEGER)", float: "CAST(%s AS REAL)",
			text: "CASE typeof(%[1]s) WHEN 'real' THEN printf('%%!.17g', %[1]s) ELSE CAST(%[1]s AS TEXT) END"}[c.kind]
		list = append(list, fmt.Sprintf(form, name)+" AS "+name)
	}
	return d.sqlDatabase.read(ctx, "SELECT "+strings.Join(list, ", ")+" FROM "+sub(query), args, columns, row)
}
