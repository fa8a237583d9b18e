package cli_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// world is a planted population: shares of groups, of positives, and of right calls.
type world struct {
	share, right [3]float64
	positive     float64
}

// accuracy that the world holds.
func (w world) accuracy() float64 {
	a := 0.0
	for g, s := range w.share {
		a += s * w.right[g]
	}
	return a
}

// precision at equal rates of right calls for both labels.
func (w world) precision() float64 {
	a := w.accuracy()
	return w.positive * a / (w.positive*a + (1-w.positive)*(1-a))
}

// draw writes rows of a world: a row is called rightly with its group's rate, whatever
// its label.
func (w world) draw(r *rand.Rand, n int) string {
	var b strings.Builder
	b.WriteString("id,label,score,group\n")
	for i := range n {
		u, g := r.Float64(), 0
		for g < 2 && u > w.share[g] {
			u -= w.share[g]
			g++
		}
		y, right := r.Float64() < w.positive, r.Float64() < w.right[g]
		label, score := 0, 0.5*r.Float64()
		if y {
			label = 1
		}
		if y == right {
			score += 0.5
		}
		fmt.Fprintf(&b, "r%d,%d,%.6f,g%d\n", i, label, score, g)
	}
	return b.String()
}

const plantedPlan = `name: planted
task: binary
data: {source: data.csv, columns: {label: {column: label, positive: 1}}}
models: {candidate: {score: score, threshold: 0.5}}
slices: [group]
metrics: [accuracy, precision]
`

// A change of mix alone, of labels alone and of the model alone are told apart by
// `fairtrial compare`: the intervals hold the planted truth, and the parts that did not
// change are not accused.
func TestComparePlanted(t *testing.T) {
	t.Parallel()
	notRaced(t, "a simulation: it proves numbers, which the ordinary run does")
	old := world{share: [3]float64{0.5, 0.3, 0.2}, right: [3]float64{0.92, 0.8, 0.6}, positive: 0.4}
	moved, labels, model := old, old, old
	moved.share = [3]float64{0.3, 0.3, 0.4}
	labels.positive = 0.2
	model.right = [3]float64{0.85, 0.73, 0.53}
	const replicates = 8
	type tally struct{ held, seen int }
	for _, tc := range []struct {
		name   string
		after  world
		metric string
		by     string
		parts  map[string]float64 // the planted truth
	}{
		{"mix alone", moved, "accuracy", "group", map[string]float64{"mix": moved.accuracy() - old.accuracy(), "within": 0, "label": 0, "model": 0}},
		{"model alone", model, "accuracy", "group", map[string]float64{"mix": 0, "label": 0, "model": model.accuracy() - old.accuracy()}},
		{"labels alone", labels, "precision", "all rows", map[string]float64{"label": labels.precision() - old.precision(), "model": 0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tallies := map[string]*tally{}
			for part := range tc.parts {
				tallies[part] = &tally{}
			}
			for k := range replicates {
				r := rand.New(rand.NewPCG(uint64(k), 7))
				for part, x := range compared(t, old.draw(r, 6000), tc.after.draw(r, 5000), tc.metric, tc.by) {
					n, asked := tallies[part]
					if !asked {
						continue
					}
					if x.Lower <= tc.parts[part] && tc.parts[part] <= x.Upper {
						n.held++
					}
					if x.Lower > 0 || x.Upper < 0 {
						n.seen++
					}
				}
			}
			for part, n := range tallies {
				if n.held < replicates-2 { // three misses of eight come in 0.6 % at 95 %
					t.Errorf("the interval of %s holds the planted %.4f in %d of %d", part, tc.parts[part], n.held, replicates)
				}
				if tc.parts[part] != 0 && n.seen < replicates {
					t.Errorf("%s changed by %.4f and was seen in %d of %d only", part, tc.parts[part], n.seen, replicates)
				}
			}
		})
	}
}

type part struct{ Value, Lower, Upper float64 }

// compared runs the plan on both files and gives the parts of one metric's change.
func compared(t *testing.T, before, after, metric, by string) map[string]part {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"plan.yaml": plantedPlan, "before.csv": before, "after.csv": after} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"before", "after"} {
		if status, _, errs := in(dir, "run", "plan.yaml", "-q", "--set", "data.source="+name+".csv", "-o", name); status != 0 {
			t.Fatalf("run: %d: %s", status, errs)
		}
	}
	status, out, errs := in(dir, "compare", "after", "before", "--json")
	if status != 0 {
		t.Fatalf("compare: %d: %s", status, errs)
	}
	var x struct{ Shifts []map[string]json.RawMessage }
	if err := json.Unmarshal([]byte(out), &x); err != nil {
		t.Fatal(err)
	}
	for _, s := range x.Shifts {
		parts := map[string]part{}
		if text(s["metric"]) != metric || text(s["by"]) != by {
			continue
		}
		for key, raw := range s {
			var p part
			if json.Unmarshal(raw, &p) == nil && strings.HasPrefix(string(raw), "{") {
				parts[key] = p
			}
		}
		if d := parts["mix"].Value + parts["label"].Value + parts["model"].Value - parts["total"].Value; math.Abs(d) > 1e-12 {
			t.Errorf("the parts miss the whole by %g", d)
		}
		return parts
	}
	t.Fatalf("no split of %s by %s in %s", metric, by, out)
	return nil
}

func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}
