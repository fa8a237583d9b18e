package scan

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
)

func joined(source string) engine.Request {
	req := binary("a.csv")
	req.Models = append(req.Models, cases.Model{Key: "baseline", Source: source, Score: "p", Threshold: half()})
	req.Baseline = 1
	return req
}

func TestJoin(t *testing.T) {
	files := map[string]string{"a.csv": "id,y,s\na,1,0.9\nb,0,0.2\nc,1,0.6\n,1,0.7\nd,0,0.1\ne,0,0.15\n", "b.csv": "p,id\n0.25,b\n0.75,a\nnan,d\n0.5,e\n"}
	s := must(t, files, joined("b.csv"))
	equal(t, "scores", s.Rows.Models[1].Score, []float64{0.75, 0.25, 0.5})
	equal(t, "joins", s.Facts.Joins, []engine.Join{{Model: "baseline", Rows: 4, Matched: 4, CasesWithout: 2, Examples: []string{"row 3 (id c)", "row 4"}}})
	equal(t, "excluded", s.Facts.Excluded, []engine.Excluded{
		{Reason: "p is NaN", Rows: 1, Examples: []string{"row 5 (id d)"}},
		{Reason: "baseline has no row with this id", Rows: 2, Examples: []string{"row 3 (id c)", "row 4"}},
	})
	equal(t, "missing", s.Facts.Missing, map[string]int64{"candidate": 0, "baseline": 3})
	equal(t, "files", []string{s.Facts.Files[0].Path, s.Facts.Files[1].Path}, []string{"a.csv", "b.csv"})
}

// TestJoinFilter: a prediction for a case that the filter drops is not left over.
func TestJoinFilter(t *testing.T) {
	req := joined("b.csv")
	req.Where = where(t, "y = 1 OR s > 0.15")
	s := must(t, map[string]string{"a.csv": "id,y,s\na,1,0.9\nb,0,0.2\nc,0,0.1\nc,1,0.3\n", "b.csv": "id,p\na,0.5\nb,0.5\nc,0.4\n"}, req)
	equal(t, "scores", s.Rows.Models[1].Score, []float64{0.5, 0.5, 0.4})
	equal(t, "rows", s.Facts.Rows, int64(3))
}

func TestJoinKinds(t *testing.T) {
	req := joined("b.parquet")
	t.Chdir(t.TempDir())
	db := open2(t, 1)
	for _, sql := range []string{"COPY (SELECT 'r' || i AS k, i AS id, i % 2 AS y, 0.5 AS s FROM range(5000) t(i)) TO 'a.csv' (HEADER)",
		"COPY (SELECT 4999 - i AS id, i / 5000.0 AS p FROM range(5000) t(i)) TO 'b.parquet' (FORMAT parquet)"} {
		if err := db.Exec(context.Background(), sql); err != nil {
			t.Fatal(err)
		}
	}
	s, err := read(t, req, 2)
	if err != nil {
		t.Fatal(message(err))
	}
	for i, x := range s.Rows.Models[1].Score {
		if math.Abs(x-float64(4999-i)/5000) > 1e-12 {
			t.Fatalf("row %d has %v", i, x)
		}
	}
	req.Models[1].Source = "c.jsonl"
	req.Models[1].Score = "q"
	if err := db.Exec(context.Background(), "COPY (SELECT i::VARCHAR AS id, 0.25 AS q FROM range(5000) t(i)) TO 'c.jsonl' (FORMAT json)"); err != nil {
		t.Fatal(err)
	}
	s, err = read(t, req, 2)
	if err != nil {
		t.Fatal(message(err))
	}
	equal(t, "findings", s.Facts.Findings, []engine.Finding{{Code: "id_types_differ", Text: "ids are number in a.csv and text in c.jsonl: they were compared as text"}})
}

func TestJoinMulticlass(t *testing.T) {
	req := engine.Request{Task: cases.Multiclass, Source: "a.csv", ID: "id", Label: "y", Baseline: -1, Models: []cases.Model{
		{Key: "candidate", Source: "b.csv", Prediction: "p"}, {Key: "other", Source: "c.csv", Probabilities: []string{"u", "v"}, ProbClasses: []string{"1", "x"}}}}
	s := must(t, map[string]string{"a.csv": "id,y\na,1\nb,x\nc,1\n", "b.csv": "id,p\nc,z\nb,1\na,1\n", "c.csv": "id,u,v\na,0.5,0.5\nb,0.25,0.75\n"}, req)
	equal(t, "classes", s.Rows.Classes, []string{"1", "x", "z"})
	equal(t, "decisions", s.Rows.Models[0].Decision, []uint16{0, 0})
	equal(t, "decided", s.Rows.Models[1].Decision, []uint16{0, 1})
	equal(t, "lost", s.Rows.Lost[0].Decisions, []uint16{2, 65535})
}

func TestReportIsKeptOnFailure(t *testing.T) {
	_, err := run(t, map[string]string{"a.csv": "id,y,s\na,1,0.9\nb,0,0.2\n", "b.csv": "id,p\na,0.5\nx,0.25\n"}, joined("b.csv"), 1)
	var d *engine.DataError
	if !errors.As(err, &d) || d.Where != "b.csv" {
		t.Fatal(err)
	}
}
