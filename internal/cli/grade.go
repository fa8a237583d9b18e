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

// grading is what one scorer that is no plug-in gave so far.
type grading struct {
	scorer  plan.Scorer
	own     *answers.Grader      // one of them
	judges  *answers.JudgeGrader //
	control int                  // first of the degraded control's columns in the table; 0: none
	asked   saidGrader           // judges too: what is graded by what others said
	table   rowScores
	facts   engine.Scored
	failed  failures
}

// saidGrader grades a case by what judges or other models said, for each model.
type saidGrader interface {
	Grade(c *answers.Case, given []answers.Answer) ([]score.Score, error)
}

// grade gives the scores of a case, by model.
func (g *grading) grade(c *answers.Case, given []answers.Answer, out []score.Score) error {
	if g.asked != nil {
		list, err := g.asked.Grade(c, given)
		copy(out, list)
		return err
	}
	for m, a := range given {
		out[m] = g.own.Grade(a)
	}
	return nil
}

// grade has built-in scorers, and those that asked judges, grade the stored answers: one
// pass for all of them.
func (e *Env) grade(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, from outputs, scorers []plan.Scorer, said *judged) (map[string]engine.Scored, *answers.Picker, error) {
	w := newWorld(cmd.Context(), ws, s.Plan.Dir)
	defer w.Close()
	early := e.storedBaseline(s)
	worse, err := spoil(cmd.Context(), s, from)
	if err != nil {
		return nil, nil, err
	}
	var list []*grading
	keys := modelKeys(s)
	for _, sc := range scorers {
		x := &grading{scorer: sc, table: newRowScores(s), facts: engine.Scored{Scorer: sc.As, Ungraded: []engine.Ungraded{}}}
		switch {
		case sc.IsJudge():
			read, done, err := said.inOrder(ws, sc, s.Request.Only != nil)
			if err != nil {
				return nil, nil, err
			}
			defer done()
			x.judges = answers.NewJudgeGrader(s.Plan, sc, keys, read)
			x.asked = x.judges
		case sc.AsksAboutTexts():
			read, done, err := said.byID(ws, sc)
			defer done()
			if err != nil {
				return nil, nil, err
			}
			if x.asked, err = textsGrader(sc, read); err != nil {
				return nil, nil, err
			}
		default:
			var err error
			if x.own, err = w.grader(sc); err != nil {
				return nil, nil, err
			}
			if x.facts.Columns = x.own.Columns(); x.facts.Columns != nil {
				x.table = newRowScores(s, x.facts.Columns...)
			}
		}
		worse.columns(x)
		list = append(list, x)
	}
	if len(list) == 0 {
		return nil, nil, nil
	}
	pick, scores := answers.NewPicker(s.Plan, scorers, keys), make([][]score.Score, len(list))
	for i := range scores {
		scores[i] = make([]score.Score, len(keys))
	}
	pick.Verdicts = func(i, m int) []record.CaseVerdict {
		if list[i].judges == nil {
			return nil
		}
		return list[i].judges.Words(m)
	}
	_, err = beside(cmd.Context(), s, from, func(c *answers.Case, given []answers.Answer) error {
		other, swapped := worse.given(c)
		for i, g := range list {
			g.table.extend(c.Row)
			if err := g.grade(c, given, scores[i]); err != nil {
				return err
			}
			if worse != nil {
				g.spoil(c, scores[i][worse.model], other, swapped)
			}
			if early != nil {
				scores[i][early.model] = early.score(g.scorer, g.facts.Columns, c.Row)
			}
			for m, x := range scores[i] {
				if early != nil && m == early.model && early.lacks(g.scorer) {
					continue
				}
				g.facts.Rows++
				if !x.Graded || math.Abs(x.Value) > largestScore {
					g.failed.add(plugin.Row{ID: c.ID, Row: c.Row, Model: s.Models[m].Key}, x.Reason)
					continue
				}
				g.table.Numbers[m][c.Row-1] = x.Value
				for k := range g.facts.Columns {
					g.table.Numbers[(k+1)*len(keys)+m][c.Row-1] = x.Stats[k]
				}
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
		if g.control > 0 {
			g.facts.Control = worse.cases
		}
		if g.judges != nil {
			g.facts.Judge = g.judges.Facts(s.Plan.Confidence, seedOf(s.Plan))
		}
		out[g.scorer.As] = g.facts
		if n := g.failed.rows; n > 0 {
			u := g.failed.list[0]
			e.info(cmd, "warning: %s left %s of %s answers ungraded, for example %s: %s", g.scorer.As, result.Count(n), result.Count(g.facts.Rows), u.Examples[0], u.Reason)
		}
	}
	return out, pick, nil
}
