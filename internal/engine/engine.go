// Package engine says what an engine is: anything that can produce summaries for
// the slices of cases. It refuses to know metrics.
package engine

import (
	"context"
	"math"
	"time"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/slice"
	"github.com/fairtrial/fairtrial/internal/stat/variance"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// MissingPolicy says what happens to rows that lack a prediction of some model.
type MissingPolicy string

// Missing policies (GATES, "Missing").
const (
	MissingError   MissingPolicy = "error"      // count and drop; the gates decide that too many are an error
	MissingExclude MissingPolicy = "exclude"    // count and drop
	MissingWorst   MissingPolicy = "worst_case" // impute against the candidate and for the baseline
)

// Request is everything an engine needs to summarise one set of cases.
type Request struct {
	Task   cases.Task
	Source string // file or glob, absolute or relative to the working folder
	Where  *slice.Predicate
	// Only tells, by row in reading order, which rows there are for this request: what a
	// sequential plan has asked so far. nil: all of them. It acts as the filter does.
	Only      []bool
	ID        string // column names; empty when not declared
	Cluster   string
	Crossed   string // a second cluster column, with Cluster only
	Weight    string
	Time      string
	Label     string
	Positive  string // binary: the label value that counts as 1, in canonical text form ("1", "true", "yes")
	Models    []cases.Model
	Baseline  int // index into Models, -1 without
	Slices    []slice.Partition
	MaxSlices int // slices in all
	Needs     []summary.Spec
	Missing   MissingPolicy
	Workers   int   // 0: all cores; never changes a number
	Memory    int64 // bytes the engine may use; 0: it asks the machine
	// Expect is told, before any row is read, what the request is expected to need.
	Expect func(Expected)
	// Binned takes the scores of a binary task that fall in one of 65 536 bins for tied, so
	// that no order of all rows is held.
	Binned    bool
	Exemplars int // worst rows to keep per model, 0 for none
	// ScoresTo is where the row scores go as Parquet (id, label, one column a model,
	// cluster, weight); empty: not written. KeepScores is the row limit above which
	// they are not written (Data.ScoresSkipped then says so).
	ScoresTo   string
	KeepScores int64
	// Given are scores that the rows were given before.
	Given []Given
	// Degrade, when not nil, asks for the summaries of a degraded control too.
	Degrade *Degrade
	// NeedProbability names, by model index, that the scores must lie in [0,1].
	NeedProbability []bool
}

// Given names a Parquet file of what a scorer gave: one row for each row of the cases, in
// reading order, and a DOUBLE column for each model key, the score, null where ungraded.
// Each further number that it gave, by name, is a DOUBLE column a model called by
// GivenColumn, null where there is none. A second file may add columns to a scorer's scores.
type Given struct {
	Scorer   string
	Source   string
	Columns  []string // names of further numbers
	NoScores bool     // the file has the further numbers alone; another has the scores
	Control  int64    // rows at which the degraded control has scores of its own, under ControlColumn as if that were a model; 0: there is none
}

// ControlColumn stands for the degraded control in a file of row scores. No model's key holds
// a space.
const ControlColumn = "degraded candidate"

// GivenColumn is what a file of row scores calls a further number of a model.
func GivenColumn(name, model string) string { return name + "/" + model }

// Case is one row of the cases as a plug-in is asked about it: JSON texts.
type Case struct {
	Row     int64 // from 1, in reading order
	ID      string
	Label   string
	Fields  string   // an object
	Outputs []string // by model; empty where there is none
}

// Degrade gives a share of the rows another row's answers of the first model. Seed and the
// rows' content say which rows.
type Degrade struct {
	Share float64
	Seed  uint64
	Needs []summary.Spec
}

// Expected is the memory that a request is expected to need at the most.
type Expected struct {
	Rows      int64
	Estimated bool // the rows are estimated from the size of the files
	Bytes     int64
	Limit     int64  // 0: not known
	LimitOf   string // what sets the limit
}

// Result is what one request yields.
type Result struct {
	Set       *summary.Set
	Data      Facts
	Exemplars []Exemplar
}

// Facts describes the data that were read. It becomes the `data` block of a record.
type Facts struct {
	Rows          int64            `json:"rows"`      // rows that the filter let through
	RowsRead      int64            `json:"rows_read"` // before the filter
	RowsUsed      int64            `json:"rows_used"` // usable for every model
	Excluded      []Excluded       `json:"excluded"`  // why the others were not, in a fixed order
	Missing       map[string]int64 `json:"missing"`   // rows without a usable prediction, by model key
	NoLabel       int64            `json:"no_label"`
	Digest        string           `json:"digest"`      // sha256 of the bytes of all files, in order
	RowsDigest    string           `json:"rows_digest"` // order-free digest of the used rows, for the default seed
	Files         []File           `json:"files"`
	Columns       []cases.Column   `json:"columns"`
	Joins         []Join           `json:"joins,omitempty"`
	Classes       []ClassCount     `json:"classes,omitempty"`
	Clusters      int64            `json:"clusters,omitempty"`
	Crossed       int64            `json:"clusters_crossed,omitempty"` // of the second cluster column
	Findings      []Finding        `json:"findings"`
	ScoresSkipped string           `json:"scores_skipped,omitempty"`
	Scorers       []Scored         `json:"scorers,omitempty"`
}

// Scored says what a scorer gave the rows.
type Scored struct {
	Scorer   string     `json:"scorer"`
	Digest   string     `json:"digest"`            // of the row scores, which the workspace keeps
	Columns  []string   `json:"columns,omitempty"` // names of further numbers among them
	Rows     int64      `json:"rows"`              // that it was asked about, each model's by itself
	Ungraded []Ungraded `json:"ungraded"`
	Control  int64      `json:"control,omitempty"` // rows at which the degraded control was scored by other answers
	Labels   *Labelled  `json:"labels,omitempty"`
	Judge    *Judged    `json:"judge,omitempty"` // of a scorer that asks judges
	// Variances say what the error of its mean is made of, where cases were answered or
	// answers judged several times.
	Variances []Varied `json:"variances,omitempty"`
}

// Varied is what the squared standard error of a model's mean, or of its difference to
// another's, is made of: shares that add up to 1. A part that is unknown cannot be told
// apart and counts with the questions (with one answer to each, with one verdict on each).
type Varied struct {
	Model     string          `json:"model"`
	Than      string          `json:"than,omitempty"`
	Samples   int             `json:"samples"`            // answers to a case
	Verdicts  int             `json:"verdicts,omitempty"` // of each judge on an answer
	N         int64           `json:"n"`
	Units     int64           `json:"units"` // clusters of cases, or cases
	Questions *result.Measure `json:"questions,omitempty"`
	Sampling  *result.Measure `json:"sampling,omitempty"`
	Judging   *result.Measure `json:"judging,omitempty"`
	Stays     result.Number   `json:"judging_stays"` // of judging, what more answers leave: equal answers share their verdicts
	Note      string          `json:"note,omitempty"`
}

// Parts are the shares, to foretell other numbers of cases, answers and verdicts; ok is
// false where there are none.
func (v Varied) Parts() (p variance.Parts, ok bool) {
	if v.Questions == nil || v.Sampling == nil {
		return p, false
	}
	share := func(m *result.Measure) variance.Share {
		if m == nil {
			return variance.Share{Value: math.NaN()}
		}
		return variance.Share{Value: float64(m.Value)}
	}
	return variance.Parts{N: v.N, Units: v.Units, Questions: share(v.Questions), Sampling: share(v.Sampling), Judging: share(v.Judging), Stays: float64(v.Stays)}, true
}

// Labelled says what people said of the answers that a scorer scored.
type Labelled struct {
	Digest string       `json:"digest"` // of the labels beside the rows, which the workspace keeps
	Models []LabelCount `json:"models"`
	// Raters is Krippendorff's α of people among themselves, where answers have two labels.
	Raters *result.Measure `json:"raters,omitempty"`
}

// LabelCount counts the labels of a model's answers.
type LabelCount struct {
	Model  string `json:"model"`
	Labels int64  `json:"labels"`
	Tuned  int64  `json:"tuned,omitempty"` // more, on which the judge was tuned: they vouch for nothing
}

// Judged says who judged and how far they agree.
type Judged struct {
	Identity string          `json:"identity"` // of the judge: model, prompt, rubric, parameters, ensemble, repeats
	Answers  int64           `json:"answers"`  // that were judged; equal answers to a case are one
	Repeats  int             `json:"repeats"`
	Judges   []JudgedBy      `json:"judges"`
	Alpha    *result.Measure `json:"alpha,omitempty"`    // between the judges of an ensemble
	Weighted int64           `json:"weighted,omitempty"` // verdicts that are means of levels, by the probabilities that the judge gave them
	// Flips are the comparisons that turn with the order of the two answers, and so are ties;
	// FirstPlace is the share of the first place in those where a place won both times.
	Flips      *result.Measure `json:"flips,omitempty"`
	FirstPlace *result.Measure `json:"first_place,omitempty"`
	// SameFamily names judges that read answers of their own family of models.
	SameFamily []string `json:"same_family,omitempty"`
}

// JudgedBy is one judge's part.
type JudgedBy struct {
	Judge    string          `json:"judge"`
	Verdicts int64           `json:"verdicts"` // asked for: answers times repeats
	Ungraded int64           `json:"ungraded"`
	Variance *result.Measure `json:"variance,omitempty"` // between repeats
	Unlike   *result.Measure `json:"unlike,omitempty"`   // answers whose repeats differ
}

// Ungraded counts rows that a scorer gave no score, with up to three examples.
type Ungraded struct {
	Model    string   `json:"model"`
	Reason   string   `json:"reason"` // "ValueError: no text"
	Rows     int64    `json:"rows"`
	Examples []string `json:"examples,omitempty"` // "row 17 (id A-3)"
}

// Pull is what was brought from elsewhere, and when. Its parts end to end are the rows, in order.
type Pull struct {
	Source  string         `json:"source"` // as the plan names it
	Kind    string         `json:"kind"`   // postgres, s3, arrow …
	Server  string         `json:"server,omitempty"`
	Query   string         `json:"query,omitempty"`
	Columns []cases.Column `json:"columns,omitempty"`
	Rows    int64          `json:"rows,omitempty"` // of a query
	Bytes   int64          `json:"bytes"`
	Started time.Time      `json:"started"`
	Seconds float64        `json:"seconds"`
	Parts   []Part         `json:"parts"`
	Resumed int            `json:"resumed,omitempty"` // times that the pull went on after an interruption
	Reused  bool           `json:"reused,omitempty"`  // pulled for an earlier run
}

// Part is one file of a pull, kept under its digest.
type Part struct {
	Name    string `json:"name"` // 0001.parquet
	Digest  string `json:"digest"`
	Bytes   int64  `json:"bytes"`
	Rows    int64  `json:"rows,omitempty"`
	Version string `json:"version,omitempty"` // of an object: its ETag; of an Arrow file: its digest
}

// Excluded counts rows that cannot be used, with up to three examples.
type Excluded struct {
	Reason   string   `json:"reason"` // "label missing", "score_v2 is NaN", "weight is negative" …
	Rows     int64    `json:"rows"`
	Examples []string `json:"examples,omitempty"` // "row 17 (id A-3)"
}

// File is one input file. Path is as the plan wrote it, never absolute.
type File struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	Digest string `json:"digest"`
}

// Join reports how a model's own file met the cases.
type Join struct {
	Model        string   `json:"model"`
	Rows         int64    `json:"rows"` // rows in the model's file
	Matched      int64    `json:"matched"`
	CasesWithout int64    `json:"cases_without"` // cases that got no prediction: missing predictions
	Unmatched    int64    `json:"unmatched"`     // predictions whose id no case has: an error
	Duplicated   int64    `json:"duplicated"`    // ids that occur more than once in the model's file: an error
	Examples     []string `json:"examples,omitempty"`
}

// ClassCount is the rows of one class among the used rows.
type ClassCount struct {
	Class string `json:"class"`
	Rows  int64  `json:"rows"`
}

// Finding is something a reader of the result should know about the data.
type Finding struct {
	Code string `json:"code"` // stable, e.g. "cluster_like_column"
	Text string `json:"text"`
}

// Exemplar is one row that a model got most wrong.
type Exemplar struct {
	Model  string  `json:"model"`
	ID     string  `json:"id"`
	Row    int64   `json:"row"` // 1-based, in reading order
	Label  string  `json:"label"`
	Output float64 `json:"output"`
	Loss   float64 `json:"loss"` // |p − y| or |f − y|
}

// Profile is what can be known about a source before all of it is judged.
type Profile struct {
	Columns []ColumnProfile
	Rows    int64
	Files   []File
}

// ColumnProfile describes one column: used by `init` to guess roles and by `check`
// to refuse a slice of too many values.
type ColumnProfile struct {
	cases.Column
	Nulls    int64
	Distinct int64    // exact up to a few thousand, then approximate
	Values   []string // the most frequent values, most frequent first, at most 50
	Counts   []int64  // of Values
	Min, Max string   // numbers in shortest form; empty for none
	Unit     bool     // a number column whose values all lie in [0,1]
	Integral bool     // a number column whose values are all whole
}

// Engine produces summaries.
type Engine interface {
	// Columns reads the header of a source only.
	Columns(ctx context.Context, source string) ([]cases.Column, error)
	// Profile reads a source once and describes its columns.
	Profile(ctx context.Context, source string) (*Profile, error)
	// Summarize carries out a request.
	Summarize(ctx context.Context, r Request) (*Result, error)
}

// A DataError is wrong data: the caller's exit status 2. Where names file, row and
// column as far as they are known.
type DataError struct {
	Where string // "predictions.csv, row 17, column score_v2"
	Msg   string
	Hint  string
	// NoRows: there is nothing to evaluate (--skip-empty).
	NoRows bool
}

func (e *DataError) Error() string {
	s := e.Msg
	if e.Where != "" {
		s = e.Where + ": " + s
	}
	return s
}
