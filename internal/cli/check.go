package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
)

func checkCommand(e *Env) *cobra.Command {
	var set []string
	var baseline string
	var asJSON, planOnly bool
	c := &cobra.Command{
		Use: "check PLAN…", Short: "Everything that can be known before a plan is run",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return wrong("usage: "+cmd.UseLine(), "check takes one plan file or more")
			case len(args) > 1 && (asJSON || len(set) > 0 || baseline != ""):
				return wrong("check them one by one", "--json, --set and --baseline go with one plan, these are %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if baseline != "" {
				set = append(set, baselineSet(baseline))
			}
			if len(args) == 1 {
				return e.check(cmd, args[0], set, planOnly, asJSON)
			}
			worst := exitOK
			for _, a := range args { // each says what is wrong with it
				fmt.Fprintf(e.Stdout, "%s: ", a)
				if err := e.check(cmd, a, nil, planOnly, false); err != nil {
					fmt.Fprintln(e.Stdout, "wrong")
					e.explain(err)
					worst = max(worst, status(err))
				}
			}
			if worst != exitOK {
				return silent{worst}
			}
			return nil
		},
	}
	c.Flags().StringVar(&baseline, "baseline", "", "as in run: the record to compare with")
	c.Flags().StringArrayVar(&set, "set", nil, "override a key of the plan")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	c.Flags().BoolVar(&planOnly, "plan-only", false, "look at the plan alone: no data are read, so that columns and rows stay unknown")
	return c
}

func (e *Env) check(cmd *cobra.Command, path string, set []string, planOnly, asJSON bool) error {
	read := e.readPlan
	if planOnly {
		read = e.parsePlan
	}
	p, err := read(cmd, path, set)
	if err != nil {
		return err
	}
	s, err := eval.Prepare(p, catalogue())
	if err != nil {
		return wrong("", "%w", err)
	}
	var rows int64
	findings := []string{}
	if !planOnly {
		if err := e.greetAll(cmd, p); err != nil {
			return err
		}
		if p.Task.Generative() {
			ask, _, err := e.askers(cmd.Context(), s)
			if err != nil {
				return err
			}
			for _, a := range ask {
				a.Close()
			}
			if err := e.judgesReady(cmd.Context(), s); err != nil {
				return err
			}
		}
		if _, _, err := e.joinedLabels(cmd.Context(), s); err != nil {
			return err
		}
		if rows, findings, err = e.survey(cmd.Context(), p, s); err != nil {
			return err
		}
	}
	findings = append(findings, p.StopAdvice()...)
	for _, w := range p.Warnings {
		findings = append(findings, w.Error())
	}
	findings = append(findings, p.Advice()...)
	for _, sc := range p.Scorers {
		if sc.IsJudge() {
			for _, f := range sc.Judge.SameFamily {
				findings = append(findings, sc.As+": "+f+": a judge may favour its own family")
			}
		}
	}
	if b := e.baseline(p); b != nil && !b.Paired {
		findings = append(findings, "the baseline's rows cannot be paired: "+b.Why)
	}
	var stops []string
	if p.Stop != nil && !planOnly {
		if stops, err = foresee(cmd.Context(), s); err != nil {
			return err
		}
	}
	if asJSON {
		out := map[string]any{"ok": true, "rows": rows, "gates": len(p.Gates), "findings": findings,
			"gate_list": gateList(p), "control": p.Control != nil, "judges": judgeList(p)}
		if stops != nil {
			out["stop"] = stops
		}
		if planOnly {
			out["rows"] = nil
		}
		return writeJSON(e.Stdout, out)
	}
	head := result.Count(rows) + " rows"
	if planOnly {
		head = "the plan alone"
	}
	fmt.Fprintf(e.Stdout, "ok: %s, %d model(s), %d metric(s), %d slice entr%s, %d gate(s)\n", head, len(p.Models), len(p.Metrics),
		len(p.Slices), map[bool]string{true: "y", false: "ies"}[len(p.Slices) == 1], len(p.Gates))
	for _, j := range judgeLines(p, rows) {
		fmt.Fprintln(e.Stdout, j)
	}
	for _, s := range stops {
		fmt.Fprintln(e.Stdout, s)
	}
	for _, f := range findings {
		fmt.Fprintln(e.Stdout, "warning: "+f)
	}
	return nil
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
	req := s.Request // of models whose answers are there before a run
	req.Models = slices.DeleteFunc(slices.Clone(req.Models), func(m cases.Model) bool {
		return slices.ContainsFunc(p.Models, func(x plan.Model) bool { return x.Key == m.Key && !x.Source.IsZero() && m.Source == "" })
	})
	req.NeedProbability, req.Baseline = nil, -1
	findings, err = clusterLike(ctx, req)
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
