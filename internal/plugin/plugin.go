// Package plugin speaks the protocol of row scorers and model targets: batches of rows as
// JSON lines to a process, their answers as JSON lines back (docs/plugins.md). It refuses
// answers that do not match their rows, and knows neither plans nor metrics.
package plugin

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Protocol is the version that is spoken here.
const Protocol = 1

// Limits of a conversation.
const (
	BatchRows = 1000
	MaxLine   = 1 << 20 // bytes of one answer
)

// Kinds of offers.
const (
	Scorer = "scorer"
	Model  = "model"
)

// Command is how a plug-in is started.
type Command struct {
	Name    string
	Args    []string // the program and its arguments
	Dir     string
	Timeout time.Duration     // the longest silence while answers are awaited
	Log     func(line string) // of its stderr; nil: dropped
}

// Offer is one thing that a plug-in can do.
type Offer struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"`   // scorer | model
	Fields []string `json:"fields"` // columns of the cases that it wants; ["*"]: all
}

// All reports whether every column is wanted.
func (o Offer) All() bool { return len(o.Fields) == 1 && o.Fields[0] == "*" }

// hello is a plug-in's first line.
type hello struct {
	Protocol *int    `json:"fairtrial"`
	Version  string  `json:"version"` // of the plug-in
	Offers   []Offer `json:"offers"`
}

// Start is our answer: what is asked for.
type Start struct {
	Offer  string            `json:"offer"`
	Kind   string            `json:"kind"`
	Plan   string            `json:"plan"`
	Task   string            `json:"task"`
	As     string            `json:"as,omitempty"` // name of the scorer's metric
	Models map[string]Target `json:"models"`
}

// Target is a model of the plan.
type Target struct {
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
}

// Row is one question. N numbers the questions of a run from 1.
type Row struct {
	N      int64           `json:"n"`
	ID     string          `json:"id,omitempty"`
	Row    int64           `json:"row"` // of the cases, from 1
	Model  string          `json:"model"`
	Output json.RawMessage `json:"output,omitempty"` // of the model; scorers only
	Label  json.RawMessage `json:"label,omitempty"`  // scorers only
	Fields json.RawMessage `json:"fields"`
}

// Answer is a value, or why there is none.
type Answer struct {
	N         int64           `json:"n"`
	Value     json.RawMessage `json:"value,omitempty"` // a number; a model's may be a class
	Ungraded  string          `json:"ungraded,omitempty"`
	Traceback string          `json:"traceback,omitempty"`
}

// Error is a plug-in that could not be used, with the last words of its stderr.
type Error struct {
	Name  string
	Msg   string
	Hint  string
	Said  []string
	Wrong bool // the plan or the program is wrong, as against a program that failed
}

func (e *Error) Error() string {
	s := fmt.Sprintf("plug-in %s: %s", e.Name, e.Msg)
	if len(e.Said) > 0 {
		s += "\n  its stderr ends:\n    " + strings.Join(e.Said, "\n    ")
	}
	return s
}
