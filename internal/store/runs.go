package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// Run is one row of the workspace: a run and the digests of what it left.
type Run struct {
	bun.BaseModel   `bun:"table:runs" json:"-"`
	ID              string `bun:"id,pk" json:"id"`
	Plan            string `bun:"plan" json:"plan"` // the plan's name
	PlanDigest      string `bun:"plan_digest" json:"plan_digest"`
	PlanBlob        string `bun:"plan_blob" json:"plan_blob"` // resolved plan as JSON
	RecordDigest    string `bun:"record_digest" json:"record_digest"`
	ResultDigest    string `bun:"result_digest" json:"result_digest"`
	RecordBlob      string `bun:"record_blob" json:"record_blob"`
	Decision        string `bun:"decision" json:"decision"`
	Started         Time   `bun:"started" json:"started"`
	Finished        Time   `bun:"finished" json:"finished"`
	BenchmarkDigest string `bun:"benchmark_digest" json:"benchmark_digest"` // of the data
	Candidate       string `bun:"candidate" json:"candidate"`               // name@version
	CandidateDigest string `bun:"candidate_digest" json:"candidate_digest"`
}

// Event is one line of the append-only log.
type Event struct {
	bun.BaseModel `bun:"table:events" json:"-"`
	Seq           int64           `bun:"seq,pk,autoincrement" json:"seq"`
	Time          Time            `bun:"time" json:"time"`
	RunID         string          `bun:"run_id" json:"run_id"`
	Kind          string          `bun:"kind" json:"kind"` // run, gate, decision, look
	Data          json.RawMessage `bun:"data,type:text" json:"data"`
}

// SaveRun writes a run and its events in one transaction.
func (w *Workspace) SaveRun(ctx context.Context, r Run, events []Event) error {
	err := w.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		if len(events) == 0 {
			return nil
		}
		_, err := tx.NewInsert().Model(&events).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("save run %s: %w", r.ID, err)
	}
	return nil
}

// RunFilter chooses runs. A Limit of 0 means all.
type RunFilter struct {
	Plan  string
	Limit int
}

// ListRuns lists runs, newest first.
func (w *Workspace) ListRuns(ctx context.Context, f RunFilter) ([]Run, error) {
	runs := []Run{}
	q := w.db.NewSelect().Model(&runs).OrderExpr("started DESC, id DESC")
	if f.Plan != "" {
		q = q.Where("plan = ?", f.Plan)
	}
	if f.Limit > 0 {
		q = q.Limit(int64(f.Limit))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return runs, nil
}

// GetRun finds the run of an id or of the beginning of one, or of a record digest
// (with or without "sha256:"). Several matches are ErrAmbiguous, none ErrNotFound.
func (w *Workspace) GetRun(ctx context.Context, name string) (*Run, error) {
	if name == "" {
		return nil, fmt.Errorf("find run: no name: %w", ErrNotFound)
	}
	like := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(name) + "%"
	var runs []Run
	err := w.db.NewSelect().Model(&runs).Where(`id LIKE ? ESCAPE '\' OR record_digest LIKE ? ESCAPE '\' OR record_digest LIKE ? ESCAPE '\'`, like, like, "sha256:"+like).
		OrderExpr("started DESC, id DESC").Limit(6).Scan(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("find run %q: %w", name, err)
	case len(runs) == 0:
		return nil, fmt.Errorf("no run or record is called %q in %s: %w", name, w.dir, ErrNotFound)
	case len(runs) > 1 && runs[0].ID != name:
		var ids []string
		for _, r := range runs {
			ids = append(ids, r.ID)
		}
		return nil, fmt.Errorf("%q fits several runs (%s): %w", name, strings.Join(ids, ", "), ErrAmbiguous)
	}
	return &runs[0], nil
}

// Events lists the events of a run, or all with an empty id, in order.
func (w *Workspace) Events(ctx context.Context, runID string) ([]Event, error) {
	events := []Event{}
	q := w.db.NewSelect().Model(&events).OrderExpr("seq")
	if runID != "" {
		q = q.Where("run_id = ?", runID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return events, nil
}

// LookKey says what is about to be judged.
type LookKey struct {
	Plan            string
	BenchmarkDigest string
	CandidateDigest string
	PlanDigest      string
}

// LookInfo is how often it was judged before.
type LookInfo struct {
	// Number is how many data sets this candidate was judged on under this plan's
	// name, this one included: the same data again is the same look.
	Number int
	// CandidatesOnBenchmark is how many candidates were judged on these data, this one
	// included.
	CandidatesOnBenchmark int
	// PreviousPlan is the resolved plan of the last run of this plan's name, if it was
	// another one; nil otherwise.
	PreviousPlan []byte
}

// Look counts looks. Call it before SaveRun.
func (w *Workspace) Look(ctx context.Context, k LookKey) (LookInfo, error) {
	var info LookInfo
	err := w.db.NewRaw(`SELECT count(DISTINCT benchmark_digest) FROM runs WHERE plan = ? AND candidate_digest = ? AND benchmark_digest <> ?`,
		k.Plan, k.CandidateDigest, k.BenchmarkDigest).Scan(ctx, &info.Number)
	if err == nil {
		err = w.db.NewRaw(`SELECT count(DISTINCT candidate_digest) FROM runs WHERE benchmark_digest = ? AND candidate_digest <> ?`,
			k.BenchmarkDigest, k.CandidateDigest).Scan(ctx, &info.CandidatesOnBenchmark)
	}
	if err != nil {
		return info, fmt.Errorf("count looks: %w", err)
	}
	info.Number++
	info.CandidatesOnBenchmark++
	last, err := w.ListRuns(ctx, RunFilter{Plan: k.Plan, Limit: 1})
	if err != nil || len(last) == 0 || last[0].PlanDigest == k.PlanDigest {
		return info, err
	}
	f, _, err := w.Open(last[0].PlanBlob)
	if err != nil {
		return info, err
	}
	defer f.Close()
	info.PreviousPlan, err = io.ReadAll(f)
	return info, err
}

// Time is stored as UTC text with microseconds, which sorts as it reads.
type Time struct{ time.Time }
