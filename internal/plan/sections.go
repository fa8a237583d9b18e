package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/slice"
)

// Defaults of a plan (CONTRACT).
const (
	defaultMaxSlices  = 5000
	defaultKeepScores = 5_000_000
	defaultConfidence = 0.95
	defaultMaxLabels  = 0.01
)

// exact: the metrics of score order are exact, or (false) read from binned scores.
func (d *decoder) exact(root, v *node) {
	if d.choice(v, "exact", "true", "false") != "false" {
		return
	}
	if d.plan.Task != cases.Binary {
		d.fail(v, "exact", "leave it out", "exact: false is for scores of a binary task, whose order it bins")
		return
	}
	if columns := root.get("data").get("columns"); columns.get("weight") != nil {
		d.fail(v, "exact", "leave out exact, or data.columns.weight", "exact: false takes no weights: bins count rows")
		return
	}
	no := false
	d.plan.Exact = &no
}

func (d *decoder) root(n *node) {
	p := d.plan
	d.keys(n, "", "name", "objective", "tier", "owner", "task", "connections", "plugins", "data", "models", "limits", "judges", "embeddings", "classifiers", "scorers", "slices", "max_slices", "metrics", "confidence", "seed", "workers", "keep_scores", "exact", "impact", "control", "stop", "gates", "extends", "notify")
	p.Confidence, p.MaxSlices, p.KeepScores = defaultConfidence, defaultMaxSlices, defaultKeepScores
	for _, key := range []string{"name", "task", "data", "models"} {
		d.require(n, "", key, "")
	}
	d.with(n, "name", func(v *node) { p.Name = d.name(v, "name") })
	d.with(n, "objective", func(v *node) { p.Objective = d.text(v, "objective") })
	d.with(n, "owner", func(v *node) { p.Owner = d.text(v, "owner") })
	d.with(n, "tier", func(v *node) {
		if p.Tier = int(d.whole(v, "tier", 1)); p.Tier > 3 {
			d.fail(v, "tier", "", "tiers are 1 (highest impact), 2 and 3")
		}
	})
	d.with(n, "task", func(v *node) { p.Task = d.task(v) })
	d.with(n, "confidence", func(v *node) { p.Confidence = d.level(v, "confidence") })
	d.with(n, "seed", func(v *node) { s := uint64(d.whole(v, "seed", 0)); p.Seed = &s })
	d.with(n, "workers", func(v *node) { p.Workers = int(d.whole(v, "workers", 0)) })
	d.with(n, "max_slices", func(v *node) { p.MaxSlices = int(d.whole(v, "max_slices", 1)) })
	d.with(n, "keep_scores", func(v *node) { p.KeepScores = d.whole(v, "keep_scores", 0) })
	d.with(n, "exact", func(v *node) { d.exact(n, v) })
	d.with(n, "connections", d.connections)
	d.with(n, "plugins", d.plugins)
	d.with(n, "notify", d.notify)
	d.with(n, "data", d.data)
	d.with(n, "models", d.models)
	if p.Task != "" {
		d.with(n, "judges", d.judges)
		for _, x := range []section{embeddings(), classifiers()} {
			d.with(n, x.name, func(v *node) { d.called(v, x) })
		}
	}
	d.with(n, "limits", d.limits)
	before := len(d.problems)
	d.with(n, "slices", d.slices)
	var packs []pack
	d.with(n, "extends", func(v *node) { packs = d.standards(v, nil) })
	d.extend(n, packs)
	d.brokenSlices = len(d.problems) > before
	if p.Task == "" {
		return // metrics and gates mean nothing without a task
	}
	d.with(n, "scorers", d.scorers)
	d.costs(n)
	d.buildOn(n)
	d.metrics(n.get("metrics"))
	d.extendMetrics(packs)
	d.scored()
	d.with(n, "impact", d.impact)
	d.with(n, "control", d.control)
	d.with(n, "stop", d.stop)
	d.with(n, "gates", d.gates)
	d.extendGates(packs)
	d.uncalibratedGates(n)
	d.with(n, "stop", d.stopFits)
	if c := n.get("control"); c != nil && len(p.Gates) == 0 {
		d.fail(c, "control", "add a gate, or leave control out", "the plan has no gates that could stop a control")
	}
}

func (d *decoder) with(n *node, key string, f func(*node)) {
	if v := n.get(key); v != nil {
		f(v)
	}
}

func (d *decoder) task(n *node) cases.Task {
	s := d.text(n, "task")
	if cases.Task(s).Valid() {
		return cases.Task(s)
	}
	var names []string
	for _, t := range cases.Tasks() {
		names = append(names, string(t))
	}
	for _, later := range []string{"multilabel", "ranking", "agent"} {
		if s == later {
			d.fail(n, "task", "built today: "+strings.Join(names, ", "), "task %s is not built yet", s)
			return ""
		}
	}
	d.fail(n, "task", didYouMean(s, names), "unknown task %q", s)
	return cases.Task(nearest(s, names)) // so that the rest is checked in the same run
}

func (d *decoder) data(n *node) {
	x := &d.plan.Data
	x.Missing, x.MaxMissing.Labels = "error", defaultMaxLabels
	if !d.keys(n, "data", "source", "where", "columns", "max_missing", "missing") {
		return
	}
	d.require(n, "data", "source", ": a CSV, JSONL or Parquet file or glob, or a query of a connection")
	d.with(n, "source", func(v *node) { x.Source = d.source(v, "data.source") })
	d.with(n, "where", func(v *node) { x.Where = d.where(v, "data.where") })
	d.with(n, "missing", func(v *node) {
		x.Missing = d.choice(v, "data.missing", "error", "exclude", "worst_case")
		if x.Missing == "worst_case" && d.plan.Task == cases.Regression {
			d.fail(v, "data.missing", "use exclude", "a regression error has no worst case")
		}
	})
	d.with(n, "max_missing", func(v *node) {
		if d.keys(v, "data.max_missing", "predictions", "labels") {
			d.with(v, "predictions", func(m *node) { x.MaxMissing.Predictions = d.share(m, "data.max_missing.predictions") })
			d.with(v, "labels", func(m *node) { x.MaxMissing.Labels = d.share(m, "data.max_missing.labels") })
		}
	})
	c := n.get("columns")
	if c == nil {
		d.require(n, "data", "columns", ": at least label, or id where models answer with texts")
		return
	}
	if d.plan.Task.Generative() {
		d.caseColumns(n, c)
		return
	}
	if !d.keys(c, "data.columns", "id", "label", "cluster", "weight", "time") {
		return
	}
	for key, to := range map[string]*string{"id": &x.Columns.ID, "weight": &x.Columns.Weight, "time": &x.Columns.Time} {
		d.with(c, key, func(v *node) { *to = d.column(v, "data.columns."+key) })
	}
	d.with(c, "cluster", d.clusters)
	d.label(c)
}

// clusters reads one cluster column or a list of two.
func (d *decoder) clusters(v *node) {
	const path = "data.columns.cluster"
	x := &d.plan.Data.Columns
	if v.kind != sequence {
		x.Cluster = d.column(v, path)
		return
	}
	if len(v.items) < 1 || len(v.items) > 2 {
		d.fail(v, path, "name the two units between which most rows are alike, such as [user, item]", "one column or two are expected, this is a list of %d", len(v.items))
		return
	}
	x.Cluster = d.column(v.items[0], path)
	if len(v.items) < 2 {
		return
	}
	if x.Crossed = d.column(v.items[1], path); x.Crossed == x.Cluster && x.Crossed != "" {
		d.fail(v.items[1], path, "name it once", "%s stands twice", x.Crossed)
	}
}

func (d *decoder) label(c *node) {
	x := &d.plan.Data.Columns
	l := c.get("label")
	switch {
	case l == nil:
		d.require(c, "data.columns", "label", "")
	case l.kind == mapping:
		if !d.keys(l, "data.columns.label", "column", "positive") {
			return
		}
		d.require(l, "data.columns.label", "column", "")
		d.with(l, "column", func(v *node) { x.Label.Column = d.column(v, "data.columns.label.column") })
		d.with(l, "positive", func(v *node) {
			x.Label.Positive = d.value(v, "data.columns.label.positive")
			if d.plan.Task != "" && d.plan.Task != cases.Binary {
				d.fail(v, "data.columns.label.positive", "", "only a binary task has a positive class")
			}
		})
	default:
		x.Label.Column = d.column(l, "data.columns.label")
	}
	if d.plan.Task == cases.Binary && x.Label.Positive == "" {
		x.Label.Positive = "1"
	}
}

// column reads a column's name and remembers where it was named.
func (d *decoder) column(n *node, path string) string {
	s := d.name(n, path)
	d.plan.refer(s, Source{}, path, n)
	return s
}

func (d *decoder) where(n *node, path string) string {
	s := d.name(n, path)
	w, err := slice.ParseWhere(s)
	var se *slice.SyntaxError
	switch {
	case s == "":
	case errors.As(err, &se):
		d.fail(n, path, se.Hint, "column %d of the condition: %s", se.Column, se.Msg)
	case err != nil:
		d.fail(n, path, "", "%v", err)
	default:
		for _, c := range w.Columns() {
			d.plan.refer(c, Source{}, path, n)
		}
		d.plan.conditions = append(d.plan.conditions, condition{where: w, path: path, at: n})
		return w.String()
	}
	return s
}

func (d *decoder) models(n *node) {
	if n.kind != mapping {
		d.fail(n, "models", "", "a mapping of models is expected, this is %s", n.kind)
		return
	}
	if n.get("candidate") == nil {
		hint := ""
		if len(n.keys) > 0 {
			var names []string
			for _, k := range n.keys {
				names = append(names, k.text)
			}
			if nearest("candidate", names) != "" {
				hint = fmt.Sprintf("did you mean \"candidate\" by %q?", nearest("candidate", names))
			}
		}
		d.fail(n, "models", hint, "a model called \"candidate\" is required")
	}
	order := []string{"candidate", "baseline"}
	for _, k := range n.keys {
		if k.text != "candidate" && k.text != "baseline" {
			order = append(order, k.text)
		}
	}
	for _, key := range order {
		if v := n.get(key); v != nil {
			d.plan.Models = append(d.plan.Models, d.model(v, key))
		}
	}
	if len(d.plan.Models) > 16 {
		d.fail(n, "models", "", "%d models: at most 16 are compared in one plan", len(d.plan.Models))
	}
}

func (d *decoder) model(n *node, key string) Model {
	if d.plan.Task.Generative() {
		return d.answering(n, key)
	}
	m := Model{Key: key}
	path := "models." + key
	if !d.keys(n, path, "name", "version", "source", "score", "threshold", "prediction", "probabilities", "interval", "artifact", "plugin", "record", "mlflow") {
		return m
	}
	d.with(n, "name", func(v *node) { m.Name = d.text(v, path+".name") })
	d.with(n, "version", func(v *node) { m.Version = d.text(v, path+".version") })
	d.with(n, "source", func(v *node) {
		m.Source = d.source(v, path+".source")
		d.plan.sources[key] = v
		if d.plan.Data.Columns.ID == "" {
			d.fail(v, path+".source", "add data.columns.id", "a model with its own file is joined on the id column, and none is declared")
		}
	})
	d.with(n, "record", func(v *node) { d.earlier(n, v, path, &m) })
	d.with(n, "plugin", func(v *node) { d.answers(n, v, path, &m) })
	column := func(v *node, at string) string {
		s := d.name(v, at)
		d.plan.refer(s, m.Source, at, v)
		return s
	}
	d.with(n, "score", func(v *node) { m.Score = column(v, path+".score") })
	d.with(n, "prediction", func(v *node) { m.Prediction = column(v, path+".prediction") })
	d.with(n, "threshold", func(v *node) {
		x, _ := d.number(v, path+".threshold") // a wrong one is still no missing one
		m.Threshold = &x
	})
	d.with(n, "probabilities", func(v *node) {
		switch v.kind {
		case mapping:
			for i, k := range v.keys {
				m.Probabilities = append(m.Probabilities, ClassColumn{Class: k.text, Column: column(v.items[i], path+".probabilities."+k.text)})
			}
		case sequence:
			if len(v.items) != 1 {
				d.fail(v, path+".probabilities", "write {class: column, …}", "a list names one list column, this one has %d", len(v.items))
				return
			}
			m.Probabilities = []ClassColumn{{Column: column(v.items[0], path+".probabilities[0]")}}
		default:
			d.fail(v, path+".probabilities", "", "{class: column, …} or [list column] is expected, this is %s", v.kind)
		}
	})
	d.with(n, "interval", func(v *node) {
		if d.plan.Task == cases.Regression { // else modelForm refuses it
			m.Interval = d.interval(v, path+".interval", column)
		}
	})
	d.with(n, "mlflow", func(v *node) { m.MLflow = d.mlflow(v, path+".mlflow", false) })
	d.with(n, "artifact", func(v *node) {
		if v.kind != mapping {
			d.fail(v, path+".artifact", "", "a mapping is expected, this is %s", v.kind)
			return
		}
		m.Artifact = map[string]string{}
		for i, k := range v.keys {
			m.Artifact[k.text] = d.text(v.items[i], path+".artifact."+k.text)
		}
	})
	if m.Source.Plugin == "" && n.get("record") == nil {
		d.modelForm(n, m, path)
	}
	return m
}

// interval reads {lower: column, upper: column, level: 0.9}.
func (d *decoder) interval(n *node, path string, column func(*node, string) string) *Interval {
	const form = "write interval: {lower: p05, upper: p95, level: 0.9}"
	if n.kind != mapping {
		d.fail(n, path, form, "a mapping is expected, this is %s", n.kind)
		return nil
	}
	if !d.keys(n, path, "lower", "upper", "level") {
		return nil
	}
	for _, key := range []string{"lower", "upper", "level"} {
		if n.get(key) == nil {
			d.fail(n, path, form, "the key %q is required", key)
			return nil
		}
	}
	out := &Interval{Lower: column(n.get("lower"), path+".lower"), Upper: column(n.get("upper"), path+".upper")}
	if out.Lower == out.Upper && out.Lower != "" {
		d.fail(n.get("upper"), path+".upper", "", "both ends are the column %q", out.Lower)
	}
	x, ok := d.number(n.get("level"), path+".level")
	if out.Level = x; !ok {
		return out
	}
	if !(x > 0 && x < 1) {
		d.fail(n.get("level"), path+".level", "write 0.9 for intervals that should hold 90 % of the labels", "a level lies between 0 and 1")
	}
	for _, other := range d.plan.Models {
		if o := other.Interval; o != nil && o.Level != out.Level {
			d.fail(n.get("level"), path+".level", "compare intervals of one level", "%s has intervals of level %g, %s of %g: their coverage and width cannot be compared", other.Key, o.Level, path, out.Level)
			break
		}
	}
	return out
}

// modelForm checks that a model gives what its task needs, and nothing else.
func (d *decoder) modelForm(n *node, m Model, path string) {
	refuse := func(key, why string) {
		if v := n.get(key); v != nil {
			d.fail(v, path+"."+key, why, "%s does not fit task %s", key, d.plan.Task)
		}
	}
	switch d.plan.Task {
	case cases.Binary:
		if m.Score == "" {
			d.fail(n, path, "", "a binary model needs \"score\": the column of its scores")
		}
		refuse("interval", "prediction intervals are of numbers")
		refuse("prediction", "use score, with threshold: 0.5 for 0/1 decisions")
		refuse("probabilities", "use score")
	case cases.Multiclass:
		if m.Prediction == "" && len(m.Probabilities) == 0 {
			d.fail(n, path, "", "a multiclass model needs \"prediction\", \"probabilities\" or both")
		}
		refuse("interval", "prediction intervals are of numbers")
		refuse("score", "use prediction, probabilities or both")
		refuse("threshold", "the class of the highest probability is the decision")
	case cases.Regression:
		if m.Prediction == "" {
			d.fail(n, path, "", "a regression model needs \"prediction\": the column of its predictions")
		}
		refuse("score", "use prediction")
		refuse("threshold", "")
		refuse("probabilities", "")
	}
}

func (d *decoder) slices(n *node) {
	if n.kind != sequence {
		d.fail(n, "slices", "", "a list is expected, this is %s", n.kind)
		return
	}
	for i, v := range n.items {
		path := fmt.Sprintf("slices[%d]", i)
		s := Slice{Line: v.line}
		switch v.kind {
		case sequence:
			for k, c := range v.items {
				s.Columns = append(s.Columns, d.column(c, fmt.Sprintf("%s[%d]", path, k)))
			}
			if _, err := slice.CrossSlice(s.Columns...); err != nil {
				d.fail(v, path, "", "%v", err)
			}
		case mapping:
			if !d.sliceForm(v, path, &s) {
				continue
			}
		default:
			s.Columns = []string{d.column(v, path)}
		}
		d.addSlice(s, v, path)
	}
}

// addSlice refuses an entry that stands there already: its cells would be counted
// twice in every correction.
func (d *decoder) addSlice(s Slice, n *node, path string) {
	for _, x := range d.plan.Slices {
		if x.Name == s.Name && s.Name != "" || s.Name == "" && slices.Equal(x.Columns, s.Columns) && slices.Equal(x.Bins, s.Bins) && x.Quantiles == s.Quantiles {
			if !d.quiet {
				d.fail(n, path, "remove one of them", "the slice %s is declared twice", s.words())
			}
			return
		}
	}
	d.plan.Slices = append(d.plan.Slices, s)
}

func (s Slice) words() string {
	if s.Name != "" {
		return s.Name
	}
	return strings.Join(s.Columns, " & ")
}

func (d *decoder) sliceForm(v *node, path string, s *Slice) bool {
	if !d.keys(v, path, "name", "where", "column", "bins", "quantiles") {
		return false
	}
	switch {
	case v.get("where") != nil:
		for _, key := range []string{"column", "bins", "quantiles"} {
			if v.get(key) != nil {
				d.fail(v.keyNode(key), path, "make two slices of it", "%s does not go with where", key)
			}
		}
		if v.get("name") == nil {
			d.fail(v, path, "", "a slice with a condition needs a name")
			return false
		}
		s.Name = d.name(v.get("name"), path+".name")
		s.Where = d.where(v.get("where"), path+".where")
		if w, err := slice.ParseWhere(s.Where); err == nil {
			if _, err := slice.WhereSlice(s.Name, w); err != nil {
				d.fail(v.get("name"), path+".name", "", "%v", err)
			}
		}
	case v.get("column") != nil:
		if v.get("name") != nil {
			d.fail(v.keyNode("name"), path, "", "name goes with where: the slices of a column are named by its values")
		}
		s.Columns = []string{d.column(v.get("column"), path+".column")}
		b := v.get("bins")
		if q := v.get("quantiles"); q != nil {
			s.Quantiles = int(d.whole(q, path+".quantiles", 2))
			if s.Quantiles > slice.MaxQuantiles {
				d.fail(q, path+".quantiles", "write 10 for deciles", "at most %d quantiles", slice.MaxQuantiles)
				return false
			}
			if b != nil {
				d.fail(q, path+".quantiles", "choose one of them", "quantiles find their own bins")
				return false
			}
		}
		if b == nil {
			return true
		}
		if b.kind != sequence {
			d.fail(b, path+".bins", "", "a list of edges is expected, this is %s", b.kind)
			return false
		}
		for k, e := range b.items {
			x, ok := d.number(e, fmt.Sprintf("%s.bins[%d]", path, k))
			if !ok {
				return false
			}
			s.Bins = append(s.Bins, x)
		}
		if _, err := slice.BinSlice(s.Columns[0], s.Bins); err != nil {
			d.fail(b, path+".bins", "", "%v", err)
			return false
		}
	default:
		d.fail(v, path, "", "a slice is a column, a list of columns, {name, where}, {column, bins} or {column, quantiles}")
		return false
	}
	return true
}
