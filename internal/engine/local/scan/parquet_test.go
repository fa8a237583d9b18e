package scan

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/slice"
)

// parquet writes a query as a.parquet into a fresh folder and goes there.
func parquet(t *testing.T, sql string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := open2(t, 1).Exec(context.Background(), "COPY ("+sql+") TO 'a.parquet' (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
}

func TestParquetKinds(t *testing.T) {
	parquet(t, `SELECT * FROM (VALUES (1, true, 0.5::FLOAT, 'x'::ENUM('x', 'y'), 3::TINYINT, 1.50::DECIMAL(6,2), 170141183460469231731687303715884105727::HUGEINT, DATE '2024-02-01', 18446744073709551615::UBIGINT, 'nan'::DOUBLE),
		(2, false, 0.25, 'y', 2, 10.00, 5, NULL, 7, -0.0), (3, true, 0.75, NULL, NULL, NULL, NULL, DATE '2024-01-31', NULL, 0)) t(id, y, s, e, i, d, h, day, u, z)`)
	req := binary("a.parquet")
	req.Positive = "true"
	var names []string
	for _, c := range []string{"e", "i", "d", "h", "day", "u", "z"} {
		req.Slices = append(req.Slices, byColumn(t, c))
	}
	s, err := read(t, req, 2)
	if err != nil {
		t.Fatal(message(err))
	}
	for _, p := range s.Rows.Parts {
		names = append(names, p.Names...)
	}
	equal(t, "names", names, []string{"e=x", "e=y", "e=∅", "i=2", "i=3", "i=∅", "d=1.5", "d=10", "d=∅",
		"h=5", "h=1.7014118346046923e+38", "h=∅", "day=2024-01-31", "day=2024-02-01", "day=∅", "u=18446744073709551615", "u=7", "u=∅", "z=0", "z=NaN"})
	equal(t, "scores", s.Rows.Models[0].Score, []float64{0.5, 0.25, 0.75})
	equal(t, "class", s.Rows.Class, []uint16{1, 0, 1})
}

func TestParquetWrong(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"SELECT 1 AS id, 1 AS y, 'high' AS s UNION ALL SELECT 2, 0, '0.5'", `a.parquet, row 1 (id 1), column s: "high" is not a number | every cell of the score of candidate must be a number; a missing one is left empty`},
		{"SELECT 1 AS id, 1 AS y, [0.5] AS s", "a.parquet, column s: holds decimal(2,1)[], but the score of candidate must be a number"},
		{"SELECT 1 AS id, [1] AS y, 0.5 AS s", "a.parquet, column y: holds integer[], which cannot be a label"},
		{"SELECT 1 AS id, 1 AS y, DATE '2024-01-31' AS s", "a.parquet, column s: holds date, but the score of candidate must be a number"},
		{"SELECT 1 AS id, 1 AS y, 0.5 AS s WHERE false", "a.parquet: has no rows"},
		{"SELECT 1 AS id, 1 AS y, 0.5 AS t", "a.parquet: has no column s (score of candidate) | its columns are id, y, t"},
	} {
		parquet(t, c.sql)
		if _, err := read(t, binary("a.parquet"), 1); message(err) != c.want {
			t.Errorf("got  %s\nwant %s", message(err), c.want)
		}
	}
	parquet(t, "SELECT 1 AS id, 1 AS y, 0.5 AS s")
	if err := open2(t, 1).Exec(context.Background(), "COPY (SELECT 1 AS id, 1 AS y, 0.5 AS t) TO 'b.parquet' (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	_, err := read(t, binary("*.parquet"), 1)
	if !isDataError(err) || !strings.Contains(message(err), "b.parquet") {
		t.Errorf("files of different columns: %s", message(err))
	}
	data, err := os.ReadFile("a.parquet")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("cut.parquet", data[:len(data)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, binary("cut.parquet"), 1); message(err) != "cut.parquet: is not a Parquet file, whatever its name says | one that was cut short, as by a broken copy, is none either: copy or write it again" {
		t.Error(message(err))
	}
}

// TestPlain: text read by its hash and text read as it is give the same rows.
func TestPlain(t *testing.T) {
	parquet(t, "SELECT i AS id, i % 2 AS y, 0.5 AS s, CASE WHEN i % 5 > 0 THEN 'g' || i % 5 END AS g FROM range(3000) t(i)")
	req := binary("a.parquet")
	req.Slices = []slice.Partition{byColumn(t, "g")}
	p, err := Prepare(context.Background(), open2(t, 1), req)
	if err != nil {
		t.Fatal(err)
	}
	hashed, err := p.Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.t.column("g", "slice")
	if err != nil {
		t.Fatal(err)
	}
	c.asText()
	if err := p.layout(context.Background()); err != nil {
		t.Fatal(err)
	}
	plain, err := p.Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "forms", []keyForm{p.stream.coders[0].form}, []keyForm{textKey})
	equal(t, "names", hashed.Rows.Parts[0].Names, []string{"g=g1", "g=g2", "g=g3", "g=g4", "g=∅"})
	if !reflect.DeepEqual(hashed.Rows, plain.Rows) {
		t.Error("the rows differ")
	}
}

// TestLateField: a JSON field may first stand far down the file.
func TestLateField(t *testing.T) {
	var b strings.Builder
	for i := range 21_000 {
		fmt.Fprintf(&b, `{"id":%d,"y":%d}`+"\n", i, i%2)
	}
	b.WriteString(`{"id":"last","y":1,"s":0.5}` + "\n")
	s := must(t, map[string]string{"a.jsonl": b.String()}, binary("a.jsonl"))
	equal(t, "used", s.Facts.RowsUsed, int64(1))
	equal(t, "excluded", s.Facts.Excluded[0].Rows, int64(21_000))
}

func TestManyClasses(t *testing.T) {
	parquet(t, "SELECT i AS id, 'c' || i % 3000 AS y, 'c' || (i * 7) % 3001 AS p FROM range(9000) t(i)")
	req := engine.Request{Task: cases.Multiclass, Source: "a.parquet", ID: "id", Label: "y", Baseline: -1, Models: []cases.Model{{Key: "candidate", Prediction: "p"}}}
	s, err := read(t, req, 2)
	if err != nil {
		t.Fatal(message(err))
	}
	equal(t, "classes", len(s.Rows.Classes), 3001)
	for i, c := range s.Rows.Class {
		if s.Rows.Classes[c] != fmt.Sprintf("c%d", i%3000) || s.Rows.Classes[s.Rows.Models[0].Decision[i]] != fmt.Sprintf("c%d", i*7%3001) {
			t.Fatalf("row %d", i)
		}
	}
}
