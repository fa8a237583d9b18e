package scan

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// parquetRows reads a Parquet file as lines of text.
func parquetRows(t *testing.T, path string) []string {
	t.Helper()
	db := open2(t, 1)
	r, err := db.Query(context.Background(), "SELECT CAST(t AS VARCHAR) FROM read_parquet("+duck.Text(path)+") t")
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

func TestWriteScores(t *testing.T) {
	req := joined("b.csv")
	req.Cluster, req.Weight, req.Missing = "c", "w", engine.MissingWorst
	s := must(t, map[string]string{"a.csv": "id,y,s,c,w\na,1,0.9,k,1\nb,0,0.2,k,2\nc,,0.6,l,1\nd,0,,,0.5\n", "b.csv": "id,p\nb,0.25\na,0.75\nd,0.125\n"}, req)
	if err := s.WriteScores(context.Background(), "scores.parquet"); err != nil {
		t.Fatal(err)
	}
	equal(t, "rows", parquetRows(t, "scores.parquet"), []string{
		"{'id': a, 'label': 1, 'candidate': 0.9, 'baseline': 0.75, 'cluster': k, 'weight': 1.0}",
		"{'id': b, 'label': 0, 'candidate': 0.2, 'baseline': 0.25, 'cluster': k, 'weight': 2.0}",
		"{'id': d, 'label': 0, 'candidate': NULL, 'baseline': 0.125, 'cluster': NULL, 'weight': 0.5}"})
	left, err := filepath.Glob("*part*")
	if err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if err := s.WriteScores(context.Background(), "none/scores.parquet"); err == nil {
		t.Error("wrote into a folder that is not there")
	}
	if err := s.WriteScores(context.Background(), "scores.parquet"); err != nil { // a second time, over the first
		t.Fatal(err)
	}
}

func TestWriteScoresWithoutID(t *testing.T) {
	req := engine.Request{Task: cases.Multiclass, Source: "a.csv", Label: "y", Baseline: -1, Models: []cases.Model{{Key: "candidate", Prediction: "p"}}, Where: where(t, "g > 1")}
	s := must(t, map[string]string{"a.csv": "y,p,g\nu,v,1\nv,v,2\n,u,2\nu,u,3\n"}, req)
	if err := s.WriteScores(context.Background(), "scores.parquet"); err != nil {
		t.Fatal(err)
	}
	equal(t, "rows", parquetRows(t, "scores.parquet"), []string{"{'id': 2, 'label': v, 'candidate': v}", "{'id': 4, 'label': u, 'candidate': u}"})
}

// TestWriteScoresSame: the bytes do not depend on the number of threads.
func TestWriteScoresSame(t *testing.T) {
	large(t)
	var files [][]byte
	for _, threads := range []int{1, 2} {
		req := binary("a.parquet")
		req.Positive, req.Cluster = "true", "c"
		s, err := read(t, req, threads)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.WriteScores(context.Background(), "scores.parquet"); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile("scores.parquet")
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, data)
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the files differ")
	}
}

func TestCancelled(t *testing.T) {
	large(t)
	ctx, cancel := context.WithCancel(context.Background())
	p, err := Prepare(ctx, open2(t, 2), binary("a.csv"))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := p.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
}

func TestExemplars(t *testing.T) {
	req := binary("a*.csv")
	s := must(t, map[string]string{"a1.csv": "id,y,s\na,1,0.75\nb,0,\nc,1,0.25\n", "a2.csv": "id,y,s\nd,0,0.75\ne,1,1\n"}, req)
	x, err := s.Exemplars(context.Background(), 2)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "exemplars", x, []engine.Exemplar{
		{Model: "candidate", ID: "c", Row: 3, Label: "1", Output: 0.25, Loss: 0.75},
		{Model: "candidate", ID: "d", Row: 4, Label: "0", Output: 0.75, Loss: 0.75}})
	equal(t, "example", s.Facts.Excluded[0].Examples, []string{"row 2 of a1.csv (id b)"})
	s = must(t, map[string]string{"a.csv": "id,y,s\na,1,-3\nb,0,5\nc,1,0.75\n"}, binary("a.csv"))
	if x, err = s.Exemplars(context.Background(), 9); err != nil {
		t.Fatal(err)
	}
	equal(t, "scores that are no probabilities", []float64{x[0].Loss, x[1].Loss, float64(len(x))}, []float64{4.5, 3.5, 2})
}

func TestProfile(t *testing.T) {
	t.Chdir(t.TempDir())
	text := "id,y,s,zip,when,late,empty\n" + strings.Repeat("a,1,0.5,012,2024-01-31,7,\n", 3) + "b,0,1,34,2024-02-01 10:00:00,8,\nc,,0.25,34,,x,\n"
	if err := os.WriteFile("a.csv", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	columns, err := Columns(context.Background(), open2(t, 1), "a.csv")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []cases.Kind
	for _, c := range columns {
		kinds = append(kinds, c.Kind)
	}
	equal(t, "kinds", kinds, []cases.Kind{"text", "number", "number", "text", "time", "text", "text"})
	p, err := Profile(context.Background(), open2(t, 2), "a.csv")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "rows", p.Rows, int64(5))
	equal(t, "y", p.Columns[1], engine.ColumnProfile{Column: cases.Column{Name: "y", Kind: "number", Type: "BIGINT"}, Nulls: 1, Distinct: 2,
		Values: []string{"1", "0"}, Counts: []int64{3, 1}, Min: "0", Max: "1", Unit: true, Integral: true})
	equal(t, "s", p.Columns[2], engine.ColumnProfile{Column: cases.Column{Name: "s", Kind: "number", Type: "DOUBLE"}, Distinct: 3,
		Values: []string{"0.5", "0.25", "1"}, Counts: []int64{3, 1, 1}, Min: "0.25", Max: "1", Unit: true})
	equal(t, "zip", p.Columns[3].Values, []string{"012", "34"})
	equal(t, "when", []string{p.Columns[4].Min, p.Columns[4].Max}, []string{"2024-01-31 00:00:00", "2024-02-01 10:00:00"})
	equal(t, "late", p.Columns[5].Values, []string{"7", "8", "x"})
	equal(t, "empty", p.Columns[6].Nulls, int64(5))
	equal(t, "file", p.Files[0].Bytes, int64(len(text)))
}

// TestProfileLateText: a column whose text comes after the sample is text.
func TestProfileLateText(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("a.csv", []byte(manyRows(21_000, "late,1,0.5,x\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Profile(context.Background(), open2(t, 2), "a.csv")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "kind", p.Columns[3].Kind, cases.Text)
	equal(t, "values", len(p.Columns[3].Values), 8)
	equal(t, "distinct", p.Columns[0].Distinct > 15_000, true)
}

func TestClusterLike(t *testing.T) {
	t.Chdir(t.TempDir())
	// 2 000 rows of 200 customers. Whether a customer's rows are right is one draw for
	// all ten of them, so that the design effect is near 10 and intervals 3.2 × wider; visits are drawn by row.
	sql := `SELECT i AS id, 1 AS y, CASE WHEN hash(i % 200) % 4 = 0 THEN 0.1 ELSE 0.9 END AS s, i % 200 AS customer_id,
		hash(i, 7) % 200 AS visit, i % 3 AS region FROM range(2000) t(i)`
	if err := open2(t, 1).Exec(context.Background(), "COPY ("+sql+") TO 'a.csv' (HEADER)"); err != nil {
		t.Fatal(err)
	}
	req := binary("a.csv")
	req.Where = where(t, "region >= 0 AND id <> 5.5")
	found, err := ClusterLike(context.Background(), open2(t, 2), req)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "findings", found, []engine.Finding{{Code: "cluster_like_column",
		Text: "column customer_id repeats like a cluster id (200 values in 2000 rows) and no cluster is declared: with it, intervals of accuracy would be about 3.2 × wider"}})
	req.Cluster = "customer_id"
	if found, err = ClusterLike(context.Background(), open2(t, 2), req); err != nil || found != nil {
		t.Errorf("%v, %v", found, err)
	}
}
