package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
)

func checkCommand(e *Env) *cobra.Command {
	var set []string
	var asJSON bool
	c := &cobra.Command{
		Use: "check PLAN", Short: "Everything that can be known before a plan is run", Args: exactly(1, "one plan file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := e.readPlan(cmd, args[0], set)
			if err != nil {
				return err
			}
			s, err := eval.Prepare(p, catalogue())
			if err != nil {
				return wrong("", "%w", err)
			}
			rows, findings, err := e.survey(cmd.Context(), p, s)
			if err != nil {
				return err
			}
			for _, w := range p.Warnings {
				findings = append(findings, w.Error())
			}
			findings = append(findings, p.Advice()...)
			if asJSON {
				return writeJSON(e.Stdout, map[string]any{"ok": true, "rows": rows, "gates": len(p.Gates), "findings": findings,
					"gate_list": gateList(p), "control": p.Control != nil})
			}
			fmt.Fprintf(e.Stdout, "ok: %s rows, %d model(s), %d metric(s), %d slice entr%s, %d gate(s)\n", result.Count(rows), len(p.Models), len(p.Metrics),
				len(p.Slices), map[bool]string{true: "y", false: "ies"}[len(p.Slices) == 1], len(p.Gates))
			for _, f := range findings {
				fmt.Fprintln(e.Stdout, "warning: "+f)
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "override a key of the plan")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

// listedGate is a gate as programs list it before the plan is run (pytest collects them).
type listedGate struct {
	Name     string          `json:"name"`
	Metric   string          `json:"metric"`
	Severity result.Severity `json:"severity"`
	Line     int             `json:"line,omitempty"`
}

func gateList(p *plan.Plan) []listedGate {
	list := []listedGate{}
	for _, g := range p.Gates {
		list = append(list, listedGate{g.Name, g.Metric, g.Severity, g.Line})
	}
	return list
}

// survey reads the cases once: their number, and what is wrong or odd about them. Of a
// query only the number is known before it is pulled.
func (e *Env) survey(ctx context.Context, p *plan.Plan, s *eval.Setup) (rows int64, findings []string, err error) {
	if p.Data.Source.Connection != "" {
		return e.described, []string{}, nil
	}
	profile, err := newEngine().Profile(ctx, p.Resolve(p.Data.Source))
	if err != nil {
		return 0, nil, err
	}
	if err := slicesFit(p.Slices, profile); err != nil {
		return 0, nil, err
	}
	findings, err = clusterLike(ctx, s.Request)
	return profile.Rows, findings, err
}

// slicesFit refuses a column of too many values as a slice.
func slicesFit(entries []planSlice, profile *engine.Profile) error {
	for i, s := range entries {
		if !s.ByValue() {
			continue
		}
		for _, c := range profile.Columns {
			if c.Name == s.Columns[0] && c.Distinct > eval.MaxValues {
				return wrong("use bins, a predicate, or a coarser column",
					"slices[%d]: column %q has %d values; a column used as a slice may have at most %d", i, c.Name, c.Distinct, eval.MaxValues)
			}
		}
	}
	return nil
}
