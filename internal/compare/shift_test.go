package compare

import (
	"math"
	"math/rand/v2"
	"testing"
)

// planted draws the groups of one data set: shares of rows and rates of success.
func planted(r *rand.Rand, n int, share, rate []float64) []Group {
	out := make([]Group, len(share))
	hits := make([]float64, len(share))
	for range n {
		u, g := r.Float64(), 0
		for g < len(share)-1 && u > share[g] {
			u -= share[g]
			g++
		}
		out[g].Rows++
		if r.Float64() < rate[g] {
			hits[g]++
		}
	}
	for g := range out {
		if out[g].Rows > 0 {
			out[g].Value = hits[g] / out[g].Rows
			out[g].SE = math.Sqrt(out[g].Value * (1 - out[g].Value) / out[g].Rows)
		}
	}
	return out
}

func holds(p Part, truth float64) bool { return float64(p.Lower) <= truth && truth <= float64(p.Upper) }

// A change of mix alone and one of the model alone are told apart, and every part's
// interval holds the truth in about 95 of 100 draws.
func TestByShareTellsApart(t *testing.T) {
	old, rates := []float64{0.5, 0.3, 0.2}, []float64{0.9, 0.8, 0.6}
	moved, better := []float64{0.3, 0.3, 0.4}, []float64{0.9, 0.85, 0.7}
	for name, tc := range map[string]struct {
		share, rate []float64
		mix, within float64
	}{
		"nothing":      {old, rates, 0, 0},
		"mix alone":    {moved, rates, -0.06, 0},
		"model alone":  {old, better, 0, 0.035},
		"both at once": {moved, better, -0.2*0.9 + 0.2*0.65, 0.3*0.05 + 0.3*0.1},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		var mix, within, total, accused float64
		const draws = 2000
		for range draws {
			s := ByShare(planted(r, 3000, old, rates), planted(r, 2500, tc.share, tc.rate), 0.95)
			if holds(s.Mix, tc.mix) {
				mix++
			}
			if holds(s.Within, tc.within) {
				within++
			}
			if holds(s.Total, tc.mix+tc.within) {
				total++
			}
			if name == "mix alone" && !holds(s.Within, 0) || name == "model alone" && !holds(s.Mix, 0) {
				accused++
			}
			if d := float64(s.Mix.Value + s.Within.Value - s.Total.Value); math.Abs(d) > 1e-12 {
				t.Fatalf("%s: the parts miss the whole by %g", name, d)
			}
		}
		for what, k := range map[string]float64{"mix": mix, "within": within, "total": total} {
			if k/draws < 0.935 || k/draws > 0.97 {
				t.Errorf("%s: the interval of %s holds the truth in %.3f", name, what, k/draws)
			}
		}
		if accused/draws > 0.065 {
			t.Errorf("%s: the part that did not change is accused in %.3f", name, accused/draws)
		}
	}
}

// The order of the two data sets turns the signs and nothing else; a group that came new
// is mix.
func TestByShareLaws(t *testing.T) {
	a := []Group{{"a", 100, 0.5, 0.05}, {"b", 300, 0.7, 0.02}, {"new", 0, math.NaN(), math.NaN()}}
	b := []Group{{"a", 200, 0.6, 0.04}, {"b", 100, 0.65, 0.03}, {"new", 100, 0.2, 0.05}}
	x, y := ByShare(a, b, 0.95), ByShare(b, a, 0.95)
	for _, p := range [][2]Part{{x.Mix, y.Mix}, {x.Within, y.Within}, {x.Total, y.Total}} {
		if math.Abs(float64(p[0].Value+p[1].Value)) > 1e-15 || math.Abs(float64(p[0].Lower+p[1].Upper)) > 1e-15 {
			t.Errorf("turned round: %+v and %+v", p[0], p[1])
		}
	}
	for _, g := range x.Groups {
		if g.Name == "new" && (g.Within != 0 || math.Abs(float64(g.Mix)-0.25*0.2) > 1e-15 || g.Before.Known()) {
			t.Errorf("a new group: %+v", g)
		}
	}
	if !IsMean(Group{Rows: 400, Value: 0.65}, a) || IsMean(Group{Rows: 400, Value: 0.66}, a) || IsMean(Group{Rows: 401, Value: 0.65}, a) {
		t.Error("what is a mean of its groups")
	}
}

// Precision falls with the prevalence though the model's rates stay; and the other way
// round.
func TestByLabelTellsApart(t *testing.T) {
	precision := func(c Confusion) (float64, bool) { return c.TP / (c.TP + c.FP), c.TP+c.FP > 0 }
	draw := func(r *rand.Rand, n int, prevalence, tpr, fpr float64) Confusion {
		var c Confusion
		for range n {
			switch pos, u := r.Float64() < prevalence, r.Float64(); {
			case pos && u < tpr:
				c.TP++
			case pos:
				c.FN++
			case u < fpr:
				c.FP++
			default:
				c.TN++
			}
		}
		return c
	}
	value := func(p, t, f float64) float64 { return p * t / (p*t + (1-p)*f) }
	for name, tc := range map[string][3]float64{"labels alone": {0.2, 0.8, 0.1}, "rates alone": {0.3, 0.7, 0.15}, "both": {0.2, 0.7, 0.15}} {
		r := rand.New(rand.NewPCG(3, 4))
		mixTruth := (value(tc[0], 0.8, 0.1) - value(0.3, 0.8, 0.1) + value(tc[0], tc[1], tc[2]) - value(0.3, tc[1], tc[2])) / 2
		total := value(tc[0], tc[1], tc[2]) - value(0.3, 0.8, 0.1)
		var mix, within float64
		const draws = 1500
		for range draws {
			s, ok := ByLabel(draw(r, 3000, 0.3, 0.8, 0.1), draw(r, 3000, tc[0], tc[1], tc[2]), precision, 0.95)
			if !ok {
				t.Fatal("undefined")
			}
			if holds(s.Mix, mixTruth) {
				mix++
			}
			if holds(s.Within, total-mixTruth) {
				within++
			}
		}
		if mix/draws < 0.935 || within/draws < 0.935 {
			t.Errorf("%s: intervals hold the truth in %.3f (labels) and %.3f (rates)", name, mix/draws, within/draws)
		}
	}
	if _, ok := ByLabel(Confusion{TN: 5}, Confusion{TN: 3, TP: 2}, precision, 0.95); ok {
		t.Error("one class is split")
	}
}
