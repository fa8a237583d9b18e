package cli

import (
	"context"
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/score"
	"github.com/fairtrial/fairtrial/internal/store"
)

// builtOn adds the scorers that build on others' scores of the case.
func (w *wholeCase) builtOn(scorers []plan.Scorer, given []answers.Answer) error {
	for _, sc := range scorers {
		other := sc.BuildsOn()
		if other == "" {
			continue
		}
		g, err := answers.NewGrader(sc)
		if err != nil {
			return err
		}
		for m := range w.Models {
			of := w.Models[m].Scores
			i := slices.IndexFunc(of, func(x caseScore) bool { return x.Scorer == other })
			if i < 0 {
				continue
			}
			x := score.Score{Graded: of[i].Ungraded == "", Reason: of[i].Ungraded, Evidence: of[i].Evidence, Value: float64(of[i].Value)}
			w.Models[m].Scores = append(of, shownScore(sc.As, g.GradeOn(given[m], x)))
		}
	}
	return nil
}

// inGroups adds the scores that the case has as one of a group, as they were kept.
func (w *wholeCase) inGroups(ctx context.Context, ws *store.Workspace, scorers []plan.Scorer, facts []engine.Scored) error {
	for _, x := range facts {
		i := slices.IndexFunc(scorers, func(sc plan.Scorer) bool { return sc.As == x.Scorer && sc.BuiltIn() })
		if i < 0 {
			continue
		}
		if g, err := answers.NewGrader(scorers[i]); err != nil || !g.Groups() {
			continue
		}
		path, err := ws.Check(x.Digest)
		if err != nil {
			return err
		}
		for m := range w.Models {
			table, err := readScoreTable(ctx, path, []string{w.Models[m].Model})
			if err != nil {
				return err
			}
			shown := score.Score{Reason: "see the report: its group has no value"}
			if v := table[0][w.Row-1]; !math.IsNaN(v) {
				shown = score.Score{Graded: true, Value: v}
			}
			w.Models[m].Scores = append(w.Models[m].Scores, shownScore(x.Scorer, shown))
		}
	}
	return nil
}

func shownScore(as string, x score.Score) caseScore {
	out := caseScore{Scorer: as, Value: result.None(), Ungraded: x.Reason, Evidence: x.Evidence}
	if x.Graded {
		out.Value, out.Ungraded = result.Number(x.Value), ""
	}
	return out
}
