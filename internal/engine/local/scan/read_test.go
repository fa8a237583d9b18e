package scan

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/slice"
)

// run writes the files into a fresh folder, goes there and reads the request.
func run(t testing.TB, files map[string]string, req engine.Request, threads int) (*Scan, error) {
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

func open2(t testing.TB, threads int) *duck.DB {
	t.Helper()
	db, err := duck.Open(duck.Options{Threads: threads, Memory: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func read(t testing.TB, req engine.Request, threads int) (*Scan, error) {
	t.Helper()
	p, err := Prepare(context.Background(), open2(t, threads), req)
	if err != nil {
		return nil, err
	}
	return p.Read(context.Background())
}

func must(t testing.TB, files map[string]string, req engine.Request) *Scan {
	t.Helper()
	s, err := run(t, files, req, 2)
	if err != nil {
		t.Fatal(message(err))
	}
	return s
}

func half() *float64 { x := 0.5; return &x }

func binary(source string) engine.Request {
	return engine.Request{Task: cases.Binary, Source: source, ID: "id", Label: "y", Positive: "1", Baseline: -1,
		Models: []cases.Model{{Key: "candidate", Score: "s", Threshold: half()}}}
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

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: -want +got\n%s", what, diff)
	}
}

func TestUnusableRows(t *testing.T) {
	s := must(t, map[string]string{"a.csv": "id,y,s\na,1,0.9\nb,0,0.2\nc,1,\nd,,0.3\ne,0,nan\nf,1,inf\ng,0,\nh,nan,0.1\ni,,\n"}, binary("a.csv"))
	equal(t, "excluded", s.Facts.Excluded, []engine.Excluded{
		{Reason: "label missing", Rows: 2, Examples: []string{"row 4 (id d)", "row 9 (id i)"}},
		{Reason: "label is NaN", Rows: 1, Examples: []string{"row 8 (id h)"}},
		{Reason: "s is null", Rows: 2, Examples: []string{"row 3 (id c)", "row 7 (id g)"}},
		{Reason: "s is NaN", Rows: 1, Examples: []string{"row 5 (id e)"}},
		{Reason: "s is infinite", Rows: 1, Examples: []string{"row 6 (id f)"}},
	})
	f := s.Facts
	equal(t, "counts", []int64{f.Rows, f.RowsRead, f.RowsUsed, f.NoLabel, f.Missing["candidate"]}, []int64{9, 9, 2, 3, 5})
	equal(t, "class", s.Rows.Class, []uint16{1, 0})
	equal(t, "score", s.Rows.Models[0].Score, []float64{0.9, 0.2})
	equal(t, "classes", f.Classes, []engine.ClassCount{{Class: "0", Rows: 1}, {Class: "1", Rows: 1}})
	equal(t, "lost", len(s.Rows.Lost), 7)
	equal(t, "lost row 3", s.Rows.Lost[0], rows.Lost{Label: 1, Decisions: []uint16{rows.None}, Missing: []bool{true}, Weight: 1, Codes: []uint16{}})
	equal(t, "lost row 4", s.Rows.Lost[1], rows.Lost{Label: rows.None, Decisions: []uint16{0}, Missing: []bool{false}, Weight: 1, Codes: []uint16{}})
}

// TestForms reads the same three rows from every way of writing them.
func TestForms(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	fmt.Fprint(z, "id,y,s,g\na,1,0.9,x\nb,0,0.25,\nc,1,0.5,z\n")
	z.Close()
	plain := "id,y,s,g\na,1,0.9,x\nb,0,0.25,\nc,1,0.5,z\n"
	forms := map[string]map[string]string{
		"plain":        {"a.csv": plain},
		"CRLF":         {"a.csv": strings.ReplaceAll(plain, "\n", "\r\n")},
		"BOM":          {"a.csv": "\xef\xbb\xbf" + plain},
		"quoted BOM":   {"a.csv": "\xef\xbb\xbf\"id\",\"y\",\"s\",\"g\"\n\"a\",\"1\",\"0.9\",\"x\"\nb,0,0.25,\"\"\nc,1,0.5,z\n"},
		"semicolons":   {"a.csv": strings.ReplaceAll(plain, ",", ";")},
		"pipes":        {"a.csv": strings.ReplaceAll(plain, ",", "|")},
		"tabs in .csv": {"a.csv": strings.ReplaceAll(plain, ",", "\t")},
		"TSV":          {"a.tsv": strings.ReplaceAll(plain, ",", "\t")},
		"gzip":         {"a.csv.gz": zipped.String()},
		"no last line": {"a.csv": strings.TrimSuffix(plain, "\n")},
		"blank lines":  {"a.csv": strings.ReplaceAll(plain, "b,", "\nb,") + "\n\n"},
		"spaces":       {"a.csv": strings.Replace(plain, "0.9", " 0.9 ", 1)},
		"other names":  {"a.csv": "extra,id,y,s,g,extra\n,a,1.0,.9,x,\n,b,-0,25e-2,,\n,c,1,0.50,z,\n"},
		"two files":    {"a1.csv": "id,y,s,g\na,1,0.9,x\n", "a2.csv": "id,y,s,g\nb,0,0.25,\nc,1,0.5,z\n"},
		"odd name":     {"a[1]*?.csv": plain},
		"JSONL":        {"a.jsonl": `{"id":"a","y":1,"s":0.9,"g":"x"}` + "\n" + `{"id":"b","y":0,"s":0.25,"g":null}` + "\n\n" + `{"s":0.5,"g":"z","y":1,"id":"c","more":[1]}`},
		"JSON text":    {"a.ndjson": `{"id":"a","y":"1","s":"0.9","g":"x"}` + "\n" + `{"id":"b","y":"0","s":"0.25"}` + "\n" + `{"s":"0.5","g":"z","y":"1","id":"c"}`},
	}
	digest := ""
	for name, files := range forms {
		t.Run(name, func(t *testing.T) {
			req := binary("a*")
			for file := range files {
				if len(files) == 1 {
					req.Source = file
				}
			}
			req.Slices = []slice.Partition{byColumn(t, "g")}
			s := must(t, files, req)
			if digest == "" {
				digest = s.Facts.RowsDigest
			}
			equal(t, "rows digest", s.Facts.RowsDigest, digest)
			equal(t, "class", s.Rows.Class, []uint16{1, 0, 1})
			equal(t, "score", s.Rows.Models[0].Score, []float64{0.9, 0.25, 0.5})
			equal(t, "slices", s.Rows.Parts[0].Names, []string{"g=x", "g=z", "g=∅"})
			equal(t, "codes", s.Rows.Parts[0].Code, []uint16{0, 2, 1})
			equal(t, "files", len(s.Facts.Files), len(files))
		})
	}
}

func TestQuotedNewlines(t *testing.T) {
	req := binary("a.csv")
	req.Slices = []slice.Partition{byColumn(t, "note, long")}
	s := must(t, map[string]string{"a.csv": "id,\"note, long\",y,s\na,\"two\nlines, \"\"quoted\"\"\",1,0.9\nb,plain,0,0.2\nc,plain,0,\n"}, req)
	equal(t, "rows", s.Rows.N, 2)
	equal(t, "names", s.Rows.Parts[0].Names, []string{"note, long=plain", `note, long="two\nlines, \"quoted\""`})
	equal(t, "rows aside", s.Rows.Parts[0].Aside, []int64{1, 0})
	equal(t, "example counts records, not lines", s.Facts.Excluded[0].Examples, []string{"row 3 (id c)"})
}

func TestLabels(t *testing.T) {
	for _, c := range []struct {
		name, labels, positive string
		classes                []string
		first                  uint16
	}{
		{"booleans", "true false", "true", []string{"false", "true"}, 1},
		{"upper booleans", "TRUE FALSE", "true", []string{"false", "true"}, 1},
		{"words", "yes no", "yes", []string{"no", "yes"}, 1},
		{"words, other way", "yes no", "no", []string{"yes", "no"}, 0},
		{"numbers", "1.0 0.0", "1", []string{"0", "1"}, 1},
		{"other numbers", "2 -1", "2", []string{"-1", "2"}, 1},
		{"positive written long", "1 0", "1.0", []string{"0", "1"}, 1},
		{"unicode", "größer kleiner", "größer", []string{"kleiner", "größer"}, 1},
		{"one class", "1 1", "1", []string{"0", "1"}, 1},
		{"other class alone", "0 0", "1", []string{"0", "1"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := strings.Fields(c.labels)
			req := binary("a.csv")
			req.Positive = c.positive
			s := must(t, map[string]string{"a.csv": "id,y,s\na," + l[0] + ",0.9\nb," + l[1] + ",0.2\n"}, req)
			want := c.classes
			if c.name == "positive written long" {
				want = []string{"0", "1"}
			}
			equal(t, "classes", s.Rows.Classes, want)
			equal(t, "first", s.Rows.Class[0], c.first)
		})
	}
}

// TestLateKinds: a column is what all of its rows say, wherever the odd one stands.
func TestLateKinds(t *testing.T) {
	text := manyRows(25_000, "late,1,0.5,x\n")
	req := binary("a.csv")
	req.Slices = []slice.Partition{byColumn(t, "g")}
	s := must(t, map[string]string{"a.csv": text}, req)
	equal(t, "names", s.Rows.Parts[0].Names, []string{"g=0", "g=1", "g=2", "g=3", "g=4", "g=5", "g=6", "g=x"})
	equal(t, "aside", s.Rows.Parts[0].Aside, make([]int64, 8))

	req.Slices = nil
	req.Where = where(t, "g < 3")
	_, err := run(t, map[string]string{"a.csv": text}, req, 2)
	if err == nil || !strings.Contains(err.Error(), "column g holds text, but 3 is a number") {
		t.Errorf("a filter on numbers over a column with text: %v", err)
	}
}

func TestSliceKinds(t *testing.T) {
	req := binary("a.csv")
	for _, c := range []string{"zip", "big", "half", "flag", "day"} {
		req.Slices = append(req.Slices, byColumn(t, c))
	}
	s := must(t, map[string]string{"a.csv": "id,y,s,zip,big,half,flag,day\n" +
		"a,1,0.9,01234,9007199254740993,10,true,2024-01-31\nb,0,0.2,1234,9007199254740992,9.50,false,2024-01-30 08:30:00\nc,0,0.2,1234,,-0.5,,\n"}, req)
	var names []string
	for _, p := range s.Rows.Parts {
		names = append(names, p.Names...)
	}
	equal(t, "names", names, []string{"zip=01234", "zip=1234", "big=9007199254740992", "big=9007199254740993", "big=∅", "half=-0.5", "half=9.5", "half=10",
		"flag=false", "flag=true", "flag=∅", "day=2024-01-30 08:30:00", "day=2024-01-31", "day=∅"})
}

func TestPartitions(t *testing.T) {
	cross, err := slice.CrossSlice("g", "h")
	if err != nil {
		t.Fatal(err)
	}
	bins, err := slice.BinSlice("age", []float64{20, 40, 90})
	if err != nil {
		t.Fatal(err)
	}
	young, err := slice.WhereSlice("young", *where(t, "age < 25 AND g = 'x'"))
	if err != nil {
		t.Fatal(err)
	}
	req := binary("a.csv")
	req.Slices = []slice.Partition{cross, bins, young}
	s := must(t, map[string]string{"a.csv": "id,y,s,g,h,age\na,1,0.9,x,1,20\nb,0,0.2,y,2,19.5\nc,1,0.5,,1,\nd,0,,x,1,24\ne,0,0.1,x,2,nan\nf,1,0.1,x,1,1e3\n"}, req)
	equal(t, "cross names", s.Rows.Parts[0].Names, []string{"g=x & h=1", "g=x & h=2", "g=y & h=2", "g=∅ & h=1"})
	equal(t, "cross codes", s.Rows.Parts[0].Code, []uint16{0, 2, 3, 1, 0})
	equal(t, "cross rows aside", s.Rows.Parts[0].Aside, []int64{1, 0, 0, 0})
	equal(t, "bin names", s.Rows.Parts[1].Names, []string{"age=<20", "age=[20, 40)", "age=[40, 90)", "age=≥90", "age=∅"})
	equal(t, "bin codes", s.Rows.Parts[1].Code, []uint16{1, 0, 4, 4, 3})
	equal(t, "bin rows aside", s.Rows.Parts[1].Aside, []int64{0, 1, 0, 0, 0})
	equal(t, "where names", s.Rows.Parts[2].Names, []string{"young"})
	equal(t, "where codes", s.Rows.Parts[2].Code, []uint16{0, rows.None, rows.None, rows.None, rows.None})
	equal(t, "where rows aside", s.Rows.Parts[2].Aside, []int64{1})
	equal(t, "lost codes", s.Rows.Lost[0].Codes, []uint16{0, 1, 0})
}

func TestWeightsAndClusters(t *testing.T) {
	req := binary("a.csv")
	req.Weight, req.Cluster = "w", "c"
	s := must(t, map[string]string{"a.csv": "id,y,s,w,c\na,1,0.9,2,007\nb,0,0.2,,7\nc,1,0.5,inf,7\nd,0,0.4,0,7\ne,0,0.1,1,\nf,1,0.1,1,\ng,1,,nan,7\n"}, req)
	equal(t, "weight", s.Rows.Weight, []float64{2, 0, 1, 1})
	equal(t, "cluster", s.Rows.Cluster, []uint32{0, 1, 2, 3})
	equal(t, "clusters", s.Facts.Clusters, int64(4))
	equal(t, "hash", s.Rows.ClusterHash[:2], []uint64{fnv1a([]byte("007")), fnv1a([]byte("7"))})
	equal(t, "excluded", s.Facts.Excluded, []engine.Excluded{
		{Reason: "w is null", Rows: 1, Examples: []string{"row 2 (id b)"}},
		{Reason: "w is NaN", Rows: 1, Examples: []string{"row 7 (id g)"}},
		{Reason: "w is infinite", Rows: 1, Examples: []string{"row 3 (id c)"}},
	})
	equal(t, "a row without a usable weight is not lost", len(s.Rows.Lost), 0)
	equal(t, "but its missing prediction counts", s.Facts.Missing["candidate"], int64(1))
	equal(t, "findings", s.Facts.Findings, []engine.Finding{{Code: "cluster_missing", Text: "2 rows without c: each is a cluster of its own"}})
}

func TestRegression(t *testing.T) {
	req := engine.Request{Task: cases.Regression, Source: "a.csv", Label: "y", Baseline: -1, Models: []cases.Model{{Key: "candidate", Prediction: "f"}}}
	s := must(t, map[string]string{"a.csv": "y,f\n1.5,1\n2.5,-2\ninf,1\n,1\n3.5,nan\n"}, req)
	equal(t, "target", s.Rows.Target, []float64{1.5, 2.5})
	equal(t, "pivot", s.Rows.Pivot, 2.0)
	equal(t, "score", s.Rows.Models[0].Score, []float64{1, -2})
	equal(t, "reasons", []string{s.Facts.Excluded[0].Reason, s.Facts.Excluded[1].Reason, s.Facts.Excluded[2].Reason}, []string{"label missing", "label is infinite", "f is NaN"})
	x, err := s.Exemplars(context.Background(), 5)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "exemplars", x, []engine.Exemplar{{Model: "candidate", Row: 2, Label: "2.5", Output: -2, Loss: 4.5}, {Model: "candidate", Row: 1, Label: "1.5", Output: 1, Loss: 0.5}})
}

func TestMulticlass(t *testing.T) {
	req := engine.Request{Task: cases.Multiclass, Source: "a.csv", ID: "id", Label: "y", Baseline: 1, Models: []cases.Model{
		{Key: "candidate", Prediction: "p"},
		{Key: "baseline", Probabilities: []string{"pc", "pa", "pb"}, ProbClasses: []string{"c", "a", "b"}}}}
	s := must(t, map[string]string{"a.csv": "id,y,p,pc,pa,pb\n1,a,a,0.2,0.5,0.3\n2,b,d,0.4,0.4,0.2\n3,a,,0,1,0\n4,,a,0,1,0\n5,b,b,0.2,0.2,0.2\n"}, req)
	equal(t, "classes", s.Rows.Classes, []string{"a", "b", "c", "d"})
	equal(t, "labels", s.Rows.Class, []uint16{0, 1, 1})
	equal(t, "decisions", s.Rows.Models[0].Decision, []uint16{0, 3, 1})
	equal(t, "decisions by probability", s.Rows.Models[1].Decision, []uint16{0, 0, 0})
	equal(t, "probabilities", s.Rows.Models[1].Probs, [][]float64{{0.5, 0.4, 0.2}, {0.3, 0.2, 0.2}, {0.2, 0.4, 0.2}, {0, 0, 0}})
	equal(t, "lost", s.Rows.Lost[0], rows.Lost{Label: 0, Decisions: []uint16{rows.None, 0}, Missing: []bool{true, false}, Weight: 1, Codes: []uint16{}})
	equal(t, "lost without label", s.Rows.Lost[1].Decisions, []uint16{0, 0})
	equal(t, "findings", s.Facts.Findings, []engine.Finding{{Code: "probabilities_not_normalised", Text: "the class probabilities of baseline do not sum to 1 in 1 row"}})
}

func TestListProbabilities(t *testing.T) {
	req := engine.Request{Task: cases.Multiclass, Source: "a.jsonl", Label: "y", Baseline: -1, Models: []cases.Model{{Key: "candidate", Probabilities: []string{"p"}}}}
	line := func(y, p string) string { return `{"y":` + y + `,"p":` + p + "}\n" }
	s := must(t, map[string]string{"a.jsonl": line("10", "[0.1,0.9]") + line("9", "[0.5,0.5]") + line("9", "null") + line("9", "[0.5,null]")}, req)
	equal(t, "classes", s.Rows.Classes, []string{"9", "10"})
	equal(t, "probs", s.Rows.Models[0].Probs, [][]float64{{0.1, 0.5}, {0.9, 0.5}})
	equal(t, "decisions", s.Rows.Models[0].Decision, []uint16{1, 0})
	equal(t, "reasons", []string{s.Facts.Excluded[0].Reason, s.Facts.Excluded[1].Reason}, []string{"p is null", "p holds a null"})
	for text, want := range map[string]string{
		line("1", "[0.1,0.9]") + line("0", "[0.1]"):                              "a.jsonl, row 2, column p: the list has 1 probabilities, but the first one had 2 | each list needs one probability for each class, in the same order",
		line("1", "[0.1,0.9]") + line("0", "[1.1,-0.1]"):                         "a.jsonl, row 2, column p: 1.1 is not a probability: it is outside [0, 1] | if these scores only rank, leave out the metrics that need probabilities (log_loss, brier, ece)",
		line("1", "[0.1,0.9]") + line("0", "[0.1,0.9]") + line("2", "[0.1,0.9]"): "a.jsonl, column p: its lists have 2 probabilities, but 3 classes were found: 0, 1, 2 | name the classes of the list in its order",
	} {
		if _, err := run(t, map[string]string{"a.jsonl": text}, req, 2); message(err) != want {
			t.Errorf("got  %s\nwant %s", message(err), want)
		}
	}
}

func TestWorstCase(t *testing.T) {
	req := binary("a.csv")
	req.Models = append(req.Models, cases.Model{Key: "baseline", Score: "b", Threshold: half()})
	req.Baseline, req.Missing = 1, engine.MissingWorst
	text := "id,y,s,b\na,1,0.9,0.8\nb,0,0.2,0.3\nc,1,,0.4\nd,0,nan,\n"
	s := must(t, map[string]string{"a.csv": text}, req)
	equal(t, "used", s.Rows.N, 4)
	equal(t, "lost", len(s.Rows.Lost), 0)
	c, b := s.Rows.Models[0].Score, s.Rows.Models[1].Score
	if !(c[2] < 0.2 && c[3] > 0.9 && b[3] < 0.3) {
		t.Errorf("imputed %v %v", c, b)
	}
	equal(t, "missing", s.Facts.Missing, map[string]int64{"candidate": 2, "baseline": 1})
	equal(t, "findings", len(s.Facts.Findings), 3)
	req.NeedProbability = []bool{true, true}
	s = must(t, map[string]string{"a.csv": text}, req)
	equal(t, "probabilities", s.Rows.Models[0].Score[2:], []float64{0, 1})
	equal(t, "baseline", s.Rows.Models[1].Score[3], 0.0)
}

func TestFilter(t *testing.T) {
	text := "id,y,s,g\na,1,0.9,x\nb,0,7,y\nc,0,0.1,x\nd,1,,x\ne,1,0.3,\n"
	parquet := func(t *testing.T) {
		if err := open2(t, 1).Exec(context.Background(), "COPY (SELECT * FROM read_csv('a.csv')) TO 'a.parquet' (FORMAT parquet)"); err != nil {
			t.Fatal(err)
		}
	}
	var digests []string
	for _, source := range []string{"a.csv", "a.parquet"} {
		req := binary("a.csv")
		req.Where = where(t, "g = 'x'")
		req.NeedProbability = []bool{true} // the 7 is filtered away
		if _, err := run(t, map[string]string{"a.csv": text}, req, 2); err != nil {
			t.Fatal(err)
		}
		parquet(t)
		req.Source = source
		s, err := read(t, req, 2)
		if err != nil {
			t.Fatal(message(err))
		}
		equal(t, source, []int64{s.Facts.RowsRead, s.Facts.Rows, s.Facts.RowsUsed}, []int64{5, 3, 2})
		equal(t, source+" example", s.Facts.Excluded[0].Examples, []string{"row 4 (id d)"})
		x, err := s.Exemplars(context.Background(), 1)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, source+" exemplar", x[0].ID+" "+fmt.Sprint(x[0].Row), "c 3")
		digests = append(digests, s.Facts.RowsDigest)
	}
	equal(t, "digests", digests[0], digests[1])
}
