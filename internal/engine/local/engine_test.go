package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/slice"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// with is an engine on a machine with so many bytes free.
func with(free int64) *Engine { return &Engine{available: func() int64 { return free }} }

func request(t *testing.T) engine.Request {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("a.csv", []byte("id,y,s\na,1,0.9\nb,0,0.2\nc,1,0.3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	half := 0.5
	return engine.Request{Task: cases.Binary, Source: "a.csv", ID: "id", Label: "y", Positive: "1", Baseline: -1, Exemplars: 1,
		Models: []cases.Model{{Key: "candidate", Score: "s", Threshold: &half}}}
}

func TestSummarize(t *testing.T) {
	r := request(t)
	r.ScoresTo, r.KeepScores = "scores.parquet", 3
	got, err := with(0).Summarize(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if got.Set.Pops[0].N != 3 || got.Set.Models[0] != "candidate" || got.Set.Classes[1] != "1" || got.Exemplars[0].ID != "c" || got.Data.ScoresSkipped != "" {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat("scores.parquet"); err != nil {
		t.Error(err)
	}
	r.ScoresTo, r.KeepScores = "other.parquet", 2
	if got, err = with(0).Summarize(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	if want := "row scores were not kept: 3 rows are more than keep_scores: 2"; got.Data.ScoresSkipped != want {
		t.Error(got.Data.ScoresSkipped)
	}
	if _, err := os.Stat("other.parquet"); err == nil {
		t.Error("the row scores were written")
	}
}

func TestTooBig(t *testing.T) {
	r := request(t)
	r.Memory = 64 << 20
	_, err := with(1<<40).Summarize(context.Background(), r)
	var d *engine.DataError
	if !errors.As(err, &d) || !strings.HasPrefix(err.Error(), "a.csv: needs about 129 MiB of memory for about 4 rows; the memory limit is 64 MiB") || d.Hint == "" {
		t.Errorf("%v", err)
	}
	r.Memory = 0
	if _, err = with(130<<20).Summarize(context.Background(), r); err == nil || !strings.Contains(err.Error(), "80 % of the free memory is 104 MiB") {
		t.Errorf("%v", err)
	}
	// Where bins would fit, the hint says so; what is expected is told either way.
	var told engine.Expected
	r.Needs = []summary.Spec{summary.Of(summary.KindRank), summary.CutsOf(10, 2)}
	r.Memory, r.Expect = 64<<20, func(x engine.Expected) { told = x }
	if _, err = with(0).Summarize(context.Background(), r); !errors.As(err, &d) || strings.Contains(d.Hint, "exact: false") {
		t.Errorf("four rows need no bins: %+v", d)
	}
	if told.Limit != 64<<20 || told.Bytes < 128<<20 || told.Rows != 4 || !told.Estimated {
		t.Errorf("told %+v", told)
	}
	r.Memory, r.Expect = 0, nil
	if _, err = with(0).Summarize(context.Background(), r); err != nil {
		t.Errorf("an unknown machine: %v", err)
	}
}

func TestAvailable(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	get := func() int64 { return availableIn(filepath.Join(dir, "proc"), filepath.Join(dir, "cg")) }
	if get() != 0 {
		t.Error("a machine that says nothing")
	}
	put("proc/meminfo", "MemTotal: 9000 kB\nMemAvailable: 4000 kB\n")
	if got := get(); got != 4000*1024 {
		t.Error(got)
	}
	put("proc/self/cgroup", "0::/a/b\n")
	put("cg/a/memory.max", "3000000\n")
	put("cg/a/memory.current", "2000000\n")
	put("cg/a/b/memory.max", "max\n")
	if got := get(); got != 1_000_000 {
		t.Error(got)
	}
	put("cg/a/memory.stat", "anon 5\ninactive_file 500000\n")
	if got := get(); got != 1_500_000 {
		t.Error(got)
	}
	put("proc/self/cgroup", "5:memory:/x\n4:cpu:/a\n")
	put("cg/memory/x/memory.limit_in_bytes", "700000\n")
	put("cg/memory/x/memory.usage_in_bytes", "100000\n")
	if got := get(); got != 600_000 {
		t.Error(got)
	}
}

func TestColumnsAndProfile(t *testing.T) {
	r := request(t)
	columns, err := with(0).Columns(context.Background(), r.Source)
	if err != nil || len(columns) != 3 || columns[2].Kind != cases.Number {
		t.Errorf("%v, %v", columns, err)
	}
	p, err := with(0).Profile(context.Background(), r.Source)
	if err != nil || p.Rows != 3 {
		t.Errorf("%v, %v", p, err)
	}
	if found, err := with(0).ClusterLike(context.Background(), r); err != nil || found != nil {
		t.Errorf("%v, %v", found, err)
	}
}

// TestWorkers: the same summaries, to the last bit, whatever the number of workers.
func TestWorkers(t *testing.T) {
	r := request(t)
	db, err := duck.Open(duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(context.Background(), `COPY (SELECT i AS id, (i * 7919) % 5 < 1 AS y, CASE WHEN i % 977 > 0 THEN ((i * 104729) % 1009) / 1009.0 END AS s,
		((i * 15485863) % 100) / 100.0 AS b, 'g' || (i * 31 % 47) AS g, i % 900 AS c FROM range(150000) t(i)) TO 'b.parquet' (FORMAT parquet, ROW_GROUP_SIZE 10000)`); err != nil {
		t.Fatal(err)
	}
	r.Source, r.Positive, r.Baseline, r.Cluster = "b.parquet", "true", 1, "c"
	r.Models = append(r.Models, cases.Model{Key: "baseline", Score: "b", Threshold: r.Models[0].Threshold})
	g, err := slice.ColumnSlice("g")
	if err != nil {
		t.Fatal(err)
	}
	r.Slices = []slice.Partition{g}
	r.Needs = []summary.Spec{summary.Of(summary.KindCounts), summary.Of(summary.KindMoments, summary.LogLoss, summary.Clipped), summary.Of(summary.KindRank)}
	var first []byte
	for _, workers := range []int{1, 2, 3} {
		r.Workers = workers
		got, err := New().Summarize(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = text
			p := got.Set.Pops[0]
			if len(got.Set.Pops) != 48 || p.N+p.Missing[0] != 150_000 || p.Rank == nil || p.Counts == nil || got.Data.Missing["candidate"] != p.Missing[0] {
				t.Errorf("%d populations, %d rows, %v missing", len(got.Set.Pops), p.N, p.Missing)
			}
		}
		if !bytes.Equal(first, text) {
			t.Errorf("%d workers give other summaries", workers)
		}
	}
}

// TestWords: slices whose codes lie in words, beside one that SQL computes, are summarised as those whose
// codes are columns, which a crossing of columns asks for.
func TestWords(t *testing.T) {
	t.Chdir(t.TempDir())
	db, err := duck.Open(duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Exec(t.Context(), `COPY (SELECT i AS id, (hash(i) % 10 < 3)::INTEGER AS y, hash(i + 1) % 5000 / 5000 AS s, hash(i + 2) % 7919 / 7919 * 0.5 + s / 2 AS u,
		'a' || hash(i + 3) % 40 AS a, hash(i + 4) % 3 AS n FROM range(150000) t(i)) TO 'a.parquet' (FORMAT parquet)`)
	if err != nil {
		t.Fatal(err)
	}
	half := 0.5
	r := engine.Request{Task: cases.Binary, Source: "a.parquet", ID: "id", Label: "y", Positive: "1", Baseline: 1, Exemplars: 1,
		Models: []cases.Model{{Key: "candidate", Score: "s", Threshold: &half}, {Key: "baseline", Score: "u", Threshold: &half}},
		Needs:  []summary.Spec{summary.Of(summary.KindRank), summary.Of(summary.KindCounts), summary.CutsOf(50, 1)}}
	add := func(p slice.Partition, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		r.Slices = append(r.Slices, p)
	}
	rule, err := slice.ParseWhere("n > 0")
	if err != nil {
		t.Fatal(err)
	}
	add(slice.ColumnSlice("a"))
	add(slice.WhereSlice("some", rule))
	add(slice.ColumnSlice("n"))
	words, err := with(0).Summarize(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	add(slice.CrossSlice("a", "n"))
	columns, err := with(0).Summarize(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(words.Set.Pops); n != 1+40+1+3 {
		t.Fatalf("%d populations", n)
	}
	for i, p := range words.Set.Pops {
		got, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(columns.Set.Pops[i])
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%s differs:\n%.300s\n%.300s", p.Slice, got, want)
		}
	}
}
