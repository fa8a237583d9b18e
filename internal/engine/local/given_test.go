package local

import (
	"context"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/slice"
	"github.com/fairtrial/fairtrial/internal/summary"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// emitted are the cases as they are handed on.
func emitted(t *testing.T, r engine.Request, x Emission) ([]engine.Case, int64) {
	t.Helper()
	var out []engine.Case
	n, err := with(0).Emit(context.Background(), r, x, func(batch []engine.Case) error {
		out = append(out, batch...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, n
}

// A row is handed on as JSON in the kinds of its columns; no value is lost to a guess.
func TestEmitCSV(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "a.csv", "id,y,s,text,code,flag,odd\na,1,0.9,\"say \"\"hi\"\"\",007,true,1\nb,0,,,010,false,2.5\nc,1,nan,über,1,,7\n")
	write(t, "own.csv", "id,p\nc,0.25\na,0.5\n")
	where, err := slice.ParseWhere("odd < 6")
	if err != nil {
		t.Fatal(err)
	}
	r := engine.Request{Task: cases.Binary, Source: "a.csv", ID: "id", Label: "y", Positive: "1",
		Models: []cases.Model{{Key: "candidate", Score: "s"}, {Key: "baseline", Source: "own.csv", Score: "p"}}}
	got, n := emitted(t, r, Emission{Fields: []string{"text", "code", "flag", "odd"}, Label: true, Outputs: true})
	want := []engine.Case{
		{Row: 1, ID: "a", Label: "1.0", Fields: `{"text":"say \"hi\"","code":"007","flag":true,"odd":1.0}`, Outputs: []string{"0.9", "0.5"}},
		{Row: 2, ID: "b", Label: "0.0", Fields: `{"text":null,"code":"010","flag":false,"odd":2.5}`, Outputs: []string{"", ""}},
		{Row: 3, ID: "c", Label: "1.0", Fields: `{"text":"über","code":"1","flag":null,"odd":7.0}`, Outputs: []string{"", "0.25"}},
	}
	same(t, got, want)
	if n != 3 {
		t.Error(n)
	}
	r.Where, r.Models = &where, nil
	got, n = emitted(t, r, Emission{Fields: []string{"*"}})
	if n != 3 || len(got) != 2 || strings.Contains(got[0].Fields, `"y"`) || !strings.Contains(got[1].Fields, `"s":null`) || got[0].Label != "" {
		t.Errorf("%d rows: %+v", n, got)
	}
}

func same(t *testing.T, got, want []engine.Case) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d cases, want %d: %+v", len(got), len(want), got)
	}
	for i := range got {
		if got[i].Row != want[i].Row || got[i].ID != want[i].ID || got[i].Label != want[i].Label || got[i].Fields != want[i].Fields || strings.Join(got[i].Outputs, "|") != strings.Join(want[i].Outputs, "|") {
			t.Errorf("case %d\n got %+v\nwant %+v", i, got[i], want[i])
		}
	}
}

func TestEmitJSONLines(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "a.jsonl", `{"id":1,"y":"cat","p":"dog","x":{"deep":[1,2]}}
{"id":2,"y":"dog","p":"dog","late":true}
`)
	r := engine.Request{Task: cases.Multiclass, Source: "a.jsonl", ID: "id", Label: "y", Models: []cases.Model{{Key: "candidate", Prediction: "p"}}}
	got, _ := emitted(t, r, Emission{Fields: []string{"x", "late"}, Label: true, Outputs: true})
	same(t, got, []engine.Case{
		{Row: 1, ID: "1", Label: `"cat"`, Fields: `{"x":{"deep":[1,2]},"late":null}`, Outputs: []string{`"dog"`}},
		{Row: 2, ID: "2", Label: `"dog"`, Fields: `{"x":null,"late":true}`, Outputs: []string{`"dog"`}},
	})
}

func TestEmitParquet(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx := context.Background()
	a, b := "x", "y"
	if err := with(0).Write(ctx, "a.parquet", Table{Names: []string{"id", "y", "a b", "p0", "p1"}, Numbers: [][]float64{nil, {0, 1}, {math.NaN(), 2}, {0.25, 0.5}, {0.75, 0.5}}, Texts: [][]*string{{&a, &b}, nil, nil, nil, nil}}, 2); err != nil {
		t.Fatal(err)
	}
	r := engine.Request{Task: cases.Multiclass, Source: "a.parquet", ID: "id", Label: "y", Models: []cases.Model{{Key: "candidate", Probabilities: []string{"p0", "p1"}, ProbClasses: []string{"0", "1"}}}}
	got, _ := emitted(t, r, Emission{Fields: []string{"a b"}, Outputs: true})
	same(t, got, []engine.Case{{Row: 1, ID: "x", Fields: `{"a b":null}`, Outputs: []string{`{"0":0.25,"1":0.75}`}}, {Row: 2, ID: "y", Fields: `{"a b":2.0}`, Outputs: []string{`{"0":0.5,"1":0.5}`}}})
}

// Given scores meet their rows whatever the filter, the file's format and unusable rows.
func TestGivenScores(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx := context.Background()
	// Row 2 has no label, row 4 is filtered away, row 5 is ungraded for one model.
	write(t, "a.csv", "id,y,s,k\na,1,0.9,1\nb,,0.2,1\nc,1,0.3,1\nd,0,0.1,9\ne,0,0.6,1\nf,0,0.7,2\n")
	where, err := slice.ParseWhere("k < 5")
	if err != nil {
		t.Fatal(err)
	}
	by, err := slice.ColumnSlice("k")
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	if err := with(0).Write(ctx, "g.parquet", Table{Names: []string{"candidate", "baseline"}, Numbers: [][]float64{{1, 2, 4, nan, 16, 32}, {0, 0, 1, nan, nan, 2}}, Texts: make([][]*string, 2)}, 6); err != nil {
		t.Fatal(err)
	}
	spec := summary.Of(summary.KindMoments, summary.ScoredBy("g"), summary.GradedBy("g"))
	half := 0.5
	r := engine.Request{Task: cases.Binary, Source: "a.csv", ID: "id", Label: "y", Positive: "1", Baseline: 1, Where: &where, Needs: []summary.Spec{spec}, Slices: []slice.Partition{by}, MaxSlices: 10,
		Models: []cases.Model{{Key: "candidate", Score: "s", Threshold: &half}, {Key: "baseline", Score: "s"}}, Given: []engine.Given{{Scorer: "g", Source: "g.parquet"}}}
	check := func(name string) {
		got, err := with(0).Summarize(ctx, r)
		if err != nil {
			t.Fatal(name, err)
		}
		all := got.Set.Pops[0]
		m := all.Find(spec)
		// Used: a 1/0, c 4/1, e ungraded, f 32/2.
		if all.N != 4 || all.Ungraded["g"] != 1 || m.Mean[spec.Index(summary.ScoredBy("g"), 0)] != 37.0/4 || m.Mean[spec.Index(summary.ScoredBy("g"), 1)] != 3.0/4 || m.Mean[spec.Index(summary.GradedBy("g"), 0)] != 3.0/4 {
			t.Errorf("%s: n %d, ungraded %v, means %v", name, all.N, all.Ungraded, m.Mean)
		}
		if a, b := got.Set.Pops[1], got.Set.Pops[2]; a.Slice != "k=1" || a.Ungraded["g"] != 1 || b.Ungraded["g"] != 0 {
			t.Errorf("%s: %s %v, %s %v", name, a.Slice, a.Ungraded, b.Slice, b.Ungraded)
		}
	}
	check("csv")
	// A file beside the scores brings two further numbers; products of them and the score are 0
	// where one is missing and where the row is ungraded.
	names := []string{"u/candidate", "u/baseline", "v/candidate", "v/baseline"}
	if err := with(0).Write(ctx, "more.parquet", Table{Names: names, Numbers: [][]float64{{3, 9, nan, 9, 7, 5}, {nan, 9, 2, 9, 7, nan}, {2, 9, 4, 9, 7, 1}, {8, 9, 8, 9, 7, 8}}, Texts: make([][]*string, 4)}, 6); err != nil {
		t.Fatal(err)
	}
	more := summary.Of(summary.KindMoments, summary.GivenBy("g", "u"), summary.GivenBy("g", "u", "v"), summary.GivenBy("g", "v", "v", summary.Score), summary.GivenBy("g", "w"), summary.GivenBy("h", "u"))
	with2 := r
	with2.Needs = []summary.Spec{spec, more}
	with2.Given = append(slices.Clone(r.Given), engine.Given{Scorer: "g", Source: "more.parquet", Columns: []string{"u", "v"}, NoScores: true})
	got, err := with(0).Summarize(ctx, with2)
	if err != nil {
		t.Fatal(err)
	}
	// Used and graded: a, c, f; e is ungraded.
	m := got.Set.Pops[0].Find(more)
	for e, want := range map[summary.Expr][2]float64{
		summary.GivenBy("g", "u"):                     {3 + 0 + 5, 0 + 2 + 0},
		summary.GivenBy("g", "u", "v"):                {6 + 0 + 5, 0 + 16 + 0},
		summary.GivenBy("g", "v", "v", summary.Score): {4*1 + 16*4 + 1*32, 0 + 64*1 + 64*2},
		summary.GivenBy("g", "w"):                     {},
		summary.GivenBy("h", "u"):                     {},
	} {
		for k := range 2 {
			if x := 4 * m.Mean[more.Index(e, k)]; x != want[k] {
				t.Errorf("%s of model %d: sum %g, want %g", e, k, x, want[k])
			}
		}
	}
	check("csv") // alone they are as before
	ids := []string{"a", "b", "c", "d", "e", "f"}
	var texts []*string
	for i := range ids {
		texts = append(texts, &ids[i])
	}
	if err := with(0).Write(ctx, "a.parquet", Table{Names: []string{"id", "y", "s", "k"}, Numbers: [][]float64{nil, {1, nan, 1, 0, 0, 0}, {.9, .2, .3, .1, .6, .7}, {1, 1, 1, 9, 1, 2}}, Texts: [][]*string{texts, nil, nil, nil}}, 6); err != nil {
		t.Fatal(err)
	}
	r.Source = "a.parquet" // whose filter would be pushed down
	check("parquet")
	write(t, "a.csv", "id,y,s,k\na,1,0.9,1\n")
	r.Source = "a.csv"
	if _, err := with(0).Summarize(ctx, r); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Error(err)
	}
}

func TestRebase(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx := context.Background()
	r := engine.Request{Task: cases.Binary, Source: "a.csv", ID: "key", Label: "y", Positive: "yes"}
	write(t, "old.csv", "key,y,s\n1,yes,0.9\n2,no,0.2\n3,yes,0.3\n4,no,0.1\n")
	old := r
	old.Source, old.Baseline, old.Models, old.ScoresTo, old.KeepScores = "old.csv", -1, []cases.Model{{Key: "candidate", Score: "s"}}, "scores.parquet", 100
	if _, err := with(0).Summarize(ctx, old); err != nil {
		t.Fatal(err)
	}
	rebase := func(text string) Rebased {
		t.Helper()
		write(t, "a.csv", text)
		os.Remove("to.parquet")
		n, err := with(0).Rebase(ctx, r, "scores.parquet", "candidate", "to.parquet")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	// In another order, one row new, one gone, one relabelled.
	if n := rebase("key,y\n3,yes\n2,yes\n1,yes\n9,no\n"); n != (Rebased{Rows: 4, Matched: 3, Gone: 1, Relabelled: 1}) {
		t.Errorf("%+v", n)
	}
	m := engine.Request{Task: cases.Binary, Source: "a.csv", ID: "key", Label: "y", Positive: "yes", Baseline: -1, Missing: engine.MissingExclude,
		Models: []cases.Model{{Key: "baseline", Source: "to.parquet", Score: Stored, PlainIDs: true}}, ScoresTo: "again.parquet", KeepScores: 10}
	got, err := with(0).Summarize(ctx, m)
	if err != nil {
		t.Fatal(err)
	}
	if got.Data.RowsUsed != 3 || slices.ContainsFunc(got.Data.Findings, func(f engine.Finding) bool { return f.Code == "id_types_differ" }) {
		t.Errorf("%+v", got.Data)
	}
	for text, want := range map[string]Rebased{
		"key,y\n1,yes\n1,no\n2,no\n": {Rows: 3, Matched: 3, Gone: 2, Relabelled: 1, Repeated: 1},
		"key,y\nx,yes\nz,no\n":       {Rows: 2, Gone: 4},
	} {
		if n := rebase(text); n != want {
			t.Errorf("%q: %+v, want %+v", text, n, want)
		}
		if _, err := os.Stat("to.parquet"); err == nil {
			t.Errorf("%q: scores were written", text)
		}
	}
	where, err := slice.ParseWhere("y = 'yes'")
	if err != nil {
		t.Fatal(err)
	}
	r.Where = &where
	if n := rebase("key,y\n3,yes\n2,no\n1,yes\n"); n != (Rebased{Rows: 2, Matched: 2, Gone: 2}) {
		t.Errorf("%+v", n)
	}
}

// A part of the rows is as if the others were filtered away: on every format, with a filter
// beside it, and for given scores.
func TestOnlySomeRows(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx := context.Background()
	write(t, "a.csv", "id,k\na,1\nb,2\nc,3\nd,4\ne,5\nf,6\n")
	ids := []string{"a", "b", "c", "d", "e", "f"}
	var texts []*string
	for i := range ids {
		texts = append(texts, &ids[i])
	}
	if err := with(0).Write(ctx, "a.parquet", Table{Names: []string{"id", "k"}, Numbers: [][]float64{nil, {1, 2, 3, 4, 5, 6}}, Texts: [][]*string{texts, nil}}, 6); err != nil {
		t.Fatal(err)
	}
	if err := with(0).Write(ctx, "g.parquet", Table{Names: []string{"candidate"}, Numbers: [][]float64{{1, 2, 4, 8, 16, 32}}, Texts: make([][]*string, 1)}, 6); err != nil {
		t.Fatal(err)
	}
	where, err := slice.ParseWhere("k > 1")
	if err != nil {
		t.Fatal(err)
	}
	spec := summary.Of(summary.KindMoments, summary.ScoredBy("g"), summary.GradedBy("g"))
	for _, source := range []string{"a.csv", "a.parquet"} {
		for _, c := range []struct {
			where *slice.Predicate
			only  []bool
			ids   string
			mean  float64
		}{
			{nil, []bool{true, false, true, false, false, true}, "acf", 37.0 / 3},
			{&where, []bool{true, false, true, false, false, true}, "cf", 36.0 / 2},
			{&where, []bool{false, true}, "b", 2}, // rows that it does not name are not there
			{nil, nil, "abcdef", 63.0 / 6},
		} {
			r := engine.Request{Task: cases.Generation, Source: source, ID: "id", Where: c.where, Only: c.only, Baseline: -1, Needs: []summary.Spec{spec}, MaxSlices: 10,
				Models: []cases.Model{{Key: "candidate"}}, Given: []engine.Given{{Scorer: "g", Source: "g.parquet"}}}
			got, n := emitted(t, r, Emission{})
			seen := ""
			for _, x := range got {
				seen += x.ID
			}
			if seen != c.ids || n != 6 {
				t.Errorf("%s: %q of %d rows, want %q", source, seen, n, c.ids)
			}
			res, err := with(0).Summarize(ctx, r)
			if err != nil {
				t.Fatal(err)
			}
			m := res.Set.Pops[0].Find(spec)
			if mean := m.Mean[spec.Index(summary.ScoredBy("g"), 0)]; mean != c.mean || res.Data.Rows != int64(len(c.ids)) || res.Data.RowsRead != 6 {
				t.Errorf("%s %v: mean %v of %d rows (%d read)", source, c.only, mean, res.Data.Rows, res.Data.RowsRead)
			}
		}
	}
}
