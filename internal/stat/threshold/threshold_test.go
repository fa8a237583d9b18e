package threshold

import (
	"math"
	"math/rand/v2"
	"os"
	"sort"
	"testing"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// population is a binary score: positives N(d, 1), negatives N(0, 1).
type population struct {
	prevalence, d float64
}

func (p population) tails(t float64) (pos, neg float64) {
	return p.prevalence * dist.NormCDF(p.d-t), (1 - p.prevalence) * dist.NormCDF(-t)
}

func (p population) precision(t float64) float64 { a, b := p.tails(t); return a / (a + b) }

func (p population) recall(t float64) float64 { a, _ := p.tails(t); return a / p.prevalence }

// draw makes cuts at 200 equal-mass ranks.
func (p population) draw(r *rand.Rand, n int) (cuts []Cut, positives int64) {
	type row struct {
		s   float64
		pos bool
	}
	x := make([]row, n)
	for i := range x {
		x[i].pos = r.Float64() < p.prevalence
		x[i].s = r.NormFloat64()
		if x[i].pos {
			x[i].s += p.d
			positives++
		}
	}
	sort.Slice(x, func(a, b int) bool { return x[a].s > x[b].s })
	hits, step := int64(0), max(1, n/200)
	for i, v := range x {
		if v.pos {
			hits++
		}
		if (i+1)%step == 0 || i == n-1 {
			cuts = append(cuts, Cut{Score: v.s, Rows: int64(i + 1), Hits: hits})
		}
	}
	return cuts, positives
}

// What is promised at 95 % is kept in at least 94 % of populations, and where it can be
// had a threshold is found.
func TestPromisesAreKept(t *testing.T) {
	draws := 400
	if os.Getenv("FAIRTRIAL_SLOW") != "" {
		draws = 4000
	}
	for _, tc := range []struct {
		p      population
		n      int
		least  float64
		recall bool
		found  float64 // least share of draws with a threshold
	}{
		{population{0.3, 2}, 3000, 0.9, false, 0.95}, {population{0.3, 2}, 20000, 0.9, false, 0.99}, {population{0.1, 2.5}, 5000, 0.9, false, 0.7},
		{population{0.5, 1}, 3000, 0.9, false, 0}, {population{0.05, 1}, 5000, 0.9, false, 0}, // hardly or never to be had
		{population{0.3, 1.5}, 2000, 0.8, true, 0.99}, {population{0.02, 1.5}, 5000, 0.9, true, 0.9},
	} {
		r := rand.New(rand.NewPCG(7, 8))
		kept, found := 0, 0
		for range draws {
			cuts, _ := tc.p.draw(r, tc.n)
			c, ok := Precision(cuts, tc.least, 0.05)
			truth := tc.p.precision
			if tc.recall {
				c, ok = Recall(cuts, tc.least, 0.05)
				truth = tc.p.recall
			}
			if ok {
				found++
			}
			if !ok || truth(cuts[c.At].Score) >= tc.least {
				kept++
			}
		}
		k := float64(kept) / float64(draws)
		if allowed := 0.95 - 3.09*math.Sqrt(0.95*0.05/float64(draws)); k < allowed {
			t.Errorf("%+v: the promise is kept in %.4f of populations", tc, k)
		}
		if f := float64(found) / float64(draws); f < tc.found {
			t.Errorf("%+v: a threshold is found in %.3f", tc, f)
		}
		t.Logf("%+v: kept %.4f, found %.3f", tc, k, float64(found)/float64(draws))
	}
}

func TestPromisesByHand(t *testing.T) {
	// 100 rows, 99 of them positive: P(K ≥ 99 | 0.9) = 0.9¹⁰⁰ + 100·0.9⁹⁹·0.1.
	cuts := []Cut{{Score: 3, Rows: 100, Hits: 99}, {Score: 1, Rows: 200, Hits: 120}, {Score: 0, Rows: 250, Hits: 125}}
	c, ok := Precision(cuts, 0.9, 0.05)
	if want := math.Pow(0.9, 100) + 10*math.Pow(0.9, 99); !ok || c.At != 0 || math.Abs(c.PValue-want) > 1e-15 {
		t.Errorf("precision: %+v %v, want p %g", c, ok, want)
	}
	if c, ok := Recall(cuts, 0.9, 0.05); !ok || c.At != 1 {
		t.Errorf("recall: %+v %v", c, ok)
	}
	for what, bad := range map[string][]Cut{"none": nil, "few rows": {{Score: 1, Rows: 10, Hits: 10}}, "no positive": {{Score: 1, Rows: 1000, Hits: 0}}} {
		if c, ok := Precision(bad, 0.9, 0.05); ok {
			t.Errorf("%s: %+v", what, c)
		}
	}
	if _, ok := Recall([]Cut{{Score: 1, Rows: 100}}, 0.9, 0.05); ok {
		t.Error("recall without positives")
	}
}

// Cross-fitting is honest: over many data sets the cost that it states is on average that
// of the thresholds it chooses on fresh rows; the cost seen is too low.
func TestCrossFittedCost(t *testing.T) {
	p, costs := population{0.1, 1}, Costs{FP: 1, FN: 8}
	truth := func(s float64) float64 {
		a, b := p.tails(s)
		return costs.FP*b + costs.FN*(p.prevalence-a)
	}
	const folds, n, draws = 5, 150, 2000
	r := rand.New(rand.NewPCG(5, 6))
	var stated, seen, real, covered float64
	for range draws {
		var f Folds
		f.Total, f.Positives = make([]float64, folds), make([]float64, folds)
		type row struct {
			s    float64
			pos  bool
			fold int
		}
		x := make([]row, n)
		for i := range x {
			x[i] = row{s: r.NormFloat64(), pos: r.Float64() < p.prevalence, fold: i % folds}
			if x[i].pos {
				x[i].s += p.d
				f.Positives[x[i].fold]++
			}
			f.Total[x[i].fold]++
		}
		sort.Slice(x, func(a, b int) bool { return x[a].s > x[b].s })
		rows, hits := make([]float64, folds), make([]float64, folds)
		for _, v := range x {
			rows[v.fold]++
			if v.pos {
				hits[v.fold]++
			}
			f.Scores = append(f.Scores, v.s)
			f.Rows, f.Hits = append(f.Rows, append([]float64(nil), rows...)), append(f.Hits, append([]float64(nil), hits...))
		}
		c, ok := MinimalCost(f, costs)
		if !ok {
			t.Fatal("no threshold")
		}
		at := math.Inf(1)
		if c.At >= 0 {
			at = f.Scores[c.At]
		}
		now := costs.FN * p.prevalence
		if !math.IsInf(at, 1) {
			now = truth(at)
		}
		stated, seen, real = stated+c.Cost/draws, seen+c.Seen/draws, real+now/draws
		if math.Abs(c.Cost-now) < 2*c.SE {
			covered++
		}
	}
	if math.Abs(stated-real) > 0.03*real || seen > 0.97*real {
		t.Errorf("stated %.4f, seen %.4f, on fresh rows %.4f", stated, seen, real)
	}
	if covered/draws < 0.9 {
		t.Errorf("two errors about the stated cost hold the true one in %.3f", covered/draws)
	}
	t.Logf("stated %.4f, seen %.4f, on fresh rows %.4f, covered %.3f", stated, seen, real, covered/draws)
}
