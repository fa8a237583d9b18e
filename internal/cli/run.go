package cli

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/pipes"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/report"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/store"
	"github.com/fairtrial/fairtrial/internal/summary"
)

func runCommand(e *Env) *cobra.Command {
	var out, baseline string
	var set, whatIf, formats []string
	var asJSON, skipEmpty, scores, fresh bool
	var to, experiment string
	var workers int
	var memory string
	c := &cobra.Command{
		Use:   "run PLAN",
		Short: "Carry out a plan: estimates, comparisons, gates, record and report",
		Long:  "run carries out a plan and stores its record. The plan - is read from standard input, its relative paths start at the working folder.",
		Args:  exactly(1, "one plan file"),
		RunE: func(cmd *cobra.Command, args []string) (failed error) {
			e.ran = ran{plan: args[0]}
			var more []rendering
			for _, f := range formats {
				x, err := find(extras(), f)
				if err != nil {
					return err
				}
				more = append(more, x)
			}
			if cmd.Flags().Changed("baseline") {
				if baseline == "" {
					return wrong("name a record, a run or a Git revision, such as --baseline origin/main", "--baseline is empty")
				}
				set = append(set, baselineSet(baseline))
			}
			if len(whatIf) > 0 && to != "" {
				return wrong("leave one of them out", "--publish does not go with --what-if: an exploration decides nothing")
			}
			if len(whatIf) > 0 {
				return e.explore(cmd, args[0], set, whatIf, out, asJSON, more)
			}
			nothing := func(err error) error {
				var de *engine.DataError
				if errors.As(err, &de) && de.NoRows && skipEmpty {
					e.info(cmd, "nothing to evaluate: %v", err)
					return silent{exitEmpty}
				}
				return err
			}
			dagster, err := pipes.Open(e.Getenv, e.Stdout, e.Stderr)
			if err != nil {
				return &failure{exitUnavailable, err, "Dagster sets these variables for a process of a Pipes client; unset them to run without it"}
			}
			defer func() { failed = e.farewell(dagster, failed) }()
			p, err := e.loadPlan(cmd, args[0], set)
			if err != nil {
				return nothing(err)
			}
			if cmd.Flags().Changed("workers") {
				if p.Workers = workers; workers < 0 {
					return wrong("0 uses all cores", "--workers: a whole number from 0 is expected, this is %d", workers)
				}
			}
			if out == "" {
				out = filepath.Join(p.Dir, "fairtrial-out")
			}
			if err := canHold(e.path(out)); err != nil {
				return err
			}
			limit, err := memorySize(memory)
			if err != nil {
				return err
			}
			var server string
			if to != "" {
				if server, err = publishTarget(to); err != nil {
					return err
				}
			}
			r, err := e.evaluate(cmd, p, limit, fresh)
			if err != nil {
				return nothing(err)
			}
			if scores {
				if err := e.writeScores(cmd, p, r, e.path(out)); err != nil {
					return err
				}
			}
			if err := writeOutputs(e.path(out), r, more...); err != nil {
				return fmt.Errorf("the run is stored as %s, but not all of its files were written: %w", r.Run.ID, err)
			}
			e.ran.record, e.ran.dir = r, out
			if err := dagster.Report(r, e.path(out)); err != nil {
				return err
			}
			if asJSON {
				if err := report.JSON(e.Stdout, r); err != nil {
					return err
				}
			} else if err := report.Terminal(e.Stdout, r, e.terminal(cmd)); err != nil {
				return err
			}
			e.info(cmd, "report: %s", e.short(filepath.Join(out, "report.html")))
			link := ""
			if to != "" {
				link, err = e.deliver(cmd, r, server, experiment)
			}
			e.notifyAll(cmd, p, r, link) // also when the server is away: people wait for the verdict
			if err != nil {
				return err
			}
			return verdict(r)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "folder for report and record (default: fairtrial-out beside the plan)")
	c.Flags().StringVar(&baseline, "baseline", "", "compare with the candidate of an earlier record: a file or folder, a run's id, or a Git revision such as origin/main")
	c.Flags().BoolVar(&fresh, "fresh", false, "ask models anew, even for answers that are kept")
	c.Flags().BoolVar(&scores, "with-scores", false, "also write scores.parquet, the row scores, so that a later run can pair its rows with this record")
	c.Flags().StringArrayVar(&set, "set", nil, "override a key of the plan: --set gates[0].margin=0.01")
	c.Flags().StringArrayVar(&whatIf, "what-if", nil, "explore: as --set, or a gate's key alone (margin=0.01); nothing is decided, stored or counted as a look")
	c.Flags().StringSliceVar(&formats, "format", nil, "more files in the folder: sarif, codequality, openmetrics, dotenv, github (job summary), comment")
	c.Flags().BoolVar(&asJSON, "json", false, "print the record instead of the summary")
	c.Flags().BoolVar(&skipEmpty, "skip-empty", false, "exit 99 instead of 2 when there is no usable row")
	c.Flags().StringVar(&to, "publish", "", "then write the record into MLflow, as fairtrial publish does: mlflow (MLFLOW_TRACKING_URI) or the server's address")
	c.Flags().StringVar(&experiment, "experiment", "", "the MLflow experiment for --publish (default: MLFLOW_EXPERIMENT_NAME, else the plan's name)")
	c.Flags().IntVar(&workers, "workers", 0, "cores to use (0: all); never changes a number")
	c.Flags().StringVar(&memory, "memory", "", "memory that may be used, such as 4GiB (default: 80 % of what is free, and GOMEMLIMIT)")
	return c
}

// memorySize reads a size such as 4GiB or 500MB; empty is 0, no limit of one's own.
func memorySize(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	units := []struct {
		name string
		size float64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}}
	for _, u := range units {
		if number, ok := strings.CutSuffix(text, u.name); ok {
			if x, err := strconv.ParseFloat(strings.TrimSpace(number), 64); err == nil && x > 0 && x*u.size < 1<<60 {
				return int64(x * u.size), nil
			}
		}
	}
	return 0, wrong("for example --memory 4GiB or --memory 500MB", "--memory: a size is expected, this is %q", text)
}

// large is the memory from which on a run says beforehand what it needs.
const large = 1 << 30

// expect tells before the scan what a large run is going to need.
func (e *Env) expect(cmd *cobra.Command) func(engine.Expected) {
	return func(x engine.Expected) {
		if x.Bytes < large {
			return
		}
		about, gib := "", func(n int64) string { return strconv.FormatFloat(float64(n)/(1<<30), 'f', 1, 64) + " GiB" }
		if x.Estimated {
			about = "about "
		}
		if x.Limit == 0 {
			e.info(cmd, "memory: up to %s expected for %s%s rows", gib(x.Bytes), about, result.Count(x.Rows))
			return
		}
		e.info(cmd, "memory: up to %s expected for %s%s rows; %s is %s", gib(x.Bytes), about, result.Count(x.Rows), x.LimitOf, gib(x.Limit))
	}
}

// farewell closes the conversation with Dagster. A verdict is no exception there: its
// checks say it, and so does the exit status.
func (e *Env) farewell(dagster *pipes.Channel, failed error) error {
	var s silent
	reason := failed
	if errors.As(failed, &s) {
		reason = nil
	}
	if err := dagster.Close(reason); err != nil && failed == nil {
		return err
	}
	return failed
}

// verdict is the exit status of a record.
func verdict(r *record.Record) error {
	if s := gate.ExitStatus(r.Verdict.Decision); s != exitOK {
		return silent{s}
	}
	return nil
}

func (e *Env) terminal(cmd *cobra.Command) report.TerminalOptions {
	w := e.Columns
	if w == 0 || w > 100 {
		w = 100
	}
	return report.TerminalOptions{Width: w, Color: e.color(cmd), Unicode: e.unicode()}
}

// path makes a path of the command line independent of the process's folder.
func (e *Env) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(e.Dir, p)
}

// short writes a path as it looks from the working folder, where it lies below it.
func (e *Env) short(path string) string {
	if rel, err := filepath.Rel(e.Dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// evaluate carries a plan out and stores the record in the workspace.
func (e *Env) evaluate(cmd *cobra.Command, p *plan.Plan, memory int64, fresh bool) (*record.Record, error) {
	started := e.Now()
	id := newID(started)
	e.begun(cmd, p, id)
	r, err := e.evaluateAs(cmd, p, memory, fresh, started, id)
	if err != nil {
		e.ended(cmd, p, id, err)
	}
	return r, err
}

func (e *Env) evaluateAs(cmd *cobra.Command, p *plan.Plan, memory int64, fresh bool, started time.Time, id string) (*record.Record, error) {
	e.cpu, e.spent = cpuTime(), ledger{begun: e.Now()}
	s, err := eval.Prepare(p, catalogue())
	if err != nil {
		return nil, wrong("", "%w", err)
	}
	ws, err := e.openWorkspace(cmd, p.Dir)
	if err != nil {
		return nil, err
	}
	defer ws.Close()
	scores := ws.TempPath(id + ".scores.parquet")
	defer os.Remove(scores)
	s.Request.Memory, s.Request.Expect = memory, e.expect(cmd)
	if p.KeepScores > 0 && !p.Task.Generative() { // of generative tasks: see conclude
		s.Request.ScoresTo = scores
	}
	if _, _, err := e.joinedLabels(cmd.Context(), s); err != nil { // before anything is asked
		return nil, err
	}
	from, err := e.askAll(cmd.Context(), ws, s, fresh)
	if err != nil {
		return nil, err
	}
	defer from.close()
	return e.conclude(cmd, ws, s, from, earlierScores{fresh: fresh}, started, id, scores)
}

// conclude scores the answers and makes the record of what they say.
func (e *Env) conclude(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, from source, was earlierScores, started time.Time, id, scores string) (*record.Record, error) {
	ctx, p := cmd.Context(), s.Plan
	t, err := e.try(cmd, ws, s, from, held{was, e.baseline(p)})
	if err != nil {
		return nil, err
	}
	r := t.r
	if p.Task.Generative() && p.KeepScores > 0 {
		if err := e.storeScores(ctx, ws, s, t, scores); err != nil {
			return nil, err
		}
	}
	if err := keepArtifacts(ctx, ws, r, t.c.Set, scores); err != nil {
		return nil, err
	}
	look, err := e.look(ctx, ws, r)
	if err != nil {
		return nil, err
	}
	finished := e.Now()
	r.Run = record.Run{ID: id, Started: started.UTC(), Finished: finished.UTC(), Version: programVersion(), Host: host(), Git: gitState(ctx, filepath.Join(p.Dir, filepath.Base(p.File))), Gates: gatePlaces(p),
		Command: e.Args, Workers: p.Workers, PlanPath: p.File, Pulls: e.pulls(p), Plugins: append(e.answered, t.given.runs...), Answers: t.asked, Judges: t.given.judges, Baseline: e.baselineRef(p), Look: look,
		Stats: record.RunStats{Seconds: finished.Sub(started).Seconds(), CPUSeconds: cpuTime() - e.cpu, PeakBytes: peakBytes()}}
	if err := r.Seal(); err != nil {
		return nil, err
	}
	return r, saveRun(ctx, ws, r)
}

func newID(t time.Time) string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return t.UTC().Format("20060102T150405") + "-" + hex.EncodeToString(b[:])
}

// keepArtifacts stores the summaries and, where they were written, the row scores.
func keepArtifacts(ctx context.Context, ws *store.Workspace, r *record.Record, set *summary.Set, scores string) error {
	b, err := encodeSet(set)
	if err != nil {
		return err
	}
	if r.Artifacts.Summaries, err = ws.PutBytes(ctx, b); err != nil {
		return err
	}
	if _, err := os.Stat(scores); err == nil {
		if r.Artifacts.Scores, err = ws.PutFile(ctx, scores); err != nil {
			return err
		}
	}
	return nil
}

// encodeSet is the stored form of summaries: gzipped JSON without a time stamp.
func encodeSet(set *summary.Set) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("encode summaries: %w", err)
	}
	if err := json.NewEncoder(z).Encode(set); err != nil {
		return nil, fmt.Errorf("encode summaries: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("encode summaries: %w", err)
	}
	return b.Bytes(), nil
}

// candidateDigest names what was judged: the candidate as the plan pins it.
func candidateDigest(r *record.Record) (string, error) {
	for _, m := range r.Plan.Models {
		if m.Key == "candidate" {
			return record.Digest(m)
		}
	}
	return record.Digest(r.Plan.Models)
}

func candidateName(p *plan.Plan) string {
	for _, m := range p.Models {
		if m.Key == "candidate" {
			if m.Version != "" {
				return m.Name + "@" + m.Version
			}
			return m.Name
		}
	}
	return ""
}

// look counts how often this was tried and what changed in the plan since the last run.
func (e *Env) look(ctx context.Context, ws *store.Workspace, r *record.Record) (record.Look, error) {
	planDigest, err := record.Digest(r.Plan)
	if err != nil {
		return record.Look{}, err
	}
	cand, err := candidateDigest(r)
	if err != nil {
		return record.Look{}, err
	}
	info, err := ws.Look(ctx, store.LookKey{Plan: r.Plan.Name, BenchmarkDigest: r.Data.Digest, CandidateDigest: cand, PlanDigest: planDigest})
	if err != nil {
		return record.Look{}, err
	}
	l := record.Look{Number: info.Number, CandidatesOnThisBenchmark: info.CandidatesOnBenchmark, PlanChanges: []string{}}
	if len(info.PreviousPlan) > 0 {
		var old plan.Plan
		if err := json.Unmarshal(info.PreviousPlan, &old); err == nil {
			l.PlanChanges = append(l.PlanChanges, plan.Changes(&old, r.Plan)...)
		}
	}
	return l, nil
}

// saveRun writes the run, its gates, its decision and its look in one transaction.
func saveRun(ctx context.Context, ws *store.Workspace, r *record.Record) error {
	b, err := r.Compact()
	if err != nil {
		return err
	}
	blob, err := ws.PutBytes(ctx, b)
	if err != nil {
		return err
	}
	planJSON, err := json.Marshal(r.Plan)
	if err != nil {
		return err
	}
	planBlob, err := ws.PutBytes(ctx, planJSON)
	if err != nil {
		return err
	}
	cand, err := candidateDigest(r)
	if err != nil {
		return err
	}
	run := store.Run{ID: r.Run.ID, Plan: r.Plan.Name, PlanDigest: r.PlanDigest, RecordDigest: r.Digest, ResultDigest: r.ResultDigest,
		Decision: string(r.Verdict.Decision), Started: store.Time{Time: r.Run.Started}, Finished: store.Time{Time: r.Run.Finished}, BenchmarkDigest: r.Data.Digest,
		Candidate: candidateName(r.Plan), CandidateDigest: cand, RecordBlob: blob, PlanBlob: planBlob}
	events := []store.Event{event(r, "run", map[string]any{"plan": r.Plan.Name, "record": r.Digest})}
	for _, g := range r.Gates {
		events = append(events, event(r, "gate", map[string]any{"name": g.Name, "verdict": g.Verdict, "severity": g.Severity}))
	}
	events = append(events, event(r, "decision", map[string]any{"decision": r.Verdict.Decision, "sentence": r.Verdict.Sentence}),
		event(r, "look", r.Run.Look))
	return ws.SaveRun(ctx, run, events)
}

func event(r *record.Record, kind string, data any) store.Event {
	b, err := json.Marshal(data)
	if err != nil { // maps of strings and plain structs always encode
		b = []byte("{}")
	}
	return store.Event{Time: store.Time{Time: r.Run.Finished}, RunID: r.Run.ID, Kind: kind, Data: b}
}
