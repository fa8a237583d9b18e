package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/ci"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/report"
)

// recordOrRun takes a record, or after -- a run.
func recordOrRun(cmd *cobra.Command, args []string) error {
	at := cmd.ArgsLenAtDash()
	switch {
	case at < 0 && len(args) == 1:
		return nil
	case at == 0 && len(args) >= 2 && args[0] == "run":
		return nil
	}
	return wrong("usage: "+cmd.UseLine(), "%s takes a record, or -- and a run", cmd.Name())
}

// outcome carries the run out, or reads the record, with its files in further formats. Its
// error is one of this command, not of the run.
func (e *Env) outcome(cmd *cobra.Command, args []string, formats ...string) (ci.Outcome, error) {
	switch f, _ := cmd.Flags().GetString("fail-on"); ci.FailOn(f) {
	case ci.FailInconclusive, ci.FailNoGo, ci.FailError:
	default: // before the run, not after it
		return ci.Outcome{}, wrong("one of: inconclusive, no-go, error", "--fail-on: %q is not known", f)
	}
	if cmd.ArgsLenAtDash() < 0 {
		r, dir, err := e.soundRecord(cmd, args[0])
		if err != nil {
			return ci.Outcome{}, err
		}
		if len(r.Run.WhatIf) > 0 {
			return ci.Outcome{}, wrong("report a record of `fairtrial run`", "%s is an exploration: it decides nothing", args[0])
		}
		if _, err := os.Stat(filepath.Join(dir, "record.json")); err != nil {
			return ci.Outcome{}, wrong("`fairtrial report "+args[0]+" --format json,html,junit -o DIR` makes such a folder", "%s is not the record.json of a run's folder, beside which its files are written", args[0])
		}
		o := ci.Outcome{Record: r, Dir: e.short(dir), Exit: status(verdict(r)), Plan: report.PlanFile(r)}
		return o, e.writeMore(dir, r, formats)
	}
	defer e.hide("GITHUB_TOKEN", "FAIRTRIAL_GITLAB_TOKEN")()
	inner := newRoot(e)
	inner.SetArgs(append(slices.Clone(args), "--format", strings.Join(formats, ",")))
	inner.SetIn(e.Stdin)
	inner.SetOut(e.Stdout)
	inner.SetErr(e.Stderr)
	err := inner.ExecuteContext(cmd.Context())
	o := ci.Outcome{Record: e.ran.record, Dir: e.short(e.path(e.ran.dir)), Exit: status(err)}
	if o.Record != nil {
		o.Plan = report.PlanFile(o.Record)
		return o, nil
	}
	o.Dir = ""
	if e.ran.plan != "" {
		o.Plan = e.planFile(cmd, e.ran.plan)
	}
	if err == nil { // help, or an exploration
		return o, wrong("without --what-if and --help a run leaves one", "the run left no record to report")
	}
	e.explain(err)
	o.Message = e.words(err)
	var pe *plan.Errors
	if errors.As(err, &pe) {
		for _, p := range pe.List {
			m := ci.Mistake{File: filepath.ToSlash(p.File), Message: p.Msg, Line: p.Line, Column: p.Column}
			if p.File == e.ran.plan {
				m.File = o.Plan
			}
			if p.Path != "" {
				m.Message = p.Path + ": " + m.Message
			}
			if p.Hint != "" {
				m.Message += " (" + p.Hint + ")"
			}
			o.Mistakes = append(o.Mistakes, m)
		}
	}
	return o, nil
}

// hide keeps variables from a run, whose plan may name any (${NAME}) and be a stranger's.
func (e *Env) hide(names ...string) (show func()) {
	all := e.Getenv
	e.Getenv = func(name string) string {
		if slices.Contains(names, name) {
			return ""
		}
		return all(name)
	}
	return func() { e.Getenv = all }
}

// planFile is report.PlanFile of a plan without a record.
func (e *Env) planFile(cmd *cobra.Command, path string) string {
	if g := gitState(cmd.Context(), e.path(path)); g != nil && g.Path != "" {
		return g.Path
	}
	return filepath.ToSlash(filepath.Clean(path))
}

// writeMore writes further formats beside a record.
func (e *Env) writeMore(dir string, r *record.Record, formats []string) error {
	unlock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer unlock()
	for _, f := range formats {
		x, err := find(extras(), f)
		if err != nil {
			return err
		}
		if err := write(x, dir, r); err != nil {
			return fmt.Errorf("render %s: %w", x.file, err)
		}
	}
	return nil
}

// outputFiles names the files of a record; none without one.
func outputFiles(o ci.Outcome) map[string]string {
	files := map[string]string{}
	if o.Record == nil {
		return files
	}
	for key, name := range map[string]string{"record": "record.json", "report": "report.html", "summary": "job-summary.md", "junit": "junit.xml", "sarif": "fairtrial.sarif"} {
		files[key] = filepath.ToSlash(filepath.Join(o.Dir, name))
	}
	return files
}

// ciStatus is the exit status of the job.
func (e *Env) ciStatus(cmd *cobra.Command, failOn string, o ci.Outcome) error {
	s := ci.FailOn(failOn).Status(o.Exit)
	if s != o.Exit {
		e.info(cmd, "the run's exit status %d does not fail the job: --fail-on %s", o.Exit, failOn)
	}
	if s == exitOK {
		return nil
	}
	return silent{s}
}
