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

func ciCommand(e *Env) *cobra.Command {
	c := &cobra.Command{
		Use: "ci", Short: "Run a plan in CI, or report a record, as GitHub or GitLab show it",
		Args: exactly(0, "github or gitlab"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(githubCommand(e), gitlabCommand(e))
	return c
}

func githubCommand(e *Env) *cobra.Command {
	var failOn string
	var comment, check, sarif bool
	var pull int
	c := &cobra.Command{
		Use:   "github (RECORD | -- run PLAN …)",
		Short: "Job summary, annotations, outputs, one comment and a check on GitHub",
		Long: "Runs a plan, or takes a record, and writes what GitHub Actions shows: the job summary, at most ten\n" +
			"annotations a kind at the lines of the plan, the outputs verdict, sentence, exit-code, record, report,\n" +
			"summary, junit and sarif; with --comment one comment on the pull request that later runs write anew;\n" +
			"with --check a check run, neutral for inconclusive; with --sarif alerts of code scanning. These take\n" +
			"the token from GITHUB_TOKEN; when one of them cannot be written, that is a warning.",
		Args: recordOrRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			g := &ci.GitHub{Getenv: e.Getenv, Stdout: e.Stdout, Path: e.path}
			end := g.Quiet()
			o, err := e.outcome(cmd, args, "sarif", "github")
			end()
			if err != nil {
				return err
			}
			if err := g.Report(o, outputFiles(o)); err != nil {
				return err
			}
			token := e.Getenv("GITHUB_TOKEN")
			if comment {
				if pull == 0 {
					pull = g.Pull()
				}
				e.githubComment(cmd, g, token, pull, o)
			}
			if check && token == "" {
				g.Warn("no check was made: GITHUB_TOKEN is not set")
			} else if check {
				if err := g.Check(cmd.Context(), token, o); err != nil {
					g.Warn("no check was made: " + err.Error() + "; the job needs the permission checks: write")
				}
			}
			if sarif && o.Record != nil {
				if err := g.Upload(cmd.Context(), token, o); err != nil {
					g.Warn("SARIF was not uploaded: " + err.Error() + "; the job needs the permission security-events: write, and the repository code scanning")
				}
			}
			return e.ciStatus(cmd, failOn, o)
		},
	}
	failFlag(c, &failOn)
	c.Flags().BoolVar(&sarif, "sarif", false, "upload SARIF to code scanning (permission security-events: write)")
	c.Flags().BoolVar(&comment, "comment", false, "keep one comment on the pull request (permission pull-requests: write)")
	c.Flags().IntVar(&pull, "pull", 0, "number of the pull request (default: that of the job's event)")
	c.Flags().BoolVar(&check, "check", false, "make a check run (permission checks: write)")
	return c
}

// githubComment writes the comment; that it could not is a warning, the verdict stands.
func (e *Env) githubComment(cmd *cobra.Command, g *ci.GitHub, token string, pull int, o ci.Outcome) {
	switch {
	case pull == 0:
		e.info(cmd, "no comment: the job does not run for a pull request")
	case token == "":
		g.Warn("no comment was written: GITHUB_TOKEN is not set")
	default:
		at, err := g.Comment(cmd.Context(), token, pull, o)
		if err != nil {
			g.Warn("no comment was written: " + err.Error() + "; the job needs the permission pull-requests: write, which jobs of forks do not get")
			return
		}
		e.info(cmd, "comment: %s", at)
	}
}

func gitlabCommand(e *Env) *cobra.Command {
	var failOn string
	var noteFlag bool
	c := &cobra.Command{
		Use:   "gitlab (RECORD | -- run PLAN …)",
		Short: "Code quality, metrics, variables and one note on GitLab",
		Long: "Runs a plan, or takes a record, and writes codequality.json, metrics.prom and fairtrial.env into its folder\n" +
			"for artifacts:reports; with --note one note on the merge request that later runs write anew. The token,\n" +
			"of the scope api, comes from FAIRTRIAL_GITLAB_TOKEN.",
		Args: recordOrRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := e.outcome(cmd, args, "codequality", "openmetrics", "dotenv")
			if err != nil {
				return err
			}
			g := &ci.GitLab{Getenv: e.Getenv}
			token, mr := e.Getenv("FAIRTRIAL_GITLAB_TOKEN"), g.MergeRequest()
			switch {
			case !noteFlag:
			case mr == 0:
				e.info(cmd, "no note: the job does not run for a merge request")
			case token == "":
				e.info(cmd, "warning: no note was written: FAIRTRIAL_GITLAB_TOKEN is not set")
			default:
				if err := g.Note(cmd.Context(), token, mr, o); err != nil {
					e.info(cmd, "warning: no note was written: %v; the token needs the scope api", err)
				}
			}
			return e.ciStatus(cmd, failOn, o)
		},
	}
	failFlag(c, &failOn)
	c.Flags().BoolVar(&noteFlag, "note", false, "keep one note on the merge request")
	return c
}

func failFlag(c *cobra.Command, to *string) {
	c.Flags().StringVar(to, "fail-on", string(ci.FailInconclusive), "what fails the job: inconclusive (and no-go), no-go, error; a wrong plan always does")
}

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
