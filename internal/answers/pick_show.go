package answers

import (
	"fmt"
	"slices"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/score"
)

// Bounds of what a record shows of a case.
const (
	longestShown = 2000 // characters of a text
	mostPassages = 8
)

// shown is a case as a record shows it.
func (k *Picker) shown(kind, why string, c *Case, given []Answer, scores [][]score.Score) record.Case {
	out := record.Case{ID: c.ID, Row: c.Row, Kind: kind, Why: why, Question: clip(c.Question), Reference: []string{}, Slices: []string{}, Answers: []record.CaseAnswer{}}
	for _, r := range c.References {
		out.Reference = append(out.Reference, clip(r))
	}
	out.Contexts = passages(c.Contexts)
	for _, s := range k.p.Slices {
		if s.ByValue() {
			out.Slices = append(out.Slices, fmt.Sprintf("%s=%v", s.Columns[0], c.Vars[s.Columns[0]]))
		}
	}
	for m, key := range k.models {
		a := record.CaseAnswer{Model: key, Scores: []record.CaseScore{}}
		first := given[m].Samples[0]
		if a.NoOutput = first.NoOutput; a.NoOutput == "" {
			a.Output, a.Length = begin(first.Output)
		}
		if !slices.Equal(first.Contexts, c.Contexts) {
			a.Contexts = passages(first.Contexts)
		}
		for i, s := range k.scorers {
			x := scores[i][m]
			cs := record.CaseScore{Scorer: s.As, Value: result.None(), Note: clip(x.Reason)}
			if x.Graded {
				cs.Value, cs.Note = result.Number(x.Value), clip(x.Evidence)
			}
			if k.Verdicts != nil {
				cs.Verdicts = clipped(k.Verdicts(i, m))
			}
			a.Scores = append(a.Scores, cs)
		}
		out.Answers = append(out.Answers, a)
	}
	return out
}

// clipped cuts the texts of verdicts as those of answers are cut.
func clipped(list []record.CaseVerdict) []record.CaseVerdict {
	texts := func(in []string) []string {
		var out []string
		for _, x := range in {
			out = append(out, clip(x))
		}
		return out
	}
	out := slices.Clone(list)
	for i := range out {
		v := &out[i]
		v.Evidence, v.Reasoning, v.Ungraded, v.Steps = texts(v.Evidence), clip(v.Reasoning), clip(v.Ungraded), slices.Clone(v.Steps)
		for n := range v.Steps {
			v.Steps[n].Evidence, v.Steps[n].Reasoning = texts(v.Steps[n].Evidence), clip(v.Steps[n].Reasoning)
		}
	}
	return out
}

// passages keeps the first of them, and says how many there are.
func passages(list []score.Context) []record.Passage {
	var out []record.Passage
	for i, c := range list {
		if i == mostPassages {
			return append(out, record.Passage{Text: fmt.Sprintf("… %d of %d passages", i, len(list))})
		}
		out = append(out, record.Passage{ID: clip(c.ID), Text: clip(c.Text)})
	}
	return out
}

// begin is the beginning of a long text and its whole length, else the text and 0.
func begin(s string) (string, int64) {
	if len(s) <= longestShown {
		return s, 0
	}
	if r := []rune(s); len(r) > longestShown {
		return string(r[:longestShown]), int64(len(r))
	}
	return s, 0
}

// clip cuts a long text and says so.
func clip(s string) string {
	s, length := begin(s)
	if length == 0 {
		return s
	}
	return s + fmt.Sprintf(" … (%s of %s characters)", result.Count(longestShown), result.Count(length))
}
