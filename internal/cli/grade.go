package cli

import (
	"math"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/plugin"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/score"
	"github.com/fairtrial/fairtrial/internal/store"
)

// grading is what one scorer that is no plug-in gave so far.
type grading struct {
	scorer  plan.Scorer
	own     *answers.Grader      // one of them
	on      int                  // own: the scorer whose scores it builds on, -1 for none
	judges  *answers.JudgeGrader //
	control int                  // first of the degraded control's columns in the table; 0: none
	asked   saidGrader           // judges too: what is graded by what others said, or in groups
	table   rowScores
	varied  *answers.Variances
	facts   engine.Scored
	failed  failures
}

// saidGrader grades a case by what judges or other models said, for each model.
type saidGrader interface {
	Grade(c *answers.Case, given []answers.Answer) ([]score.Score, error)
}

// grade gives the scores of a case, by model. scores are those that scorers gave before.
func (g *grading) grade(c *answers.Case, given []answers.Answer, scores [][]score.Score, out []score.Score) error {
	if g.asked != nil {
		list, err := g.asked.Grade(c, given)
		copy(out, list)
		return err
	}
	for m, a := range given {
		if g.on >= 0 {
			out[m] = g.own.GradeOn(a, scores[g.on][m])
			continue
		}
		out[m] = g.own.Grade(a)
	}
	return nil
}

// turnsOf puts scorers that build on others' scores behind them, and says which those are.
func turnsOf(list []*grading) []int {
	var first, then []int
	for i, g := range list {
		if g.on = -1; g.own == nil || g.own.Other() == "" {
			first = append(first, i)
			continue
		}
		then = append(then, i)
		for k, x := range list {
			if x.scorer.As == g.own.Other() {
				g.on = k
			}
		}
	}
	return append(first, then...)
}

// grade has built-in scorers, and those that asked judges, grade the stored answers: one
// pass for all of them, which picks the cases to be shown by their scores and by those that
// plug-ins gave.
func (e *Env) grade(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, from outputs, scorers []plan.Scorer, said *judged, plugged map[string]rowScores) (map[string]engine.Scored, *answers.Picker, error) {
	w := newWorld(cmd.Context(), ws, s.Plan.Dir)
	defer w.Close()
	early := e.storedBaseline(s)
	worse, err := spoil(cmd.Context(), s, from)
	if err != nil {
		return nil, nil, err
	}
	var list []*grading
	var groups []*answers.GroupGrader
	keys := modelKeys(s)
	for _, sc := range scorers {
		x := &grading{scorer: sc, table: newRowScores(s), varied: answers.NewVariances(s.Plan, sc, keys), facts: engine.Scored{Scorer: sc.As, Ungraded: []engine.Ungraded{}}}
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
			if x.own.Groups() {
				g := answers.NewGroupGrader(x.own, s.Plan.Data.Columns, len(keys))
				groups, x.asked = append(groups, g), g
			}
			if x.facts.Columns = x.own.Columns(); x.facts.Columns != nil {
				x.table = newRowScores(s, x.facts.Columns...)
			}
			if x.facts.Columns != nil || x.own.OfAll() { // no mean of samples
				x.varied = nil
			}
		}
		worse.columns(x)
		list = append(list, x)
	}
	if len(list) == 0 && (from == nil || len(plugged) == 0) {
		return nil, nil, nil
	}
	shown := newPicking(s.Plan, list, plugged, keys)
	turns := turnsOf(list)
	if err := gradeGroups(cmd.Context(), s, from, groups); err != nil {
		return nil, nil, err
	}
	_, err = beside(cmd.Context(), s, from, func(c *answers.Case, given []answers.Answer) error {
		other, swapped := worse.given(c)
		for _, i := range turns {
			g := list[i]
			g.table.extend(c.Row)
			scores := shown.own[i]
			if err := g.grade(c, given, shown.own, scores); err != nil {
				return err
			}
			if worse != nil {
				g.spoil(c, scores[worse.model], other, swapped)
			}
			if early != nil {
				scores[early.model] = early.score(g.scorer, g.facts.Columns, c.Row)
			}
			g.varied.Add(c, scores)
			for m, x := range scores {
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
		shown.offer(c, given)
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
		g.facts.Variances = g.varied.End(s.Plan.Confidence)
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
	return out, shown.pick, nil
}
