//go:build snowflake

package connect

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const snowFields = `[{"name": "ID", "type": "fixed", "scale": 0, "precision": 38}, {"name": "NAME", "type": "TEXT"}, {"name": "SCORE", "type": "REAL"},
 {"name": "AMOUNT", "type": "FIXED", "scale": 3}, {"name": "OK", "type": "BOOLEAN"}, {"name": "DAY", "type": "DATE"},
 {"name": "AT", "type": "TIMESTAMP_TZ", "scale": 9}, {"name": "LOCAL", "type": "TIMESTAMP_NTZ", "scale": 9}, {"name": "HERE", "type": "TIMESTAMP_LTZ", "scale": 9}]`

const snowStarted = `{"code": "333334", "message": "Asynchronous execution in progress.", "statementHandle": "h-1", "statementStatusUrl": "/api/v2/statements/h-1?requestId=r-1"}`

// snowSet is a ResultSet; sizes are the rows of its partitions, each of 100 bytes a row.
func snowSet(fields string, rows int, sizes []int, data string) string {
	var parts []string
	for _, n := range sizes {
		parts = append(parts, fmt.Sprintf(`{"rowCount": %d, "uncompressedSize": %d, "compressedSize": 9}`, n, 100*n))
	}
	return fmt.Sprintf(`{"code": "090001", "sqlState": "00000", "message": "Statement executed successfully.", "statementHandle": "h-1",
 "resultSetMetaData": {"numRows": %d, "format": "jsonv2", "rowType": %s, "partitionInfo": [%s]}, "data": [%s]}`, rows, fields, strings.Join(parts, ", "), data)
}

func snowflakeOf(t *testing.T, url string) Query {
	t.Setenv("SNOWFLAKE_TOKEN", token)
	return Query{Name: "sf", Kind: "snowflake", Address: "snowflake://org-account/DB/PUBLIC?warehouse=W&role=R&auth=pat&endpoint=" + url,
		SQL: "SELECT * FROM s ORDER BY id", MaxRows: 1000, MaxBytes: 1e6}
}

func described(body string) bool { return strings.Contains(body, "WHERE 1 = 0") }

func TestSnowflake(t *testing.T) {
	w, url := served(t, func(n int, r *http.Request, body string) (int, string) {
		if r.Header.Get("X-Snowflake-Authorization-Token-Type") != "PROGRAMMATIC_ACCESS_TOKEN" {
			return 400, `{"message": "no token type"}`
		}
		switch at := r.URL.String(); {
		case described(body):
			return 200, snowSet(snowFields, 0, []int{0}, "")
		case at == "/api/v2/statements?async=true":
			return 202, snowStarted
		case n == 3: // still at it
			return 202, snowStarted
		case n == 5: // busy
			return 429, `{"code": "390505", "message": "Too many requests."}`
		case at == "/api/v2/statements/h-1?requestId=r-1":
			return 200, snowSet(snowFields, 3, []int{2, 1}, `
 ["-3", "", "-inf", "0.000", "false", "-1", "-1.000000000 1440", "-1.000000000", "-1.000000000"],
 ["1", "ä|\"", "0.1", "12.125", "true", "19782", "1709200800.000001000 1560", "1709208000.000001000", "1709200800.000001000"]`)
		case at == "/api/v2/statements/h-1?partition=1":
			return 200, `{"data": [["9007199254740993", null, "NaN", null, null, null, null, null, null]]}`
		}
		return 404, `{"message": "no such statement"}`
	})
	p := puller(t)
	x, err := p.Pull(t.Context(), snowflakeOf(t, url))
	if err != nil {
		t.Fatal(err, w.log())
	}
	equal(t, readBack(t, p, x, "ID", "NAME", "SCORE", "AMOUNT", "OK", "DAY", "AT", "LOCAL", "HERE"),
		`-3||-inf|0.0|false|1969-12-31|1969-12-31 23:59:59|1969-12-31 23:59:59|1969-12-31 23:59:59`,
		`1|ä|"|0.1|12.125|true|2024-02-29|2024-02-29 10:00:00.000001|2024-02-29 12:00:00.000001|2024-02-29 10:00:00.000001`,
		`9007199254740993|∅|nan|∅|∅|∅|∅|∅|∅`)
	if x.Server != "Snowflake, account org-account" {
		t.Errorf("server %q", x.Server)
	}
	for _, want := range []string{`"database":"DB"`, `"schema":"PUBLIC"`, `"warehouse":"W"`, `"role":"R"`, `"timezone":"UTC"`, `"statement":"SELECT * FROM s ORDER BY id"`} {
		if !strings.Contains(w.log(), want) {
			t.Errorf("no %s in\n%s", want, w.log())
		}
	}
	if n := strings.Count(w.log(), "POST "); n != 2 {
		t.Errorf("%d statements ran, not a description and the query", n)
	}
}

func TestSnowflakeRefuses(t *testing.T) {
	one := `[{"name": "ID", "type": "FIXED", "scale": 0}]`
	none := snowSet(one, 0, []int{0}, "")
	for _, c := range []struct {
		name        string
		dry         string
		dryStatus   int
		query       string
		queryStatus int
		want        string
		service     bool
	}{
		{"syntax", `{"code": "000904", "sqlState": "42000", "message": "SQL compilation error: error line 1 at position 7\ninvalid identifier 'NOPE'", "statementHandle": "h-1"}`, 422, "", 0,
			"the query fails: SQL compilation error: error line 1 at position 7 invalid identifier 'NOPE' (000904)", false},
		{"service", `{"code": "390100", "message": "Not today."}`, 403, "", 0, "the service answers 403: Not today. (390100)", true},
		{"no JSON", "<html>", 400, "", 0, "the service answers 400: Bad Request", true},
		{"half", `{"stat`, 200, "", 0, "the answer cannot be read", true},
		{"no handle", `{}`, 202, "", 0, "the answer names no statement", true},
		{"elsewhere", `{"statementHandle": "h", "statementStatusUrl": "https://evil.example/api"}`, 202, "", 0, "the service names another host", true},
		{"form", strings.Replace(none, "jsonv2", "arrow", 1), 200, "", 0, `the format "arrow", not jsonv2`, true},
		{"list", snowSet(`[{"name": "TAGS", "type": "ARRAY"}]`, 0, nil, ""), 200, "", 0, `column "TAGS" has the type ARRAY, which cannot be pulled`, false},
		{"twice", snowSet(`[{"name": "A", "type": "TEXT"}, {"name": "A", "type": "TEXT"}]`, 0, nil, ""), 200, "", 0, `two columns called "A"`, false},
		{"rows", none, 200, snowSet(one, 1001, []int{1001}, ""), 200, "the query gives 1001 rows, more than max_rows: 1000; none was read", false},
		{"none", none, 200, none, 200, "the query gives no rows", false},
		{"few", none, 200, snowSet(one, 2, nil, `["1"]`), 200, "1 rows came, 2 were counted", false},
		{"partition", none, 200, snowSet(one, 2, []int{2}, `["1"]`), 200, "partition 0 has 1 rows, not 2", true},
		{"cells", none, 200, snowSet(one, 1, []int{1}, `["1", "2"]`), 200, "row 1 has 2 values, not 1", true},
		{"large", none, 200, snowSet(one, 1, []int{1}, `["9223372036854775808"]`), 200, "does not fit into 64 bits", false},
		{"running", none, 200, `{"code": "100051", "sqlState": "22012", "message": "Division by zero"}`, 422, "the query fails: Division by zero (100051)", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, url := served(t, func(_ int, _ *http.Request, body string) (int, string) {
				if described(body) {
					return c.dryStatus, c.dry
				}
				return c.queryStatus, c.query
			})
			_, err := puller(t).Pull(t.Context(), snowflakeOf(t, url))
			if c.service {
				failed(t, err, c.want)
			} else {
				refused(t, err, c.want)
			}
			if n := strings.Count(w.log(), "POST "); c.queryStatus == 0 && n != 1 {
				t.Errorf("%d statements ran", n)
			}
		})
	}
}

// The service's own sizes are refused before a partition is asked for.
func TestSnowflakeBytes(t *testing.T) {
	one := `[{"name": "ID", "type": "FIXED", "scale": 0}]`
	w, url := served(t, func(_ int, _ *http.Request, body string) (int, string) {
		return 200, snowSet(one, 10, []int{1, 9}, `["1"]`)
	})
	q := snowflakeOf(t, url)
	q.MaxBytes = 999
	_, err := puller(t).Pull(t.Context(), q)
	refused(t, err, "the query gives 1000 bytes, more than max_bytes: 999; no row was read")
	if strings.Contains(w.log(), "partition=") {
		t.Errorf("rows were asked for:\n%s", w.log())
	}
}

func TestSnowflakeToken(t *testing.T) {
	w, url := served(t, func(int, *http.Request, string) (int, string) { return 404, "{}" })
	badToken(t, w, snowflakeOf(t, url), "me:", "SNOWFLAKE_TOKEN", "snowflake://a", map[string]string{
		"snowflake://a?endpoint=https://evil.example": "evil.example is no host that a snowflake token may go to",
		"snowflake://a.snowflakecomputing.com.evil":   "no host that",
		"snowflake://a/b/c/d":                         "cannot be read",
		"snowflake://a?auth=basic":                    "oauth, pat or jwt is expected",
		"https://a.snowflakecomputing.com":            "cannot be read",
	})
}

func TestSnowflakeStops(t *testing.T) {
	w, url := served(t, func(_ int, _ *http.Request, body string) (int, string) {
		if described(body) {
			return 200, snowSet(snowFields, 0, []int{0}, "")
		}
		return 202, snowStarted
	})
	interrupted(t, w, snowflakeOf(t, url), func(log string) bool { return strings.Contains(log, "GET /api/v2/statements/h-1?requestId=r-1") })
	if !strings.Contains(w.log(), "POST /api/v2/statements/h-1/cancel") {
		t.Errorf("the query goes on:\n%s", w.log())
	}
}

// In parts, a query is counted, then asked for what follows the last key.
func TestSnowflakeParts(t *testing.T) {
	one := `[{"name": "ID", "type": "FIXED", "scale": 0}]`
	w, url := served(t, func(_ int, r *http.Request, body string) (int, string) {
		switch {
		case described(body):
			return 200, snowSet(one, 0, []int{0}, "")
		case strings.Contains(body, "count(*)"):
			return 200, snowSet(`[{"name": "N", "type": "FIXED", "scale": 0}]`, 1, []int{1}, `["3"]`)
		case strings.Contains(body, `WHERE \"ID\" \u003e ?`) && strings.Contains(body, `"bindings":{"1":{"type":"FIXED","value":"2"}}`):
			return 200, snowSet(one, 1, []int{1}, `["3"]`)
		}
		return 200, snowSet(one, 2, []int{2}, `["1"], ["2"]`)
	})
	q := snowflakeOf(t, url)
	q.ResumeBy = "ID"
	p := puller(t)
	p.page = 2
	x, err := p.Pull(t.Context(), q)
	if err != nil {
		t.Fatal(err, w.log())
	}
	equal(t, readBack(t, p, x, "ID"), "1", "2", "3")
	if len(x.Parts) != 2 {
		t.Errorf("%+v", x)
	}
}

func TestSnowflakeCells(t *testing.T) {
	for _, c := range []struct {
		typ   string
		scale int
		cell  string
	}{
		{"FIXED", 3, "12125"}, // perhaps not divided by its scale
		{"FIXED", 0, "1.5"}, {"REAL", 0, "x"}, {"BOOLEAN", 0, "1"}, {"DATE", 0, "2024-02-29"},
		{"TIMESTAMP_TZ", 9, "1.000000000"}, {"TIMESTAMP_TZ", 9, "1.000000000 2881"}, {"TIMESTAMP_NTZ", 9, "1.000000000 1440"},
	} {
		k, ok := snowKind(snowField{Type: c.typ, Scale: c.scale})
		if v, err := snowValue(&c.cell, column{typ: c.typ, kind: k}); err == nil || !ok {
			t.Errorf("%s %q is %v", c.typ, c.cell, v)
		}
	}
}

func FuzzSnowflakeValue(f *testing.F) {
	f.Add([]byte(`"1709208000.000001000 1560"`), "TIMESTAMP_TZ", 9)
	f.Add([]byte(`"19782"`), "DATE", 0)
	f.Add([]byte(`"12.125"`), "FIXED", 3)
	f.Add([]byte(`null`), "BOOLEAN", 0)
	f.Fuzz(func(t *testing.T, raw []byte, typ string, scale int) {
		var cell *string
		if json.Unmarshal(raw, &cell) != nil {
			return
		}
		k, _ := snowKind(snowField{Type: typ, Scale: scale})
		if v, err := snowValue(cell, column{name: "C", typ: typ, kind: k}); err == nil && (v == nil) != (cell == nil) {
			t.Errorf("%s as %s is %v", raw, typ, v)
		}
	})
}
