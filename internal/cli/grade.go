package cli

import (
	"math"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/plugin"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/score"
	"github.com/fairtrial/fairtrial/internal/store"
)

// grading is what one built-in scorer gave so far.
type grading struct {
	*answers.Grader
	table  rowScores
	facts  engine.Scored
	failed failures
}

// grade has built-in scorers grade the stored answers: one pass for all of them.
func (e *Env) grade(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, from outputs, scorers []plan.Scorer) (map[string]engine.Scored, []record.Case, error) {
	w := newWorld(cmd.Context(), ws, s.Plan.Dir)
	defer w.Close()
	var list []*grading
	for _, sc := range scorers {
		g, err := w.grader(sc)
		if err != nil {
			return nil, nil, err
		}
		x := &grading{Grader: g, table: newRowScores(s), facts: engine.Scored{Scorer: sc.As, Ungraded: []engine.Ungraded{}}}
		list = append(list, x)
	}
	if len(list) == 0 {
		return nil, nil, nil
	}
	var keys []string
	for _, m := range s.Models {
		keys = append(keys, m.Key)
	}
	pick, scores := answers.NewPicker(s.Plan, scorers, keys), make([][]score.Score, len(list))
	for i := range scores {
		scores[i] = make([]score.Score, len(keys))
	}
	_, err := beside(cmd.Context(), s, from, func(c *answers.Case, given []answers.Answer) error {
		for i, g := range list {
			g.table.extend(c.Row)
			for m, a := range given {
				x := g.Grade(a)
				scores[i][m] = x
				g.facts.Rows++
				if !x.Graded || math.Abs(x.Value) > largestScore {
					g.failed.add(plugin.Row{ID: c.ID, Row: c.Row, Model: s.Models[m].Key}, x.Reason)
					continue
				}
				g.table.Numbers[m][c.Row-1] = x.Value
			}
		}
		pick.Offer(c, given, scores)
		return cmd.Context().Err() // a program that was ended is no answer without a score
	})
	if err != nil {
		return nil, nil, err
	}
	total, err := emitCases(cmd.Context(), s.Request, emission{}, func([]engine.Case) error { return nil })
	if err != nil {
		return nil, nil, err
	}
	out := map[string]engine.Scored{}
	for _, g := range list {
		g.table.extend(total)
		g.facts.Ungraded = append(g.facts.Ungraded, g.failed.list...)
		if g.facts.Digest, err = e.keepTable(cmd.Context(), ws, g.table.scoreTable, int(total)); err != nil {
			return nil, nil, err
		}
		out[g.Scorer.As] = g.facts
		if n := g.failed.rows; n > 0 {
			u := g.failed.list[0]
			e.info(cmd, "warning: %s left %s of %s answers ungraded, for example %s: %s", g.Scorer.As, result.Count(n), result.Count(g.facts.Rows), u.Examples[0], u.Reason)
		}
	}
	return out, pick.Cases(), nil
}
