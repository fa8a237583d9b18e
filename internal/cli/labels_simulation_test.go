package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/cli"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
)

// simulated runs a plan in a folder of its own and gives its record. Its statuses may be a
// verdict of any kind.
func simulated(t *testing.T, dir string) *record.Record {
	t.Helper()
	var out, words bytes.Buffer
	e := &cli.Env{Args: []string{"fairtrial", "run", "plan.yaml", "-q"}, Stdout: &out, Stderr: &words, Stdin: strings.NewReader(""), Dir: dir, Now: time.Now, Context: context.Background(),
		Getenv: noEnv}
	if status := cli.Main(e); status != 0 && status != 1 && status != 3 {
		t.Fatalf("exit status %d\n%s%s", status, &out, &words)
	}
	f, err := os.Open(filepath.Join(dir, "fairtrial-out", "record.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := record.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func put(t *testing.T, dir, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// system is a system of which a share is good as a judge of given rates sees it.
type system struct{ share, se, sp float64 }

func (s system) answer(r *resample.RNG) (good, passed bool) {
	good = r.Float64() < s.share
	if good {
		return good, r.Float64() < s.se
	}
	return good, r.Float64() >= s.sp
}

// answersOf writes many data sets as one, a value of the column set each: cases, answers of
// two systems, and labels of the first rows of both.
func answersOf(t *testing.T, dir string, r *resample.RNG, sets, rows, labels int, of func(set int) (candidate, baseline system)) {
	t.Helper()
	var cases, a, b, l bytes.Buffer
	l.WriteString("id,model,label\n")
	for s := range sets {
		candidate, baseline := of(s)
		for i := range rows {
			id := fmt.Sprintf("%d-%d", s, i)
			fmt.Fprintf(&cases, "{\"id\":%q,\"set\":\"s%d\"}\n", id, s)
			for k, x := range []system{candidate, baseline} {
				good, passed := x.answer(r)
				w, key := &a, "candidate"
				if k == 1 {
					w, key = &b, "baseline"
				}
				fmt.Fprintf(w, "{\"id\":%q,\"output\":\"%t\"}\n", id, passed)
				if i < labels {
					fmt.Fprintf(&l, "%s,%s,%t\n", id, key, good)
				}
			}
		}
	}
	put(t, dir, "cases.jsonl", cases.Bytes())
	put(t, dir, "a.jsonl", a.Bytes())
	put(t, dir, "b.jsonl", b.Bytes())
	put(t, dir, "labels.csv", l.Bytes())
}

const simulatedPlan = `name: simulated
task: generation
data: {source: cases.jsonl, columns: {id: id}}
models:
  candidate: {provider: recorded, source: a.jsonl}
  baseline: {provider: recorded, source: b.jsonl}
slices: [set]
scorers:
`

func slowSimulations() bool { return os.Getenv("FAIRTRIAL_SLOW") != "" }

// A judge of sensitivity .85 and specificity .70, and a baseline of the same quality on which
// it errs less, through a plan to the record: the corrected interval holds the truth and is
// narrower than the labels' own, the uncorrected one does not hold it, and the candidate is
// called better in at most 5 % where the judge calls it so nearly always.
func TestSimulatedJudge(t *testing.T) {
	t.Parallel()
	notRaced(t, "a run over many data sets")
	runs, sets, rows, labels := 1, 40, 1200, 150
	if slowSimulations() {
		runs, sets, rows, labels = 5, 120, 1500, 150
	}
	const truth = 0.5
	var n, held, heldRaw, better, betterRaw float64
	var width, alone float64
	for run := range runs {
		dir := t.TempDir()
		r := resample.NewRNG(uint64(run), "simulated judge")
		answersOf(t, dir, r, sets, rows, labels, func(int) (system, system) {
			return system{truth, .85, .70}, system{truth, .85, .80}
		})
		put(t, dir, "plan.yaml", []byte(simulatedPlan+"  - {type: contains, value: \"true\", as: good, labels: labels.csv}\n"))
		rec := simulated(t, dir)
		for _, e := range rec.Estimates {
			if e.Slice == result.Overall || e.Model != "candidate" {
				continue
			}
			if e.Status != result.OK || e.Correction == nil || e.Correction.Labels != int64(labels) {
				t.Fatalf("%+v", e)
			}
			n++
			c := e.Correction
			held += one(float64(e.Lower) <= truth && truth <= float64(e.Upper))
			heldRaw += one(float64(c.Raw.Lower) <= truth && truth <= float64(c.Raw.Upper))
			width += float64(e.Upper - e.Lower)
			alone += float64(e.Upper-e.Lower) * math.Sqrt(float64(c.Gain))
		}
		for _, c := range rec.Comparisons {
			if c.Slice != result.Overall {
				better += one(c.Lower > 0)
				betterRaw += one(c.Correction.Raw.Lower > 0)
			}
		}
	}
	t.Logf("%.0f data sets: covers %.1f %% (uncorrected %.1f %%), width %.4f (labels alone %.4f); falsely better %.1f %% (uncorrected %.1f %%)", n, 100*held/n, 100*heldRaw/n, width/n, alone/n, 100*better/n, 100*betterRaw/n)
	slack := 3.1 * math.Sqrt(.94*.06/n)
	if held/n < .94-slack || heldRaw/n > .05 || width >= alone || better/n > .05+3.1*math.Sqrt(.05*.95/n) || betterRaw/n < .5 {
		t.Error("outside what is promised")
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// Cards of earlier systems, whose specificity differs, on systems of equal quality whose
// specificity differs again: neither is called better in more than 5 %, where the judge
// itself calls them so far more often.
func TestSimulatedCards(t *testing.T) {
	t.Parallel()
	notRaced(t, "a run over many data sets")
	runs, sets, rows, scorers := 1, 15, 1000, 15
	if slowSimulations() {
		runs, sets, rows, scorers = 6, 30, 1000, 30
	}
	const earlier = 5
	var n, different, better, betterRaw, far float64
	for run := range runs {
		dir := t.TempDir()
		r := resample.NewRNG(uint64(run), "simulated cards")
		spec := func() float64 { return .80 + .05*r.Normal() }
		answersOf(t, dir, r, sets, rows, 0, func(int) (system, system) {
			return system{.7, .85, spec()}, system{.7, .85, spec()}
		})
		var plan strings.Builder
		plan.WriteString(simulatedPlan)
		identity := identityOf(t)
		for s := range scorers {
			var names []string
			for k := range earlier {
				name := fmt.Sprintf("card-%d-%d.json", s, k)
				card := map[string]any{"schema": "fairtrial.judge-card/v1", "judge": identity, "system": name,
					"counts": map[string]int64{"good": 200, "good_passed": r.Binomial(200, .85), "bad": 100, "bad_failed": r.Binomial(100, spec())}}
				text, err := json.Marshal(card)
				if err != nil {
					t.Fatal(err)
				}
				put(t, dir, name, text)
				names = append(names, name)
			}
			fmt.Fprintf(&plan, "  - {type: contains, value: \"true\", as: good%d, cards: [%s]}\n", s, strings.Join(names, ", "))
		}
		put(t, dir, "plan.yaml", []byte(plan.String()))
		rec := simulated(t, dir)
		for _, c := range rec.Comparisons {
			if c.Slice == result.Overall {
				continue
			}
			if c.Status != result.OK || c.Correction.By != result.CorrectedByCards {
				t.Fatalf("%+v", c)
			}
			n++
			different += one(c.Lower > 0 || c.Upper < 0)
			better += one(c.Lower > 0)
			betterRaw += one(c.Correction.Raw.Lower > 0)
		}
		for _, e := range rec.Estimates {
			if e.Slice != result.Overall {
				far += one(float64(e.Lower) > .7 || float64(e.Upper) < .7) / 2
			}
		}
	}
	t.Logf("%.0f comparisons: falsely better %.1f %%, different %.1f %% (uncorrected better %.1f %%); wrong about one system %.1f %%", n, 100*better/n, 100*different/n, 100*betterRaw/n, 100*far/n)
	// Systems and cards are crossed: as many as the fewer of both are independent.
	slack := 3.1 * math.Sqrt(.05*.95/float64(runs*min(sets, scorers)))
	if better/n > .05+slack || far/n > .05+slack || betterRaw/n < better/n {
		t.Error("outside what is promised")
	}
}

// identityOf asks the program whose card a plan's scorer needs.
func identityOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	put(t, dir, "cases.jsonl", []byte("{\"id\":\"1\",\"set\":\"a\"}\n"))
	put(t, dir, "a.jsonl", []byte("{\"id\":\"1\",\"output\":\"true\"}\n"))
	put(t, dir, "b.jsonl", []byte("{\"id\":\"1\",\"output\":\"true\"}\n"))
	put(t, dir, "l.csv", []byte("id,model,label\n1,candidate,1\n"))
	put(t, dir, "plan.yaml", []byte(simulatedPlan+"  - {type: contains, value: \"true\", as: good, labels: l.csv}\n"))
	simulated(t, dir)
	var out, words bytes.Buffer
	e := &cli.Env{Args: []string{"fairtrial", "judge", "card", "fairtrial-out", "--scorer", "good", "--json"}, Stdout: &out, Stderr: &words, Stdin: strings.NewReader(""), Dir: dir, Now: time.Now, Context: context.Background(),
		Getenv: noEnv}
	if status := cli.Main(e); status != 0 {
		t.Fatalf("exit status %d\n%s%s", status, &out, &words)
	}
	var card struct {
		Judge string `json:"judge"`
	}
	if err := json.Unmarshal(out.Bytes(), &card); err != nil || card.Judge == "" {
		t.Fatalf("%v: %s", err, &out)
	}
	return card.Judge
}
