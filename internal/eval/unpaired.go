package eval

import (
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/compare"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// unpaired adds to a record what an earlier record's estimates say of the baseline where
// its rows could not be paired, and returns why not: gates that compare with it are
// inconclusive. It is empty where rows are paired or no earlier record is asked for.
func (s *Setup) unpaired(r *record.Record, b *record.Baseline) string {
	r.Baseline = b
	if b == nil || b.Paired {
		return ""
	}
	known := func(e result.Estimate) bool {
		return slices.ContainsFunc(s.Plan.Metrics, func(m plan.Metric) bool { return m.As == e.Metric })
	}
	for _, e := range b.Estimates {
		if !known(e) {
			continue
		}
		e.Model, e.Notes = "baseline", append(slices.Clone(e.Notes), "stored: of the rows of the earlier record")
		r.Estimates = append(r.Estimates, e)
	}
	for _, c := range compare.Independent(r.Estimates, b.Estimates, s.Plan.Confidence) {
		for _, in := range s.Metrics {
			if in.As == c.Metric && (in.Direction == metric.Up || in.Direction == metric.Down) { // distances from a target are not what is compared
				c.Verdict = compare.Read(c, compare.Good(in.Direction), compare.Reading{}, math.NaN())
			}
		}
		r.Comparisons = append(r.Comparisons, c)
	}
	return "the baseline's rows are not paired with today's: " + b.Why
}
