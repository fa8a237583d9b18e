package cli

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/store"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// verification is what verify found; empty findings mean that all of it holds.
type verification struct {
	Record     string   `json:"record"`
	Digests    bool     `json:"digests"`    // stored digests match the content
	Recomputed bool     `json:"recomputed"` // every estimate and verdict follows from the summaries
	Rerun      *bool    `json:"rerun,omitempty"`
	Findings   []string `json:"findings"`
}

func verifyCommand(e *Env) *cobra.Command {
	var rerun, asJSON bool
	c := &cobra.Command{
		Use: "verify RECORD", Short: "Recompute every estimate and verdict of a record from its stored summaries",
		Long: "verify checks a record's digests, then recomputes every estimate, comparison and verdict from the summaries in the workspace.\n" +
			"With --rerun it does so from the data. Exit status 0 when all agree, 1 when something differs, 2 when there is nothing to check against.",
		Args: exactly(1, "one record (a file, a folder or a run's id)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, dir, err := e.findRecord(cmd, args[0])
			if err != nil {
				return err
			}
			v := verification{Record: r.Digest, Findings: []string{}}
			bad, err := r.CheckDigests()
			if err != nil {
				return err
			}
			v.Digests = len(bad) == 0
			v.Findings = append(v.Findings, bad...)
			diff, err := e.recompute(cmd, r, dir)
			if err != nil {
				return err
			}
			v.Recomputed = len(diff) == 0
			v.Findings = append(v.Findings, diff...)
			if rerun {
				d, err := e.rerun(cmd, r, dir)
				if err != nil {
					return err
				}
				ok := len(d) == 0
				v.Rerun = &ok
				v.Findings = append(v.Findings, d...)
			}
			if asJSON {
				if err := writeJSON(e.Stdout, v); err != nil {
					return err
				}
			} else if len(v.Findings) == 0 {
				fmt.Fprintf(e.Stdout, "verified: digests match, %d estimates, %d comparisons and %d gates follow from the summaries\n", len(r.Estimates), len(r.Comparisons), len(r.Gates))
			} else {
				fmt.Fprintf(e.Stdout, "NOT verified: %d findings\n", len(v.Findings))
				for _, f := range v.Findings {
					fmt.Fprintln(e.Stdout, "- "+f)
				}
			}
			if len(v.Findings) > 0 {
				return silent{exitNoGo}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&rerun, "rerun", false, "also recompute from the data")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

// recompute says what in a record does not follow from its summaries.
func (e *Env) recompute(cmd *cobra.Command, r *record.Record, dir string) ([]string, error) {
	if d, err := record.Digest(r.Plan); err != nil || d != r.PlanDigest {
		return []string{"the plan in the record was changed: what it once decided cannot be recomputed"}, err
	}
	set, err := e.summaries(cmd, r, dir)
	if errors.Is(err, store.ErrChanged) {
		return []string{"summaries: " + err.Error()}, nil
	}
	if err != nil {
		return nil, err
	}
	q, err := e.sequence(cmd, r, dir)
	if errors.Is(err, store.ErrChanged) {
		return []string{"summaries of an earlier look: " + err.Error()}, nil
	}
	if err != nil {
		return nil, err
	}
	again, err := rejudge(r, set, q)
	if err != nil {
		return nil, err
	}
	return record.Diff(r, again), nil
}

// sequence is what the looks of a record saw; nil for a record without looks.
func (e *Env) sequence(cmd *cobra.Command, r *record.Record, dir string) (*eval.Sequence, error) {
	x := r.Sequential
	if x == nil {
		return nil, nil
	}
	if n := len(x.Looks); n == 0 || n > len(x.Planned) || !slices.IsSorted(x.Planned) || x.Planned[0] < 1 || r.Plan.Stop == nil {
		return nil, wrong("", "the record's account of its looks makes no sense")
	}
	ws, err := e.openWorkspace(cmd, dir)
	if err != nil {
		return nil, err
	}
	defer ws.Close()
	q := &eval.Sequence{Order: x.Order, Cases: x.Planned, Ends: x.Stop == result.Held}
	for _, l := range x.Looks[:max(0, len(x.Looks)-1)] { // the last look's are the record's own
		set, err := readSet(ws, l.Summaries)
		if err != nil {
			return nil, err
		}
		q.Earlier, q.Stored = append(q.Earlier, set), append(q.Stored, l.Summaries)
	}
	return q, nil
}

// summaries fetches a record's summaries from the workspace near dir.
func (e *Env) summaries(cmd *cobra.Command, r *record.Record, dir string) (*summary.Set, error) {
	ws, err := e.openWorkspace(cmd, dir)
	if err != nil {
		return nil, err
	}
	defer ws.Close()
	return readSet(ws, r.Artifacts.Summaries)
}

func readSet(ws *store.Workspace, digest string) (*summary.Set, error) {
	if _, err := ws.Check(digest); errors.Is(err, store.ErrChanged) {
		return nil, err
	}
	f, _, err := ws.Open(digest)
	if err != nil {
		return nil, wrong("run verify in the workspace of the run, or name it with --workspace", "summaries of the record: %w", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("read summaries: %w", err)
	}
	var set summary.Set
	if err := json.NewDecoder(z).Decode(&set); err != nil {
		return nil, fmt.Errorf("read summaries: %w", err)
	}
	return &set, nil
}

// rejudge repeats the judgement of a record from summaries.
func rejudge(r *record.Record, set *summary.Set, q *eval.Sequence) (*record.Record, error) {
	p, err := clonePlan(r.Plan)
	if err != nil {
		return nil, err
	}
	s, err := eval.Prepare(p, catalogue())
	if err != nil {
		return nil, err
	}
	return s.Judge(&eval.Collected{Set: set, Facts: r.Data, Exemplars: r.Exemplars, Baseline: r.Baseline, Sequence: q}, 0)
}

func clonePlan(p *plan.Plan) (*plan.Plan, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	var c plan.Plan
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("read plan of record: %w", err)
	}
	c.Dir, c.File, c.Workers = p.Dir, p.File, p.Workers
	return &c, nil
}

// rerun repeats a record from its data, which the plan's paths must still reach.
func (e *Env) rerun(cmd *cobra.Command, r *record.Record, dir string) ([]string, error) {
	p, err := clonePlan(r.Plan)
	if err != nil {
		return nil, err
	}
	p.Dir = e.planDir(r, dir)
	if err := e.refetch(cmd, p, r); err != nil {
		return nil, err
	}
	s, err := eval.Prepare(p, catalogue())
	if err != nil {
		return nil, err
	}
	t, err := e.tryAside(cmd, s, r)
	if err != nil {
		return nil, err
	}
	if t.c.Facts.Digest != r.Data.Digest {
		return []string{fmt.Sprintf("the data changed: digest %s, the record has %s", t.c.Facts.Digest, r.Data.Digest)}, nil
	}
	return record.Diff(r, t.r), nil
}

// planDir is the folder that a record's relative sources start at: that of the plan
// as it was named, else the folder of the record or the one above it.
func (e *Env) planDir(r *record.Record, dir string) string {
	for _, d := range []string{filepath.Dir(e.path(r.Run.PlanPath)), dir, filepath.Dir(dir)} {
		if matches, err := filepath.Glob(filepath.Join(d, r.Plan.Data.Source.Path)); err == nil && len(matches) > 0 {
			return d
		}
	}
	return filepath.Dir(e.path(r.Run.PlanPath))
}
