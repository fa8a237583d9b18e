package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/rehearse"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/summary"
)

func rehearseCommand(e *Env) *cobra.Command {
	var draws, workers int
	var rows int64
	var set []string
	var asJSON bool
	c := &cobra.Command{
		Use: "rehearse PLAN|RECORD", Short: "Play a plan many times with made-up candidates, before it decides anything",
		Long: "rehearse draws data sets like the plan's own – of the summaries, so that it costs cells and not rows – and lets the plan judge candidates\n" +
			"that it makes up: one as good as the baseline, one exactly on the bound of each gate, one worse in a single slice, a degraded control.\n" +
			"It says how often each is let go, blocked or left open, which gate is the weakest, and what would mend it. It decides nothing and is no look.",
		Args: exactly(1, "one plan or record"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if draws < 10 || draws > 1_000_000 {
				return wrong("", "--draws: a number from 10 to 1 000 000 is expected, this is %d", draws)
			}
			if rows < 0 {
				return wrong("", "--rows: a whole number from 1 is expected, this is %d", rows)
			}
			s, summaries, seed, err := e.rehearsed(cmd, args[0], set)
			if err != nil {
				return err
			}
			r, err := rehearse.Play(cmd.Context(), s, summaries, rehearse.Options{Seed: seed, Draws: draws, Rows: rows, Workers: workers})
			if err != nil {
				return wrong("", "%w", err)
			}
			if asJSON {
				return writeJSON(e.Stdout, r)
			}
			return printRehearsal(e, r)
		},
	}
	c.Flags().IntVar(&draws, "draws", 1000, "data sets a candidate is tried on")
	c.Flags().Int64Var(&rows, "rows", 0, "rows of each data set (0: as many as there are)")
	c.Flags().IntVar(&workers, "workers", 0, "cores to use (0: all); never changes a number")
	c.Flags().StringArrayVar(&set, "set", nil, "override a key of the plan: --set gates[0].margin=0.01")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

// rehearsed gives a plan and the summaries of its data: read now for a plan, those that
// were stored for a record.
func (e *Env) rehearsed(cmd *cobra.Command, name string, set []string) (*eval.Setup, *summary.Set, uint64, error) {
	if name == "-" || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		p, err := e.loadPlan(cmd, name, set)
		if err != nil {
			return nil, nil, 0, err
		}
		s, err := eval.Prepare(p, catalogue())
		if err != nil {
			return nil, nil, 0, wrong("", "%w", err)
		}
		s.Request.Exemplars = 0
		if len(p.Scorers) > 0 {
			return e.rehearsedScores(cmd, s)
		}
		c, err := s.Collect(cmd.Context(), newEngine())
		if err != nil {
			return nil, nil, 0, err
		}
		seed, err := eval.Seed(p, c.Facts.RowsDigest)
		return s, c.Set, seed, err
	}
	if len(set) > 0 {
		return nil, nil, 0, wrong("give the plan's file instead", "--set changes a plan, and %s is a record", name)
	}
	r, dir, err := e.soundRecord(cmd, name)
	if err != nil {
		return nil, nil, 0, err
	}
	summaries, err := e.summaries(cmd, r, dir)
	if err != nil {
		return nil, nil, 0, err
	}
	p, err := clonePlan(r.Plan)
	if err != nil {
		return nil, nil, 0, err
	}
	s, err := eval.Prepare(p, catalogue())
	return s, summaries, r.Seed, err
}

// rehearsedScores has the scorers of a plan score what is there, such as recorded answers.
// Nobody is asked: a rehearsal must cost nothing.
func (e *Env) rehearsedScores(cmd *cobra.Command, s *eval.Setup) (*eval.Setup, *summary.Set, uint64, error) {
	if s.Plan.Asks() || slices.ContainsFunc(s.Plan.Scorers, plan.Scorer.Plugged) {
		return nil, nil, 0, wrong("run the plan, on a part of its cases (data.where) or on all, and rehearse that record: fairtrial rehearse RECORD --rows N",
			"the plan asks models, judges or plug-ins, and a rehearsal asks nobody")
	}
	stop := s.Plan.Stop
	s.Plan.Stop = nil // all cases are there
	t, err := e.tryAside(cmd, s, nil)
	s.Plan.Stop = stop
	if err != nil {
		return nil, nil, 0, err
	}
	seed, err := eval.Seed(s.Plan, t.c.Facts.RowsDigest)
	return s, t.c.Set, seed, err
}

func printRehearsal(e *Env, r *rehearse.Rehearsal) error {
	percent := func(x rehearse.Rate) string { return result.Percent(round3(x.Value)) }
	span := func(x rehearse.Rate) string { // of the draws
		return fmt.Sprintf("%s (%s to %s)", percent(x), strings.TrimSuffix(result.Percent(round3(x.Lower)), " %"), strings.TrimSuffix(result.Percent(round3(x.Upper)), " %"))
	}
	fmt.Fprintf(e.Stdout, "Rehearsal of %s: %d data sets of %s rows for each candidate. Nothing is decided.\n\n", r.Plan, r.Scenarios[0].Draws, result.Count(r.Rows))
	rows := [][]string{{"GO", "NO-GO", "INCONCLUSIVE", "CANDIDATE"}}
	for _, s := range r.Scenarios {
		title := s.Title
		if s.Named != nil {
			title += fmt.Sprintf(" (named in %s)", percent(*s.Named))
		}
		rows = append(rows, []string{span(s.Go), span(s.NoGo), span(s.Inconclusive), title})
	}
	if err := writeTable(e.Stdout, rows); err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "\nFalse-block rate: %s of candidates that are good. In brackets: 95 %% intervals of the draws.\n", span(r.FalseBlock))
	fmt.Fprintf(e.Stdout, "\nGATES, for %s\n", r.Scenarios[0].Title)
	rows = [][]string{{"PASS", "FAIL", "INCONCLUSIVE", "GATE"}}
	for _, g := range r.Scenarios[0].Gates {
		name := g.Name
		if len(g.Slices) > 0 && g.Slices[0].Share > 0.05 {
			name += fmt.Sprintf(" (most often open: %s, %s)", g.Slices[0].Slice, result.Percent(round3(g.Slices[0].Share)))
		}
		rows = append(rows, []string{result.Percent(round3(g.Pass)), result.Percent(round3(g.Fail)), result.Percent(round3(g.Inconclusive)), name})
	}
	if err := writeTable(e.Stdout, rows); err != nil {
		return err
	}
	fmt.Fprintln(e.Stdout)
	for _, a := range r.Advice {
		fmt.Fprintln(e.Stdout, "→ "+a)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(e.Stdout, "note: "+n)
	}
	return nil
}

// round3 rounds a share to a tenth of a per cent.
func round3(x float64) float64 { return float64(int64(x*1000+0.5)) / 1000 }
