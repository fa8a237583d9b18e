// Package record is the immutable, canonical document of one run. It refuses to
// render: reports, evidence and pages are made from a Record by others.
package record

import (
	"time"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
)

// SchemaV1 is the value of Record.Schema.
const SchemaV1 = "fairtrial.record/v1"

// Record is the document of one run (`record.json`).
type Record struct {
	Schema       string              `json:"schema"`
	Run          Run                 `json:"run"` // what differs between two equal runs
	Plan         *plan.Plan          `json:"plan"`
	PlanDigest   string              `json:"plan_digest"`
	Data         engine.Facts        `json:"data"`
	Seed         uint64              `json:"seed,string"` // as used
	Metrics      []Metric            `json:"metrics"`     // what each shown name means
	Estimates    []result.Estimate   `json:"estimates"`
	Comparisons  []result.Comparison `json:"comparisons"`
	Gates        []result.Gate       `json:"gates"`
	Baseline     *Baseline           `json:"baseline,omitempty"` // an earlier record's candidate is the baseline
	Verdict      result.Outcome      `json:"verdict"`
	Sequential   *result.Sequential  `json:"sequential,omitempty"` // of plans that stop when decided
	Impact       *result.Impact      `json:"impact,omitempty"`     // overall, when the plan values decisions
	Slices       []Slice             `json:"slices"`
	Curves       []Curve             `json:"curves"`
	Tables       []Table             `json:"tables"`
	Exemplars    []engine.Exemplar   `json:"exemplars"`
	Cases        []Case              `json:"cases,omitempty"` // of generative tasks: a bounded sample
	CaseKinds    []CaseKind          `json:"case_kinds,omitempty"`
	Flips        []Flips             `json:"flips,omitempty"` // by pass-fail scorer
	Artifacts    Artifacts           `json:"artifacts"`
	ResultDigest string              `json:"result_digest"`
	Digest       string              `json:"digest"`
}

// Run is what may differ between two runs of the same plan on the same data.
type Run struct {
	ID       string        `json:"id"`
	Started  time.Time     `json:"started"`
	Finished time.Time     `json:"finished"`
	Version  string        `json:"version"` // of fairtrial
	Host     Host          `json:"host"`
	Git      *Git          `json:"git,omitempty"` // of the plan's folder
	Command  []string      `json:"command"`
	Workers  int           `json:"workers"`
	PlanPath string        `json:"plan_path"`
	Pulls    []engine.Pull `json:"pulls,omitempty"` // of remote sources, in the plan's order
	Plugins  []PluginRun   `json:"plugins,omitempty"`
	Answers  []Answers     `json:"answers,omitempty"` // of generative tasks, by model
	Judges   []Judging     `json:"judges,omitempty"`  // what was asked of judges, embedding models and classifiers, by scorer
	Baseline *BaselineRef  `json:"baseline,omitempty"`
	Gates    []GatePlace   `json:"gates,omitempty"` // where each stands in the plan's file
	Look     Look          `json:"look"`
	WhatIf   []string      `json:"what_if,omitempty"` // an exploration: these keys of the plan were changed, nothing was decided
	Stats    RunStats      `json:"stats"`
}

// Answers are what one model answered: a content-addressed artifact, and its account.
type Answers struct {
	Model string `json:"model"`
	Account
}

// Judging is what one judge, or one embedding model or classifier, said for one scorer: a
// content-addressed artifact, and its account. Cases are answers, and samples verdicts or
// steps of them; of the last two cases are texts.
type Judging struct {
	Scorer   string `json:"scorer"`
	Judge    string `json:"judge"`    // its key; of the others "embeddings.KEY" or "classifiers.KEY"
	Identity string `json:"identity"` // of the whole scorer's judge
	Account
}

// Account is what was asked and what it cost.
type Account struct {
	Provider  string         `json:"provider"`
	Digest    string         `json:"digest"` // of the artifact, in the workspace
	Cases     int64          `json:"cases"`
	Answered  int64          `json:"answered"` // samples with an answer
	Errors    []AnswerErrors `json:"errors,omitempty"`
	Calls     int64          `json:"calls"` // over all sessions
	TokensIn  int64          `json:"tokens_in"`
	TokensOut int64          `json:"tokens_out"`
	USD       result.Number  `json:"usd"` // as far as a price was named
	Started   time.Time      `json:"started"`
	Seconds   float64        `json:"seconds"`
}

// AnswerErrors counts samples that ended in an error.
type AnswerErrors struct {
	Kind    string `json:"kind"`
	Samples int64  `json:"samples"`
}

// PluginRun is one conversation with a plug-in.
type PluginRun struct {
	Plugin   string          `json:"plugin"`
	Kind     string          `json:"kind"` // scorer | model
	For      string          `json:"for"`  // the scorer's metric, or the model's key
	Offer    string          `json:"offer"`
	Version  string          `json:"version,omitempty"`
	Protocol int             `json:"protocol"`
	Files    []engine.File   `json:"files,omitempty"` // of the plan's folder that the command names
	Rows     int64           `json:"rows"`            // asked about
	Ungraded int64           `json:"ungraded"`
	Started  time.Time       `json:"started"`
	Seconds  float64         `json:"seconds"`
	Failures []PluginFailure `json:"failures"` // the first few
}

// PluginFailure is a row without a value.
type PluginFailure struct {
	Model     string `json:"model"`
	Row       string `json:"row"` // "row 17 (id A-3)"
	Reason    string `json:"reason"`
	Traceback string `json:"traceback,omitempty"`
}

// GatePlace is where a gate stands in the plan's file, or the standard that asks for it.
type GatePlace struct {
	Name   string `json:"name"`
	Line   int    `json:"line"` // from 1
	Column int    `json:"column"`
}

// Host is the machine.
type Host struct {
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	CPUs   int    `json:"cpus"`
	Go     string `json:"go"`
	Engine string `json:"engine"` // "duckdb 1.5.6"
}

// Git is the state of the plan's folder.
type Git struct {
	Commit string `json:"commit"`
	Dirty  bool   `json:"dirty"`
	Path   string `json:"path,omitempty"` // of the plan, from the top of the repository
}

// Look counts how often this was tried (GATES, "Looks").
type Look struct {
	Number                    int      `json:"number"`
	CandidatesOnThisBenchmark int      `json:"candidates_on_this_benchmark"`
	PlanChanges               []string `json:"plan_changes"`
}

// RunStats are facts about the run's cost.
type RunStats struct {
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	PeakBytes  int64   `json:"peak_bytes"`
}

// Metric is the catalogue's word on one metric of the record, so that a reader needs no
// other document. Direction is up, down, target or none.
type Metric struct {
	Name      string        `json:"name"` // as shown
	Metric    string        `json:"metric"`
	Title     string        `json:"title"`
	Formula   string        `json:"formula"`
	Direction string        `json:"direction"`
	Target    result.Number `json:"target"`
	Lower     result.Number `json:"lower"` // of the range; null: unbounded
	Upper     result.Number `json:"upper"`
	Source    string        `json:"source"`
}

// Slice is one evaluated slice with its rows.
type Slice struct {
	Name     string        `json:"name"`
	Entry    int           `json:"entry"` // index into plan.slices, -1 for overall
	Rows     int64         `json:"rows"`
	N        int64         `json:"n"`      // usable rows
	Share    result.Number `json:"share"`  // n / usable rows overall
	Events   result.Number `json:"events"` // positives (binary), null otherwise
	Clusters int64         `json:"clusters,omitempty"`
}

// Curve is a bounded set of points that a report draws. Kind is roc (false-positive rate,
// true-positive rate, lower, upper, threshold), precision_recall (recall, precision, lower,
// upper, threshold), reliability (mean score, share of positives, lower, upper, rows),
// isotonic (score, recalibrated score, and the ends of the band that this keeps to where the
// scores are right: with the CORP metrics), scores (from, to, share of
// the positives, lower, upper, share of the negatives, lower, upper) or cost
// (threshold, mean cost); intervals are pointwise.
type Curve struct {
	Kind   string            `json:"kind"`
	Model  string            `json:"model"`
	Slice  string            `json:"slice"`
	Points [][]result.Number `json:"points"`
}

// Table is a bounded table, such as a confusion matrix: Rows[i][j] counts rows of
// class RowLabels[i] that the model called ColumnLabels[j].
type Table struct {
	Kind         string    `json:"kind"` // "confusion"
	Title        string    `json:"title"`
	Model        string    `json:"model"`
	Slice        string    `json:"slice"`
	RowLabels    []string  `json:"row_labels"`
	ColumnLabels []string  `json:"column_labels"`
	Rows         [][]int64 `json:"rows"`
	Note         string    `json:"note,omitempty"`
}

// Artifacts are digests of content-addressed files in the workspace.
type Artifacts struct {
	Summaries string `json:"summaries"`
	Scores    string `json:"scores,omitempty"`
	Cases     string `json:"cases,omitempty"`
}
