package record

import (
	"fmt"
	"strings"

	"github.com/fairtrial/fairtrial/internal/result"
)

// Baseline is the earlier record whose candidate is this run's baseline.
type Baseline struct {
	Digest    string `json:"digest"` // of that record
	RunID     string `json:"run_id"`
	Candidate string `json:"candidate"`        // its name and version
	Scores    string `json:"scores,omitempty"` // digest of its row scores

	Paired     bool   `json:"paired"`
	Why        string `json:"why,omitempty"`        // it is not
	Rows       int64  `json:"rows"`                 // of today's cases
	Matched    int64  `json:"matched"`              // of them that the record has too
	Gone       int64  `json:"gone,omitempty"`       // rows of the record that today's cases do not have
	Relabelled int64  `json:"relabelled,omitempty"` // matched rows whose label is another today

	// Of generative tasks: cases whose content is another today, which count as cases that
	// the record does not have, and up to three ids of each kind.
	Changed    int64    `json:"changed,omitempty"`
	NewIDs     []string `json:"new_ids,omitempty"`
	GoneIDs    []string `json:"gone_ids,omitempty"`
	ChangedIDs []string `json:"changed_ids,omitempty"`
	// Prompt: that candidate was asked by another prompt than today's.
	Prompt bool `json:"other_prompt,omitempty"`

	// Estimates are the record's own of its candidate over all its rows: what is compared
	// with where rows are not paired.
	Estimates []result.Estimate `json:"estimates,omitempty"`
}

// BaselineRef says how the baseline's record was named and found.
type BaselineRef struct {
	Ref    string `json:"ref"`
	Found  string `json:"found"`            // file | workspace | git
	Commit string `json:"commit,omitempty"` // git
	Path   string `json:"path,omitempty"`   // git: of the record in the commit
}

// Sentence says with what a record was compared, and how; empty without an earlier record.
func (r *Record) BaselineSentence() string {
	b := r.Baseline
	if b == nil {
		return ""
	}
	with := "the record of run " + b.RunID
	if x := r.Run.Baseline; x != nil {
		with = x.Ref
		if x.Commit != "" {
			with = fmt.Sprintf("%s (commit %.12s)", x.Ref, x.Commit)
		}
	}
	if b.Candidate != "" {
		with += ", " + b.Candidate
	}
	if !b.Paired {
		return fmt.Sprintf("NOT PAIRED with %s: %s. Differences are of two independent samples, from the stored estimates; gates that compare with the baseline are inconclusive.", with, b.Why)
	}
	s := fmt.Sprintf("Compared with %s, paired by id on %s rows.", with, result.Count(b.Matched))
	if n := b.Rows - b.Matched - b.Changed; n > 0 {
		s += fmt.Sprintf(" %s of today's rows are not in that record.", Counted(n, b.NewIDs))
	}
	if b.Changed > 0 {
		s += fmt.Sprintf(" %s cases have changed since and are not paired.", Counted(b.Changed, b.ChangedIDs))
	}
	if b.Gone > 0 {
		s += fmt.Sprintf(" %s rows of that record are not in today's data.", Counted(b.Gone, b.GoneIDs))
	}
	if b.Relabelled > 0 {
		s += fmt.Sprintf(" The labels of %s rows changed since: today's count for both models.", result.Count(b.Relabelled))
	}
	if b.Prompt {
		s += " It was asked by another prompt."
	}
	return s
}

// Counted is a number of cases with a few of their ids, where they are known.
func Counted(n int64, ids []string) string {
	out := result.Count(n)
	if len(ids) == 0 {
		return out
	}
	if int64(len(ids)) < n {
		return out + " (" + strings.Join(ids, ", ") + ", …)"
	}
	return out + " (" + strings.Join(ids, ", ") + ")"
}
