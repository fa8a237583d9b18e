package cli

import (
	"fmt"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/judge"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/plugin"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/score"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// noAnswers is why a baseline that is taken from an earlier record has no output.
const noAnswers = "an earlier record gave scores without answers"

// averaged: scores that were averaged over samples are no longer 0 or 1, for all models.
func averaged(p *plan.Plan, earlier plan.Model) {
	if earlier.Answers == nil || earlier.Answers.Samples < 2 {
		return
	}
	for i := range p.Scorers {
		if !p.Scorers[i].Plugged() {
			p.Scorers[i].PassFail = false
		}
	}
}

// meetEarlier finds today's cases among the scores of the earlier record whose candidate is
// the baseline of a generative plan.
func (e *Env) meetEarlier(cmd *cobra.Command, p *plan.Plan) error {
	at := slices.IndexFunc(p.Models, func(m plan.Model) bool { return m.Source.Record != "" && m.Source.Scores != "" })
	if at < 0 {
		return nil
	}
	if e.earlier != nil && e.earlier.met != nil {
		e.earlier.met.lack(p, at)
		return nil
	}
	ws, err := e.openWorkspace(cmd, p.Dir)
	if err != nil {
		return err
	}
	defer ws.Close()
	x, err := e.earlierOf(ws, p.Models[at].Source)
	if err != nil {
		return err
	}
	st, err := readStored(cmd.Context(), x.scores)
	if err != nil {
		e.unpair(p, err.Error())
		return nil
	}
	req, err := casesOf(p)
	if err != nil {
		return err
	}
	b := x.about
	if x.met, err = st.meet(cmd.Context(), req, b); err != nil {
		return err
	}
	x.met.lack(p, at)
	for _, name := range p.Models[at].Lacks {
		e.info(cmd, "warning: the record of the baseline has no scores of %s as it is defined now, and is not compared by it", name)
	}
	switch {
	case st.twice > 0:
		e.unpair(p, fmt.Sprintf("%s rows of that record have an id that occurred before", result.Count(st.twice)))
	case b.Matched == 0 && b.Changed > 0:
		e.unpair(p, fmt.Sprintf("all %s cases that both have were changed since, for example %s", result.Count(b.Changed), b.ChangedIDs[0]))
	case b.Matched == 0:
		e.unpair(p, "no case of today's is in that record")
	}
	return nil
}

// storedBaseline are the scores of a baseline that is taken from an earlier record; nil
// where the baseline, if any, answers itself.
type storedBaseline struct {
	model int
	met   *meeting
	plan  *plan.Plan
}

func (e *Env) storedBaseline(s *eval.Setup) *storedBaseline {
	if e.earlier == nil || e.earlier.met == nil {
		return nil
	}
	at := slices.IndexFunc(s.Plan.Models, func(m plan.Model) bool { return m.Source.Scores != "" && m.Answers == nil })
	if at < 0 || !s.Plan.Task.Generative() {
		return nil
	}
	model := slices.IndexFunc(s.Models, func(m cases.Model) bool { return m.Key == s.Plan.Models[at].Key })
	return &storedBaseline{model, e.earlier.met, s.Plan}
}

// lacks reports whether the earlier record has no scores of a scorer at all.
func (b *storedBaseline) lacks(sc plan.Scorer) bool {
	return b.met.numbers[storedColumn(b.plan, sc, "", "candidate")] == nil
}

// score is what a scorer gave the earlier candidate at today's row.
func (b *storedBaseline) score(sc plan.Scorer, further []string, row int64) score.Score {
	name := func(c string) string { return storedColumn(b.plan, sc, c, "candidate") }
	x := score.Score{Value: b.met.number(name(""), row)}
	if x.Graded = !math.IsNaN(x.Value); !x.Graded {
		x.Reason = b.met.lacks(name(""), row)
		return x
	}
	x.Raw, x.Evidence = x.Value, "from the earlier record"
	for _, c := range further {
		x.Stats = append(x.Stats, b.met.number(name(c), row))
	}
	return x
}

// take adds the score of a plug-in.
func (b *storedBaseline) take(c *conversation, t *rowScores, sc plan.Scorer, x engine.Case) {
	if b.lacks(sc) {
		return
	}
	s := b.score(sc, nil, x.Row)
	if !s.Graded {
		c.unasked++
		c.lacks(plugin.Row{ID: x.ID, Row: x.Row, Model: "baseline"}, s.Reason, "")
		return
	}
	t.Numbers[b.model][x.Row-1] = s.Value
}

// labels puts what people said of the earlier candidate beside the labels of today's models.
func (b *storedBaseline) labels(sc plan.Scorer, j *judge.Joined) {
	if b == nil {
		return
	}
	for _, to := range []struct {
		name   string
		column []float64
	}{{summary.LabelWeight, j.Weight[b.model]}, {summary.HumanLabel, j.Value[b.model]}, {secondLabel, j.Second[b.model]}} {
		for i := range to.column {
			to.column[i] = b.met.number(storedColumn(b.plan, sc, to.name, "candidate"), int64(i)+1)
		}
	}
	j.Labels[b.model] = 0
	for _, w := range j.Weight[b.model] {
		if w > 0 {
			j.Labels[b.model]++
		}
	}
}

// storedPair are the scores of two generative records at the cases that both have.
type storedPair struct {
	a, b    *storedScores
	ids     []string
	places  [][2]int
	changed int64
	some    []string // ids of changed cases
	onlyA   int64
	onlyB   int64
}

func pairStored(a, b *storedScores) *storedPair {
	p := &storedPair{a: a, b: b}
	alike := slices.Equal(a.content.columns, b.content.columns) // else what changed cannot be told from what was added
	for i, id := range a.ids {
		k, ok := b.at[id]
		if !ok {
			p.onlyA++
			continue
		}
		x, y := a.texts[storedCase][i], b.texts[storedCase][k]
		if alike && x != nil && y != nil && *x != *y {
			p.changed++
			p.some = named(p.some, id)
			continue
		}
		p.ids, p.places = append(p.ids, id), append(p.places, [2]int{i, k})
	}
	p.onlyB = int64(len(b.ids)) - int64(len(p.ids)) - p.changed
	return p
}

// words say how the two met.
func (p *storedPair) words() string {
	s := fmt.Sprintf("%s cases matched on id", result.Count(int64(len(p.ids))))
	if p.onlyA+p.onlyB > 0 {
		s += fmt.Sprintf("; %s cases are only in the first and %s only in the second, and are left out", result.Count(p.onlyA), result.Count(p.onlyB))
	}
	if p.changed > 0 {
		s += fmt.Sprintf("; %s cases differ between the records and are left out", record.Counted(p.changed, p.some))
	}
	if !slices.Equal(p.a.content.columns, p.b.content.columns) {
		s += "; the columns of the cases differ, so whether cases changed is not known"
	}
	return s
}

// contrastStored evaluates the candidates of two generative records on the cases that both
// have, by the scorers that mean the same in both. nil, with the reason, where it cannot be.
func (e *Env) contrastStored(cmd *cobra.Command, a *record.Record, fileA string, b *record.Record, fileB, dir string) (*record.Record, string, error) {
	ctx := cmd.Context()
	stA, err := readStored(ctx, fileA)
	if err != nil {
		return nil, "of the first record: " + err.Error(), nil
	}
	stB, err := readStored(ctx, fileB)
	if err != nil {
		return nil, "of the second record: " + err.Error(), nil
	}
	met := pairStored(stA, stB)
	if len(met.ids) == 0 {
		return nil, "no case of one record is in the other: " + met.words(), nil
	}
	p, given, err := met.plan(a, b)
	if err != nil {
		return nil, "", err
	}
	if len(p.Metrics) == 0 {
		return nil, "no scorer means the same in both records", nil
	}
	s, err := met.setup(ctx, p, given, dir)
	if err != nil {
		return nil, "", err
	}
	c, err := s.Collect(ctx, newEngine())
	if err != nil {
		return nil, "", err
	}
	r, err := s.Judge(c, 0)
	return r, met.words(), err
}
