package metric_test

import (
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Labels drawn with chances that depend on both models' scores: the value of each and their
// difference hold the truth.
func TestChosenLabelsCover(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation: it proves numbers, which the ordinary run does")
	}
	reps := 250
	if os.Getenv("FAIRTRIAL_SLOW") != "" {
		reps = 5000
	}
	for _, few := range []float64{0.15, 0.08, 0.05} { // chance of a case on which both pass
		in := scorer(t, metric.Scorer{Name: "s", Direction: metric.Up, Lo: 0, Hi: 1, PassFail: true, Judge: true, Labels: metric.Uneven})
		held, heldDiff, refused, labels, df := 0, 0, 0, 0.0, 0.0
		for rep := range uint64(reps) {
			r := rand.New(rand.NewPCG(rep, 21))
			x, _ := judgedRows(rep, sampling{rows: 3000, labels: 1})
			g := x.Given["s"]
			truth := [2][]float64{make([]float64, x.N), make([]float64, x.N)}
			score := [2][]float64{make([]float64, x.N), make([]float64, x.N)}
			for i := range x.N {
				hard := r.Float64() // what is hard for one is hard for both
				for m, share := range []float64{0.75, 0.7} {
					if good := hard < share; good {
						truth[m][i] = 1
					}
					if score[m][i] = 1 - truth[m][i]; truth[m][i] == 1 && r.Float64() < 0.85 || truth[m][i] == 0 && r.Float64() < 0.7 {
						score[m][i] = truth[m][i]
					}
				}
			}
			for m, model := range x.Models {
				g.Scores[model.Key] = score[m]
				g.More[summary.LabelWeight][model.Key], g.More[summary.HumanLabel][model.Key] = make([]float64, x.N), make([]float64, x.N)
			}
			for i := range x.N {
				chance := 0.15
				if score[0][i]+score[1][i] == 2 {
					chance = few
				}
				if r.Float64() < chance {
					for m, model := range x.Models {
						g.More[summary.LabelWeight][model.Key][i], g.More[summary.HumanLabel][model.Key][i] = 1/chance, truth[m][i]
					}
				}
			}
			v := seeJudged(t, x, in)
			a, d := in.Estimate(v, 0), in.Contrast(v, 0, 1, 1)
			if d.Status != result.OK {
				refused++
				continue
			}
			if lo, hi, _ := a.Interval(0.95); lo <= 0.75 && 0.75 <= hi {
				held++
			}
			if lo, hi, _ := d.Interval(0.95); lo <= 0.05 && 0.05 <= hi {
				heldDiff++
			}
			labels += float64(a.Correction.Labels) / float64(reps)
			df += d.DF / float64(reps)
		}
		drawn := float64(reps - refused)
		labels, df = labels*float64(reps)/drawn, df*float64(reps)/drawn
		share, diff := float64(held)/drawn, float64(heldDiff)/drawn
		t.Logf("chance %.3f, %.0f labels: covers %.1f %%, the difference %.1f %% (%.0f degrees of freedom), %d refused", few, labels, 100*share, 100*diff, df, refused)
		if slack := 3.1 * math.Sqrt(.94*.06/drawn); share < .94-slack || diff < .94-slack {
			t.Errorf("covers %.1f %%, the difference %.1f %%", 100*share, 100*diff)
		}
	}
}

// With weights of rows a label stands for weight/chance answers: value and error by hand.
func TestCorrectedWithWeights(t *testing.T) {
	for _, o := range []sampling{{rows: 800, labels: 160, weights: true}, {rows: 800, labels: 160, graded: true, weights: true, ungraded: 9}, {rows: 900, chances: true, weights: true}} {
		x, _ := judgedRows(8, o)
		in := scorer(t, judgeScorer(o))
		a := in.Estimate(seeJudged(t, x, in), 0)
		g := x.Given["s"]
		score, w, h := g.Scores["candidate"], g.More[summary.LabelWeight]["candidate"], g.More[summary.HumanLabel]["candidate"]
		var all, judge, of, squares, label, lent float64
		for i := range x.N {
			if g.Ungraded[i] {
				continue
			}
			all += x.Weight[i]
			judge += x.Weight[i] * score[i]
			u := x.Weight[i] * w[i]
			of, squares, label, lent = of+u, squares+u*u, label+u*h[i], lent+u*score[i]
		}
		judge, label, lent = judge/all, label/of, lent/of
		lambda, variance := a.Correction.Lambda, 0.0
		for i := range x.N {
			if !g.Ungraded[i] {
				e := x.Weight[i]*w[i]/of*(h[i]-label-lambda*(score[i]-lent)) + lambda*x.Weight[i]/all*(score[i]-judge)
				variance += e * e
			}
		}
		n := of * of / squares
		if want := label + lambda*(judge-lent); !same(a.Value, want, 1e-10) || !same(a.SE, math.Sqrt(variance*n/(n-1)), 1e-9) || a.DF > n-1+1e-9 || !(lambda > 0 && lambda < 1) {
			t.Errorf("%+v: %.12g ± %.12g with %g degrees of freedom, λ %g; by hand %.12g ± %.12g with at most %g", o, a.Value, a.SE, a.DF, lambda, want, math.Sqrt(variance*n/(n-1)), n-1)
		}
	}
}

// Labels of very unequal chances are worth few even ones, and correct nothing: with 231 that
// were worth 75 the intervals of differences held the truth in 85 % of simulations.
func TestLabelsWorthFew(t *testing.T) {
	x, _ := judgedRows(2, sampling{rows: 900, labels: 150})
	weight := x.Given["s"].More[summary.LabelWeight]["candidate"]
	for i := range weight {
		if weight[i] > 0 && i%7 == 0 {
			weight[i] = 30
		}
	}
	s := judgeScorer(sampling{chances: true})
	in := scorer(t, s)
	if a := in.Estimate(seeJudged(t, x, in), 0); a.Status != result.Undefined || !strings.Contains(a.Notes[0], "150 labels of unequal weight are worth ") || a.Correction.Labels != 150 {
		t.Errorf("%+v", a)
	}
}
