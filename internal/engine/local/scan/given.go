package scan

import (
	"context"
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// given is a file of scores that the cases were given, held whole: NaN where ungraded.
type given struct {
	scorer string
	rows   int64
	scores [][]float64 // by model, then row of the cases
	taken  [][]float64 // by model, then used row
}

// openGiven reads the scores that the rows of a request were given.
func openGiven(ctx context.Context, db *duck.DB, req engine.Request) ([]given, error) {
	var out []given
	for _, x := range req.Given {
		g := given{scorer: x.Scorer, scores: make([][]float64, len(req.Models)), taken: make([][]float64, len(req.Models))}
		list := ""
		for m, model := range req.Models {
			if m > 0 {
				list += ", "
			}
			list += duck.Quote(model.Key)
		}
		r, err := db.Query(ctx, "SELECT "+list+" FROM read_parquet("+duck.Text(literal(x.Source))+")")
		if err != nil {
			return nil, fmt.Errorf("read scores of %s: %w", x.Scorer, err)
		}
		for r.Next() {
			for m := range g.scores {
				valid := r.Valid(m)
				for i, v := range r.Doubles(m) {
					if duck.IsNull(valid, i) {
						v = math.NaN()
					}
					g.scores[m] = append(g.scores[m], v)
				}
			}
			g.rows += int64(r.Len())
		}
		if err := r.Close(); err != nil {
			return nil, fmt.Errorf("read scores of %s: %w", x.Scorer, err)
		}
		out = append(out, g)
	}
	return out, nil
}

// takeGiven takes the scores of the usable rows of the current chunk of n rows.
func (w *pass) takeGiven(n int, all bool) {
	for k := range w.given {
		g := &w.given[k]
		if w.base+int64(n) > g.rows {
			continue // told by finishGiven
		}
		for m := range g.scores {
			g.taken[m] = take(g.taken[m], g.scores[m][w.base:w.base+int64(n)], w.sel, all)
		}
	}
}

// finishGiven hands the scores on to the rows.
func (w *pass) finishGiven(r *rows.Rows) error {
	for _, g := range w.given {
		if g.rows != w.read {
			return &engine.DataError{Where: w.t.name(), Msg: fmt.Sprintf("changed while it was read: %s scored %d rows, there are %d", g.scorer, g.rows, w.read)}
		}
		out := &rows.Given{Scores: map[string][]float64{}, Ungraded: make([]bool, r.N)}
		for m, model := range w.req.Models {
			out.Scores[model.Key] = g.taken[m]
			for i, v := range g.taken[m] {
				if math.IsNaN(v) {
					out.Ungraded[i] = true
				}
			}
		}
		if r.Given == nil {
			r.Given = map[string]*rows.Given{}
		}
		r.Given[g.scorer] = out
	}
	return nil
}
