package rehearse

import (
	"context"
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/fairtrial/fairtrial/internal/compare"
	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
)

// controlRandom is the share of random decisions of the degraded control, which must
// not pass.
const controlRandom = 0.2

// maxScenarios bounds the made-up candidates of a plan with very many gates.
const maxScenarios = 12

// scenarios are the candidates that a plan is tried on: one as good as the baseline; one
// exactly on the bound of each gate; one that is worse in a single slice for each sliced
// gate; a degraded control.
func (p *play) scenarios() ([]Scenario, error) {
	equal := "a candidate as good as the baseline"
	if p.world.set.Baseline < 0 {
		equal = "the candidate as it is"
	}
	out := []Scenario{{Key: "equal", Title: equal}}
	for _, g := range p.setup.Plan.Gates {
		if sc, ok := p.unfair(g); ok && len(out) < maxScenarios {
			out = append(out, sc)
		}
		if g.Severity != result.Block || g.Across != "" || g.Rule == gate.Between || g.Rule == gate.BetterThan || len(out) >= maxScenarios {
			continue
		}
		good := p.good(g)
		bound := p.bound(g, good)
		if random, ok := p.reach(g, 0, -1, bound, good); ok {
			out = append(out, Scenario{Key: "worse:" + g.Name, Title: fmt.Sprintf("exactly on the bound of %q: a go is a false go", g.Name), Random: random})
		}
		if len(g.Slices) == 0 {
			continue
		}
		at := p.slice(g)
		if at < 0 {
			continue
		}
		// As far beyond the bound as the whole is on its good side.
		beyond := 2*bound - p.value(g, 0, candidate{only: -1})
		if g.Than != "" {
			beyond = 2 * bound
		}
		random, ok := p.reach(g, at, at, beyond, good)
		if !ok {
			random = 1
		}
		name := p.world.set.Pops[at].Slice
		out = append(out, Scenario{Key: "slice:" + g.Name, Slice: name, Random: random,
			Title: fmt.Sprintf("worse only on %s: %s there, %s asked for by %q", name, result.Number(p.value(g, at, candidate{random: random, only: at})).Short(), result.Number(bound).Short(), g.Name)})
	}
	out = append(out, Scenario{Key: "control", Random: controlRandom, Title: "a degraded control, " + p.spoilt() + ": it must not pass"})
	return out, nil
}

// spoilt says how the degraded control is degraded.
func (p *play) spoilt() string {
	if p.setup.Plan.Task.Generative() {
		return "one answer in five with the worst score"
	}
	return "one decision in five at random"
}

// unfair is worse only in one group of a fairness gate, by twice what it allows.
func (p *play) unfair(g gate.Rule) (Scenario, bool) {
	if g.Across == "" || g.Severity != result.Block {
		return Scenario{}, false
	}
	q := g
	q.Across, q.Reference, q.Rule = "", "", gate.AtLeast
	q.Slices = nil
	for _, pop := range p.world.set.Pops[1:] {
		if strings.HasPrefix(pop.Slice, g.Across+"=") {
			q.Slices = append(q.Slices, pop.Slice)
		}
	}
	good, at := p.good(g), p.slice(q)
	if at < 0 || good == 0 {
		return Scenario{}, false
	}
	fair := p.value(q, at, candidate{only: -1})
	target := fair - good*2*g.Bound
	if g.Rule == gate.AcrossRatio {
		target = fair * math.Pow(g.Bound, 2*good)
	}
	random, ok := p.reach(q, at, at, target, good)
	if !ok {
		return Scenario{}, false
	}
	name := p.world.set.Pops[at].Slice
	return Scenario{Key: "slice:" + g.Name, Slice: name, Random: random,
		Title: fmt.Sprintf("worse only on %s: %s %s there instead of %s, against %q", name, g.Metric, result.Number(target).Short(), result.Number(fair).Short(), g.Name)}, true
}

// good is +1 where a larger tested quantity is better.
func (p *play) good(g gate.Rule) float64 {
	switch g.Rule {
	case gate.AtLeast:
		return 1
	case gate.AtMost:
		return -1
	}
	for _, in := range p.setup.Metrics {
		if in.As == g.Metric {
			return compare.Good(in.Direction)
		}
	}
	return 1
}

// bound of the tested quantity.
func (p *play) bound(g gate.Rule, good float64) float64 {
	switch {
	case g.Than == "":
		return g.Bound
	case g.Relative:
		return 0
	}
	return -good * g.Margin
}

// reach finds the share of random decisions at which the gate's quantity on a population
// comes to a value; ok is false where no share does, or none is needed.
func (p *play) reach(g gate.Rule, at, only int, value, good float64) (random float64, ok bool) {
	f := func(x float64) float64 { return good * (p.value(g, at, candidate{random: x, only: only}) - value) }
	lo, hi := 0.0, 1.0
	if !(f(lo) > 0) || !(f(hi) < 0) {
		return 0, false
	}
	for range 50 {
		if mid := (lo + hi) / 2; f(mid) > 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2, true
}

// slice is the largest slice that a sliced gate covers and that is less than half of the
// rows.
func (p *play) slice(g gate.Rule) int {
	best := -1
	for i, pop := range p.world.set.Pops {
		covered := false
		for _, s := range g.Slices {
			covered = covered || s == "all" || s == pop.Slice
		}
		if i > 0 && covered && 2*pop.N < p.world.set.Pops[0].N && (best < 0 || pop.N > p.world.set.Pops[best].N) {
			best = i
		}
	}
	return best
}

func worstSlices(open map[string]int, n float64) []SliceShare {
	var out []SliceShare
	for s, k := range open {
		out = append(out, SliceShare{Slice: s, Share: float64(k) / n})
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Share != out[j].Share {
			return out[i].Share > out[j].Share
		}
		return out[i].Slice < out[j].Slice
	})
	return out[:min(5, len(out))]
}

// advise says what the rehearsal shows and the cheapest thing that would mend it.
func (p *play) advise(ctx context.Context, r *Rehearsal) error {
	add := func(format string, args ...any) { r.Advice = append(r.Advice, fmt.Sprintf(format, args...)) }
	equal := r.Scenarios[0]
	if equal.NoGo.Value > 0.05 {
		add("It blocks %s in %s of cases: the plan is too strict for these rows.", equal.Title, percent(equal.NoGo.Value))
	}
	for _, s := range r.Scenarios[1:] {
		switch {
		case s.Key == "control" && s.Go.Value > 0.01:
			add("It lets a degraded control pass in %s of cases: no gate stops %s. Ask for more, or of another metric.", percent(s.Go.Value), p.spoilt())
		case s.Slice != "" && s.Go.Value > 0.5:
			add("It lets a candidate pass that is worse only on %s in %s of cases: more rows there, or a gate of its own with require: proof.", s.Slice, percent(s.Go.Value))
		}
	}
	if equal.Go.Value >= compare.Power {
		add("It is ready: %s gets a go in %s of cases.", equal.Title, percent(equal.Go.Value))
		return nil
	}
	at := p.weakest(equal)
	if at < 0 {
		return nil
	}
	g := p.setup.Plan.Gates[at]
	r.Weakest = g.Name
	if open := equal.Gates[at].Slices; len(open) > 0 {
		r.WeakestSlice = open[0].Slice
	}
	add("%s gets a go in %s of cases only. The weakest gate is %q, which passes %s.", upper(equal.Title), percent(equal.Go.Value), g.Name, percent(equal.Gates[at].Pass))
	if r.WeakestSlice != "" {
		add("Its weakest slice is %s, which does not pass in %s of cases.", r.WeakestSlice, percent(equal.Gates[at].Slices[0].Share))
	}
	rows, err := p.rows(ctx, equal)
	if err != nil {
		return err
	}
	if r.Rows80 = rows; rows != nil {
		add("About %s rows like these instead of %s would make it 80 %%.", result.Count(*rows), result.Count(r.Rows))
	} else {
		add("No number of rows makes it 80 %%: on these data the gate asks for more than such a candidate is.")
	}
	if g.Rule == gate.NoWorseThan && !g.Relative {
		gates, _ := p.setup.Decide(p.world.with(candidate{only: -1}).draw(resample.NewRNG(p.Seed, "margin"), p.times))
		if len(gates[at].Cells) > 0 && gates[at].Cells[0].Catchable.Known() {
			add("Or a margin of %s instead of %s, where that is a harm that can be borne.", result.Number(up(float64(gates[at].Cells[0].Catchable))).Short(), result.Number(g.Margin).Short())
		}
	}
	return nil
}

// percent of draws claims a tenth of a per cent, no more.
func percent(x float64) string { return result.Percent(math.Round(x*1000) / 1000) }

func upper(s string) string { return string(s[0]-'a'+'A') + s[1:] }

// up rounds up to two significant digits.
func up(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x))-1)
	return math.Ceil(x/unit-1e-9) * unit
}

// weakest is the blocking gate that passes least often.
func (p *play) weakest(s Scenario) int {
	at := -1
	for i, g := range s.Gates {
		if p.setup.Plan.Gates[i].Severity == result.Block && (at < 0 || g.Pass < s.Gates[at].Pass) {
			at = i
		}
	}
	return at
}

// rows is how many rows give a go with 80 %, within a tenth; nil where 256 times as many
// do not.
func (p *play) rows(ctx context.Context, sc Scenario) (*int64, error) {
	enough := func(times float64) (bool, error) {
		x, err := p.run(ctx, sc, p.times*times)
		return x.Go.Value >= compare.Power, err
	}
	lo, hi := 1.0, 2.0
	for ; ; hi *= 2 {
		ok, err := enough(hi)
		if err != nil {
			return nil, err
		}
		if ok {
			break
		}
		if lo = hi; hi >= 256 {
			return nil, nil
		}
	}
	for hi/lo > 1.1 {
		mid := math.Sqrt(lo * hi)
		ok, err := enough(mid)
		if err != nil {
			return nil, err
		}
		if ok {
			hi = mid
		} else {
			lo = mid
		}
	}
	n := int64(up(hi * float64(p.Rows)))
	return &n, nil
}
