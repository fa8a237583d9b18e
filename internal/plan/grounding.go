package plan

import "github.com/fairtrial/fairtrial/internal/rubric"

// grounding reads a scorer that is a measure by statements, such as faithfulness.
func (d *decoder) grounding(v *node, path, name string, r *rubric.Rubric) {
	g := rubric.Grounding{Kind: name}
	d.with(v, "criterion", func(n *node) { g.Criterion = d.name(n, path+".criterion") })
	d.with(v, "none", func(n *node) {
		if x, ok := d.number(n, path+".none"); ok {
			if g.None = &x; x < 0 || x > 1 {
				d.fail(n, path+".none", "leave it out, and such an answer is ungraded", "the value of an answer without claims is from 0 to 1, this is %s", n.text)
			}
		}
	})
	var err error
	if *r, err = rubric.Grounded(g); err != nil { // judgeTypes has only such names
		panic(err)
	}
}

// groundingFits checks what a measure by statements can be asked.
func (d *decoder) groundingFits(v *node, path string, j *JudgeScorer) {
	g := j.Rubric.Grounding
	if j.Vote == "majority" {
		d.fail(v.get("vote"), path+".vote", "leave it out: the score is the mean", "shares of statements are hardly ever alike: there is no majority")
	}
	if j.Threshold != nil && g.Less() {
		d.fail(v.get("threshold"), path+".threshold", "take faithfulness, of which more is better", "a threshold is reached from below, and less %s is better", g.Kind)
	}
	if c := d.plan.Data.Columns; c.Contexts == "" {
		for _, part := range j.Rubric.Shows {
			if part == "contexts" && d.plan.Task != "rag" {
				d.fail(v, path, "name the column in data.columns.contexts, or write task: rag", "%s reads contexts, and neither cases nor answers have any", g.Kind)
			}
		}
	}
}

// pairwiseFits asks for two models that answer alike.
func (d *decoder) pairwiseFits(v *node, path string) {
	var base *Model
	for i, m := range d.plan.Models {
		if m.Key == "baseline" {
			base = &d.plan.Models[i]
		}
	}
	if base == nil {
		d.fail(v, path, "add models.baseline", "pairwise compares with the baseline, and the plan has none")
		return
	}
	if base.Source.Record != "" {
		d.fail(v, path, "write its answers with `fairtrial answers RECORD -o earlier.jsonl`, and name them: models.baseline: {provider: recorded, source: earlier.jsonl}",
			"pairwise shows a judge both answers, and a baseline from a record has scores alone")
		return
	}
	for _, m := range d.plan.Models {
		if m.Answers != nil && base.Answers != nil && m.Answers.Samples != base.Answers.Samples {
			d.fail(v, path, "give them the same number of samples", "pairwise compares sample by sample: models.%s has %d, models.baseline %d", m.Key, m.Answers.Samples, base.Answers.Samples)
		}
	}
}
