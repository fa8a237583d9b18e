package answers

import (
	"encoding/json"
	"fmt"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/score"
)

// ClassifierGrader scores answers by the number that a classifier gave them. One goroutine
// at a time.
type ClassifierGrader struct {
	c      *plan.ClassifierScorer
	lookup Lookup
}

// NewClassifierGrader grades by the replies that lookup finds, by the id of their text.
func NewClassifierGrader(s plan.Scorer, lookup Lookup) *ClassifierGrader {
	return &ClassifierGrader{s.Classified, lookup}
}

// Grade gives the score of a case for each model: the mean over its samples. It is
// ungraded, with a reason, when any sample is.
func (g *ClassifierGrader) Grade(_ *Case, given []Answer) ([]score.Score, error) {
	return eachOutput(given, func(output string) (score.Score, error) {
		entries, err := g.lookup(0, textID(output))
		if err != nil {
			return score.Score{}, err
		}
		x := score.Score{Reason: "the classifier was not asked"}
		for _, e := range entries {
			if e.Err != nil {
				x = score.Score{Reason: "the classifier gave no reply: " + e.Err.Message}
				continue
			}
			x = g.read(e.Answer.Output)
		}
		return reach(x, g.c.Threshold), nil
	})
}

func (g *ClassifierGrader) read(reply string) score.Score {
	x, why := classified(reply, g.c.Category)
	if why == "" && !(x >= g.c.Lower && x <= g.c.Upper) {
		why = fmt.Sprintf("the classifier's number %g lies outside the range from %g to %g", x, g.c.Lower, g.c.Upper)
	}
	if why != "" {
		return score.Score{Reason: why}
	}
	return score.Score{Graded: true, Raw: x, Evidence: fmt.Sprintf("%.4g", x)}
}

// classified finds the number of a category in a classifier's reply: {category: number}, or
// a list of {label, score}, within other lists where texts came in batches. Without a
// category the reply is the number.
func classified(reply, category string) (x float64, why string) {
	var v any
	if err := json.Unmarshal([]byte(reply), &v); err != nil {
		return 0, "the classifier's reply is neither a number nor JSON: " + clip(reply)
	}
	if category != "" {
		for {
			inner, ok := v.([]any)
			if !ok || len(inner) != 1 {
				break
			}
			if _, ok := inner[0].([]any); !ok {
				break
			}
			v = inner[0]
		}
		if v, why = ofCategory(v, category); why != "" {
			return 0, why + ": " + clip(reply)
		}
	}
	x, ok := v.(float64)
	if !ok {
		return 0, "the classifier gave no number: " + clip(reply)
	}
	return x, ""
}

func ofCategory(v any, category string) (found any, why string) {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		if x, ok := v[category]; ok {
			found, n = x, 1
		}
	case []any:
		for _, e := range v {
			if m, ok := e.(map[string]any); ok && m["label"] == category {
				found, n = m["score"], n+1
			}
		}
	}
	switch n {
	case 0:
		return nil, fmt.Sprintf("the classifier's reply has no category %q", category)
	case 1:
		return found, ""
	}
	return nil, fmt.Sprintf("the classifier's reply has the category %q %d times", category, n)
}
