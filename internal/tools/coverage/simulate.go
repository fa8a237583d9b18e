package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/compare"
	"github.com/fairtrial/fairtrial/internal/engine/local/cells"
	"github.com/fairtrial/fairtrial/internal/engine/local/fit"
	"github.com/fairtrial/fairtrial/internal/engine/local/influence"
	"github.com/fairtrial/fairtrial/internal/engine/local/order"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// design is a population to draw from.
type design struct {
	name     string
	task     cases.Task
	n        int
	prev     float64 // binary
	strength float64 // distance of the classes in standard deviations: AUC = Φ(strength/√2)
	weights  float64 // sigma of lognormal weights, 0 for none
	cluster  int     // mean rows of a cluster, 0 for none
	icc      float64
	ordinary bool // of the grid on which coverage is promised
}

// draw makes one data set of n rows with a candidate and a slightly weaker baseline.
func (d design) draw(r *resample.RNG, n int) *rows.Rows {
	x := &rows.Rows{N: n, Task: d.task, Baseline: 1, Models: []rows.Model{{Key: "candidate", Score: make([]float64, n)}, {Key: "baseline", Score: make([]float64, n)}}}
	if d.weights > 0 {
		x.Weight = make([]float64, n)
	}
	var effect [2]float64
	left := 0
	for i := range n {
		if d.cluster > 0 {
			if left == 0 {
				left = 1 + int(r.Poisson(float64(d.cluster-1)))
				x.ClusterHash = append(x.ClusterHash, r.Uint64())
				effect = [2]float64{r.Normal() * math.Sqrt(d.icc), r.Normal() * math.Sqrt(d.icc)}
			}
			left--
			x.Cluster = append(x.Cluster, uint32(len(x.ClusterHash)-1))
		}
		if d.weights > 0 {
			x.Weight[i] = math.Exp(d.weights * r.Normal())
		}
		shared, own, other := r.Normal(), r.Normal(), r.Normal()
		noise := math.Sqrt(1 - d.icc)
		a := noise*(0.8*shared+0.6*own) + effect[0]
		b := noise*(0.8*shared+0.6*other) + effect[1]
		if d.task == cases.Regression {
			y := 10 + 3*r.Normal()
			x.Target = append(x.Target, y)
			x.Models[0].Score[i], x.Models[1].Score[i] = y+a, y+0.1+1.05*b
			for m := range x.Models {
				f := x.Models[m].Score[i]
				half := 1.3 + 0.7*math.Abs(f-10)/3 // wider far out
				x.Models[m].Level = 0.9
				x.Models[m].Ends = [][]float64{append(end(x.Models[m].Ends, 0), f-half), append(end(x.Models[m].Ends, 1), f+half)}
			}
			continue
		}
		if d.task == cases.Multiclass {
			d.drawClass(r, x, shared)
			continue
		}
		y := uint16(0)
		if r.Float64() < d.prev {
			y = 1
		}
		x.Class = append(x.Class, y)
		x.Models[0].Score[i] = d.probability(a+d.strength*float64(y), d.strength)
		x.Models[1].Score[i] = d.probability(b+0.95*d.strength*float64(y), 0.95*d.strength)
	}
	switch d.task {
	case cases.Regression:
		x.Pivot = 10
	case cases.Multiclass:
		x.Classes = []string{"0", "1", "2"}
		for m := range x.Models {
			x.Models[m].Score = nil
		}
	default:
		x.Classes = []string{"0", "1"}
		t := math.Max(0.5*math.Min(1, 2*d.prev), 0.15)
		x.Models[0].Threshold, x.Models[1].Threshold = &t, &t
	}
	return x
}

// drawClass adds a row of one of three classes of shares .5, .3 and .2.
func (d design) drawClass(r *resample.RNG, x *rows.Rows, shared float64) {
	y, u := uint16(0), r.Float64()
	if u > 0.5 {
		y++
	}
	if u > 0.8 {
		y++
	}
	x.Class = append(x.Class, y)
	for m := range x.Models {
		model, z, total := &x.Models[m], [3]float64{}, 0.0
		if model.Probs == nil {
			model.Probs = make([][]float64, 3)
		}
		best := 0
		for c := range z {
			z[c] = 0.6*shared*float64(c-1) + 0.8*r.Normal()
			if c == int(y) {
				z[c] += d.strength * (1 - 0.05*float64(m))
			}
			if z[c] > z[best] {
				best = c
			}
			z[c] = math.Exp(z[c])
			total += z[c]
		}
		for c := range z {
			model.Probs[c] = append(model.Probs[c], z[c]/total)
		}
		model.Decision = append(model.Decision, uint16(best))
	}
}

func end(ends [][]float64, k int) []float64 {
	if ends == nil {
		return nil
	}
	return ends[k]
}

// probability is the posterior of the positive class given the latent score.
func (d design) probability(x, strength float64) float64 {
	return 1 / (1 + math.Exp(-(math.Log(d.prev/(1-d.prev)) + strength*x - strength*strength/2)))
}

// quantity is one thing whose interval is checked: a metric, or its paired difference.
type quantity struct {
	in     *metric.Instance
	paired bool
}

func (q quantity) String() string {
	if q.paired {
		return q.in.As + ", paired difference"
	}
	return q.in.As
}

func (q quantity) answer(v *metric.View) metric.Answer {
	if q.paired {
		return compare.Contrast(q.in, v, 0, 1, 1)
	}
	return q.in.Estimate(v, 0)
}

// quantities are all metrics of a design that have intervals.
func quantities(d design, only string) ([]quantity, error) {
	cat := metric.NewCatalogue()
	var out []quantity
	for _, m := range cat.All(d.task) {
		if m.NoInterval != "" || d.cluster > 0 && m.NoClusters != "" || d.weights > 0 && m.NoWeights != "" || m.Name == "mape" || m.Name == "rmsle" ||
			strings.HasSuffix(m.Name, "_count") || only != "" && !slices.Contains(strings.Split(only, ","), m.Name) { // a count of rows is a share of them
			continue
		}
		params := map[string]map[string]float64{"f_beta": {"beta": 2}, "expected_cost": {"cost_fp": 1, "cost_fn": 5}, "pinball_loss": {"alpha": 0.9}, "top_k_accuracy": {"k": 2}, "precision_at": {"share": 0.1}, "recall_at": {"share": 0.1}, "lift_at": {"share": 0.1}, "partial_roc_auc": {"max_fpr": 0.2},
			"absolute_error_quantile": {"q": 0.9}, "error_quantile": {"q": 0.9}}[m.Name]
		in, err := cat.Build(m.Name, "", metric.Options{Task: d.task, Params: params})
		if err != nil {
			return nil, err
		}
		out = append(out, quantity{in: in})
		if m.Name != "prevalence" && m.Name != "brier_uncertainty" {
			out = append(out, quantity{in: in, paired: true})
		}
	}
	return out, nil
}

func needs(qs []quantity) []summary.Spec {
	seen := map[summary.Spec]bool{}
	var out []summary.Spec
	for _, q := range qs {
		for _, s := range q.in.Needs() {
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	return out
}

// view summarises one data set with the engine's own kernels.
func view(x *rows.Rows, specs []summary.Spec, seed uint64, draws int) (*metric.View, error) {
	ctx := context.Background()
	pops, err := cells.Summarize(ctx, x, specs, 1)
	if err != nil {
		return nil, err
	}
	if err := order.Summarize(ctx, x, specs, pops, false, 1); err != nil {
		return nil, err
	}
	if err := influence.Summarize(ctx, x, specs, pops, 1); err != nil {
		return nil, err
	}
	if err := fit.Summarize(ctx, x, specs, pops, 1); err != nil {
		return nil, err
	}
	set := &summary.Set{Models: []string{"candidate", "baseline"}, Baseline: 1, Classes: x.Classes, Weighted: x.Weight != nil, Pivot: x.Pivot, Pops: pops}
	return &metric.View{Set: set, Pop: pops[0], Seed: seed, Draws: draws}, nil
}

// coverage is how often intervals held the truth.
type coverage struct {
	design    design
	quantity  string
	truth     float64
	covered   int
	below     int // truth below the interval
	above     int
	undefined int // no value or no interval
	draws     int
	width     float64
}

// share of defined draws that covered.
func (c coverage) share() float64 { return float64(c.covered) / float64(c.draws-c.undefined) }

// simulate draws data sets and counts coverage of every quantity at 95 %.
func simulate(d design, draws int, only string) ([]coverage, error) {
	qs, err := quantities(d, only)
	if err != nil {
		return nil, err
	}
	if len(qs) == 0 {
		return nil, nil
	}
	specs := needs(qs)
	// The truth errs by a tenth of what a draw errs by at most, and by less for many draws.
	truthRows := min(8_000_000, max(8000*draws, 100*d.n))
	big, err := view(d.draw(resample.NewRNG(1, "truth", d.name), truthRows), specs, 1, 10)
	if err != nil {
		return nil, err
	}
	out := make([]coverage, len(qs))
	for i, q := range qs {
		a := q.answer(big)
		if a.Status != result.OK {
			return nil, fmt.Errorf("truth of %s in %s: %v", q, d.name, a.Notes)
		}
		out[i] = coverage{design: d, quantity: q.String(), truth: a.Value, draws: draws}
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	next := make(chan int)
	for range runtime.NumCPU() {
		wg.Go(func() {
			for k := range next {
				v, err := view(d.draw(resample.NewRNG(uint64(k), "draw", d.name), d.n), specs, uint64(k), 2000)
				mu.Lock()
				if err != nil {
					failed = err
				}
				mu.Unlock()
				if err != nil {
					continue
				}
				for i, q := range qs {
					lo, hi, ok := math.NaN(), math.NaN(), false
					if a := q.answer(v); a.Status == result.OK {
						lo, hi, ok = a.Interval(0.95)
					}
					mu.Lock()
					c := &out[i]
					switch {
					case !ok:
						c.undefined++
					case out[i].truth < lo:
						c.below++
					case out[i].truth > hi:
						c.above++
					default:
						c.covered++
					}
					if ok {
						c.width += hi - lo
					}
					mu.Unlock()
				}
			}
		})
	}
	for k := range draws {
		next <- k
	}
	close(next)
	wg.Wait()
	return out, failed
}
