// Package rows is the in-memory, columnar form of the usable rows of one request:
// what the scan fills and the kernels walk. It refuses to read files.
package rows

import (
	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/slice"
)

// None is the code of a row that belongs to no slice of a partition, and the
// decision of a model without decisions.
const None = ^uint16(0)

// Rows are N usable rows in reading order, column by column. Nothing in it is NaN
// or infinite.
type Rows struct {
	N       int
	Task    cases.Task
	Classes []string // label values by class number; binary: {negative, positive} as found or "0","1"

	Class  []uint16  // class of the label by row; nil for regression
	Target []float64 // label by row; regression only
	Pivot  float64   // regression: float64(float32(mean label)), a constant near the labels

	Models   []Model
	Baseline int // index into Models, -1 without

	Weight  []float64 // nil without weights
	Cluster []uint32  // dense code by row; nil without clusters
	// ClusterHash is the 64-bit hash (FNV-1a of the canonical text) of each cluster by code.
	ClusterHash []uint64
	// Crossed and CrossedHash are the same of a second cluster column.
	Crossed     []uint32
	CrossedHash []uint64

	Parts []Partition

	Given map[string]*Given // by scorer

	Lost []Lost // rows dropped because a label or prediction is missing
}

// Model is one model's outputs by row.
type Model struct {
	Key       string
	Score     []float64   // binary score or regression prediction
	Threshold *float64    // binary
	Decision  []uint16    // multiclass
	Probs     [][]float64 // multiclass: by class number, then row; nil without probabilities
	Ends      [][]float64 // regression: lower, then upper ends of the prediction intervals, by row; nil without
	Level     float64     // of the prediction intervals
}

// Given is what a scorer gave the rows.
type Given struct {
	Scores   map[string][]float64 // by model key, then row; a number where the row is graded
	Ungraded []bool               // by row: some model's has no score
	// More are further numbers by name, model key and row; 0 where there is none.
	More map[string]map[string][]float64
}

// Decides reports whether the model makes decisions, and Decide gives the one of a row.
func (m *Model) Decides() bool { return m.Decision != nil || m.Threshold != nil }

// Partition gives the slice of each row under one declared slice entry.
type Partition struct {
	Entry int // index of the declared entry
	Def   slice.Partition
	Names []string // slice name by code, in report order
	Aside []int64  // rows of each slice that are not used, by code

	// The codes by row, None for one in no slice of this entry: a column, or one of Words.
	Code   []uint16
	Words  *Words
	Column int
}

// At is the code of a row.
func (p *Partition) At(row int) uint16 {
	if p.Words != nil {
		return p.Words.Code(p.Column, row)
	}
	return p.Code[row]
}

// Codes are those of all rows.
func (p *Partition) Codes() []uint16 {
	if p.Words != nil {
		return p.Words.Column(p.Column)
	}
	return p.Code
}

// Lost is one row that could not be used because its label or a prediction is missing.
type Lost struct {
	Label     uint16   // None when missing (or regression)
	Decisions []uint16 // by model; None where missing or without decisions
	Missing   []bool   // by model
	Weight    float64
	Codes     []uint16 // by partition
}
