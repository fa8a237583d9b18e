package cli

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/plugin"
)

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
		if !s.Plugged() {
			continue
		}
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
