package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
)

// texts are those that have to be read, each once.
func (e *Env) texts(ctx context.Context, s *eval.Setup, from outputs, a *answers.TextAsker) iter.Seq2[collect.Case, error] {
	return func(yield func(collect.Case, error) bool) {
		_, err := beside(ctx, s, from, func(c *answers.Case, given []answers.Answer) error {
			for _, q := range a.Questions(c, given) {
				if !yield(q, nil) {
					return errEnough
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(collect.Case{}, err)
		}
	}
}

// textsLine says who will be asked, and about how many texts at the most; perCase is the
// number of answers to a case.
func textsLine(sc plan.Scorer, rows, perCase int64) string {
	line := fmt.Sprintf("%s %s: %s, %s", sc.Type, sc.As, sc.Asks()[0], sc.Identity())
	if rows == 0 {
		return line
	}
	line += fmt.Sprintf(", up to %s answers", result.Count(rows*perCase))
	switch {
	case sc.Similar == nil:
	case len(sc.Similar.Value) > 0:
		line += fmt.Sprintf(" and %s values", result.Count(rows*int64(len(sc.Similar.Value))))
	default:
		line += " and each reference"
	}
	return line
}

// textsGrader grades by what an embedding model or a classifier said.
func textsGrader(sc plan.Scorer, said answers.Lookup) (saidGrader, error) {
	if sc.Similar != nil {
		return answers.NewSimilarGrader(sc, said)
	}
	return answers.NewClassifierGrader(sc, said), nil
}
