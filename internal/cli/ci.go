package cli

import (
	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/ci"
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
			if cmd.Context().Err() != nil { // the host gives a cancelled job seconds: nothing is sent
				return e.ciStatus(cmd, failOn, o)
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
			case !noteFlag, cmd.Context().Err() != nil: // a cancelled job has seconds
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
	c.Flags().StringVar(to, "fail-on", string(ci.FailInconclusive), "what fails the job: inconclusive (and no-go), no-go, error; a wrong plan always does, nothing to evaluate never")
}
