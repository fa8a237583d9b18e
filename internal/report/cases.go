package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// caseGroup is the shown cases of one kind.
type caseGroup struct {
	Kind  string
	Title string
	Count string // "12 of 140 shown"
	First string // how they were chosen
	Open  bool
	Cases []shownCase
}

// shownCase is a case with its texts cut and made visible.
type shownCase struct {
	record.Case
	Kinds   string // for the filter: "pass_to_fail flip"
	Within  string // indices of slices, between blanks
	Scores  string // the candidate's, in the order of the page's scorers; empty: ungraded
	Answers []shownAnswer
}

type shownAnswer struct {
	record.CaseAnswer
	Parts []part
	Cut   string // "The first 2 000 of 14 312 characters."
	Whole string // the command that shows all
	Note  string // why no words are marked
}

func caseGroups() []caseGroup {
	return []caseGroup{
		{Kind: record.PassToFail, Title: "Flipped from pass to fail", Open: true},
		{Kind: record.FailToPass, Title: "Flipped from fail to pass"},
		{Kind: record.Worse, Title: "The candidate is worse", Open: true},
		{Kind: record.Better, Title: "The candidate is better"},
		{Kind: record.Ungraded, Title: "Ungraded"},
		{Kind: record.Low, Title: "Lowest scores, no difference"},
	}
}

// ShownCases counts the cases on the page.
func (p *page) ShownCases() int { return len(p.Cases) }

// shownCases groups a record's cases by why they are shown, texts no longer than most.
func shownCases(r *record.Record, f filters, most int) []caseGroup {
	groups := caseGroups()
	for _, c := range r.Cases {
		kind := c.Kind
		if kind == "" { // of an earlier version: "worse than the baseline by right"
			kind, _, _ = strings.Cut(c.Why, " ")
		}
		at := slices.IndexFunc(groups, func(g caseGroup) bool { return g.Kind == kind })
		if at < 0 {
			at = len(groups) - 1
		}
		groups[at].Cases = append(groups[at].Cases, shown(c, groups[at].Kind, f, most))
	}
	var out []caseGroup
	for _, g := range groups {
		if len(g.Cases) == 0 {
			continue
		}
		g.Count = fmt.Sprintf("%d shown", len(g.Cases))
		for _, k := range r.CaseKinds {
			if k.Kind == g.Kind {
				g.Count, g.First = fmt.Sprintf("%d of %s shown", len(g.Cases), result.Count(k.Cases)), k.First
			}
		}
		out = append(out, g)
	}
	return out
}

func shown(c record.Case, kind string, f filters, most int) shownCase {
	out := shownCase{Case: c, Kinds: f.kinds(c, kind), Within: f.within(c), Scores: f.scores(c)}
	out.ID, out.Why, out.Question, out.Case.Slices = visible(clip(c.ID, 200)), visible(clip(c.Why, 300)), shorter(c.Question, most), nil
	for _, s := range c.Slices {
		out.Case.Slices = append(out.Case.Slices, visible(clip(s, 80)))
	}
	out.Reference, out.Contexts = texts(c.Reference, most), passages(c.Contexts, most)
	list := slices.Clone(c.Answers)
	slices.SortStableFunc(list, func(a, b record.CaseAnswer) int { return seat(a.Model) - seat(b.Model) })
	for i := range list {
		a := &list[i]
		a.Contexts, a.NoOutput, a.Scores = passages(a.Contexts, most), shorter(a.NoOutput, most), slices.Clone(a.Scores)
		for k := range a.Scores {
			s := &a.Scores[k]
			s.Note, s.Verdicts = shorter(s.Note, most), said(s.Verdicts, most)
		}
	}
	out.Answers = marked(list, most)
	for i := range out.Answers {
		out.Answers[i].Whole = "fairtrial show " + f.Run + " --case " + shellWord(c.ID)
	}
	return out
}

// shellWord is an id as a shell takes it; ID for one that cannot be typed.
func shellWord(id string) string {
	if visible(id) != id || utf8.RuneCountInString(id) > 200 {
		return "ID"
	}
	if strings.ContainsFunc(id, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.:/", r)
	}) {
		return "'" + strings.ReplaceAll(id, "'", `'\''`) + "'"
	}
	return id
}

// seat puts the candidate left, the baseline right of it, and others after them.
func seat(model string) int {
	return max(0, slices.Index([]string{"candidate", "baseline", model}, model))
}

// said are verdicts with their texts cut.
func said(list []record.CaseVerdict, most int) []record.CaseVerdict {
	out := slices.Clone(list)
	for i := range out {
		v := &out[i]
		v.Judge, v.Level, v.Evidence, v.Reasoning, v.Ungraded, v.Steps = visible(clip(v.Judge, 80)), shorter(v.Level, most), texts(v.Evidence, most), shorter(v.Reasoning, most), shorter(v.Ungraded, most), slices.Clone(v.Steps)
		for n := range v.Steps {
			s := &v.Steps[n]
			s.Ask, s.Choice, s.Evidence, s.Reasoning = shorter(s.Ask, most), shorter(s.Choice, most), texts(s.Evidence, most), shorter(s.Reasoning, most)
		}
	}
	return out
}

func texts(list []string, most int) []string {
	var out []string
	for i, s := range list {
		if i == mostTexts {
			return append(out, fmt.Sprintf("… %d of %d", i, len(list)))
		}
		out = append(out, shorter(s, most))
	}
	return out
}

// mostTexts bounds lists of references and quotations.
const mostTexts = 20

func passages(list []record.Passage, most int) []record.Passage {
	out := slices.Clone(list)
	for i := range out {
		out[i].ID, out[i].Text = shorter(out[i].ID, most), shorter(out[i].Text, most)
	}
	return out
}

// shorter cuts a text where the page would grow too large, and says so.
func shorter(s string, most int) string {
	if utf8.RuneCountInString(s) <= most+40 { // with the mark of a cut that the record made
		return visible(s)
	}
	return visible(string([]rune(s)[:most])) + fmt.Sprintf(" … (cut to %s characters to keep this page small)", result.Count(int64(most)))
}

// marked are the answers with the words marked that candidate and baseline do not share.
func marked(list []record.CaseAnswer, most int) []shownAnswer {
	out := make([]shownAnswer, len(list))
	cand, base := -1, -1
	for i, a := range list {
		length := max(a.Length, int64(utf8.RuneCountInString(a.Output)))
		if r := []rune(a.Output); len(r) > most {
			a.Output = string(r[:most])
		}
		a.Output = visible(a.Output)
		out[i] = shownAnswer{CaseAnswer: a, Parts: []part{{Text: a.Output}}}
		if n := int64(min(most, utf8.RuneCountInString(list[i].Output))); n < length {
			out[i].Cut = fmt.Sprintf("The first %s of %s characters.", result.Count(n), result.Count(length))
		}
		switch {
		case a.NoOutput != "":
		case a.Model == "candidate":
			cand = i
		case a.Model == "baseline":
			base = i
		}
	}
	if cand >= 0 && base >= 0 {
		a, b := &out[cand], &out[base]
		var compared bool
		if a.Parts, b.Parts, compared = differences(a.Output, b.Output); !compared {
			a.Note = fmt.Sprintf("No words are marked: an answer has more than %s.", result.Count(mostWords))
			b.Note = a.Note
		}
	}
	return out
}

// visible shows what would steer a page's text unseen: control characters, changes of
// direction that reach beyond their word, signs without width that hide words.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case r < ' ':
			b.WriteRune('\u2400' + r)
		case r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0x200b || r == 0xfeff || r >= 0xe0000 && r <= 0xe007f:
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
