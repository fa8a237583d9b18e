package report

import (
	"sort"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// residuals are the plan's error quantiles as curves, a model each: share of the rows
// below, error, lower, upper. Nothing with fewer than three.
func residuals(r *record.Record) []record.Curve {
	share := map[string]float64{}
	for _, m := range r.Plan.Metrics {
		if q, ok := m.Params["q"]; ok && m.Metric == "error_quantile" {
			share[m.As] = q
		}
	}
	if len(share) < 3 {
		return nil
	}
	var out []record.Curve
	for _, m := range r.Plan.Models {
		c := record.Curve{Kind: "residuals", Model: m.Key, Slice: result.Overall}
		for _, e := range r.Estimates {
			if q, ok := share[e.Metric]; ok && e.Model == m.Key && e.Slice == result.Overall && e.Value.Known() {
				c.Points = append(c.Points, []result.Number{result.Number(q), e.Value, e.Lower, e.Upper})
			}
		}
		sort.Slice(c.Points, func(i, j int) bool { return c.Points[i][0] < c.Points[j][0] })
		out = append(out, c)
	}
	return out
}
