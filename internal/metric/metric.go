// Package metric is the catalogue: each metric is one entry of a table that says
// what it means, what summary it needs and how its value follows from that summary.
// Standard errors, paired differences, weights, clusters and intervals are derived
// from that one definition. The package refuses to touch rows or data.
package metric

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Direction says which way is good.
type Direction string

// Directions.
const (
	Up          Direction = "up"
	Down        Direction = "down"
	Target      Direction = "target" // |value − target| small
	NoDirection Direction = "none"
)

// Metric is one entry of the catalogue.
type Metric struct {
	Name      string       `json:"name"` // scikit-learn's where it has one
	Aliases   []string     `json:"aliases,omitempty"`
	Tasks     []cases.Task `json:"tasks"`
	Title     string       `json:"title"`   // plain words
	Formula   string       `json:"formula"` // in plain notation
	Lo, Hi    float64      `json:"-"`       // range, ±Inf allowed
	Direction Direction    `json:"direction"`
	TargetAt  float64      `json:"target,omitempty"`
	Interval  string       `json:"interval"`   // methods: plain; weighted; clustered
	Paired    string       `json:"comparison"` // method of the paired difference
	Variant   string       `json:"variant"`    // where libraries disagree: what this one does
	Source    string       `json:"source"`
	// Denominator says which rows n counts.
	Denominator string `json:"denominator"`

	NeedsDecision    bool     `json:"needs_decision"`
	NeedsProbability bool     `json:"needs_probability"`
	NeedsInterval    bool     `json:"needs_interval,omitempty"` // prediction intervals; their level is the target
	NoInterval       string   `json:"no_interval,omitempty"`    // reason
	NoWeights        string   `json:"no_weights,omitempty"`     // reason weights are refused
	NoClusters       string   `json:"no_clusters,omitempty"`
	Params           []Param  `json:"params,omitempty"`
	Averages         []string `json:"averages,omitempty"`  // multiclass: macro, weighted
	PerClass         bool     `json:"per_class,omitempty"` // multiclass: takes `class`

	build func(Options) (measure, error)
}

// Param is a number that a metric takes.
type Param struct {
	Name     string  `json:"name"`
	Doc      string  `json:"doc"`
	Default  float64 `json:"default"`
	Required bool    `json:"required"`
	Min      float64 `json:"min"`
	Max      float64 `json:"max,omitempty"`   // 0: none
	Whole    bool    `json:"whole,omitempty"` // a whole number
}

func (p Param) words() string {
	kind, ends := "a number", fmt.Sprintf("of at least %g", p.Min)
	if p.Whole {
		kind = "a whole number"
	}
	if p.Max > 0 {
		ends = fmt.Sprintf("from %g to %g", p.Min, p.Max)
	}
	return kind + " " + ends
}

// Options choose a variant of a metric.
type Options struct {
	Task    cases.Task
	Params  map[string]float64
	Class   string  // per-class variant
	Average string  // macro | weighted
	Level   float64 // of the models' prediction intervals; 0 without
}

func (o Options) param(name string, def float64) float64 {
	if v, ok := o.Params[name]; ok {
		return v
	}
	return def
}

// Instance is a metric with its parameters, ready to read summaries. As is the name
// it is shown under.
type Instance struct {
	*Metric
	As      string
	Options Options
	measure measure
}

// Needs is the summaries that the instance reads.
func (in *Instance) Needs() []summary.Spec { return in.measure.needs() }

// Fits reports whether the metric can be computed for a model of the task, with a
// reason when it cannot.
func (in *Instance) Fits(m cases.Model) (bool, string) {
	t := in.Options.Task
	if in.NeedsDecision && !m.HasDecisions(t) {
		if t == cases.Binary {
			return false, "the model has no threshold, so it makes no decisions"
		}
		return false, "the model has no prediction column"
	}
	if in.NeedsInterval && !m.HasInterval() {
		return false, "the model gives no prediction interval"
	}
	if in.NeedsProbability && !m.HasProbabilities(t) {
		return false, "the model gives no probabilities"
	}
	for _, name := range m.Lacks {
		if slices.ContainsFunc(in.Needs(), func(n summary.Spec) bool {
			return slices.ContainsFunc(n.Exprs(), func(e summary.Expr) bool { return e.From(name) })
		}) {
			return false, "the earlier record has no scores of " + name + " as it is defined now"
		}
	}
	return true, ""
}

// Catalogue is all metrics by task.
type Catalogue struct {
	byTask map[cases.Task][]*Metric
	byName map[cases.Task]map[string]*Metric
}

// NewCatalogue makes the built-in catalogue.
func NewCatalogue() *Catalogue {
	c := &Catalogue{byTask: map[cases.Task][]*Metric{}, byName: map[cases.Task]map[string]*Metric{}}
	var all []*Metric
	all = append(all, binaryRates()...)
	all = append(all, binaryCounts()...)
	all = append(all, binaryRank()...)
	all = append(all, binaryPartial()...)
	all = append(all, binaryCorp()...)
	all = append(all, binaryMeans()...)
	all = append(all, recalibrations()...)
	all = append(all, tops()...)
	all = append(all, multiclass()...)
	all = append(all, multiclassScores()...)
	all = append(all, regression()...)
	all = append(all, predictionIntervals()...)
	for _, m := range all {
		for _, t := range m.Tasks {
			c.byTask[t] = append(c.byTask[t], m)
			if c.byName[t] == nil {
				c.byName[t] = map[string]*Metric{}
			}
			c.byName[t][m.Name] = m
			for _, a := range m.Aliases {
				c.byName[t][a] = m
			}
		}
	}
	return c
}

// With is the catalogue with the metrics of a plan's scorers, by the name of each scorer.
func (c *Catalogue) With(scorers []Scorer) *Catalogue {
	if len(scorers) == 0 {
		return c
	}
	more := &Catalogue{byTask: maps.Clone(c.byTask), byName: map[cases.Task]map[string]*Metric{}}
	for _, t := range cases.Tasks() {
		if more.byName[t] = maps.Clone(c.byName[t]); more.byName[t] == nil {
			more.byName[t] = map[string]*Metric{} // generative tasks have no metrics but these
		}
		for _, s := range scorers {
			for _, m := range s.metrics(t) {
				more.byName[t][m.Name] = m
				more.byTask[t] = append(slices.Clip(more.byTask[t]), m)
			}
		}
	}
	return more
}

// All lists the metrics of a task in catalogue order.
func (c *Catalogue) All(t cases.Task) []*Metric { return c.byTask[t] }

// Names lists the canonical names of a task, sorted.
func (c *Catalogue) Names(t cases.Task) []string {
	var out []string
	for _, m := range c.byTask[t] {
		out = append(out, m.Name)
	}
	sort.Strings(out)
	return out
}

// Lookup finds a metric of a task by name or alias.
func (c *Catalogue) Lookup(t cases.Task, name string) (*Metric, bool) {
	m, ok := c.byName[t][name]
	return m, ok
}

// Tasks lists the tasks that have a metric of this name or alias.
func (c *Catalogue) TasksOf(name string) []cases.Task {
	var out []cases.Task
	for _, t := range cases.Tasks() {
		if _, ok := c.byName[t][name]; ok {
			out = append(out, t)
		}
	}
	return out
}

// Build makes an instance. It fails on an unknown name, parameter, average or class.
func (c *Catalogue) Build(name, as string, o Options) (*Instance, error) {
	m, ok := c.Lookup(o.Task, name)
	if !ok {
		return nil, fmt.Errorf("build metric: %q is not a metric of task %s", name, o.Task)
	}
	known := map[string]bool{}
	for _, p := range m.Params {
		known[p.Name] = true
		v, given := o.Params[p.Name]
		if !given && p.Required {
			return nil, fmt.Errorf("build metric %s: parameter %q is required (%s)", name, p.Name, p.Doc)
		}
		if given && (math.IsNaN(v) || math.IsInf(v, 0) || v < p.Min || p.Max > 0 && v > p.Max || p.Whole && v != math.Trunc(v)) {
			return nil, fmt.Errorf("build metric %s: parameter %q must be %s", name, p.Name, p.words())
		}
	}
	for k := range o.Params {
		if !known[k] {
			return nil, fmt.Errorf("build metric %s: unknown parameter %q", name, k)
		}
	}
	if o.Class != "" && (!m.PerClass || o.Task != cases.Multiclass) {
		return nil, fmt.Errorf("build metric %s: it takes no class", name)
	}
	if o.Average != "" && !contains(m.Averages, o.Average) {
		if len(m.Averages) == 0 {
			return nil, fmt.Errorf("build metric %s: it takes no average", name)
		}
		return nil, fmt.Errorf("build metric %s: average %q is not one of %s", name, o.Average, strings.Join(m.Averages, ", "))
	}
	b, err := m.build(o)
	if err != nil {
		return nil, fmt.Errorf("build metric %s: %w", name, err)
	}
	if as == "" {
		as = m.Name
	}
	if m.NeedsInterval && m.Direction == Target && o.Level > 0 {
		levelled := *m
		levelled.TargetAt = o.Level
		m = &levelled
	}
	return &Instance{Metric: m, As: as, Options: o, measure: b}, nil
}

// Defaults are the metrics used when a plan lists none.
func (c *Catalogue) Defaults(t cases.Task, decisions, probabilities bool) []string {
	var out []string
	switch t {
	case cases.Binary:
		out = append(out, "roc_auc", "average_precision")
		if decisions {
			out = append(out, "accuracy", "balanced_accuracy", "precision", "recall", "specificity", "f1", "matthews_corrcoef")
		}
		if probabilities {
			out = append(out, "log_loss", "brier", "ece")
		}
	case cases.Multiclass:
		if decisions {
			out = append(out, "accuracy", "balanced_accuracy", "f1", "matthews_corrcoef")
		}
		if probabilities {
			out = append(out, "log_loss", "roc_auc")
		}
	case cases.Regression:
		out = append(out, "mean_absolute_error", "root_mean_squared_error", "r2", "mean_error", "median_absolute_error")
	}
	return out
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
