package shift_test

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/cells"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/shift"
	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// world is a planted population of three slices: their shares, the share of positives in
// each, how far the scores of the classes lie apart, and the threshold.
type world struct {
	share, positive, apart [3]float64
	threshold              float64
}

// confusion is the world's own: true negatives, false positives, false negatives, true
// positives.
func (w world) confusion() (q [4]float64) {
	for g, s := range w.share {
		fpr, tpr := dist.NormCDF(-w.threshold-w.apart[g]), dist.NormCDF(-w.threshold+w.apart[g])
		p := w.positive[g]
		for k, x := range [4]float64{(1 - p) * (1 - fpr), (1 - p) * fpr, p * (1 - tpr), p * tpr} {
			q[k] += s * x
		}
	}
	return q
}

var truth = map[string]func(q [4]float64) float64{
	"accuracy":  func(q [4]float64) float64 { return q[0] + q[3] },
	"precision": func(q [4]float64) float64 { return q[3] / (q[3] + q[1]) },
	"recall":    func(q [4]float64) float64 { return q[3] / (q[3] + q[2]) },
	"f1":        func(q [4]float64) float64 { return 2 * q[3] / (2*q[3] + q[1] + q[2]) },
}

type design struct{ weights, clusters bool }

// draw gives rows of a world, seen at two thresholds; clusters before `shared` are the
// same in every draw that r's effects say.
func (w world) draw(r *rand.Rand, n int, d design, effects []float64, other float64) shift.Data {
	x := &rows.Rows{N: n, Task: cases.Binary, Classes: []string{"0", "1"}, Baseline: -1,
		Models: []rows.Model{{Key: "own", Threshold: &w.threshold}, {Key: "other", Threshold: &other}},
		Parts:  []rows.Partition{{Names: []string{"a", "b"}, Aside: make([]int64, 2)}}} // the third slice is the rest
	if d.clusters {
		for c := range effects {
			x.ClusterHash = append(x.ClusterHash, uint64(c)*0x9e3779b97f4a7c15)
		}
	}
	for range n {
		u, g := r.Float64(), 0
		for g < 2 && u > w.share[g] {
			u -= w.share[g]
			g++
		}
		y, score := uint16(0), -w.apart[g]
		if r.Float64() < w.positive[g] {
			y, score = 1, w.apart[g]
		}
		if d.clusters {
			c := r.IntN(len(effects))
			x.Cluster = append(x.Cluster, uint32(c))
			score += 0.5*effects[c] + math.Sqrt(0.75)*r.NormFloat64()
		} else {
			score += r.NormFloat64()
		}
		if d.weights {
			x.Weight = append(x.Weight, 0.2+r.ExpFloat64())
		}
		x.Class = append(x.Class, y)
		code := uint16(g)
		if g == 2 {
			code = rows.None
		}
		x.Parts[0].Code = append(x.Parts[0].Code, code)
		for m := range x.Models {
			x.Models[m].Score = append(x.Models[m].Score, score)
		}
	}
	pops, err := cells.Summarize(context.Background(), x, []summary.Spec{summary.Of(summary.KindCounts)}, 1)
	if err != nil {
		panic(err)
	}
	set := &summary.Set{Models: []string{"own", "other"}, Baseline: -1, Classes: x.Classes, Weighted: d.weights, Pops: pops}
	return shift.Data{Set: set, Whole: pops[0], Slices: pops[1:], Other: 1}
}

func build(t *testing.T, task cases.Task, name string) *metric.Instance {
	t.Helper()
	in, err := metric.NewCatalogue().Build(name, "", metric.Options{Task: task})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

var old = world{share: [3]float64{0.5, 0.3, 0.2}, positive: [3]float64{0.4, 0.4, 0.4}, apart: [3]float64{1.4, 1, 0.6}, threshold: 0.1}

func planted() map[string]world {
	out := map[string]world{"nothing": old}
	w := old
	w.share = [3]float64{0.3, 0.2, 0.5}
	out["mix"] = w
	w = old
	w.positive = [3]float64{0.2, 0.2, 0.2}
	out["label"] = w
	w = old
	w.apart = [3]float64{1.1, 0.7, 0.3}
	out["model"] = w
	w = old
	w.threshold = 0.6
	out["threshold"] = w
	return out
}

// A change of one thing alone is found as that thing: its interval holds the planted
// change in about 95 of 100 draws, and the others' hold 0; with weights and with clusters,
// half of which are in both data sets.
func TestOneThingAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation: it proves numbers, which the ordinary run does")
	}
	draws := 60
	if os.Getenv("FAIRTRIAL_SLOW") != "" {
		draws = 1500
	}
	designs := map[string]design{"rows": {}, "weights": {weights: true}, "clusters": {clusters: true}}
	if os.Getenv("FAIRTRIAL_SLOW") != "" {
		designs["both"] = design{true, true}
	}
	for what, d := range designs {
		for name, after := range planted() {
			for _, as := range []string{"accuracy", "precision"} {
				in := build(t, cases.Binary, as)
				r := rand.New(rand.NewPCG(1, uint64(len(name))))
				change := truth[as](after.confusion()) - truth[as](old.confusion())
				held, seen, total := map[string]float64{}, map[string]float64{}, 0.0
				for range draws {
					effects, fresh := make([]float64, 200), make([]float64, 200)
					for c := range effects {
						effects[c], fresh[c] = r.NormFloat64(), r.NormFloat64()
					}
					copy(fresh, effects[:100])
					s, err := shift.Split(in, old.draw(r, 2000, d, effects, after.threshold), after.draw(r, 1800, d, fresh, old.threshold), "g", 0.95)
					if err != nil {
						t.Fatal(err)
					}
					sum := 0.0
					for part, p := range map[string]*shift.Part{"mix": s.Mix, "label": s.Label, "model": s.Model, "threshold": s.Threshold} {
						sum += float64(p.Value)
						want := 0.0
						if part == name {
							want = change
						}
						if float64(p.Lower) <= want && want <= float64(p.Upper) {
							held[part]++
						}
						if float64(p.Lower) > 0 || float64(p.Upper) < 0 {
							seen[part]++
						}
					}
					if math.Abs(sum-float64(s.Total.Value)) > 1e-12 {
						t.Fatalf("the parts miss the whole by %g", sum-float64(s.Total.Value))
					}
					if float64(s.Total.Lower) <= change && change <= float64(s.Total.Upper) {
						total++
					}
				}
				n := float64(draws)
				least := 0.945 - 3.3*math.Sqrt(0.95*0.05/n)
				for _, part := range []string{"mix", "label", "model", "threshold"} {
					if held[part]/n < least {
						t.Errorf("%s, %s alone, %s: the interval of %s holds the truth in %.3f", what, name, as, part, held[part]/n)
					}
				}
				if total/n < least || d.clusters && draws > 1000 && total/n > 0.985 {
					t.Errorf("%s, %s alone, %s: the interval of the total holds the truth in %.3f", what, name, as, total/n)
				}
				if math.Abs(change) > 0.05 && seen[name]/n < 0.5 {
					t.Errorf("%s, %s alone, %s: seen in %.3f only", what, name, as, seen[name]/n)
				}
				t.Logf("%-8s %-9s %-9s %+.3f held %v total %.3f", what, name, as, change, held, total/n)
			}
		}
	}
}

// The order of the two data sets turns the signs and nothing else; the slices' parts sum
// to the parts; the whole change is the difference of the two estimates.
func TestLaws(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	after := world{share: [3]float64{0.2, 0.5, 0.3}, positive: [3]float64{0.3, 0.5, 0.2}, apart: [3]float64{1, 1.2, 0.8}, threshold: 0.4}
	for _, d := range []design{{}, {weights: true}, {clusters: true}} {
		effects := make([]float64, 1000) // more clusters than are kept one by one
		for c := range effects {
			effects[c] = r.NormFloat64()
		}
		a, b := old.draw(r, 3000, d, effects, after.threshold), after.draw(r, 2500, d, effects, old.threshold)
		for as := range truth {
			in := build(t, cases.Binary, as)
			x, err := shift.Split(in, a, b, "g", 0.95)
			if err != nil {
				t.Fatal(err)
			}
			y, err := shift.Split(in, b, a, "g", 0.95)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range [][2]shift.Part{{*x.Mix, *y.Mix}, {x.Within, y.Within}, {x.Total, y.Total}, {*x.Label, *y.Label}, {*x.Model, *y.Model}, {*x.Threshold, *y.Threshold}} {
				if math.Abs(float64(p[0].Value+p[1].Value)) > 1e-12 || math.Abs(float64(p[0].Lower+p[1].Upper)) > 1e-12 {
					t.Errorf("%s turned round: %+v and %+v", as, p[0], p[1])
				}
			}
			var mix, within, labels, models, cuts float64
			for _, g := range x.Groups {
				mix, within = mix+float64(g.Mix), within+float64(g.Within)
				labels, models, cuts = labels+float64(*g.Label), models+float64(*g.Model), cuts+float64(*g.Threshold)
				if math.Abs(float64(*g.Label+*g.Model+*g.Threshold-g.Within)) > 1e-9 {
					t.Errorf("%s, %s: labels, model and threshold do not sum to what changed within: %+v", as, g.Name, g)
				}
			}
			if math.Abs(labels-float64(x.Label.Value)) > 1e-9 || math.Abs(models-float64(x.Model.Value)) > 1e-9 || math.Abs(cuts-float64(x.Threshold.Value)) > 1e-9 {
				t.Errorf("%s: the slices sum to labels %g, model %g, threshold %g, not %+v", as, labels, models, cuts, x)
			}
			if len(x.Groups) != 3 || math.Abs(mix-float64(x.Mix.Value)) > 1e-9 || math.Abs(within-float64(x.Within.Value)) > 1e-9 {
				t.Errorf("%s: the slices sum to %g and %g, not %+v", as, mix, within, x)
			}
			ea := in.Estimate(&metric.View{Set: a.Set, Pop: a.Whole}, 0)
			eb := in.Estimate(&metric.View{Set: b.Set, Pop: b.Whole}, 0)
			if math.Abs(eb.Value-ea.Value-float64(x.Total.Value)) > 1e-12 {
				t.Errorf("%s: changed by %g, not %g", as, eb.Value-ea.Value, x.Total.Value)
			}
			// What cannot be told apart is one part, and the others keep their values.
			a2, b2 := a, b
			a2.Other, b2.Other = -1, -1
			z, err := shift.Split(in, a2, b2, "g", 0.95)
			if err != nil {
				t.Fatal(err)
			}
			if z.Threshold != nil || z.Groups[0].Threshold != nil || math.Abs(float64(z.Model.Value-x.Model.Value-x.Threshold.Value)) > 1e-12 || math.Abs(float64(z.Label.Value-x.Label.Value)) > 1e-12 {
				t.Errorf("%s without thresholds: %+v, with %+v", as, z, x)
			}
			if d.clusters {
				continue
			}
			// The total's error is that of the two estimates.
			se := math.Hypot(ea.SE, eb.SE)
			half := float64(x.Total.Upper-x.Total.Lower) / 2
			if got := half / 1.96; math.Abs(got/se-1) > 0.01 {
				t.Errorf("%s, %+v: the total's error %g, the estimates' %g", as, d, got, se)
			}
		}
	}
}

// Means: a mean loss and a root of one, split by slices with weights and clusters.
func TestMeans(t *testing.T) {
	draws := 200
	for what, d := range map[string]design{"rows": {}, "weights": {weights: true}, "clusters": {clusters: true}} {
		in := build(t, cases.Regression, "root_mean_squared_error")
		r := rand.New(rand.NewPCG(3, 3))
		sizes, shares, moved := [3]float64{1, 2, 3}, [3]float64{0.5, 0.3, 0.2}, [3]float64{0.2, 0.3, 0.5}
		root := func(share [3]float64) float64 {
			s := 0.0
			for g, p := range share {
				s += p * sizes[g] * sizes[g]
			}
			return math.Sqrt(s)
		}
		var mix, within, total float64
		for range draws {
			data := func(share [3]float64, n int) shift.Data {
				x := &rows.Rows{N: n, Task: cases.Regression, Baseline: -1, Models: []rows.Model{{Key: "candidate"}}, Parts: []rows.Partition{{Names: []string{"a", "b"}, Aside: make([]int64, 2)}}}
				effects := make([]float64, 100)
				for c := range effects {
					effects[c] = 0.6 * r.NormFloat64()
					if d.clusters {
						x.ClusterHash = append(x.ClusterHash, r.Uint64())
					}
				}
				for range n {
					u, g := r.Float64(), 0
					for g < 2 && u > share[g] {
						u -= share[g]
						g++
					}
					e := r.NormFloat64()
					if d.clusters {
						c := r.IntN(len(effects))
						x.Cluster = append(x.Cluster, uint32(c))
						e = effects[c] + 0.8*e
					}
					if d.weights {
						x.Weight = append(x.Weight, 0.2+r.ExpFloat64())
					}
					x.Target = append(x.Target, 0)
					x.Models[0].Score = append(x.Models[0].Score, sizes[g]*e)
					code := uint16(g)
					if g == 2 {
						code = rows.None
					}
					x.Parts[0].Code = append(x.Parts[0].Code, code)
				}
				pops, err := cells.Summarize(context.Background(), x, in.Needs(), 1)
				if err != nil {
					t.Fatal(err)
				}
				return shift.Data{Set: &summary.Set{Models: []string{"candidate"}, Baseline: -1, Weighted: d.weights, Pops: pops}, Whole: pops[0], Slices: pops[1:], Other: -1}
			}
			a, b := data(shares, 2000), data(moved, 2000)
			s, err := shift.Split(in, a, b, "g", 0.95)
			if err != nil {
				t.Fatal(err)
			}
			for p, want := range map[*shift.Part]float64{s.Mix: root(moved) - root(shares), &s.Within: 0, &s.Total: root(moved) - root(shares)} {
				if float64(p.Lower) <= want && want <= float64(p.Upper) {
					switch p {
					case s.Mix:
						mix++
					case &s.Within:
						within++
					default:
						total++
					}
				}
			}
			if s.Label != nil || s.Model != nil || math.Abs(float64(s.Mix.Value+s.Within.Value-s.Total.Value)) > 1e-12 {
				t.Fatalf("parts of a mean: %+v", s)
			}
			ea, eb := in.Estimate(&metric.View{Set: a.Set, Pop: a.Whole}, 0), in.Estimate(&metric.View{Set: b.Set, Pop: b.Whole}, 0)
			if half := float64(s.Total.Upper-s.Total.Lower) / 2; math.Abs(half/1.97/math.Hypot(ea.SE, eb.SE)-1) > 0.02 {
				t.Fatalf("%s: the total's error %g, the estimates' %g", what, half/1.97, math.Hypot(ea.SE, eb.SE))
			}
		}
		for part, k := range map[string]float64{"mix": mix, "within": within, "total": total} {
			if k/float64(draws) < 0.9 {
				t.Errorf("%s: the interval of %s holds the truth in %.3f", what, part, k/float64(draws))
			}
		}
	}
}

// A slice that came new is mix, and has no value before.
func TestNewSlice(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	before := old
	before.share = [3]float64{0.6, 0, 0.4}
	s, err := shift.Split(build(t, cases.Binary, "accuracy"), before.draw(r, 4000, design{}, nil, 0.1), old.draw(r, 4000, design{}, nil, 0.1), "g", 0.95)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, g := range s.Groups {
		if g.Name == "b" {
			found = true
			if g.Before != result.None() && g.Before.Known() || g.Within != 0 || g.ShareBefore != 0 || !g.After.Known() {
				t.Errorf("a new slice: %+v", g)
			}
		}
	}
	if !found {
		t.Errorf("no slice b in %+v", s.Groups)
	}
}

// What cannot be split says why.
func TestRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	a := old.draw(r, 500, design{}, nil, 0.1)
	if _, err := shift.Split(build(t, cases.Binary, "roc_auc"), a, a, "g", 0.95); err == nil {
		t.Error("ranks are split")
	}
	one := old
	one.positive = [3]float64{0, 0, 0}
	if _, err := shift.Split(build(t, cases.Binary, "recall"), a, one.draw(r, 500, design{}, nil, 0.1), "g", 0.95); err == nil {
		t.Error("recall without a positive is split")
	}
	few := old.draw(r, 500, design{clusters: true}, []float64{0, 1, 2}, 0.1)
	s, err := shift.Split(build(t, cases.Binary, "accuracy"), few, few, "g", 0.95)
	if err != nil || s.Total.Lower.Known() {
		t.Errorf("three clusters give an interval: %+v, %v", s.Total, err)
	}
}
