// Package eval is the pipeline: plan + engine → record. It orchestrates and refuses
// arithmetic and input or output of its own.
package eval

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/compare"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/slice"
	"github.com/fairtrial/fairtrial/internal/stat/ppi"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Draws of the cell bootstrap: more where a gate reads the ends of an interval,
// since at 2 000 they jitter by .06 standard errors (STATISTICS 15).
const (
	drawsRead  = 2000
	drawsGated = 20000
)

// MaxValues is the most values that a column used as a slice may have (CONTRACT).
const MaxValues = 200

// Setup is a plan made ready: its metrics built and the request an engine answers.
type Setup struct {
	Plan    *plan.Plan
	Metrics []*metric.Instance
	Models  []cases.Model
	Request engine.Request

	impact *metric.Instance // mean cost a row, the plan's values negated; nil: not asked for
}

// Prepare builds metrics, slices and the engine request of a resolved plan. A
// fairness gate's column becomes a slice entry if the plan did not declare it.
func Prepare(p *plan.Plan, cat *metric.Catalogue) (*Setup, error) {
	s := &Setup{Plan: p}
	cat = cat.With(scorers(p))
	addAcross(p)
	needs := map[summary.Spec]bool{}
	var specs []summary.Spec
	for _, m := range p.Metrics {
		in, err := cat.Build(m.Metric, m.As, metric.Options{Task: p.Task, Params: m.Params, Class: m.Class, Average: m.Average, Level: level(p)})
		if err != nil {
			return nil, err
		}
		s.Metrics = append(s.Metrics, in)
		for _, n := range in.Needs() {
			if !needs[n] {
				needs[n] = true
				specs = append(specs, n)
			}
		}
	}
	if x := p.Impact; x != nil {
		var err error
		s.impact, err = cat.Build("expected_cost", "impact", metric.Options{Task: p.Task, Params: map[string]float64{
			"cost_tp": -x.Values.TP, "cost_fp": -x.Values.FP, "cost_fn": -x.Values.FN, "cost_tn": -x.Values.TN}})
		if err != nil {
			return nil, err
		}
		for _, n := range s.impact.Needs() {
			if !needs[n] {
				needs[n] = true
				specs = append(specs, n)
			}
		}
	}
	specs = s.needsCuts(specs)
	req := engine.Request{Task: p.Task, Source: p.Resolve(p.Data.Source), ID: p.Data.Columns.ID, Cluster: p.Data.Columns.Cluster, Crossed: p.Data.Columns.Crossed,
		Weight: p.Data.Columns.Weight, Time: p.Data.Columns.Time, Label: p.Data.Columns.Label.Column, Positive: p.Data.Columns.Label.Positive,
		Baseline: -1, MaxSlices: p.MaxSlices, Needs: specs, Missing: engine.MissingPolicy(p.Data.Missing), Workers: p.Workers,
		Exemplars: 20, KeepScores: p.KeepScores, Binned: p.Exact != nil && !*p.Exact}
	if p.Data.Where != "" {
		w, err := slice.ParseWhere(p.Data.Where)
		if err != nil {
			return nil, fmt.Errorf("data.where: %w", err)
		}
		req.Where = &w
	}
	for i, e := range p.Slices {
		part, err := partition(e)
		if err != nil {
			return nil, fmt.Errorf("slices[%d]: %w", i, err)
		}
		req.Slices = append(req.Slices, part)
	}
	for _, m := range p.Models {
		if m.Source.Record != "" && m.Source.Scores == "" {
			continue // its rows are not there: see Collected.Baseline
		}
		if p.Task.Generative() { // scorers say all that is known of its answers
			m.Source = plan.Source{}
		}
		c := cases.Model{PlainIDs: m.Source.Plugin != "" || m.Source.Record != "", Key: m.Key, Source: p.Resolve(m.Source), Score: m.Score, Prediction: m.Prediction, Threshold: m.Threshold, Lacks: m.Lacks}
		if x := m.Interval; x != nil {
			c.Lower, c.Upper, c.Level = x.Lower, x.Upper, x.Level
		}
		for _, x := range m.Probabilities {
			c.Probabilities = append(c.Probabilities, x.Column)
			if x.Class != "" {
				c.ProbClasses = append(c.ProbClasses, x.Class)
			}
		}
		if m.Key == "baseline" {
			req.Baseline = len(s.Models)
		}
		s.Models = append(s.Models, c)
		req.NeedProbability = append(req.NeedProbability, s.needsProbability(c))
	}
	if req.Models = s.Models; p.Task.Generative() {
		req.Exemplars = 0 // texts have no loss: see record.Case
	}
	s.Request = req
	s.askControl()
	return s, nil
}

func scorers(p *plan.Plan) []metric.Scorer {
	var out []metric.Scorer
	for _, s := range p.Scorers {
		lo, hi := s.Range()
		x := metric.Scorer{Name: s.As, Direction: metric.Direction(s.Direction), Lo: lo, Hi: hi, PassFail: s.PassFail, Judge: s.Judged(), Corpus: s.Corpus()}
		if l := s.Labels; l != nil {
			if x.Labels = metric.LabelDraw(l.Drawn); x.Labels == "" {
				x.Labels = metric.Even
			}
		}
		for _, c := range s.Cards {
			x.Cards = append(x.Cards, ppi.Card{Good: c.Good, GoodPassed: c.GoodPassed, Bad: c.Bad, BadFailed: c.BadFailed})
		}
		out = append(out, x)
	}
	return out
}

// level is that of the models' prediction intervals; 0 without any.
func level(p *plan.Plan) float64 {
	for _, m := range p.Models {
		if m.Interval != nil {
			return m.Interval.Level
		}
	}
	return 0
}

// needsProbability: some metric of the plan reads the scores as probabilities.
func (s *Setup) needsProbability(m cases.Model) bool {
	for _, in := range s.Metrics {
		if in.NeedsProbability && m.HasProbabilities(s.Plan.Task) {
			return true
		}
	}
	return false
}

func addAcross(p *plan.Plan) {
	for _, g := range p.Gates {
		if g.Across == "" {
			continue
		}
		found := false
		for _, e := range p.Slices {
			found = found || e.ByValue() && e.Columns[0] == g.Across
		}
		if !found {
			p.Slices = append(p.Slices, plan.Slice{Columns: []string{g.Across}})
		}
	}
}

func partition(e plan.Slice) (slice.Partition, error) {
	switch {
	case e.Where != "":
		w, err := slice.ParseWhere(e.Where)
		if err != nil {
			return slice.Partition{}, err
		}
		return slice.WhereSlice(e.Name, w)
	case e.Quantiles > 0:
		return slice.QuantileSlice(e.Columns[0], e.Quantiles)
	case e.Bins != nil:
		return slice.BinSlice(e.Columns[0], e.Bins)
	case len(e.Columns) > 1:
		return slice.CrossSlice(e.Columns...)
	}
	return slice.ColumnSlice(e.Columns[0])
}

// Collected is what the engine gave: all that a judgement needs.
type Collected struct {
	Set       *summary.Set
	Facts     engine.Facts
	Exemplars []engine.Exemplar
	Baseline  *record.Baseline // the earlier record whose candidate is the baseline, if any
	Sequence  *Sequence        // of plans that stop when decided
}

// Collect asks the engine.
func (s *Setup) Collect(ctx context.Context, e engine.Engine) (*Collected, error) {
	r, err := e.Summarize(ctx, s.Request)
	if err != nil {
		return nil, err
	}
	if err := s.oneName(r.Set); err != nil {
		return nil, err
	}
	if err := s.tooManyValues(r.Set); err != nil {
		return nil, err
	}
	if n := r.Set.Pops[0].N; n < s.Plan.MinRows {
		return nil, &engine.DataError{Msg: fmt.Sprintf("%d usable rows, and the standard asks for %d", n, s.Plan.MinRows), Hint: "more rows are needed before this plan may decide"}
	}
	c := &Collected{Set: r.Set, Facts: r.Data, Exemplars: r.Exemplars}
	for i := range c.Facts.Files {
		c.Facts.Files[i].Path = filepath.ToSlash(s.Plan.Shorten(c.Facts.Files[i].Path))
	}
	return c, nil
}

// tooManyValues refuses a column of very many values as a slice: it is an id or a
// number by mistake more often than a choice.
func (s *Setup) tooManyValues(set *summary.Set) error {
	n := map[int]int{}
	for _, p := range set.Pops {
		n[p.Partition]++
	}
	for i, e := range s.Plan.Slices {
		if e.ByValue() && n[i] > MaxValues {
			return &engine.DataError{Msg: fmt.Sprintf("slices[%d]: column %q has %d values; a column used as a slice may have at most %d", i, e.Columns[0], n[i], MaxValues),
				Hint: "use bins, a predicate, or a coarser column"}
		}
	}
	return nil
}

// Seed is the plan's, else derived from the plan and the order-free digest of the rows.
func Seed(p *plan.Plan, rows string) (uint64, error) {
	if p.Seed != nil {
		return *p.Seed, nil
	}
	q := *p // where the rows lie decides nothing: the same rows of a file and of a query give the same numbers
	q.Connections, q.Data.Source, q.Models, q.Scorers = nil, plan.Source{}, slices.Clone(p.Models), slices.Clone(p.Scorers)
	for i := range q.Scorers {
		if l := q.Scorers[i].Labels; l != nil {
			b := *l
			b.Source, b.TunedOn = "", ""
			q.Scorers[i].Labels = &b
		}
	}
	for i := range q.Models {
		q.Models[i].Source = plan.Source{}
		if a := q.Models[i].Answers; a != nil {
			b := *a
			b.Source = ""
			q.Models[i].Answers = &b
		}
	}
	d, err := record.Digest([]any{&q, rows})
	if err != nil {
		return 0, err
	}
	var seed uint64
	if _, err := fmt.Sscanf(d[len("sha256:"):len("sha256:")+16], "%x", &seed); err != nil {
		return 0, fmt.Errorf("derive seed: %w", err)
	}
	return seed, nil
}

// Judge computes everything of a record that follows from plan and summaries:
// estimates, comparisons, gates, verdict, slices and tables. It is pure, so that
// verify can repeat it. workers never changes a number.
func (s *Setup) Judge(c *Collected, workers int) (*record.Record, error) {
	p := s.Plan
	seed, err := Seed(p, c.Facts.RowsDigest)
	if err != nil {
		return nil, err
	}
	j := &judgement{Setup: s, set: c.Set, views: make([]*metric.View, len(c.Set.Pops))}
	gated := j.gatedPops()
	for i, pop := range c.Set.Pops {
		j.views[i] = &metric.View{Set: c.Set, Pop: pop, Seed: seed, Draws: drawsRead}
		if gated[i] {
			j.views[i].Draws = drawsGated
		}
	}
	est, cmp := j.measure(workers)
	r := &record.Record{Plan: p, Data: c.Facts, Seed: seed, Exemplars: nonNil(c.Exemplars), Curves: []record.Curve{}}
	for i := range c.Set.Pops {
		r.Estimates = append(r.Estimates, est[i]...)
		r.Comparisons = append(r.Comparisons, cmp[i]...)
	}
	r.Estimates, r.Comparisons = nonNil(r.Estimates), nonNil(r.Comparisons)
	j.readFamily(r.Comparisons)
	j.apart(r.Estimates)
	unpaired := s.unpaired(r, c.Baseline)
	look, before := s.looks(c.Sequence, seed)
	r.Gates, r.Verdict = gate.Decide(gate.Input{Rules: p.Gates, Set: c.Set, View: func(i int) *metric.View { return j.views[i] },
		Metrics: j.byName(), Fits: j.fits, Groups: j.groups, DataError: tooMuchMissing(p, c.Facts), Unpaired: unpaired, Look: look, Varied: s.varied(c.Facts.Scorers)})
	c.Sequence.account(p, look, before, r)
	s.control(r, c, seed, unpaired)
	if x := p.Impact; x != nil {
		r.Impact = compare.Impact(s.impact, j.views[0], 0, c.Set.Baseline, p.Confidence, x.Per, x.Unit, x.Volume)
	}
	r.Metrics = j.described()
	r.Slices = j.slices()
	r.Tables = j.tables()
	r.Curves = j.curves(seed)
	return r, nil
}

// varied finds what the error of a rule's metric is made of: of a scorer's mean or of its
// difference to the baseline.
func (s *Setup) varied(scorers []engine.Scored) func(gate.Rule) *engine.Varied {
	return func(r gate.Rule) *engine.Varied {
		for _, m := range s.Plan.Metrics {
			if m.As != r.Metric {
				continue
			}
			for _, x := range scorers {
				for _, v := range x.Variances {
					if x.Scorer == m.Metric && v.Model == r.Model && v.Than == r.Than {
						return &v
					}
				}
			}
		}
		return nil
	}
}

// Decide decides the plan's gates on other summaries of the same shape (a rehearsal),
// without bootstrap draws: count metrics that need them use the delta method.
func (s *Setup) Decide(set *summary.Set) ([]result.Gate, result.Outcome) {
	j := &judgement{Setup: s, set: set, views: make([]*metric.View, len(set.Pops))}
	for i, pop := range set.Pops {
		j.views[i] = &metric.View{Set: set, Pop: pop}
	}
	return gate.Decide(gate.Input{Rules: s.Plan.Gates, Set: set, View: func(i int) *metric.View { return j.views[i] },
		Metrics: j.byName(), Fits: j.fits, Groups: j.groups})
}

func nonNil[T any](x []T) []T {
	if x == nil {
		return []T{}
	}
	return x
}

// judgement is one Judge on its way.
type judgement struct {
	*Setup
	set   *summary.Set
	views []*metric.View
}

// measure computes estimates and comparisons by population, in parallel; the order
// of results is that of populations, metrics and models.
func (j *judgement) measure(workers int) ([][]result.Estimate, [][]result.Comparison) {
	if workers <= 0 {
		workers = runtime.NumCPU()
	}
	est := make([][]result.Estimate, len(j.views))
	cmp := make([][]result.Comparison, len(j.views))
	next := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range next {
				est[i], cmp[i] = j.population(i)
			}
		})
	}
	for i := range j.views {
		next <- i
	}
	close(next)
	wg.Wait()
	return est, cmp
}

func (j *judgement) population(i int) ([]result.Estimate, []result.Comparison) {
	v, level := j.views[i], j.Plan.Confidence
	var es []result.Estimate
	var cs []result.Comparison
	for k, in := range j.Metrics {
		for m, model := range j.Models {
			if ok, why := in.Fits(model); !ok {
				es = append(es, compare.NotApplicable(in, model.Key, v.Pop.Slice, level, why))
				continue
			}
			es = append(es, compare.Estimate(in, v, m, level))
		}
		base := j.set.Baseline
		for m, model := range j.Models {
			if base < 0 || m == base {
				continue
			}
			if ok, _ := in.Fits(model); !ok {
				continue
			}
			if ok, _ := in.Fits(j.Models[base]); !ok {
				continue
			}
			cs = append(cs, compare.Comparison(in, v, m, base, level, j.reading(k, model.Key)))
		}
	}
	return es, cs
}

// reading is the margin by which a metric's comparisons are read: the plan's
// equivalence margin, and the margin of a gate on the same models.
func (j *judgement) reading(metricAt int, model string) compare.Reading {
	m := j.Plan.Metrics[metricAt]
	var r compare.Reading
	if m.Equivalence != nil {
		r.Equivalence = *m.Equivalence
	}
	for _, g := range j.Plan.Gates {
		if g.Metric == m.As && g.Model == model && g.Than == "baseline" && !g.Relative && g.Rule == gate.NoWorseThan {
			r.Margin = g.Margin
			if r.Equivalence == 0 {
				r.Equivalence = g.Margin
			}
		}
	}
	return r
}
