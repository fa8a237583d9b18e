package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/plugin"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/slice"
	"github.com/fairtrial/fairtrial/internal/store"
)

// largestProgram is the size up to which a file of a command is pinned in the record.
const largestProgram = 64 << 20

// largestScore keeps squares and sums of scores finite.
const largestScore = 1e100

// command finds how a plug-in is started: as the plan says, else fairtrial-NAME on the PATH.
func (e *Env) command(cmd *cobra.Command, p *plan.Plan, name string) (plugin.Command, error) {
	c := plugin.Command{Name: name, Dir: p.Dir, Timeout: plan.DefaultPatience}
	if !quiet(cmd) {
		c.Log = func(line string) { fmt.Fprintf(e.Stderr, "%s: %s\n", name, line) }
	}
	if x, ok := p.Plugins[name]; ok {
		c.Args, c.Timeout = x.Command, x.Timeout
		return c, nil
	}
	path, err := exec.LookPath("fairtrial-" + name)
	if err != nil {
		return c, p.PluginProblem(name, "add plugins: {"+name+": COMMAND}", "the plan declares no plug-in %q, and no program fairtrial-%s is on the PATH", name, name)
	}
	if path, err = filepath.Abs(path); err != nil {
		return c, fmt.Errorf("find plug-in %s: %w", name, err)
	}
	c.Args = []string{path}
	return c, nil
}

// greet starts a plug-in, takes its offer of a kind, and checks the columns that it wants.
func (e *Env) greet(cmd *cobra.Command, p *plan.Plan, name, kind string) (*plugin.Process, error) {
	c, err := e.command(cmd, p, name)
	if err != nil {
		return nil, err
	}
	pr, err := plugin.Run(cmd.Context(), c)
	if err != nil {
		return nil, err
	}
	if err = pr.Choose(kind); err == nil {
		err = e.fieldsFit(cmd.Context(), p, pr, name)
	}
	if err != nil {
		pr.Stop()
		return nil, err
	}
	return pr, nil
}

func (e *Env) fieldsFit(ctx context.Context, p *plan.Plan, pr *plugin.Process, name string) error {
	if pr.Offer.All() || len(pr.Offer.Fields) == 0 {
		return nil
	}
	cols, err := e.columns(ctx, p, p.Data.Source)
	if err != nil {
		return err
	}
	for _, f := range pr.Offer.Fields {
		if pr.Offer.Kind == plugin.Model && f == p.Data.Columns.Label.Column {
			return p.PluginProblem(name, "take it out of the plug-in's fields", "plug-in %s answers for a model and wants the column %q, which is the label: a model must not see it", name, f)
		}
		if !slices.ContainsFunc(cols, func(c cases.Column) bool { return c.Name == f }) {
			return p.PluginProblem(name, "", "plug-in %s wants the column %q, which the cases do not have", name, f)
		}
	}
	return nil
}

// greetAll is what `check` can tell of plug-ins: that they start, speak the protocol and
// want columns that there are.
func (e *Env) greetAll(cmd *cobra.Command, p *plan.Plan) error {
	for _, s := range p.Scorers {
		pr, err := e.greet(cmd, p, s.Type, plugin.Scorer)
		if err != nil {
			return err
		}
		pr.Stop()
	}
	for _, m := range p.Models {
		if m.Source.Plugin == "" {
			continue
		}
		pr, err := e.greet(cmd, p, m.Source.Plugin, plugin.Model)
		if err != nil {
			return err
		}
		pr.Stop()
	}
	return nil
}

func start(p *plan.Plan, as string) plugin.Start {
	s := plugin.Start{Plan: p.Name, Task: string(p.Task), As: as, Models: map[string]plugin.Target{}}
	for _, m := range p.Models {
		s.Models[m.Key] = plugin.Target{Name: m.Name, Version: m.Version}
	}
	return s
}

// conversation asks a plug-in about rows in batches and notes what it did not grade.
type conversation struct {
	e      *Env
	cmd    *cobra.Command
	p      *plan.Plan
	pr     *plugin.Process
	rows   []plugin.Row                            // of the next batch
	take   func(plugin.Row, json.RawMessage) error // its error: why the value cannot be used
	run    record.PluginRun
	failed failures
}

func (e *Env) converse(cmd *cobra.Command, p *plan.Plan, name, kind, of string, take func(plugin.Row, json.RawMessage) error) (*conversation, error) {
	pr, err := e.greet(cmd, p, name, kind)
	if err != nil {
		return nil, err
	}
	c := &conversation{e: e, cmd: cmd, p: p, pr: pr, take: take, run: record.PluginRun{Plugin: name, Kind: kind, For: of, Offer: pr.Offer.Name, Version: pr.Version, Protocol: pr.Protocol, Files: e.programs(p, name),
		Started: e.Now().UTC(), Failures: []record.PluginFailure{}}}
	if err := pr.Begin(start(p, of)); err != nil {
		pr.Stop()
		return nil, err
	}
	return c, nil
}

// programs are the files of the plan's folder that a plug-in's command names, as they are now.
func (e *Env) programs(p *plan.Plan, name string) []engine.File {
	var out []engine.File
	for _, arg := range p.Plugins[name].Command {
		path := filepath.Join(p.Dir, arg)
		st, err := os.Stat(path)
		if !filepath.IsLocal(arg) || err != nil || !st.Mode().IsRegular() || st.Size() > largestProgram {
			continue
		}
		if text, err := os.ReadFile(path); err == nil {
			out = append(out, engine.File{Path: filepath.ToSlash(arg), Bytes: st.Size(), Digest: record.DigestBytes(text)})
		}
	}
	return out
}

func (c *conversation) ask(r plugin.Row) error {
	if c.rows = append(c.rows, r); len(c.rows) < plugin.BatchRows {
		return nil
	}
	return c.flush()
}

func (c *conversation) flush() error {
	if len(c.rows) == 0 {
		return nil
	}
	answers, err := c.pr.Ask(c.cmd.Context(), c.rows)
	if err != nil {
		return err
	}
	for i, a := range answers {
		c.run.Rows++
		why := a.Ungraded
		if a.Value != nil && why == "" {
			if err := c.take(c.rows[i], a.Value); err != nil {
				why = err.Error()
			}
		}
		if why != "" {
			c.failed.add(c.rows[i], why)
			if len(c.run.Failures) < maxFailures {
				c.run.Failures = append(c.run.Failures, record.PluginFailure{Model: c.rows[i].Model, Row: place(c.rows[i]), Reason: clip(why, 500), Traceback: clip(a.Traceback, 4000)})
			}
		}
	}
	c.rows = c.rows[:0]
	if c.e.Terminal && !quiet(c.cmd) {
		fmt.Fprintf(c.e.Stderr, "\r\x1b[K%s: %s rows", c.run.Plugin, result.Count(c.run.Rows))
	}
	return nil
}

func (c *conversation) end() (record.PluginRun, error) {
	err := c.pr.Close(c.cmd.Context())
	if c.e.Terminal && !quiet(c.cmd) {
		fmt.Fprint(c.e.Stderr, "\r\x1b[K")
	}
	if n := c.pr.Cut(); n > 0 {
		c.e.info(c.cmd, "%s: %d more lines of its stderr are not shown", c.run.Plugin, n)
	}
	c.run.Seconds = c.e.Now().Sub(c.run.Started).Seconds()
	c.run.Ungraded = c.failed.rows
	if n := c.failed.rows; n > 0 {
		c.e.info(c.cmd, "warning: %s left %s of %s rows ungraded, for example %s: %s", c.run.Plugin, result.Count(n), result.Count(c.run.Rows), c.run.Failures[0].Row, clip(c.run.Failures[0].Reason, 200))
	}
	return c.run, err
}

// Bounds of what a record says about ungraded rows.
const (
	maxFailures = 5
	maxReasons  = 20
)

// failures counts ungraded rows by model and reason.
type failures struct {
	list []engine.Ungraded
	rows int64
}

func (f *failures) add(r plugin.Row, why string) {
	f.rows++
	why = clip(why, 200)
	for pass := 0; ; pass++ {
		for i := range f.list {
			if u := &f.list[i]; u.Model == r.Model && u.Reason == why {
				u.Rows++
				if len(u.Examples) < 3 {
					u.Examples = append(u.Examples, place(r))
				}
				return
			}
		}
		if len(f.list) < maxReasons || pass > 0 {
			f.list = append(f.list, engine.Ungraded{Model: r.Model, Reason: why, Rows: 1, Examples: []string{place(r)}})
			return
		}
		why = "other reasons"
	}
}

func place(r plugin.Row) string {
	if r.ID == "" {
		return fmt.Sprintf("row %d", r.Row)
	}
	return fmt.Sprintf("row %d (id %s)", r.Row, r.ID)
}

func clip(s string, n int) string {
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// scoring is what the scorers of a plan gave.
type scoring struct {
	facts []engine.Scored
	runs  []record.PluginRun
}

// score has the plan's scorers score every row, or takes the scores that a record's run
// kept (stored), and adds them to the engine's request.
func (e *Env) score(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, stored []engine.Scored) (*scoring, error) {
	out := &scoring{}
	for _, sc := range s.Plan.Scorers {
		facts, path := engine.Scored{}, ""
		for _, x := range stored {
			if x.Scorer == sc.As {
				if found, err := ws.Check(x.Digest); err == nil {
					facts, path = x, found
				}
			}
		}
		if path == "" {
			var run record.PluginRun
			var err error
			if facts, run, err = e.scoreWith(cmd, ws, s, sc); err != nil {
				return nil, err
			}
			out.runs = append(out.runs, run)
			if path, err = ws.Path(facts.Digest); err != nil {
				return nil, err
			}
		}
		out.facts = append(out.facts, facts)
		s.Request.Given = append(s.Request.Given, engine.Given{Scorer: sc.As, Source: path})
	}
	return out, nil
}

// scoreWith asks one scorer about each row and model and keeps its scores.
func (e *Env) scoreWith(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, sc plan.Scorer) (engine.Scored, record.PluginRun, error) {
	p, facts := s.Plan, engine.Scored{Scorer: sc.As, Ungraded: []engine.Ungraded{}}
	t := local.Table{Texts: make([][]*string, len(s.Models))}
	column := map[string]int{}
	for m, model := range s.Models {
		t.Names, t.Numbers, column[model.Key] = append(t.Names, model.Key), append(t.Numbers, []float64{}), m
	}
	extend := func(n int64) {
		for m := range t.Numbers {
			for int64(len(t.Numbers[m])) < n {
				t.Numbers[m] = append(t.Numbers[m], math.NaN())
			}
		}
	}
	c, err := e.converse(cmd, p, sc.Type, plugin.Scorer, sc.As, func(r plugin.Row, v json.RawMessage) error {
		x, err := scoreOf(sc, v)
		if err == nil {
			t.Numbers[column[r.Model]][r.Row-1] = x
		}
		return err
	})
	if err != nil {
		return facts, record.PluginRun{}, err
	}
	total, err := local.New().Emit(cmd.Context(), s.Request, local.Emission{Fields: c.pr.Offer.Fields, Label: true, Outputs: true}, func(batch []engine.Case) error {
		for _, x := range batch {
			extend(x.Row)
			for m, o := range x.Outputs {
				if o == "" {
					continue // a missing prediction: the row is not used
				}
				if err := c.ask(plugin.Row{ID: x.ID, Row: x.Row, Model: s.Models[m].Key, Output: json.RawMessage(o), Label: raw(x.Label), Fields: json.RawMessage(x.Fields)}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		err = c.flush()
	}
	run, ended := c.end()
	if err == nil {
		err = ended
	}
	if err != nil {
		return facts, run, err
	}
	extend(total)
	facts.Rows = run.Rows
	facts.Ungraded = append(facts.Ungraded, c.failed.list...)
	facts.Digest, err = e.keepTable(cmd.Context(), ws, t, int(total))
	return facts, run, err
}

func (e *Env) keepTable(ctx context.Context, ws *store.Workspace, t local.Table, n int) (string, error) {
	tmp := ws.TempPath(newID(e.Now()) + ".given.parquet")
	defer os.Remove(tmp)
	if err := local.New().Write(ctx, tmp, t, n); err != nil {
		return "", err
	}
	return ws.PutFile(ctx, tmp)
}

func raw(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

// scoreOf reads a score and checks that it is what the plan promises.
func scoreOf(sc plan.Scorer, v json.RawMessage) (float64, error) {
	var x float64
	if err := json.Unmarshal(v, &x); err != nil {
		var yes bool
		if json.Unmarshal(v, &yes) != nil {
			return 0, fmt.Errorf("a score is a number, this is %s", clip(string(v), 60))
		}
		if yes {
			x = 1
		}
	}
	lo, hi := sc.Range()
	switch {
	case math.Abs(x) > largestScore:
		return 0, fmt.Errorf("the score %g is too large to be squared and summed", x)
	case sc.PassFail && x != 0 && x != 1:
		return 0, fmt.Errorf("the score %g is neither 0 nor 1, as pass_fail says", x)
	case x < lo || x > hi:
		return 0, fmt.Errorf("the score %g lies outside the range from %g to %g", x, lo, hi)
	}
	return x, nil
}

// answer has a plug-in answer for a model and keeps what it says as a pull of the source.
func (e *Env) answer(cmd *cobra.Command, ws *store.Workspace, p *plan.Plan, s plan.Source) (*engine.Pull, error) {
	ctx, began := cmd.Context(), e.Now()
	req := engine.Request{Task: p.Task, Source: p.Resolve(p.Data.Source), ID: p.Data.Columns.ID, Label: p.Data.Columns.Label.Column, Workers: p.Workers}
	if p.Data.Where != "" {
		w, err := slice.ParseWhere(p.Data.Where)
		if err != nil {
			return nil, fmt.Errorf("data.where: %w", err)
		}
		req.Where = &w
	}
	column, numbers := "prediction", p.Task != cases.Multiclass
	if p.Task == cases.Binary {
		column = "score"
	}
	t := local.Table{Names: []string{p.Data.Columns.ID, column}, Numbers: make([][]float64, 2), Texts: [][]*string{{}, {}}}
	if numbers {
		t.Numbers[1], t.Texts[1] = []float64{}, nil
	}
	take := func(r plugin.Row, v json.RawMessage) error {
		at := r.N - 1 // questions are numbered as rows are added
		var x float64
		if numbers {
			if err := json.Unmarshal(v, &x); err != nil || math.Abs(x) > largestScore {
				return fmt.Errorf("a number is expected, this is %s", clip(string(v), 60))
			}
			t.Numbers[1][at] = x
			return nil
		}
		text, err := classOf(v)
		if err == nil {
			t.Texts[1][at] = &text
		}
		return err
	}
	c, err := e.converse(cmd, p, s.Plugin, plugin.Model, s.Model, take)
	if err != nil {
		return nil, err
	}
	_, err = local.New().Emit(ctx, req, local.Emission{Fields: c.pr.Offer.Fields}, func(batch []engine.Case) error {
		for _, x := range batch {
			if x.ID == "" {
				return &engine.DataError{Where: fmt.Sprintf("row %d", x.Row), Msg: "has no id: a plug-in's answers are joined on it"}
			}
			id := x.ID
			t.Texts[0] = append(t.Texts[0], &id)
			if numbers {
				t.Numbers[1] = append(t.Numbers[1], math.NaN())
			} else {
				t.Texts[1] = append(t.Texts[1], nil)
			}
			if err := c.ask(plugin.Row{ID: x.ID, Row: x.Row, Model: s.Model, Fields: json.RawMessage(x.Fields)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = c.flush()
	}
	run, ended := c.end()
	if err == nil {
		err = ended
	}
	if err != nil {
		return nil, err
	}
	e.answered = append(e.answered, run)
	digest, err := e.keepTable(ctx, ws, t, len(t.Texts[0]))
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
	rows := int64(len(t.Texts[0]))
	return &engine.Pull{Source: s.String(), Kind: "plugin", Rows: rows, Bytes: st.Size(), Started: began.UTC(), Seconds: e.Now().Sub(began).Seconds(),
		Parts: []engine.Part{{Name: "0001.parquet", Digest: digest, Bytes: st.Size(), Rows: rows}}}, nil
}

func classOf(v json.RawMessage) (string, error) {
	var x any
	if err := json.Unmarshal(v, &x); err != nil {
		return "", err
	}
	switch x := x.(type) {
	case string:
		return x, nil
	case bool, float64:
		return strings.TrimSpace(string(v)), nil
	}
	return "", errors.New("a class is a text, a number, true or false")
}

// scoreAside is score for commands that keep no run.
func (e *Env) scoreAside(cmd *cobra.Command, s *eval.Setup, stored []engine.Scored) (*scoring, error) {
	if len(s.Plan.Scorers) == 0 {
		return &scoring{}, nil
	}
	ws, err := e.openWorkspace(cmd, s.Plan.Dir)
	if err != nil {
		return nil, err
	}
	defer ws.Close()
	return e.score(cmd, ws, s, stored)
}
