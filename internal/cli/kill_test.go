package cli_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/store"
)

// binary is the program for the tests that need a process: this very binary, which
// testscript.Main has put first on PATH under the program's name, so that none is built
// for the tests and the race detector watches it too.
func binary(t *testing.T) string {
	t.Helper()
	bin, err := exec.LookPath("fairtrial")
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// smallPlan writes 2 000 rows and a plan.
func smallPlan(t *testing.T, dir string) string {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 3))
	var b strings.Builder
	b.WriteString("id,label,a,b,group\n")
	for i := range 2000 {
		y := r.IntN(2)
		fmt.Fprintf(&b, "r%d,%d,%.6f,%.6f,g%d\n", i, y, min(1, 0.3*float64(y)+0.7*r.Float64()), min(1, 0.25*float64(y)+0.7*r.Float64()), r.IntN(5))
	}
	write(t, filepath.Join(dir, "data.csv"), b.String())
	plan := filepath.Join(dir, "plan.yaml")
	write(t, plan, `name: kill
task: binary
data: {source: data.csv, columns: {id: id, label: {column: label, positive: 1}}}
models: {candidate: {score: a, threshold: 0.5}, baseline: {score: b, threshold: 0.5}}
slices: [group]
gates: [{metric: roc_auc, no_worse_than: baseline, margin: 0.05}]
`)
	return plan
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A run that is killed at any moment leaves no half file, and record.json only beside
// the files of its own run. 200 kills in the slow suite.
func TestKilledRunsLeaveNothingHalf(t *testing.T) {
	t.Parallel()
	kills := 12
	if os.Getenv("FAIRTRIAL_SLOW") != "" {
		kills = 200
	}
	bin, dir := binary(t), t.TempDir()
	plan := smallPlan(t, dir)
	r := rand.New(rand.NewPCG(4, 4))
	finished := 0
	for k := range kills {
		out := filepath.Join(dir, "used")
		if k%2 == 0 {
			out = filepath.Join(dir, fmt.Sprint("fresh", k))
		}
		c := exec.Command(bin, "run", plan, "-q", "-o", out)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(r.IntN(160)) * time.Millisecond)
		_ = c.Process.Kill()
		_ = c.Wait()
		if checkFolder(t, out) {
			finished++
		}
		checkWorkspace(t, filepath.Join(dir, store.Folder))
	}
	t.Logf("%d kills, %d folders with a finished record", kills, finished)
	if out, err := exec.Command(bin, "run", plan, "-q", "-o", filepath.Join(dir, "used")).CombinedOutput(); err != nil {
		t.Fatalf("a run after the kills: %v\n%s", err, out)
	}
	if !checkFolder(t, filepath.Join(dir, "used")) {
		t.Error("a run after the kills leaves no record")
	}
}

// checkFolder checks every file of an output folder and reports whether it is finished.
func checkFolder(t *testing.T, dir string) bool {
	t.Helper()
	files, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	content := map[string][]byte{}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), ".") { // a temporary file of the killed run
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		content[f.Name()] = b
	}
	if b, ok := content["report.html"]; ok && !bytes.HasSuffix(bytes.TrimSpace(b), []byte("</html>")) {
		t.Errorf("%s: report.html is cut", dir)
	}
	if b, ok := content["junit.xml"]; ok {
		for d := xml.NewDecoder(bytes.NewReader(b)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s: junit.xml: %v", dir, err)
				break
			}
		}
	}
	if b, ok := content["estimates.csv"]; ok {
		if _, err := csv.NewReader(bytes.NewReader(b)).ReadAll(); err != nil {
			t.Errorf("%s: estimates.csv: %v", dir, err)
		}
	}
	b, ok := content["record.json"]
	if !ok {
		return false
	}
	var rec struct {
		Run struct {
			ID string `json:"id"`
		} `json:"run"`
	}
	if err := json.Unmarshal(b, &rec); err != nil || rec.Run.ID == "" {
		t.Errorf("%s: record.json: %v", dir, err)
		return false
	}
	for _, name := range []string{"report.html", "report.md", "junit.xml", "estimates.csv"} {
		if !bytes.Contains(content[name], []byte(rec.Run.ID)) {
			t.Errorf("%s: %s does not belong to the run of record.json", dir, name)
		}
	}
	return true
}

func checkWorkspace(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return
	}
	ctx := context.Background()
	ws, err := store.Open(ctx, dir)
	if err != nil {
		t.Fatalf("workspace after a kill: %v", err)
	}
	defer ws.Close()
	runs, err := ws.ListRuns(ctx, store.RunFilter{})
	if err != nil {
		t.Fatalf("workspace after a kill: %v", err)
	}
	for _, r := range runs {
		for _, blob := range []string{r.RecordBlob, r.PlanBlob} {
			if _, err := ws.Check(blob); err != nil {
				t.Errorf("run %s: %v", r.ID, err)
			}
		}
	}
}

// Two runs at once into one workspace and one folder both stand.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	bin, dir := binary(t), t.TempDir()
	plan := smallPlan(t, dir)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if out, err := exec.Command(bin, "run", plan, "-q", "-o", filepath.Join(dir, "out")).CombinedOutput(); err != nil {
				t.Errorf("run: %v\n%s", err, out)
			}
		})
	}
	wg.Wait()
	if !checkFolder(t, filepath.Join(dir, "out")) {
		t.Error("no finished folder")
	}
	ws, err := store.Open(context.Background(), filepath.Join(dir, store.Folder))
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	runs, err := ws.ListRuns(context.Background(), store.RunFilter{})
	if err != nil || len(runs) != 4 {
		t.Errorf("%d runs listed, want 4 (%v)", len(runs), err)
	}
}
