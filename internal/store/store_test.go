package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/store"
)

func open(t *testing.T, dir string) *store.Workspace {
	t.Helper()
	w, err := store.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func run(id, plan, data, candidate string, at time.Time) store.Run {
	return store.Run{ID: id, Plan: plan, PlanDigest: "p1", RecordDigest: "sha256:" + id + "abc", Decision: "go", Started: store.Time{Time: at}, Finished: store.Time{Time: at},
		BenchmarkDigest: data, Candidate: candidate, CandidateDigest: candidate}
}

func TestSaveAndFind(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), store.Folder)
	w := open(t, dir)
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.FixedZone("x", 3600))
	for i, id := range []string{"20260101-aa", "20260101-ab", "20260102-Ω_%"} {
		if err := w.SaveRun(ctx, run(id, "plan Ω", "d1", "m@1", at.Add(time.Duration(i)*time.Second)), []store.Event{{Time: store.Time{Time: at}, RunID: id, Kind: "run", Data: json.RawMessage(`{"k": "ü"}`)}}); err != nil {
			t.Fatal(err)
		}
	}
	w = open(t, dir) // a second handle sees the same
	runs, err := w.ListRuns(ctx, store.RunFilter{Plan: "plan Ω"})
	if err != nil || len(runs) != 3 || runs[0].ID != "20260102-Ω_%" || !runs[2].Started.Equal(at) {
		t.Fatalf("%v, %+v", err, runs)
	}
	for name, want := range map[string]string{"20260101-aa": "20260101-aa", "20260102": "20260102-Ω_%", "sha256:20260101-ab": "20260101-ab", "20260101-aba": "20260101-ab"} {
		r, err := w.GetRun(ctx, name)
		if err != nil || r.ID != want {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	if _, err := w.GetRun(ctx, "20260101"); !errors.Is(err, store.ErrAmbiguous) || !strings.Contains(err.Error(), "20260101-ab") {
		t.Errorf("two fit: %v", err)
	}
	for _, name := range []string{"x", "%", "_", ""} {
		if _, err := w.GetRun(ctx, name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := w.SaveRun(ctx, run("20260101-aa", "p", "d", "m", at), nil); err == nil {
		t.Error("the same id is saved twice")
	}
	events, err := w.Events(ctx, "20260101-ab")
	if err != nil || len(events) != 1 || string(events[0].Data) != `{"k": "ü"}` {
		t.Errorf("%v, %+v", err, events)
	}
}

// The event log takes additions only, even from a program that goes around ours.
func TestEventsAreAppendOnly(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	w := open(t, dir)
	if err := w.SaveRun(ctx, run("a", "p", "d", "m", time.Now()), []store.Event{{RunID: "a", Kind: "run", Data: json.RawMessage(`{}`)}}); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "fairtrial.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{"UPDATE events SET kind = 'x'", "DELETE FROM events"} {
		if _, err := db.Exec(q); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", q, err)
		}
	}
}

func TestLooks(t *testing.T) {
	ctx := context.Background()
	w := open(t, t.TempDir())
	at := time.Now()
	for i, step := range []struct {
		plan, data, candidate string
		number, candidates    int
	}{
		{"p", "d1", "m1", 1, 1},
		{"p", "d1", "m1", 1, 1}, // the same again is the same look
		{"p", "d2", "m1", 2, 1}, // new data: a second look
		{"p", "d1", "m2", 1, 2}, // another candidate on the first data
		{"q", "d1", "m3", 1, 3}, // another plan, the same benchmark
		{"p", "d3", "m1", 3, 1},
	} {
		info, err := w.Look(ctx, store.LookKey{Plan: step.plan, BenchmarkDigest: step.data, CandidateDigest: step.candidate, PlanDigest: "p1"})
		if err != nil {
			t.Fatal(err)
		}
		if info.Number != step.number || info.CandidatesOnBenchmark != step.candidates {
			t.Errorf("step %d: look %d with %d candidates, want %d with %d", i, info.Number, info.CandidatesOnBenchmark, step.number, step.candidates)
		}
		if err := w.SaveRun(ctx, run(fmt.Sprint("r", i), step.plan, step.data, step.candidate, at.Add(time.Duration(i)*time.Second)), nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFilesAreContentAddressed(t *testing.T) {
	ctx := context.Background()
	w := open(t, t.TempDir())
	a, err := w.PutBytes(ctx, []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := w.PutBytes(ctx, []byte("hello")); err != nil || a != b {
		t.Errorf("the same bytes have digests %s and %s (%v)", a, b, err)
	}
	f := w.TempPath("x")
	if err := os.WriteFile(f, []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	if b, err := w.PutFile(ctx, f); err != nil || a != b {
		t.Errorf("a file with the same bytes: %s (%v)", b, err)
	}
	rd, n, err := w.Open(a)
	if err != nil || n != 5 {
		t.Fatalf("%v, %d bytes", err, n)
	}
	got, err := io.ReadAll(rd)
	rd.Close()
	if err != nil || !bytes.Equal(got, []byte("hello")) {
		t.Errorf("%q, %v", got, err)
	}
	path, err := w.Path(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("hellO"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Check(a); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a changed file is not found out: %v", err)
	}
	if _, _, err := w.Open("sha256:" + strings.Repeat("0", 64)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a file that is not there: %v", err)
	}
	for _, bad := range []string{"", "sha256:", "md5:00", "sha256:../../etc/passwd"} {
		if _, err := w.Path(bad); err == nil {
			t.Errorf("%q is taken for a digest", bad)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	var wg sync.WaitGroup
	for g := range 8 { // eight handles, opened at the same time on a new folder
		wg.Go(func() {
			w, err := store.Open(ctx, dir)
			if err != nil {
				t.Error(err)
				return
			}
			defer w.Close()
			for i := range 10 {
				if err := w.SaveRun(ctx, run(fmt.Sprint("g", g, "-", i), "p", "d", "m", time.Now()), []store.Event{{RunID: "x", Kind: "run", Data: json.RawMessage(`{}`)}}); err != nil {
					t.Error(err)
				}
				if _, err := w.PutBytes(ctx, []byte(fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	runs, err := open(t, dir).ListRuns(ctx, store.RunFilter{})
	if err != nil || len(runs) != 80 {
		t.Errorf("%d runs, want 80 (%v)", len(runs), err)
	}
}

func TestDamageAndNewerVersions(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "fairtrial.db"), bytes.Repeat([]byte("not a database"), 100), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(ctx, dir); err == nil || !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), dir) {
		t.Errorf("damaged: %v", err)
	}
	dir = t.TempDir()
	open(t, dir).Close()
	db, err := sql.Open("sqlite", filepath.Join(dir, "fairtrial.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := store.Open(ctx, dir); err == nil || !strings.Contains(err.Error(), "upgrade fairtrial") {
		t.Errorf("newer: %v", err)
	}
}

func TestFindAndSweep(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	if d, found := store.Find(deep, ""); found || d != filepath.Join(deep, store.Folder) {
		t.Errorf("nothing there: %s, %v", d, found)
	}
	w := open(t, filepath.Join(root, store.Folder))
	if d, found := store.Find(deep, ""); !found || d != w.Dir() {
		t.Errorf("two folders up: %s, %v", d, found)
	}
	for ceiling, want := range map[string]bool{root: false, filepath.Join(root, "a") + "/": false, filepath.Dir(root): true, deep: false, filepath.Join(root, "other"): true} {
		if d, found := store.Find(deep, ceiling); found != want || !want && d != filepath.Join(deep, store.Folder) {
			t.Errorf("below %s: %s, %v", ceiling, d, found)
		}
	}
	old, young := w.TempPath("old"), w.TempPath("young")
	for _, f := range []string{old, young} {
		if err := os.WriteFile(f, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(old, time.Now(), time.Now().Add(-48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	open(t, w.Dir())
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Error("a temporary file of two days ago is still there")
	}
	if _, err := os.Stat(young); err != nil {
		t.Error("a temporary file of now is gone")
	}
	if b, err := os.ReadFile(filepath.Join(w.Dir(), ".gitignore")); err != nil || string(b) != "*\n" {
		t.Errorf(".gitignore: %q, %v", b, err)
	}
}
