package cli

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/sandbox"
)

// Main runs one command and returns the exit status.
func Main(e *Env) int {
	if sandbox.Entered() { // started by ourselves, to become a program that a model wrote
		return sandbox.Enter()
	}
	root := newRoot(e)
	root.SetArgs(e.Args[1:])
	root.SetIn(e.Stdin)
	root.SetOut(e.Stdout)
	root.SetErr(e.Stderr)
	err := root.ExecuteContext(e.Context)
	for _, f := range e.atEnd {
		f()
	}
	if err != nil {
		e.explain(err)
	}
	return status(err)
}

func newRoot(e *Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "fairtrial",
		Short: "Every model gets a fair trial",
		Long: "fairtrial decides, with evidence that stands up, whether a model is good enough to release.\n\n" +
			"Start with:  fairtrial init predictions.csv   then:  fairtrial run plan.yaml\n\n" +
			"Exit status: 0 go, or nothing to judge · 1 no-go · 2 plan, data or command line is wrong ·\n" +
			"3 inconclusive · 4 an engine or server failed · 99 nothing to evaluate (--skip-empty).",
		Version:       programVersion(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := "fairtrial --help lists the commands"
			if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
				hint = "did you mean " + strings.Join(s, " or ") + "?"
			}
			return wrong(hint, "unknown command %q", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetVersionTemplate("fairtrial {{.Version}}\n")
	f := root.PersistentFlags()
	f.Bool("no-color", false, "no colour (as NO_COLOR)")
	f.BoolP("quiet", "q", false, "only the result: no progress, no hints")
	f.String("errors", "text", "how errors are written to stderr: text, or json (one document, in the last line)")
	f.String("workspace", "", "the workspace folder (default: the nearest .fairtrial, or FAIRTRIAL_HOME)")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if form, _ := cmd.Flags().GetString("errors"); form != "text" && form != "json" {
			return wrong("", "--errors: text or json is expected, this is %q", form)
		}
		return nil
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return wrong("see `"+cmd.CommandPath()+" --help`", "%w", err)
	})
	root.AddCommand(initCommand(e), checkCommand(e), runCommand(e), rehearseCommand(e), reportCommand(e), publishCommand(e), notifyCommand(e), compareCommand(e), verifyCommand(e),
		listCommand(e), showCommand(e), scoreCommand(e), answersCommand(e), ciCommand(e), trendCommand(e), explainCommand(e), thresholdCommand(e), judgeCommand(e), metricsCommand(e), powerCommand(e), schemaCommand(e), demoCommand(e), versionCommand(e))
	return root
}

// exactly is cobra.ExactArgs with a message that says what is expected.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return wrong("usage: "+cmd.UseLine(), "%s takes %s, got %d argument(s)", cmd.Name(), what, len(args))
		}
		return nil
	}
}

// Version is set by the linker for releases.
var version = "" //nolint:gochecknoglobals // written by -ldflags -X, never by code

// programVersion is the release, else the commit that the binary was built from.
func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

func versionCommand(e *Env) *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: exactly(0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(e.Stdout, "fairtrial", programVersion())
			return err
		}}
}

// quiet reports the --quiet flag.
func quiet(cmd *cobra.Command) bool {
	q, _ := cmd.Flags().GetBool("quiet")
	return q
}

// color reports whether colour may be used on stdout.
func (e *Env) color(cmd *cobra.Command) bool {
	no, _ := cmd.Flags().GetBool("no-color")
	return e.Columns > 0 && !no && e.Getenv("NO_COLOR") == "" && e.Getenv("TERM") != "dumb"
}

// info writes a line to stderr unless --quiet.
func (e *Env) info(cmd *cobra.Command, format string, args ...any) {
	if !quiet(cmd) {
		e.line.mu.Lock() // collections that go on at the same time warn, too
		defer e.line.mu.Unlock()
		fmt.Fprintf(e.Stderr, format+"\n", args...)
	}
}
