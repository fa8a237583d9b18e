package sqlrun

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

const made = `CREATE TABLE t (id INTEGER, name TEXT, born DATE, x DOUBLE);
INSERT INTO t VALUES (1, 'a', '2020-01-02', 0.5), (2, 'b', '2021-03-04', NULL), (3, 'a', NULL, 2)`

func sqliteFile(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "a #1.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(made); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func duckFile(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "b.duckdb")
	db, err := duck.Open(duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range strings.Split("ATTACH '"+path+"' AS f; "+strings.NewReplacer("TABLE t", "TABLE f.t", "INTO t", "INTO f.t").Replace(made)+"; DETACH f", ";") {
		if err := db.Exec(t.Context(), s); err != nil {
			t.Fatal(s, err)
		}
	}
	return path
}

func files(t *testing.T) map[string]string {
	return map[string]string{"sqlite": sqliteFile(t), "duckdb": duckFile(t)}
}

func TestRows(t *testing.T) {
	for kind, path := range files(t) {
		d := &Databases{}
		defer d.Close()
		for query, want := range map[string]string{
			"SELECT * FROM t ORDER BY id DESC":                              "[[3 a <nil> 2] [2 b 2021-03-04 <nil>] [1 a 2020-01-02 0.5]]",
			"SELECT name, count(*), sum(x) FROM t GROUP BY name ORDER BY 1": "[[a 2 2.5] [b 1 <nil>]]",
			"SELECT id, id, id AS id FROM t WHERE id = 1 -- the end":        "[[1 1 1]]",
			"WITH a AS (SELECT 1 AS n) SELECT n FROM a":                     "[[1]]",
			"VALUES (1, 'x')":               "[[1 x]]",
			"SELECT id FROM t WHERE id > 5": "[]",
		} {
			rows, err := d.Rows(t.Context(), path, query, time.Minute, 100)
			if got := fmt.Sprint(rows); err != nil || got != want {
				t.Errorf("%s: %s: %s (%v), want %s", kind, query, got, err, want)
			}
		}
	}
}

// A query changes nothing, reaches no other file, and ends.
func TestAttacks(t *testing.T) {
	other := filepath.Join(t.TempDir(), "new")
	secret := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(secret, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	second := sqliteFile(t)
	for kind, path := range files(t) {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d := &Databases{}
		defer d.Close()
		for _, query := range []string{
			"DELETE FROM t", "DROP TABLE t", "INSERT INTO t VALUES (9, 'z', NULL, 1)", "UPDATE t SET id = 7", "CREATE TABLE u (a INTEGER)", "PRAGMA query_only = 0; DELETE FROM t",
			"ATTACH '" + second + "' AS s", "VACUUM INTO '" + other + "'", "SELECT load_extension('x')", "SELECT writefile('" + other + "', 'x')",
			"SELECT * FROM read_csv('" + secret + "')", "SELECT * FROM '" + secret + "'", "COPY t TO '" + other + "'", "SELECT readfile('" + secret + "')",
			"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
			"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r LIMIT 1000",
			"SELECT nothing FROM t", "SELEC 1", "SELECT * FROM missing", "SELECT 'open", "",
		} {
			began := time.Now()
			rows, err := d.Rows(t.Context(), path, query, time.Second, 100)
			var fe *FileError
			if err == nil && len(rows) > 0 || errors.As(err, &fe) {
				t.Errorf("%s: %s: %v, %v", kind, query, rows, err)
			}
			if took := time.Since(began); took > 45*time.Second {
				t.Errorf("%s: %s took %v", kind, query, took)
			}
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
			t.Errorf("%s: the database has changed", kind)
		}
		if _, err := os.Stat(other); err == nil {
			t.Errorf("%s: a file was written", kind)
		}
		if rows, err := d.Rows(t.Context(), path, "SELECT count(*) FROM t", time.Second, 1); err != nil || fmt.Sprint(rows) != "[[3]]" {
			t.Errorf("%s: after the attacks: %v, %v", kind, rows, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.Rows(ctx, path, "SELECT 1", time.Second, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: cancelled: %v", kind, err)
		}
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "a.csv")
	if err := os.WriteFile(text, []byte("id,name\n1,a long enough line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(dir, "c.duckdb")
	if err := os.WriteFile(broken, []byte("12345678DUCK0000000"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &Databases{}
	defer d.Close()
	for _, path := range []string{text, broken, dir, filepath.Join(dir, "none")} {
		_, err := d.Rows(t.Context(), path, "SELECT 1", time.Second, 1)
		var fe *FileError
		if !errors.As(err, &fe) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestParses(t *testing.T) {
	d := &Databases{}
	defer d.Close()
	for _, c := range []struct {
		sql          string
		sqlite, duck bool
	}{
		{"SELECT a FROM nowhere WHERE b = 1", true, true},
		{"SELECT a FROM nowhere; DELETE FROM t;", true, true},
		{"INSERT INTO t (a) VALUES (1)", true, true},
		{"SELECT `a` FROM t", true, true},
		{"SELECT [a] FROM t WHERE b GLOB 'x'", true, true},
		{"PIVOT t ON a USING sum(b)", false, true},
		{"SELECT a::INT FROM t WHERE b ILIKE 'x'", false, true},
		{"CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; DELETE FROM v; END", true, false},
		{"SELECT FROM WHERE", false, false},
		{"hello, here is your query", false, false},
		{"SELECT (1", false, false},
		{"SELECT 'a", false, false},
		{"SELECT 1; SELEC 2", false, false},
		{"-- nothing", false, false},
		{"DROP TABLE nowhere", true, true},
		{"SELECT \x00", false, false},
	} {
		for dialect, want := range map[string]bool{"sqlite": c.sqlite, "duckdb": c.duck} {
			if why := d.Parses(dialect, c.sql); (why == "") != want {
				t.Errorf("%s: %q: %q, want %v", dialect, c.sql, why, want)
			}
		}
	}
}

// FuzzParses: no text brings a parser down, and none is run.
func FuzzParses(f *testing.F) {
	for _, s := range []string{"SELECT 1", "SELECT 'a;b'; -- c", "CREATE TABLE t (a)", "/* x", "`", "((((", "SELECT * FROM t"} {
		f.Add(s)
	}
	d := &Databases{}
	f.Fuzz(func(t *testing.T, s string) {
		d.Parses("sqlite", s)
		d.Parses("duckdb", s)
		if why := d.Parses("sqlite", "CREATE TABLE t (a)"); why != "" {
			t.Fatalf("%q was run: %s", s, why)
		}
	})
}
