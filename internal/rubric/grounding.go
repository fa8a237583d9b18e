package rubric

import (
	"fmt"
	"slices"
	"strings"
)

// Grounding is a way to judge by small statements: the claims of a text, or the passages
// that were retrieved, each with a verdict of its own. The value is a share of them.
type Grounding struct {
	Kind string `json:"kind"` // one of Groundings
	// Criterion, when not empty, is added to the question put about each statement.
	Criterion string `json:"criterion,omitempty"`
	// None is the value of a text without any claim; nil: it is ungraded.
	None *float64 `json:"none,omitempty"`
}

// pass is one list of statements and what is asked about each of them.
type pass struct {
	of      string // whose claims: answer, reference; passages: contexts, each of them one
	ask     string // about each
	against []string
	options []string // the first one is good
	lead    string   // words before its verdicts, but those of the first pass
	// among, when not nil, takes some of the first pass's statements and what is shown with
	// them, by what was said so far, in place of statements of its own. Where it leaves no
	// statement or no context nothing is asked.
	among func(first []statement, said [][]string, s Shown) ([]statement, Shown)
	skip  func(said [][]string) bool // nil: never
}

// kind is a grounding measure.
type kind struct {
	shows  []string
	passes []pass
	value  func(said [][]string) (float64, string) // by pass and statement; or why there is none
	title  string
}

const (
	supported    = "supported"
	contradicted = "contradicted"
	unsupported  = "unsupported"
	relevant     = "relevant"
	irrelevant   = "irrelevant"
)

func inContexts(of string) pass {
	return pass{of: of, against: []string{"contexts"}, options: []string{supported, contradicted, unsupported},
		ask: "Is the statement supported by the contexts? \"supported\": it follows from what they say; \"contradicted\": they say otherwise; \"unsupported\": they say neither. What you know yourself does not count."}
}

func between(of, against, name string) pass {
	return pass{of: of, against: []string{against}, options: []string{supported, unsupported},
		ask: "Is the statement supported by " + name + "? \"supported\": it follows from what is said there; \"unsupported\": it does not. What you know yourself does not count."}
}

// kinds are the measures, by name.
func kinds() map[string]kind {
	answerToReference, referenceToAnswer := between("answer", "reference", "the reference answer"), between("reference", "answer", "the answer to judge")
	referenceToAnswer.lead = "the other way round:"
	passages := func(shows ...string) pass {
		return pass{of: "contexts", against: shows, options: []string{relevant, irrelevant},
			ask: "Does this context help to answer the question? \"relevant\": something in it is needed for, or is part of, a right answer; \"irrelevant\": nothing is."}
	}
	return map[string]kind{
		"faithfulness": {title: "share of the answer's claims that its contexts support", shows: []string{"question", "contexts", "answer"},
			passes: []pass{inContexts("answer")}, value: share(supported)},
		"hallucination": {title: "share of the answer's claims that its contexts do not support", shows: []string{"question", "contexts", "answer"},
			passes: []pass{inContexts("answer")}, value: share(unsupported, contradicted)},
		"contradiction": {title: "share of the answer's claims that its contexts contradict", shows: []string{"question", "contexts", "answer"},
			passes: []pass{inContexts("answer")}, value: share(contradicted)},
		"factual_precision": {title: "share of the answer's claims that the reference supports", shows: []string{"question", "reference", "answer"},
			passes: []pass{answerToReference}, value: share(supported)},
		"factual_recall": {title: "share of the reference's claims that the answer supports", shows: []string{"question", "reference", "answer"},
			passes: []pass{referenceToAnswer}, value: share(supported)},
		"factual_correctness": {title: "harmonic mean of factual precision and recall", shows: []string{"question", "reference", "answer"},
			passes: []pass{answerToReference, referenceToAnswer}, value: harmonic},
		"context_recall": {title: "share of the reference's claims that the contexts support", shows: []string{"question", "contexts", "reference"},
			passes: []pass{inContexts("reference")}, value: share(supported)},
		"context_precision": {title: "mean precision at the ranks of relevant contexts", shows: []string{"question", "contexts", "reference"},
			passes: []pass{passages("question", "reference")}, value: meanPrecision},
		"context_relevance": {title: "share of the contexts that help to answer the question", shows: []string{"question", "contexts"},
			passes: []pass{passages("question")}, value: share(relevant)},
		"answer_relevance": {title: "share of the answer's statements that answer the question", shows: []string{"question", "answer"},
			passes: []pass{{of: "answer", against: []string{"question"}, options: []string{relevant, irrelevant},
				ask: "Does the statement help to answer the question that was asked? \"relevant\": it answers it, or a part of it, or is needed to understand the answer; \"irrelevant\": it does not. Whether it is true does not matter."}}, value: share(relevant)},
		"noise_sensitivity_relevant":   noise(false),
		"noise_sensitivity_irrelevant": noise(true),
		"citation_precision": {title: "share of the answer's citations that support what they stand at", shows: []string{"question", "contexts", "answer"},
			passes: []pass{{of: "citations", against: []string{"contexts"}, options: []string{supported, unsupported},
				ask: "Does the cited context support the statement, or a part of it? Only that context counts."}}, value: share(supported)},
		"citation_recall": {title: "share of the answer's sentences that their citations support", shows: []string{"question", "contexts", "answer"},
			passes: []pass{{of: "sentences", against: []string{"contexts"}, options: []string{supported, unsupported},
				ask: "Do the contexts that are cited at the statement, taken together, support the whole of it? Contexts that are not cited there do not count."}}, value: share(supported)},
	}
}

// Groundings are the names of the measures.
func Groundings() []string {
	var out []string
	for name := range kinds() {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Grounded is the rubric of a measure: what it is, and what its judge is shown.
func Grounded(g Grounding) (Rubric, error) {
	k, ok := kinds()[g.Kind]
	if !ok {
		return Rubric{}, fmt.Errorf("there is no measure %q", g.Kind)
	}
	return Rubric{Grounding: &g, Shows: slices.Clone(k.shows), Evidence: true}, nil
}

// Title says what a measure is.
func (g *Grounding) Title() string { return kinds()[g.Kind].title }

// Less reports whether less of the measure is better.
func (g *Grounding) Less() bool {
	return g.Kind == "hallucination" || g.Kind == "contradiction" || strings.HasPrefix(g.Kind, "noise_sensitivity_")
}

// share of the statements whose verdict is one of names.
func share(names ...string) func([][]string) (float64, string) {
	return func(said [][]string) (float64, string) {
		n := 0
		for _, v := range said[0] {
			if slices.Contains(names, v) {
				n++
			}
		}
		return float64(n) / float64(len(said[0])), ""
	}
}

func harmonic(said [][]string) (float64, string) {
	p, _ := share(supported)(said[:1])
	r, _ := share(supported)(said[1:])
	if p+r == 0 {
		return 0, ""
	}
	return 2 * p * r / (p + r), ""
}

// meanPrecision is Σ precision@k over the ranks k of relevant contexts, over their number;
// 0 where none is relevant. (Ragas divides by a little more and never reaches 1.)
func meanPrecision(said [][]string) (float64, string) {
	hits, sum := 0, 0.0
	for k, v := range said[0] {
		if v == relevant {
			hits++
			sum += float64(hits) / float64(k+1)
		}
	}
	if hits == 0 {
		return 0, ""
	}
	return sum / float64(hits), ""
}

// Bounds of what one reply may hold.
const (
	mostClaims = 100 // of one text
	batch      = 20  // verdicts asked for at once
)

// grounding asks for the claims of each text and then for verdicts on them, a batch at a
// time.
type grounding struct {
	*Rubric
	kind
}

func (p grounding) Turn(s Shown, replies []Reply) Turn {
	switch {
	case slices.Contains(p.shows, "contexts") && len(s.Contexts) == 0:
		return Turn{Verdict: &Verdict{Reason: "there is no context"}}
	case slices.Contains(p.shows, "reference") && len(s.References) == 0:
		return Turn{Verdict: &Verdict{Reason: "there is no reference answer"}}
	}
	var steps []Step
	said := make([][]string, len(p.passes))
	var first []statement
	for i, x := range p.passes {
		if x.skip != nil && x.skip(said) {
			continue
		}
		items, shown, used, turn := p.next(x, first, said, s, replies)
		if turn != nil {
			turn.addSteps(steps)
			return *turn
		}
		if i == 0 {
			first = items
		}
		replies = replies[used:]
		verdicts, turn := p.judge(x, items, shown, &replies)
		for n, v := range verdicts {
			if v.choice == "" { // not reached
				continue
			}
			steps = append(steps, Step{Ask: items[n].text, Choice: v.choice, Evidence: v.evidence, Reasoning: v.reasoning})
			said[i] = append(said[i], v.choice)
		}
		if turn != nil {
			turn.addSteps(steps)
			return *turn
		}
	}
	value, why := p.value(said)
	v := &Verdict{Graded: why == "", Value: value, Reason: why, Steps: steps, Level: tally(said, p.passes)}
	return Turn{Verdict: v}
}

// judge reads the verdicts on the statements of a pass, or asks for the next ones.
func (p grounding) judge(x pass, items []statement, s Shown, replies *[]Reply) ([]reply, *Turn) {
	out := make([]reply, len(items))
	var open []int
	for n, it := range items {
		if out[n].choice = it.known; it.known == "" {
			open = append(open, n)
		}
	}
	for part := range slices.Chunk(open, batch) {
		var asked []statement
		for _, n := range part {
			asked = append(asked, items[n])
		}
		if len(*replies) == 0 {
			q := p.verdictQuestion(x, asked, s)
			return out, &Turn{Ask: &q}
		}
		got, why := (*replies)[0].readVerdicts(len(part), x.options)
		*replies = (*replies)[1:]
		if why != "" {
			return out, &Turn{Verdict: &Verdict{Reason: why}}
		}
		for k, n := range part {
			out[n] = got[k]
		}
	}
	return out, nil
}

func (t *Turn) addSteps(steps []Step) {
	if t.Verdict != nil && len(steps) > 0 {
		t.Verdict.Steps = append(steps, t.Verdict.Steps...)
	}
}

// statement is what a verdict is about.
type statement struct {
	text  string
	cites []int  // contexts, from 1
	known string // its verdict, where nobody need be asked
}

// next are the statements of a pass with what is shown beside them.
func (p grounding) next(x pass, first []statement, said [][]string, s Shown, replies []Reply) (items []statement, shown Shown, used int, turn *Turn) {
	if x.among == nil {
		items, used, turn = p.statements(x, s, replies)
		return items, s, used, turn
	}
	if items, shown = x.among(first, said, s); len(shown.Contexts) == 0 {
		items = nil
	}
	return items, shown, 0, nil
}

// statements are those of a pass. Where the judge has not listed them yet the turn asks it
// to, and where there are none the turn is a verdict.
func (p grounding) statements(x pass, s Shown, replies []Reply) (items []statement, used int, turn *Turn) {
	known := func(reason string) *Turn { return &Turn{Verdict: &Verdict{Reason: reason}} }
	switch x.of {
	case "contexts":
		for _, c := range s.Contexts {
			items = append(items, statement{text: c})
		}
		return items, 0, nil
	case "citations", "sentences":
		items, why := cited(s.Answer, len(s.Contexts), x.of == "citations") // names the verdict where a citation leads nowhere
		if why != "" {
			return nil, 0, p.none(why)
		}
		return items, 0, nil
	}
	if strings.TrimSpace(s.text(x.of)) == "" {
		return nil, 0, p.none("the " + x.of + " is empty: it claims nothing")
	}
	if len(replies) == 0 {
		q := p.claimsQuestion(x.of, s)
		return nil, 0, &Turn{Ask: &q}
	}
	claims, why := replies[0].readClaims()
	switch {
	case why != "":
		return nil, 0, known(why)
	case len(claims) == 0:
		return nil, 0, p.none("the " + x.of + " claims nothing")
	}
	for _, c := range claims {
		items = append(items, statement{text: c})
	}
	return items, 1, nil
}

// none is the verdict on a text that says nothing that could be judged.
func (p grounding) none(why string) *Turn {
	if n := p.Grounding.None; n != nil {
		return &Turn{Verdict: &Verdict{Graded: true, Value: *n, Level: why}}
	}
	return &Turn{Verdict: &Verdict{Reason: why}}
}

func (s Shown) text(of string) string {
	if of == "reference" {
		return strings.Join(s.References, "\n")
	}
	return s.Answer
}

// tally is "3 supported, 1 unsupported".
func tally(said [][]string, passes []pass) string {
	var parts []string
	for i, list := range said {
		if i > 0 && len(list) > 0 {
			parts = append(parts, passes[i].lead)
		}
		for _, o := range passes[i].options {
			n := 0
			for _, v := range list {
				if v == o {
					n++
				}
			}
			if n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", n, o))
			}
		}
	}
	return strings.ReplaceAll(strings.Join(parts, ", "), ":,", ":")
}
