package scan

import (
	"context"
	"math"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

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
	crossed *clusters
	codes   *codeColumns
	parts   [][]uint16 // by declared entry computed by SQL, then used row
	aside   []aside
	imputed []imputed
	caseIDs ids
	again   []int64
	repeats int64
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
	if err := p.meet(ctx); err != nil {
		return nil, err
	}
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
	if w.req.Task.Numeric() {
		w.target = rows.Column[float64](n)
	} else {
		w.class = rows.Column[uint16](n)
	}
	for k := range w.given {
		for c := range w.given[k].columns { // an attempt before this one may have left some
			w.given[k].columns[c].taken = nil
		}
	}
	w.scores = make([][]float64, len(w.req.Models))
	w.preds = make([][]uint16, len(w.req.Models))
	w.probs = make([][][]float64, len(w.req.Models))
	for m, model := range w.req.Models {
		one, _ := outputColumns(w.req.Task, model)
		switch {
		case one == "":
		case w.req.Task == cases.Multiclass:
			w.preds[m] = rows.Column[uint16](n)
		default:
			w.scores[m] = rows.Column[float64](n)
		}
	}
	if s.weight >= 0 {
		w.weight = rows.Column[float64](n)
	}
	if s.cluster >= 0 {
		w.cluster = newClusters(n)
	}
	if s.crossed >= 0 {
		w.crossed = newClusters(n)
	}
	w.codes = newCodeColumns(len(s.coders), n, w.packing())
	w.parts = make([][]uint16, len(s.parts))
	for i, part := range s.parts {
		if part.code >= 0 {
			w.parts[i] = rows.Column[uint16](n)
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

// filter notes which rows the filter drops, where it was not pushed down, and which are not
// of the request.
func (w *pass) filter(r *duck.Reader) bool {
	any := false
	if w.stream.keep >= 0 {
		for i, keep := range r.Bools(w.stream.keep) {
			w.drop[i] = !keep
			any = any || !keep
		}
	}
	if w.req.Only == nil {
		return any
	}
	for i := range r.Len() {
		if at := w.base + int64(i); at >= int64(len(w.req.Only)) || !w.req.Only[at] {
			w.drop[i], any = true, true
		}
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
				w.repeats++
				w.again = example(w.again, w.base+int64(i))
			}
		}
	}
	for m := range w.outs {
		o := &w.outs[m]
		if j := w.joins[m]; j != nil {
			j.match(o, texts, idValid, n)
		} else {
			bad, err := o.read(r, &s.models[m], w.outputNames(m), w.probability(m), &w.drop)
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

// probability reports that a model's scores must lie in [0,1].
func (p *Plan) probability(m int) bool {
	return p.req.NeedProbability != nil && p.req.NeedProbability[m]
}

func (w *pass) outputNames(m int) []string {
	one, probs := outputColumns(w.req.Task, w.req.Models[m])
	if one == "" {
		return probs
	}
	return append([]string{one}, probs...)
}
