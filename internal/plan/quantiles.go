package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
)

// quantileName is the name under which `metrics` asks for a quantile of a scorer's scores.
const quantileName = "quantile"

// shortQuantile reads the short name of a usual quantile, such as latency_p95.
func shortQuantile(name string) (scorer string, q float64, ok bool) {
	for suffix, q := range map[string]float64{"_p50": 0.5, "_p90": 0.9, "_p95": 0.95, "_p99": 0.99} {
		if scorer, ok = strings.CutSuffix(name, suffix); ok && scorer != "" {
			return scorer, q, true
		}
	}
	return "", 0, false
}

// shownQuantile is the name of a quantile that is given none: latency_p95, latency_p99.9.
func shownQuantile(scorer string, q float64) string {
	return scorer + "_p" + strconv.FormatFloat(q*100, 'g', 6, 64)
}

// noQuantile says why a scorer's scores have no quantile worth a gate; empty where they do.
func (s Scorer) noQuantile() (why, hint string) {
	switch {
	case s.Corpus() != nil:
		return "its value belongs to a set of rows, not to each", "name the metric " + s.As
	case s.PassFail:
		return "its scores are 0 or 1", "name the metric " + s.As + ": the share of 1"
	case s.Judged() || s.Labels != nil || len(s.Cards) > 0:
		return "its scores are a judge's opinions, and labels correct their mean alone", "name the metric " + s.As
	}
	return "", ""
}

// ScorerOf is the scorer whose mean or quantile a metric is; ok is false for others.
func (p *Plan) ScorerOf(m Metric) (s Scorer, ok bool) {
	for _, s := range p.Scorers {
		if m.Metric == s.As || m.Metric == cases.QuantileOf(s.As) {
			return s, true
		}
	}
	return Scorer{}, false
}

// quantileInfo finds the metric of a quantile, by its full name or a short one.
func (c withScorers) quantileInfo(name string) (MetricInfo, bool) {
	for _, s := range c.scorers {
		if why, _ := s.noQuantile(); why != "" {
			continue
		}
		info := MetricInfo{Name: cases.QuantileOf(s.As), Direction: s.Direction, Scorer: true, QuantileOf: s.As}
		if name == info.Name {
			info.Params = []Param{{Name: "q", Doc: "the quantile", Required: true, Min: 0.001, Max: 0.999}}
			return info, true
		}
		if scorer, q, ok := shortQuantile(name); ok && scorer == s.As {
			info.Fixed = map[string]float64{"q": q}
			return info, true
		}
	}
	return MetricInfo{}, false
}

// quantile finds the metric of {metric: quantile, of: SCORER}, or says what is wrong with it.
func (d *decoder) quantile(v *node, path string) (MetricInfo, bool) {
	const example = "write {metric: quantile, of: latency, q: 0.95, as: latency_p95}"
	of := v.get("of")
	if of == nil {
		d.fail(v, path, example, "quantile needs of: the scorer whose scores are meant")
		return MetricInfo{}, false
	}
	name := d.name(of, path+".of")
	if info, ok := d.cat.Lookup(d.plan.Task, cases.QuantileOf(name)); ok || name == "" {
		return info, ok
	}
	var names []string
	for _, s := range d.plan.Scorers {
		if s.As != name {
			names = append(names, s.As)
			continue
		}
		why, hint := s.noQuantile()
		d.fail(of, path+".of", hint, "%s has no quantiles: %s", name, why)
		return MetricInfo{}, false
	}
	if d.plan.Task.Generative() {
		names = append(names, costNames()...)
	}
	if slices.Contains(d.brokenMetrics, name) {
		return MetricInfo{}, false
	}
	hint := didYouMean(name, names)
	if hint == "" {
		hint = example
	}
	d.fail(of, path+".of", hint, "no scorer is called %q", name)
	return MetricInfo{}, false
}
