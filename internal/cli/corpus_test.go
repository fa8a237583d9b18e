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

	"github.com/fairtrial/fairtrial/internal/score"
)

// spoilt is a text with a share of its words replaced.
func spoilt(r *rand.Rand, words []string, share float64) string {
	out := make([]string, len(words))
	for i, w := range words {
		if out[i] = w; r.Float64() < share {
			out[i] = fmt.Sprintf("w%d", r.IntN(60))
		}
	}
	return strings.Join(out, " ")
}

// Scorers that are no means of cases have their value on the whole set and on each slice,
// with the error, and the error of the paired difference, that resampling cases gives.
func TestCorpusMetrics(t *testing.T) {
	t.Parallel()
	const n = 300
	dir, r := t.TempDir(), rand.New(rand.NewPCG(5, 6))
	var cases, one, two strings.Builder
	type row struct{ ref, a, b string }
	var rows []row
	for i := range n {
		var words []string
		for range 8 + r.IntN(8) {
			words = append(words, fmt.Sprintf("w%d", r.IntN(60)))
		}
		bad := r.Float64() * 0.5
		x := row{strings.Join(words, " "), spoilt(r, words, bad), spoilt(r, words, bad+0.05)}
		rows = append(rows, x)
		fmt.Fprintf(&cases, "{\"id\": \"c%d\", \"ref\": %q, \"part\": \"p%d\"}\n", i, x.ref, i%3)
		fmt.Fprintf(&one, "{\"id\": \"c%d\", \"output\": %q}\n", i, x.a)
		fmt.Fprintf(&two, "{\"id\": \"c%d\", \"output\": %q}\n", i, x.b)
	}
	write(t, filepath.Join(dir, "cases.jsonl"), cases.String())
	write(t, filepath.Join(dir, "candidate.jsonl"), one.String())
	write(t, filepath.Join(dir, "baseline.jsonl"), two.String())
	write(t, filepath.Join(dir, "plan.yaml"), "name: corpus\ntask: generation\ndata: {source: cases.jsonl, columns: {id: id, reference: ref}}\nmodels: {"+twoModels+"}\nslices: [part]\n"+
		"scorers: [bleu, chrf, {type: ter, as: edits}]\ngates:\n  - {metric: bleu, no_worse_than: baseline, margin: 0.02}\n  - {metric: edits, at_most: 0.9}\n")
	if code, stdout, stderr := with(nil, dir, "run", "plan.yaml", "-o", "out"); code != 0 {
		t.Fatalf("exit status %d\n%s%s", code, stdout, stderr)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "out", "record.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rec struct {
		Estimates []struct {
			Metric, Model, Slice string
			Value, SE            float64
			N                    int64
		}
		Comparisons []struct {
			Metric, Slice  string
			Difference, SE float64
		}
	}
	if err := json.Unmarshal(raw, &rec); err != nil {
		t.Fatal(err)
	}
	for metric, typ := range map[string]string{"bleu": "bleu", "chrf": "chrf", "edits": "ter"} {
		sc, err := score.Parse(map[string]any{"type": typ})
		if err != nil {
			t.Fatal(err)
		}
		stats := func(pick func(row) string) [][]float64 {
			var out [][]float64
			for _, x := range rows {
				out = append(out, sc.Score(&score.Case{Output: pick(x), References: []string{x.ref}}).Stats)
			}
			return out
		}
		value := func(stats [][]float64, of func(i int) int) float64 {
			sums := make([]float64, len(stats[0]))
			for i := range stats {
				if k := of(i); k >= 0 {
					for c, v := range stats[k] {
						sums[c] += v
					}
				}
			}
			v, _, _, _ := sc.Corpus().Of(sums)
			return v
		}
		a, b := stats(func(x row) string { return x.a }), stats(func(x row) string { return x.b })
		const draws = 1000
		var s1, s2, d1, d2 float64
		for range draws {
			pick := make([]int, n)
			for i := range pick {
				pick[i] = r.IntN(n)
			}
			of := func(i int) int { return pick[i] }
			x, y := value(a, of), value(b, of)
			s1, s2, d1, d2 = s1+x, s2+x*x, d1+x-y, d2+(x-y)*(x-y)
		}
		sd := func(s, q float64) float64 { return math.Sqrt((q - s*s/draws) / (draws - 1)) }
		found := 0
		for _, e := range rec.Estimates {
			if e.Metric != metric || e.Model != "candidate" {
				continue
			}
			switch e.Slice {
			case "overall":
				found++
				if want := value(a, func(i int) int { return i }); math.Abs(e.Value-want) > 1e-9 || e.N != n {
					t.Errorf("%s: %g of %d, want %g", metric, e.Value, e.N, want)
				}
				if want := sd(s1, s2); math.Abs(e.SE/want-1) > 0.12 {
					t.Errorf("%s: standard error %g, resampling gives %g", metric, e.SE, want)
				}
			case "part=p1":
				found++
				if want := value(a, func(i int) int {
					if i%3 == 1 {
						return i
					}
					return -1
				}); math.Abs(e.Value-want) > 1e-9 || e.N != n/3 {
					t.Errorf("%s of a slice: %g of %d, want %g", metric, e.Value, e.N, want)
				}
			}
		}
		for _, c := range rec.Comparisons {
			if c.Metric == metric && c.Slice == "overall" {
				found++
				if want := sd(d1, d2); math.Abs(c.SE/want-1) > 0.12 {
					t.Errorf("%s: standard error of the difference %g, resampling gives %g", metric, c.SE, want)
				}
			}
		}
		if found != 3 {
			t.Errorf("%s: %d of 3 numbers found", metric, found)
		}
	}
	if code, stdout, stderr := with(nil, dir, "verify", "out", "--rerun"); code != 0 {
		t.Errorf("verify: exit status %d\n%s%s", code, stdout, stderr)
	}
}
