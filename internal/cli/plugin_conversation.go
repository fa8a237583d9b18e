package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/plugin"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// largestProgram is the size up to which a file of a command is pinned in the record.
const largestProgram = 64 << 20

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

	unasked int64 // rows without a value that were not asked about
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
			c.lacks(c.rows[i], why, a.Traceback)
		}
	}
	c.rows = c.rows[:0]
	if c.e.Terminal && !quiet(c.cmd) {
		fmt.Fprintf(c.e.Stderr, "\r\x1b[K%s: %s rows", c.run.Plugin, result.Count(c.run.Rows))
	}
	return nil
}

// lacks notes a row without a value.
func (c *conversation) lacks(r plugin.Row, why, traceback string) {
	c.failed.add(r, why)
	if len(c.run.Failures) < maxFailures {
		c.run.Failures = append(c.run.Failures, record.PluginFailure{Model: r.Model, Row: place(r), Reason: clip(why, 500), Traceback: clip(traceback, 4000)})
	}
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
		c.e.info(c.cmd, "warning: %s left %s of %s rows ungraded, for example %s: %s", c.run.Plugin, result.Count(n), result.Count(c.run.Rows+c.unasked), c.run.Failures[0].Row, clip(c.run.Failures[0].Reason, 200))
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
