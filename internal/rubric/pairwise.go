package rubric

import (
	"fmt"
	"strings"
)

// pairwise asks which of two answers is better, twice: in either order. Only a judge that
// prefers the same answer both times has a preference; everything else is a tie, and a
// preference for a place is known as such.
type pairwise struct{ *Rubric }

// Sides of a comparison as the judge names them.
const (
	first  = "first"
	second = "second"
	tie    = "tie"
)

func (p pairwise) Turn(s Shown, replies []Reply) Turn {
	if strings.TrimSpace(s.Answer) == strings.TrimSpace(s.Other) {
		return Turn{Verdict: &Verdict{Graded: true, Value: 0.5, Level: "tie", Reasoning: "the answers are the same: the judge is not asked"}}
	}
	var steps []Step
	var said []string
	for i, r := range replies[:min(len(replies), 2)] {
		got, why := r.read("better", []string{first, second, tie})
		if why != "" {
			return ungraded(fmt.Sprintf("order %d: %s", i+1, why), got, steps)
		}
		choice := fold(got.choice)
		steps = append(steps, Step{Ask: []string{"this answer first, the other second", "the other answer first, this one second"}[i], Choice: choice, Evidence: got.evidence, Reasoning: got.reasoning})
		said = append(said, choice)
	}
	if len(said) < 2 {
		q := p.pairQuestion(s, len(said) == 1)
		return Turn{Ask: &q}
	}
	v := &Verdict{Graded: true, Value: 0.5, Level: "tie", Steps: steps, Compared: true, Flipped: said[0] != opposite(said[1])}
	switch {
	case v.Flipped && said[0] == said[1]:
		v.Place = said[0]
	case v.Flipped:
	case said[0] == first:
		v.Value, v.Level = 1, "better"
	case said[0] == second:
		v.Value, v.Level = 0, "worse"
	}
	return Turn{Verdict: v}
}

func opposite(side string) string {
	switch side {
	case first:
		return second
	case second:
		return first
	}
	return side
}

// pairQuestion asks which of the two is better. swapped: the other one comes first.
func (r *Rubric) pairQuestion(s Shown, swapped bool) Question {
	var b strings.Builder
	fmt.Fprintf(&b, "You compare two answers that somebody gave to the same question. You do not know who gave them, and it does not matter. Which one comes first is chance. You compare them by one criterion, and by nothing else:\n\n%s\n\n", strings.TrimSpace(r.Criterion))
	b.WriteString("You choose exactly one of:\n- \"first\": the first answer is better by the criterion\n- \"second\": the second one is\n- \"tie\": neither is clearly better\n\nLength is no merit.\n\n")
	b.WriteString(fencing + "\n\n" + r.form("better", []string{first, second, tie}))
	one, two := s.Answer, s.Other
	if swapped {
		one, two = two, one
	}
	text, code := fenced(append(s.blocks(Parts()...), block{"first answer", one}, block{"second answer", two}))
	if len(s.References) > 1 {
		text += "Each of the reference answers is right.\n"
	}
	return Question{b.String(), text + fmt.Sprintf("The code of these blocks is %s. Compare the answers, and reply with the JSON object that ends in %q.", code, "better")}
}
