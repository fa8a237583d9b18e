package rehearse

import (
	"context"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
)

// unlike is nature with rows that weigh differently, or that come in clusters whose rows
// the models get right or wrong together.
func unlike(r *resample.RNG, n, perCluster int, weights bool) *rows.Rows {
	x := nature(r, n)
	if weights {
		for range n {
			x.Weight = append(x.Weight, 0.2-math.Log(1-r.Float64()))
		}
	}
	if perCluster == 0 {
		return x
	}
	var shared [2]float64
	for i := range n {
		if i%perCluster == 0 {
			x.ClusterHash = append(x.ClusterHash, r.Uint64())
			shared = [2]float64{r.Normal(), r.Normal()}
		}
		x.Cluster = append(x.Cluster, uint32(len(x.ClusterHash)-1))
		for m := range x.Models {
			s := x.Models[m].Score[i]
			x.Models[m].Score[i] = 1 / (1 + math.Exp(-math.Log(s/(1-s))-0.9*shared[m]))
		}
	}
	return x
}

// With weights and with clusters too a rehearsal foretells what real runs say: from many
// clusters, which are kept as hash blocks, and from few.
func TestForetellsUnlikeRows(t *testing.T) {
	runs, draws, small := 200, 1200, 12
	if testing.Short() {
		runs, draws, small = 10, 60, 2
	}
	if os.Getenv("FAIRTRIAL_SLOW") != "" {
		runs, draws, small = 2000, 12000, 60
	}
	overall := gate.Rule{Metric: "accuracy", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.035}
	sliced := gate.Rule{Metric: "accuracy", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.03, Slices: []string{"all"}}
	brier := gate.Rule{Metric: "brier", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.01}
	brierSliced := gate.Rule{Metric: "brier", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.012, Slices: []string{"all"}}
	auc := gate.Rule{Metric: "roc_auc", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.022}
	aucSliced := gate.Rule{Metric: "roc_auc", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.026, Slices: []string{"all"}}
	ap := gate.Rule{Metric: "average_precision", Rule: gate.NoWorseThan, Than: "baseline", Margin: 0.03}
	const joint = "three kinds, clusters"
	least := gate.Rule{Metric: "roc_auc", Rule: gate.AtLeast, Bound: 0.79}
	for name, tc := range map[string]struct {
		rule       gate.Rule
		world      int
		rows       int64
		perCluster int
		weights    bool
	}{
		"weights":                  {overall, 100_000, 2000, 0, true},
		"weights, slices":          {sliced, 100_000, 4000, 0, true},
		"clusters as blocks":       {overall, 4000, 3000, 5, false},
		"exact clusters":           {overall, 4000, 3000, 10, false},
		"exact clusters, slices":   {sliced, 5000, 5000, 10, false},
		"weights in clusters":      {overall, 4000, 3000, 10, true},
		"more clusters than known": {overall, 2000, 4000, 10, false},
		"means, weights":           {brier, 100_000, 2000, 0, true},
		"means, weights, slices":   {brierSliced, 100_000, 4000, 0, true},
		"means, clusters":          {brier, 4000, 3000, 10, false},
		"means, blocks":            {brier, 4000, 3000, 5, false},
		"means, both, slices":      {brierSliced, 5000, 5000, 10, true},
		"AUC, weights":             {auc, 100_000, 2000, 0, true},
		"AUC, weights, slices":     {aucSliced, 100_000, 4000, 0, true},
		"AUC, clusters":            {auc, 4000, 3000, 10, false},
		"AUC, blocks":              {auc, 4000, 3000, 5, false},
		"AUC, both, slices":        {aucSliced, 5000, 5000, 10, true},
		"AUC at least, clusters":   {least, 600_000, 3000, 10, false},
		joint:                      {gate.Rule{}, 4000, 3000, 10, false},
		"AP, weights":              {ap, 100_000, 3000, 0, true},
		"AP, both":                 {ap, 4000, 3000, 10, true},
	} {
		t.Run(name, func(t *testing.T) {
			rules := []gate.Rule{tc.rule}
			if name == joint { // gates of counts, means and ranks at once
				rules = []gate.Rule{overall, brier, auc}
			}
			s := setup(t, rules...)
			// Small files differ: the mean over several of them is foretold.
			files := 1
			if tc.world < 10_000 {
				files = small
			}
			foretold := map[result.Decision]float64{}
			for f := range files {
				set := observe(t, s, unlike(resample.NewRNG(1, fmt.Sprint("world", f)), tc.world, tc.perCluster, tc.weights))
				set.Weighted = tc.weights
				w, err := newWorld(set, s.Plan)
				if err != nil {
					t.Fatal(err)
				}
				p := &play{Options: Options{Seed: 5, Draws: draws / files, Workers: 2}, setup: s, world: w}
				x, err := p.run(context.Background(), Scenario{Key: "equal"}, float64(tc.rows)/float64(tc.world))
				if err != nil {
					t.Fatal(err)
				}
				foretold[result.Go] += x.Go.Value / float64(files)
				foretold[result.NoGo] += x.NoGo.Value / float64(files)
			}
			seen := map[result.Decision]float64{}
			for i := range runs {
				set := observe(t, s, unlike(resample.NewRNG(2, fmt.Sprint(i)), int(tc.rows), tc.perCluster, tc.weights))
				set.Weighted = tc.weights
				_, o := s.Decide(set)
				seen[o.Decision] += 1 / float64(runs)
			}
			for _, d := range []result.Decision{result.Go, result.NoGo} {
				p := (foretold[d] + seen[d]) / 2
				if allowed := 4*math.Sqrt(p*(1-p)*(1/float64(runs)+1/float64(draws))) + 0.03; math.Abs(foretold[d]-seen[d]) > allowed {
					t.Errorf("%s: foretold %.3f, seen %.3f (allowed %.3f)", d, foretold[d], seen[d], allowed)
				}
			}
			t.Logf("go %.3f foretold, %.3f seen; no-go %.3f, %.3f", foretold[result.Go], seen[result.Go], foretold[result.NoGo], seen[result.NoGo])
		})
	}
}
