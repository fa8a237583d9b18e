package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/report"
)

// explore carries out a changed plan without a workspace: no record, no look, no
// decision. Its exit status is 0 whatever the verdict would be. Files are written only
// where -o says so, and say what they are.
func (e *Env) explore(cmd *cobra.Command, path string, set, whatIf []string, out string, asJSON bool, more []rendering) error {
	p, err := e.loadPlan(cmd, path, set)
	if err != nil {
		return err
	}
	changes, err := spellOut(p, whatIf)
	if err != nil {
		return err
	}
	if p, err = e.loadPlan(cmd, path, append(slices.Clone(set), changes...)); err != nil {
		return err
	}
	if out != "" {
		if err := canHold(e.path(out)); err != nil {
			return err
		}
	}
	started := e.Now()
	s, err := eval.Prepare(p, catalogue())
	if err != nil {
		return wrong("", "%w", err)
	}
	given, err := e.scoreAside(cmd, s, nil)
	if err != nil {
		return err
	}
	c, err := s.Collect(cmd.Context(), newEngine())
	if err != nil {
		return err
	}
	c.Facts.Scorers, c.Baseline = given.facts, e.baseline(p)
	c.Facts.Findings = append(c.Facts.Findings, judgeFindings(given.facts)...)
	r, err := s.Judge(c, p.Workers)
	if err != nil {
		return err
	}
	given.cases.Into(r)
	r.Run = record.Run{ID: newID(started), Started: started.UTC(), Finished: e.Now().UTC(), Version: programVersion(), Host: host(), Command: e.Args,
		Workers: p.Workers, PlanPath: p.File, Pulls: e.pulls(p), Gates: gatePlaces(p), Plugins: append(e.answered, given.runs...), Answers: given.answers, Judges: given.judges, Baseline: e.baselineRef(p), Look: record.Look{PlanChanges: []string{}}, WhatIf: changes}
	if err := r.Seal(); err != nil {
		return err
	}
	if asJSON {
		err = report.JSON(e.Stdout, r)
	} else {
		err = report.Terminal(e.Stdout, r, e.terminal(cmd))
	}
	if err != nil || out == "" {
		return err
	}
	if err := writeOutputs(e.path(out), r, more...); err != nil {
		return err
	}
	e.info(cmd, "report: %s", filepath.Join(out, "report.html"))
	return nil
}

// spellOut turns a gate's key alone into the path of the one gate that has it.
func spellOut(p *plan.Plan, whatIf []string) ([]string, error) {
	var out []string
	for _, w := range whatIf {
		key, value, ok := strings.Cut(w, "=")
		if !ok {
			return nil, wrong("write --what-if gates[0].margin=0.01", "--what-if %s: key=value is expected", w)
		}
		has, known := map[string]func(gate.Rule) bool{
			"margin":             func(r gate.Rule) bool { return r.Than != "" },
			"at_least":           func(r gate.Rule) bool { return r.Rule == gate.AtLeast },
			"at_most":            func(r gate.Rule) bool { return r.Rule == gate.AtMost },
			"between":            func(r gate.Rule) bool { return r.Rule == gate.Between },
			"difference_at_most": func(r gate.Rule) bool { return r.Rule == gate.AcrossDiff },
			"ratio_at_least":     func(r gate.Rule) bool { return r.Rule == gate.AcrossRatio },
		}[key]
		if !known {
			out = append(out, w)
			continue
		}
		var at []string
		for i, g := range p.Gates {
			if has(g) {
				at = append(at, fmt.Sprintf("gates[%d].%s", i, key))
			}
		}
		if len(at) != 1 {
			hint := "write a gate's own: --what-if gates[0]." + key + "=" + value
			if len(at) > 1 {
				hint = "one of: " + strings.Join(at, ", ")
			}
			return nil, wrong(hint, "--what-if %s: %d gates have %s", w, len(at), key)
		}
		out = append(out, at[0]+"="+value)
	}
	return out, nil
}
