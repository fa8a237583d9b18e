package eval

import (
	"fmt"
	"slices"

	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Sequence is how far a plan that stops when decided has come: the cases that each of its
// looks comes after, in order, and what the looks before this one saw.
type Sequence struct {
	Order   string
	Cases   []int64 // asked at each look that is planned; the last are all
	Earlier []*summary.Set
	Stored  []string // digests of the summaries of the looks so far, once they are kept
	Ends    bool     // no more cases can be asked: the answers end here

	schedule *gate.Schedule
}

// Schedule is the sequence's looks for the gates of a plan.
func (q *Sequence) Schedule(p *plan.Plan) *gate.Schedule {
	if q.schedule == nil {
		q.schedule = &gate.Schedule{Spending: p.Stop.Spending, Futility: p.Stop.Futility, ShowWorse: p.Stop.Worse == plan.ShowWorse}
		for _, n := range q.Cases {
			q.schedule.Fractions = append(q.schedule.Fractions, float64(n)/float64(q.Cases[len(q.Cases)-1]))
		}
	}
	return q.schedule
}

// looks decides the gates at the looks before this one, and gives this one.
func (s *Setup) looks(q *Sequence, seed uint64) (*gate.Look, []result.Look) {
	if q == nil {
		return nil, nil
	}
	l := &gate.Look{Schedule: q.Schedule(s.Plan)}
	var taken []result.Look
	for k, set := range q.Earlier {
		l.Number = k + 1
		j := &judgement{Setup: s, set: set, views: make([]*metric.View, len(set.Pops))}
		gated := j.gatedPops()
		for i, pop := range set.Pops {
			j.views[i] = &metric.View{Set: set, Pop: pop, Seed: seed, Draws: drawsRead}
			if gated[i] {
				j.views[i].Draws = drawsGated
			}
		}
		gates, _ := gate.Decide(gate.Input{Rules: s.Plan.Gates, Set: set, View: func(i int) *metric.View { return j.views[i] },
			Metrics: j.byName(), Fits: j.fits, Groups: j.groups, Look: l})
		taken = append(taken, q.taken(l, gates))
		l.Earlier = append(l.Earlier, gates)
	}
	l.Number, l.Ends = len(q.Earlier)+1, q.Ends
	return l, taken
}

// taken is the account of one look.
func (q *Sequence) taken(l *gate.Look, gates []result.Gate) result.Look {
	k := l.Number - 1
	x := result.Look{Number: l.Number, Cases: q.Cases[k], Fraction: l.Fractions[k], Gates: []result.LookGate{}}
	if k < len(q.Stored) {
		x.Summaries = q.Stored[k]
	}
	for _, g := range gates {
		y := *g.Look
		y.Verdict = g.Verdict
		x.Gates = append(x.Gates, y)
	}
	return x
}

// account says of a record how its cases were asked and why no more were.
func (q *Sequence) account(p *plan.Plan, l *gate.Look, before []result.Look, r *record.Record) {
	if q == nil {
		return
	}
	x := &result.Sequential{Order: q.Order, Planned: q.Cases, Asked: q.Cases[l.Number-1], Spending: p.Stop.Spending, Futility: p.Stop.Futility, Worse: p.Stop.Worse,
		Looks: append(before, q.taken(l, r.Gates)), Stop: gate.Stops(r.Gates, l)}
	if x.Stop == result.GoOn && q.Ends {
		x.Stop = result.Held
	}
	for i := range r.Gates {
		r.Gates[i].Look.Verdict = r.Gates[i].Verdict
	}
	why := map[result.Stop]string{result.Decided: "every blocking gate is decided", result.Futile: "given up, a gate would hardly pass with all cases",
		result.AllAsked: "all cases are asked", result.Held: "the stored answers end here"}[x.Stop]
	if r.Verdict.Decision == result.NoGo {
		why = "a blocking gate fails"
	}
	x.Sentence = fmt.Sprintf("Stopped at look %d of %d: %s. %s of %s cases asked", l.Number, len(q.Cases), why, result.Count(x.Asked), result.Count(x.All()))
	if left := x.All() - x.Asked; left > 0 {
		x.Sentence += fmt.Sprintf("; the other %s were not needed, they are not missing", result.Count(left))
	}
	x.Sentence += "."
	r.Sequential = x
	label(p, l, r)
}

// label says of estimates and comparisons that looks were taken at that they are not
// adjusted for them.
func label(p *plan.Plan, l *gate.Look, r *record.Record) {
	if len(l.Fractions) == 1 {
		return
	}
	const note = "not adjusted for the looks that were taken: the gate's own value is"
	for _, g := range p.Gates {
		if !g.Sequential() {
			continue
		}
		for i := range r.Estimates {
			if e := &r.Estimates[i]; e.Metric == g.Metric && e.Model == g.Model && e.Slice == result.Overall && g.Than == "" {
				e.Notes = once(e.Notes, note)
			}
		}
		for i := range r.Comparisons {
			if c := &r.Comparisons[i]; c.Metric == g.Metric && c.Candidate == g.Model && c.Baseline == g.Than && c.Slice == result.Overall {
				c.Notes = once(c.Notes, note)
			}
		}
	}
}

func once(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(slices.Clip(list), s) // of one result, not of all that share the list
}
