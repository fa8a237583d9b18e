package cli

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// plan is the first record's on the cases that both have: the metrics of scorers that are in
// both, no slices, no gates. given are its scorers' columns.
func (p *storedPair) plan(a, b *record.Record) (*plan.Plan, []engine.Given, error) {
	q, err := clonePlan(a.Plan)
	if err != nil {
		return nil, nil, err
	}
	q.Dir, q.Gates, q.Slices, q.Stop, q.Control = "", nil, nil, nil, nil
	columns := plan.Columns{ID: storedID}
	for _, c := range []struct {
		had, is string
		to      *string
	}{{q.Data.Columns.Cluster, storedFirst, &columns.Cluster}, {q.Data.Columns.Crossed, storedOther, &columns.Crossed}, {q.Data.Columns.Weight, storedHeavy, &columns.Weight}} {
		if c.had != "" {
			*c.to = c.is
		}
	}
	q.Data = plan.Data{Columns: columns, Missing: q.Data.Missing, MaxMissing: q.Data.MaxMissing}
	var given []engine.Given
	var kept []plan.Scorer
	for _, sc := range q.Scorers {
		if p.a.numbers[storedColumn(a.Plan, sc, "", "candidate")] == nil || p.b.numbers[storedColumn(a.Plan, sc, "", "candidate")] == nil {
			continue
		}
		g := engine.Given{Scorer: sc.As}
		for _, f := range a.Data.Scorers {
			if f.Scorer == sc.As {
				g.Columns = f.Columns
			}
		}
		if i := slices.IndexFunc(b.Plan.Scorers, func(x plan.Scorer) bool { return x.As == sc.As }); i >= 0 { // averaged in one of them
			sc.PassFail = sc.PassFail && b.Plan.Scorers[i].PassFail
		}
		given = append(given, g)
		if sc.Labels != nil {
			given = append(given, engine.Given{Scorer: sc.As, Columns: []string{summary.LabelWeight, summary.HumanLabel}, NoScores: true})
		}
		kept = append(kept, sc)
	}
	q.Scorers = kept
	q.Metrics = slices.DeleteFunc(q.Metrics, func(m plan.Metric) bool {
		sc, ok := a.Plan.ScorerOf(m)
		return !ok || !slices.ContainsFunc(kept, func(k plan.Scorer) bool { return k.As == sc.As })
	})
	var models []plan.Model
	for _, x := range []struct {
		key string
		of  *plan.Plan
	}{{"candidate", a.Plan}, {"baseline", b.Plan}} {
		for _, m := range x.of.Models {
			if m.Key == "candidate" {
				models = append(models, plan.Model{Key: x.key, Name: m.Name, Version: m.Version})
			}
		}
	}
	q.Models = models
	return q, given, nil
}

// setup writes the cases and their scores into a folder, and makes the plan ready for them.
func (p *storedPair) setup(ctx context.Context, q *plan.Plan, given []engine.Given, dir string) (*eval.Setup, error) {
	t := scoreTable{Names: []string{storedID}, Numbers: [][]float64{nil}, Texts: [][]*string{nil}}
	for i := range p.ids {
		t.Texts[0] = append(t.Texts[0], &p.ids[i])
	}
	for _, name := range []string{storedFirst, storedOther, storedHeavy} {
		of := p.a.texts[name]
		if of == nil {
			continue
		}
		var texts []*string
		var numbers []float64
		for _, at := range p.places {
			if texts = append(texts, of[at[0]]); name == storedHeavy {
				numbers = append(numbers, number(of[at[0]]))
			}
		}
		if name == storedHeavy {
			texts = nil
		}
		t.Names, t.Texts, t.Numbers = append(t.Names, name), append(t.Texts, texts), append(t.Numbers, numbers)
	}
	q.Data.Source = plan.Source{Path: filepath.Join(dir, "cases.parquet")}
	if err := writeScoreTable(ctx, q.Data.Source.Path, t, len(p.ids)); err != nil {
		return nil, err
	}
	s, err := eval.Prepare(q, catalogue())
	if err != nil {
		return nil, err
	}
	for i, g := range given {
		sc := q.Scorers[slices.IndexFunc(q.Scorers, func(x plan.Scorer) bool { return x.As == g.Scorer })]
		var t scoreTable
		names := g.Columns
		if !g.NoScores {
			names = append([]string{""}, names...)
		}
		for _, name := range names {
			for side, key := range []string{"candidate", "baseline"} {
				from := []*storedScores{p.a, p.b}[side].numbers[storedColumn(q, sc, name, "candidate")]
				column, to := make([]float64, len(p.ids)), key
				for k, at := range p.places {
					if column[k] = math.NaN(); from != nil {
						column[k] = from[at[side]]
					}
				}
				if name != "" {
					to = engine.GivenColumn(name, key)
				}
				t.Names, t.Numbers, t.Texts = append(t.Names, to), append(t.Numbers, column), append(t.Texts, nil)
			}
		}
		g.Source = filepath.Join(dir, "given-"+strconv.Itoa(i)+".parquet")
		if err := writeScoreTable(ctx, g.Source, t, len(p.ids)); err != nil {
			return nil, err
		}
		s.Request.Given = append(s.Request.Given, g)
	}
	return s, nil
}

// number is a text as a number; NaN where it is none.
func number(s *string) float64 {
	if s == nil {
		return math.NaN()
	}
	x, err := strconv.ParseFloat(*s, 64)
	if err != nil {
		return math.NaN()
	}
	return x
}
