package local

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/engine/local/scan"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// countUngraded counts, in each population, the usable rows that scorers did not grade.
func countUngraded(r *rows.Rows, pops []*summary.Population) {
	for scorer, g := range r.Given {
		bySlice := map[int]map[string]int64{}
		for _, p := range r.Parts {
			n := make([]int64, len(p.Names))
			for i, code := range p.Codes() {
				if g.Ungraded[i] && code != rows.None {
					n[code]++
				}
			}
			names := map[string]int64{}
			for c, name := range p.Names {
				names[name] = n[c]
			}
			bySlice[p.Entry] = names
		}
		var all int64
		for _, x := range g.Ungraded {
			if x {
				all++
			}
		}
		for _, p := range pops {
			n := all
			if p.Partition >= 0 {
				n = bySlice[p.Partition][p.Slice]
			}
			for _, q := range []*summary.Population{p, p.Crossed, p.Both} {
				if q == nil {
					continue
				}
				if q.Ungraded == nil {
					q.Ungraded = map[string]int64{}
				}
				q.Ungraded[scorer] = n
			}
		}
	}
}

// Emission asks for the cases of a request row by row.
type Emission = scan.Emission

// Emit hands the cases of a request on, in reading order (see scan.Emit), and returns how
// many rows there are, those that the filter drops too.
func (e *Engine) Emit(ctx context.Context, r engine.Request, x Emission, f func([]engine.Case) error) (int64, error) {
	db, err := duck.Open(duck.Options{Threads: threads(r.Workers)})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	return scan.Emit(ctx, db, r, x, f)
}

// Table is a small set of columns to be kept as Parquet.
type Table struct {
	Names   []string
	Numbers [][]float64 // by column; nil for a column of texts. NaN is null
	Texts   [][]*string // by column; nil for a column of numbers
}

// Numbers reads columns of numbers of a table that Write wrote; NaN for null.
func (e *Engine) Numbers(ctx context.Context, path string, columns []string) ([][]float64, error) {
	db, err := duck.Open(duck.Options{Threads: 1})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	out, _, err := scan.Numbers(ctx, db, path, columns)
	return out, err
}

// Read reads a table that Write wrote, and its number of rows.
func (e *Engine) Read(ctx context.Context, path string) (Table, int, error) {
	var t Table
	db, err := duck.Open(duck.Options{Threads: 1})
	if err != nil {
		return t, 0, err
	}
	defer db.Close()
	from := "read_parquet(" + duck.Text(path) + ")"
	r, err := db.Query(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM "+from+")")
	if err != nil {
		return t, 0, fmt.Errorf("read scores: %w", err)
	}
	for r.Next() {
		names, types := r.Strings(0), r.Strings(1)
		for i := 0; i < r.Len(); i++ {
			t.Names, t.Texts = append(t.Names, string(names.At(i))), append(t.Texts, nil)
			if t.Numbers = append(t.Numbers, nil); string(types.At(i)) == "DOUBLE" {
				t.Numbers[len(t.Numbers)-1] = []float64{}
			}
		}
	}
	if err := r.Close(); err != nil {
		return t, 0, fmt.Errorf("read scores: %w", err)
	}
	if r, err = db.Query(ctx, "SELECT * FROM "+from); err != nil {
		return t, 0, fmt.Errorf("read scores: %w", err)
	}
	n := 0
	for r.Next() {
		n += r.Len()
		for c := range t.Names {
			valid := r.Valid(c)
			if t.Numbers[c] != nil {
				for i, v := range r.Doubles(c) {
					if duck.IsNull(valid, i) {
						v = math.NaN()
					}
					t.Numbers[c] = append(t.Numbers[c], v)
				}
				continue
			}
			texts := r.Strings(c)
			for i := 0; i < r.Len(); i++ {
				var s *string
				if !duck.IsNull(valid, i) {
					v := string(texts.At(i))
					s = &v
				}
				t.Texts[c] = append(t.Texts[c], s)
			}
		}
	}
	if err := r.Close(); err != nil {
		return t, n, fmt.Errorf("read scores: %w", err)
	}
	return t, n, nil
}

// Write writes a table of n rows to a Parquet file, which appears whole or not at all.
func (e *Engine) Write(ctx context.Context, path string, t Table, n int) error {
	db, err := duck.Open(duck.Options{Threads: 1})
	if err != nil {
		return err
	}
	defer db.Close()
	var fields []duck.Field
	for i, name := range t.Names {
		typ := duck.Double
		if t.Numbers[i] == nil {
			typ = duck.String
		}
		fields = append(fields, duck.Field{Name: name, Type: typ})
	}
	w, err := db.Create(ctx, "given", fields)
	if err != nil {
		return fmt.Errorf("write scores: %w", err)
	}
	for from := 0; from < n && err == nil; from += duck.BlockRows {
		size := min(duck.BlockRows, n-from)
		for c := range fields {
			for i := range size {
				switch {
				case t.Numbers[c] != nil && math.IsNaN(t.Numbers[c][from+i]), t.Numbers[c] == nil && t.Texts[c][from+i] == nil:
					w.SetNull(c, i)
				case t.Numbers[c] != nil:
					w.Doubles(c)[i] = t.Numbers[c][from+i]
				default:
					w.SetString(c, i, []byte(*t.Texts[c][from+i]))
				}
			}
		}
		err = w.Flush(size)
	}
	if closed := w.Close(); err == nil {
		err = closed
	}
	if err == nil {
		tmp := filepath.Join(filepath.Dir(path), ".part-"+filepath.Base(path))
		defer os.Remove(tmp)
		if err = db.Exec(ctx, fmt.Sprintf("COPY given TO %s (FORMAT parquet, COMPRESSION snappy)", duck.Text(tmp))); err == nil {
			err = os.Rename(tmp, path)
		}
	}
	if err != nil {
		return fmt.Errorf("write scores: %w", err)
	}
	return nil
}
