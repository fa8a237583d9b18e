package rubric

import (
	"fmt"
	"strings"
)

// claimsQuestion asks for the claims of a text.
func (p grounding) claimsQuestion(of string, s Shown) Question {
	name := map[string]string{"answer": "answer to judge", "reference": "reference answer"}[of]
	instructions := "You list what a text claims, so that each claim can be checked by itself. The text is the block \"" + name + "\"; a question, where one is shown, is there only so that the text can be understood.\n\n" +
		"A claim is one short sentence that can be understood without the text: names instead of pronouns, one fact each. Keep the text's own meaning, numbers and negations. Leave out greetings, questions, and what claims nothing (\"I do not know\"). Add nothing that the text does not say, whether it is true or not. Say nothing twice.\n\n" +
		fencing + "\n\n" + fmt.Sprintf("Reply with one JSON object and nothing else: {\"claims\": [\"…\", …]}. A text that claims nothing has {\"claims\": []}. At most %d claims.", mostClaims)
	blocks := s.blocks("question")
	if of == "reference" {
		blocks = append(blocks, block{name, s.text(of)})
	} else {
		blocks = append(blocks, block{name, s.Answer})
	}
	text, code := fenced(blocks)
	return Question{instructions, text + fmt.Sprintf("The code of these blocks is %s. Reply with the JSON object that holds %q.", code, "claims")}
}

// verdictQuestion asks for a verdict on each of some statements.
func (p grounding) verdictQuestion(x pass, items []statement, s Shown) Question {
	what := "statement"
	if x.of == "contexts" {
		what = "context"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "You judge each of some numbered %ss by itself. You do not know who wrote them, and it does not matter.\n\n%s", what, x.ask)
	if p.Grounding.Criterion != "" {
		fmt.Fprintf(&b, "\n\n%s", strings.TrimSpace(p.Grounding.Criterion))
	}
	fmt.Fprintf(&b, "\n\n%s\n\n", fencing)
	form := `"verdict": "…"`
	if p.Evidence {
		form = `"evidence": "…", "reasoning": "…", ` + form
	}
	fmt.Fprintf(&b, "Reply with one JSON object and nothing else: {\"verdicts\": [{\"number\": 1, %s}, …]}, with the keys in this order and one entry for each %s, by its number.", form, what)
	if p.Evidence {
		b.WriteString(" \"evidence\" is the short passage of the material, word for word, that decides, or \"\" where there is none; \"reasoning\" is one sentence.")
	}
	fmt.Fprintf(&b, " \"verdict\" is exactly one of %s.", quoted(x.options))
	blocks := s.blocks(x.against...)
	if x.against[0] == "answer" {
		blocks = append(blocks, block{"answer to judge", s.Answer})
	}
	for i, it := range items {
		name := fmt.Sprintf("%s %d", what, i+1)
		if x.of == "contexts" {
			name += " to judge"
		}
		if len(it.cites) > 0 {
			name += ", citing context " + list(it.cites)
		}
		blocks = append(blocks, block{name, it.text})
	}
	text, code := fenced(blocks)
	return Question{b.String(), text + fmt.Sprintf("The code of these blocks is %s. Judge the %d numbered %ss, and reply with the JSON object that holds %q.", code, len(items), what, "verdicts")}
}

func list(numbers []int) string {
	var out []string
	for _, n := range numbers {
		out = append(out, fmt.Sprint(n))
	}
	return strings.Join(out, " and ")
}

// words are all that a judge of the measure is asked, about nothing.
func (p grounding) words() []Question {
	var out []Question
	for _, x := range p.passes {
		if x.among == nil && (x.of == "answer" || x.of == "reference") {
			out = append(out, p.claimsQuestion(x.of, Shown{}))
		}
		out = append(out, p.verdictQuestion(x, []statement{{}}, Shown{}))
	}
	return out
}
