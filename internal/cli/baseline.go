package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/store"
)

// earlier is the record that a plan's baseline is taken from.
type earlier struct {
	ref    record.BaselineRef
	rec    *record.Record
	dir    string // of the record's file; empty for others
	about  *record.Baseline
	scores string   // path of its row scores; empty: none were found
	met    *meeting // of a generative task: its scores beside today's cases, once they have met
}

// Where a record and its row scores lie in a folder or a commit.
const (
	defaultRecord = "./fairtrial-out/record.json"
	scoresFile    = "scores.parquet"
)

// baselineSet is --baseline as an override of the plan.
func baselineSet(ref string) string {
	return "models.baseline={record: '" + strings.ReplaceAll(ref, "'", "''") + "'}"
}

// rebase finds the record of a plan's baseline, if it is taken from one, and takes over
// what that record says of its candidate.
func (e *Env) rebase(cmd *cobra.Command, p *plan.Plan) error {
	at := slices.IndexFunc(p.Models, func(m plan.Model) bool { return m.Source.Record != "" })
	if at < 0 {
		return nil
	}
	m := &p.Models[at]
	ref := m.Source.Record
	x := e.earlier
	if x == nil || x.ref.Ref != ref {
		var err error
		if x, err = e.findEarlier(cmd, p, ref); err != nil {
			return err
		}
		e.earlier = x
	}
	if err := alike(p, x.rec, ref); err != nil {
		return err
	}
	old := x.rec.Plan.Models[slices.IndexFunc(x.rec.Plan.Models, func(m plan.Model) bool { return m.Key == "candidate" })]
	m.Name, m.Version, m.Threshold, m.Artifact = old.Name, old.Version, old.Threshold, old.Artifact
	m.Source = plan.Source{Record: x.rec.Digest, Scores: x.rec.Artifacts.Scores}
	m.Score, m.Prediction = storedScore, ""
	switch {
	case p.Task.Generative():
		m.Score = ""
		averaged(p, old)
	case p.Task != cases.Binary:
		m.Score, m.Prediction = "", storedScore
	}
	why := ""
	switch {
	case x.rec.Artifacts.Scores == "":
		why = "that record kept no row scores"
		if s := x.rec.Data.ScoresSkipped; s != "" {
			why += " (" + s + ")"
		}
	case p.Data.Columns.ID == "":
		why = "the plan declares no id column (data.columns.id)"
	case x.rec.Plan.Data.Columns.ID == "":
		why = "the plan of that record declared no id column"
	case x.scores == "":
		if path, err := e.findScores(cmd, p, x); err != nil {
			why = err.Error()
		} else {
			x.scores = path
		}
	}
	x.about = &record.Baseline{Digest: x.rec.Digest, RunID: x.rec.Run.ID, Candidate: candidateName(x.rec.Plan), Scores: x.rec.Artifacts.Scores, Paired: true}
	x.about.Prompt = p.Task.Generative() && old.Answers != nil && !same(old.Answers.Prompt, p.Models[slices.IndexFunc(p.Models, func(m plan.Model) bool { return m.Key == "candidate" })].Answers.Prompt)
	if why != "" {
		e.unpair(p, why)
	}
	return nil
}

// unpair gives up pairing: what is compared with is the record's own estimates.
func (e *Env) unpair(p *plan.Plan, why string) {
	x := e.earlier
	x.about.Paired, x.about.Why, x.about.Scores = false, why, ""
	x.about.Estimates = []result.Estimate{}
	for _, s := range x.rec.Estimates {
		if s.Slice == result.Overall && s.Model == "candidate" && meansTheSame(p, x.rec, s.Metric) {
			x.about.Estimates = append(x.about.Estimates, s)
		}
	}
	for i := range p.Models {
		if p.Models[i].Source.Record != "" {
			p.Models[i].Source.Scores, p.Models[i].Score, p.Models[i].Prediction = "", "", ""
		}
	}
}

// meansTheSame: a metric of the plan has the same definition in the record. (Of a scorer's
// program that cannot be known.)
func meansTheSame(p *plan.Plan, r *record.Record, name string) bool {
	at := slices.IndexFunc(p.Metrics, func(m plan.Metric) bool { return m.As == name })
	if at < 0 || !sameMetric(r, p.Metrics[at]) {
		return false
	}
	own, ok := p.ScorerOf(p.Metrics[at])
	if !ok {
		return true
	}
	return slices.ContainsFunc(r.Plan.Scorers, func(s plan.Scorer) bool {
		a, errA := record.Digest(s)
		b, errB := record.Digest(own)
		return errA == nil && errB == nil && a == b
	})
}

// baseline is the record that the plan's baseline is taken from; nil without one.
func (e *Env) baseline(p *plan.Plan) *record.Baseline {
	if e.earlier == nil || !slices.ContainsFunc(p.Models, func(m plan.Model) bool { return m.Source.Record == e.earlier.rec.Digest }) {
		return nil
	}
	return e.earlier.about
}

func (e *Env) baselineRef(p *plan.Plan) *record.BaselineRef {
	if e.baseline(p) == nil {
		return nil
	}
	return &e.earlier.ref
}

// alike refuses a record that cannot be a baseline of the plan.
func alike(p *plan.Plan, r *record.Record, ref string) error {
	a, b := p.Data.Columns.Label, r.Plan.Data.Columns.Label
	switch {
	case p.Task != r.Plan.Task:
		return wrong("a baseline is a record of the same task", "baseline %s is of another task: %s, the plan is %s", ref, r.Plan.Task, p.Task)
	case a != b:
		name := func(l plan.Label) string {
			if l.Positive != "" && p.Task == cases.Binary {
				return l.Column + " (positive: " + l.Positive + ")"
			}
			return l.Column
		}
		return wrong("a baseline is a record of the same label", "baseline %s is of another label: %s, the plan has %s", ref, name(b), name(a))
	case len(r.Run.WhatIf) > 0:
		return wrong("name a record that decided something", "baseline %s is an exploration (--what-if), not a run", ref)
	}
	return nil
}

// earlierOf is the record of a plan's baseline. Of a record's plan that is run again its
// baseline's scores are known by their digest.
func (e *Env) earlierOf(ws *store.Workspace, s plan.Source) (*earlier, error) {
	if e.earlier == nil {
		path, err := ws.Check(s.Scores)
		if err != nil {
			return nil, wrong("run in the workspace of the run, or name it with --workspace", "row scores of the baseline's record: %w", err)
		}
		e.earlier = &earlier{rec: &record.Record{Digest: s.Record}, about: &record.Baseline{Digest: s.Record, Paired: true}, scores: path}
	}
	return e.earlier, nil
}

// match pairs the stored scores with today's rows by id and keeps those that meet.
func (e *Env) match(ctx context.Context, ws *store.Workspace, p *plan.Plan, s plan.Source) (*engine.Pull, error) {
	began := e.Now()
	x, err := e.earlierOf(ws, s)
	if err != nil {
		return nil, err
	}
	req, err := casesOf(p)
	if err != nil {
		return nil, err
	}
	tmp := ws.TempPath(newID(began) + ".stored.parquet")
	defer os.Remove(tmp)
	n, err := rebaseScores(ctx, req, x.scores, tmp)
	if err != nil {
		return nil, err
	}
	b := x.about
	b.Rows, b.Matched, b.Gone, b.Relabelled = n.Rows, n.Matched, n.Gone, n.Relabelled
	missing := n.Rows - n.Matched
	switch {
	case n.Repeated > 0:
		e.unpair(p, fmt.Sprintf("%s of today's rows have an id that occurred before", result.Count(n.Repeated)))
	case n.Twice > 0:
		e.unpair(p, fmt.Sprintf("%s rows of that record have an id that occurred before", result.Count(n.Twice)))
	case n.Matched == 0:
		e.unpair(p, "no row of today's data is in that record")
	case p.Data.Missing == "error" && float64(missing) > p.Data.MaxMissing.Predictions*float64(n.Rows):
		e.unpair(p, fmt.Sprintf("%s of today's %s rows are not in that record (missing: exclude would compare the others)", result.Count(missing), result.Count(n.Rows)))
	}
	if !b.Paired {
		return nil, nil
	}
	digest, err := ws.PutFile(ctx, tmp)
	if err != nil {
		return nil, err
	}
	path, err := ws.Path(digest)
	if err != nil {
		return nil, err
	}
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return &engine.Pull{Source: "record " + b.Digest, Kind: "record", Rows: n.Matched, Bytes: st.Size(), Started: began.UTC(), Seconds: e.Now().Sub(began).Seconds(),
		Parts: []engine.Part{{Name: "0001.parquet", Digest: digest, Bytes: st.Size(), Rows: n.Matched}}}, nil
}

// writeScores writes a record's row scores into the output folder.
func (e *Env) writeScores(cmd *cobra.Command, p *plan.Plan, r *record.Record, dir string) error {
	if r.Artifacts.Scores == "" {
		return wrong("raise keep_scores", "--with-scores: this run kept no row scores")
	}
	ws, err := e.openWorkspace(cmd, p.Dir)
	if err != nil {
		return err
	}
	defer ws.Close()
	path, err := ws.Check(r.Artifacts.Scores)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return wrong("name another folder with -o", "make output folder: %w", err)
	}
	return writeFile(filepath.Join(dir, scoresFile), text)
}
