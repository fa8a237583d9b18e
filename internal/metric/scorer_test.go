package metric_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/interval"
	"github.com/fairtrial/fairtrial/internal/summary"
)

func scorer(t *testing.T, s metric.Scorer) *metric.Instance {
	t.Helper()
	in, err := metric.NewCatalogue().With([]metric.Scorer{s}).Build(s.Name, "", metric.Options{Task: cases.Regression})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// scoredRows are rows of two models whose scores are also their predictions of the label 0,
// so that the mean error is the mean score.
func scoredRows(n int, weights, clusters bool) *rows.Rows {
	r := rand.New(rand.NewPCG(7, 7))
	x := &rows.Rows{N: n, Task: cases.Regression, Baseline: 1, Target: make([]float64, n)}
	g := &rows.Given{Scores: map[string][]float64{}, Ungraded: make([]bool, n)}
	for _, key := range []string{"candidate", "baseline"} {
		m := rows.Model{Key: key}
		for range n {
			m.Score = append(m.Score, r.Float64())
		}
		x.Models = append(x.Models, m)
		g.Scores[key] = m.Score
	}
	x.Given = map[string]*rows.Given{"s": g}
	if weights {
		for range n {
			x.Weight = append(x.Weight, 0.5+r.Float64())
		}
	}
	if clusters {
		for i := range n {
			x.Cluster = append(x.Cluster, uint32(i/3))
			if i%3 == 0 {
				x.ClusterHash = append(x.ClusterHash, uint64(i)*0x9e3779b97f4a7c15)
			}
		}
	}
	return x
}

// gradedAlone takes the scores of every ninth row away, and gives the others by themselves.
func gradedAlone(x *rows.Rows) *rows.Rows {
	g := x.Given["s"]
	kept := &rows.Rows{Task: cases.Regression, Baseline: 1, ClusterHash: x.ClusterHash, Models: []rows.Model{{Key: "candidate"}, {Key: "baseline"}}}
	for i := range x.N {
		if g.Ungraded[i] = i%9 == 4; g.Ungraded[i] {
			g.Scores["candidate"][i] = math.NaN()
			continue
		}
		kept.N++
		kept.Target = append(kept.Target, 0)
		for m := range kept.Models {
			kept.Models[m].Score = append(kept.Models[m].Score, x.Models[m].Score[i])
		}
		if x.Weight != nil {
			kept.Weight = append(kept.Weight, x.Weight[i])
		}
		if x.Cluster != nil {
			kept.Cluster = append(kept.Cluster, x.Cluster[i])
		}
	}
	return kept
}

// Where every row is graded a scorer's metric is the mean of the scores, to the last digit
// of its error and of paired differences, with weights and clusters.
func TestScorerIsAMean(t *testing.T) {
	in := scorer(t, metric.Scorer{Name: "s", Direction: metric.Up, Lo: math.Inf(-1), Hi: math.Inf(1)})
	plain, err := metric.NewCatalogue().Build("mean_error", "", metric.Options{Task: cases.Regression})
	if err != nil {
		t.Fatal(err)
	}
	for _, way := range []struct{ weights, clusters bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		x := scoredRows(300, way.weights, way.clusters)
		v := see(t, x, []*metric.Instance{in, plain})
		for _, pair := range [][2]metric.Answer{
			{in.Estimate(v, 0), plain.Estimate(v, 0)},
			{in.Contrast(v, 0, 1, 1), plain.Contrast(v, 0, 1, 1)},
		} {
			a, b := pair[0], pair[1]
			if !same(a.Value, b.Value, 1e-12) || !same(a.SE, b.SE, 1e-10) || !same(a.DF, b.DF, 1e-10) || a.N != b.N || a.Method != b.Method || a.Status != result.OK {
				t.Errorf("%+v: %+v, the mean has %+v", way, a, b)
			}
		}
	}
}

// With ungraded rows it is the mean of the others, with their error.
func TestUngradedRowsCountNowhere(t *testing.T) {
	x := scoredRows(200, false, false)
	kept := gradedAlone(x)
	x.Models[0].Score = make([]float64, x.N) // only its scores are read
	in := scorer(t, metric.Scorer{Name: "s", Direction: metric.Down, Lo: 0, Hi: 5})
	plain, err := metric.NewCatalogue().Build("mean_error", "", metric.Options{Task: cases.Regression})
	if err != nil {
		t.Fatal(err)
	}
	v, w := see(t, x, []*metric.Instance{in}), see(t, kept, []*metric.Instance{plain})
	lost := int64(x.N - kept.N)
	v.Pop.Ungraded = map[string]int64{"s": lost}
	for _, pair := range [][2]metric.Answer{{in.Estimate(v, 0), plain.Estimate(w, 0)}, {in.Contrast(v, 0, 1, 1), plain.Contrast(w, 0, 1, 1)}} {
		a, b := pair[0], pair[1]
		if !same(a.Value, b.Value, 1e-12) || !same(a.SE, b.SE, 1e-10) || a.DF != b.DF || a.N != b.N || a.Ungraded != lost {
			t.Errorf("%+v, of the graded rows alone %+v", a, b)
		}
	}
	a := in.Estimate(v, 0)
	share := float64(lost) / float64(x.N)
	if want := a.Value*(1-share) + 5*share; !same(a.Worst, want, 1e-12) { // down is good: the worst score is the highest
		t.Errorf("worst %g, want %g", a.Worst, want)
	}
	if want := a.Value * (1 - share); !same(a.Best, want, 1e-12) {
		t.Errorf("best %g, want %g", a.Best, want)
	}
}

// A share of passes has Wilson's interval on the graded rows: 8 of 10.
func TestPassFail(t *testing.T) {
	x := scoredRows(12, false, false)
	g := x.Given["s"]
	for i := range x.N {
		for _, key := range []string{"candidate", "baseline"} {
			g.Scores[key][i] = 1
		}
	}
	g.Scores["candidate"][3], g.Scores["candidate"][4] = 0, 0
	g.Ungraded[5], g.Ungraded[6] = true, true
	in := scorer(t, metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: 1, PassFail: true})
	v := see(t, x, []*metric.Instance{in})
	v.Pop.Ungraded = map[string]int64{"s": 2}
	a := in.Estimate(v, 0)
	lo, hi, ok := a.Interval(0.95)
	if !ok || a.N != 10 || !same(a.Value, 0.8, 1e-14) || !same(lo, 0.49016, 1e-4) || !same(hi, 0.94331, 1e-4) { // R: prop.test(8, 10, correct = FALSE)
		t.Errorf("%+v: %g to %g", a, lo, hi)
	}
	if b := in.Estimate(v, 1); b.Value != 1 {
		t.Errorf("%+v", b)
	} else if lo, hi, _ := b.Interval(0.95); !(lo < 0.75) || hi != 1 { // all pass: still no certainty
		t.Errorf("%g to %g", lo, hi)
	}
}

func TestNothingGraded(t *testing.T) {
	in := scorer(t, metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: 1})
	x := scoredRows(10, false, false)
	x.Given = nil // a command that has no scorers run
	for _, a := range []metric.Answer{in.Estimate(see(t, x, []*metric.Instance{in}), 0), in.Contrast(see(t, x, []*metric.Instance{in}), 0, 1, 1)} {
		if a.Status != result.Undefined || a.Notes[0] != "no row was graded" {
			t.Errorf("%+v", a)
		}
	}
}

func TestScorerExpressions(t *testing.T) {
	if name, isGraded, ok := summary.GradedBy("x").Scorer(); name != "x" || !isGraded || !ok || !summary.GradedBy("x").Shared() {
		t.Error(name, isGraded, ok)
	}
	if name, isGraded, ok := summary.ScoredBy("x").Scorer(); name != "x" || isGraded || !ok || summary.ScoredBy("x").Shared() {
		t.Error(name, isGraded, ok)
	}
	if name, list, ok := summary.GivenBy("x.y", "a", "b").Product(); name != "x.y" || len(list) != 2 || list[1] != "b" || !ok || summary.GivenBy("x", "a").Shared() {
		t.Error(name, list, ok)
	}
	if _, _, ok := summary.ScoredBy("x").Product(); ok {
		t.Error("a score is taken for a product")
	}
	if _, _, ok := summary.LogLoss.Scorer(); ok {
		t.Error("log_loss is taken for a scorer's")
	}
}

// Scores that never differ are no certainty: the interval of a mean between bounds is exact
// for values that are all alike, and so is that of differences.
func TestScoresThatAreAllAlike(t *testing.T) {
	in := scorer(t, metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: 1})
	x := scoredRows(40, false, false)
	for m := range x.Models {
		for i := range x.N {
			x.Models[m].Score[i] = 1
		}
	}
	v := see(t, x, []*metric.Instance{in})
	a := in.Estimate(v, 0)
	lo, hi, ok := a.Interval(0.95)
	if want := math.Pow(0.025, 1./40); !ok || math.Abs(lo-want) > 1e-9 || hi != 1 {
		t.Errorf("40 of 40: %g to %g, want %g to 1 (%s)", lo, hi, want, a.Method)
	}
	d := in.Contrast(v, 0, 1, 1)
	lo, hi, ok = d.Interval(0.95)
	if !math.IsNaN(a.SE) || !math.IsNaN(d.SE) { // 0 would claim to see the smallest difference
		t.Errorf("errors of %g and %g", a.SE, d.SE)
	}
	if want := 1 - math.Pow(0.025, 1./40); !ok || math.Abs(hi-want) > 1e-9 || math.Abs(lo+want) > 1e-9 {
		t.Errorf("no difference in 40: %g to %g, want ±%g (%s)", lo, hi, want, d.Method)
	}
}

// Sums of squares are rounded, by as much as those of 49 cases of a slice were: that is no error.
func TestAlikeUpToRounding(t *testing.T) {
	in := scorer(t, metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: 1, PassFail: true})
	x := scoredRows(49, false, false)
	for i := range x.N {
		x.Models[0].Score[i], x.Models[1].Score[i] = 1, 0
	}
	v := see(t, x, []*metric.Instance{in})
	co := v.Pop.Moments[0].Co
	co[0] += 2.9e-15 // of the first score with itself
	d := in.Contrast(v, 0, 1, 1)
	if lo, hi, ok := d.Interval(0.95); !ok || d.Value != 1 || hi != 1 || lo > 0.9 || !math.IsNaN(d.SE) {
		t.Errorf("%g to %g, error %g", lo, hi, d.SE)
	}
}

// Without a range nothing bounds the rows that were not seen: values or differences that are
// all alike have no interval and no p-value, with weights and clusters, in any slice; one that
// differs is enough for an error again.
func TestAlikeWithoutARangeHasNoInterval(t *testing.T) {
	in := scorer(t, metric.Scorer{Name: "s", Direction: metric.Down, Lo: 0, Hi: math.Inf(1)})
	for _, way := range []struct{ weights, clusters bool }{{false, false}, {true, false}, {false, true}} {
		x := scoredRows(150, way.weights, way.clusters)
		for i := range x.N {
			x.Models[0].Score[i], x.Models[1].Score[i] = 812.3, x.Models[1].Score[i]+0.1
		}
		v := see(t, x, []*metric.Instance{in})
		none := func(what string, a metric.Answer) {
			lo, hi, ok := a.Interval(0.95)
			if ok || !math.IsNaN(a.SE) || !math.IsNaN(a.Above(0)) || math.IsNaN(a.Value) || len(a.Notes) == 0 || !strings.Contains(a.Notes[0], "alike") {
				t.Errorf("%v: %s: %g to %g, error %g, %q", way, what, lo, hi, a.SE, a.Notes)
			}
		}
		none("values", in.Estimate(v, 0))
		none("groups", in.Between(v, v, 0, false))
		none("ratio of groups", in.Between(v, v, 0, true))
		if _, _, ok := in.Estimate(v, 1).Interval(0.95); !ok {
			t.Error("values that differ have no interval")
		}
		for i := range x.N {
			x.Models[0].Score[i] = x.Models[1].Score[i] + 3
		}
		none("differences", in.Contrast(see(t, x, []*metric.Instance{in}), 0, 1, 1))
		x.Models[0].Score[3]++
		if lo, hi, ok := in.Contrast(see(t, x, []*metric.Instance{in}), 0, 1, 1).Interval(0.95); !ok || !(lo < hi) {
			t.Errorf("one difference is another: %g to %g", lo, hi)
		}
	}
}

// Shares of two groups that all pass differ by something all the same.
func TestGroupsThatAllPassHaveAWidth(t *testing.T) {
	in := scorer(t, metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: 1, PassFail: true})
	x := scoredRows(40, false, false)
	for i := range x.N {
		x.Models[0].Score[i] = 1
	}
	v := see(t, x, []*metric.Instance{in})
	a := in.Between(v, v, 0, false)
	lo, hi, ok := a.Interval(0.95)
	wantLo, wantHi := interval.Newcombe(1, 40, 1, 40, 1.959963984540054)
	if !ok || math.Abs(lo-wantLo) > 1e-9 || math.Abs(hi-wantHi) > 1e-9 || !(lo < hi) {
		t.Errorf("%g to %g, want %g to %g", lo, hi, wantLo, wantHi)
	}
	if a := in.Between(v, v, 0, true); !math.IsNaN(a.SE) {
		t.Errorf("a ratio of shares that are both 1 has an error of %g", a.SE)
	}
}

// Two pass-or-fail scorers on the same rows are compared as two classifiers are: by Tango's
// score interval on the rows where only one passes.
func TestPassFailIsComparedByTango(t *testing.T) {
	in := scorer(t, metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: 1, PassFail: true})
	x := scoredRows(100, false, false)
	for i := range x.N { // 9 only the first, 4 only the second
		x.Models[0].Score[i], x.Models[1].Score[i] = 1, 1
		switch {
		case i < 9:
			x.Models[1].Score[i] = 0
		case i < 13:
			x.Models[0].Score[i] = 0
		}
	}
	d := in.Contrast(see(t, x, []*metric.Instance{in}), 0, 1, 1)
	lo, hi, _ := d.Interval(0.95)
	wantLo, wantHi := interval.Tango(9, 4, 100, 1.959963984540054)
	if math.Abs(lo-wantLo) > 1e-9 || math.Abs(hi-wantHi) > 1e-9 || d.N != 100 {
		t.Errorf("%g to %g, want %g to %g (%s)", lo, hi, wantLo, wantHi, d.Method)
	}
}

// Where every cluster has as many rows that differ as the next, as in a design of so many
// questions about each document, the clusters tell of no error and the rows do.
func TestClustersThatDoNotDiffer(t *testing.T) {
	in := scorer(t, metric.Scorer{Name: "s", Lo: 0, Hi: 1, PassFail: true})
	for _, per := range []int{4, 10} { // 12 clusters: CR2; 60: CR1
		for _, clusters := range []int{12, 60} {
			x := scoredRows(clusters*per, false, true)
			x.Cluster, x.ClusterHash = nil, nil
			for c := range clusters {
				x.ClusterHash = append(x.ClusterHash, uint64(c+1))
			}
			g := x.Given["s"]
			for i := range x.N {
				x.Cluster = append(x.Cluster, uint32(i/per))
				g.Ungraded[i] = false
				g.Scores["candidate"][i], g.Scores["baseline"][i] = 1, 1
				if i%per == 0 {
					g.Scores["candidate"][i] = 0
				}
			}
			v := see(t, x, []*metric.Instance{in})
			p := 1 / float64(per)
			want := math.Sqrt(p * (1 - p) / float64(x.N-1))
			d := in.Contrast(v, 0, 1, 1)
			if math.Abs(d.Value+p) > 1e-12 || math.Abs(d.SE-want) > 1e-9 || !slices.ContainsFunc(d.Notes, func(n string) bool { return strings.Contains(n, "no cluster does") }) {
				t.Errorf("%d clusters of %d: %g ± %g, want %g ± %g; %v", clusters, per, d.Value, d.SE, -p, want, d.Notes)
			}
			g.Scores["candidate"][1] = 0 // one cluster more than the others
			if d := in.Contrast(see(t, x, []*metric.Instance{in}), 0, 1, 1); !(d.SE > 0) || d.SE > want || len(d.Notes) > 1 {
				t.Errorf("%d clusters of %d, one differs: ± %g; %v", clusters, per, d.SE, d.Notes)
			}
		}
	}
}
