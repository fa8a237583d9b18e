package rehearse

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/interval"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Rate is how often something came out, with its 95 % Wilson interval.
type Rate struct {
	Value float64 `json:"value"`
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
}

// Scenario is one made-up candidate and what the plan said of it.
type Scenario struct {
	Key          string  `json:"key"` // equal, worse:GATE, slice:GATE, control
	Title        string  `json:"title"`
	Random       float64 `json:"random"` // the share of its decisions and scores that are random
	Slice        string  `json:"slice,omitempty"`
	Draws        int     `json:"draws"`
	Go           Rate    `json:"go"`
	NoGo         Rate    `json:"no_go"`
	Inconclusive Rate    `json:"inconclusive"`
	Gates        []Gate  `json:"gates"`
	Named        *Rate   `json:"named,omitempty"` // how often the slice that is worse was found
}

// Gate is one gate's verdicts in a scenario.
type Gate struct {
	Name         string  `json:"name"`
	Pass         float64 `json:"pass"`
	Fail         float64 `json:"fail"`
	Inconclusive float64 `json:"inconclusive"`
	// Slices that held the gate up, most often first, at most five.
	Slices []SliceShare `json:"slices,omitempty"`
}

// SliceShare is how often a slice did not pass.
type SliceShare struct {
	Slice string  `json:"slice"`
	Share float64 `json:"share"`
}

// Rehearsal is a plan played through.
type Rehearsal struct {
	Plan      string     `json:"plan"`
	Rows      int64      `json:"rows"`
	Scenarios []Scenario `json:"scenarios"`
	// FalseBlock is how often a candidate as good as the baseline is blocked.
	FalseBlock Rate   `json:"false_block"`
	Weakest    string `json:"weakest,omitempty"` // gate that such a candidate fails to pass most often
	// WeakestSlice is the slice that most often keeps that gate from passing.
	WeakestSlice string   `json:"weakest_slice,omitempty"`
	Rows80       *int64   `json:"rows_for_80,omitempty"`
	Advice       []string `json:"advice"`
	Notes        []string `json:"notes"`
}

// Options of a rehearsal. The same seed gives the same numbers, whatever the workers.
type Options struct {
	Seed    uint64
	Draws   int   // data sets played a scenario
	Rows    int64 // rows of each; 0: as many as there are
	Workers int   // 0: all cores
}

// Play rehearses a plan on the summaries of its data.
func Play(ctx context.Context, s *eval.Setup, set *summary.Set, o Options) (*Rehearsal, error) {
	w, err := newWorld(set, s.Plan)
	if err != nil {
		return nil, err
	}
	if len(s.Plan.Gates) == 0 {
		return nil, fmt.Errorf("rehearse: the plan has no gates: there is nothing to decide")
	}
	for _, g := range s.Plan.Gates {
		for _, in := range s.Metrics {
			if in.As != g.Metric {
				continue
			}
			for _, n := range in.Needs() {
				if slices.ContainsFunc(n.Exprs(), func(e summary.Expr) bool { _, _, ok := e.Product(); return ok }) {
					return nil, fmt.Errorf("rehearse: gate %q reads %s, which is no mean of scores alone (labels correct it, or it is of sums over all cases), and is not drawn: leave the gate out with --set gates, or judge its width by runs on parts of the cases (data.where)", g.Name, in.Name)
				}
				if n.Kind != summary.KindCounts && n.Kind != summary.KindMoments && (n.Kind != summary.KindRank || in.NoInterval != "") {
					return nil, fmt.Errorf("rehearse: gate %q reads %s, which is not drawn yet: counts, means, ROC AUC and average precision are", g.Name, in.Name)
				}
			}
		}
	}
	if set.Pops[0].Crossed != nil {
		return nil, fmt.Errorf("rehearse: the rows are clustered two ways (two columns in data.columns.cluster), and whole clusters of one kind only are drawn yet")
	}
	if o.Rows == 0 {
		o.Rows = set.Pops[0].N
	}
	r := &Rehearsal{Plan: s.Plan.Name, Rows: o.Rows, Advice: []string{}, Notes: []string{}}
	if kinds(s) > 1 && set.Pops[0].Blocks == nil { // clusters are drawn with all that they bring
		r.Notes = append(r.Notes, "counts, ranks and the means of each score or error are drawn independently of each other: where gates read several, P(go) is a little low")
	}
	if s.Plan.Stop != nil {
		r.Notes = append(r.Notes, "the looks of stop are not played: a data set is decided once, with all of its cases")
	}
	p := &play{setup: s, world: w, Options: o, times: float64(o.Rows) / float64(set.Pops[0].N)}
	todo, err := p.scenarios()
	if err != nil {
		return nil, err
	}
	for _, sc := range todo {
		if sc, err = p.run(ctx, sc, p.times); err != nil {
			return nil, err
		}
		r.Scenarios = append(r.Scenarios, sc)
	}
	r.FalseBlock = r.Scenarios[0].NoGo
	return r, p.advise(ctx, r)
}

type play struct {
	Options
	setup *eval.Setup
	world *world
	times float64 // rows of a data set by those that there are
}

// kinds of summaries that the gates' metrics read; means of other things are of another kind.
func kinds(s *eval.Setup) int {
	seen := map[summary.Spec]bool{}
	for _, g := range s.Plan.Gates {
		for _, in := range s.Metrics {
			if in.As == g.Metric {
				for _, n := range in.Needs() {
					if n.Kind != summary.KindMoments {
						n.Terms = ""
					}
					seen[n] = true
				}
			}
		}
	}
	return len(seen)
}

// run plays one scenario on data sets of times as many rows.
func (p *play) run(ctx context.Context, sc Scenario, times float64) (Scenario, error) {
	only := p.world.find(sc.Slice)
	m := p.world.with(candidate{random: sc.Random, only: only})
	type tally struct {
		decisions map[result.Decision]int
		verdicts  []map[result.Verdict]int
		open      []map[string]int
		named     int
	}
	empty := func() *tally {
		t := &tally{decisions: map[result.Decision]int{}}
		for range p.setup.Plan.Gates {
			t.verdicts, t.open = append(t.verdicts, map[result.Verdict]int{}), append(t.open, map[string]int{})
		}
		return t
	}
	workers := p.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	parts := make([]*tally, workers)
	var wg sync.WaitGroup
	for k := range parts {
		parts[k] = empty()
		wg.Go(func() {
			t := parts[k]
			for i := k; i < p.Draws && ctx.Err() == nil; i += workers {
				gates, o := p.setup.Decide(m.draw(resample.NewRNG(p.Seed, "rehearse", sc.Key, fmt.Sprint(times), fmt.Sprint(i)), times))
				t.decisions[o.Decision]++
				found := false
				for g, x := range gates {
					t.verdicts[g][x.Verdict]++
					for _, c := range x.Cells {
						if c.Verdict != result.Pass && c.Slice != result.Overall {
							t.open[g][c.Slice]++
						}
						found = found || sc.Slice != "" && c.Verdict == result.Fail && slices.Contains(strings.Split(c.Slice, " / "), sc.Slice)
					}
				}
				if found {
					t.named++
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return sc, err
	}
	all := empty()
	for _, t := range parts {
		for d, n := range t.decisions {
			all.decisions[d] += n
		}
		for g := range all.verdicts {
			for v, n := range t.verdicts[g] {
				all.verdicts[g][v] += n
			}
			for s, n := range t.open[g] {
				all.open[g][s] += n
			}
		}
		all.named += t.named
	}
	sc.Draws = p.Draws
	sc.Go, sc.NoGo = rate(all.decisions[result.Go], p.Draws), rate(all.decisions[result.NoGo], p.Draws)
	sc.Inconclusive = rate(p.Draws-all.decisions[result.Go]-all.decisions[result.NoGo], p.Draws)
	if sc.Slice != "" {
		n := rate(all.named, p.Draws)
		sc.Named = &n
	}
	n := float64(p.Draws)
	for g, rule := range p.setup.Plan.Gates {
		v := all.verdicts[g]
		x := Gate{Name: rule.Name, Pass: float64(v[result.Pass]) / n, Fail: float64(v[result.Fail]) / n}
		x.Inconclusive = float64(p.Draws-v[result.Pass]-v[result.Fail]) / n
		x.Slices = worstSlices(all.open[g], n)
		sc.Gates = append(sc.Gates, x)
	}
	return sc, nil
}

func rate(k, n int) Rate {
	lo, hi := interval.Wilson(float64(k)/float64(n), float64(n), 1.959963984540054)
	return Rate{Value: float64(k) / float64(n), Lower: lo, Upper: hi}
}

// draw is one data set's summaries.
func (m *made) draw(r *resample.RNG, times float64) *summary.Set {
	set := *m.set
	set.Pops = make([]*summary.Population, len(m.set.Pops))
	for i, p := range m.set.Pops {
		set.Pops[i] = &summary.Population{Slice: p.Slice, Partition: p.Partition, Missing: make([]int64, len(m.set.Models))}
	}
	if m.whole != nil {
		m.whole.draw(r, times, m, set.Pops)
		m.settle(set.Pops)
		return &set
	}
	m.counts(r, times, set.Pops)
	m.numbers(r, times, set.Pops)
	m.settle(set.Pops)
	return &set
}

func (w *world) find(slice string) int {
	for i, p := range w.set.Pops {
		if slice != "" && p.Slice == slice {
			return i
		}
	}
	return -1
}

// value of a gate's tested quantity on expected summaries: no error is drawn.
func (p *play) value(g gate.Rule, at int, c candidate) float64 {
	set := p.world.with(c).expected()
	q := g
	q.Slices, q.Across = nil, ""
	one := *p.setup
	plan := *p.setup.Plan
	plan.Gates = []gate.Rule{q}
	one.Plan = &plan
	view := *set
	view.Pops = []*summary.Population{set.Pops[at]}
	view.Pops[0].Slice = result.Overall
	gates, _ := one.Decide(&view)
	return float64(gates[0].Evidence.Value)
}

// expected is the data set without sampling error, in units of the rows at hand.
func (m *made) expected() *summary.Set {
	set := *m.set
	set.Pops = make([]*summary.Population, len(m.set.Pops))
	for i, p := range m.set.Pops {
		q := &summary.Population{Slice: p.Slice, Partition: p.Partition, N: p.N, W: p.W, W2: p.W2, Missing: make([]int64, len(m.set.Models))}
		if m.pops[i] != nil {
			q.Counts = &summary.Counts{Cells: clone(m.pops[i])}
			for k := range q.Counts.Cells {
				c := &q.Counts.Cells[k]
				c.N = int64(math.Ceil(c.W))
				if !m.set.Weighted {
					c.W2 = c.W
				}
			}
		}
		set.Pops[i] = q
	}
	m.numbers(nil, 1, set.Pops)
	m.settle(set.Pops)
	return &set
}
