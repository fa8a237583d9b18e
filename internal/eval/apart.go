package eval

import (
	"github.com/fairtrial/fairtrial/internal/compare"
	"github.com/fairtrial/fairtrial/internal/result"
)

// apart tests the candidate's scores on each slice against those on all other cases: the marks
// of the report's grid. Only generative plans have one.
func (j *judgement) apart(es []result.Estimate) {
	if !j.Plan.Task.Generative() || len(j.views) < 2 {
		return
	}
	type key struct{ metric, slice string }
	at := map[key]*result.Estimate{}
	for i := range es {
		if es[i].Model == "candidate" {
			at[key{es[i].Metric, es[i].Slice}] = &es[i]
		}
	}
	var xs []*result.Apart
	var good []float64
	for m, model := range j.Models {
		if model.Key != "candidate" {
			continue
		}
		for _, in := range j.Metrics {
			for _, v := range j.views[1:] {
				e := at[key{in.As, v.Pop.Slice}]
				if e == nil || e.Status != result.OK {
					continue
				}
				if e.Apart = compare.Apart(in, v, j.views[0], m, j.Plan.Confidence); e.Apart != nil {
					xs, good = append(xs, e.Apart), append(good, compare.Good(in.Direction))
				}
			}
		}
	}
	compare.ReadApart(xs, good)
}
