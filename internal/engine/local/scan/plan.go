package scan

import (
	"context"
	"errors"
	"fmt"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// Plan is an opened request: headers are read, columns found and types checked, but
// no row is read yet.
type Plan struct {
	db     *duck.DB
	req    engine.Request
	t      *table
	joins  []*join // by model; nil where the model stands in the cases' file
	stream *stream
	given  []given

	packAfter int // rows, that tests change
}

// Prepare opens the files of a request. Errors about the data or about columns are
// *engine.DataError.
func Prepare(ctx context.Context, db *duck.DB, req engine.Request) (*Plan, error) {
	if !req.Task.Valid() {
		return nil, fmt.Errorf("prepare scan: unknown task %q", req.Task)
	}
	if len(req.Models) > maxModels {
		return nil, &engine.DataError{Msg: fmt.Sprintf("%d models; at most %d can be judged together", len(req.Models), maxModels)}
	}
	if req.Missing == engine.MissingWorst && req.Task == cases.Regression {
		return nil, &engine.DataError{Msg: "missing: worst_case has no meaning for regression: there is no worst prediction",
			Hint: "use missing: error or missing: exclude"}
	}
	t, err := open(ctx, db, req.Source)
	if err != nil {
		return nil, err
	}
	p := &Plan{db: db, req: req, t: t, packAfter: packAfter, joins: make([]*join, len(req.Models))}
	for m, model := range req.Models {
		if model.Source == "" {
			continue
		}
		if req.ID == "" {
			return nil, &engine.DataError{Msg: fmt.Sprintf("model %s has a file of its own, but no id column is declared", model.Key),
				Hint: "set data.columns.id to the column that both files share"}
		}
		if p.joins[m], err = openJoin(ctx, db, req, m); err != nil {
			return nil, err
		}
	}
	if p.given, err = openGiven(ctx, db, req); err != nil {
		return nil, err
	}
	err = p.layout(ctx)
	if err != nil && t.sampled {
		// The first lines of a JSONL file need not hold every field: look at all of them.
		if err = t.openJSON(ctx, db, -1); err == nil {
			err = p.layout(ctx)
		}
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Rows is the number of rows of the cases' files: exact where the format says it
// (Parquet), else estimated from the size.
func (p *Plan) Rows() (n int64, exact bool) { return p.t.estimate(), p.t.rows >= 0 }

// Bytes estimates what the rows of the plan will hold in memory at the most, while
// they are read and after.
func (p *Plan) Bytes() int64 {
	row := int64(2)
	if p.req.Task == cases.Regression {
		row = 8
	}
	var fixed int64
	for m, model := range p.req.Models {
		switch {
		case len(model.Probabilities) > 1:
			row += 8*int64(len(model.Probabilities)) + 2
		case len(model.Probabilities) == 1:
			row += 8*16 + 2 // the length of the lists is not known yet
		case p.req.Task == cases.Multiclass:
			row += 2
		case model.HasInterval():
			row += 24
		default:
			row += 8
		}
		if j := p.joins[m]; j != nil {
			fixed += j.t.estimate() * 72
		}
	}
	if p.req.Weight != "" {
		row += 8
	}
	if p.req.Cluster != "" {
		row += 4 + 24 // code, and at worst a cluster for each row
	}
	if p.req.Crossed != "" {
		row += 4 + 24 + 4 + 40 // and the cells of both
	}
	for _, g := range p.given { // the column itself, and that of the used rows
		fixed += 8 * g.rows * int64(len(g.columns))
		row += 8*int64(len(g.columns)) + 1
	}
	row += 2 * int64(len(p.stream.coders))
	for _, part := range p.stream.parts {
		if len(part.coders) != 1 { // its codes are its own, not those of a column
			row += 2
		}
	}
	if p.t.rows < 0 { // grown by doubling
		row += row / 2
	}
	// An eighth is what waits for the garbage collector, the constant what DuckDB holds.
	return fixed + (row+(row+7)/8)*p.t.estimate() + 128<<20
}

func (p *Plan) joined() bool {
	for _, j := range p.joins {
		if j != nil {
			return true
		}
	}
	return false
}

// isDataError reports whether err is already about the data.
func isDataError(err error) bool {
	var d *engine.DataError
	return errors.As(err, &d)
}
