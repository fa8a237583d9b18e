// Package plan turns a YAML file into a typed, resolved plan, or into the list of
// everything that is wrong with it, each with its line and column. It refuses to
// read data: what needs the data's columns is checked by Bind.
package plan

import (
	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/gate"
)

// Plan is a resolved plan: every default is spelled out. Its JSON form is the
// record's `plan` block and what plan_digest is taken of, so it holds neither
// workers nor absolute paths.
type Plan struct {
	Name        string                `json:"name"`
	Objective   string                `json:"objective,omitempty"`
	Tier        int                   `json:"tier,omitempty"`
	Owner       string                `json:"owner,omitempty"`
	Task        cases.Task            `json:"task"`
	Connections map[string]Connection `json:"connections,omitempty"`
	Plugins     map[string]Plugin     `json:"plugins,omitempty"`
	Data        Data                  `json:"data"`
	Models      []Model               `json:"models"` // candidate, baseline (if any), then the others in the plan's order
	Slices      []Slice               `json:"slices"`
	MaxSlices   int                   `json:"max_slices"`
	Judges      []Judge               `json:"judges,omitempty"`      // whom scorers of type judge ask
	Embeddings  []Called              `json:"embeddings,omitempty"`  // whom scorers of type similar ask
	Classifiers []Called              `json:"classifiers,omitempty"` // whom scorers of type classifier ask
	Scorers     []Scorer              `json:"scorers,omitempty"`     // each is a metric by its name
	Metrics     []Metric              `json:"metrics"`
	Confidence  float64               `json:"confidence"`
	Seed        *uint64               `json:"seed,omitempty"` // nil: derived from the plan and the rows
	KeepScores  int64                 `json:"keep_scores"`
	Exact       *bool                 `json:"exact,omitempty"` // false: scores are counted in bins, no order of all rows is held
	Impact      *Impact               `json:"impact,omitempty"`
	Control     *Control              `json:"control,omitempty"`
	Stop        *Stop                 `json:"stop,omitempty"`     // generative tasks: ask no more cases than it takes
	MinRows     int64                 `json:"min_rows,omitempty"` // usable rows that a standard asks for
	Extends     []Standard            `json:"extends,omitempty"`  // the standards that were taken in
	Gates       []Gate                `json:"gates"`

	Warnings []Problem `json:"-"`
	Notify   *Notify   `json:"-"`

	Limits  Limits `json:"-"` // of asking models; they change no answer
	Workers int    `json:"-"`
	Dir     string `json:"-"` // folder of the plan file; relative sources start here
	File    string `json:"-"` // the plan file as given on the command line

	fetched    map[Source]string // where remote sources lie
	places     map[Source]string // where sources stand: "6:11: data.source"
	references []reference       // columns that the plan names
	conditions []condition
	programs   map[string]*node // where plug-ins are first named
	labels     map[string]*node // of scorers, by name
	sources    map[string]*node // of models with their own file, by key
	source     []byte
}

// Data says where the cases are and what their columns mean.
type Data struct {
	Source     Source     `json:"source"`
	Where      string     `json:"where,omitempty"` // canonical text of the filter
	Columns    Columns    `json:"columns"`
	MaxMissing MaxMissing `json:"max_missing"`
	Missing    string     `json:"missing"` // error | exclude | worst_case
}

// Columns gives the roles of columns.
type Columns struct {
	ID      string `json:"id,omitempty"`
	Label   Label  `json:"label,omitzero"`
	Cluster string `json:"cluster,omitempty"`

	// Generative tasks, which have no label.
	Question  string `json:"question,omitempty"`
	Reference string `json:"reference,omitempty"` // a right answer, or a list of them; scorers only
	Contexts  string `json:"contexts,omitempty"`  // the case's passages, best first; an answer's own stand above them
	Relevant  string `json:"relevant,omitempty"`  // ids of the passages that matter, or {id: gain}
	Checks    string `json:"checks,omitempty"`    // the case's own list of checks; scorers only

	Crossed string `json:"crossed,omitempty"` // a second cluster column, whose clusters cut across those of the first
	Weight  string `json:"weight,omitempty"`
	Time    string `json:"time,omitempty"`
}

// Label is the label column; Positive, in canonical text form, is the class that
// counts as 1 (binary only).
type Label struct {
	Column   string `json:"column"`
	Positive string `json:"positive,omitempty"`
}

// MaxMissing holds shares in [0, 1] of the rows.
type MaxMissing struct {
	Predictions float64 `json:"predictions"`
	Labels      float64 `json:"labels"`
}

// Model is one entry under `models`.
type Model struct {
	Key           string            `json:"key"`
	Name          string            `json:"name,omitempty"`
	Version       string            `json:"version,omitempty"`
	Source        Source            `json:"source,omitzero"`
	Score         string            `json:"score,omitempty"`
	Threshold     *float64          `json:"threshold,omitempty"`
	Prediction    string            `json:"prediction,omitempty"`
	Probabilities []ClassColumn     `json:"probabilities,omitempty"` // one entry with an empty Class: a list column
	Interval      *Interval         `json:"interval,omitempty"`
	Answers       *Answers          `json:"answers,omitempty"` // generative tasks: who answers
	Lacks         []string          `json:"lacks,omitempty"`   // of a baseline from a record of a generative task: scorers of whose scores it has none
	MLflow        string            `json:"mlflow,omitempty"`  // models:/name/3 …: what was judged; Artifact has what it meant
	Artifact      map[string]string `json:"artifact,omitempty"`
}

// Interval says where a regression model's prediction intervals stand, and the share of
// labels that they promise to hold.
type Interval struct {
	Lower string  `json:"lower"`
	Upper string  `json:"upper"`
	Level float64 `json:"level"`
}

// ClassColumn is the column that holds the probability of a class.
type ClassColumn struct {
	Class  string `json:"class"`
	Column string `json:"column"`
}

// Slice is one entry under `slices`, as resolved: exactly one of the forms.
type Slice struct {
	Columns []string  `json:"columns,omitempty"` // one: every value; several: every observed combination
	Name    string    `json:"name,omitempty"`    // where slices
	Where   string    `json:"where,omitempty"`
	Bins    []float64 `json:"bins,omitempty"`
	Line    int       `json:"-"`

	Quantiles int `json:"quantiles,omitempty"` // as many bins of about equal rows
}

// ByValue reports whether the entry makes a slice of every value of one column.
func (s Slice) ByValue() bool { return len(s.Columns) == 1 && s.Bins == nil && s.Quantiles == 0 }

// Metric is one entry under `metrics`: the catalogue's canonical name, the name it
// is shown under, and its parameters.
type Metric struct {
	Metric      string             `json:"metric"`
	As          string             `json:"as"`                    // defaults to Metric, or to Metric with its class ("recall[cat]")
	Params      map[string]float64 `json:"params,omitempty"`      // beta, cost_fp, cost_fn …
	Class       string             `json:"class,omitempty"`       // per-class metrics: `{metric: recall, class: cat}`
	Average     string             `json:"average,omitempty"`     // multiclass precision/recall/f1: macro | weighted
	Equivalence *float64           `json:"equivalence,omitempty"` // margin within which two models count as equivalent
	Line        int                `json:"-"`
	Notes       []string           `json:"notes,omitempty"` // "pr_auc is an alias of average_precision"
}

// Impact says what decisions are worth in units of the business: the value of each
// outcome, and how many decisions are made in a period.
type Impact struct {
	Per    string        `json:"per"` // "month"
	Volume float64       `json:"volume"`
	Unit   string        `json:"unit"` // "EUR 1 000"
	Values OutcomeValues `json:"values"`
}

// Control asks each run to judge a degraded candidate too, which must not pass: the share
// of its answers that other rows get.
type Control struct {
	Degrade float64 `json:"degrade"`
}

// OutcomeValues is what one row of each outcome is worth, in the impact's unit.
type OutcomeValues struct {
	TP float64 `json:"tp"`
	FP float64 `json:"fp"`
	FN float64 `json:"fn"`
	TN float64 `json:"tn"`
}

// Gate is one resolved gate: one metric, one rule, optional scope.
type Gate = gate.Rule
