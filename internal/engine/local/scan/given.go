package scan

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// given is a file of numbers that the cases were given, held whole: NaN where null.
type given struct {
	engine.Given
	rows    int64
	columns []givenColumn
}

// givenColumn is one number that each row was given.
type givenColumn struct {
	name  string // empty: the score
	model string
	all   []float64 // by row of the cases
	taken []float64 // by used row
}

// openGiven reads the numbers that the rows of a request were given.
func openGiven(ctx context.Context, db *duck.DB, req engine.Request) ([]given, error) {
	var out []given
	for _, x := range req.Given {
		g := given{Given: x}
		var names []string
		add := func(name, model, column string) {
			names = append(names, column)
			g.columns = append(g.columns, givenColumn{name: name, model: model})
		}
		for _, model := range req.Models {
			if !x.NoScores {
				add("", model.Key, model.Key)
			}
			for _, name := range x.Columns {
				add(name, model.Key, engine.GivenColumn(name, model.Key))
			}
		}
		if x.Control > 0 {
			add("", engine.ControlColumn, engine.ControlColumn)
			for _, name := range x.Columns {
				add(name, engine.ControlColumn, engine.GivenColumn(name, engine.ControlColumn))
			}
		}
		if len(names) == 0 {
			continue
		}
		all, rows, err := Numbers(ctx, db, x.Source, names)
		if err != nil {
			return nil, fmt.Errorf("read scores of %s: %w", x.Scorer, err)
		}
		g.rows = rows
		for c := range g.columns {
			g.columns[c].all = all[c]
		}
		out = append(out, g)
	}
	return out, nil
}

// Numbers reads DOUBLE columns of a Parquet file whole, by column and row; NaN for null.
func Numbers(ctx context.Context, db *duck.DB, path string, columns []string) ([][]float64, int64, error) {
	list := make([]string, len(columns))
	for c, name := range columns {
		list[c] = duck.Quote(name)
	}
	r, err := db.Query(ctx, "SELECT "+strings.Join(list, ", ")+" FROM read_parquet("+duck.Text(literal(path))+")")
	if err != nil {
		return nil, 0, err
	}
	out, rows := make([][]float64, len(columns)), int64(0)
	for r.Next() {
		for c := range columns {
			valid := r.Valid(c)
			for i, v := range r.Doubles(c) {
				if duck.IsNull(valid, i) {
					v = math.NaN()
				}
				out[c] = append(out[c], v)
			}
		}
		rows += int64(r.Len())
	}
	return out, rows, r.Close()
}

// takeGiven takes the numbers of the usable rows of the current chunk of n rows.
func (w *pass) takeGiven(n int, all bool) {
	for k := range w.given {
		g := &w.given[k]
		if w.base+int64(n) > g.rows {
			continue // told by finishGiven
		}
		for c := range g.columns {
			x := &g.columns[c]
			x.taken = take(x.taken, x.all[w.base:w.base+int64(n)], w.sel, all)
		}
	}
}

// finishGiven hands the numbers on to the rows.
func (w *pass) finishGiven(r *rows.Rows) error {
	for _, g := range w.given {
		if g.rows != w.read {
			return &engine.DataError{Where: w.t.name(), Msg: fmt.Sprintf("changed while it was read: %s scored %d rows, there are %d", g.Scorer, g.rows, w.read)}
		}
		if r.Given == nil {
			r.Given = map[string]*rows.Given{}
		}
		out := r.Given[g.Scorer]
		if out == nil {
			out = &rows.Given{Scores: map[string][]float64{}, Ungraded: make([]bool, r.N), More: map[string]map[string][]float64{}}
			r.Given[g.Scorer] = out
		}
		for _, c := range g.columns {
			if c.name == "" {
				out.Scores[c.model] = c.taken
				lacks := w.lacks(c.model, g.Scorer)
				for i, v := range c.taken {
					if c.model == engine.ControlColumn {
						break // which rows lack its score is for giveControl to say
					}
					if lacks { // its metrics do not apply to the model, and other models' do not wait for it
						c.taken[i] = 0
						continue
					}
					out.Ungraded[i] = out.Ungraded[i] || math.IsNaN(v)
				}
				continue
			}
			for i, v := range c.taken {
				if math.IsNaN(v) {
					c.taken[i] = 0
				}
			}
			if out.More[c.name] == nil {
				out.More[c.name] = map[string][]float64{}
			}
			out.More[c.name][c.model] = c.taken
		}
	}
	return nil
}

// lacks reports whether a model has no scores of a scorer at all.
func (w *pass) lacks(model, scorer string) bool {
	return slices.ContainsFunc(w.req.Models, func(m cases.Model) bool { return m.Key == model && slices.Contains(m.Lacks, scorer) })
}
