package answers

import (
	"fmt"
	"slices"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/score"
)

// Bounds of what a record shows of its cases.
const (
	shownWorse    = 12
	shownBetter   = 8
	shownUngraded = 4
	shownLow      = 8
	longestShown  = 2000 // characters of an output
)

// Picker keeps a bounded number of cases that show most: those that the candidate lost or
// won against the baseline by the largest step of a scorer, those without a score, those
// with the lowest scores. Of equals it keeps the first.
type Picker struct {
	p       *plan.Plan
	scorers []plan.Scorer
	models  []string
	cand    int
	base    int // -1 without
	groups  [4]group

	// Verdicts gives what judges said about a model's first answer to the case that is
	// offered, by scorer and model. nil: no scorer asks any.
	Verdicts func(scorer, model int) []record.CaseVerdict
}

type group struct {
	cap  int
	list []picked
}

type picked struct {
	size float64
	c    record.Case
}

// NewPicker looks at the scores of these scorers and models.
func NewPicker(p *plan.Plan, scorers []plan.Scorer, models []string) *Picker {
	k := &Picker{p: p, scorers: scorers, models: models, cand: slices.Index(models, "candidate"), base: slices.Index(models, "baseline")}
	for i, n := range []int{shownWorse, shownBetter, shownUngraded, shownLow} {
		k.groups[i].cap = n
	}
	return k
}

// goodness is a score between 0 (worst) and 1, where the scorer says which way is good and
// how far it goes.
func goodness(s plan.Scorer, x score.Score) (float64, bool) {
	lo, hi := s.Range()
	if !x.Graded || s.Direction == "none" || hi-lo != hi-lo || !(hi-lo > 0) || hi-lo > 1e300 {
		return 0, false
	}
	g := (x.Value - lo) / (hi - lo)
	if s.Direction == "down" {
		g = 1 - g
	}
	return g, true
}

// Offer shows a case with its answers and its scores, by scorer and then model.
func (k *Picker) Offer(c *Case, given []Answer, scores [][]score.Score) {
	if k.cand < 0 {
		return
	}
	worse, better, low, lacking := 0.0, 0.0, 0.0, ""
	by := [3]string{}
	for i, s := range k.scorers {
		x, ok := goodness(s, scores[i][k.cand])
		if !scores[i][k.cand].Graded && lacking == "" {
			lacking = s.As
		}
		if !ok {
			continue
		}
		if 1-x > low {
			low, by[2] = 1-x, s.As
		}
		if k.base < 0 {
			continue
		}
		if y, ok := goodness(s, scores[i][k.base]); ok {
			if y-x > worse {
				worse, by[0] = y-x, s.As
			}
			if x-y > better {
				better, by[1] = x-y, s.As
			}
		}
	}
	switch {
	case lacking != "":
		k.put(2, 0, "ungraded by "+lacking, c, given, scores)
	case worse > 0 && worse >= better:
		k.put(0, worse, "worse than the baseline by "+by[0], c, given, scores)
	case better > 0:
		k.put(1, better, "better than the baseline by "+by[1], c, given, scores)
	case low > 0:
		k.put(3, low, "low by "+by[2], c, given, scores)
	}
}

func (k *Picker) put(at int, size float64, why string, c *Case, given []Answer, scores [][]score.Score) {
	g := &k.groups[at]
	i := len(g.list)
	for i > 0 && g.list[i-1].size < size {
		i--
	}
	if i >= g.cap {
		return
	}
	g.list = slices.Insert(g.list, i, picked{size, k.shown(why, c, given, scores)})
	if len(g.list) > g.cap {
		g.list = g.list[:g.cap]
	}
}

func (k *Picker) shown(why string, c *Case, given []Answer, scores [][]score.Score) record.Case {
	out := record.Case{ID: c.ID, Row: c.Row, Why: why, Question: clip(c.Question), Reference: []string{}, Slices: []string{}, Answers: []record.CaseAnswer{}}
	for _, r := range c.References {
		out.Reference = append(out.Reference, clip(r))
	}
	for _, s := range k.p.Slices {
		if s.ByValue() {
			out.Slices = append(out.Slices, fmt.Sprintf("%s=%v", s.Columns[0], c.Vars[s.Columns[0]]))
		}
	}
	for m, key := range k.models {
		a := record.CaseAnswer{Model: key, Scores: []record.CaseScore{}}
		first := given[m].Samples[0]
		if a.NoOutput = first.NoOutput; a.NoOutput == "" {
			a.Output = clip(first.Output)
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

// Cases are those that were kept: lost, won, ungraded, low.
func (k *Picker) Cases() []record.Case {
	var out []record.Case
	for _, g := range k.groups {
		for _, p := range g.list {
			out = append(out, p.c)
		}
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

func clip(s string) string {
	if r := []rune(s); len(r) > longestShown {
		return string(r[:longestShown]) + " …"
	}
	return s
}
