package cli

import (
	"context"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/eval"
)

// gradeGroups has the scorers that look at groups of cases grade them, before each case's
// scores are wanted. It holds the answers of the groups that are not whole yet.
func gradeGroups(ctx context.Context, s *eval.Setup, from outputs, list []*answers.GroupGrader) error {
	if len(list) == 0 {
		return nil
	}
	for c, err := range eachCase(ctx, s) {
		if err != nil {
			return err
		}
		for _, g := range list {
			if err := g.Count(c); err != nil {
				return inCases(s.Plan, err)
			}
		}
	}
	_, err := beside(ctx, s, from, func(c *answers.Case, given []answers.Answer) error {
		for _, g := range list {
			if err := g.Add(c, given); err != nil {
				return inCases(s.Plan, err)
			}
		}
		return ctx.Err()
	})
	return err
}
