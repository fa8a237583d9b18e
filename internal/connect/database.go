package connect

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// sqlDatabase speaks through database/sql; what differs between databases are its
// fields.
type sqlDatabase struct {
	query Query
	db    *sql.DB
	conn  querier // a read-only transaction where the database has them: one state of the data

	kinds   func(databaseType string) (k kind, ok bool)
	version string               // SQL that names the server
	wrong   func(err error) bool // the query is wrong, not the server
	mark    string               // placeholder
	end     func()
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// sub wraps a query, which may end in a comment.
func sub(query string) string { return "(" + query + "\n) AS fairtrial_query" }

func (d *sqlDatabase) explain(what string, err error) error {
	if d.wrong != nil && d.wrong(err) {
		return d.query.refuse("", "the query fails: %s", hide(err.Error(), d.query.Address))
	}
	return d.query.fail(what, err)
}

func (d *sqlDatabase) describe(ctx context.Context, query string) ([]column, error) {
	rows, err := d.conn.QueryContext(ctx, "SELECT * FROM "+sub(query)+" WHERE 1 = 0")
	if err != nil {
		return nil, d.explain("describe the query", err)
	}
	defer func() { _ = rows.Close() }()
	cols, err := d.columns(rows)
	if err != nil {
		return nil, err
	}
	if err := rows.Err(); err != nil {
		return nil, d.explain("describe the query", err)
	}
	return cols, nil
}

func (d *sqlDatabase) columns(rows *sql.Rows) ([]column, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, d.explain("describe the query", err)
	}
	var out []column
	for _, t := range types {
		k, ok := d.kinds(t.DatabaseTypeName())
		if out, err = d.query.column(out, column{name: t.Name(), typ: t.DatabaseTypeName(), kind: k}, ok); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// column appends a column of a result, if it has a name of its own and a type that is
// known.
func (q Query) column(to []column, c column, known bool) ([]column, error) {
	same := func(x column) bool { return strings.EqualFold(x.name, c.name) }
	switch {
	case c.name == "":
		return nil, q.refuse("name it: … AS name", "column %d of the query has no name", len(to)+1)
	case slices.ContainsFunc(to, same):
		return nil, q.refuse("rename one of them with AS", "the query gives two columns called %q", c.name)
	case !known:
		return nil, q.refuse(fmt.Sprintf("cast it in the query, or leave it out: CAST(%s AS …)", c.name), "column %q has the type %s, which cannot be pulled", c.name, c.typ)
	}
	return append(to, c), nil
}

func (d *sqlDatabase) count(ctx context.Context, query string) (int64, error) {
	var n int64
	rows, err := d.conn.QueryContext(ctx, "SELECT count(*) FROM "+sub(query))
	if err != nil {
		return 0, d.explain("count the query's rows", err)
	}
	defer func() { _ = rows.Close() }()
	if rows.Next() {
		err = rows.Scan(&n)
	}
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		return 0, d.explain("count the query's rows", err)
	}
	return n, nil
}

func (d *sqlDatabase) read(ctx context.Context, query string, args []any, columns []column, row func([]any) error) error {
	rows, err := d.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return d.explain("read the query's rows", err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil || len(names) != len(columns) {
		return d.query.refuse("", "the query gave %d columns, %d were described", len(names), len(columns))
	}
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return d.explain("read the query's rows", err)
		}
		if err := row(values); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return d.explain("read the query's rows", err)
	}
	return nil
}

func (d *sqlDatabase) server(ctx context.Context) string {
	rows, err := d.conn.QueryContext(ctx, d.version)
	if err != nil {
		return ""
	}
	defer func() { _ = rows.Close() }()
	var s string
	if rows.Next() {
		if err := rows.Scan(&s); err != nil {
			return ""
		}
	}
	if rows.Err() != nil {
		return ""
	}
	return s
}

func (d *sqlDatabase) placeholder() string { return d.mark }

func (d *sqlDatabase) quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func (d *sqlDatabase) close() {
	if d.end != nil {
		d.end()
	}
	_ = d.db.Close() // nothing was written
}

// password is the secret part of an address, in either of PostgreSQL's forms.
func password(address string) string {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		p, _ := u.User.Password()
		return p
	}
	if _, rest, ok := strings.Cut(address, "password="); ok {
		p, _, _ := strings.Cut(strings.TrimLeft(rest, "'"), " ")
		return strings.TrimRight(p, "'")
	}
	return ""
}
