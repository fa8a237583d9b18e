package scan

import (
	"context"

	"github.com/fairtrial/fairtrial/internal/engine"
)

// reason says why a row cannot be used: whose fault, and how. Zero says that it can.
type reason uint16

const (
	labelReason  reason = 0 // + why
	weightReason reason = 8 // + why
)

func modelReason(m int) reason  { return reason(16 + 8*m) }
func (r reason) isLabel() bool  { return r > 0 && r < weightReason }
func (r reason) isWeight() bool { return r >= weightReason && r < 16 }
func (r reason) isModel() bool  { return r >= 16 }
func (r reason) how() why       { return why(r % 8) }
func (r reason) model() int     { return int(r-16) / 8 }

// tally counts the rows of one reason and remembers the first three.
type tally struct {
	rows int64
	at   []int64
}

// tallies count unusable rows by their first reason (label, then weight, then the
// models in order), and missing predictions by model whatever else is wrong.
type tallies struct {
	req     engine.Request
	by      []tally // by reason
	imputed []tally // by reason, worst_case
	missing []int64 // by model
}

func newTallies(req engine.Request) tallies {
	n := int(modelReason(len(req.Models)))
	return tallies{req: req, by: make([]tally, n), imputed: make([]tally, n), missing: make([]int64, len(req.Models))}
}

func (t *tallies) count(r reason, at int64) {
	t.by[r].rows++
	t.by[r].at = example(t.by[r].at, at)
}

func (t *tallies) impute(r reason, at int64) {
	t.imputed[r].rows++
	t.imputed[r].at = example(t.imputed[r].at, at)
}

// words are a reason as a reader of the record sees it.
func (t *tallies) words(r reason) string {
	switch {
	case r.isLabel():
		if r.how() == isNull {
			return "label missing"
		}
		return "label " + r.how().words()
	case r.isWeight():
		return t.req.Weight + " " + r.how().words()
	}
	m := t.req.Models[r.model()]
	if r.how() == isAbsent {
		return m.Key + " " + r.how().words()
	}
	one, probs := outputColumns(t.req.Task, m)
	name := one
	if one == "" && len(probs) == 1 {
		name = probs[0]
	} else if len(probs) > 0 {
		name = "an output of " + m.Key
	}
	for k, other := range t.req.Models { // two files may use one name
		if o, _ := outputColumns(t.req.Task, other); k != r.model() && o == one && one != "" {
			return m.Key + "'s " + name + " " + r.how().words()
		}
	}
	return name + " " + r.how().words()
}

// excluded lists the counted reasons in their fixed order, with example rows.
func excluded(ctx context.Context, t *tallies, by []tally, rows streamed) ([]engine.Excluded, error) {
	var all []int64
	for _, x := range by {
		all = append(all, x.at...)
	}
	found, err := rows.places(ctx, nil, all)
	if err != nil {
		return nil, err
	}
	out := []engine.Excluded{}
	for r, x := range by {
		if x.rows > 0 {
			out = append(out, engine.Excluded{Reason: t.words(reason(r)), Rows: x.rows, Examples: describe(found, x.at)})
		}
	}
	return out, nil
}
