package compare

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/cells"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// z(0.975) + z(0.80) = 1.9599640 + 0.8416212 = 2.8015852.
func TestPlanning(t *testing.T) {
	if got := SmallestEffect(0.01, 0.95); math.Abs(got-0.028015852) > 1e-9 {
		t.Errorf("smallest effect %.10f", got)
	}
	if !math.IsNaN(SmallestEffect(0, 0.95)) || !math.IsNaN(SmallestEffect(math.NaN(), 0.95)) {
		t.Error("without an error there is no smallest effect")
	}
	// 1 000 rows, se 0.01, distance 0.02: 1 000 · 1.4007926² = 1 962.2, so 1 963.
	if n := RowsNeeded(1000, 0.01, 0.02, 0.95); n == nil || *n != 1963 {
		t.Errorf("rows needed: %v", n)
	}
	for what, n := range map[string]*int64{"on the bound": RowsNeeded(1000, 0.01, 0, 0.95), "no error": RowsNeeded(1000, 0, 0.1, 0.95), "no rows": RowsNeeded(0, 0.1, 0.1, 0.95),
		"undefined": RowsNeeded(1000, math.NaN(), 0.1, 0.95), "more than can be counted": RowsNeeded(1000, 1, 1e-12, 0.95), "an endless distance": RowsNeeded(1000, 1, math.Inf(1), 0.95)} {
		if n != nil {
			t.Errorf("%s: %d rows", what, *n)
		}
	}
}

func TestRead(t *testing.T) {
	none := math.NaN()
	for _, tc := range []struct {
		lo, hi, good, margin, adjusted float64
		want                           result.CompareVerdict
	}{
		{0.01, 0.03, 1, 0, none, result.Better}, {0.01, 0.03, -1, 0, none, result.Worse}, {0.01, 0.03, 0, 0, none, result.Different},
		{-0.03, -0.01, 1, 0, none, result.Worse}, {-0.03, -0.01, -1, 0, none, result.Better}, {-0.01, 0.03, 1, 0, none, result.CompareInconclusive},
		{0, 0.03, 1, 0, none, result.CompareInconclusive},                                                                                                            // 0 is not excluded
		{-0.01, 0.015, 1, 0.02, none, result.Equivalent}, {0.001, 0.015, 1, 0.02, none, result.Equivalent}, {-0.02, 0.01, 1, 0.02, none, result.CompareInconclusive}, // the margin itself is not within it
		{0.01, 0.03, 1, 0, 0.11, result.CompareInconclusive}, {-0.01, 0.03, 1, 0, 0.10, result.Better}, // in a family the adjusted p decides
		{none, none, 1, 0.5, none, result.CompareInconclusive},
	} {
		c := result.Comparison{Lower: result.Number(tc.lo), Upper: result.Number(tc.hi), Difference: result.Number((tc.lo + tc.hi) / 2), Status: result.OK}
		if got := Read(c, tc.good, Reading{Equivalence: tc.margin}, tc.adjusted); got != tc.want {
			t.Errorf("[%g, %g], good %g, margin %g, adjusted %g: %s, want %s", tc.lo, tc.hi, tc.good, tc.margin, tc.adjusted, got, tc.want)
		}
	}
	if got := Read(result.Comparison{Status: result.NotApplicable}, 1, Reading{}, none); got != result.CompareNotApplicable {
		t.Errorf("not applicable reads as %s", got)
	}
}

// Benjamini and Hochberg by hand: p 0.001, 0.04, 0.09, 0.9 of four give 0.004, 0.08,
// 0.12 and 0.9; the undefined one is no member, the last is outside the family.
func TestReadFamily(t *testing.T) {
	p := []float64{0.09, 0.001, math.NaN(), 0.9, 0.04, 0.001}
	var cs []result.Comparison
	for _, x := range p {
		c := result.Comparison{P: result.Number(x), PAdjusted: result.None(), Lower: -1, Upper: 2, Difference: 0.5, Status: result.OK, Verdict: "as it was"}
		if math.IsNaN(x) {
			c.P, c.Lower, c.Upper, c.Status = result.None(), result.None(), result.None(), result.Undefined
		}
		cs = append(cs, c)
	}
	ReadFamily(cs, []int{0, 1, 2, 3, 4}, func(int) float64 { return 1 }, func(int) Reading { return Reading{} })
	for i, want := range []struct {
		adjusted float64
		verdict  result.CompareVerdict
	}{{0.12, result.CompareInconclusive}, {0.004, result.Better}, {math.NaN(), "as it was"}, {0.9, result.CompareInconclusive}, {0.08, result.Better}, {math.NaN(), "as it was"}} {
		c := cs[i]
		in := !math.IsNaN(want.adjusted)
		if in != c.PAdjusted.Known() || in && math.Abs(float64(c.PAdjusted)-want.adjusted) > 1e-12 || c.Verdict != want.verdict || in && (c.Family != "R" || c.FamilySize != 4) {
			t.Errorf("comparison %d: adjusted %v, %s, family %q of %d; want %g, %s", i, c.PAdjusted, c.Verdict, c.Family, c.FamilySize, want.adjusted, want.verdict)
		}
	}
}

// The contrast of a metric with a target is that of the distances from it, with the
// error of their difference on the same rows.
func TestTarget(t *testing.T) {
	const n = 400
	in, err := metric.NewCatalogue().Build("mean_error", "mean_error", metric.Options{Task: cases.Regression})
	if err != nil {
		t.Fatal(err)
	}
	for _, shift := range [][2]float64{{0.5, 0.3}, {-0.5, 0.3}, {0.5, -0.3}, {-0.2, -0.9}} {
		r := rand.New(rand.NewPCG(8, 9))
		x := &rows.Rows{N: n, Task: cases.Regression, Baseline: 1, Models: []rows.Model{{Key: "candidate"}, {Key: "baseline"}}}
		var mean [2]float64
		for range n {
			x.Target = append(x.Target, 0)
			for m := range x.Models {
				e := shift[m] + r.NormFloat64()
				x.Models[m].Score = append(x.Models[m].Score, e)
				mean[m] += e / n
			}
		}
		pops, err := cells.Summarize(context.Background(), x, in.Needs(), 1)
		if err != nil {
			t.Fatal(err)
		}
		v := &metric.View{Set: &summary.Set{Models: []string{"candidate", "baseline"}, Baseline: 1, Pops: pops}, Pop: pops[0]}
		a := Contrast(in, v, 0, 1, 1)
		sa, sb := math.Copysign(1, mean[0]), math.Copysign(1, mean[1])
		want, ss := math.Abs(mean[0])-math.Abs(mean[1]), 0.0
		for i := range n {
			d := sa*x.Models[0].Score[i] - sb*x.Models[1].Score[i] - want
			ss += d * d
		}
		if se := math.Sqrt(ss / (n - 1) / n); math.Abs(a.Value-want) > 1e-12 || math.Abs(a.SE-se) > 1e-4*se {
			t.Errorf("means %.3f: %.6f ± %.6f, want %.6f ± %.6f", mean, a.Value, a.SE, want, se)
		}
		if c := Comparison(in, v, 0, 1, 0.95, Reading{Margin: 0.1}); c.Verdict == result.CompareInconclusive && c.NeededN == nil || Good(in.Direction) != -1 {
			t.Errorf("comparison of distances: %+v", c)
		}
	}
}
