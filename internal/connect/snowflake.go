//go:build snowflake

package connect

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// snowflake speaks Snowflake's SQL API, version 2. A statement runs once: its rows are
// counted and read from the partitions that Snowflake keeps its result in.
// Source: https://docs.snowflake.com/en/developer-guide/sql-api/reference
type snowflake struct {
	*rest
	account string
	session map[string]string // database, schema, warehouse, role
	ran     string            // the statement whose result is first
	first   *snowResult
}

const snowPath = "/api/v2/statements"

// snowResult is a ResultSet, or the QueryStatus of a statement that still runs.
type snowResult struct {
	StatementHandle    string
	StatementStatusURL string
	ResultSetMetaData  struct {
		NumRows       int64
		Format        string
		RowType       []snowField
		PartitionInfo []struct{ RowCount, UncompressedSize int64 }
	}
	Data [][]*string
}

type snowField struct {
	Name, Type string
	Scale      int
}

// openSnowflake takes snowflake://[user:token@]account/database/schema?warehouse=W&role=R;
// without a token there, SNOWFLAKE_TOKEN of the environment holds it. auth is oauth, pat
// (a programmatic access token) or jwt; without it Snowflake looks at the token.
func openSnowflake(_ context.Context, q Query) (database, error) {
	const form = "snowflake://account/database/schema?warehouse=…&role=…"
	u, err := url.Parse(q.Address)
	if err != nil || u.Scheme != "snowflake" || u.Host == "" {
		return nil, q.refuse(form, "the address of Snowflake cannot be read")
	}
	host := u.Host
	if !strings.Contains(host, ".snowflakecomputing.") {
		host += ".snowflakecomputing.com"
	}
	r, err := newREST(q, u, host, "SNOWFLAKE_TOKEN", ".snowflakecomputing.com", ".snowflakecomputing.cn")
	if err != nil {
		return nil, err
	}
	r.explain = snowError
	types := map[string]string{"oauth": "OAUTH", "pat": "PROGRAMMATIC_ACCESS_TOKEN", "jwt": "KEYPAIR_JWT"}
	if a := u.Query().Get("auth"); types[a] != "" {
		r.header.Set("X-Snowflake-Authorization-Token-Type", types[a])
	} else if a != "" {
		return nil, q.refuse("", "auth=%s in the address of Snowflake: oauth, pat or jwt is expected", a)
	}
	d := &snowflake{rest: r, account: u.Host, session: map[string]string{}}
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(path) > 2 {
		return nil, q.refuse(form, "the address of Snowflake cannot be read")
	}
	for i, name := range []string{"database", "schema"} {
		if i < len(path) && path[i] != "" {
			d.session[name] = path[i]
		}
	}
	for _, name := range []string{"warehouse", "role"} {
		if v := u.Query().Get(name); v != "" {
			d.session[name] = v
		}
	}
	return d, nil
}

// snowError reads Snowflake's error; 422 is a statement that failed.
func snowError(status int, body []byte) (string, bool) {
	var x struct{ Code, SQLState, Message string }
	if json.Unmarshal(body, &x) != nil || x.Message == "" {
		return "", false
	}
	if x.Code != "" {
		x.Message += " (" + x.Code + ")"
	}
	return x.Message, status == http.StatusUnprocessableEntity
}

// run starts a statement, waits for its end and gives its first partition. It starts
// asynchronously: then it has a handle at once, by which it can be stopped.
func (d *snowflake) run(ctx context.Context, query string, args []any) (*snowResult, error) {
	in := map[string]any{"statement": query, "parameters": map[string]string{"timezone": "UTC", "query_tag": "fairtrial"}}
	for k, v := range d.session {
		in[k] = v
	}
	if len(args) > 0 {
		bind := map[string]any{}
		for i, a := range args {
			t := "TEXT"
			if _, ok := a.(int64); ok {
				t = "FIXED"
			}
			bind[strconv.Itoa(i+1)] = map[string]string{"type": t, "value": fmt.Sprint(a)}
		}
		in["bindings"] = bind
	}
	started := &snowResult{}
	status, err := d.call(ctx, http.MethodPost, snowPath, url.Values{"async": {"true"}}, in, started)
	if err != nil {
		return nil, err
	}
	if started.StatementHandle == "" {
		return nil, d.fail("start the query", "the answer names no statement")
	}
	if status == http.StatusOK {
		return started, d.known(started)
	}
	at := d.statement(started)
	look := cmp.Or(started.StatementStatusURL, at)
	out := &snowResult{}
	err = d.poll(ctx, at+"/cancel", nil, func() (bool, error) {
		out = &snowResult{}
		status, err := d.call(ctx, http.MethodGet, look, nil, nil, out)
		return err == nil && status == http.StatusOK, err
	})
	if err != nil {
		return nil, err
	}
	out.StatementHandle = started.StatementHandle
	return out, d.known(out)
}

func (d *snowflake) statement(x *snowResult) string {
	return snowPath + "/" + url.PathEscape(x.StatementHandle)
}

// known refuses a result whose form is not the one that is read here.
func (d *snowflake) known(x *snowResult) error {
	if f := x.ResultSetMetaData.Format; f != "jsonv2" {
		return d.fail("read the query's rows", fmt.Sprintf("the result has the format %q, not jsonv2", f))
	}
	return nil
}

// describe runs the query without rows; a statement that is no SELECT does not stand
// inside another and fails here.
func (d *snowflake) describe(ctx context.Context, query string) ([]column, error) {
	x, err := d.run(ctx, "SELECT * FROM "+sub(query)+" WHERE 1 = 0", nil)
	if err != nil {
		return nil, err
	}
	return d.columns(x)
}

func (d *snowflake) columns(x *snowResult) ([]column, error) {
	var out []column
	for _, f := range x.ResultSetMetaData.RowType {
		k, ok := snowKind(f)
		var err error
		if out, err = d.query.column(out, column{name: f.Name, typ: strings.ToUpper(f.Type), kind: k}, ok); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func snowKind(f snowField) (kind, bool) {
	switch strings.ToUpper(f.Type) {
	case "BOOLEAN":
		return boolean, true
	case "FIXED":
		if f.Scale == 0 {
			return integer, true
		}
		return float, true
	case "REAL":
		return float, true
	case "DATE":
		return date, true
	case "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ":
		return moment, true
	case "TEXT", "VARIANT":
		return text, true
	}
	return text, false
}

// count runs the query, refuses too many bytes of result, and keeps the result for
// read. In parts, each of which asks again, nothing but the number is wanted.
func (d *snowflake) count(ctx context.Context, query string) (int64, error) {
	if d.query.ResumeBy != "" {
		return countOnly(ctx, d, query, column{name: "N", typ: "FIXED", kind: integer})
	}
	x, err := d.run(ctx, query, nil)
	if err != nil {
		return 0, err
	}
	d.ran, d.first = query, x
	n := x.ResultSetMetaData.NumRows
	if n > d.query.MaxRows {
		return n, nil // this limit is told first
	}
	var size int64
	for _, p := range x.ResultSetMetaData.PartitionInfo {
		size += p.UncompressedSize
	}
	return n, d.fitsBytes("gives", size)
}

func (d *snowflake) read(ctx context.Context, query string, args []any, columns []column, row func([]any) error) error {
	x := d.first
	if x == nil || len(args) > 0 || query != d.ran {
		var err error
		if x, err = d.run(ctx, query, args); err != nil {
			return err
		}
	}
	d.first = nil
	cols, err := d.columns(x)
	if err != nil {
		return err
	}
	if len(cols) != len(columns) {
		return d.query.refuse("", "the query gave %d columns, %d were described", len(cols), len(columns))
	}
	values := make([]any, len(columns))
	parts := x.ResultSetMetaData.PartitionInfo
	n := 0
	for i := 0; i < max(len(parts), 1); i++ {
		data := x.Data
		if i > 0 {
			p := &snowResult{}
			if _, err := d.call(ctx, http.MethodGet, d.statement(x), url.Values{"partition": {strconv.Itoa(i)}}, nil, p); err != nil {
				return err
			}
			data = p.Data
		}
		if i < len(parts) && int64(len(data)) != parts[i].RowCount {
			return d.fail("read the query's rows", fmt.Sprintf("partition %d has %d rows, not %d", i, len(data), parts[i].RowCount))
		}
		for _, cells := range data {
			n++
			if len(cells) != len(columns) {
				return d.fail("read the query's rows", fmt.Sprintf("row %d has %d values, not %d", n, len(cells), len(columns)))
			}
			for i, c := range cells {
				if values[i], err = snowValue(c, cols[i]); err != nil {
					return d.query.refuse("", "row %d: column %q: %v", n, columns[i].name, err)
				}
			}
			if err := row(values); err != nil {
				return err
			}
		}
	}
	return nil
}

// snowValue reads a cell of the format jsonv2: null, or text in the form of its type.
func snowValue(cell *string, c column) (any, error) {
	if cell == nil {
		return nil, nil
	}
	s := *cell
	switch c.typ {
	case "BOOLEAN":
		if s != "true" && s != "false" {
			return nil, fmt.Errorf("%q is no truth value", s)
		}
		return s == "true", nil
	case "FIXED":
		if c.kind == integer {
			return toInt(s)
		}
		if !strings.Contains(s, ".") { // whether such a number is to be divided by its scale, the documentation leaves open
			return nil, fmt.Errorf("%q has no decimal point, though the column has decimals; cast it to double in the query", s)
		}
		return s, nil
	case "REAL":
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no number that a double can hold", s)
		}
		return f, nil
	case "DATE": // days since 1970
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%q is no number of days", s)
		}
		return time.Unix(n*86400, 0).UTC(), nil
	case "TIMESTAMP_NTZ", "TIMESTAMP_LTZ":
		return seconds(s)
	case "TIMESTAMP_TZ": // seconds in UTC, then the zone: minutes + 1440
		at, zone, ok := strings.Cut(s, " ")
		if m, err := strconv.Atoi(zone); !ok || err != nil || m < 0 || m > 2880 {
			return nil, errors.New(strconv.Quote(s) + " is no time with a zone")
		}
		return seconds(at)
	}
	return s, nil
}

func (d *snowflake) server(context.Context) string { return "Snowflake, account " + d.account }
func (d *snowflake) placeholder() string           { return "?" }
func (d *snowflake) quote(name string) string      { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
func (d *snowflake) close()                        { d.client.CloseIdleConnections() }
