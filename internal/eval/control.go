package eval

import (
	"slices"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// askControl asks the engine for a degraded control, of what the gates read.
func (s *Setup) askControl() {
	if s.Plan.Control == nil || len(s.Plan.Gates) == 0 {
		return
	}
	d := &engine.Degrade{Share: s.Plan.Control.Degrade}
	if s.Plan.Seed != nil {
		d.Seed = *s.Plan.Seed
	}
	for _, n := range s.Request.Needs {
		read := n.Kind == summary.KindCounts // of which groups count their events
		for _, in := range s.Metrics {
			if slices.Contains(in.Needs(), n) && slices.ContainsFunc(s.Plan.Gates, func(g gate.Rule) bool { return g.Metric == in.As }) {
				read = true
			}
		}
		if read {
			d.Needs = append(d.Needs, n)
		}
	}
	s.Request.Degrade = d
}

// control decides the same gates on the degraded control. Where it passes, gates that the
// candidate passed say nothing, and the verdict is inconclusive.
func (s *Setup) control(r *record.Record, c *Collected, seed uint64, unpaired string) {
	if s.Plan.Control == nil || c.Set.Control == nil || r.Verdict.Decision == result.DecisionError {
		return
	}
	set := *c.Set
	set.Pops = set.Control
	j := &judgement{Setup: s, set: &set, views: make([]*metric.View, len(set.Pops))}
	for i, pop := range set.Pops {
		j.views[i] = &metric.View{Set: &set, Pop: pop, Seed: seed, Draws: drawsGated}
	}
	gates, o := gate.Decide(gate.Input{Rules: s.Plan.Gates, Set: &set, View: func(i int) *metric.View { return j.views[i] },
		Metrics: j.byName(), Fits: j.fits, Groups: j.groups, Unpaired: unpaired})
	x := &result.Control{Degrade: s.Plan.Control.Degrade, Rows: set.Degraded, Decision: o.Decision}
	for _, g := range gates {
		x.Gates = append(x.Gates, result.ControlGate{Name: g.Name, Verdict: g.Verdict})
	}
	gate.Controlled(&r.Verdict, x)
}
