package scan

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// join is a model's own file: its predictions by id.
type join struct {
	model  int
	t      *table
	id     *column
	sql    string
	use    []*column
	mc     modelColumns
	names  []string // output columns, in the order of outputs.read
	wrong  int      // column of the stream: a cell that must be a number is text; -1
	nums   []roleColumn
	others []*column

	index ids
	score []float64
	pred  []uint16
	probs [][]float64
	why   []why
	seen  []bool // by position: a case had this id
	rows  int64
}

// openJoin reads the header of a model's own file.
func openJoin(ctx context.Context, db *duck.DB, req engine.Request, m int) (*join, error) {
	model := req.Models[m]
	t, err := open(ctx, db, model.Source)
	if err != nil {
		return nil, err
	}
	j := &join{model: m, t: t}
	err = j.layout(ctx, db, req)
	if err != nil && t.sampled {
		if err = t.openJSON(ctx, db, -1); err == nil {
			err = j.layout(ctx, db, req)
		}
	}
	return j, err
}

func (j *join) layout(ctx context.Context, db *duck.DB, req engine.Request) error {
	b := &builder{t: j.t}
	model := req.Models[j.model]
	j.id = b.column(req.ID, "id")
	oneName, probNames := outputColumns(req.Task, model)
	var one *column
	var probs []*column
	j.names = j.names[:0]
	if oneName != "" {
		one = b.column(oneName, "score of "+model.Key)
		j.names = append(j.names, oneName)
	}
	for _, name := range probNames {
		probs = append(probs, b.column(name, moreRole(req.Task)+model.Key))
		j.names = append(j.names, name)
	}
	if b.err != nil {
		return b.err
	}
	if err := j.t.guess(ctx, db); err != nil {
		return err
	}
	b.add(j.id.canonical())
	j.nums, j.others, j.wrong = nil, nil, -1
	var err error
	check := func(e error) {
		if err == nil {
			err = e
		}
	}
	number := func(c *column, role string) int {
		sql, wrong, e := j.t.number(c, role)
		check(e)
		if wrong != "" {
			j.nums = append(j.nums, roleColumn{c, role, wrong})
		}
		return b.add(sql)
	}
	key := func(c *column, role string) *coder {
		sql, form, e := j.t.key(c, role)
		check(e)
		return newCoder(c, form, b.add(sql))
	}
	mc, e := modelLayout(j.t, b, req, j.model, one, probs, number, key)
	check(e)
	if err != nil {
		return err
	}
	j.mc = mc
	var wrong []string
	for _, n := range j.nums {
		wrong = append(wrong, n.sql)
	}
	if one != nil && mc.pred != nil {
		if _, x := one.typed(); x != "" { // a class that contradicts its guessed kind
			j.others = append(j.others, one)
			wrong = append(wrong, x)
		}
	}
	if len(wrong) > 0 {
		j.wrong = b.add(strings.Join(wrong, " OR "))
	}
	j.use = b.use
	j.sql = "SELECT " + strings.Join(b.selects, ", ") + " FROM " + j.t.from(b.use, false)
	return nil
}

// load reads the predictions. Ids must be there and occur once.
func (j *join) load(ctx context.Context, db *duck.DB, req engine.Request) error {
	r, err := db.Query(ctx, j.sql)
	if err != nil {
		return j.t.explain(err)
	}
	defer r.Close()
	size := int(j.t.estimate())
	j.index, j.score, j.pred, j.probs, j.why, j.rows = ids{}, nil, nil, nil, nil, 0
	j.index.grow(size)
	var out outputs
	var none [chunkRows]bool
	var noID, twice []int64
	var noIDs, twices int64
	for r.Next() {
		n := r.Len()
		if j.wrong >= 0 {
			flags, valid := r.Bools(j.wrong), r.Valid(j.wrong)
			for i, x := range flags {
				if x && !duck.IsNull(valid, i) {
					r.Close()
					if err := contradicted(ctx, db, j.t, j.others); err != nil {
						return err
					}
					return j.rowsOf(db).notNumber(ctx, j.nums, j.rows+int64(i))
				}
			}
		}
		bad, err := out.read(r, &j.mc, j.names, req.NeedProbability != nil && req.NeedProbability[j.model], &none)
		if err != nil {
			return tooMany(ctx, db, j.t, j.mc.pred, err)
		}
		if bad != nil {
			r.Close()
			return j.rowsOf(db).bad(ctx, j.rows+int64(bad.i), bad)
		}
		texts, valid := r.Strings(0), r.Valid(0)
		for i := 0; i < n; i++ {
			at := j.rows + int64(i)
			if duck.IsNull(valid, i) {
				noIDs++
				noID = example(noID, at)
				j.index.skip()
				continue
			}
			if _, fresh := j.index.add(texts.At(i)); !fresh {
				twices++
				twice = example(twice, at)
			}
		}
		j.rows += int64(n)
		if out.score != nil {
			j.score = append(j.score, out.score[:n]...)
		}
		if out.pred != nil {
			j.pred = append(j.pred, out.pred[:n]...)
		}
		for c := range out.probs {
			if c == len(j.probs) {
				j.probs = append(j.probs, make([]float64, len(j.why), size))
			}
			j.probs[c] = append(j.probs[c], out.probs[c][:n]...)
		}
		j.why = append(j.why, out.why[:n]...)
	}
	if err := r.Close(); err != nil {
		return j.t.explain(err)
	}
	if j.rows == 0 {
		return &engine.DataError{Where: j.t.name(), Msg: "has no rows"}
	}
	key := req.Models[j.model].Key
	if noIDs > 0 {
		return j.refuse(ctx, db, noID, fmt.Sprintf("%s of %s without an id", plural(noIDs, "prediction", "predictions"), key), "each prediction needs the id of its case")
	}
	if twices > 0 {
		return j.refuse(ctx, db, twice, fmt.Sprintf("%s of %s with an id that occurred before", plural(twices, "prediction", "predictions"), key), "each case needs one prediction: remove the others")
	}
	j.seen = make([]bool, j.rows)
	return nil
}

func (j *join) refuse(ctx context.Context, db *duck.DB, at []int64, msg, hint string) error {
	found, err := j.rowsOf(db).places(ctx, nil, at)
	if err != nil {
		return err
	}
	return &engine.DataError{Where: j.t.name(), Msg: msg + ", for example " + strings.Join(describe(found, at), ", "), Hint: hint}
}

// take copies the outputs of one position to row i of a chunk. A list model whose
// file has fewer classes fills what there is.
func (j *join) take(o *outputs, i int, pos int) {
	if w := j.why[pos]; w != 0 {
		o.mark(i, w)
	}
	if o.score != nil {
		o.score[i] = j.score[pos]
	}
	if o.pred != nil {
		o.pred[i] = j.pred[pos]
	}
	for c := range o.probs {
		o.probs[c][i] = j.probs[c][pos]
	}
}

// match looks up the cases of a chunk.
func (j *join) match(o *outputs, texts duck.Strings, valid []uint64, n int) {
	if o.score == nil && j.score != nil {
		o.score = make([]float64, chunkRows)
	}
	if o.pred == nil && j.pred != nil {
		o.pred = make([]uint16, chunkRows)
	}
	for len(o.probs) < len(j.probs) {
		o.probs = append(o.probs, make([]float64, chunkRows))
	}
	if o.any {
		clear(o.why[:])
		o.any = false
	}
	for i := 0; i < n; i++ {
		pos := -1
		if !duck.IsNull(valid, i) {
			pos = j.index.find(texts.At(i))
		}
		if pos < 0 {
			o.mark(i, isAbsent)
			continue
		}
		j.seen[pos] = true
		j.take(o, i, pos)
	}
}

// report says how the file met the cases, and fails where predictions are left over.
func (j *join) report(ctx context.Context, db *duck.DB, key string, without int64) (engine.Join, error) {
	rep := engine.Join{Model: key, Rows: j.rows, CasesWithout: without}
	var left []int64
	for pos, seen := range j.seen {
		if seen {
			rep.Matched++
		} else {
			rep.Unmatched++
			left = example(left, int64(pos))
		}
	}
	if rep.Unmatched == 0 {
		return rep, nil
	}
	found, err := j.rowsOf(db).places(ctx, nil, left)
	if err != nil {
		return rep, err
	}
	rep.Examples = describe(found, left)
	return rep, &engine.DataError{Where: j.t.name(),
		Msg:  fmt.Sprintf("%s of %s with an id that no case has, for example %s", plural(rep.Unmatched, "prediction", "predictions"), key, strings.Join(rep.Examples, ", ")),
		Hint: "remove them, or add their cases; ids are compared as text"}
}

func example(at []int64, n int64) []int64 {
	if len(at) < 3 {
		at = append(at, n)
	}
	return at
}

func describe(found map[int64]place, at []int64) []string {
	out := make([]string, len(at))
	for i, n := range at {
		out[i] = found[n].String()
	}
	return out
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}
