//go:build bigquery

package connect

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

const bigFields = `{"fields": [
 {"name": "id", "type": "INTEGER", "mode": "NULLABLE"}, {"name": "name", "type": "STRING"}, {"name": "score", "type": "FLOAT"},
 {"name": "amount", "type": "NUMERIC"}, {"name": "ok", "type": "BOOLEAN"}, {"name": "day", "type": "DATE"},
 {"name": "at", "type": "TIMESTAMP"}, {"name": "local", "type": "DATETIME"}]}`

// bigRow is a row as BigQuery writes it.
func bigRow(cells ...string) string {
	for i, c := range cells {
		if c != "null" {
			b, err := json.Marshal(c)
			if err != nil {
				panic(err)
			}
			c = string(b)
		}
		cells[i] = `{"v": ` + c + `}`
	}
	return `{"f": [` + strings.Join(cells, ", ") + `]}`
}

func dryRun(schema, statement, bytes string) string {
	return `{"kind": "bigquery#job", "status": {"state": "DONE"}, "statistics": {"totalBytesProcessed": "` + bytes + `", "query": {"statementType": "` + statement + `", "schema": ` + schema + `}}}`
}

const bigJob = `"jobReference": {"projectId": "trial", "jobId": "job_1", "location": "EU"}`

func bigQueryOf(t *testing.T, url string) Query {
	t.Setenv("BIGQUERY_ACCESS_TOKEN", token)
	return Query{Name: "bq", Kind: "bigquery", Address: "bigquery://trial/scores?location=EU&endpoint=" + url, SQL: "SELECT * FROM s ORDER BY id", MaxRows: 1000, MaxBytes: 1e6}
}

func TestBigQuery(t *testing.T) {
	w, url := served(t, func(n int, r *http.Request, body string) (int, string) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/projects/trial/jobs"):
			return 200, dryRun(bigFields, "SELECT", "4096")
		case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/projects/trial/queries"):
			return 200, `{` + bigJob + `, "jobComplete": false}`
		case n == 3: // still at it
			return 200, `{` + bigJob + `, "jobComplete": false}`
		case n == 5: // busy
			return 503, `{"error": {"message": "try again", "errors": [{"reason": "backendError"}]}}`
		case r.URL.Query().Get("pageToken") == "":
			return 200, `{"schema": ` + bigFields + `, ` + bigJob + `, "jobComplete": true, "totalRows": "3", "pageToken": "two", "rows": [` +
				bigRow("-3", "", "-Infinity", "0", "false", "1969-12-31", "-1000000", "1969-12-31T23:59:59") + `, ` +
				bigRow("1", `ä|"`, "0.1", "12.125", "true", "2024-02-29", "1709200800000001", "2024-02-29T12:00:00.000001") + `]}`
		case r.URL.Query().Get("pageToken") == "two":
			return 200, `{"schema": ` + bigFields + `, ` + bigJob + `, "jobComplete": true, "totalRows": "3", "rows": [` +
				bigRow("9007199254740993", "null", "NaN", "null", "null", "null", "null", "null") + `]}`
		}
		return 404, `{}`
	})
	p := puller(t)
	x, err := p.Pull(t.Context(), bigQueryOf(t, url))
	if err != nil {
		t.Fatal(err, w.log())
	}
	equal(t, readBack(t, p, x, "id", "name", "score", "amount", "ok", "day", "at", "local"),
		`-3||-inf|0.0|false|1969-12-31|1969-12-31 23:59:59|1969-12-31 23:59:59`,
		`1|ä|"|0.1|12.125|true|2024-02-29|2024-02-29 10:00:00.000001|2024-02-29 12:00:00.000001`,
		`9007199254740993|∅|nan|∅|∅|∅|∅|∅`)
	if x.Server != "BigQuery, project trial" {
		t.Errorf("server %q", x.Server)
	}
	for _, want := range []string{`"dryRun":true`, `"useLegacySql":false`, `"defaultDataset":{"datasetId":"scores","projectId":"trial"}`,
		`"useInt64Timestamp":true`, "location=EU", "formatOptions.useInt64Timestamp=true"} {
		if !strings.Contains(w.log(), want) {
			t.Errorf("no %s in\n%s", want, w.log())
		}
	}
	if n := strings.Count(w.log(), "POST /bigquery/v2/projects/trial/queries"); n != 1 {
		t.Errorf("the query ran %d times", n)
	}
}

func TestBigQueryRefuses(t *testing.T) {
	one := `{"fields": [{"name": "id", "type": "INTEGER"}]}`
	bad := func(reason, msg string) string {
		return `{"error": {"code": 400, "message": "` + msg + `", "errors": [{"reason": "` + reason + `", "message": "` + msg + `"}]}}`
	}
	rows := func(total, row string) string {
		return `{"schema": ` + one + `, ` + bigJob + `, "jobComplete": true, "totalRows": "` + total + `", "rows": [` + row + `]}`
	}
	for _, c := range []struct {
		name        string
		dry         string
		dryStatus   int
		query       string
		queryStatus int
		want        string
		service     bool
	}{
		{"syntax", bad("invalidQuery", "Unrecognized name: nope at [1:8]"), 400, "", 0, "the query fails: Unrecognized name: nope at [1:8]", false},
		{"table", bad("notFound", "Not found: Table trial:scores.s"), 404, "", 0, "Not found: Table", false},
		{"quota", bad("quotaExceeded", "Quota exceeded"), 403, "", 0, "the service answers 403: Quota exceeded", true},
		{"no JSON", "<html>", 400, "", 0, "the service answers 400: Bad Request", true},
		{"half", `{"stat`, 200, "", 0, "the answer cannot be read", true},
		{"statement", dryRun(one, "DELETE", "0"), 200, "", 0, `the type "DELETE"; only SELECT is run`, false},
		{"bytes", dryRun(one, "SELECT", "1000001"), 200, "", 0, "the query would read 1000001 bytes, more than max_bytes: 1000000; no row was read", false},
		{"list", dryRun(`{"fields": [{"name": "tags", "type": "STRING", "mode": "REPEATED"}]}`, "SELECT", "0"), 200, "", 0, `column "tags" has the type ARRAY of STRING`, false},
		{"record", dryRun(`{"fields": [{"name": "r", "type": "RECORD"}]}`, "SELECT", "0"), 200, "", 0, `column "r" has the type RECORD`, false},
		{"rows", dryRun(one, "SELECT", "0"), 200, rows("1001", ""), 200, "the query gives 1001 rows, more than max_rows: 1000; none was read", false},
		{"none", dryRun(one, "SELECT", "0"), 200, rows("0", ""), 200, "the query gives no rows", false},
		{"few", dryRun(one, "SELECT", "0"), 200, rows("2", bigRow("1")), 200, "1 rows came, 2 were counted", false},
		{"large", dryRun(one, "SELECT", "0"), 200, rows("1", bigRow("9223372036854775808")), 200, "does not fit into 64 bits", false},
		{"cells", dryRun(one, "SELECT", "0"), 200, rows("1", bigRow("1", "2")), 200, "row 1 has 2 values, not 1", true},
		{"running", dryRun(one, "SELECT", "0"), 200, bad("invalidQuery", "division by zero: 1 / 0"), 400, "the query fails: division by zero: 1 / 0", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, url := served(t, func(_ int, r *http.Request, _ string) (int, string) {
				if strings.HasSuffix(r.URL.Path, "/jobs") {
					return c.dryStatus, c.dry
				}
				return c.queryStatus, c.query
			})
			_, err := puller(t).Pull(t.Context(), bigQueryOf(t, url))
			if c.service {
				failed(t, err, c.want)
			} else {
				refused(t, err, c.want)
			}
			if c.queryStatus == 0 && strings.Contains(w.log(), "/queries") {
				t.Error("the query was started")
			}
		})
	}
}

func TestBigQueryToken(t *testing.T) {
	w, url := served(t, func(int, *http.Request, string) (int, string) { return 404, "{}" })
	badToken(t, w, bigQueryOf(t, url), ":", "BIGQUERY_ACCESS_TOKEN", "bigquery://p", map[string]string{
		"bigquery://p?endpoint=https://evil.example":             "evil.example is no host that a bigquery token may go to",
		"bigquery://p?endpoint=http://bigquery.googleapis.com":   "no host that",
		"bigquery://p?endpoint=https://evilgoogleapis.com":       "no host that",
		"https://bigquery.googleapis.com":                        "cannot be read",
		"bigquery://p?endpoint=https://x.googleapis.com.evil.de": "no host that",
	})
}

func TestBigQueryStops(t *testing.T) {
	w, url := served(t, func(_ int, r *http.Request, _ string) (int, string) {
		if strings.HasSuffix(r.URL.Path, "/jobs") {
			return 200, dryRun(bigFields, "SELECT", "0")
		}
		return 200, `{` + bigJob + `, "jobComplete": false}`
	})
	interrupted(t, w, bigQueryOf(t, url), func(log string) bool { return strings.Contains(log, "GET /bigquery/v2/projects/trial/queries/job_1?") })
	if !strings.Contains(w.log(), "POST /bigquery/v2/projects/trial/jobs/job_1/cancel?location=EU") {
		t.Errorf("the query goes on:\n%s", w.log())
	}
}

// In parts, a query is counted, then asked for what follows the last key.
func TestBigQueryParts(t *testing.T) {
	one := `{"fields": [{"name": "id", "type": "INTEGER"}]}`
	w, url := served(t, func(_ int, r *http.Request, body string) (int, string) {
		page := func(rows ...string) string {
			return `{"schema": ` + one + `, ` + bigJob + `, "jobComplete": true, "totalRows": "2", "rows": [` + strings.Join(rows, ", ") + `]}`
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/jobs"):
			return 200, dryRun(one, "SELECT", "0")
		case strings.Contains(body, "count(*)"):
			return 200, page(bigRow("3"))
		case strings.Contains(body, "WHERE `id` \\u003e ?") && strings.Contains(body, `"parameterMode":"POSITIONAL"`) && strings.Contains(body, `[{"parameterType":{"type":"INT64"},"parameterValue":{"value":"2"}}]`):
			return 200, page(bigRow("3"))
		}
		return 200, page(bigRow("1"), bigRow("2"))
	})
	q := bigQueryOf(t, url)
	q.ResumeBy = "id"
	p := puller(t)
	p.page = 2
	x, err := p.Pull(t.Context(), q)
	if err != nil {
		t.Fatal(err, w.log())
	}
	equal(t, readBack(t, p, x, "id"), "1", "2", "3")
	if len(x.Parts) != 2 {
		t.Errorf("%+v", x)
	}
}

func FuzzBigQueryValue(f *testing.F) {
	f.Add([]byte(`"1709200800000001"`), "TIMESTAMP")
	f.Add([]byte(`"2024-02-29T12:00:00.5"`), "DATETIME")
	f.Add([]byte(`null`), "BOOLEAN")
	f.Add([]byte(`{"f": []}`), "RECORD")
	f.Fuzz(func(t *testing.T, raw []byte, typ string) {
		v, err := bigValue(raw, column{name: "c", typ: typ})
		if null := strings.TrimSpace(string(raw)) == "null"; err == nil && (v == nil) != null {
			t.Errorf("%s as %s is %v", raw, typ, v)
		}
	})
}
