package plan

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
)

// metrics reads the list, or takes the task's defaults.
func (d *decoder) metrics(n *node) {
	p := d.plan
	if n == nil {
		decisions, probabilities := d.offers()
		for _, name := range d.cat.Defaults(p.Task, decisions, probabilities) {
			if info, ok := d.cat.Lookup(p.Task, name); ok && p.Data.Columns.Weight != "" && info.NoWeights != "" {
				continue // a default that weights do not allow is left out; a listed one is refused
			}
			p.Metrics = append(p.Metrics, Metric{Metric: name, As: name})
		}
		return
	}
	if n.kind != sequence {
		d.fail(n, "metrics", "", "a list is expected, this is %s", n.kind)
		return
	}
	for i, v := range n.items {
		path := fmt.Sprintf("metrics[%d]", i)
		if m, ok := d.metric(v, path); ok {
			d.addMetric(m, v, path)
		} else if as := v.get("as"); as != nil {
			d.brokenMetrics = append(d.brokenMetrics, as.text)
		}
	}
}

// offers says what the candidate gives.
func (d *decoder) offers() (decisions, probabilities bool) {
	for _, m := range d.plan.Models {
		if m.Key != "candidate" {
			continue
		}
		switch d.plan.Task {
		case cases.Binary:
			return m.Threshold != nil, m.Score != ""
		case cases.Multiclass:
			return true, len(m.Probabilities) > 0
		}
	}
	return false, false
}

func (d *decoder) addMetric(m Metric, n *node, path string) {
	for _, x := range d.plan.Metrics {
		if x.As == m.As {
			d.fail(n, path, "give one of them another name with `as`", "two metrics are shown as %q", m.As)
			return
		}
	}
	d.plan.Metrics = append(d.plan.Metrics, m)
}

// metric reads a name or {metric, as, parameters}.
func (d *decoder) metric(v *node, path string) (Metric, bool) {
	m := Metric{Line: v.line}
	nameNode := v
	if v.kind == mapping {
		nameNode = v.get("metric")
		if nameNode == nil {
			d.fail(v, path, "", "the key \"metric\" is required")
			return m, false
		}
		path += ".metric"
	}
	find := d.lookup
	if v.kind == mapping && nameNode.text == quantileName && v != nameNode && !d.knows(quantileName) {
		find = func(_ *node, path string) (MetricInfo, bool) {
			return d.quantile(v, strings.TrimSuffix(path, ".metric"))
		}
	}
	info, ok := find(nameNode, path)
	if !ok {
		return m, false
	}
	path = strings.TrimSuffix(path, ".metric")
	m.Metric, m.As, m.Params = info.Name, info.Name, maps.Clone(info.Fixed)
	if given := nameNode.text; info.QuantileOf != "" {
		m.As = given
	} else if given != info.Name {
		m.As = given
		m.Notes = append(m.Notes, fmt.Sprintf("%s is another name of %s", given, info.Name))
	}
	if v.kind == mapping {
		d.metricOptions(v, path, info, &m)
	}
	if q, ok := m.Params["q"]; ok && info.QuantileOf != "" && v.get("as") == nil {
		m.As = shownQuantile(info.QuantileOf, q)
	}
	for _, q := range info.Params {
		short := strings.TrimPrefix(q.Name, "cost_")
		if v.get(q.Name) == nil && v.get("cost").get(short) == nil && q.Required {
			shown := info.Name
			if info.QuantileOf != "" {
				shown = quantileName
			}
			d.fail(v, path, example(shown), "%s needs %s (%s)", shown, short, q.Doc)
			break
		}
	}
	if info.NeedsInterval && !slices.ContainsFunc(d.plan.Models, func(m Model) bool { return m.Interval != nil }) {
		d.fail(nameNode, path, "add interval: {lower: p05, upper: p95, level: 0.9} to the model", "%s needs prediction intervals, and no model gives any", info.Name)
	}
	if d.plan.Data.Columns.Weight != "" && info.NoWeights != "" {
		d.fail(nameNode, path, "remove the metric, or data.columns.weight", "%s with weights is refused: %s", info.Name, info.NoWeights)
	}
	if d.plan.Data.Columns.Cluster != "" && info.NoClusters != "" {
		d.fail(nameNode, path, "remove the metric, or data.columns.cluster", "%s with clusters is refused: %s", info.Name, info.NoClusters)
	}
	return m, true
}

func example(metric string) string {
	switch metric {
	case "expected_cost":
		return "write {metric: expected_cost, cost: {fp: 1, fn: 8}}"
	case "f_beta":
		return "write {metric: f_beta, beta: 2, as: f2}"
	case "pinball_loss":
		return "write {metric: pinball_loss, alpha: 0.9}"
	case "quantile":
		return "write {metric: quantile, of: latency, q: 0.95, as: latency_p95}"
	case "absolute_error_quantile", "error_quantile":
		return "write {metric: " + metric + ", q: 0.9, as: p90}"
	case "precision_at", "recall_at", "lift_at":
		return "write {metric: " + metric + ", share: 0.05}"
	case "precision_at_count", "recall_at_count", "lift_at_count":
		return "write {metric: " + metric + ", count: 100}"
	case "partial_roc_auc":
		return "write {metric: partial_roc_auc, max_fpr: 0.1}"
	case "top_k_accuracy":
		return "write {metric: top_k_accuracy, k: 3, as: top_3}"
	}
	return ""
}

// knows reports whether a name is a metric of the plan's task.
func (d *decoder) knows(name string) bool {
	_, ok := d.cat.Lookup(d.plan.Task, name)
	return ok
}

// lookup finds a metric of the plan's task, or says what is near or where it belongs.
func (d *decoder) lookup(n *node, path string) (MetricInfo, bool) {
	name := d.name(n, path)
	info, ok := d.cat.Lookup(d.plan.Task, name)
	if ok || name == "" {
		return info, ok
	}
	names := d.cat.Names(d.plan.Task)
	if tasks := d.cat.TasksOf(name); len(tasks) > 0 {
		d.fail(n, path, didYouMean(name, names), "%s is a metric of task %s, not of %s", name, tasks[0], d.plan.Task)
	} else {
		d.fail(n, path, didYouMean(name, names), "unknown metric %q", name)
	}
	return MetricInfo{}, false
}

func (d *decoder) metricOptions(v *node, path string, info MetricInfo, m *Metric) {
	known := []string{"metric", "as", "equivalence"}
	costs := false
	for _, q := range info.Params {
		if strings.HasPrefix(q.Name, "cost_") {
			costs = true
		} else {
			known = append(known, q.Name)
		}
	}
	if info.QuantileOf != "" && v.get("metric").text == quantileName {
		known = append(known, "of")
	}
	if costs {
		known = append(known, "cost")
	}
	if info.PerClass {
		known = append(known, "class")
	}
	if len(info.Averages) > 0 {
		known = append(known, "average")
	}
	if !d.keys(v, path, known...) {
		return
	}
	set := func(name string, n *node, at string) {
		for _, q := range info.Params {
			if q.Name != name {
				continue
			}
			if x, ok := d.number(n, at); ok {
				switch {
				case x < q.Min && q.Max > 0, q.Max > 0 && x > q.Max:
					d.fail(n, at, "", "%s lies from %g to %g", name, q.Min, q.Max)
					return
				case name == "beta" && x <= 0:
					d.fail(n, at, "", "%s must be above 0", name)
					return
				case x < q.Min:
					d.fail(n, at, "", "%s must be at least %g", name, q.Min)
					return
				case q.Whole && x != math.Trunc(x):
					d.fail(n, at, "", "%s is a whole number", name)
					return
				}
				if m.Params == nil {
					m.Params = map[string]float64{}
				}
				m.Params[name] = x
			}
		}
	}
	for _, q := range info.Params {
		if !strings.HasPrefix(q.Name, "cost_") {
			d.with(v, q.Name, func(n *node) { set(q.Name, n, path+"."+q.Name) })
		}
	}
	d.with(v, "cost", func(n *node) {
		if d.keys(n, path+".cost", "fp", "fn", "tp", "tn") {
			for i, k := range n.keys {
				set("cost_"+k.text, n.items[i], path+".cost."+k.text)
			}
		}
	})
	d.with(v, "class", func(n *node) {
		m.Class = d.value(n, path+".class")
		m.As = fmt.Sprintf("%s[%s]", m.As, m.Class)
	})
	d.with(v, "average", func(n *node) {
		m.Average = d.choice(n, path+".average", info.Averages...)
		if m.Class != "" {
			d.fail(n, path+".average", "", "a metric of one class is not averaged")
		} else if m.Average != info.Averages[0] {
			m.As = m.As + "_" + m.Average
		}
	})
	d.with(v, "equivalence", func(n *node) {
		if x, ok := d.number(n, path+".equivalence"); ok {
			if x <= 0 {
				d.fail(n, path+".equivalence", "", "an equivalence margin is above 0")
				return
			}
			m.Equivalence = &x
		}
	})
	d.with(v, "as", func(n *node) { m.As = d.name(n, path+".as") })
}
