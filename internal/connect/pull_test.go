package connect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/fairtrial/fairtrial/internal/connect/connecttest"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/store"
)

func puller(t *testing.T) *Puller {
	ws, err := store.Open(t.Context(), filepath.Join(t.TempDir(), ".fairtrial"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	return &Puller{Keep: ws, Dir: ws.PulledPath(), Now: time.Now, Version: "test"}
}

// readBack gives the rows of a pull as text, a line a row.
func readBack(t *testing.T, p *Puller, x *engine.Pull, columns ...string) []string {
	t.Helper()
	glob, err := p.Lay(x, filepath.Join(t.TempDir(), "laid"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := duck.Open(duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var list []string
	for _, c := range columns {
		list = append(list, "coalesce(CAST("+duck.Quote(c)+" AS VARCHAR), '∅')")
	}
	r, err := db.Query(t.Context(), "SELECT concat_ws('|', "+strings.Join(list, ", ")+") FROM read_parquet("+duck.Text(glob)+")")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for r.Next() {
		s := r.Strings(0)
		for i := range r.Len() {
			out = append(out, string(s.At(i)))
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

func exec(t *testing.T, driver, dsn string, statements ...string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func equal(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPostgres(t *testing.T) {
	dsn := connecttest.Postgres(t)
	exec(t, "pgx", dsn,
		"CREATE TYPE grade AS ENUM ('low', 'high')",
		`CREATE TABLE c (id bigint PRIMARY KEY, name text, score double precision, small real, amount numeric(12,3), ok boolean, day date, at timestamptz, g grade, u uuid, list float8[])`,
		`INSERT INTO c VALUES (1, 'ä|"', 0.1, 0.5, 12.125, true, '2024-02-29', '2024-02-29 12:00:00.000001+02', 'low', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{1}'),
		 (9007199254740993, NULL, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		 (-3, '', '-Infinity', 1e-3, 0, false, '1969-12-31', '1969-12-31 23:59:59Z', 'high', NULL, NULL)`)
	q := Query{Name: "pg", Kind: "postgres", Address: dsn, SQL: "SELECT id, name, score, small, amount, ok, day, at, g, u FROM c ORDER BY id -- by id", MaxRows: 1e6, MaxBytes: 1e9}
	p := puller(t)

	t.Run("every type", func(t *testing.T) {
		x, err := p.Pull(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, readBack(t, p, x, "id", "name", "score", "small", "amount", "ok", "day", "at", "g", "u"),
			`-3||-inf|0.0010000000474974513|0.0|false|1969-12-31|1969-12-31 23:59:59|high|∅`,
			`1|ä|"|0.1|0.5|12.125|true|2024-02-29|2024-02-29 10:00:00.000001|low|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`,
			`9007199254740993|∅|nan|∅|∅|∅|∅|∅|∅|∅`)
		if !strings.Contains(x.Server, "PostgreSQL") || x.Rows != 3 || x.Parts[0].Rows != 3 {
			t.Errorf("pulled %+v", x)
		}
		again, err := p.Pull(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if again.Parts[0].Digest != x.Parts[0].Digest {
			t.Error("the same rows gave different bytes")
		}
	})

	t.Run("mistakes", func(t *testing.T) {
		for _, c := range []struct{ sql, address, resume, want string }{
			{"SELECT nope FROM c", dsn, "", `the query fails: ERROR: column "nope" does not exist`},
			{"DELETE FROM c RETURNING id", dsn, "", "the query fails"},
			{"WITH d AS (DELETE FROM c RETURNING id) SELECT * FROM d", dsn, "", "the query fails"},
			{"SELECT list FROM c", dsn, "", `column "list" has the type _FLOAT8, which cannot be pulled`},
			{"SELECT id, name AS id FROM c", dsn, "", `the query gives two columns called "id"`},
			{"SELECT 36893488147419103233::numeric AS x", dsn, "", `row 1: column "x": 36893488147419103233 is not exact as a double`},
			{"SELECT * FROM generate_series(1, 5) AS id", dsn, "", "the query gives 5 rows, more than max_rows: 4; none was read"},
			{"SELECT 1 AS id UNION ALL SELECT 1", dsn, "id", `resume_by: "id" is 1 more than once`},
			{"SELECT 0.5::float8 AS id", dsn, "id", `resume_by: "id" is no such column`},
			{"SELECT 1", "postgres://tester:wrong-secret@" + dsn[strings.IndexByte(dsn, '@')+1:], "", "cannot connect"},
			{"SELECT 1", "postgres://tester:other-secret@127.0.0.1:1/x", "", "cannot connect"},
			{"SELECT 1", "postgres://tester:third-secret@[bad/x", "", "the address of the database cannot be read"},
		} {
			q := q
			q.SQL, q.Address, q.ResumeBy, q.MaxRows = c.sql, c.address, c.resume, 4
			_, err := p.Pull(t.Context(), q)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", c.sql, err, c.want)
				continue
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), connecttest.Password) {
				t.Errorf("%s: the error holds the password: %v", c.sql, err)
			}
			var wrong *engine.DataError
			if server := c.want == "cannot connect"; errors.As(err, &wrong) == server {
				t.Errorf("%s: wrong data %v, want %v", c.sql, !server, server)
			}
		}
	})

	t.Run("too many bytes", func(t *testing.T) {
		q := q
		q.SQL, q.MaxBytes = "SELECT md5(i::text) AS m FROM generate_series(1, 50000) AS i", 100_000
		small := *p
		small.page = 5000
		if _, err := small.Pull(t.Context(), q); err == nil || !strings.Contains(err.Error(), "5000 rows take") {
			t.Error(err)
		}
	})

	t.Run("reuse", func(t *testing.T) {
		q := q
		q.SQL, q.Reuse = "SELECT random() AS x", time.Hour
		x, err := p.Pull(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		y, err := p.Pull(t.Context(), q)
		if err != nil || !y.Reused || y.Parts[0].Digest != x.Parts[0].Digest {
			t.Errorf("%v, %+v", err, y)
		}
		later := *p
		later.Now = func() time.Time { return time.Now().Add(2 * time.Hour) }
		if y, err = later.Pull(t.Context(), q); err != nil || y.Reused || y.Parts[0].Digest == x.Parts[0].Digest {
			t.Errorf("%v, %+v", err, y)
		}
	})

	t.Run("resume", func(t *testing.T) {
		exec(t, "pgx", dsn, "CREATE TABLE long AS SELECT i AS id, 'k' || lpad(i::text, 5, '0') AS key, i * 0.5 AS v FROM generate_series(1, 10000) AS i ORDER BY random()")
		for _, by := range []string{"id", "key"} {
			q := q
			q.SQL, q.ResumeBy = "SELECT * FROM long", by
			ctx, stop := context.WithCancel(t.Context())
			small := *p
			small.page = 3000
			small.Progress = func(_ string, rows, all int64) {
				if all != 10000 {
					t.Errorf("%d rows in all", all)
				}
				if rows >= 6000 {
					stop()
				}
			}
			if _, err := small.Pull(ctx, q); err == nil {
				t.Fatal("not interrupted")
			}
			small.Progress = nil
			x, err := small.Pull(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if x.Resumed != 1 || x.Rows != 10000 || len(x.Parts) != 4 {
				t.Errorf("by %s: %+v", by, x)
			}
			got := readBack(t, p, x, "id", "key", "v")
			for i, line := range got {
				if want := fmt.Sprintf("%d|k%05d|%g", i+1, i+1, float64(i+1)/2); strings.TrimSuffix(line, ".0") != want {
					t.Fatalf("row %d is %s, want %s", i+1, line, want)
				}
			}
		}
	})
}

func TestSQLite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a b%.db")
	exec(t, "sqlite", file, "CREATE TABLE c (id INTEGER, born DATE, ok BOOLEAN, mixed, score, none TEXT, raw BLOB)",
		"INSERT INTO c VALUES (1, '2024-01-02', 1, 0.1, 1, NULL, x'00'), (2, '2024-01-03', 0, 'x', 0.30000000000000004, NULL, NULL), (4, NULL, NULL, 0.30000000000000004, NULL, NULL, NULL), (3, NULL, NULL, 7, NULL, NULL, NULL)")
	p := puller(t)
	q := Query{Name: "lite", Kind: "sqlite", Address: file, SQL: "SELECT id, born, ok, mixed, score, none FROM c", MaxRows: 10, MaxBytes: 1e9}
	x, err := p.Pull(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, readBack(t, p, x, "id", "born", "ok", "mixed", "score", "none"),
		"1|2024-01-02|1|0.1|1.0|∅", "2|2024-01-03|0|x|0.30000000000000004|∅", "4|∅|∅|0.30000000000000004|∅|∅", "3|∅|∅|7|∅|∅")
	q.SQL = "SELECT raw FROM c"
	if _, err := p.Pull(t.Context(), q); err == nil || !strings.Contains(err.Error(), `column "raw" holds 1 blobs`) {
		t.Error(err)
	}
	q.SQL = "SELECT id, mixed AS ID FROM c"
	if _, err := p.Pull(t.Context(), q); err == nil || !strings.Contains(err.Error(), `two columns called "ID"`) {
		t.Errorf("two columns of one name: %v", err)
	}
	q.SQL = `SELECT id AS x, score AS "x:1" FROM c WHERE id = 1` // its own name, though SQLite gives such ones itself
	if x, err := p.Pull(t.Context(), q); err != nil {
		t.Errorf("a column called x:1: %v", err)
	} else {
		equal(t, readBack(t, p, x, "x", "x:1"), "1|1")
	}
	q.SQL = "DELETE FROM c RETURNING id"
	if _, err := p.Pull(t.Context(), q); err == nil {
		t.Error("a query that writes went through")
	}
	q.SQL = "SELECT id FROM c WHERE id > 5"
	var none *engine.DataError
	if _, err := p.Pull(t.Context(), q); !errors.As(err, &none) || !none.NoRows {
		t.Errorf("no rows: %v", err)
	}
	q.Address += "x"
	if _, err := p.Pull(t.Context(), q); err == nil || !strings.Contains(err.Error(), "there is no database at") {
		t.Error(err)
	}
}

func TestDuckDB(t *testing.T) {
	file := filepath.Join(t.TempDir(), "d.duckdb")
	rw, err := duck.Open(duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"ATTACH " + duck.Text(file) + " AS f", "CREATE TABLE f.c AS SELECT i AS id, i / 4 AS score, [0.25, 0.75] AS p FROM range(3) t(i)", "DETACH f"} {
		if err := rw.Exec(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	rw.Close()
	p := puller(t)
	q := Query{Name: "duck", Kind: "duckdb", Address: file, SQL: "SELECT * FROM c ORDER BY id DESC", MaxRows: 10, MaxBytes: 1e9}
	twice := q
	twice.SQL = "SELECT id, score AS ID FROM c"
	if _, err := p.Pull(t.Context(), twice); err == nil || !strings.Contains(err.Error(), `two columns called "ID"`) {
		t.Errorf("two columns of one name: %v", err)
	}
	x, err := p.Pull(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, readBack(t, p, x, "id", "score", "p"), "2|0.5|[0.25, 0.75]", "1|0.25|[0.25, 0.75]", "0|0.0|[0.25, 0.75]")
	cols, n, err := Describe(t.Context(), q)
	if err != nil || n != 3 || len(cols) != 3 || cols[1].Type != "DOUBLE" {
		t.Errorf("%v %d %v", err, n, cols)
	}
	q.SQL = "SELECT nope FROM c"
	if _, err := p.Pull(t.Context(), q); err == nil || !strings.Contains(err.Error(), "the query fails: Binder") {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte("no database"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Pull(t.Context(), q); err == nil || !strings.Contains(err.Error(), "cannot be opened") {
		t.Error(err)
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		in   any
		want float64
		ok   bool
	}{
		{"0.1", 0.1, true}, {"1e300", 1e300, true}, {"NaN", math.NaN(), true}, {"9007199254740992", 9007199254740992, true}, {"9007199254740993", 0, false},
		{int64(math.MaxInt64), 0, false}, {int64(1 << 60), 1 << 60, true}, {"1e400", 0, false}, {"x", 0, false}, {true, 0, false}, {[]byte("2.5"), 2.5, true},
	} {
		got, err := toFloat(c.in)
		if (err == nil) != c.ok || c.ok && got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%v: %v, %v", c.in, got, err)
		}
	}
}
