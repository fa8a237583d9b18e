package gate

import (
	"fmt"

	"github.com/fairtrial/fairtrial/internal/result"
)

// Controlled adds a degraded control to an outcome. A control that passes shows that the
// gates cannot tell such a candidate from a good one: a go is then inconclusive. Nothing
// else softens or hardens a verdict.
func Controlled(o *result.Outcome, c *result.Control) {
	what := fmt.Sprintf("the degraded control (%s of the candidate's answers given to other rows)", result.Percent(c.Degrade))
	switch c.Decision {
	case result.NoGo:
		c.Sentence = "As it must, " + what + " is stopped by: " + failing(c) + "."
	case result.Go:
		c.Sentence = "What must not be: " + what + " passes every blocking gate, so these gates cannot tell it from a good candidate."
	default:
		c.Sentence = "As it must, " + what + " does not pass; it is inconclusive."
	}
	o.Control = c
	if c.Decision != result.Go || o.Decision != result.Go {
		return
	}
	o.Decision = result.DecisionInconclusive
	o.Sentence = "Inconclusive: every blocking gate passes, but so does a control with " + result.Percent(c.Degrade) + " of the candidate's answers given to other rows."
	o.Reasons = append(o.Reasons, c.Sentence)
	o.Next = []string{"Ask for more, of another metric, or of more rows: fairtrial rehearse says what would stop such a control."}
}

func failing(c *result.Control) string {
	out, n := "", 0
	for _, g := range c.Gates {
		if g.Verdict != result.Fail {
			continue
		}
		if n++; n > 3 {
			continue
		}
		if out != "" {
			out += ", "
		}
		out += fmt.Sprintf("%q", g.Name)
	}
	if n > 3 {
		out += fmt.Sprintf(" and %d more", n-3)
	}
	return out
}
