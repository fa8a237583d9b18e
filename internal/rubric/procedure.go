package rubric

import (
	"fmt"

	"github.com/fairtrial/fairtrial/internal/provider"
)

// Procedure is a way to judge: a sequence of questions about one answer that ends in a
// verdict. It holds no state: the same replies lead to the same turn, so that a stored
// conversation can be gone through again, and one that was cut off goes on.
type Procedure interface {
	// Turn gives the question that follows the replies so far, or the verdict. Replies are
	// to the questions that it gave, in order.
	Turn(s Shown, replies []Reply) Turn
}

// Turn is either a question or a verdict: one of them is nil.
type Turn struct {
	Ask     *Question
	Verdict *Verdict
}

// Reply is what a judge said to a question.
type Reply struct {
	Text     string
	Refused  bool   // the provider marked it as a refusal
	Finish   string // why the reply ended, as the provider says
	Logprobs []provider.Logprob
	Failed   string // there is no reply, and why
}

// Verdict is what a judge found. Without Graded there is a reason, and the value means
// nothing.
type Verdict struct {
	Graded    bool
	Value     float64
	Level     string   // its name; of a tree the options taken: "yes > no"
	Evidence  []string // quotations, as the judge gave them
	Reasoning string
	Reason    string // why it is ungraded
	Steps     []Step // of a tree
	// Weighted: Value is the mean of the levels, weighted by the probabilities that the judge
	// gave them.
	Weighted bool
}

// Step is one question of a tree and its answer.
type Step struct {
	Ask       string
	Choice    string
	Evidence  []string
	Reasoning string
}

// Procedure of a rubric. logprobs: levels are weighted by their probabilities where the
// replies have them.
func (r *Rubric) Procedure(logprobs bool) Procedure {
	if r.Tree != nil {
		return tree{r}
	}
	return levels{r, logprobs}
}

// levels asks once.
type levels struct {
	*Rubric
	logprobs bool
}

func (p levels) Turn(s Shown, replies []Reply) Turn {
	if len(replies) == 0 {
		q := p.levelQuestion(s)
		return Turn{Ask: &q}
	}
	said, why := replies[0].read("level", p.names())
	if why != "" {
		return ungraded(why, said, nil)
	}
	l, _ := p.level(said.choice)
	v := &Verdict{Graded: true, Value: l.Value, Level: l.Name, Evidence: said.evidence, Reasoning: said.reasoning}
	if p.logprobs {
		if x, ok := p.weigh(replies[0], said.at); ok {
			v.Value, v.Weighted = x, true
		}
	}
	return Turn{Verdict: v}
}

// tree asks from the root to a leaf.
type tree struct{ *Rubric }

func (p tree) Turn(s Shown, replies []Reply) Turn {
	at, path := p.Tree, ""
	var steps []Step
	for _, r := range replies {
		var names []string
		for _, o := range at.Options {
			names = append(names, o.Name)
		}
		said, why := r.read("choice", names)
		if why != "" {
			return ungraded(fmt.Sprintf("question %d: %s", len(steps)+1, why), said, steps)
		}
		for _, o := range at.Options {
			if fold(o.Name) != fold(said.choice) {
				continue
			}
			steps = append(steps, Step{at.Ask, o.Name, said.evidence, said.reasoning})
			if path != "" {
				path += " > "
			}
			path += o.Name
			if o.Value != nil {
				return Turn{Verdict: &Verdict{Graded: true, Value: *o.Value, Level: path, Evidence: said.evidence, Reasoning: said.reasoning, Steps: steps}}
			}
			at = o.Then
			break
		}
	}
	q := p.treeQuestion(at, s)
	return Turn{Ask: &q}
}

func ungraded(why string, said reply, steps []Step) Turn {
	return Turn{Verdict: &Verdict{Reason: why, Evidence: said.evidence, Reasoning: said.reasoning, Steps: steps}}
}
