package metric_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
)

// Everything that is not listed here gives value and interval, alone and paired, on plain
// rows, with weights, with clusters and with both. without has no interval by its nature.
var without = map[string]string{
	"ece":       "its law is not normal near 0",
	"ks":        "the largest of many gaps is too large on average",
	"max_error": "a maximum of a sample says little of the population",
}

// unweighted refuses weights: a budget of so many rows has no meaning in rows that stand
// for others, and would change if all weights were doubled.
var unweighted = map[string]bool{"precision_at_count": true, "recall_at_count": true, "lift_at_count": true}

func taking(all []*metric.Instance, weights bool) []*metric.Instance {
	var out []*metric.Instance
	for _, in := range all {
		if !weights || !unweighted[in.Name] {
			out = append(out, in)
		}
	}
	return out
}

// ordinary makes rows on which every metric is defined.
func ordinary(r *rand.Rand, task cases.Task, n int) *rows.Rows {
	for {
		x := draw(r, task, n)
		share := 0
		for _, c := range x.Class {
			share += int(c)
		}
		distinct := map[float64]bool{}
		for _, v := range x.Models[0].Score {
			distinct[v] = true
		}
		if task == cases.Binary && (share < n/4 || share > 3*n/4) || task == cases.Multiclass && share == n || task != cases.Multiclass && len(distinct) < n/3 {
			continue
		}
		for i := range x.Models[0].Score {
			if task == cases.Binary { // probabilities inside (0, 1)
				for m := range x.Models {
					x.Models[m].Score[i] = 0.02 + 0.9*x.Models[m].Score[i]
				}
			} else { // labels that have a logarithm
				x.Target[i] += 20
				for m := range x.Models {
					x.Models[m].Score[i] += 20
				}
			}
		}
		return x
	}
}

func TestEveryMetricWithWeightsAndClusters(t *testing.T) {
	eachTask(t, func(t *testing.T, task cases.Task, all []*metric.Instance) {
		r := rand.New(rand.NewPCG(11, 4))
		for _, kind := range []struct {
			name              string
			weights, clusters bool
		}{{"plain", false, false}, {"weights", true, false}, {"clusters", false, true}, {"both", true, true}} {
			x := ordinary(r, task, 600)
			for i := range x.N {
				if kind.weights {
					x.Weight = append(x.Weight, math.Exp(0.5*r.NormFloat64()))
				}
				if kind.clusters {
					if i%6 == 0 {
						x.ClusterHash = append(x.ClusterHash, r.Uint64())
					}
					x.Cluster = append(x.Cluster, uint32(i/6))
				}
			}
			fit := taking(all, kind.weights)
			v := see(t, x, fit)
			for _, in := range fit {
				if (in.NoWeights != "") != unweighted[in.Name] || in.NoClusters != "" {
					t.Errorf("%s is refused: weights %q, clusters %q", in.As, in.NoWeights, in.NoClusters)
				}
				if why := without[in.Name]; (why != "") != (in.NoInterval != "") {
					t.Errorf("%s: listed without an interval: %q, says of itself %q", in.As, why, in.NoInterval)
				}
				for what, a := range map[string]metric.Answer{"alone": in.Estimate(v, 0), "paired": in.Contrast(v, 0, 1, 1)} {
					if what == "paired" && in.Name == "prevalence" { // it does not depend on the model
						continue
					}
					_, _, ok := a.Interval(0.95)
					if a.Status != result.OK || math.IsNaN(a.Value) {
						t.Errorf("%s, %s, %s: %s %v", in.As, kind.name, what, a.Status, a.Notes)
					} else if ok != (without[in.Name] == "") {
						t.Errorf("%s, %s, %s: interval %v (%s) %v", in.As, kind.name, what, ok, a.Method, a.Notes)
					}
				}
			}
		}
	})
}

// Twice all weights changes nothing, with clusters or without; and weighted rows that are
// each a cluster have nearly the error of weighted rows.
func TestScaledWeightsAndClustersOfOne(t *testing.T) {
	eachTask(t, func(t *testing.T, task cases.Task, all []*metric.Instance) {
		r, all := rand.New(rand.NewPCG(12, 4)), taking(all, true)
		for range 4 {
			x := ordinary(r, task, 450)
			x.Weight = make([]float64, x.N)
			for i := range x.N {
				x.Weight[i] = math.Exp(0.4 * r.NormFloat64())
			}
			one := *x
			for i := range x.N {
				one.Cluster, one.ClusterHash = append(one.Cluster, uint32(i)), append(one.ClusterHash, r.Uint64())
			}
			for _, y := range []*rows.Rows{x, &one} {
				twice := *y
				twice.Weight = make([]float64, x.N)
				for i, w := range x.Weight {
					twice.Weight[i] = 2 * w
				}
				a, b := see(t, y, all), see(t, &twice, all)
				for _, in := range all {
					for k, p := range []metric.Answer{in.Estimate(a, 0), in.Contrast(a, 0, 1, 1)} {
						q := []metric.Answer{in.Estimate(b, 0), in.Contrast(b, 0, 1, 1)}[k]
						lo, hi, ok := p.Interval(0.95)
						low, high, also := q.Interval(0.95)
						if !same(p.Value, q.Value, 1e-12) || !same(p.SE, q.SE, 1e-9) || ok != also || !same(lo, low, 1e-9) || !same(hi, high, 1e-9) {
							t.Errorf("%s: %g ± %g (%g to %g), with twice the weights %g ± %g (%g to %g)", in.As, p.Value, p.SE, lo, hi, q.Value, q.SE, low, high)
						}
					}
				}
			}
			a, b := see(t, x, all), see(t, &one, all)
			for _, in := range all {
				p, q := in.Estimate(a, 0), in.Estimate(b, 0)
				if !same(p.Value, q.Value, 1e-12) || p.SE > 0 && q.SE > 0 && math.Abs(q.SE/p.SE-1) > 0.06 {
					t.Errorf("%s: %g ± %g, each row a cluster %g ± %g", in.As, p.Value, p.SE, q.Value, q.SE)
				}
			}
		}
	})
}
