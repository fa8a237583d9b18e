package scan

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// keep stores the usable rows of the chunk and puts the others aside.
func (w *pass) keep(r *duck.Reader, n int, some bool, target, weight []float64) error {
	s := w.stream
	all := !some
	w.sel = w.sel[:0]
	if some {
		for i := 0; i < n; i++ {
			if w.drop[i] {
				w.drop[i] = false
				w.scan.skipped = append(w.scan.skipped, w.base+int64(i))
				continue
			}
			w.facts.Rows++
			re := w.why[i]
			if re == 0 {
				w.sel = append(w.sel, int32(i))
				continue
			}
			if w.req.Missing == engine.MissingWorst && re.isModel() {
				w.countMissing(i)
				w.imputed = append(w.imputed, imputed{row: int(w.usedN) + len(w.sel), miss: w.miss[i]})
				w.sel = append(w.sel, int32(i))
				continue
			}
			w.setAside(r, i, re, weight)
		}
		all = len(w.sel) == n
	} else {
		w.facts.Rows += int64(n)
	}
	used := n
	if !all {
		used = len(w.sel)
	}
	if w.class != nil {
		w.class = take(w.class, s.label.scratch[:n], w.sel, all)
	} else {
		w.target = take(w.target, target, w.sel, all)
	}
	for m := range w.outs {
		o := &w.outs[m]
		if w.scores[m] != nil {
			w.scores[m] = take(w.scores[m], o.score[:n], w.sel, all)
		}
		if w.preds[m] != nil {
			w.preds[m] = take(w.preds[m], o.pred[:n], w.sel, all)
		}
		for c := range o.probs {
			if c == len(w.probs[m]) {
				w.probs[m] = append(w.probs[m], make([]float64, w.usedN, max(int(w.t.estimate()), n)))
			}
			w.probs[m][c] = take(w.probs[m][c], o.probs[c][:n], w.sel, all)
		}
	}
	w.takeGiven(n, all)
	if weight != nil {
		w.weight = take(w.weight, weight, w.sel, all)
	}
	w.codes.take(s.coders, n, w.sel, all)
	for i, part := range s.parts {
		if part.code >= 0 {
			w.parts[i] = take(w.parts[i], r.Shorts(part.code), w.sel, all)
		}
	}
	if w.cluster != nil {
		w.cluster.take(r, s.cluster, s.clusterAs, w.sel, all, w.base)
	}
	if w.crossed != nil {
		w.crossed.take(r, s.crossed, s.crossedAs, w.sel, all, w.base)
	}
	w.usedN += int64(used)
	return nil
}

func (w *pass) countMissing(i int) {
	for m := range w.outs {
		if w.miss[i]&(1<<m) != 0 {
			w.tallies.missing[m]++
			w.tallies.impute(modelReason(m)+reason(w.outs[m].why[i]), w.base+int64(i))
		}
	}
}

// setAside counts a row that cannot be used and keeps what bounds need of it.
func (w *pass) setAside(r *duck.Reader, i int, re reason, weight []float64) {
	s := w.stream
	at := w.base + int64(i)
	w.scan.skipped = append(w.scan.skipped, at)
	w.tallies.count(re, at)
	for m := range w.outs {
		if w.miss[i]&(1<<m) != 0 {
			w.tallies.missing[m]++
		}
	}
	a := aside{at: at, class: rows.None, miss: w.miss[i], weight: 1, lost: !re.isWeight()}
	if re.isLabel() {
		w.facts.NoLabel++
		if weight != nil { // the weight may be unusable too
			v := r.Valid(s.weight)
			a.lost = !duck.IsNull(v, i) && math.Float64bits(weight[i])&exponent != exponent
		}
	} else if s.label != nil {
		a.class = s.label.scratch[i]
	}
	if weight != nil && a.lost {
		a.weight = weight[i]
	}
	a.score, a.pred = make([]float64, len(w.outs)), make([]uint16, len(w.outs))
	for m := range w.outs {
		o := &w.outs[m]
		a.pred[m] = rows.None
		if a.miss&(1<<m) != 0 {
			continue
		}
		switch {
		case o.pred != nil:
			a.pred[m] = o.pred[i]
		case o.score != nil:
			a.score[m] = o.score[i]
		case len(o.probs) > 0:
			a.pred[m] = argmax(o.probs, i)
		}
	}
	a.codes = make([]uint16, len(s.coders))
	for c, k := range s.coders {
		a.codes[c] = k.scratch[i]
	}
	a.parts = make([]uint16, len(s.parts))
	for c, part := range s.parts {
		if part.code >= 0 {
			a.parts[c] = r.Shorts(part.code)[i]
		}
	}
	w.aside = append(w.aside, a)
}

// argmax is the class of the highest probability of a row, the lowest of equals.
func argmax(probs [][]float64, i int) uint16 {
	best := 0
	for c := range probs {
		if probs[c][i] > probs[best][i] {
			best = c
		}
	}
	return uint16(best)
}

// take appends the selected rows of a column of the chunk.
func take[T any](to, from []T, sel []int32, all bool) []T {
	if all {
		return append(to, from...)
	}
	for _, i := range sel {
		to = append(to, from[i])
	}
	return to
}
