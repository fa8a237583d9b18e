package answers

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/provider"
	"github.com/fairtrial/fairtrial/internal/rubric"
	"github.com/fairtrial/fairtrial/internal/score"
)

// JudgeAsker makes the questions of one judge of a scorer.
type JudgeAsker struct {
	Provider  provider.Provider
	recorded  bool
	alone     bool // it reads one text, not a conversation
	procedure rubric.Procedure
	rubric    rubric.Rubric
}

// NewJudgeAsker opens a judge's provider: recorded verdicts are read and checked, keys are
// looked up, nothing is asked.
func NewJudgeAsker(p *plan.Plan, j *plan.JudgeScorer, key string, getenv func(string) string) (*JudgeAsker, error) {
	a := p.Judge(key)
	if a == nil {
		return nil, fmt.Errorf("the plan has no judge %q", key)
	}
	out := &JudgeAsker{recorded: a.Recorded(), alone: a.Provider == "command" || a.Provider == "http", procedure: j.Rubric.Procedure(j.Logprobs), rubric: j.Rubric}
	c := config(p, a.Answers, getenv)
	if a.Recorded() {
		v, err := openVerdicts(c.Source, p, j.Repeats)
		if err != nil {
			return nil, err
		}
		out.Provider = v
		return out, nil
	}
	if j.Logprobs {
		c.Params = maps.Clone(c.Params)
		if c.Params == nil {
			c.Params = map[string]any{}
		}
		c.Params["logprobs"] = true
		if _, set := c.Params["top_logprobs"]; !set {
			c.Params["top_logprobs"] = 10
		}
	}
	var err error
	if out.Provider, err = provider.New(c); err != nil {
		return nil, err
	}
	return out, nil
}

// Close lets go of what the provider holds.
func (a *JudgeAsker) Close() {
	if c, ok := a.Provider.(interface{ Close() error }); ok {
		_ = c.Close()
	}
}

// Item is an answer as judges see it. Equal answers to a case are one item, whoever gave
// them: a judge that does not know whose they are has one verdict for both.
type Item struct {
	ID    string // of the verdicts
	Shown rubric.Shown
}

// Items are the answers to a case that a judge has to read, in the order of the models,
// none twice. Recorded verdicts are looked up by model.
func Items(r *rubric.Rubric, c *Case, models []string, given []Answer, recorded bool) []Item {
	var out []Item
	seen := map[string]bool{}
	for m, a := range given {
		for k := range a.Samples {
			if a.Samples[k].NoOutput != "" {
				continue
			}
			x := item(r, c, models[m], k, &a.Samples[k], recorded)
			if !seen[x.ID] {
				seen[x.ID] = true
				out = append(out, x)
			}
		}
	}
	return out
}

func item(r *rubric.Rubric, c *Case, model string, sample int, s *score.Case, recorded bool) Item {
	shown := rubric.Shown{Question: s.Question, References: s.References, Answer: s.Output}
	for _, x := range s.Contexts {
		text := x.Text
		if text == "" {
			text = x.ID
		}
		shown.Contexts = append(shown.Contexts, text)
	}
	shown = r.Only(shown)
	if recorded {
		return Item{verdictID(c.ID, model, sample), shown}
	}
	return Item{c.ID + "#" + shown.Digest(c.ID), shown}
}

// verdictID names recorded verdicts on an answer.
func verdictID(id, model string, sample int) string {
	b, err := json.Marshal([]any{id, model, sample})
	if err != nil { // texts and numbers always encode
		panic(err)
	}
	return string(b)
}

// First is the first question about an item.
func (a *JudgeAsker) First(x Item) collect.Case {
	t := a.procedure.Turn(x.Shown, nil)
	if t.Ask == nil { // no procedure knows a verdict before it asks
		panic("a verdict without a question")
	}
	return a.question(x, *t.Ask, 0)
}

// Next gives the question that follows the answers so far (collect.Options.Next).
func (a *JudgeAsker) Next(first collect.Case, sofar []*collect.Entry) (collect.Case, bool) {
	x, ok := first.About.(Item)
	if !ok {
		return collect.Case{}, false
	}
	t := a.procedure.Turn(x.Shown, replies(sofar))
	if t.Ask == nil {
		return collect.Case{}, false
	}
	return a.question(x, *t.Ask, len(sofar)), true
}

func (a *JudgeAsker) question(x Item, q rubric.Question, step int) collect.Case {
	c := collect.Case{ID: x.ID, About: x, Vars: map[string]any{"step": step}}
	if a.recorded {
		return c
	}
	c.Messages = q.Messages(a.alone)
	c.Vars["answer"] = x.Shown.Answer
	if x.Shown.Question != "" {
		c.Vars["question"] = x.Shown.Question
	}
	if x.Shown.Contexts != nil {
		c.Vars["contexts"] = x.Shown.Contexts
	}
	if x.Shown.References != nil {
		c.Vars["reference"] = x.Shown.References
	}
	return c
}

// Check makes a whole request, so that what cannot be asked is told before anything is,
// and looks whether recorded verdicts are all on cases that there are.
func (a *JudgeAsker) Check(ids func() (map[string]bool, error)) error {
	if v, ok := a.Provider.(*verdicts); ok {
		known, err := ids()
		if err != nil {
			return err
		}
		return v.strange(func(id string) bool { return known[id] })
	}
	x := Item{ID: "check", Shown: a.rubric.Only(rubric.Shown{Question: "?", Contexts: []string{"?"}, References: []string{"?"}, Answer: "?"})}
	q := a.First(x)
	_, err := a.Provider.Encode(provider.Request{ID: q.ID, Messages: q.Messages, Vars: q.Vars})
	return err
}

func replies(entries []*collect.Entry) []rubric.Reply {
	out := make([]rubric.Reply, len(entries))
	for i, e := range entries {
		switch {
		case e.Err != nil && e.Err.Kind == provider.Missing:
			out[i].Failed = "no verdict is recorded"
		case e.Err != nil:
			out[i].Failed = "the judge gave no reply: " + e.Err.Message
		default:
			out[i] = rubric.Reply{Text: e.Answer.Output, Refused: e.Answer.Refusal, Finish: e.Answer.Finish, Logprobs: e.Answer.Logprobs}
		}
	}
	return out
}

// verdict goes through a stored conversation again.
func verdict(p rubric.Procedure, shown rubric.Shown, entries []*collect.Entry) rubric.Verdict {
	said := replies(entries)
	for n := range said {
		if t := p.Turn(shown, said[:n+1]); t.Verdict != nil {
			return *t.Verdict
		}
	}
	return rubric.Verdict{Reason: "the judge was not asked to the end"}
}
