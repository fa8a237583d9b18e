package eval

import (
	"slices"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// What is compared unpaired: metrics that both have, with the errors of both, read by the
// metric's direction; a difference from an error that is not known has no interval.
func TestUnpaired(t *testing.T) {
	p := &plan.Plan{Task: "binary", Confidence: 0.95}
	s := &Setup{Plan: p}
	r := &record.Record{}
	b := &record.Baseline{Why: "no ids"}
	add := func(name string, now, then, se float64) {
		in, err := metric.NewCatalogue().Build(name, "", metric.Options{Task: "binary"})
		if err != nil {
			t.Fatal(err)
		}
		s.Metrics, p.Metrics = append(s.Metrics, in), append(p.Metrics, plan.Metric{Metric: name, As: name})
		e := result.Estimate{Metric: name, Model: "candidate", Slice: result.Overall, Value: result.Number(now), SE: result.Number(se), N: 100, Status: result.OK}
		r.Estimates = append(r.Estimates, e)
		e.Value = result.Number(then)
		b.Estimates = append(b.Estimates, e)
	}
	add("roc_auc", 0.9, 0.8, 0.03)  // 0.1 ± 1.96·0.03·√2 = 0.083
	add("log_loss", 0.9, 0.8, 0.03) // more is worse
	add("recall", 0.9, 0.85, 0.03)
	add("selection_rate", 0.9, 0.8, 0.03) // no way is good
	b.Estimates = append(b.Estimates, result.Estimate{Metric: "brier", Model: "candidate", Slice: result.Overall, Value: 1, Status: result.OK})
	if why := s.unpaired(r, b); !strings.HasSuffix(why, ": no ids") {
		t.Error(why)
	}
	want := []result.CompareVerdict{result.Better, result.Worse, result.CompareInconclusive, result.Different}
	if len(r.Comparisons) != len(want) {
		t.Fatalf("%+v", r.Comparisons)
	}
	for i, c := range r.Comparisons {
		if c.Verdict != want[i] || !strings.HasPrefix(c.Method, "unpaired") {
			t.Errorf("%s: %s by %s, want %s", c.Metric, c.Verdict, c.Method, want[i])
		}
	}
	if c := r.Comparisons[0]; c.Lower < 0.0168 || c.Lower > 0.0169 || c.Upper < 0.183 || c.Upper > 0.1832 {
		t.Errorf("%g to %g", c.Lower, c.Upper)
	}
	if slices.ContainsFunc(r.Estimates, func(e result.Estimate) bool { return e.Metric == "brier" }) || len(r.Estimates) != 8 {
		t.Errorf("%+v", r.Estimates)
	}
	b.Paired = true
	if why := s.unpaired(&record.Record{}, b); why != "" {
		t.Error(why)
	}
}
