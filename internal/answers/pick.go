package answers

import (
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/score"
)

// Picker counts the kinds of cases and keeps a bounded number of each. Of equals it keeps
// the first in the order of the data, so that the same answers show the same cases.
type Picker struct {
	p       *plan.Plan
	scorers []plan.Scorer
	models  []string
	cand    int
	base    int // -1 without
	groups  []group
	flips   []record.Flips // by scorer, those that do not pass or fail stay empty

	// Verdicts gives what judges said about a model's first answer to the case that is
	// offered, by scorer and model. nil: no scorer asks any.
	Verdicts func(scorer, model int) []record.CaseVerdict
}

type group struct {
	record.CaseKind
	cap  int
	list []picked
}

type picked struct {
	size float64
	c    record.Case
}

// kinds of cases, in the order in which they are looked for.
func kinds() []group {
	const flips, steps = "those that flip by most scorers with a gate, then by most scorers, then the first of the data", "the largest steps as shares of a scorer's range, then the first of the data"
	return []group{
		{record.CaseKind{Kind: record.PassToFail, First: flips}, 12, nil},
		{record.CaseKind{Kind: record.FailToPass, First: flips}, 8, nil},
		{record.CaseKind{Kind: record.Ungraded, First: "the first of the data"}, 6, nil},
		{record.CaseKind{Kind: record.Worse, First: steps}, 8, nil},
		{record.CaseKind{Kind: record.Better, First: steps}, 6, nil},
		{record.CaseKind{Kind: record.Low, First: "the lowest scores as shares of a scorer's range, then the first of the data"}, 8, nil},
	}
}

// NewPicker looks at the scores of these scorers and models.
func NewPicker(p *plan.Plan, scorers []plan.Scorer, models []string) *Picker {
	return &Picker{p: p, scorers: scorers, models: models, cand: slices.Index(models, "candidate"), base: slices.Index(models, "baseline"),
		groups: kinds(), flips: make([]record.Flips, len(scorers))}
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
	var lost, won []string
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
		y, ok := goodness(s, scores[i][k.base])
		if !ok {
			continue
		}
		if y-x > worse {
			worse, by[0] = y-x, s.As
		}
		if x-y > better {
			better, by[1] = x-y, s.As
		}
		if s.PassFail {
			switch k.flip(i, x, y) {
			case record.PassToFail:
				lost = append(lost, s.As)
			case record.FailToPass:
				won = append(won, s.As)
			}
		}
	}
	switch {
	case len(lost) > 0:
		k.put(record.PassToFail, k.weight(lost), flipped("pass to fail by ", lost, "fail to pass by ", won), c, given, scores)
	case len(won) > 0:
		k.put(record.FailToPass, k.weight(won), flipped("fail to pass by ", won, "", nil), c, given, scores)
	case lacking != "":
		k.put(record.Ungraded, 0, "ungraded by "+lacking, c, given, scores)
	case worse > 0 && worse >= better:
		k.put(record.Worse, worse, stepped("worse", by[0], "better", by[1]), c, given, scores)
	case better > 0:
		k.put(record.Better, better, stepped("better", by[1], "worse", by[0]), c, given, scores)
	case low > 0:
		k.put(record.Low, low, "low by "+by[2], c, given, scores)
	}
}

// flip counts a case that a pass-fail scorer graded for candidate (x) and baseline (y).
func (k *Picker) flip(scorer int, x, y float64) string {
	f := &k.flips[scorer]
	f.Scorer = k.scorers[scorer].As
	f.Graded++
	switch {
	case x == 0 && y == 1:
		f.PassToFail++
		return record.PassToFail
	case x == 1 && y == 0:
		f.FailToPass++
		return record.FailToPass
	case x == 1:
		f.BothPass++
	}
	return ""
}

// weight of a flip: by gated scorers first, then by how many.
func (k *Picker) weight(scorers []string) float64 {
	gated := 0
	for _, s := range scorers {
		if slices.ContainsFunc(k.p.Gates, func(g plan.Gate) bool { return g.Metric == s }) {
			gated++
		}
	}
	return float64(gated*(len(k.scorers)+1) + len(scorers))
}

func flipped(one string, first []string, two string, second []string) string {
	out := one + strings.Join(first, ", ")
	if len(second) > 0 {
		out += "; " + two + strings.Join(second, ", ")
	}
	return out
}

// stepped names the scorer of the largest step, and that of the largest the other way.
func stepped(one, by, two, other string) string {
	out := one + " than the baseline by " + by
	if other != "" {
		out += "; " + two + " by " + other
	}
	return out
}

func (k *Picker) put(kind string, size float64, why string, c *Case, given []Answer, scores [][]score.Score) {
	g := &k.groups[slices.IndexFunc(k.groups, func(g group) bool { return g.Kind == kind })]
	g.Cases++
	i := len(g.list)
	for i > 0 && g.list[i-1].size < size {
		i--
	}
	if i >= g.cap {
		return
	}
	g.list = slices.Insert(g.list, i, picked{size, k.shown(kind, why, c, given, scores)})
	if len(g.list) > g.cap {
		g.list = g.list[:g.cap]
	}
}

// Cases are those that were kept: by kind.
func (k *Picker) Cases() []record.Case {
	var out []record.Case
	for _, g := range k.groups {
		for _, p := range g.list {
			out = append(out, p.c)
		}
	}
	return out
}

// Into puts the cases and their counts into a record. A nil Picker saw none.
func (k *Picker) Into(r *record.Record) {
	if k != nil {
		r.Cases, r.CaseKinds, r.Flips = k.Cases(), k.Kinds(), k.Flips()
	}
}

// Kinds counts the cases of each kind that there is.
func (k *Picker) Kinds() []record.CaseKind {
	var out []record.CaseKind
	for _, g := range k.groups {
		if g.Cases > 0 {
			g.Shown = int64(len(g.list))
			out = append(out, g.CaseKind)
		}
	}
	return out
}

// Flips counts what each pass-fail scorer says of candidate and baseline.
func (k *Picker) Flips() []record.Flips {
	var out []record.Flips
	for _, f := range k.flips {
		if f.Graded > 0 {
			out = append(out, f)
		}
	}
	return out
}
