package threshold

import (
	"math"
	"math/rand/v2"
	"os"
	"sort"
	"testing"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// dependent is a score x ~ N(0, 1) whose label is positive with Φ(a + b·x + τ·u), u ~ N(0, 1)
// shared by a cluster, and weights of a lognormal law.
type dependent struct {
	a, b, tau float64
	size      int
	sigma     float64
}

// above is the chance of a score of at least t, and of one with a positive label.
func (d dependent) above(t float64) (rows, hits float64) {
	const step = 0.005
	for x := math.Max(t, -8) + step/2; x < 8; x += step {
		f := math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) * step
		rows, hits = rows+f, hits+f*dist.NormCDF((d.a+d.b*x)/math.Sqrt(1+d.tau*d.tau))
	}
	return rows, hits
}

type dependentRow struct {
	x, w    float64
	y       float64
	cluster int
}

func (d dependent) draw(r *rand.Rand, n int) []dependentRow {
	out := make([]dependentRow, n)
	u := 0.0
	for i := range out {
		if i%d.size == 0 {
			u = r.NormFloat64()
		}
		out[i] = dependentRow{x: r.NormFloat64(), w: math.Exp(d.sigma * r.NormFloat64()), cluster: i / d.size}
		if r.Float64() < dist.NormCDF(d.a+d.b*out[i].x+d.tau*u) {
			out[i].y = 1
		}
	}
	sort.SliceStable(out, func(a, b int) bool { return out[a].x > out[b].x })
	return out
}

// cuts at 200 equal-mass ranks, with the sums by cluster as they are defined.
func cutsOfRows(rows []dependentRow, clusters int) []Cut {
	var out []Cut
	w, h, p := make([]float64, clusters), make([]float64, clusters), make([]float64, clusters)
	for _, v := range rows {
		p[v.cluster] += v.w * v.y
	}
	hits, step := int64(0), max(1, len(rows)/200)
	for i, v := range rows {
		w[v.cluster] += v.w
		h[v.cluster] += v.w * v.y
		hits += int64(v.y)
		if (i+1)%step != 0 && i != len(rows)-1 {
			continue
		}
		c := Cut{Score: v.x, Rows: int64(i + 1), Hits: hits, Robust: &Robust{}}
		for g := range w {
			c.Robust.W, c.Robust.H = c.Robust.W+w[g], c.Robust.H+h[g]
			c.Robust.WW, c.Robust.HW, c.Robust.HH, c.Robust.HP = c.Robust.WW+w[g]*w[g], c.Robust.HW+w[g]*h[g], c.Robust.HH+h[g]*h[g], c.Robust.HP+h[g]*p[g]
			if w[g] > 0 {
				c.Robust.Clusters++
			}
			if h[g] > 0 {
				c.Robust.Positive++
			}
		}
		out = append(out, c)
	}
	return out
}

// What is promised of dependent and weighted rows is kept too.
func TestRobustPromisesAreKept(t *testing.T) {
	draws := 80
	if os.Getenv("FAIRTRIAL_SLOW") != "" {
		draws = 3000
	}
	for _, tc := range []struct {
		name   string
		d      dependent
		n      int
		least  float64
		recall bool
		found  float64
		ignore bool // the test of independent rows
	}{
		{"clusters", dependent{a: 0, b: 1.5, tau: 0.8, size: 10}, 3000, 0.9, false, 0.5, false},
		{"large clusters", dependent{a: 0, b: 1.5, tau: 0.8, size: 50}, 5000, 0.9, false, 0.1, false},
		{"few clusters", dependent{a: 0, b: 1.5, tau: 0.5, size: 100}, 3000, 0.9, false, 0, false},
		{"clusters, low precision", dependent{a: -1, b: 1, tau: 0.8, size: 10}, 3000, 0.6, false, 0.3, false},
		{"weights", dependent{a: 0, b: 1.5, size: 1, sigma: 0.7}, 3000, 0.9, false, 0.5, false},
		{"clusters and weights", dependent{a: 0, b: 1.5, tau: 0.8, size: 10, sigma: 0.5}, 3000, 0.9, false, 0.4, false},
		{"recall", dependent{a: -0.5, b: 1, tau: 0.8, size: 10}, 3000, 0.8, true, 0.9, false},
		{"recall, weights", dependent{a: -0.5, b: 1, size: 1, sigma: 0.7}, 3000, 0.8, true, 0.9, false},
		{"heavy clusters", dependent{a: -0.5, b: 0.7, tau: 1.5, size: 50}, 5000, 0.6, false, 0, false},
		{"heavy clusters as if independent", dependent{a: -0.5, b: 0.7, tau: 1.5, size: 50}, 5000, 0.6, false, 0.1, true},
	} {
		r := rand.New(rand.NewPCG(17, 8))
		kept, found := 0, 0
		_, all := tc.d.above(-8)
		for range draws {
			cuts := cutsOfRows(tc.d.draw(r, tc.n), tc.n/tc.d.size)
			if tc.ignore {
				for i := range cuts {
					cuts[i].Robust = nil
				}
			}
			c, ok := Precision(cuts, tc.least, 0.05)
			if tc.recall {
				c, ok = Recall(cuts, tc.least, 0.05)
			}
			if !ok {
				kept++
				continue
			}
			found++
			rows, hits := tc.d.above(cuts[c.At].Score)
			if !tc.recall && hits/rows >= tc.least || tc.recall && hits/all >= tc.least {
				kept++
			}
		}
		k, f := float64(kept)/float64(draws), float64(found)/float64(draws)
		t.Logf("%s: kept %.4f, found %.3f", tc.name, k, f)
		switch allowed := 0.94 - 3.09*math.Sqrt(0.94*0.06/float64(draws)); {
		case tc.ignore && k > 0.9:
			t.Errorf("%s: kept in %.4f of populations: the clusters do not matter, nothing is tested", tc.name, k)
		case !tc.ignore && k < allowed:
			t.Errorf("%s: the promise is kept in %.4f of populations", tc.name, k)
		case f < tc.found:
			t.Errorf("%s: a threshold is found in %.3f", tc.name, f)
		}
	}
}

// Rows that are each a cluster of weight 1 are judged nearly as independent rows; weights
// twice as large say the same.
func TestRobustIsTheBinomialTail(t *testing.T) {
	r := rand.New(rand.NewPCG(18, 8))
	d := dependent{a: 0, b: 1.5, size: 1}
	rows := d.draw(r, 4000)
	cuts := cutsOfRows(rows, len(rows))
	twice := make([]dependentRow, len(rows))
	for i, v := range rows {
		v.w *= 2
		twice[i] = v
	}
	double := cutsOfRows(twice, len(rows))
	for i, c := range cuts {
		plain := Cut{Rows: c.Rows, Hits: c.Hits}
		all, whole := Cut{Hits: cuts[len(cuts)-1].Hits}, cuts[len(cuts)-1]
		for _, x := range [][3]float64{{c.precisionTail(0.8), plain.precisionTail(0.8), double[i].precisionTail(0.8)}, {c.recallTail(&whole, 0.7), plain.recallTail(&all, 0.7), double[i].recallTail(&double[len(double)-1], 0.7)}} {
			if c.Rows > 100 && math.Abs(x[0]-x[1]) > 0.02 || math.Abs(x[0]-x[2]) > 1e-9 {
				t.Errorf("cut %d of %d rows: p %.4f robust, %.4f binomial, %.4f with twice the weights", i, c.Rows, x[0], x[1], x[2])
			}
		}
	}
}
