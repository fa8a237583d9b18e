package compare

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// Independent contrasts the overall estimates of two candidates as two samples that share
// no row: the errors add up. Metrics without an error in both have no interval.
func Independent(a, b []result.Estimate, level float64) []result.Comparison {
	out := []result.Comparison{}
	z := dist.NormQuantile(1 - (1-level)/2)
	for _, x := range a {
		if x.Slice != result.Overall || x.Model != "candidate" || x.Status != result.OK {
			continue
		}
		for _, y := range b {
			if y.Slice != result.Overall || y.Model != "candidate" || y.Metric != x.Metric || y.Status != result.OK {
				continue
			}
			c := result.Comparison{Metric: x.Metric, Slice: result.Overall, Candidate: "candidate", Baseline: "baseline", Level: level,
				Difference: x.Value - y.Value, SE: result.Number(math.Hypot(float64(x.SE), float64(y.SE))), DF: result.None(), P: result.None(), PAdjusted: result.None(),
				Method: "unpaired: difference of two independent estimates", Verdict: result.CompareInconclusive, N: min(x.N, y.N), Status: result.OK, Notes: []string{"unpaired"}}
			c.Lower, c.Upper = c.Difference-result.Number(z)*c.SE, c.Difference+result.Number(z)*c.SE
			c.SmallestEffect = result.Number(SmallestEffect(float64(c.SE), level))
			if c.Lower.Known() && (c.Lower > 0 || c.Upper < 0) {
				c.Verdict = result.Different
			}
			out = append(out, c)
		}
	}
	return out
}
