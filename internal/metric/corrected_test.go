package metric_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/agree"
	"github.com/fairtrial/fairtrial/internal/stat/ppi"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// sampling says how a data set of judged answers is made up.
type sampling struct {
	rows, labels      int  // labels: of both models, on the same rows
	graded            bool // scores from 0 to 5, else passes and fails
	chances           bool
	clusters, weights bool
	ungraded          int // every so many rows
}

// judgedRows are answers of two models as a judge scored them and people labelled some, for
// the core and for the reference estimator.
func judgedRows(seed uint64, o sampling) (*rows.Rows, [2][]ppi.Row) {
	r := rand.New(rand.NewPCG(seed, 3))
	x := &rows.Rows{N: o.rows, Task: "regression", Baseline: 1, Target: make([]float64, o.rows)}
	g := &rows.Given{Scores: map[string][]float64{}, Ungraded: make([]bool, o.rows), More: map[string]map[string][]float64{summary.LabelWeight: {}, summary.HumanLabel: {}}}
	x.Given = map[string]*rows.Given{"s": g}
	drawn := make([]bool, o.rows)
	for _, i := range r.Perm(o.rows)[:o.labels] {
		drawn[i] = true
	}
	chance := make([]float64, o.rows)
	for i := range chance {
		chance[i] = 0.05 + 0.4*r.Float64()
		if o.chances {
			drawn[i] = r.Float64() < chance[i]
		}
	}
	var ref [2][]ppi.Row
	for m, key := range []string{"candidate", "baseline"} {
		x.Models = append(x.Models, rows.Model{Key: key, Score: make([]float64, o.rows)})
		score, weight, label := make([]float64, o.rows), make([]float64, o.rows), make([]float64, o.rows)
		for i := range o.rows {
			truth, judged := float64(r.IntN(10)/(3+m)), 0.0
			if !o.graded {
				truth = math.Min(1, truth)
			}
			if judged = truth; r.Float64() < 0.25 {
				judged = float64(r.IntN(2))
				if o.graded {
					judged = 5 * r.Float64()
				}
			}
			score[i] = judged
			row := ppi.Row{Judge: judged, Label: math.NaN(), Cluster: i / 4}
			if o.chances {
				row.Chance = chance[i]
			}
			if o.ungraded > 0 && i%o.ungraded == 1 {
				g.Ungraded[i] = true
			}
			if drawn[i] {
				if weight[i], label[i], row.Label = 1, truth, truth; o.chances {
					weight[i] = 1 / chance[i]
				}
			}
			if !g.Ungraded[i] {
				ref[m] = append(ref[m], row)
			}
		}
		g.Scores[key], g.More[summary.LabelWeight][key], g.More[summary.HumanLabel][key] = score, weight, label
	}
	if o.clusters {
		for i := range o.rows {
			x.Cluster = append(x.Cluster, uint32(i/4))
			if i%4 == 0 {
				x.ClusterHash = append(x.ClusterHash, r.Uint64())
			}
		}
	}
	if o.weights {
		for range o.rows {
			x.Weight = append(x.Weight, 0.5+r.Float64())
		}
	}
	return x, ref
}

// seeJudged is see with the counts that an engine adds.
func seeJudged(t *testing.T, x *rows.Rows, in *metric.Instance) *metric.View {
	t.Helper()
	v := see(t, x, []*metric.Instance{in})
	g := x.Given["s"]
	n := make([]int64, 4)
	var ungraded int64
	for i := range x.N {
		if g.Ungraded[i] {
			ungraded++
			continue
		}
		for k := range n {
			if g.More[summary.LabelWeight][x.Models[k/2].Key][i] > 0 && g.More[summary.LabelWeight][x.Models[k%2].Key][i] > 0 {
				n[k]++
			}
		}
	}
	v.Pop.Labelled, v.Pop.Ungraded = map[string][]int64{"s": n}, map[string]int64{"s": ungraded}
	return v
}

func judgeScorer(o sampling) metric.Scorer {
	s := metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: 5, Judge: true, Labels: metric.Even}
	if !o.graded {
		s.Hi, s.PassFail = 1, true
	}
	if o.chances {
		s.Labels = metric.Uneven
	}
	return s
}

// From means and co-moments of rows the core finds what the estimator finds that walks the
// rows themselves: value, error, degrees of freedom, λ and gain, of one model and of the
// difference of two.
func TestCorrectedIsPPI(t *testing.T) {
	for seed := range uint64(6) {
		for _, o := range []sampling{
			{rows: 900, labels: 150}, {rows: 900, labels: 150, graded: true}, {rows: 900, labels: 250, ungraded: 7},
			{rows: 900, chances: true}, {rows: 900, chances: true, graded: true},
			{rows: 900, labels: 220, clusters: true}, {rows: 900, labels: 220, clusters: true, graded: true, ungraded: 11}, {rows: 1200, chances: true, clusters: true},
			{rows: 300, labels: 300},
		} {
			x, ref := judgedRows(seed, o)
			in := scorer(t, judgeScorer(o))
			v := seeJudged(t, x, in)
			pairs := make([]ppi.Row, len(ref[0]))
			for i := range pairs {
				pairs[i] = ref[0][i]
				pairs[i].Judge -= ref[1][i].Judge
				pairs[i].Label -= ref[1][i].Label
			}
			for _, c := range []struct {
				what string
				got  metric.Answer
				of   []ppi.Row
			}{{"candidate", in.Estimate(v, 0), ref[0]}, {"baseline", in.Estimate(v, 1), ref[1]}, {"difference", in.Contrast(v, 0, 1, 1), pairs}} {
				want, err := ppi.Mean(c.of, o.clusters)
				if err != nil {
					t.Fatal(err)
				}
				what := fmt.Sprintf("seed %d, %+v, %s", seed, o, c.what)
				a, k := c.got, c.got.Correction
				if a.Status != result.OK || k == nil {
					t.Fatalf("%s: %+v", what, a)
				}
				if !same(a.Value, want.Value, 1e-10) || !same(a.SE, want.SE, 1e-10) || !same(k.Lambda, want.Lambda, 1e-10) || !same(k.Gain, want.Gain(), 1e-9) || k.Labels != int64(want.Labels) || a.N != int64(want.Rows) {
					t.Errorf("%s: %.14g ± %.14g, λ %.14g, gain %.12g, %d labels of %d; the reference has %.14g ± %.14g, λ %.14g, gain %.12g, %d of %d", what, a.Value, a.SE, k.Lambda, k.Gain, k.Labels, a.N, want.Value, want.SE, want.Lambda, want.Gain(), want.Labels, want.Rows)
				}
				if !same(k.Raw.Value, want.Raw, 1e-10) || !same(k.Raw.SE, want.RawSE, 1e-10) {
					t.Errorf("%s: raw %g ± %g, the reference has %g ± %g", what, k.Raw.Value, k.Raw.SE, want.Raw, want.RawSE)
				}
				if !same(a.DF, want.DF, 1e-9) {
					t.Errorf("%s: %g degrees of freedom, the reference has %g", what, a.DF, want.DF)
				}
			}
		}
	}
}

// Sensitivity, specificity, κ and α are those of the labelled rows.
func TestQualityOfScores(t *testing.T) {
	for _, o := range []sampling{{rows: 600, labels: 180}, {rows: 600, labels: 180, graded: true}, {rows: 600, labels: 180, clusters: true}} {
		x, ref := judgedRows(5, o)
		in := scorer(t, judgeScorer(o))
		a := in.Estimate(seeJudged(t, x, in), 0)
		got := map[string]metric.Answer{}
		for _, q := range a.Correction.Quality {
			got[q.Name] = q.Answer
		}
		table, both := [][]float64{{0, 0}, {0, 0}}, [][]float64{}
		for _, r := range ref[0] {
			if math.IsNaN(r.Label) {
				continue
			}
			both = append(both, []float64{r.Judge, r.Label})
			if !o.graded {
				table[int(r.Judge)][int(r.Label)]++
			}
		}
		scale := agree.IntervalScale
		if !o.graded {
			scale = agree.NominalScale
		}
		alpha, err := agree.KrippendorffAlpha(both, scale, 0.95, 2000, 1)
		if err != nil {
			t.Fatal(err)
		}
		lo, hi, _ := got["Krippendorff's alpha"].Interval(0.95)
		if !same(got["Krippendorff's alpha"].Value, alpha.Value, 1e-10) || math.Abs(lo-alpha.Lower) > 0.06 || math.Abs(hi-alpha.Upper) > 0.06 {
			t.Errorf("%+v: alpha %g (%g to %g), by units %g (resampled %g to %g)", o, got["Krippendorff's alpha"].Value, lo, hi, alpha.Value, alpha.Lower, alpha.Upper)
		}
		if o.graded {
			continue
		}
		kappa, err := agree.Kappa(table, agree.Nominal)
		if err != nil {
			t.Fatal(err)
		}
		if !same(got["Cohen's kappa"].Value, kappa.Value, 1e-10) || !o.clusters && math.Abs(got["Cohen's kappa"].SE/kappa.SE-1) > 0.01 {
			t.Errorf("%+v: kappa %g ± %g, by the table %g ± %g", o, got["Cohen's kappa"].Value, got["Cohen's kappa"].SE, kappa.Value, kappa.SE)
		}
		se, sp := table[1][1]/(table[0][1]+table[1][1]), table[0][0]/(table[0][0]+table[1][0])
		if !same(got["sensitivity"].Value, se, 1e-12) || !same(got["specificity"].Value, sp, 1e-12) || got["sensitivity"].N != int64(table[0][1]+table[1][1]) || got["specificity"].N != int64(table[0][0]+table[1][0]) {
			t.Errorf("%+v: %v, by the table sensitivity %g of %g, specificity %g", o, got, se, table[0][1]+table[1][1], sp)
		}
	}
}

// With fewer labels than it can vouch for there is no corrected value, and the reason says so.
func TestFewLabels(t *testing.T) {
	for labels, why := range map[int]string{99: "uncorrected: only 99 labels, 100 are needed", 1: "uncorrected: only 1 label, 100 are needed", 0: "uncorrected: no labels, 100 are needed"} {
		x, _ := judgedRows(1, sampling{rows: 400, labels: labels})
		in := scorer(t, judgeScorer(sampling{}))
		v := seeJudged(t, x, in)
		for _, a := range []metric.Answer{in.Estimate(v, 0), in.Contrast(v, 0, 1, 1), in.Between(v, v, 0, false)} {
			if a.Status != result.Undefined || a.Notes[0] != why || a.Correction == nil || a.Correction.Raw.Status != result.OK {
				t.Errorf("%d labels: %+v", labels, a)
			}
		}
	}
}

// A judge without labels has its own mean, and is called uncalibrated.
func TestUncalibratedJudge(t *testing.T) {
	x, _ := judgedRows(1, sampling{rows: 400, labels: 120})
	s := judgeScorer(sampling{})
	s.Labels = ""
	in, plain := scorer(t, s), scorer(t, metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: 1, PassFail: true})
	v := seeJudged(t, x, in)
	a, b := in.Estimate(v, 0), plain.Estimate(v, 0)
	if a.Value != b.Value || a.SE != b.SE || a.Correction == nil || a.Correction.By != metric.ByNothing || len(a.Notes) != 1 || a.Correction.Raw.Value != a.Value || b.Correction != nil {
		t.Errorf("%+v, %+v", a, b)
	}
}

// balance labels so many good and so many bad answers of both models, on rows of their own.
func balance(x *rows.Rows, truth [2][]float64, each int) {
	g := x.Given["s"]
	for m, model := range x.Models {
		weight, label := make([]float64, x.N), make([]float64, x.N)
		var n [2]int
		for i, t := range truth[m] {
			if n[int(t)]++; n[int(t)] <= each {
				weight[i], label[i] = 1, t
			}
		}
		g.More[summary.LabelWeight][model.Key], g.More[summary.HumanLabel][model.Key] = weight, label
	}
}

// Labels balanced by truth say nothing of the share of good answers; with the rates that
// they show the share is that of Rogan and Gladen's estimator, and covers the truth.
func TestBalancedLabels(t *testing.T) {
	held, heldMean, far := 0, 0, 0
	const reps = 400
	s := metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: 1, PassFail: true, Judge: true, Labels: metric.ByTruth}
	in := scorer(t, s)
	for rep := range uint64(reps) {
		r := rand.New(rand.NewPCG(rep, 9))
		x, _ := judgedRows(rep, sampling{rows: 2000, labels: 10})
		var truth [2][]float64
		for m, share := range []float64{0.8, 0.7} {
			score := make([]float64, x.N)
			for i := range x.N {
				good := 0.0
				if r.Float64() < share {
					good = 1
				}
				truth[m] = append(truth[m], good)
				if score[i] = 1 - good; good == 1 && r.Float64() < 0.9 || good == 0 && r.Float64() < 0.8 {
					score[i] = good
				}
			}
			x.Given["s"].Scores[x.Models[m].Key] = score
		}
		balance(x, truth, 150)
		v := seeJudged(t, x, in)
		a := in.Estimate(v, 0)
		lo, hi, ok := a.Interval(0.95)
		if !ok || a.Correction.By != metric.ByRates || a.Correction.Labels != 300 {
			t.Fatalf("%+v", a)
		}
		if lo <= 0.8 && 0.8 <= hi {
			held++
		}
		if lo <= 0.5 && 0.5 <= hi {
			heldMean++
		}
		d := in.Contrast(v, 0, 1, 1)
		if lo, hi, _ := d.Interval(0.95); lo <= 0.1 && 0.1 <= hi {
			far++
		}
		if rep > 0 {
			continue
		}
		var c ppi.Card
		for i := range x.N {
			j, w := x.Given["s"].Scores["candidate"][i], x.Given["s"].More[summary.LabelWeight]["candidate"][i]
			switch {
			case w == 0:
			case truth[0][i] == 1:
				c.Good++
				c.GoodPassed += int(j)
			default:
				c.Bad++
				c.BadFailed += 1 - int(j)
			}
		}
		raw := a.Correction.Raw
		want, err := ppi.RoganGladen(raw.Value, raw.SE, c)
		if err != nil || !same(a.Value, want.Value, 1e-12) || a.SE > 1.02*want.SE || a.SE < 0.8*want.SE { // labelled rows are among the raw ones, which the card does not know
			t.Errorf("%g ± %g, by the card %g ± %g (%v)", a.Value, a.SE, want.Value, want.SE, err)
		}
	}
	t.Logf("covers %.1f %%, the difference %.1f %%", 100*float64(held)/reps, 100*float64(far)/reps)
	if held < reps*92/100 || far < reps*92/100 || heldMean > 0 {
		t.Errorf("covers %d of %d, the difference %d, the labels' own share %d", held, reps, far, heldMean)
	}
}

// Cards of earlier systems: the value and error are those of the transported correction; a
// difference of two systems whose judge errs otherwise is not "significant" too often.
func TestCards(t *testing.T) {
	cards := []ppi.Card{{Good: 200, GoodPassed: 172, Bad: 100, BadFailed: 80}, {Good: 200, GoodPassed: 166, Bad: 100, BadFailed: 71}, {Good: 200, GoodPassed: 170, Bad: 100, BadFailed: 85}, {Good: 150, GoodPassed: 130, Bad: 150, BadFailed: 118}}
	s := metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: 1, PassFail: true, Judge: true, Cards: cards}
	x, _ := judgedRows(3, sampling{rows: 3000, labels: 10})
	in := scorer(t, s)
	v := seeJudged(t, x, in)
	a, b, d := in.Estimate(v, 0), in.Estimate(v, 1), in.Contrast(v, 0, 1, 1)
	raw := a.Correction.Raw
	// The error of the raw share is that of a mean, where its interval is Wilson's.
	want, err := ppi.Transported(raw.Value, math.Sqrt(raw.Value*(1-raw.Value)/2999), cards)
	if err != nil || !same(a.Value, want.Value, 1e-12) || !same(a.SE, want.SE, 1e-9) || a.DF != 2 {
		t.Errorf("%g ± %g with %g degrees of freedom, transported %+v (%v)", a.Value, a.SE, a.DF, want, err)
	}
	if !same(d.Value, a.Value-b.Value, 1e-9) || !(d.SE > 0.5*a.SE) || d.DF != 2 {
		t.Errorf("difference %g ± %g of %g ± %g and %g ± %g", d.Value, d.SE, a.Value, a.SE, b.Value, b.SE)
	}
	s.Cards = cards[:2]
	in = scorer(t, s)
	if a := in.Estimate(seeJudged(t, x, in), 0); a.Status != result.Undefined || a.Notes[0] != "uncorrected: too few systems with labels: 2, 3 are needed" || a.Correction.Raw.Status != result.OK {
		t.Errorf("%+v", a)
	}
	s.Cards = []ppi.Card{{Good: 100, GoodPassed: 55, Bad: 100, BadFailed: 50}, {Good: 100, GoodPassed: 58, Bad: 100, BadFailed: 50}, {Good: 100, GoodPassed: 53, Bad: 100, BadFailed: 50}}
	in = scorer(t, s)
	if a := in.Contrast(seeJudged(t, x, in), 0, 1, 1); a.Status != result.Undefined {
		t.Errorf("a blind judge: %+v", a)
	}
}
