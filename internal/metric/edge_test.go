package metric_test

import (
	"math"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Where all decisions are right no error is seen, and none is not what is known: a function
// of counts has an interval, and it is wider where the rows come in clusters.
func TestAllRightIsNotCertain(t *testing.T) {
	half := 0.5
	const n, per = 120, 4
	x := &rows.Rows{N: n, Task: cases.Binary, Classes: []string{"0", "1"}, Baseline: 1}
	for _, key := range []string{"candidate", "baseline"} {
		x.Models = append(x.Models, rows.Model{Key: key, Threshold: &half})
	}
	for i := range n {
		y := i / per % 2
		x.Class = append(x.Class, uint16(y))
		for m := range x.Models {
			x.Models[m].Score = append(x.Models[m].Score, 0.2+0.6*float64(y))
		}
	}
	clustered := *x
	for i := range n {
		clustered.Cluster = append(clustered.Cluster, uint32(i/per))
		if i%per == 0 {
			clustered.ClusterHash = append(clustered.ClusterHash, uint64(i+1))
		}
	}
	var all []*metric.Instance
	for _, in := range instances(t, cases.Binary) {
		if in.Needs()[0].Kind == summary.KindCounts {
			all = append(all, in)
		}
	}
	a, b := see(t, x, all), see(t, &clustered, all)
	told := 0
	for _, in := range all {
		p, q := in.Estimate(a, 0), in.Estimate(b, 0)
		if p.Status != result.OK || p.Value != 0 && p.Value != 1 { // a share of rows that are called positive has an error
			continue
		}
		told++
		lo, hi, ok := p.Interval(0.95)
		low, high, okToo := q.Interval(0.95)
		if !ok || !okToo || !(hi-lo > 0) || !(high-low > hi-lo) {
			t.Errorf("%s = %g: [%g, %g] by %s; in clusters [%g, %g] by %s", in.As, p.Value, lo, hi, p.Method, low, high, q.Method)
		}
		d, e := in.Contrast(a, 0, 1, 1), in.Contrast(b, 0, 1, 1)
		if math.IsNaN(d.SE) || !(e.SE > d.SE) {
			t.Errorf("%s: difference ± %g, in clusters ± %g", in.As, d.SE, e.SE)
		}
	}
	if told < 8 {
		t.Errorf("only %d metrics of all right decisions", told)
	}
}
