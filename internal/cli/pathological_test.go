package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/cli"
)

// in runs the program in process.
func in(dir string, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	e := &cli.Env{Args: append([]string{"fairtrial"}, args...), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: noEnv,
		Dir: dir, Now: time.Now, Context: context.Background()}
	return cli.Main(e), out.String(), errs.String()
}

// good is n plausible rows with a header.
func good(n int) string {
	r := rand.New(rand.NewPCG(9, 9))
	var b strings.Builder
	b.WriteString("id,y,s,t,g\n")
	for i := range n {
		y := r.IntN(2)
		fmt.Fprintf(&b, "%d,%d,%.4f,%.4f,%c\n", i, y, 0.3*float64(y)+0.6*r.Float64(), 0.2*float64(y)+0.6*r.Float64(), 'a'+rune(i%3))
	}
	return b.String()
}

const ordinary = `name: p
task: binary
data: {source: FILE, columns: {id: id, label: {column: y, positive: 1}}}
models: {candidate: {score: s, threshold: 0.5}, baseline: {score: t, threshold: 0.5}}
slices: [g]
gates: [{metric: roc_auc, at_least: 0.5}, {metric: roc_auc, no_worse_than: baseline, margin: 0.2}]
`

// The golden table: input → exit status, decision of the record ("" when none is
// written), and a part of what the user is told.
func TestPathologicalInputs(t *testing.T) {
	t.Parallel()
	rows := good(400)
	swap := func(line int, old, new string) string {
		l := strings.Split(rows, "\n")
		l[line] = strings.Replace(l[line], old, new, 1)
		return strings.Join(l, "\n")
	}
	column := func(line, col int, value string) string {
		l := strings.Split(rows, "\n")
		f := strings.Split(l[line], ",")
		f[col] = value
		l[line] = strings.Join(f, ",")
		return strings.Join(l, "\n")
	}
	each := func(col int, value string) string {
		l := strings.Split(strings.TrimSpace(rows), "\n")
		for i := 1; i < len(l); i++ {
			f := strings.Split(l[i], ",")
			f[col] = value
			l[i] = strings.Join(f, ",")
		}
		return strings.Join(l, "\n")
	}
	weighted := strings.Replace(ordinary, "id: id,", "id: id, weight: g,", 1)
	weighted = strings.Replace(strings.Replace(weighted, "slices: [g]\n", "metrics: [accuracy]\n", 1), "gates: [{metric: roc_auc, at_least: 0.5}, {metric: roc_auc, no_worse_than: baseline, margin: 0.2}]", "gates: [{metric: accuracy, at_least: 0.1}]", 1)
	long := good(30000)
	for _, tc := range []struct {
		name, file, data, plan string
		status                 int
		decision, says         string
	}{
		{"ordinary", "d.csv", rows, ordinary, 0, "go", "400 of 400 rows used"},
		{"empty file", "d.csv", "", ordinary, 2, "", "the file is empty"},
		{"header only", "d.csv", "id,y,s,t,g\n", ordinary, 2, "", "has no rows"},
		{"duplicate header", "d.csv", strings.Replace(rows, "id,y,s,t,g", "id,y,s,s,t", 1), ordinary, 2, "", "stands twice in the header: at positions 3 and 4"},
		{"text in a score, late", "d.csv", strings.Replace(long, "\n29990,", "\n29990,1,oops,0.5,a\n29991x,", 1), ordinary, 2, "", "row 29991"},
		{"null score", "d.csv", column(17, 2, ""), ordinary, 2, "error", "1 of 400 rows have no usable prediction of candidate"},
		{"NaN score", "d.csv", column(17, 2, "NaN"), ordinary, 2, "error", "s is NaN"},
		{"infinite score", "d.csv", column(17, 2, "inf"), ordinary, 2, "error", "s is infinite"},
		{"score above 1", "d.csv", column(17, 2, "1.5"), ordinary, 2, "", "row 17"},
		{"score above 1 without probabilities", "d.csv", column(17, 2, "1.5"), strings.Replace(ordinary, "slices:", "metrics: [roc_auc]\nslices:", 1), 0, "go", "400 of 400"},
		{"null label within 1 %", "d.csv", column(17, 1, ""), ordinary, 0, "go", "label missing"},
		{"all labels null", "d.csv", each(1, ""), ordinary, 2, "", "label"},
		{"one class", "d.csv", each(1, "1"), ordinary, 3, "inconclusive", "one class only"},
		{"no positive", "d.csv", each(1, "0"), ordinary, 3, "inconclusive", "one class only: no positive rows"},
		{"three label values", "d.csv", column(17, 1, "2"), ordinary, 2, "", "multiclass"},
		{"constant score", "d.csv", each(2, "0.5"), ordinary, 1, "no-go", "roc_auc fell by"},
		{"duplicate ids", "d.csv", swap(2, "1,", "0,"), ordinary, 0, "go", ""},
		{"BOM and CRLF", "d.csv", "\ufeff" + strings.ReplaceAll(rows, "\n", "\r\n"), ordinary, 0, "go", "400 of 400"},
		{"semicolons", "d.csv", strings.ReplaceAll(rows, ",", ";"), ordinary, 0, "go", "400 of 400"},
		{"quoted newline", "d.csv", column(17, 4, "\"a\nb\""), ordinary, 0, "go", "400 of 400"},
		{"unicode values", "d.csv", each(4, "Ωμέγα=& ∅"), ordinary, 0, "go", "1 slices"},
		{"negative weight", "d.csv", strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(rows, ",a\n", ",1\n"), ",b\n", ",-2\n"), ",c\n", ",3\n"), weighted, 2, "", "negative"},
		{"all weights 0", "d.csv", each(4, "0"), weighted, 2, "", "weight"},
		{"200 slices too many", "d.csv", manySlices(), ordinary, 2, "", "has 300 values"},
		{"huge and tiny numbers", "d.csv", column(17, 2, "1e-320"), ordinary, 0, "go", "400 of 400"},
		{"malformed JSON line", "d.jsonl", "{\"id\":1,\"y\":1,\"s\":0.5,\"t\":0.5,\"g\":\"a\"}\n{\"id\":2,\n", ordinary, 2, "", "line 2"},
		{"unknown extension", "d.xlsx", rows, ordinary, 2, "", ".xlsx"},
		{"not UTF-8", "d.csv", column(17, 4, "caf\xe9"), ordinary, 2, "", "UTF-8"},
		{"a directory that is not there", "nodir/d.csv", "", strings.Replace(ordinary, "FILE", "elsewhere/d.csv", 1), 2, "", "no such file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.name != "ordinary" && tc.name != "text in a score, late" && tc.name != "null score" {
				notRaced(t, "it ends before several read, or reads as these three")
			}
			dir := t.TempDir()
			if !strings.Contains(tc.file, "/") {
				write(t, filepath.Join(dir, tc.file), tc.data)
			}
			write(t, filepath.Join(dir, "plan.yaml"), strings.Replace(tc.plan, "FILE", tc.file, 1))
			status, stdout, stderr := in(dir, "run", "plan.yaml", "-o", "out")
			said := stdout + stderr
			if status != tc.status || !strings.Contains(said, tc.says) {
				t.Errorf("exit %d, want %d and %q:\n%s", status, tc.status, tc.says, said)
			}
			var rec struct {
				Verdict struct {
					Decision string `json:"decision"`
				} `json:"verdict"`
			}
			if b, err := os.ReadFile(filepath.Join(dir, "out", "record.json")); err == nil {
				if err := json.Unmarshal(b, &rec); err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(b, []byte(": NaN")) || bytes.Contains(b, []byte(": Inf")) {
					t.Error("the record holds NaN or infinity")
				}
			}
			if rec.Verdict.Decision != tc.decision {
				t.Errorf("decision %q, want %q", rec.Verdict.Decision, tc.decision)
			}
		})
	}
}

func manySlices() string {
	var b strings.Builder
	b.WriteString("id,y,s,t,g\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "%d,%d,0.%d,0.%d,v%d\n", i, i%2, 1+i%9, 1+i%8, i%300)
	}
	return b.String()
}
