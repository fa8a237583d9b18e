package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/plan"
)

// loadPlan reads, resolves and binds a plan; its errors list everything at once. Then
// the results of its queries are pulled.
func (e *Env) loadPlan(cmd *cobra.Command, path string, set []string) (*plan.Plan, error) {
	p, err := e.readPlan(cmd, path, set)
	if err != nil {
		return nil, err
	}
	if err := e.fetch(cmd, p, true); err != nil {
		return nil, err
	}
	return p, e.pin(cmd, p, true)
}

// parsePlan reads and resolves a plan without a look at its data.
func (e *Env) parsePlan(cmd *cobra.Command, path string, set []string) (*plan.Plan, error) {
	p, path, err := e.planText(cmd, path, set)
	var bad *plan.Errors
	if errors.As(err, &bad) {
		for i := range bad.List {
			if bad.List[i].File == e.path(path) { // and not a standard
				bad.List[i].File = path
			}
		}
		if bad.Partial != nil {
			bad.Partial.File = path
		}
		return nil, bad
	}
	if err != nil {
		return nil, err
	}
	p.File = path
	return p, nil
}

// readPlan is loadPlan without the pulling: queries are only described.
func (e *Env) readPlan(cmd *cobra.Command, path string, set []string) (*plan.Plan, error) {
	p, err := e.parsePlan(cmd, path, set)
	var bad *plan.Errors
	if errors.As(err, &bad) {
		return nil, e.allProblems(cmd, bad)
	}
	if err != nil {
		return nil, err
	}
	if err := e.rebase(cmd, p); err != nil {
		return nil, err
	}
	if err := e.fetch(cmd, p, false); err != nil {
		return nil, err
	}
	if err := e.pin(cmd, p, false); err != nil {
		return nil, err
	}
	problems, err := e.bind(cmd.Context(), p)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, &plan.Errors{List: problems}
	}
	if err := e.pinLabels(cmd.Context(), p); err != nil {
		return nil, err
	}
	if err := e.pinCards(p); err != nil {
		return nil, err
	}
	for _, w := range p.Warnings {
		e.info(cmd, "warning: %v", w)
	}
	return p, nil
}

// stdinName is what problems call a plan that came from standard input, as "-" asks; its
// relative paths start at the working folder.
const stdinName = "(stdin)"

// planText reads a plan and says what to call it.
func (e *Env) planText(cmd *cobra.Command, path string, set []string) (*plan.Plan, string, error) {
	if path != "-" {
		p, err := plan.Load(e.path(path), planCatalogue{catalogue()}, set, e.lookup, e.standards(cmd, filepath.Dir(e.path(path))))
		return p, path, err
	}
	if e.piped == nil { // a what-if reads its plan twice
		var err error
		if e.piped, err = io.ReadAll(io.LimitReader(e.Stdin, 16<<20)); err != nil { // a longer one is refused by plan
			return nil, stdinName, fmt.Errorf("read plan from standard input: %w", err)
		}
	}
	p, err := plan.LoadText(e.piped, e.path(stdinName), planCatalogue{catalogue()}, set, e.lookup, e.standards(cmd, e.Dir))
	return p, stdinName, err
}

func (e *Env) bind(ctx context.Context, p *plan.Plan) ([]plan.Problem, error) {
	return p.Bind(func(s plan.Source) ([]casesColumn, error) { return e.columns(ctx, p, s) })
}

// allProblems adds to a plan's mistakes those that its data's columns show, so that one
// run lists all. A source that cannot be read is left for the next run.
func (e *Env) allProblems(cmd *cobra.Command, bad *plan.Errors) error {
	if bad.Partial != nil && !bad.Partial.Data.Source.IsZero() {
		if more, err := e.bind(cmd.Context(), bad.Partial); err == nil {
			bad.Merge(more)
		}
	}
	return bad
}
