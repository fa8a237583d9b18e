package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/cli"
)

// examples/custom-scorer says what its README says: a real Python scorer that raises on row 17.
func TestCustomScorerExample(t *testing.T) {
	sdk, err := filepath.Abs("../../python/src")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PYTHONPATH", sdk)
	t.Setenv("PYTHONDONTWRITEBYTECODE", "1")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../examples/custom-scorer")); err != nil {
		t.Fatal(err)
	}
	var out, words bytes.Buffer
	e := &cli.Env{Args: []string{"fairtrial", "run", "plan.yaml"}, Stdout: &out, Stderr: &words, Stdin: strings.NewReader(""), Dir: dir, Now: time.Now, Context: context.Background(),
		Getenv: noEnv}
	if status := cli.Main(e); status != 3 {
		t.Fatalf("exit status %d\n%s%s", status, &out, &words)
	}
	text, err := os.ReadFile(filepath.Join(dir, "fairtrial-out", "record.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Run struct {
			Plugins []struct {
				Rows, Ungraded int64
				Files          []struct{ Path string }
				Failures       []struct{ Row, Reason, Traceback string }
			}
		}
		Data struct {
			Scorers []struct {
				Ungraded []struct {
					Reason string
					Rows   int64
				}
			}
		}
		Estimates []struct {
			Metric, Model, Slice string
			N, Missing           int64
			Worst, Best          *float64
		}
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	p := r.Run.Plugins[0]
	if p.Rows != 6000 || p.Ungraded != 2 || p.Failures[0].Row != "row 17 (id 17)" || !strings.Contains(p.Failures[0].Traceback, `File "scorers.py"`) || strings.Contains(p.Failures[0].Traceback, dir) || p.Files[0].Path != "scorers.py" {
		t.Errorf("%+v", p)
	}
	if u := r.Data.Scorers[0].Ungraded; len(u) != 2 || u[0].Reason != "ValueError: no credit limit on file" || u[0].Rows != 1 {
		t.Errorf("%+v", u)
	}
	found := false
	for _, x := range r.Estimates {
		if x.Metric == "decision_cost" && x.Model == "candidate" && x.Slice == "overall" {
			found = true
			if x.N != 2999 || x.Missing != 1 || x.Worst == nil || x.Best == nil || *x.Worst-*x.Best < 0.03 {
				t.Errorf("%+v", x)
			}
		}
	}
	if !found || !strings.Contains(words.String(), "decision_cost left 2 of 6000 rows ungraded") {
		t.Errorf("%t, %s", found, &words)
	}
}
