// Package ci tells a code host what a run decided: job summary, annotations, outputs, one
// comment that is kept up to date, and a check. It refuses to decide: the record has the
// verdict, and the command line the exit status.
package ci

import (
	"fmt"
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// Outcome is what a run came to: a record, or what was wrong.
type Outcome struct {
	Record   *record.Record // nil: the run ended without one
	Dir      string         // where its files lie
	Exit     int            // the run's own exit status
	Message  string         // what was wrong, without a record
	Mistakes []Mistake      // of the plan
	Plan     string         // its path, as report.PlanFile gives it
}

// Interrupted is the exit status of a run that somebody stopped.
const Interrupted = 130

// Mistake is an error at a place of the plan.
type Mistake struct {
	File, Message string
	Line, Column  int
}

// FailOn says which outcomes fail the job; what is wrong or unavailable always does, and
// nothing to evaluate, which has to be asked for, never.
type FailOn string

// Values of FailOn, from the strictest.
const (
	FailInconclusive FailOn = "inconclusive" // and no-go
	FailNoGo         FailOn = "no-go"
	FailError        FailOn = "error"
)

// Status is the exit status of the job.
func (f FailOn) Status(exit int) int {
	switch {
	case exit == 1 && f == FailError, exit == 3 && f != FailInconclusive, exit == 99:
		return 0
	}
	return exit
}

// Decision is the run's in a word, also where it left no record.
func (o Outcome) Decision() string {
	switch {
	case o.Record != nil:
		return string(o.Record.Verdict.Decision)
	case o.Exit == 99:
		return "skipped"
	}
	return "error"
}

// Sentence is the verdict in a sentence, on one line.
func (o Outcome) Sentence() string {
	if o.Record != nil {
		return oneLine(o.Record.Verdict.Sentence)
	}
	switch o.Exit {
	case 99:
		return "Nothing to evaluate."
	case Interrupted:
		return "Not judged: the run was interrupted."
	case 2:
		return "Not judged: the plan, the data or the command line is wrong."
	}
	return "Not judged: the run failed."
}

// failed is the Markdown that stands for a report when there is none.
func (o Outcome) failed() string {
	return fmt.Sprintf("## ▲ %s\n\n**%s**\n\n```text\n%s\n```\n", o.Sentence(), strings.NewReplacer("<", "&lt;", "*", "", "@", "").Replace(oneLine(o.Plan)), strings.ReplaceAll(clip(o.Message, 20_000), "```", "` ` `"))
}

// conclusion is the word of GitHub's checks.
func (o Outcome) conclusion() string {
	if o.Record == nil {
		switch o.Exit {
		case 99:
			return "skipped"
		case Interrupted:
			return "cancelled"
		}
		return "failure"
	}
	switch o.Record.Verdict.Decision {
	case result.Go:
		return "success"
	case result.DecisionInconclusive, result.NotJudged:
		return "neutral"
	}
	return "failure"
}

func oneLine(s string) string { return strings.Join(strings.Fields(result.OneLine(s)), " ") }

// clip shortens a text to so many bytes and says so.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-len("…")], "") + "…"
}
