package gate

import (
	"fmt"
	"sort"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// pairedAccuracy draws the joint counts of two models that disagree on a share psi of
// the rows and whose accuracies differ by d.
func pairedAccuracy(r *resample.RNG, n int64, psi, d float64) *summary.Set {
	p := []float64{0.85 - psi/2, (psi + d) / 2, (psi - d) / 2, 0.15 - psi/2} // both right, only candidate, only baseline, neither
	c := make([]float64, 4)
	resample.Multinomial(r, n, p, c)
	counts := &summary.Counts{}
	for i, dec := range [][]uint32{{1, 1}, {1, 0}, {0, 1}, {0, 0}} {
		if c[i] > 0 {
			counts.Cells = append(counts.Cells, summary.Cell{Label: 1, Decisions: dec, N: int64(c[i]), W: c[i], W2: c[i]})
		}
	}
	counts.Sort()
	return &summary.Set{Models: []string{"candidate", "baseline"}, Baseline: 1, Classes: []string{"0", "1"},
		Pops: []*summary.Population{{Slice: result.Overall, Partition: -1, N: n, W: float64(n), W2: float64(n), Counts: counts}}}
}

func newRNG() *resample.RNG { return resample.NewRNG(23, "rules") }

func decideOn(t *testing.T, set *summary.Set, name string, rules ...Rule) ([]result.Gate, result.Outcome) {
	t.Helper()
	return decideWith(t, set, name, "bound", rules...)
}

func decideWith(t *testing.T, set *summary.Set, name, evidence string, rules ...Rule) ([]result.Gate, result.Outcome) {
	t.Helper()
	in, err := metric.NewCatalogue().Build(name, "", metric.Options{Task: cases.Binary})
	if err != nil {
		t.Fatal(err)
	}
	for i := range rules {
		if rules[i].Severity == "" {
			rules[i].Severity = result.Block
		}
		if rules[i].MinRows == 0 {
			rules[i].MinRows = 30
		}
		rules[i].Model, rules[i].Metric, rules[i].Evidence = "candidate", name, evidence
	}
	return Decide(Input{Rules: rules, Set: set, Metrics: map[string]*metric.Instance{name: in},
		View: func(i int) *metric.View { return &metric.View{Set: set, Pop: set.Pops[i], Seed: 1, Draws: 2000} },
		Fits: func(*metric.Instance, string) (bool, string) { return true, "" },
		Groups: func(string) []int {
			var all []int
			for i := range set.Pops[1:] {
				all = append(all, i+1)
			}
			return all
		}})
}

// The worked numbers of GATES: paired accuracy, 10 % discordant, confidence 0.90.
func TestWorkedNumbers(t *testing.T) {
	const draws = 4000
	rule := Rule{Name: "g", Rule: NoWorseThan, Than: "baseline", Margin: 0.02, Confidence: 0.90}
	for _, tc := range []struct {
		n                          int64
		d                          float64
		passMin, passMax, fail, to float64 // bounds of the shares
	}{
		{2000, 0, 0.75, 1, 0, 0.01},
		{20000, -0.04, 0, 0.001, 0.99, 1},
		{500, 0, 0, 0.5, 0, 0.06},
	} {
		r := resample.NewRNG(20, fmt.Sprint(tc.n, tc.d))
		got := map[result.Verdict]float64{}
		for range draws {
			gates, _ := decideOn(t, pairedAccuracy(r, tc.n, 0.10, tc.d), "accuracy", rule)
			got[gates[0].Verdict] += 1.0 / draws
		}
		t.Logf("n=%d d=%g: %v", tc.n, tc.d, got)
		if p := got[result.Pass]; p < tc.passMin || p > tc.passMax {
			t.Errorf("n=%d, true difference %g: pass %.4f, want %.3f to %.3f", tc.n, tc.d, p, tc.passMin, tc.passMax)
		}
		if f := got[result.Fail]; f < tc.fail || f > tc.to {
			t.Errorf("n=%d, true difference %g: fail %.4f, want %.3f to %.3f", tc.n, tc.d, f, tc.fail, tc.to)
		}
	}
}

// The stated rows needed are the rows at which equal models pass with 80 %.
func TestRowsNeededAreTrue(t *testing.T) {
	for _, margin := range []float64{0.01, 0.015} {
		rule := Rule{Name: "g", Rule: NoWorseThan, Than: "baseline", Margin: margin, Confidence: 0.90}
		r := resample.NewRNG(21, fmt.Sprint(margin))
		var stated []int64
		for range 1500 {
			gates, _ := decideOn(t, pairedAccuracy(r, 2000, 0.10, 0), "accuracy", rule)
			if n := gates[0].Evidence.NeededN; n != nil {
				stated = append(stated, *n)
			}
		}
		sort.Slice(stated, func(i, j int) bool { return stated[i] < stated[j] })
		median := stated[len(stated)/2]
		pass := func(n int64) float64 {
			k := 0.0
			for range 3000 {
				gates, _ := decideOn(t, pairedAccuracy(r, n, 0.10, 0), "accuracy", rule)
				if gates[0].Verdict == result.Pass {
					k++
				}
			}
			return k / 3000
		}
		// 80 % must be reached between 1/1.2 and 1.2 times the stated rows.
		lo, hi := pass(int64(float64(median)/1.2)), pass(int64(float64(median)*1.2))
		t.Logf("margin %g: stated %d, pass at 1/1.2 of it %.3f, at 1.2 of it %.3f", margin, median, lo, hi)
		if lo > 0.80 || hi < 0.80 {
			t.Errorf("margin %g: stated %d rows; equal models pass %.3f of the time with a sixth fewer and %.3f with a fifth more", margin, median, lo, hi)
		}
	}
}

// 167 slices, recall 0.80 everywhere, at_least 0.70 on all: pass. One slice truly at
// 0.60 with 2 000 positives: fail, and named.
func TestSlicedWorkedNumbers(t *testing.T) {
	make167 := func(r *resample.RNG, bad bool) *summary.Set {
		set := &summary.Set{Models: []string{"candidate"}, Baseline: -1, Classes: []string{"0", "1"}}
		add := func(name string, pos int64, recall float64) (tp, fn int64) {
			tp = r.Binomial(pos, recall)
			fn = pos - tp
			c := &summary.Counts{Cells: []summary.Cell{
				{Label: 1, Decisions: []uint32{0}, N: fn, W: float64(fn), W2: float64(fn)}, {Label: 1, Decisions: []uint32{1}, N: tp, W: float64(tp), W2: float64(tp)}}}
			set.Pops = append(set.Pops, &summary.Population{Slice: name, N: pos, W: float64(pos), W2: float64(pos), Counts: c})
			return
		}
		add(result.Overall, 40000, 0.80)
		for i, sizes := 0, []int64{2, 5, 10, 50, 100}; i < len(sizes); i++ {
			for k := int64(0); k < sizes[i]; k++ {
				pos, recall := 40000/sizes[i], 0.80
				if bad && i == 3 && k == 7 {
					pos, recall = 2000, 0.60
				}
				add(fmt.Sprintf("c%d=%d", i, k), pos, recall)
			}
		}
		return set
	}
	rule := Rule{Name: "recall", Rule: AtLeast, Bound: 0.70, Slices: []string{"all"}, Require: "no_harm", Confidence: 0.95}
	r := resample.NewRNG(22, "slices")
	for range 200 {
		gates, _ := decideOn(t, make167(r, false), "recall", rule)
		if gates[0].Verdict != result.Pass {
			t.Fatalf("recall 0.80 everywhere: %s: %s", gates[0].Verdict, gates[0].Reason)
		}
		gates, o := decideOn(t, make167(r, true), "recall", rule)
		if gates[0].Verdict != result.Fail || o.Decision != result.NoGo {
			t.Fatalf("one slice at 0.60: %s: %s", gates[0].Verdict, gates[0].Reason)
		}
		named := false
		for _, c := range gates[0].Cells {
			named = named || c.Slice == "c3=7" && c.Verdict == result.Fail
		}
		if !named {
			t.Fatalf("the bad slice is not named: %s", gates[0].Reason)
		}
	}
}
