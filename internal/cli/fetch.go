package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/connect"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/store"
)

// fetched is a remote source that was brought here. A command fetches each once.
type fetched struct {
	dir    string // of the plan
	source plan.Source
	pull   *engine.Pull
	files  string // glob
}

// fetch brings what a plan's engine cannot read where it lies: objects of a store,
// Arrow files and, where queries says so, the results of queries.
func (e *Env) fetch(cmd *cobra.Command, p *plan.Plan, queries bool) error {
	if p.Task.Generative() && queries {
		if err := e.meetEarlier(cmd, p); err != nil {
			return err
		}
	}
	for _, s := range p.Remotes() {
		if s.Record != "" && s.Scores == "" {
			continue // nothing but stored estimates
		}
		if (s.Connection != "" || s.Plugin != "" || s.Record != "") && !queries {
			continue
		}
		i := slices.IndexFunc(e.fetched, func(f fetched) bool { return f.dir == p.Dir && f.source == s })
		if i < 0 {
			f, err := e.bring(cmd, p, s)
			if err != nil {
				return inPlan(p, s, err)
			}
			if f.pull == nil {
				continue // pairing is lost
			}
			i = len(e.fetched)
			e.fetched = append(e.fetched, f)
		}
		p.Fetched(s, e.fetched[i].files)
	}
	return nil
}

// inPlan puts the plan's line before what went wrong with a source.
func inPlan(p *plan.Plan, s plan.Source, err error) error {
	at := p.Place(s)
	if err == nil || at == "" || errors.Is(err, context.Canceled) {
		return err
	}
	var de *engine.DataError
	if !errors.As(err, &de) {
		return fmt.Errorf("%s: %w", at, err)
	}
	c := *de
	if c.Where = at + ": " + de.Where; de.Where == "" {
		c.Where = at
	}
	return &c
}

func (e *Env) bring(cmd *cobra.Command, p *plan.Plan, s plan.Source) (fetched, error) {
	f := fetched{dir: p.Dir, source: s}
	ws, err := e.openWorkspace(cmd, p.Dir)
	if err != nil {
		return f, err
	}
	defer ws.Close()
	pl := e.puller(cmd, ws)
	switch {
	case s.Connection != "":
		q, err := e.query(p, s)
		if err != nil {
			return f, err
		}
		if f.pull, err = pl.Pull(cmd.Context(), q); err != nil {
			return f, err
		}
	case s.Plugin != "":
		f.pull, err = e.answer(cmd, ws, p, s)
	case s.Record != "":
		if f.pull, err = e.match(cmd.Context(), ws, p, s); f.pull == nil {
			return f, err
		}
	case s.MLflow():
		f.pull, err = e.logged(cmd, ws, s)
	case s.Scheme() != "":
		f.pull, err = pl.Objects(cmd.Context(), s.Path)
	default:
		f.pull, err = pl.Arrow(cmd.Context(), p.Resolve(s))
	}
	if err != nil {
		return f, err
	}
	if s.Connection != "" {
		how := fmt.Sprintf("pulled in %.1f s", f.pull.Seconds)
		if f.pull.Reused {
			how = "used again, pulled " + f.pull.Started.Format("2006-01-02 15:04:05") + " UTC"
		}
		e.info(cmd, "%s: %s rows, %s MB, %s", s.Connection, result.Count(f.pull.Rows), result.Count((f.pull.Bytes+500_000)/1_000_000), how)
	}
	f.files, err = e.lay(ws, pl, f.pull)
	return f, err
}

// lay puts what was pulled where an engine can read it, until the command ends.
func (e *Env) lay(ws *store.Workspace, pl *connect.Puller, x *engine.Pull) (string, error) {
	dir := ws.TempPath(newID(e.Now()) + ".pulled")
	e.atEnd = append(e.atEnd, func() { _ = os.RemoveAll(dir) }) // links only; the workspace sweeps what is left
	return pl.Lay(x, dir)
}

func (e *Env) puller(cmd *cobra.Command, ws *store.Workspace) *connect.Puller {
	pl := &connect.Puller{Keep: ws, Dir: ws.PulledPath(), Now: e.Now, Version: newID(e.Now())}
	if e.Terminal && !quiet(cmd) {
		pl.Progress = func(source string, rows, all int64) {
			fmt.Fprintf(e.Stderr, "\r\x1b[K%s: %s of %s", source, result.Count(rows), result.Count(all))
			if rows >= all {
				fmt.Fprint(e.Stderr, "\r\x1b[K")
			}
		}
	}
	return pl
}

// query makes a source's query with the address that its reference gives.
func (e *Env) query(p *plan.Plan, s plan.Source) (connect.Query, error) {
	c := p.Connections[s.Connection]
	q := connect.Query{Name: s.Connection, Kind: c.Kind, SQL: s.Query, ResumeBy: s.ResumeBy, MaxRows: s.MaxRows, MaxBytes: s.MaxBytes, Reuse: s.Reuse}
	if c.Path != "" {
		q.Address = p.Database(c)
		return q, nil
	}
	reference := c.URL
	if path, ok := strings.CutPrefix(reference, "file:"); ok {
		reference = "file:" + p.Database(plan.Connection{Path: path})
	}
	var err error
	q.Address, err = connect.Address(reference, e.lookup)
	var de *engine.DataError
	if errors.As(err, &de) && de.Where == "" {
		de.Where = "connection " + s.Connection
	}
	return q, err
}

// columns gives the columns of a source; a query is described by its database.
func (e *Env) columns(ctx context.Context, p *plan.Plan, s plan.Source) ([]casesColumn, error) {
	if s.Plugin != "" || s.Record != "" {
		return []casesColumn{{Name: p.Data.Columns.ID, Kind: cases.Text}}, nil // and the answers, which nobody names
	}
	if s.Connection == "" || p.Resolve(s) != "" {
		return newEngine().Columns(ctx, p.Resolve(s))
	}
	q, err := e.query(p, s)
	if err != nil {
		return nil, inPlan(p, s, err)
	}
	cols, rows, err := connect.Describe(ctx, q)
	err = inPlan(p, s, err)
	if s == p.Data.Source {
		e.described = rows
	}
	return cols, err
}

// pulls are the sources of a plan that were fetched, in the order of plan.Remotes.
func (e *Env) pulls(p *plan.Plan) []engine.Pull {
	var out []engine.Pull
	for _, s := range p.Remotes() {
		for _, f := range e.fetched {
			if f.dir == p.Dir && f.source == s {
				out = append(out, *f.pull)
			}
		}
	}
	return out
}

// refetch lays out what a record's run pulled, where the workspace still has it; the
// rest is fetched again.
func (e *Env) refetch(cmd *cobra.Command, p *plan.Plan, r *record.Record) error {
	remotes := p.Remotes()
	if len(remotes) == 0 || len(remotes) != len(r.Run.Pulls) {
		return e.fetch(cmd, p, true)
	}
	ws, err := e.openWorkspace(cmd, p.Dir)
	if err != nil {
		return err
	}
	defer ws.Close()
	for i, s := range remotes {
		x := r.Run.Pulls[i]
		if slices.ContainsFunc(x.Parts, func(part engine.Part) bool { _, err := ws.Check(part.Digest); return err != nil }) {
			continue
		}
		files, err := e.lay(ws, e.puller(cmd, ws), &x)
		if err != nil {
			return err
		}
		e.fetched = append(e.fetched, fetched{p.Dir, s, &x, files})
	}
	return e.fetch(cmd, p, true)
}
