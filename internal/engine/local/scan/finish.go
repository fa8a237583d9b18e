package scan

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// finish turns what was collected into rows and facts.
func (w *pass) finish(ctx context.Context) (*Scan, error) {
	f := w.facts
	f.Columns = names(w.t.columns)
	f.Findings = []engine.Finding{}
	f.RowsUsed = w.usedN
	f.RowsRead = w.read
	if w.t.rows >= 0 {
		f.RowsRead = w.t.rows
	}
	if f.RowsRead == 0 {
		return nil, &engine.DataError{Where: w.t.name(), Msg: "has no rows", NoRows: true}
	}
	if f.Rows == 0 {
		return nil, &engine.DataError{Where: w.t.name(), Msg: fmt.Sprintf("no row passes the filter %s (%d rows read)", w.stream.rule, f.RowsRead), NoRows: true}
	}
	if err := w.joinReports(ctx); err != nil {
		return nil, err
	}
	r := &rows.Rows{N: int(w.usedN), Task: w.req.Task, Baseline: w.req.Baseline, Class: w.class, Target: w.target, Weight: w.weight}
	w.scan.Rows, w.scan.imputed = r, w.imputed
	for m, model := range w.req.Models {
		out := rows.Model{Key: model.Key, Score: w.scores[m], Threshold: model.Threshold, Decision: w.preds[m], Probs: w.probs[m]}
		if w.req.Task == cases.Regression {
			out.Probs, out.Ends, out.Level = nil, w.probs[m], model.Level
		}
		r.Models = append(r.Models, out)
	}
	if err := w.finishGiven(r); err != nil {
		return nil, err
	}
	take := func(k *clusters, column string) ([]uint32, []uint64, int64) {
		if k == nil {
			return nil, nil, 0
		}
		if n := k.nulls; n > 0 {
			w.find("cluster_missing", "%s without %s: each is a cluster of its own", plural(n, "row", "rows"), column)
		}
		return k.code, k.hash, int64(len(k.hash))
	}
	r.Cluster, r.ClusterHash, f.Clusters = take(w.cluster, w.req.Cluster)
	r.Crossed, r.CrossedHash, f.Crossed = take(w.crossed, w.req.Crossed)
	var err error
	if f.Excluded, err = excluded(ctx, &w.tallies, w.tallies.by, w.rowsOf()); err != nil {
		return nil, err
	}
	if r.N == 0 {
		return nil, w.nothingUsable()
	}
	if err := w.labels(ctx, r); err != nil {
		return nil, err
	}
	if r.N == 0 {
		return nil, w.nothingUsable()
	}
	if err := w.weights(r); err != nil {
		return nil, err
	}
	if err := w.magnitudes(ctx, r); err != nil {
		return nil, err
	}
	if err := w.impute(ctx, r); err != nil {
		return nil, err
	}
	if err := w.partitions(ctx, r); err != nil {
		return nil, err
	}
	if w.codes.words != nil {
		w.codes.words.Label(r.Class)
	}
	w.lost(r)
	f.Missing = map[string]int64{}
	for m, model := range w.req.Models {
		f.Missing[model.Key] = w.tallies.missing[m]
	}
	f.RowsDigest = rowsDigest(r)
	return w.scan, nil
}

func (w *pass) find(code, format string, args ...any) {
	w.facts.Findings = append(w.facts.Findings, engine.Finding{Code: code, Text: fmt.Sprintf(format, args...)})
}

func (w *pass) nothingUsable() error {
	var why []string
	for _, x := range w.facts.Excluded {
		why = append(why, fmt.Sprintf("%s: %s, for example %s", x.Reason, plural(x.Rows, "row", "rows"), x.Examples[0]))
	}
	return &engine.DataError{Where: w.t.name(), Msg: fmt.Sprintf("none of %s can be used", plural(w.facts.Rows, "row", "rows")), Hint: strings.Join(why, "; ")}
}

// joinReports says how each model's own file met the cases.
func (w *pass) joinReports(ctx context.Context) error {
	if w.repeats > 0 {
		found, err := w.rowsOf().places(ctx, nil, w.again)
		if err != nil {
			return err
		}
		return &engine.DataError{Where: w.t.name(), Msg: fmt.Sprintf("%s with an id that occurred before, for example %s",
			plural(w.repeats, "case", "cases"), strings.Join(describe(found, w.again), ", ")), Hint: "models with files of their own are joined on id one to one: each case needs its own id"}
	}
	id, _ := w.t.column(w.req.ID, "id")
	for m, j := range w.joins {
		if j == nil {
			continue
		}
		r := modelReason(m) + reason(isAbsent)
		rep, err := j.report(ctx, w.db, w.req.Models[m].Key, w.absent[m])
		w.facts.Joins = append(w.facts.Joins, rep)
		if err != nil {
			return err
		}
		if len(rep.Examples) == 0 && len(w.tallies.by[r].at) > 0 {
			found, err := w.rowsOf().places(ctx, nil, w.tallies.by[r].at)
			if err != nil {
				return err
			}
			w.facts.Joins[len(w.facts.Joins)-1].Examples = describe(found, w.tallies.by[r].at)
		}
		if id.Kind != j.id.Kind && !w.req.Models[m].PlainIDs {
			w.find("id_types_differ", "ids are %s in %s and %s in %s: they were compared as text", id.Kind, w.t.name(), j.id.Kind, j.t.name())
		}
	}
	return nil
}

// weights refuses weights that sum to nothing.
func (w *pass) weights(r *rows.Rows) error {
	if r.Weight == nil {
		return nil
	}
	for _, x := range r.Weight {
		if x > 0 {
			return nil
		}
	}
	return &engine.DataError{Where: w.t.name() + ", column " + w.req.Weight, Msg: "every weight is 0", Hint: "without weights, leave data.columns.weight out"}
}

// Sums of fourth powers of values and squares of weights up to these stay finite over
// any number of rows, and so do their inverses.
const (
	largestValue  = 1e50
	largestScore  = 1e200 // of scores that rank: they are only summed
	largestWeight = 1e30
)

// magnitudes refuses numbers whose squares or sums would overflow.
func (w *pass) magnitudes(ctx context.Context, r *rows.Rows) error {
	refuse := func(row int, column, msg string) error {
		n := w.scan.stream(row)
		if column == "" {
			found, err := w.rowsOf().places(ctx, nil, []int64{n})
			if err != nil {
				return err
			}
			return &engine.DataError{Where: w.t.where(found[n], ""), Msg: msg}
		}
		return w.rowsOf().refuse(ctx, column, n, func(v string) string { return v + " " + msg }, "is it a code for a missing value? leave such cells empty")
	}
	for i, x := range r.Weight {
		if x != 0 && (x > largestWeight || x < 1/largestWeight) {
			return refuse(i, w.req.Weight, fmt.Sprintf("is no usable weight: 0, or %g to %g", 1/largestWeight, largestWeight))
		}
	}
	if w.req.Task != cases.Binary && w.req.Task != cases.Regression {
		return nil // classes and probabilities
	}
	limit, says := largestScore, fmt.Sprintf("is too large to be summed: at most %g", largestScore)
	if w.req.Task == cases.Regression {
		limit, says = largestValue, fmt.Sprintf("is too large to be squared and summed: at most %g", largestValue)
		for i, x := range r.Target {
			if math.Abs(x) > limit {
				return refuse(i, w.req.Label, says)
			}
		}
	}
	for m, model := range r.Models {
		if w.probability(m) { // in [0, 1]
			continue
		}
		one, ends := outputColumns(w.req.Task, w.req.Models[m])
		columns, values := append([]string{one}, ends...), append([][]float64{model.Score}, model.Ends...)
		for k, column := range columns {
			for i, x := range values[k] {
				switch {
				case !(math.Abs(x) > limit):
				case w.joins[m] != nil: // it stands in a file of the model's own
					return refuse(i, "", fmt.Sprintf("the prediction of %s, %g, %s", model.Key, x, says))
				default:
					return refuse(i, column, says)
				}
			}
		}
	}
	return nil
}

// impute replaces missing predictions by the worst that could be (worst_case): the
// baseline is taken to be right and every other model to be wrong.
func (w *pass) impute(ctx context.Context, r *rows.Rows) error {
	if len(w.imputed) == 0 {
		return nil
	}
	low, high := make([]float64, len(r.Models)), make([]float64, len(r.Models))
	for m := range r.Models {
		low[m], high[m] = w.extremes(r, m)
	}
	for _, x := range w.imputed {
		for m := range r.Models {
			if x.miss&(1<<m) == 0 {
				continue
			}
			model, right := &r.Models[m], m == r.Baseline
			if w.req.Task == cases.Binary {
				if (r.Class[x.row] == 1) == right {
					model.Score[x.row] = high[m]
				} else {
					model.Score[x.row] = low[m]
				}
				continue
			}
			answer := r.Class[x.row]
			if !right {
				answer = uint16((int(answer) + 1) % len(r.Classes))
			}
			if model.Decision != nil {
				model.Decision[x.row] = answer
			}
			for c := range model.Probs {
				model.Probs[c][x.row] = float64(boolInt(c == int(answer)))
			}
		}
	}
	list, err := excluded(ctx, &w.tallies, w.tallies.imputed, w.rowsOf())
	if err != nil {
		return err
	}
	for _, x := range list {
		w.find("imputed_worst_case", "%s: %s counted as the worst case, for example %s", x.Reason, plural(x.Rows, "row", "rows"), x.Examples[0])
	}
	return nil
}

// extremes are the scores that stand below and above all others and the threshold:
// 0 and 1 where scores must be probabilities.
func (w *pass) extremes(r *rows.Rows, m int) (low, high float64) {
	model := &r.Models[m]
	if model.Score == nil || w.probability(m) {
		return 0, 1
	}
	skip := w.missingRows(m)
	low, high = math.Inf(1), math.Inf(-1)
	for i, v := range model.Score {
		if !skip[i] {
			low, high = min(low, v), max(high, v)
		}
	}
	if model.Threshold != nil {
		low, high = min(low, *model.Threshold), max(high, *model.Threshold)
	}
	if low > high { // every prediction is missing
		return 0, 1
	}
	low, high = math.Nextafter(low, math.Inf(-1)), math.Nextafter(high, math.Inf(1))
	return max(low, -math.MaxFloat64), min(high, math.MaxFloat64)
}

// lost hands the rows without a label or prediction on to the bounds.
func (w *pass) lost(r *rows.Rows) {
	for _, a := range w.aside {
		if !a.lost {
			continue
		}
		l := rows.Lost{Label: a.class, Weight: a.weight, Missing: make([]bool, len(r.Models)),
			Decisions: make([]uint16, len(r.Models)), Codes: make([]uint16, len(r.Parts))}
		for m := range r.Models {
			l.Missing[m] = a.miss&(1<<m) != 0
			l.Decisions[m] = rows.None
			switch model := &r.Models[m]; {
			case l.Missing[m] || !model.Decides():
			case model.Decision != nil:
				l.Decisions[m] = a.pred[m]
			default:
				l.Decisions[m] = uint16(boolInt(a.score[m] >= *model.Threshold))
			}
		}
		for p := range r.Parts {
			l.Codes[p] = a.parts[p]
		}
		r.Lost = append(r.Lost, l)
	}
}
