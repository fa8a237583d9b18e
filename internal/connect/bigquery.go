//go:build bigquery

package connect

import (
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

// bigQuery speaks BigQuery's REST API, version 2. A query runs once: its rows are
// counted and read from the table that BigQuery keeps its result in.
// Source: https://cloud.google.com/bigquery/docs/reference/rest/v2
type bigQuery struct {
	*rest
	project, location, dataset string
	ran                        string // the query whose result is first
	first                      *bigPage
}

// bigPage is an answer of jobs.query and jobs.getQueryResults.
type bigPage struct {
	Schema       bigSchema
	JobReference struct{ ProjectID, JobID, Location string }
	JobComplete  bool
	TotalRows    string
	PageToken    string
	Rows         []struct {
		F []struct{ V json.RawMessage }
	}
}

type bigSchema struct {
	Fields []struct{ Name, Type, Mode string }
}

// openBigQuery takes bigquery://[:token@]project[/dataset]?location=EU; without a token
// there, BIGQUERY_ACCESS_TOKEN of the environment holds it.
func openBigQuery(_ context.Context, q Query) (database, error) {
	u, err := url.Parse(q.Address)
	if err != nil || u.Scheme != "bigquery" || u.Host == "" {
		return nil, q.refuse("bigquery://project/dataset?location=EU", "the address of BigQuery cannot be read")
	}
	r, err := newREST(q, u, "bigquery.googleapis.com", "BIGQUERY_ACCESS_TOKEN", ".googleapis.com")
	if err != nil {
		return nil, err
	}
	r.explain = bigError
	return &bigQuery{rest: r, project: u.Host, location: u.Query().Get("location"), dataset: strings.Trim(u.Path, "/")}, nil
}

// bigError reads BigQuery's error; its reasons are listed in its documentation.
func bigError(_ int, body []byte) (string, bool) {
	var x struct {
		Error struct {
			Message string
			Errors  []struct{ Reason string }
		}
	}
	if json.Unmarshal(body, &x) != nil || len(x.Error.Errors) == 0 {
		return x.Error.Message, false
	}
	switch x.Error.Errors[0].Reason {
	case "invalidQuery", "invalid", "notFound", "accessDenied", "responseTooLarge", "resourcesExceeded", "bytesBilledLimitExceeded", "billingTierLimitExceeded":
		return x.Error.Message, true
	}
	return x.Error.Message, false
}

func (d *bigQuery) path(tail string) string {
	return "/bigquery/v2/projects/" + url.PathEscape(d.project) + tail
}

// ask is the part of a request that names the query.
func (d *bigQuery) ask(query string, args []any) map[string]any {
	m := map[string]any{"query": query, "useLegacySql": false}
	if d.dataset != "" {
		m["defaultDataset"] = map[string]string{"projectId": d.project, "datasetId": d.dataset}
	}
	if len(args) > 0 {
		var list []any
		for _, a := range args {
			t := "STRING"
			if _, ok := a.(int64); ok {
				t = "INT64"
			}
			list = append(list, map[string]any{"parameterType": map[string]string{"type": t}, "parameterValue": map[string]string{"value": fmt.Sprint(a)}})
		}
		m["parameterMode"], m["queryParameters"] = "POSITIONAL", list
	}
	return m
}

// describe is a dry run, which costs nothing: it knows the columns, what kind of
// statement this is, and how many bytes it would read.
func (d *bigQuery) describe(ctx context.Context, query string) ([]column, error) {
	in := map[string]any{"configuration": map[string]any{"dryRun": true, "query": d.ask(query, nil)}}
	if d.location != "" {
		in["jobReference"] = map[string]string{"projectId": d.project, "location": d.location}
	}
	var x struct {
		Statistics struct {
			TotalBytesProcessed string
			Query               struct {
				StatementType string
				Schema        bigSchema
			}
		}
	}
	if _, err := d.call(ctx, http.MethodPost, d.path("/jobs"), nil, in, &x); err != nil {
		return nil, err
	}
	if t := x.Statistics.Query.StatementType; t != "SELECT" {
		return nil, d.query.refuse("write a SELECT", "the query is a statement of the type %q; only SELECT is run", t)
	}
	n, err := strconv.ParseInt(x.Statistics.TotalBytesProcessed, 10, 64)
	if err != nil {
		return nil, d.fail("describe the query", "totalBytesProcessed is no number")
	}
	if err := d.fitsBytes("would read", n); err != nil {
		return nil, err
	}
	return d.columns(x.Statistics.Query.Schema)
}

func (d *bigQuery) columns(s bigSchema) ([]column, error) {
	var out []column
	for _, f := range s.Fields {
		k, ok := bigKind(f.Type)
		typ := f.Type
		if f.Mode == "REPEATED" {
			ok, typ = false, "ARRAY of "+typ
		}
		var err error
		if out, err = d.query.column(out, column{name: f.Name, typ: typ, kind: k}, ok); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func bigKind(t string) (kind, bool) {
	switch t {
	case "BOOLEAN", "BOOL":
		return boolean, true
	case "INTEGER", "INT64":
		return integer, true
	case "FLOAT", "FLOAT64", "NUMERIC", "BIGNUMERIC":
		return float, true
	case "DATE":
		return date, true
	case "TIMESTAMP", "DATETIME":
		return moment, true
	case "STRING", "TIME", "JSON", "GEOGRAPHY":
		return text, true
	}
	return text, false
}

// count runs the query and keeps its result for read. In parts, each of which asks
// again, nothing but the number is wanted.
func (d *bigQuery) count(ctx context.Context, query string) (int64, error) {
	if d.query.ResumeBy != "" {
		return countOnly(ctx, d, query, column{name: "n", typ: "INTEGER", kind: integer})
	}
	p, err := d.run(ctx, query, nil)
	if err != nil {
		return 0, err
	}
	d.ran, d.first = query, p
	n, err := strconv.ParseInt(p.TotalRows, 10, 64)
	if err != nil {
		return 0, d.fail("count the query's rows", "totalRows is no number")
	}
	return n, nil
}

// run starts a query, waits for its end and gives the first page.
func (d *bigQuery) run(ctx context.Context, query string, args []any) (*bigPage, error) {
	in := d.ask(query, args)
	in["timeoutMs"] = 1000 // then it has a name, by which it can be stopped
	in["formatOptions"] = map[string]bool{"useInt64Timestamp": true}
	if d.location != "" {
		in["location"] = d.location
	}
	p := &bigPage{}
	if _, err := d.call(ctx, http.MethodPost, d.path("/queries"), nil, in, p); err != nil || p.JobComplete {
		return p, err
	}
	job := p.JobReference
	if job.JobID == "" {
		return nil, d.fail("start the query", "the answer names no job")
	}
	where := url.Values{}
	if job.Location != "" {
		where.Set("location", job.Location)
	}
	err := d.poll(ctx, d.path("/jobs/"+url.PathEscape(job.JobID)+"/cancel"), where, func() (bool, error) {
		var err error
		p, err = d.page(ctx, &bigPage{JobReference: job})
		return err == nil && p.JobComplete, err
	})
	return p, err
}

// page asks for the page that another names.
func (d *bigQuery) page(ctx context.Context, after *bigPage) (*bigPage, error) {
	v := url.Values{"formatOptions.useInt64Timestamp": {"true"}, "timeoutMs": {"10000"}}
	if l := after.JobReference.Location; l != "" {
		v.Set("location", l)
	}
	if after.PageToken != "" {
		v.Set("pageToken", after.PageToken)
	}
	p := &bigPage{}
	_, err := d.call(ctx, http.MethodGet, d.path("/queries/"+url.PathEscape(after.JobReference.JobID)), v, nil, p)
	return p, err
}

func (d *bigQuery) read(ctx context.Context, query string, args []any, columns []column, row func([]any) error) error {
	p := d.first
	if p == nil || len(args) > 0 || query != d.ran {
		var err error
		if p, err = d.run(ctx, query, args); err != nil {
			return err
		}
	}
	d.first = nil
	cols, err := d.columns(p.Schema)
	if err != nil {
		return err
	}
	if len(cols) != len(columns) {
		return d.query.refuse("", "the query gave %d columns, %d were described", len(cols), len(columns))
	}
	values := make([]any, len(columns))
	for n := 1; ; {
		for _, r := range p.Rows {
			if len(r.F) != len(columns) {
				return d.fail("read the query's rows", fmt.Sprintf("row %d has %d values, not %d", n, len(r.F), len(columns)))
			}
			for i, f := range r.F {
				if values[i], err = bigValue(f.V, cols[i]); err != nil {
					return d.query.refuse("", "row %d: column %q: %v", n, columns[i].name, err)
				}
			}
			if err := row(values); err != nil {
				return err
			}
			n++
		}
		if p.PageToken == "" {
			return nil
		}
		next, err := d.page(ctx, p)
		if err != nil {
			return err
		}
		if next.PageToken == p.PageToken {
			return d.fail("read the query's rows", "the service gives the same page again")
		}
		next.JobReference = p.JobReference
		p = next
	}
}

// bigValue reads a cell: JSON null, or text in the form of its type.
func bigValue(raw json.RawMessage, c column) (any, error) {
	var p *string
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, errors.New("text or null is expected")
	}
	if p == nil {
		return nil, nil
	}
	s := *p
	switch c.typ {
	case "BOOLEAN", "BOOL":
		if s != "true" && s != "false" {
			return nil, fmt.Errorf("%q is no truth value", s)
		}
		return s == "true", nil
	case "INTEGER", "INT64": // a number, not text: resume_by compares it
		return toInt(s)
	case "FLOAT", "FLOAT64":
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no number that a double can hold", s)
		}
		return f, nil
	case "DATE":
		return time.Parse(time.DateOnly, s)
	case "DATETIME":
		return time.Parse("2006-01-02T15:04:05.999999999", s)
	case "TIMESTAMP": // microseconds, as was asked for; seconds would have a point
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no whole number of microseconds", s)
		}
		return time.UnixMicro(n).UTC(), nil
	}
	return s, nil // NUMERIC is read by the writer, exactly
}

func (d *bigQuery) server(context.Context) string { return "BigQuery, project " + d.project }
func (d *bigQuery) placeholder() string           { return "?" }
func (d *bigQuery) quote(name string) string      { return "`" + strings.ReplaceAll(name, "`", "\\`") + "`" }
func (d *bigQuery) close()                        { d.client.CloseIdleConnections() }
