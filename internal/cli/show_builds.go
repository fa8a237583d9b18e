package cli

import (
	"slices"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/score"
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

func shownScore(as string, x score.Score) caseScore {
	out := caseScore{Scorer: as, Value: result.None(), Ungraded: x.Reason, Evidence: x.Evidence}
	if x.Graded {
		out.Value, out.Ungraded = result.Number(x.Value), ""
	}
	return out
}
