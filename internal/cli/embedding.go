package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/store"
)

// embed has an embedding model turn the stored answers, and what they are compared with,
// into vectors.
func (e *Env) embed(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, from outputs, sc plan.Scorer, key string, was earlierScores) (record.Judging, error) {
	run := record.Judging{Scorer: sc.As, Judge: key, Identity: sc.Identity()}
	a, err := answers.NewSimilarAsker(s.Plan, sc, key, e.Getenv)
	if err != nil {
		return run, &plan.Errors{List: []plan.Problem{e.askedProblem(s.Plan, sc, key, err)}}
	}
	defer a.Close()
	of := s.Plan.Asked(sc, key)
	again, took := was.stage(sc, key)
	o := answers.Options(s.Plan, of)
	o.Fresh = was.fresh && !again
	run.Account, err = e.collectOne(cmd, ws, s.Plan, collection{what: fmt.Sprintf("%s for %s", key, sc.As), key: sc.As + " by " + key, folder: []string{"embeddings", sc.As, key}, of: of,
		provider: a.Provider, questions: e.texts(cmd.Context(), s, from, a), options: o, again: again, took: took, noCache: was.fresh && again})
	return run, err
}

// texts are those that an embedding model has to read, each once.
func (e *Env) texts(ctx context.Context, s *eval.Setup, from outputs, a *answers.SimilarAsker) iter.Seq2[collect.Case, error] {
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

// similarLine says who will be asked, and for how many embeddings at the most; perCase is
// the number of answers to a case.
func similarLine(sc plan.Scorer, rows, perCase int64) string {
	line := fmt.Sprintf("%s: %s, %s", sc.As, sc.Asks()[0], sc.Identity())
	if n := len(sc.Similar.Value); rows > 0 && n > 0 {
		line += fmt.Sprintf(", up to %s embeddings", result.Count(rows*(perCase+int64(n))))
	} else if rows > 0 {
		line += fmt.Sprintf(", up to %s embeddings of answers, and one of each reference", result.Count(rows*perCase))
	}
	return line
}
