package scan

import (
	"context"
	"errors"
	"math"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// Scan is what a plan read: the usable rows and the facts about all of them. The
// plan's database must stay open while Exemplars and WriteScores are used.
type Scan struct {
	Rows  *rows.Rows
	Facts engine.Facts

	plan    *Plan
	skipped []int64 // numbers in the stream of the rows that are not in Rows, ascending
}

// Read reads all rows. The result is the same whatever the number of threads.
func (p *Plan) Read(ctx context.Context) (*Scan, error) {
	digests := digestFiles(ctx, p.sources())
	s, err := p.read(ctx)
	done := <-digests
	if err != nil {
		return nil, err
	}
	if done.err != nil {
		return nil, done.err
	}
	s.Facts.Files, s.Facts.Digest = done.files, done.whole
	return s, nil
}

// read scans, and scans again where a column turned out to hold something else than
// its first rows promised.
func (p *Plan) read(ctx context.Context) (*Scan, error) {
	for {
		s, err := p.attempt(ctx)
		var again *errReplan
		if !errors.As(err, &again) {
			return s, err
		}
		again.col.asText()
		for _, j := range p.joins {
			if j != nil {
				if err := j.layout(ctx, p.db, p.req); err != nil {
					return nil, err
				}
			}
		}
		if err := p.layout(ctx); err != nil {
			return nil, err
		}
	}
}

func (p *Plan) attempt(ctx context.Context) (*Scan, error) {
	for _, j := range p.joins {
		if j != nil {
			if err := j.load(ctx, p.db, p.req); err != nil {
				return nil, err
			}
		}
	}
	return p.pass(ctx)
}

// asText gives up on a column's guessed kind, or on its hashes.
func (c *column) asText() {
	if c.text {
		c.Kind, c.Type = cases.Text, "VARCHAR"
	}
	c.plain = true
}

// pass is one scan over the cases.
type pass struct {
	*Plan
	scan    *Scan
	facts   *engine.Facts
	tallies tallies
	base    int64 // rows of the stream before the current chunk
	outs    []outputs
	why     [chunkRows]reason
	miss    [chunkRows]uint64 // bit m: model m has no usable prediction
	drop    [chunkRows]bool   // the filter drops the row
	sel     []int32

	class   []uint16
	target  []float64
	scores  [][]float64
	preds   [][]uint16
	probs   [][][]float64
	weight  []float64
	cluster *clusters
	codes   [][]uint16 // by coder, then used row
	parts   [][]uint16 // by declared entry computed by SQL, then used row
	aside   []aside
	imputed []imputed
	caseIDs ids
	again   []int64
	agains  int64
	absent  []int64 // by model: cases without a row in its file
	read    int64
	usedN   int64
}

// aside is a row that is not used: kept for the counts of slices and for bounds.
type aside struct {
	at     int64
	class  uint16
	miss   uint64
	lost   bool // label or prediction missing and weight usable: goes to Rows.Lost
	weight float64
	score  []float64
	pred   []uint16
	codes  []uint16 // by coder
	parts  []uint16 // by declared entry
}

// imputed is a used row whose prediction of some models was missing (worst_case).
type imputed struct {
	row  int
	miss uint64
}

func (p *Plan) pass(ctx context.Context) (*Scan, error) {
	s := p.stream
	w := &pass{Plan: p, scan: &Scan{plan: p}, tallies: newTallies(p.req)}
	w.facts = &w.scan.Facts
	w.outs = make([]outputs, len(p.req.Models))
	w.absent = make([]int64, len(p.req.Models))
	w.prepare()
	r, err := p.db.Query(ctx, s.sql, s.args...)
	if err != nil {
		return nil, p.t.explain(err)
	}
	defer r.Close()
	for r.Next() {
		if err := w.chunk(ctx, r); err != nil {
			return nil, err
		}
		w.base += int64(r.Len())
	}
	if err := r.Close(); err != nil {
		return nil, p.t.explain(err)
	}
	return w.finish(ctx)
}

// prepare reserves memory for the rows that are expected.
func (w *pass) prepare() {
	s, n := w.stream, int(w.t.estimate())
	if w.t.rows < 0 {
		n += n / 16
	}
	if w.req.Task == cases.Regression {
		w.target = make([]float64, 0, n)
	} else {
		w.class = make([]uint16, 0, n)
	}
	w.scores = make([][]float64, len(w.req.Models))
	w.preds = make([][]uint16, len(w.req.Models))
	w.probs = make([][][]float64, len(w.req.Models))
	for m, model := range w.req.Models {
		one, _ := outputColumns(w.req.Task, model)
		switch {
		case one == "":
		case w.req.Task == cases.Multiclass:
			w.preds[m] = make([]uint16, 0, n)
		default:
			w.scores[m] = make([]float64, 0, n)
		}
	}
	if s.weight >= 0 {
		w.weight = make([]float64, 0, n)
	}
	if s.cluster >= 0 {
		w.cluster = newClusters(n)
	}
	w.codes = make([][]uint16, len(s.coders))
	for i := range w.codes {
		w.codes[i] = make([]uint16, 0, n)
	}
	w.parts = make([][]uint16, len(s.parts))
	for i, part := range s.parts {
		if part.code >= 0 {
			w.parts[i] = make([]uint16, 0, n)
		}
	}
	if w.joined() {
		w.caseIDs.grow(n)
	}
}

// chunk takes in the current chunk.
func (w *pass) chunk(ctx context.Context, r *duck.Reader) error {
	s, n := w.stream, r.Len()
	w.read += int64(n)
	if err := w.contradiction(ctx, r); err != nil {
		return err
	}
	dropped := w.filter(r)
	if err := w.notNumbers(ctx, r); err != nil {
		return err
	}
	for _, k := range s.coders {
		if err := k.encode(r); err != nil {
			return tooMany(ctx, w.db, w.t, k, err)
		}
	}
	clear(w.why[:n])
	clear(w.miss[:n])
	special := false
	note := func(i int, re reason) {
		special = true
		if w.why[i] == 0 {
			w.why[i] = re
		}
	}
	var target []float64
	if s.label != nil {
		if err := s.label.encode(r); err != nil {
			return tooMany(ctx, w.db, w.t, s.label, err)
		}
		if bad := s.label.unusable(); len(bad) > 0 {
			for i, c := range s.label.scratch[:n] {
				for _, b := range bad {
					if c == b.code {
						note(i, labelReason+reason(b.why))
					}
				}
			}
		}
	} else {
		target = r.Doubles(s.target)
		w.special(target, r.Valid(s.target), func(i int, x why) { note(i, labelReason+reason(x)) })
	}
	var weight []float64
	if s.weight >= 0 {
		weight = r.Doubles(s.weight)
		valid := r.Valid(s.weight)
		w.special(weight, valid, func(i int, x why) { note(i, weightReason+reason(x)) })
		for i, x := range weight {
			if x < 0 && !w.drop[i] && !duck.IsNull(valid, i) {
				r.Close()
				return w.rowsOf().refuse(ctx, w.req.Weight, w.base+int64(i), func(v string) string { return "the weight " + v + " is negative" },
					"weights are importance weights: 0 or more")
			}
		}
	}
	if err := w.outputs(ctx, r, note); err != nil {
		return err
	}
	return w.keep(r, n, special || dropped, target, weight)
}

// special reports the rows of a column that hold no finite number.
func (w *pass) special(x []float64, valid []uint64, mark func(int, why)) {
	for i, v := range x {
		if valid != nil && duck.IsNull(valid, i) {
			mark(i, isNull)
		} else if math.Float64bits(v)&exponent == exponent {
			mark(i, notFinite(v))
		}
	}
}

// contradiction asks for another scan at a cell that contradicts the guessed kind of
// its column, in whatever row.
func (w *pass) contradiction(ctx context.Context, r *duck.Reader) error {
	at := w.stream.other
	if at < 0 {
		return nil
	}
	valid := r.Valid(at)
	for i, x := range r.Bools(at) {
		if x && !duck.IsNull(valid, i) {
			r.Close()
			return contradicted(ctx, w.db, w.t, w.stream.guessed)
		}
	}
	return nil
}

// notNumbers stops at a cell that must be a number and is text.
func (w *pass) notNumbers(ctx context.Context, r *duck.Reader) error {
	at := w.stream.wrong
	if at < 0 {
		return nil
	}
	valid := r.Valid(at)
	for i, x := range r.Bools(at) {
		if x && !w.drop[i] && !duck.IsNull(valid, i) {
			r.Close()
			return w.rowsOf().notNumber(ctx, w.stream.numeric, w.base+int64(i))
		}
	}
	return nil
}

// filter notes which rows the filter drops, where it was not pushed down.
func (w *pass) filter(r *duck.Reader) bool {
	if w.stream.keep < 0 {
		return false
	}
	any := false
	for i, keep := range r.Bools(w.stream.keep) {
		w.drop[i] = !keep
		any = any || !keep
	}
	return any
}

// outputs takes the outputs of all models.
func (w *pass) outputs(ctx context.Context, r *duck.Reader, note func(int, reason)) error {
	s, n := w.stream, r.Len()
	var texts duck.Strings
	var idValid []uint64
	if s.id >= 0 {
		texts, idValid = r.Strings(s.id), r.Valid(s.id)
		for i := 0; i < n; i++ {
			if w.drop[i] || duck.IsNull(idValid, i) {
				continue
			}
			if _, fresh := w.caseIDs.add(texts.At(i)); !fresh {
				w.agains++
				w.again = example(w.again, w.base+int64(i))
			}
		}
	}
	for m := range w.outs {
		o := &w.outs[m]
		if j := w.joins[m]; j != nil {
			j.match(o, texts, idValid, n)
		} else {
			probability := w.req.NeedProbability != nil && w.req.NeedProbability[m]
			bad, err := o.read(r, &s.models[m], w.outputNames(m), probability, &w.drop)
			if err != nil {
				return tooMany(ctx, w.db, w.t, s.models[m].pred, err)
			}
			if bad != nil {
				r.Close()
				return w.rowsOf().bad(ctx, w.base+int64(bad.i), bad)
			}
		}
		if !o.any {
			continue
		}
		for i, x := range o.why[:n] {
			if x != 0 {
				w.miss[i] |= 1 << m
				if x == isAbsent && !w.drop[i] {
					w.absent[m]++
				}
				note(i, modelReason(m)+reason(x))
			}
		}
	}
	return nil
}

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
	if weight != nil {
		w.weight = take(w.weight, weight, w.sel, all)
	}
	for i, k := range s.coders {
		w.codes[i] = take(w.codes[i], k.scratch[:n], w.sel, all)
	}
	for i, part := range s.parts {
		if part.code >= 0 {
			w.parts[i] = take(w.parts[i], r.Shorts(part.code), w.sel, all)
		}
	}
	if w.cluster != nil {
		w.cluster.take(r, s.cluster, s.clusterAs, w.sel, all, w.base)
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

func (w *pass) outputNames(m int) []string {
	one, probs := outputColumns(w.req.Task, w.req.Models[m])
	if one == "" {
		return probs
	}
	return append([]string{one}, probs...)
}
