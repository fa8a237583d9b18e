package eval

import (
	"fmt"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// maxTableClasses bounds the confusion matrices of a record.
const maxTableClasses = 40

// positives is the number of positive rows of a two-class population.
func positives(p *summary.Population, classes int) (int64, bool) {
	if classes != 2 {
		return 0, false
	}
	if p.Rank != nil {
		return p.Rank.Pos, true
	}
	if p.Counts == nil {
		return 0, false
	}
	var n int64
	for _, c := range p.Counts.Cells {
		if c.Label == 1 {
			n += c.N
		}
	}
	return n, true
}

// tables are the confusion matrices over all rows, one for each model that decides.
func (j *judgement) tables() []record.Table {
	out := []record.Table{}
	all := j.set.Pops[0]
	if all.Counts == nil {
		return out
	}
	for m, model := range j.Models {
		if !model.HasDecisions(j.Plan.Task) {
			continue
		}
		t := record.Table{Kind: "confusion", Title: "Rows by label and decision", Model: model.Key, Slice: result.Overall,
			RowLabels: j.set.Classes, ColumnLabels: j.set.Classes, Rows: [][]int64{}}
		k := len(j.set.Classes)
		if k > maxTableClasses {
			t.RowLabels, t.ColumnLabels = []string{}, []string{}
			t.Note = fmt.Sprintf("%d classes: more than the %d that a record holds; the cells are in the summaries", k, maxTableClasses)
			out = append(out, t)
			continue
		}
		for range k {
			t.Rows = append(t.Rows, make([]int64, k))
		}
		for _, c := range all.Counts.Cells {
			if d := c.Decisions[m]; d != summary.NoDecision {
				t.Rows[c.Label][d] += c.N
			}
		}
		out = append(out, t)
	}
	return out
}

// described says what each metric of the record means.
func (j *judgement) described() []record.Metric {
	out := []record.Metric{}
	for _, in := range j.Metrics {
		m := record.Metric{Name: in.As, Metric: in.Name, Title: in.Title, Formula: in.Formula, Direction: string(in.Direction), Target: result.None(),
			Lower: result.Number(in.Lo), Upper: result.Number(in.Hi), Source: in.Source}
		if in.Direction == metric.Target {
			m.Target = result.Number(in.TargetAt)
		}
		out = append(out, m)
	}
	return out
}
