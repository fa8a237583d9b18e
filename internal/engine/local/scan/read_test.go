package scan

import (
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

// run writes the files into a fresh folder, goes there and reads the request.
func run(t *testing.T, files map[string]string, req engine.Request, threads int) (*Scan, error) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return read(t, req, threads)
}

func read(t *testing.T, req engine.Request, threads int) (*Scan, error) {
	t.Helper()
	db, err := duck.Open(duck.Options{Threads: threads, Memory: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	p, err := Prepare(context.Background(), db, req)
	if err != nil {
		return nil, err
	}
	return p.Read(context.Background())
}

func half() *float64 { x := 0.5; return &x }

func binary(source string) engine.Request {
	return engine.Request{Task: cases.Binary, Source: source, ID: "id", Label: "y", Positive: "1", Baseline: -1,
		Models: []cases.Model{{Key: "candidate", Score: "s", Threshold: half()}}}
}

func TestBinaryCSV(t *testing.T) {
	s, err := run(t, map[string]string{"a.csv": "id,y,s,region\na,1,0.9,DE\nb,0,0.2,\nc,1,,FR\nd,,0.3,DE\ne,0,nan,DE\n"}, binary("a.csv"), 2)
	if err != nil {
		t.Fatal(err)
	}
	r, f := s.Rows, s.Facts
	if r.N != 2 || f.Rows != 5 || f.RowsRead != 5 || f.RowsUsed != 2 || f.NoLabel != 1 || f.Missing["candidate"] != 2 {
		t.Fatalf("%+v", f)
	}
	if r.Class[0] != 1 || r.Class[1] != 0 || r.Models[0].Score[0] != 0.9 || r.Models[0].Score[1] != 0.2 {
		t.Fatalf("%+v", r)
	}
	if len(r.Lost) != 3 || len(f.Excluded) != 3 || f.Excluded[0].Reason != "label missing" || f.Excluded[1].Reason != "s is null" || f.Excluded[2].Examples[0] != "row 5 (id e)" {
		t.Fatalf("%+v %+v", r.Lost, f.Excluded)
	}
}

func message(err error) string {
	var d *engine.DataError
	if errors.As(err, &d) {
		if d.Hint != "" {
			return d.Error() + " | " + d.Hint
		}
		return d.Error()
	}
	if err == nil {
		return ""
	}
	return "not a data error: " + err.Error()
}

var _ = strings.Repeat
