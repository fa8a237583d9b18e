package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/report"
	"github.com/fairtrial/fairtrial/internal/result"
)

// expected is an example's expected.yaml: what its plan must decide.
type expected struct {
	Decision string            `yaml:"decision"`
	Exit     int               `yaml:"exit"`
	Gates    map[string]string `yaml:"gates"`
	Shows    []string          `yaml:"shows"`
}

func demoCommand(e *Env) *cobra.Command {
	var dir, out string
	c := &cobra.Command{
		Use: "demo", Short: "Run the examples that ship with the project and check their verdicts", Args: exactly(0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			plans, err := filepath.Glob(filepath.Join(e.path(dir), "*", "expected.yaml"))
			if err != nil || len(plans) == 0 {
				return wrong("run it in a checkout of the project, or give the folder with --examples", "no example found in %s", dir)
			}
			sort.Strings(plans)
			bad := 0
			for _, f := range plans {
				ok, err := e.demonstrate(cmd, filepath.Dir(f), out)
				if err != nil {
					return fmt.Errorf("example %s: %w", filepath.Base(filepath.Dir(f)), err)
				}
				if !ok {
					bad++
				}
			}
			if bad > 0 {
				return silent{exitNoGo}
			}
			return nil
		},
	}
	c.Flags().StringVar(&dir, "examples", "examples", "folder of the examples")
	c.Flags().StringVarP(&out, "output", "o", "", "folder for the reports (default: fairtrial-out in each example)")
	return c
}

// demonstrate runs one example and reports whether every verdict is the expected one.
func (e *Env) demonstrate(cmd *cobra.Command, dir, out string) (bool, error) {
	b, err := os.ReadFile(filepath.Join(dir, "expected.yaml"))
	if err != nil {
		return false, err
	}
	var want expected
	if err := yaml.Unmarshal(b, &want); err != nil {
		return false, fmt.Errorf("read expected.yaml: %w", err)
	}
	p, err := e.loadPlan(cmd, filepath.Join(dir, "plan.yaml"), nil)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(e.Stdout, "Example %s: fairtrial run %s\n\n", filepath.Base(dir), filepath.Join("examples", filepath.Base(dir), "plan.yaml"))
	r, err := e.evaluate(cmd, p, 0, false)
	if err != nil {
		return false, err
	}
	to := filepath.Join(dir, "fairtrial-out")
	if out != "" {
		to = filepath.Join(e.path(out), filepath.Base(dir))
	}
	if err := writeOutputs(to, r); err != nil {
		return false, err
	}
	if err := report.Terminal(e.Stdout, r, e.terminal(cmd)); err != nil {
		return false, err
	}
	ok := true
	check := func(what, got, want string) {
		if got != want {
			ok = false
			fmt.Fprintf(e.Stdout, "UNEXPECTED: %s is %s, expected %s\n", what, got, want)
		}
	}
	check("the decision", string(r.Verdict.Decision), want.Decision)
	check("the exit status", fmt.Sprint(gate.ExitStatus(r.Verdict.Decision)), fmt.Sprint(want.Exit))
	got := map[string]result.Verdict{}
	for _, g := range r.Gates {
		got[g.Name] = g.Verdict
	}
	names := make([]string, 0, len(want.Gates))
	for n := range want.Gates {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		check(fmt.Sprintf("gate %q", n), string(got[n]), want.Gates[n])
	}
	fmt.Fprintln(e.Stdout)
	for _, s := range want.Shows {
		fmt.Fprintln(e.Stdout, "  "+s)
	}
	fmt.Fprintf(e.Stdout, "\nreport: %s\n", filepath.Join(to, "report.html"))
	if ok {
		fmt.Fprintf(e.Stdout, "every verdict is the expected one: %s, exit status %d\n", r.Verdict.Decision, want.Exit)
	}
	return ok, nil
}
