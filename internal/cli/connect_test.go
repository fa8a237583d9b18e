package cli_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/fairtrial/fairtrial/internal/cli"
	"github.com/fairtrial/fairtrial/internal/connect/connecttest"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// The same rows from wherever they live give the same results, to the last bit, and no
// secret of the way to them is written anywhere.

const anywhere = `name: same rows
task: binary
CONNECTION
data:
  source: SOURCE
  columns: {id: id, label: {column: label, positive: 1}}
models: {candidate: {score: a, threshold: 0.5}, baseline: {score: b, threshold: 0.5}}
metrics: [average_precision, log_loss, ece, ks]
slices: [grp, {column: age, bins: [30, 50]}]
gates:
  - {metric: roc_auc, at_least: 0.6}
  - {metric: recall, no_worse_than: baseline, margin: 0.05, slices: all}
`

// caseRow is one of the rows that every source holds; a null age stands for missing.
type caseRow struct {
	id    int64
	label int64
	a, b  float64
	grp   string
	age   *int64
}

func caseRows() []caseRow {
	var out []caseRow
	for i, line := range strings.Split(strings.TrimSpace(good(3000)), "\n")[1:] {
		f := strings.Split(line, ",")
		r := caseRow{id: int64(i), grp: f[4] + "-é"}
		if _, err := fmt.Sscan(f[1]+" "+f[2]+" "+f[3], &r.label, &r.a, &r.b); err != nil {
			panic(err)
		}
		if age := int64(18 + (i*7)%60); i%50 != 0 {
			r.age = &age
		}
		out = append(out, r)
	}
	return out
}

// statements create and fill a table; SQLite, PostgreSQL, DuckDB and Trino take them.
func statements(table string, rows []caseRow) []string {
	out := []string{"CREATE TABLE " + table + " (id bigint, label integer, a double precision, b double precision, grp varchar(10), age bigint)"}
	for len(rows) > 0 {
		n := min(500, len(rows))
		var values []string
		for _, r := range rows[:n] {
			age := "NULL"
			if r.age != nil {
				age = fmt.Sprint(*r.age)
			}
			values = append(values, fmt.Sprintf("(%d, %d, %g, %g, '%s', %s)", r.id, r.label, r.a, r.b, r.grp, age))
		}
		out = append(out, "INSERT INTO "+table+" VALUES "+strings.Join(values, ", "))
		rows = rows[n:]
	}
	return out
}

func execAll(t *testing.T, driver, dsn string, statements []string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%.80s: %v", s, err)
		}
	}
}

// filed writes the rows as files of every kind into dir.
func filed(t *testing.T, dir string, rows []caseRow) {
	t.Helper()
	at := func(name string) string { return filepath.Join(dir, name) }
	db, err := duck.Open(duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	do := append([]string{"ATTACH " + duck.Text(at("rows.duckdb")) + " AS f"}, statements("f.cases", rows)...)
	for _, form := range []string{"parquet", "csv"} {
		do = append(do, "COPY f.cases TO "+duck.Text(at("rows."+form))+" (FORMAT "+form+")")
	}
	do = append(do, "COPY f.cases TO "+duck.Text(at("rows.jsonl"))+" (FORMAT json)", "DETACH f")
	for _, s := range do {
		if err := db.Exec(t.Context(), s); err != nil {
			t.Fatalf("%.80s: %v", s, err)
		}
	}
	execAll(t, "sqlite", at("rows.sqlite"), statements("cases", rows))
	arrowFile(t, at("rows.arrow"), rows)
}

func arrowFile(t *testing.T, path string, rows []caseRow) {
	t.Helper()
	whole, real := arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64
	schema := arrow.NewSchema([]arrow.Field{{Name: "id", Type: whole}, {Name: "label", Type: arrow.PrimitiveTypes.Int32}, {Name: "a", Type: real}, {Name: "b", Type: real},
		{Name: "grp", Type: arrow.BinaryTypes.String}, {Name: "age", Type: whole, Nullable: true}}, nil)
	b := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
	defer b.Release()
	for _, r := range rows {
		b.Field(0).(*array.Int64Builder).Append(r.id)
		b.Field(1).(*array.Int32Builder).Append(int32(r.label))
		b.Field(2).(*array.Float64Builder).Append(r.a)
		b.Field(3).(*array.Float64Builder).Append(r.b)
		b.Field(4).(*array.StringBuilder).Append(r.grp)
		if r.age == nil {
			b.Field(5).AppendNull()
		} else {
			b.Field(5).(*array.Int64Builder).Append(*r.age)
		}
	}
	batch := b.NewRecordBatch()
	defer batch.Release()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := ipc.NewFileWriter(f, ipc.WithSchema(schema))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(batch); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// with runs the program in process with an environment.
func with(env map[string]string, dir string, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	e := &cli.Env{Args: append([]string{"fairtrial"}, args...), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Getenv: alone(env), Dir: dir, Now: time.Now, Context: context.Background()}
	return cli.Main(e), out.String(), errs.String()
}

// planFor writes a plan that reads its rows from a source.
func planFor(t *testing.T, dir, name, connection, source string) string {
	t.Helper()
	file := name + ".yaml"
	if connection != "" {
		connection = "connections: {" + connection + "}"
	}
	text := strings.NewReplacer("CONNECTION", connection, "SOURCE", source).Replace(anywhere)
	if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// ran is what a run left.
type ran struct {
	ResultDigest string `json:"result_digest"`
	Run          struct {
		Pulls []struct {
			Kind, Query string
			Rows        int64
			Started     time.Time
			Parts       []struct{ Digest string }
		}
	}
	all map[string]any
}

// evaluated runs a plan and reads its record.
func evaluated(t *testing.T, env map[string]string, dir, plan string) ran {
	t.Helper()
	out := strings.TrimSuffix(plan, ".yaml")
	if status, stdout, stderr := with(env, dir, "run", plan, "-o", out); status != 0 {
		t.Fatalf("%s: exit status %d\n%s%s", plan, status, stdout, stderr)
	}
	b, err := os.ReadFile(filepath.Join(dir, out, "record.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r ran
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &r.all); err != nil {
		t.Fatal(err)
	}
	return r
}

// sameResults says where two records first differ.
func sameResults(t *testing.T, name string, a, b ran) {
	t.Helper()
	if a.ResultDigest == b.ResultDigest && a.ResultDigest != "" {
		return
	}
	t.Errorf("%s: result_digest %s, of the Parquet file %s", name, b.ResultDigest, a.ResultDigest)
	for _, key := range []string{"estimates", "comparisons", "gates", "verdict", "slices", "curves", "tables", "exemplars"} {
		differ(t, name+": "+key, a.all[key], b.all[key])
	}
}

func differ(t *testing.T, at string, a, b any) {
	x, okX := a.([]any)
	y, okY := b.([]any)
	if okX && okY && len(x) == len(y) {
		for i := range x {
			differ(t, fmt.Sprintf("%s[%d]", at, i), x[i], y[i])
		}
		return
	}
	p, err1 := json.Marshal(a)
	q, err2 := json.Marshal(b)
	if err1 != nil || err2 != nil || !bytes.Equal(p, q) {
		t.Errorf("%s:\n%s\n%s", at, p, q)
	}
}

const s3Secret = "s3cr3t-of-the-store"

func TestSameRowsFromAnywhere(t *testing.T) {
	dir := t.TempDir()
	rows := caseRows()
	filed(t, dir, rows)
	reference := evaluated(t, nil, dir, planFor(t, dir, "parquet", "", "rows.parquet"))

	dsn := connecttest.Postgres(t)
	execAll(t, "pgx", dsn, statements("cases", rows))
	env := map[string]string{"WAREHOUSE": dsn, "REDSHIFT": connecttest.Redshift(t, dsn)}
	t.Setenv("AWS_ACCESS_KEY_ID", "key-of-tests") // the SDK reads the process's own environment
	t.Setenv("AWS_SECRET_ACCESS_KEY", s3Secret)
	settings, put := connecttest.S3(t, nil)
	for _, form := range []string{"parquet", "arrow"} {
		b, err := os.ReadFile(filepath.Join(dir, "rows."+form))
		if err != nil {
			t.Fatal(err)
		}
		put("day/rows."+form, string(b))
	}

	const query = "{connection: db, query: SELECT * FROM cases ORDER BY id}"
	for _, c := range []struct{ name, connection, source string }{
		{"csv", "", "rows.csv"},
		{"jsonl", "", "rows.jsonl"},
		{"arrow", "", "rows.arrow"},
		{"sqlite", "db: {kind: sqlite, path: rows.sqlite}", query},
		{"duckdb", "db: {kind: duckdb, path: rows.duckdb}", query},
		{"postgres", "db: {kind: postgres, url: env:WAREHOUSE}", query},
		{"redshift", "db: {kind: redshift, url: env:REDSHIFT}", query}, // PostgreSQL behind Redshift's wire
		{"resumed", "db: {kind: postgres, url: env:WAREHOUSE}", "{connection: db, table: cases, resume_by: id}"},
		{"s3", "", "s3://cases/day/rows.parquet?" + settings},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := evaluated(t, env, dir, planFor(t, dir, c.name, c.connection, c.source))
			sameResults(t, c.name, reference, r)
			if strings.Contains(c.source, "connection") {
				if len(r.Run.Pulls) != 1 || r.Run.Pulls[0].Rows != int64(len(rows)) || !strings.Contains(r.Run.Pulls[0].Query, "FROM cases") || r.Run.Pulls[0].Started.IsZero() {
					t.Errorf("pulled %+v", r.Run.Pulls)
				}
			}
			for _, args := range [][]string{{"verify", c.name}, {"verify", "--rerun", c.name}, {"check", c.name + ".yaml"}, {"report", c.name, "--format", "json"}} {
				status, stdout, stderr := with(env, dir, args...)
				if status != 0 {
					t.Errorf("%v: exit status %d\n%s", args, status, stderr)
				}
				noSecret(t, fmt.Sprint(args), stdout+stderr)
			}
		})
	}
	nowhere(t, dir)
}

func TestSameRowsFromTrino(t *testing.T) {
	address := connecttest.Trino(t)
	dir := t.TempDir()
	rows := caseRows()
	filed(t, dir, rows)
	reference := evaluated(t, nil, dir, planFor(t, dir, "parquet", "", "rows.parquet"))
	execAll(t, "trino", address, statements("cases", rows))
	plan := planFor(t, dir, "trino", "db: {kind: trino, url: env:LAKE}", "{connection: db, query: SELECT * FROM cases ORDER BY id}")
	sameResults(t, "trino", reference, evaluated(t, map[string]string{"LAKE": address}, dir, plan))
}

func TestSameRowsFromClickHouse(t *testing.T) {
	address, run := connecttest.ClickHouse(t)
	dir := t.TempDir()
	rows := caseRows()
	filed(t, dir, rows)
	reference := evaluated(t, nil, dir, planFor(t, dir, "parquet", "", "rows.parquet"))
	do := statements("cases", rows)
	do[0] = "CREATE TABLE cases (id Int64, label Int32, a Float64, b Float64, grp String, age Nullable(Int64)) ENGINE = MergeTree ORDER BY id"
	for _, sql := range do {
		run(sql)
	}
	plan := planFor(t, dir, "clickhouse", "db: {kind: clickhouse, url: env:LAKE}", "{connection: db, query: SELECT * FROM cases ORDER BY id}")
	sameResults(t, "clickhouse", reference, evaluated(t, map[string]string{"LAKE": address}, dir, plan))
}

func noSecret(t *testing.T, where, text string) {
	t.Helper()
	for _, s := range []string{connecttest.Password, s3Secret} {
		if strings.Contains(text, s) {
			t.Errorf("%s holds a secret", where)
		}
	}
}

// nowhere looks for the secrets in every file of a folder, workspace included.
func nowhere(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		files++
		noSecret(t, path, string(b))
		return err
	})
	if err != nil || files < 20 {
		t.Errorf("%d files were looked at: %v", files, err)
	}
}
