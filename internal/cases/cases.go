// Package cases names what a row of an evaluation is: its task, its columns and
// their roles. It refuses to read data; engines do that.
package cases

import "slices"

// Task says what a model was asked to do with a case.
type Task string

// The tasks that can be evaluated: from a predictions file, or (generation and rag) from
// texts that models write about cases.
const (
	Binary     Task = "binary"
	Multiclass Task = "multiclass"
	Regression Task = "regression"
	Generation Task = "generation"
	RAG        Task = "rag" // generation from retrieved passages
)

// Tasks lists the tasks in the order in which they are documented.
func Tasks() []Task { return []Task{Binary, Multiclass, Regression, Generation, RAG} }

// Valid reports whether t is one of Tasks.
func (t Task) Valid() bool { return slices.Contains(Tasks(), t) }

// Generative reports whether models answer with texts: there is no label and no column of
// outputs, only scorers read the answers.
func (t Task) Generative() bool { return t == Generation || t == RAG }

// Numeric reports whether a row has a number in place of a class: its label, or nothing (0)
// where the task is generative.
func (t Task) Numeric() bool { return t == Regression || t.Generative() }

// Kind is the type of a column as an evaluation sees it.
type Kind string

// Column kinds. Other covers lists, structs, blobs and the like, which can hold
// class probabilities but can be neither a slice nor a score.
const (
	Number Kind = "number"
	Text   Kind = "text"
	Bool   Kind = "bool"
	Time   Kind = "time"
	Other  Kind = "other"
)

// Column is one column of a source: its header as written in the file and the
// engine's own name for its type.
type Column struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	Type string `json:"type"` // e.g. DOUBLE, VARCHAR
}

// A Model says where one model's outputs stand in the rows. Exactly one of the
// forms is set: Score (binary: probability or any ranking score), Prediction
// (multiclass label or regression value), or Probabilities.
type Model struct {
	Key           string   // the key under `models` in the plan
	Source        string   // its own file or glob; empty: the cases' file
	Score         string   // binary
	Prediction    string   // multiclass label, regression value
	Probabilities []string // multiclass: one column a class, in the order of ProbClasses; or one list column
	ProbClasses   []string // class names for Probabilities; empty for one list column (classes in sorted order)
	PlainIDs      bool     // Source was written by fairtrial, with ids as text
	Threshold     *float64 // binary: positive when score >= threshold; nil: no decisions

	// Regression: the columns of a prediction interval's ends and the share of labels that
	// it promises to hold; empty without.
	Lower, Upper string
	Level        float64

	// Lacks names scorers whose metrics do not apply to the model, since it has no scores of
	// theirs: a baseline from an earlier record that was scored by others.
	Lacks []string
}

// HasInterval reports whether the model gives prediction intervals.
func (m Model) HasInterval() bool { return m.Lower != "" }

// HasDecisions reports whether the model's rows can be counted as decisions.
func (m Model) HasDecisions(t Task) bool {
	switch t {
	case Binary:
		return m.Threshold != nil
	case Multiclass:
		return m.Prediction != "" || len(m.Probabilities) > 0
	default:
		return false
	}
}

// HasProbabilities reports whether the model gives a class probability.
func (m Model) HasProbabilities(t Task) bool {
	return t == Binary && m.Score != "" || t == Multiclass && len(m.Probabilities) > 0
}

// QuantileOf is the name of the metric "a quantile of a scorer's scores". A scorer's name
// holds no parenthesis, so it is nobody else's.
func QuantileOf(scorer string) string { return "quantile(" + scorer + ")" }
