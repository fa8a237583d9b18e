package plan

import (
	"fmt"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/sequential"
)

// Stop has a generative plan ask its cases in stages, look at its gates after each, and
// ask no more once they are decided.
type Stop struct {
	Looks    int     `json:"looks"`     // at most
	MinCases int64   `json:"min_cases"` // before the first look
	Spending string  `json:"spending"`  // obrien_fleming | pocock
	Futility float64 `json:"futility"`  // the chance, at what 1 − futility detects, to give up wrongly; 0: never give up
	Worse    string  `json:"worse"`     // show | give_up: what would hardly pass, but may be shown to fail
}

// ShowWorse goes on for a fail where all cases, at the trend so far, would show one; the other
// way gives up whatever would hardly pass.
const (
	ShowWorse   = "show"
	giveUpWorse = "give_up"
)

// Defaults of Stop, and the most looks: more of them save nothing worth the asking.
const (
	defaultLooks    = 5
	mostLooks       = 20
	defaultMinCases = 50
	defaultFutility = 0.2
)

const whenDecided = "when decided"

func (d *decoder) stop(n *node) {
	p := d.plan
	if !p.Task.Generative() {
		d.fail(n, "stop", "leave it out", "stop saves calls of models, and task %s asks none", p.Task)
		return
	}
	s := &Stop{Looks: defaultLooks, MinCases: defaultMinCases, Spending: sequential.NameOBrienFleming, Futility: defaultFutility, Worse: ShowWorse}
	if n.kind != mapping {
		if v := d.text(n, "stop"); v != whenDecided {
			d.fail(n, "stop", "write stop: when decided", "%q is no way to stop", v)
			return
		}
	} else {
		if !d.keys(n, "stop", "when", "looks", "min_cases", "spending", "futility", "worse") {
			return
		}
		d.require(n, "stop", "when", ": decided")
		d.with(n, "when", func(v *node) { d.choice(v, "stop.when", "decided") })
		d.with(n, "looks", func(v *node) {
			if s.Looks = int(d.whole(v, "stop.looks", 2)); s.Looks > mostLooks {
				d.fail(v, "stop.looks", "5 save nearly all that can be saved", "at most %d looks, this is %d", mostLooks, s.Looks)
			}
		})
		d.with(n, "min_cases", func(v *node) { s.MinCases = d.whole(v, "stop.min_cases", 1) })
		d.with(n, "spending", func(v *node) {
			s.Spending = d.choice(v, "stop.spending", sequential.NameOBrienFleming, sequential.NamePocock)
		})
		d.with(n, "worse", func(v *node) { s.Worse = d.choice(v, "stop.worse", ShowWorse, giveUpWorse) })
		d.with(n, "futility", func(v *node) {
			if v.kind == scalarBool {
				if s.Futility = 0; v.yes {
					s.Futility = defaultFutility
				}
				return
			}
			before := len(d.problems)
			if s.Futility = d.share(v, "stop.futility"); len(d.problems) == before && s.Futility > 0.5 {
				d.fail(v, "stop.futility", "20% is usual", "a chance above 50%% would give up what is more likely than not")
			}
		})
	}
	if p.Seed == nil {
		p.Seed = new(uint64) // the order of the cases must not depend on the answers
	}
	p.Stop = s
}

// stopFits says, once the gates are known, what keeps a plan from stopping.
func (d *decoder) stopFits(n *node) {
	if d.plan.Stop == nil {
		return
	}
	if d.plan.Control != nil {
		d.fail(n, "stop", "leave one of them out", "a control judges all cases, and stop asks no more than it takes")
	}
	d.groupsStop(n)
	blocking, early := 0, 0
	for _, g := range d.plan.Gates {
		if g.Severity != result.Block {
			continue
		}
		blocking++
		if g.Sequential() {
			early++
		}
	}
	switch {
	case blocking == 0:
		d.fail(n, "stop", "add a gate that blocks, or leave stop out", "nothing decides when to stop")
	case early == 0:
		d.fail(n, "stop", "add a gate without slices, or give its slices require: proof, or leave stop out",
			"no gate can be decided before all cases are asked: %s", d.plan.Gates[0].WhyOnce())
	}
}

// StopAdvice says what keeps a plan from saving: gates that wait for all cases.
func (p *Plan) StopAdvice() []string {
	var out []string
	if p.Stop == nil {
		return nil
	}
	for _, g := range p.Gates {
		if g.Severity == result.Block && !g.Sequential() {
			out = append(out, fmt.Sprintf("stop: gate %q is judged once, when all cases are asked (%s): until then the run can only end without a go", g.Name, g.WhyOnce()))
		}
	}
	return out
}
