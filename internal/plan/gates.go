package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/slice"
)

func gateKeys() []string {
	return []string{"name", "metric", "why", "model", "slices", "require", "proven_share", "small_groups", "severity", "min_rows", "confidence", "evidence",
		"on_inconclusive", "at_least", "at_most", "between", "no_worse_than", "better_than", "margin", "across", "difference_at_most", "ratio_at_least", "reference", "max_ungraded"}
}

func (d *decoder) gates(n *node) {
	if n.kind != sequence {
		d.fail(n, "gates", "", "a list is expected, this is %s", n.kind)
		return
	}
	used := map[string]bool{}
	for i, v := range n.items {
		path := fmt.Sprintf("gates[%d]", i)
		before := len(d.problems)
		g, info := d.gate(v, path)
		if len(d.problems) == before {
			d.checkGate(v, path, g, info)
		}
		if g.Name == "" {
			g.Name = strings.TrimSpace(g.Metric + " " + g.Words())
		}
		base := g.Name
		for k := 2; used[g.Name]; k++ {
			g.Name = fmt.Sprintf("%s (%d)", base, k)
		}
		used[g.Name] = true
		d.plan.Gates = append(d.plan.Gates, g)
	}
}

func (d *decoder) gate(v *node, path string) (gate.Rule, MetricInfo) {
	g := gate.Rule{Model: "candidate", Require: "no_harm", SmallGroups: "inconclusive", Severity: result.Block, MinRows: 30,
		Confidence: d.plan.Confidence, Evidence: "bound", OnInconclusive: "block", Line: v.line, Column: v.col}
	if v.set != "" { // stands in no file
		g.Line, g.Column = 0, 0
	}
	if !d.keys(v, path, gateKeys()...) {
		return g, MetricInfo{}
	}
	d.with(v, "name", func(n *node) { g.Name = d.name(n, path+".name") })
	d.with(v, "why", func(n *node) { g.Why = d.text(n, path+".why") })
	d.with(v, "model", func(n *node) { g.Model = d.modelKey(n, path+".model") })
	d.with(v, "severity", func(n *node) { g.Severity = result.Severity(d.choice(n, path+".severity", "block", "warn")) })
	d.with(v, "min_rows", func(n *node) { g.MinRows = d.whole(n, path+".min_rows", 1) })
	d.with(v, "confidence", func(n *node) { g.Confidence = d.level(n, path+".confidence") })
	d.with(v, "evidence", func(n *node) { g.Evidence = d.choice(n, path+".evidence", "bound", "value") })
	d.with(v, "on_inconclusive", func(n *node) { g.OnInconclusive = d.choice(n, path+".on_inconclusive", "block", "warn") })
	d.with(v, "slices", func(n *node) { g.Slices = d.gateSlices(n, path+".slices") })
	d.with(v, "require", func(n *node) { g.Require = d.choice(n, path+".require", "no_harm", "proof") })
	d.with(v, "proven_share", func(n *node) { g.ProvenShare = d.share(n, path+".proven_share") })
	d.with(v, "small_groups", func(n *node) { g.SmallGroups = d.choice(n, path+".small_groups", "inconclusive", "report") })
	info := d.gateMetric(v, path, &g)
	d.ungraded(v, path, &g, info)
	d.rule(v, path, &g)
	return g, info
}

// gateMetric resolves the metric: a name from `metrics`, or one of the catalogue,
// which is then added to the plan's metrics.
func (d *decoder) gateMetric(v *node, path string, g *gate.Rule) MetricInfo {
	n := v.get("metric")
	if n == nil {
		d.fail(v, path, "", "the key \"metric\" is required")
		return MetricInfo{}
	}
	name := d.name(n, path+".metric")
	if slices.Contains(d.brokenMetrics, name) {
		return MetricInfo{}
	}
	for _, m := range d.plan.Metrics {
		if m.As == name {
			g.Metric = name
			info, _ := d.cat.Lookup(d.plan.Task, m.Metric)
			return info
		}
	}
	for _, m := range d.plan.Metrics { // by the canonical name, where it is shown under an alias
		if info, ok := d.cat.Lookup(d.plan.Task, name); ok && info.Name == m.Metric && len(m.Params) == 0 && m.Class == "" && m.Average == "" {
			g.Metric = m.As
			return info
		}
	}
	if _, ok := d.cat.Lookup(d.plan.Task, name); !ok && name != "" {
		names := d.cat.Names(d.plan.Task)
		for _, m := range d.plan.Metrics {
			if m.As != m.Metric {
				names = append(names, m.As)
			}
		}
		if tasks := d.cat.TasksOf(name); len(tasks) > 0 {
			d.fail(n, path+".metric", didYouMean(name, names), "%s is a metric of task %s, not of %s", name, tasks[0], d.plan.Task)
		} else {
			d.fail(n, path+".metric", didYouMean(name, names), "unknown metric %q", name)
		}
		return MetricInfo{}
	}
	m, ok := d.metric(n, path+".metric")
	if !ok {
		return MetricInfo{}
	}
	d.plan.Metrics = append(d.plan.Metrics, m)
	g.Metric = m.As
	info, _ := d.cat.Lookup(d.plan.Task, m.Metric)
	return info
}

func (d *decoder) modelKey(n *node, path string) string {
	s := d.name(n, path)
	var keys []string
	for _, m := range d.plan.Models {
		keys = append(keys, m.Key)
		if m.Key == s {
			return s
		}
	}
	if s == "baseline" {
		d.fail(n, path, "add it under models, or run with --baseline and an earlier record", "the plan has no baseline")
	} else if s != "" {
		d.fail(n, path, didYouMean(s, keys), "no model is called %q", s)
	}
	return s
}

// rule reads the one rule of a gate.
func (d *decoder) rule(v *node, path string, g *gate.Rule) {
	var found []string
	rules := []string{"at_least", "at_most", "between", "no_worse_than", "better_than", "across"}
	for _, k := range rules {
		if v.get(k) != nil {
			found = append(found, k)
		}
	}
	if len(found) != 1 {
		if len(found) == 0 {
			if !d.misspelt(v, rules...) {
				d.fail(v, path, "one of: "+strings.Join(rules, ", "), "a gate needs a rule")
			}
		} else {
			d.fail(v.keyNode(found[1]), path, "make two gates of it", "a gate has exactly one rule, this one has %s", strings.Join(found, " and "))
		}
		return
	}
	n := v.get(found[0])
	at := path + "." + found[0]
	g.Rule = found[0]
	switch found[0] {
	case "at_least", "at_most":
		g.Bound, _ = d.number(n, at)
	case "between":
		if n.kind != sequence || len(n.items) != 2 {
			d.fail(n, at, "", "two numbers [low, high] are expected")
			return
		}
		lo, ok1 := d.number(n.items[0], at+"[0]")
		hi, ok2 := d.number(n.items[1], at+"[1]")
		if ok1 && ok2 && lo >= hi {
			d.fail(n, at, "", "the first number must be below the second")
		}
		g.Bound, g.Upper = lo, hi
	case "no_worse_than", "better_than":
		g.Than = d.modelKey(n, at)
		if g.Than == g.Model {
			d.fail(n, at, "", "a model is not compared with itself")
		}
		d.margin(v, path, g)
	case "across":
		g.Across = d.column(n, at)
		d.across(v, path, g)
	}
	d.strayKeys(v, path, found[0])
}

// strayKeys refuses keys that belong to another rule.
func (d *decoder) strayKeys(v *node, path, rule string) {
	belongs := map[string][]string{"margin": {"no_worse_than", "better_than"}, "difference_at_most": {"across"}, "ratio_at_least": {"across"}, "reference": {"across"},
		"small_groups": {"across"}, "require": {}, "proven_share": {}}
	for _, key := range []string{"margin", "difference_at_most", "ratio_at_least", "reference", "small_groups"} {
		ok := false
		for _, r := range belongs[key] {
			ok = ok || r == rule
		}
		if !ok && v.get(key) != nil {
			d.fail(v.keyNode(key), path, "", "%s does not go with %s", key, rule)
		}
	}
	for _, key := range []string{"require", "proven_share"} {
		if v.get(key) != nil && v.get("slices") == nil {
			d.fail(v.keyNode(key), path, "", "%s goes with slices", key)
		}
	}
	if rule == "across" && v.get("slices") != nil {
		d.fail(v.keyNode("slices"), path, "", "a gate across groups takes no slices")
	}
}

func (d *decoder) margin(v *node, path string, g *gate.Rule) {
	n := v.get("margin")
	if n == nil {
		if g.Rule == gate.NoWorseThan {
			d.fail(v, path, "`fairtrial power` and the report's smallest effect help to choose one", "no_worse_than needs a margin: the largest loss that would be accepted")
		}
		return
	}
	if n.inPercent() {
		x, ok := percentage(n)
		if !ok || x <= 0 || x >= 100 {
			d.fail(n, path+".margin", "", "a percentage between 0%% and 100%% is expected, this is %q", n.text)
			return
		}
		g.Margin, g.Relative = x/100, true
		return
	}
	x, ok := d.number(n, path+".margin")
	if ok && (x < 0 || x == 0 && g.Rule == gate.NoWorseThan) {
		d.fail(n, path+".margin", "use better_than for a gain that must be shown", "a margin is above 0")
	}
	g.Margin = x
}

func (d *decoder) across(v *node, path string, g *gate.Rule) {
	diff, ratio := v.get("difference_at_most"), v.get("ratio_at_least")
	switch {
	case diff != nil && ratio != nil:
		d.fail(v.keyNode("ratio_at_least"), path, "make two gates of it", "a gate across groups has one limit, this one has two")
	case diff != nil:
		g.Rule = gate.AcrossDiff
		x, ok := d.number(diff, path+".difference_at_most")
		if ok && x <= 0 {
			d.fail(diff, path+".difference_at_most", "", "a limit above 0 is expected")
		}
		g.Bound = x
	case ratio != nil:
		g.Rule = gate.AcrossRatio
		x, ok := d.number(ratio, path+".ratio_at_least")
		if ok && (x <= 0 || x >= 1) {
			d.fail(ratio, path+".ratio_at_least", "four-fifths is 0.8", "a ratio between 0 and 1 is expected")
		}
		g.Bound = x
	default:
		d.fail(v.keyNode("across"), path, "", "across needs difference_at_most or ratio_at_least")
	}
	d.with(v, "reference", func(n *node) { g.Reference = d.value(n, path+".reference") })
}

// gateSlices reads `all` or names, each of which some declared entry must be able to make.
func (d *decoder) gateSlices(n *node, path string) []string {
	if d.brokenSlices {
		return nil
	}
	if len(d.plan.Slices) == 0 {
		d.fail(n, path, "declare them under slices", "the plan declares no slices")
		return nil
	}
	names := d.names(n, path)
	if len(names) == 0 {
		d.fail(n, path, "write all, or leave slices out for the whole", "the list of slices is empty")
	}
	var known []string
	for _, s := range d.plan.Slices {
		if s.Name != "" {
			known = append(known, s.Name)
		} else {
			known = append(known, strings.Join(s.Columns, " & "))
		}
	}
	for i, s := range names {
		if s == "all" || d.declared(s) {
			continue
		}
		at := n
		if n.kind == sequence {
			at = n.items[i]
		}
		if s == result.Overall {
			d.fail(at, path, "leave slices out for the whole", "%q is not a slice", s)
			continue
		}
		d.fail(at, path, "a slice is written as in the report, such as region=DE; declared: "+strings.Join(known, ", "), "the plan declares no slice %q", s)
	}
	return names
}

// declared reports whether a slice name can come from a declared entry.
func (d *decoder) declared(name string) bool {
	for _, s := range d.plan.Slices {
		if s.Name != "" && s.Name == name {
			return true
		}
	}
	pairs, err := slice.ParseLabel(name)
	if err != nil || len(pairs) == 0 {
		return false
	}
	for _, s := range d.plan.Slices {
		if s.Name != "" || len(s.Columns) != len(pairs) {
			continue
		}
		same := true
		for i, c := range s.Columns {
			same = same && pairs[i].Column == c
		}
		if same {
			return true
		}
	}
	return false
}

// checkGate is what can be refused before any data are read (GATES).
func (d *decoder) checkGate(v *node, path string, g gate.Rule, info MetricInfo) {
	if info.NoInterval != "" && g.Evidence == "bound" {
		d.fail(v.get("metric"), path, "judge the point value with evidence: value, or choose another metric", "%s has no interval, so no gate can stand on it: %s", g.Metric, info.NoInterval)
	}
	if info.Direction == "none" && (g.Rule == gate.NoWorseThan || g.Rule == gate.BetterThan) {
		d.fail(v.get("metric"), path, "use at_least, at_most, between or across", "%s has no good direction", g.Metric)
	}
	for _, key := range []string{g.Model, g.Than} {
		for _, m := range d.plan.Models {
			if m.Key != key {
				continue
			}
			if m.Source.Record != "" {
				continue // the record says what its candidate gave
			}
			if info.NeedsDecision && d.plan.Task == "binary" && m.Threshold == nil {
				d.fail(v.get("metric"), path, fmt.Sprintf("add models.%s.threshold", key), "%s needs decisions, and model %s has no threshold", g.Metric, key)
			}
			if info.NeedsInterval && m.Interval == nil {
				d.fail(v.get("metric"), path, fmt.Sprintf("add models.%s.interval", key), "%s needs prediction intervals, and model %s gives none", g.Metric, key)
			}
			if info.NeedsProbability && d.plan.Task == "multiclass" && len(m.Probabilities) == 0 {
				d.fail(v.get("metric"), path, fmt.Sprintf("add models.%s.probabilities", key), "%s needs probabilities, and model %s gives none", g.Metric, key)
			}
		}
	}
	if d.plan.Tier == 1 && g.Why == "" {
		p := Problem{Line: v.line, Column: v.col, Path: path, Msg: "a gate of a tier 1 plan should say why: the harm that it guards against"}
		d.plan.Warnings = append(d.plan.Warnings, p)
	}
}

// keyNode is the node of a key, for the place of an error.
func (n *node) keyNode(key string) *node {
	for _, k := range n.keys {
		if k.text == key {
			return k
		}
	}
	return n
}
