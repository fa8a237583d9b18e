package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// worked prints the worked numbers of gates: how often a non-inferiority gate on paired
// accuracy passes, fails or cannot say, and the rows that it asks for. The tests of
// package gate assert the same numbers.
func worked(w io.Writer, draws int) error {
	in, err := metric.NewCatalogue().Build("accuracy", "", metric.Options{Task: cases.Binary})
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "| rows | share that differs | true difference | margin | confidence | pass % | inconclusive % | fail % | median rows needed |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|")
	for _, c := range []struct {
		n                      int64
		psi, d, margin, confid float64
	}{
		{2000, 0.10, 0, 0.02, 0.90}, {20000, 0.10, -0.04, 0.02, 0.90}, {500, 0.10, 0, 0.02, 0.90}, {2000, 0.10, -0.02, 0.02, 0.90},
		{2000, 0.10, 0, 0.01, 0.90}, {8000, 0.10, 0, 0.01, 0.90}, {6183, 0.10, 0, 0.01, 0.90}, {7849, 0.10, 0, 0.01, 0.95},
	} {
		rule := gate.Rule{Name: "g", Metric: "accuracy", Model: "candidate", Rule: gate.NoWorseThan, Than: "baseline", Margin: c.margin, Confidence: c.confid,
			Severity: result.Block, MinRows: 30, Evidence: "bound"}
		r := resample.NewRNG(20, "worked", fmt.Sprint(c))
		got := map[result.Verdict]int{}
		var needed []int64
		for range draws {
			set := paired(r, c.n, c.psi, c.d)
			gates, _ := gate.Decide(gate.Input{Rules: []gate.Rule{rule}, Set: set, Metrics: map[string]*metric.Instance{"accuracy": in},
				View:   func(i int) *metric.View { return &metric.View{Set: set, Pop: set.Pops[i], Seed: 1, Draws: 2000} },
				Fits:   func(*metric.Instance, string) (bool, string) { return true, "" },
				Groups: func(string) []int { return nil }})
			got[gates[0].Verdict]++
			if n := gates[0].Evidence.NeededN; n != nil {
				needed = append(needed, *n)
			}
		}
		median := "–"
		if len(needed) > 0 {
			slices.Sort(needed)
			median = result.Count(needed[len(needed)/2])
		}
		share := func(v result.Verdict) float64 { return 100 * float64(got[v]) / float64(draws) }
		fmt.Fprintf(w, "| %s | %g | %g | %g | %g | %.1f | %.1f | %.1f | %s |\n", result.Count(c.n), c.psi, c.d, c.margin, c.confid,
			share(result.Pass), share(result.Inconclusive), share(result.Fail), median)
	}
	return nil
}

// paired draws the joint counts of two models that disagree on a share psi of the rows
// and whose accuracies differ by d.
func paired(r *resample.RNG, n int64, psi, d float64) *summary.Set {
	c := make([]float64, 4)
	resample.Multinomial(r, n, []float64{0.85 - psi/2, (psi + d) / 2, (psi - d) / 2, 0.15 - psi/2}, c)
	counts := &summary.Counts{}
	for i, decisions := range [][]uint32{{1, 1}, {1, 0}, {0, 1}, {0, 0}} {
		if c[i] > 0 {
			counts.Cells = append(counts.Cells, summary.Cell{Label: 1, Decisions: decisions, N: int64(c[i]), W: c[i], W2: c[i]})
		}
	}
	counts.Sort()
	return &summary.Set{Models: []string{"candidate", "baseline"}, Baseline: 1, Classes: []string{"0", "1"},
		Pops: []*summary.Population{{Slice: result.Overall, Partition: -1, N: n, W: float64(n), W2: float64(n), Counts: counts}}}
}
