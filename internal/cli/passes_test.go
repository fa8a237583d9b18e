package cli_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// trial is one task of TestPassesByTask: its cluster, its slice, and whether each of its
// answers is right.
type trial struct {
	cluster, lang string
	right         []bool
}

// any2 and all2 are pass@2 and pass^2 of a task from their definition: the share of the
// pairs of its answers of which one, or both, are right.
func (t trial) any2() float64 { return t.pairs(func(a, b bool) bool { return a || b }) }
func (t trial) all2() float64 { return t.pairs(func(a, b bool) bool { return a && b }) }

func (t trial) pairs(passes func(a, b bool) bool) float64 {
	n, passed := 0, 0
	for i := range t.right {
		for j := range i {
			n++
			if passes(t.right[i], t.right[j]) {
				passed++
			}
		}
	}
	return float64(passed) / float64(n)
}

// pass@k and pass^k are means of tasks: n counts tasks whatever the number of answers, and
// the interval is by task, by cluster of tasks where the plan has one, within slices too.
// The references are definitions (all pairs of answers; Σ(x − x̄)² over tasks; Σ e_g² over
// clusters, CR1 or below 40 of them CR2) and, for the clusters, a bootstrap of whole clusters.
func TestPassesByTask(t *testing.T) {
	t.Parallel()
	notRaced(t, "numbers of a run like those of generation.txtar")
	for _, clusters := range []int{60, 24} { // CR1 in each slice; CR2
		passesByTask(t, drawTrials(clusters), clusters)
	}
}

func passesByTask(t *testing.T, trials []trial, clusters int) {
	t.Helper()
	dir := t.TempDir()
	writeTrials(t, dir, trials)
	for _, clustered := range []bool{false, true} {
		columns := "id: id, question: question, reference: answer"
		if clustered {
			columns += ", cluster: doc"
		}
		plan := fmt.Sprintf(`name: passes
task: generation
data: {source: cases.jsonl, columns: {%s}}
models: {candidate: {provider: recorded, source: answers.jsonl, samples: 4}}
slices: [lang]
scorers:
  - {type: pass_at_k, k: 2, as: any2, scorer: {type: exact}}
  - {type: pass_hat_k, k: 2, as: all2, scorer: {type: exact}}
`, columns)
		if err := os.WriteFile(filepath.Join(dir, "plan.yaml"), []byte(plan), 0o644); err != nil {
			t.Fatal(err)
		}
		out := fmt.Sprintf("%d-%t", clusters, clustered)
		if code, stdout, stderr := with(nil, dir, "run", "plan.yaml", "-q", "-o", out); code != 0 {
			t.Fatalf("exit status %d\n%s%s", code, stdout, stderr)
		}
		got := readPasses(t, filepath.Join(dir, out, "record.json"))
		if len(got) != 6 {
			t.Fatalf("%d estimates, want 2 metrics of 3 slices", len(got))
		}
		for _, e := range got {
			var part []trial
			for _, task := range trials {
				if e.Slice == "overall" || e.Slice == "lang="+task.lang {
					part = append(part, task)
				}
			}
			score := trial.any2
			if e.Metric == "all2" {
				score = trial.all2
			}
			value, se, df := byTask(part, score, clustered)
			t.Run(out+" "+e.Metric+" "+e.Slice, func(t *testing.T) {
				if e.N != len(part) {
					t.Errorf("n = %d, want the %d tasks", e.N, len(part))
				}
				if how := map[bool]string{true: "CR2-t", false: "CR1-t"}[clusters < 40]; clustered && !strings.Contains(e.Method, how) {
					t.Errorf("method %q, want %s", e.Method, how)
				}
				if df == 0 { // CR2 has Satterthwaite's, which internal/metric tests
					df = e.DF
				}
				half := dist.TQuantile(0.975, df) * se
				for name, x := range map[string][2]float64{
					"value": {e.Value, value}, "se": {e.SE, se}, "df": {e.DF, df},
					"lower": {e.Lower, value - half}, "upper": {e.Upper, value + half},
				} {
					if !(math.Abs(x[0]-x[1]) < 1e-9) {
						t.Errorf("%s = %.12g, want %.12g (%s)", name, x[0], x[1], e.Method)
					}
				}
				if !clustered {
					return
				}
				// 4 000 draws: the standard error's own error is about 1 %; that of few clusters more.
				if b := bootTrials(part, score, 4000); math.Abs(e.SE/b-1) > 0.1 {
					t.Errorf("se = %.4g, drawing whole clusters %.4g", e.SE, b)
				}
				if _, alone, _ := byTask(part, score, false); e.Slice == "overall" && e.SE < 1.2*alone {
					t.Errorf("se = %.4g, that of single tasks %.4g: these data cannot tell clusters from tasks", e.SE, alone)
				}
			})
		}
	}
}

// drawTrials is tasks of clusters of 1 to 5: those of a cluster are alike.
func drawTrials(clusters int) []trial {
	r := rand.New(rand.NewPCG(7, 1))
	var all []trial
	for g := range clusters {
		p := r.Float64()
		for range 1 + r.IntN(5) {
			task := trial{cluster: fmt.Sprintf("d%d", g), lang: "en"}
			if r.IntN(3) == 0 {
				task.lang = "es"
			}
			for range 4 {
				task.right = append(task.right, r.Float64() < p)
			}
			all = append(all, task)
		}
	}
	return all
}

func writeTrials(t *testing.T, dir string, trials []trial) {
	t.Helper()
	var cases, answers strings.Builder
	for i, task := range trials {
		fmt.Fprintf(&cases, `{"id": "c%d", "question": "What is %d?", "answer": "%d", "doc": %q, "lang": %q}`+"\n", i, i, i, task.cluster, task.lang)
		for k, right := range task.right {
			output := "no idea"
			if right {
				output = fmt.Sprint(i)
			}
			fmt.Fprintf(&answers, `{"id": "c%d", "sample": %d, "output": %q}`+"\n", i, k, output)
		}
	}
	for name, b := range map[string]string{"cases.jsonl": cases.String(), "answers.jsonl": answers.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

type passEstimate struct {
	Metric, Slice, Method       string
	N                           int
	Value, SE, DF, Lower, Upper float64
}

func readPasses(t *testing.T, file string) []passEstimate {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var record struct{ Estimates []passEstimate }
	if err := json.Unmarshal(b, &record); err != nil {
		t.Fatal(err)
	}
	return record.Estimates
}

// byTask is a mean of tasks, its standard error, and degrees of freedom (0: those of CR2).
func byTask(tasks []trial, score func(trial) float64, clustered bool) (mean, se, df float64) {
	n := float64(len(tasks))
	for _, task := range tasks {
		mean += score(task) / n
	}
	sums, sizes := map[string]float64{}, map[string]float64{}
	for i, task := range tasks {
		key := fmt.Sprint(i)
		if clustered {
			key = task.cluster
		}
		sums[key] += (score(task) - mean) / n
		sizes[key]++
	}
	variance, g := 0.0, float64(len(sums))
	for key, e := range sums {
		if clustered && g < 40 {
			variance += e * e / (1 - sizes[key]/n)
		} else {
			variance += e * e * g / (g - 1)
		}
	}
	if clustered && g < 40 {
		return mean, math.Sqrt(variance), 0
	}
	return mean, math.Sqrt(variance), g - 1
}

// bootTrials is the standard deviation of the mean over draws of whole clusters.
func bootTrials(tasks []trial, score func(trial) float64, draws int) float64 {
	byCluster := map[string][]float64{}
	for _, task := range tasks {
		byCluster[task.cluster] = append(byCluster[task.cluster], score(task))
	}
	var names []string
	for name := range byCluster {
		names = append(names, name)
	}
	slices.Sort(names) // the draws are the same each time
	r := rand.New(rand.NewPCG(11, 1))
	sum, squares := 0.0, 0.0
	for range draws {
		total, n := 0.0, 0.0
		for range names {
			for _, x := range byCluster[names[r.IntN(len(names))]] {
				total += x
				n++
			}
		}
		sum += total / n
		squares += total / n * total / n
	}
	mean := sum / float64(draws)
	return math.Sqrt((squares/float64(draws) - mean*mean) * float64(draws) / float64(draws-1))
}
