package answers

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/rubric"
	"github.com/fairtrial/fairtrial/internal/score"
	"github.com/fairtrial/fairtrial/internal/stat/variance"
)

// Lookup gives what a judge said about an item, by repeat and step.
type Lookup func(judge int, id string) ([]*collect.Entry, error)

// JudgeGrader turns what judges said into scores. One goroutine at a time.
type JudgeGrader struct {
	Scorer    plan.Scorer
	j         *plan.JudgeScorer
	models    []string // of the answers, in their order
	recorded  []bool   // by judge
	live      bool     // no judge is recorded: equal answers are one
	lookup    Lookup
	procedure rubric.Procedure
	facts     judgeFacts
	said      [][]record.CaseVerdict // of the last case: by model, the first sample
}

// NewJudgeGrader grades answers of models by what lookup finds. Items are looked up in the
// order of Items, one judge after the other.
func NewJudgeGrader(p *plan.Plan, s plan.Scorer, models []string, lookup Lookup) *JudgeGrader {
	g := &JudgeGrader{Scorer: s, j: s.Judge, models: models, lookup: lookup, live: true, procedure: s.Judge.Rubric.Procedure(s.Judge.Logprobs)}
	for _, key := range s.Judge.Judges {
		is := p.Judge(key) != nil && p.Judge(key).Recorded()
		g.recorded = append(g.recorded, is)
		g.live = g.live && !is
	}
	g.facts.begin(s.Judge)
	return g
}

// ballot is what all judges said about one answer: by judge and repeat.
type ballot [][]rubric.Verdict

// Grade gives the score of a case for each model: the mean over its samples. It is
// ungraded, with a reason, when any sample is.
func (g *JudgeGrader) Grade(c *Case, given []Answer) ([]score.Score, error) {
	found, err := g.read(c, given)
	if err != nil {
		return nil, err
	}
	out := make([]score.Score, len(g.models))
	g.said = make([][]record.CaseVerdict, len(g.models))
	seen := map[string]bool{}
	of := material{&g.j.Rubric, g.procedure, c, g.models, given, !g.live}
	for m, a := range given {
		ballots := make([]ballot, len(a.Samples)) // nil: nothing to judge
		for k := range a.Samples {
			if of.lacks(m, k) != "" || g.withItself(m) {
				continue
			}
			it := of.item(m, k)
			b := g.ballot(of, m, k, found)
			if ballots[k] = b; !seen[it.ID] && it.Known == nil {
				seen[it.ID] = true
				g.facts.add(b)
			}
			if k == 0 {
				g.said[m] = g.words(b)
			}
		}
		out[m], _ = overSamples(len(a.Samples), func(k int) (score.Score, variance.Answer, error) {
			switch why := of.lacks(m, k); {
			case why != "":
				return score.Score{Reason: why}, variance.Answer{}, nil
			case g.withItself(m):
				return g.compared(), variance.Answer{}, nil
			}
			return g.count(ballots[k]), variance.Answer{Item: of.item(m, k).ID, Judging: g.again(ballots[k])}, nil
		})
	}
	return out, nil
}

// read finds the verdicts on the items of a case: by judge, then item, then repeat.
func (g *JudgeGrader) read(c *Case, given []Answer) ([]map[string][]rubric.Verdict, error) {
	out := make([]map[string][]rubric.Verdict, len(g.recorded))
	for i, recorded := range g.recorded {
		out[i] = map[string][]rubric.Verdict{}
		for _, x := range Items(&g.j.Rubric, c, g.models, given, recorded) {
			if x.Known != nil {
				out[i][x.ID] = slices.Repeat([]rubric.Verdict{*x.Known}, g.j.Repeats)
				continue
			}
			entries, err := g.lookup(i, x.ID)
			if err != nil {
				return nil, err
			}
			byRepeat := make([][]*collect.Entry, g.j.Repeats)
			for _, e := range entries {
				if e.Sample < g.j.Repeats {
					byRepeat[e.Sample] = append(byRepeat[e.Sample], e)
				}
			}
			list := make([]rubric.Verdict, g.j.Repeats)
			for n, said := range byRepeat {
				list[n] = verdict(g.procedure, x.Shown, said)
			}
			out[i][x.ID] = list
		}
	}
	return out, nil
}

func (g *JudgeGrader) ballot(of material, m, sample int, found []map[string][]rubric.Verdict) ballot {
	b := make(ballot, len(g.recorded))
	for i := range g.recorded {
		of.recorded = g.recorded[i]
		b[i] = found[i][of.item(m, sample).ID]
	}
	return b
}

// withItself: the baseline is what answers are compared with.
func (g *JudgeGrader) withItself(m int) bool {
	return g.j.Rubric.Pairwise && g.models[m] == baseline
}

// compared is the score of the baseline where answers are compared with its own: it is
// neither better nor worse than itself.
func (g *JudgeGrader) compared() score.Score {
	return g.pass(score.Score{Graded: true, Value: 0.5})
}

// again is how much the score of a ballot would vary if the same judges were asked again,
// from how their repeats differ; NaN where that cannot be told.
func (g *JudgeGrader) again(b ballot) float64 {
	if g.j.Repeats < 2 || g.j.Threshold != nil || g.j.Vote == "majority" {
		return math.NaN()
	}
	sum := 0.0
	for _, list := range b {
		var s spread
		values := make([]float64, len(list))
		for i, v := range list {
			values[i] = v.Value
		}
		s.add(values)
		sum += s.mean / float64(len(list))
	}
	return sum / float64(len(b)*len(b))
}

// count makes a score of a ballot: the mean of all verdicts, or the level that more than
// half of them name. A mean over those that happen to be graded would be another quantity;
// a majority holds whatever the missing votes would have been.
func (g *JudgeGrader) count(b ballot) score.Score {
	var x score.Score
	if g.j.Vote == "majority" {
		x = g.majority(b)
	} else {
		x = g.mean(b)
	}
	return g.pass(x)
}

// pass applies the threshold.
func (g *JudgeGrader) pass(x score.Score) score.Score {
	x.Raw = x.Value
	if t := g.j.Threshold; x.Graded && t != nil {
		x.Value = 0
		if x.Raw >= *t {
			x.Value = 1
		}
	}
	return x
}

func (g *JudgeGrader) mean(b ballot) score.Score {
	sum, n := 0.0, 0
	for i, list := range b {
		for k, v := range list {
			if !v.Graded {
				return score.Score{Reason: g.who(i, k) + v.Reason}
			}
			sum += v.Value
			n++
		}
	}
	if n == 0 {
		return score.Score{Reason: "no judge was asked"}
	}
	return score.Score{Graded: true, Value: sum / float64(n), Evidence: inShort(b)}
}

func (g *JudgeGrader) majority(b ballot) score.Score {
	votes, missing, total, why := map[float64]int{}, 0, 0, ""
	for i, list := range b {
		for k, v := range list {
			total++
			if v.Graded {
				votes[v.Value]++
				continue
			}
			if missing++; why == "" {
				why = g.who(i, k) + v.Reason
			}
		}
	}
	for value, n := range votes {
		if 2*n > total {
			return score.Score{Graded: true, Value: value, Evidence: inShort(b)}
		}
	}
	if missing > 0 {
		return score.Score{Reason: why}
	}
	return score.Score{Reason: fmt.Sprintf("no level has more than half of %d votes", total)}
}

// who names a judge and a repeat, where there are several.
func (g *JudgeGrader) who(judge, repeat int) string {
	out := ""
	if len(g.recorded) > 1 {
		out = g.j.Judges[judge]
	}
	if g.j.Repeats > 1 {
		if out != "" {
			out += ", "
		}
		out += fmt.Sprintf("repeat %d", repeat)
	}
	if out != "" {
		out += ": "
	}
	return out
}

// inShort is the levels that were given, and the first verdict's evidence.
func inShort(b ballot) string {
	var levels []string
	first := ""
	for _, list := range b {
		for _, v := range list {
			if v.Graded && !slices.Contains(levels, v.Level) {
				levels = append(levels, v.Level)
			}
			if first == "" && len(v.Evidence) > 0 {
				first = v.Evidence[0]
			}
		}
	}
	out := strings.Join(levels, ", ")
	if first != "" {
		out += ": " + first
	}
	return out
}

func (g *JudgeGrader) words(b ballot) []record.CaseVerdict {
	var out []record.CaseVerdict
	for i, list := range b {
		for k, v := range list {
			x := record.CaseVerdict{Judge: g.j.Judges[i], Repeat: k, Value: result.None(), Level: v.Level, Evidence: v.Evidence, Reasoning: v.Reasoning, Ungraded: v.Reason}
			if v.Graded {
				x.Value = result.Number(v.Value)
			}
			for _, s := range v.Steps {
				x.Steps = append(x.Steps, record.CaseStep{Ask: s.Ask, Choice: s.Choice, Evidence: s.Evidence, Reasoning: s.Reasoning})
			}
			out = append(out, x)
		}
	}
	return out
}

// Words are all that the judges said about a model's first answer to the last case.
func (g *JudgeGrader) Words(model int) []record.CaseVerdict { return g.said[model] }

// Facts are what is known of the judge from all cases that were graded.
func (g *JudgeGrader) Facts(level float64, seed uint64) *engine.Judged {
	return g.facts.end(g.j, level, seed)
}
