package cli

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/score"
)

// picking chooses the cases that a report shows, by the scores of all scorers of a plan: those
// that are graded now, and those that plug-ins gave before.
type picking struct {
	pick   *answers.Picker // nil where scores of some scorer are kept from another run
	own    [][]score.Score // by scorer that is graded now, and model
	scores [][]score.Score // by scorer of the plan, and model; those of now are shared with own
	tables []*rowScores    // by scorer of the plan; nil: graded now
}

func newPicking(p *plan.Plan, list []*grading, plugged map[string]rowScores, keys []string) *picking {
	x := &picking{own: make([][]score.Score, len(list))}
	now := map[string]int{}
	for i, g := range list {
		x.own[i], now[g.scorer.As] = make([]score.Score, len(keys)), i
	}
	var judges []*answers.JudgeGrader
	for _, sc := range p.Scorers {
		if i, ok := now[sc.As]; ok {
			x.scores, x.tables, judges = append(x.scores, x.own[i]), append(x.tables, nil), append(judges, list[i].judges)
			continue
		}
		t, ok := plugged[sc.As]
		if !ok {
			return x
		}
		x.scores, x.tables, judges = append(x.scores, make([]score.Score, len(keys))), append(x.tables, &t), append(judges, nil)
	}
	x.pick = answers.NewPicker(p, p.Scorers, keys)
	x.pick.Verdicts = func(i, m int) []record.CaseVerdict {
		if judges[i] == nil {
			return nil
		}
		return judges[i].Words(m)
	}
	return x
}

// offer shows a case to the picker once it is graded.
func (x *picking) offer(c *answers.Case, given []answers.Answer) {
	if x.pick == nil {
		return
	}
	for i, t := range x.tables {
		if t == nil {
			continue
		}
		for m := range x.scores[i] {
			x.scores[i][m] = t.score(m, c.Row)
		}
	}
	x.pick.Offer(c, given, x.scores)
}

// score is what a row has, once the table is finished.
func (t *rowScores) score(m int, row int64) score.Score {
	if row > int64(len(t.Numbers[m])) || math.IsNaN(t.Numbers[m][row-1]) {
		return score.Score{Reason: "the plug-in gave no score"}
	}
	return score.Score{Value: t.Numbers[m][row-1], Graded: true}
}
