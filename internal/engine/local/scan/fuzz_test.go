package scan

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

func nan() float64 { return math.NaN() }
func inf() float64 { return math.Inf(1) }

func day(t *testing.T, text string) time.Time {
	t.Helper()
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	t.Fatal(text)
	return time.Time{}
}

// FuzzCSV: whatever the bytes, reading gives rows or an error, and rows are finite.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"id,y,s\na,1,0.9\n", "\xef\xbb\xbfid;y;s\r\na;1;0,9\r\n", "id,y,s\n\"a\nb\",1,nan\n", "id,y,s\n\xff,1,0.5\n",
		"id\ty\ts\n1\t\t\n", "id,y,s,s\n", "\"id\",\"y\",\"s\"\n\"\"\"\",0,1e999\n", "y,s,id\r1,0.5,x\r0,0.25,y\r", "\n", ",,\n,,\n", "id,y,s\na,1,0.5,\n"} {
		f.Add([]byte(seed))
	}
	fuzz(f, "a.csv")
}

// FuzzJSONL is FuzzCSV for lines of JSON.
func FuzzJSONL(f *testing.F) {
	for _, seed := range []string{`{"id":"a","y":1,"s":0.5}`, "{\"id\":1,\"y\":true,\"s\":NaN}\n\n{}", "[1]", "{\"s\":[1,2],\"y\":{},\"id\":null}\n{", `{"y":1,"y":2,"s":1e999,"id":"\ud800"}`, "\xef\xbb\xbf{}", "{\"Y\":1,\"y\":0,\"s\":1,\"id\":2}"} {
		f.Add([]byte(seed))
	}
	fuzz(f, "a.jsonl")
}

func fuzz(f *testing.F, name string) {
	f.Helper()
	db, err := duck.Open(duck.Options{Threads: 1, Memory: 1 << 30})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(db.Close)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		req := binary(path)
		req.Slices = append(req.Slices, byColumn(t, "id"))
		p, err := Prepare(context.Background(), db, req)
		if err != nil {
			if !isDataError(err) {
				t.Fatalf("prepare: %v", err)
			}
			return
		}
		s, err := p.Read(context.Background())
		if err != nil {
			if !isDataError(err) {
				t.Fatalf("read: %v", err)
			}
			return
		}
		if s.Facts.RowsUsed != int64(s.Rows.N) || len(s.Rows.Class) != s.Rows.N || len(s.Rows.Models[0].Score) != s.Rows.N || len(s.Rows.Parts[0].Code) != s.Rows.N {
			t.Fatal("columns differ in length")
		}
		var excluded int64
		for _, x := range s.Facts.Excluded {
			excluded += x.Rows
		}
		if excluded+s.Facts.RowsUsed != s.Facts.Rows {
			t.Fatalf("%d rows are neither used nor excluded", s.Facts.Rows-excluded-s.Facts.RowsUsed)
		}
		for _, x := range s.Rows.Models[0].Score {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Fatal("a score is not finite")
			}
		}
	})
}
