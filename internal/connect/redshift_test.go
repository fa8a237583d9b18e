package connect

import (
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/connect/connecttest"
)

// The wire is as Redshift's is documented; what runs the queries is PostgreSQL.
func TestRedshiftWire(t *testing.T) {
	dsn := connecttest.Postgres(t)
	exec(t, "pgx", dsn,
		`CREATE TABLE r (id bigint, name varchar(10), code char(4), score double precision, small real, amount numeric(18,3), ok boolean, day date, at timestamp, zoned timestamptz, extra jsonb)`,
		`INSERT INTO r VALUES (1, 'ä|"', 'ab', 0.1, 0.5, 12.125, true, '2024-02-29', '2024-02-29 12:00:00.000001', '2024-02-29 12:00:00+02', '{"a": [1, null]}'),
		 (9007199254740993, NULL, NULL, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL)`)
	p := puller(t)
	q := Query{Name: "wh", Kind: "redshift", Address: connecttest.Redshift(t, dsn), SQL: "SELECT * FROM r ORDER BY id", MaxRows: 1000, MaxBytes: 1e9}
	x, err := p.Pull(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, readBack(t, p, x, "id", "name", "code", "score", "small", "amount", "ok", "day", "at", "zoned", "extra"),
		`1|ä|"|ab  |0.1|0.5|12.125|true|2024-02-29|2024-02-29 12:00:00.000001|2024-02-29 10:00:00|{"a": [1, null]}`,
		`9007199254740993|∅|∅|nan|∅|∅|∅|∅|∅|∅|∅`)
	if x.Server != "postgres, Redshift 1.0.12103" {
		t.Errorf("server %q", x.Server)
	}
	for _, sql := range []string{"SELECT nope FROM r", "DELETE FROM r RETURNING id", "SELECT generate_series(1, 1001) AS id"} {
		q := q
		q.SQL = sql
		if _, err := p.Pull(t.Context(), q); err == nil || strings.Contains(err.Error(), connecttest.Password) {
			t.Errorf("%s: %v", sql, err)
		}
	}
	small := *p
	small.page = 300
	q.SQL, q.ResumeBy = "SELECT n AS id, 'k' || (10000 + n) AS k FROM generate_series(1, 1000) AS s (n)", "k"
	if x, err := small.Pull(t.Context(), q); err != nil || x.Rows != 1000 || len(x.Parts) != 4 {
		t.Errorf("in pages: %v %+v", err, x)
	}
}
