package connect

import (
	"errors"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/connect/connecttest"
	"github.com/fairtrial/fairtrial/internal/engine"
)

func TestTrino(t *testing.T) {
	p := puller(t)
	q := Query{Name: "lake", Kind: "trino", Address: connecttest.Trino(t), MaxRows: 1000, MaxBytes: 1e9}
	q.SQL = `SELECT * FROM (VALUES
 (BIGINT '1', 'ä|"', 0.1e0, REAL '0.5', DECIMAL '12.125', true, DATE '2024-02-29', TIMESTAMP '2024-02-29 12:00:00.000001 +02:00', TIMESTAMP '2024-02-29 12:00:00', CAST('high' AS char(4)), UUID 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
 (9007199254740993, NULL, nan(), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
 (-3, '', -infinity(), REAL '0.001', DECIMAL '0.000', false, DATE '1969-12-31', TIMESTAMP '1969-12-31 23:59:59 UTC', TIMESTAMP '1969-12-31 23:59:59', NULL, NULL)
) AS c (id, name, score, small, amount, ok, day, at, local, g, u) ORDER BY id -- by id`
	x, err := p.Pull(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, readBack(t, p, x, "id", "name", "score", "small", "amount", "ok", "day", "at", "local", "g", "u"),
		`-3||-inf|0.001|0.0|false|1969-12-31|1969-12-31 23:59:59|1969-12-31 23:59:59|∅|∅`,
		`1|ä|"|0.1|0.5|12.125|true|2024-02-29|2024-02-29 10:00:00.000001|2024-02-29 12:00:00|high|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`,
		`9007199254740993|∅|nan|∅|∅|∅|∅|∅|∅|∅|∅`)
	if !strings.HasPrefix(x.Server, "Trino ") {
		t.Errorf("server %q", x.Server)
	}
	for _, c := range []struct{ sql, resume, want string }{
		{"SELECT nope FROM (VALUES 1) AS c (id)", "", "Column 'nope' cannot be resolved"},
		{"SELECT * FROM nowhere", "", "nowhere"},
		{"SELECT ARRAY[1] AS list", "", `column "list" has the type ARRAY(INTEGER), which cannot be pulled`},
		{"SELECT * FROM UNNEST(sequence(1, 1001)) AS s (id)", "", "the query gives 1001 rows, more than max_rows: 1000; none was read"},
		{"SELECT 1 / (id - 5) AS id FROM UNNEST(sequence(1, 9)) AS s (id)", "", "Division by zero"},
	} {
		q := q
		q.SQL, q.ResumeBy = c.sql, c.resume
		_, err := p.Pull(t.Context(), q)
		var wrong *engine.DataError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.sql, err, c.want)
		}
	}
	small := *p
	small.page = 300
	q.SQL, q.ResumeBy = "SELECT id, lpad(CAST(id AS varchar), 5, '0') AS k FROM UNNEST(sequence(1, 1000)) AS s (id)", "k"
	if x, err := small.Pull(t.Context(), q); err != nil || x.Rows != 1000 || len(x.Parts) != 4 {
		t.Errorf("in pages: %v %+v", err, x)
	}
}
