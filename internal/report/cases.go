package report

import (
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
)

// caseGroup is the shown cases of one kind.
type caseGroup struct {
	Title string
	Open  bool
	Cases []shownCase
}

type shownCase struct {
	record.Case
	Answers []shownAnswer
}

type shownAnswer struct {
	record.CaseAnswer
	Parts []part
}

// part is a stretch of an output; New where the other model's has not got it.
type part struct {
	Text string
	New  bool
}

// ShownCases counts the cases on the page.
func (p *page) ShownCases() int { return len(p.Cases) }

// shownCases groups a record's cases by why they are shown.
func shownCases(r *record.Record) []caseGroup {
	groups := []caseGroup{{Title: "The candidate is worse", Open: true}, {Title: "The candidate is better"}, {Title: "Ungraded"}, {Title: "Lowest scores, no difference"}}
	for _, c := range r.Cases {
		at := 3
		for i, start := range []string{"worse", "better", "ungraded"} {
			if strings.HasPrefix(c.Why, start) {
				at = i
			}
		}
		groups[at].Cases = append(groups[at].Cases, shownCase{c, marked(c.Answers)})
	}
	var out []caseGroup
	for _, g := range groups {
		if len(g.Cases) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// marked are the answers with the words marked that candidate and baseline do not share.
func marked(list []record.CaseAnswer) []shownAnswer {
	out := make([]shownAnswer, len(list))
	cand, base := -1, -1
	for i, a := range list {
		out[i] = shownAnswer{a, []part{{Text: a.Output}}}
		switch {
		case a.NoOutput != "":
		case a.Model == "candidate":
			cand = i
		case a.Model == "baseline":
			base = i
		}
	}
	if cand >= 0 && base >= 0 {
		out[cand].Parts, out[base].Parts = differences(list[cand].Output, list[base].Output)
	}
	return out
}

// mostWords bounds the table of a comparison by words.
const mostWords = 600

// differences splits two texts into what both have, in order (a longest common
// subsequence of words), and what only one has.
func differences(a, b string) (left, right []part) {
	x, y := words(a), words(b)
	if len(x) > mostWords || len(y) > mostWords {
		return []part{{Text: a}}, []part{{Text: b}}
	}
	same := make([][]uint16, len(x)+1)
	for i := range same {
		same[i] = make([]uint16, len(y)+1)
	}
	key := strings.TrimSpace
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if key(x[i]) == key(y[j]) {
				same[i][j] = same[i+1][j+1] + 1
			} else {
				same[i][j] = max(same[i+1][j], same[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case i < len(x) && j < len(y) && key(x[i]) == key(y[j]):
			left, right = with(left, x[i], false), with(right, y[j], false)
			i, j = i+1, j+1
		case j == len(y) || i < len(x) && same[i+1][j] >= same[i][j+1]:
			left, i = with(left, x[i], true), i+1
		default:
			right, j = with(right, y[j], true), j+1
		}
	}
	return left, right
}

func with(list []part, text string, only bool) []part {
	if n := len(list); n > 0 && list[n-1].New == only {
		list[n-1].Text += text
		return list
	}
	return append(list, part{text, only})
}

// words cuts a text after its blanks, so that the pieces make up the text.
func words(s string) []string {
	var out []string
	start, blank := 0, false
	for i, r := range s {
		is := r == ' ' || r == '\n' || r == '\t'
		if blank && !is {
			out, start = append(out, s[start:i]), i
		}
		blank = is
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}
