package report

import (
	"slices"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// spending is a metric of what answers take.
type spending struct{ kind, unit string }

func spendings() []spending {
	return []spending{{"cost", "US dollars an answer"}, {"tokens_out", "tokens an answer"}, {"latency", "milliseconds an answer"}}
}

// costCharts set the quality of answers, by the metric of the first gate that is about
// none of it, against what they cost (dollars, or else tokens) and how long they take.
func costCharts(r *record.Record) []chartView {
	if len(r.Plan.Models) < 2 {
		return nil
	}
	quality, ok := qualityOf(r)
	if !ok {
		return nil
	}
	var out []chartView
	paid := false
	for _, s := range spendings() {
		if paid && s.kind == "tokens_out" {
			continue
		}
		cost, dots := spent(r, s, quality)
		if len(dots) < 2 {
			continue
		}
		out = append(out, paretoOf(r, []record.Metric{cost, quality}, dots, cost.Name+", "+s.unit+" (less is better)"))
		paid = paid || s.kind == "cost"
	}
	return out
}

// spent finds what answers took by one measure: a metric of the plan, or for dollars what
// the provider's calls came to, which has no interval.
func spent(r *record.Record, s spending, quality record.Metric) (record.Metric, []dot) {
	cost := record.Metric{Name: s.kind, Direction: "down"}
	for _, x := range r.Plan.Scorers {
		if x.Type == s.kind && !x.PassFail {
			cost.Name = x.As
		}
	}
	var dots []dot
	for _, m := range r.Plan.Models {
		y, ok := findEstimate(r, quality.Name, m.Key, result.Overall)
		if !ok || !y.Value.Known() {
			continue
		}
		x, ok := findEstimate(r, cost.Name, m.Key, result.Overall)
		if !ok || !x.Value.Known() {
			if x, ok = account(r, m.Key); !ok || s.kind != "cost" {
				continue
			}
		}
		dots = append(dots, dot{model: m.Key, x: x, y: y})
	}
	return cost, dots
}

// account is what a model's calls cost a case, where a price was named.
func account(r *record.Record, model string) (result.Estimate, bool) {
	for _, a := range r.Run.Answers {
		if a.Model == model && a.USD.Known() && a.USD > 0 && a.Cases > 0 {
			return result.Estimate{Value: a.USD / result.Number(a.Cases), Lower: result.None(), Upper: result.None(), N: a.Cases}, true
		}
	}
	return result.Estimate{}, false
}

// qualityOf is the metric of the first gate, or else the first scorer's, that says how good
// answers are.
func qualityOf(r *record.Record) (record.Metric, bool) {
	var names []string
	for _, g := range r.Gates {
		names = append(names, g.Metric)
	}
	for _, s := range r.Plan.Scorers {
		names = append(names, s.As)
	}
	for _, name := range names {
		i := slices.IndexFunc(r.Plan.Scorers, func(s plan.Scorer) bool { return s.As == name })
		k := slices.IndexFunc(r.Metrics, func(m record.Metric) bool { return m.Name == name })
		if i < 0 || k < 0 || slices.Contains([]string{"cost", "latency", "tokens_in", "tokens_out"}, r.Plan.Scorers[i].Type) {
			continue
		}
		if d := r.Metrics[k].Direction; d == "up" || d == "down" {
			return r.Metrics[k], true
		}
	}
	return record.Metric{}, false
}
