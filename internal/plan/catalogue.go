package plan

import "github.com/fairtrial/fairtrial/internal/cases"

// Catalogue tells about metrics; it is declared here so that a plan can be checked
// without the metrics themselves.
type Catalogue interface {
	// Lookup finds a metric of a task by name or alias.
	Lookup(task cases.Task, name string) (MetricInfo, bool)
	// Names lists the canonical names of a task.
	Names(task cases.Task) []string
	// TasksOf lists the tasks that know a name.
	TasksOf(name string) []cases.Task
	// Defaults are the metrics of a plan that lists none.
	Defaults(task cases.Task, decisions, probabilities bool) []string
}

// MetricInfo is what a plan must know of a metric.
type MetricInfo struct {
	Name             string // canonical
	Params           []Param
	Direction        string // up, down, target, none
	NeedsDecision    bool
	NeedsProbability bool
	NeedsInterval    bool   // prediction intervals
	NoInterval       string // reason
	NoWeights        string // reason
	NoClusters       string
	Averages         []string
	PerClass         bool
	Scorer           bool               // of a scorer of the plan's
	QuantileOf       string             // the scorer whose quantile it is; empty: none
	Fixed            map[string]float64 // parameters that the name says
}

// Param is a number that a metric takes.
type Param struct {
	Name     string
	Doc      string
	Default  float64
	Required bool
	Min      float64
	Max      float64 // 0: none
	Whole    bool
}
