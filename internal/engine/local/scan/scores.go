package scan

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// WriteScores writes the used rows as Parquet, in reading order: id (the row number
// where no id is declared), label (0 and 1 for binary), a column a model under its
// key (score, prediction or class; null where it was imputed), cluster, cluster_2 and weight.
// The file appears whole or not at all.
func (s *Scan) WriteScores(ctx context.Context, path string) error {
	p, r := s.plan, s.Rows
	fields := []duck.Field{{Name: "id", Type: duck.String}, {Name: "label", Type: duck.BigInt}}
	switch r.Task {
	case cases.Multiclass:
		fields[1].Type = duck.String
	case cases.Regression:
		fields[1].Type = duck.Double
	}
	for _, m := range r.Models {
		typ := duck.Double
		if r.Task == cases.Multiclass {
			typ = duck.String
		}
		fields = append(fields, duck.Field{Name: m.Key, Type: typ})
	}
	cluster, crossed, weight := -1, -1, -1
	if r.Cluster != nil {
		cluster = len(fields)
		fields = append(fields, duck.Field{Name: "cluster", Type: duck.String})
	}
	if r.Crossed != nil {
		crossed = len(fields)
		fields = append(fields, duck.Field{Name: "cluster_2", Type: duck.String})
	}
	if r.Weight != nil {
		weight = len(fields)
		fields = append(fields, duck.Field{Name: "weight", Type: duck.Double})
	}
	const table = "row scores"
	w, err := p.db.Create(ctx, table, fields)
	if err != nil {
		return fmt.Errorf("write row scores: %w", err)
	}
	err = s.fill(ctx, w, [2]int{cluster, crossed}, weight)
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = s.copyTable(ctx, table, path)
	}
	if dropErr := p.db.Exec(context.WithoutCancel(ctx), "DROP TABLE "+duck.Quote(table)); err == nil {
		err = dropErr
	}
	if err != nil && !isDataError(err) && ctx.Err() == nil {
		return fmt.Errorf("write row scores: %w", err)
	}
	return err
}

func (s *Scan) copyTable(ctx context.Context, table, path string) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*")
	if err != nil {
		return err
	}
	name := tmp.Name()
	defer os.Remove(name)
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := s.plan.db.Exec(ctx, fmt.Sprintf("COPY %s TO %s (FORMAT parquet, COMPRESSION snappy)", duck.Quote(table), duck.Text(name))); err != nil {
		return err
	}
	return os.Rename(name, path)
}

// fill streams ids and clusters once more and writes them beside the rows.
func (s *Scan) fill(ctx context.Context, w *duck.Writer, clusters [2]int, weight int) error {
	p := s.plan
	rs := p.rowsOf()
	id := `CAST("fairtrial row" AS VARCHAR)`
	use := rs.use
	if rs.id != nil {
		id = rs.id.canonical()
		use = append(use, rs.id)
	}
	clusterSQL := [2]string{"CAST(NULL AS VARCHAR)", "CAST(NULL AS VARCHAR)"}
	for k, name := range []string{p.req.Cluster, p.req.Crossed} {
		if clusters[k] < 0 {
			continue
		}
		c, err := p.t.column(name, "cluster")
		if err != nil {
			return err
		}
		clusterSQL[k] = c.canonical()
		use = append(use, c)
	}
	source := p.t.from(use, false)
	if rs.id == nil {
		source = `(SELECT row_number() OVER () AS "fairtrial row", * FROM ` + source + ")"
	}
	sql := fmt.Sprintf("SELECT %s, %s, %s FROM %s", id, clusterSQL[0], clusterSQL[1], source)
	if rs.where != "" {
		sql += " WHERE " + rs.where
	}
	q, err := p.db.Query(ctx, sql, rs.args...)
	if err != nil {
		return p.t.explain(err)
	}
	defer q.Close()
	b := scoreBlock{s: s, w: w, weight: weight}
	base, next := int64(0), 0
	for q.Next() {
		ids, idValid := q.Strings(0), q.Valid(0)
		texts, valid := [2]duck.Strings{q.Strings(1), q.Strings(2)}, [2][]uint64{q.Valid(1), q.Valid(2)}
		for i := 0; i < q.Len(); i++ {
			if next < len(s.skipped) && s.skipped[next] == base+int64(i) {
				next++
				continue
			}
			if duck.IsNull(idValid, i) {
				w.SetNull(0, b.n)
			} else {
				w.SetString(0, b.n, ids.At(i))
			}
			for k, at := range clusters {
				if at >= 0 && duck.IsNull(valid[k], i) {
					w.SetNull(at, b.n)
				} else if at >= 0 {
					w.SetString(at, b.n, texts[k].At(i))
				}
			}
			if b.n++; b.n == duck.BlockRows {
				if err := b.flush(); err != nil {
					return err
				}
			}
		}
		base += int64(q.Len())
	}
	if err := q.Close(); err != nil {
		return p.t.explain(err)
	}
	if err := b.flush(); err != nil {
		return err
	}
	if b.from != s.Rows.N {
		return &engine.DataError{Where: p.t.name(), Msg: "changed while it was read: " + strconv.Itoa(b.from) + " rows instead of " + strconv.Itoa(s.Rows.N)}
	}
	return nil
}

// scoreBlock is the block of rows that is being filled.
type scoreBlock struct {
	s       *Scan
	w       *duck.Writer
	weight  int
	from, n int // first used row of the block, and rows in it
	imputed int // entries of Scan.imputed that were dealt with
}

func (b *scoreBlock) flush() error {
	r, n := b.s.Rows, b.n
	if n == 0 {
		return nil
	}
	if b.from+n > r.N {
		return &engine.DataError{Where: b.s.plan.t.name(), Msg: "changed while it was read"}
	}
	switch {
	case r.Task == cases.Regression:
		copy(b.w.Doubles(1), r.Target[b.from:b.from+n])
	case r.Task == cases.Binary:
		for i, c := range r.Class[b.from : b.from+n] {
			b.w.Ints(1)[i] = int64(c)
		}
	default:
		for i, c := range r.Class[b.from : b.from+n] {
			b.w.SetString(1, i, []byte(r.Classes[c]))
		}
	}
	for m, model := range r.Models {
		switch {
		case r.Task == cases.Multiclass && model.Decision != nil:
			for i, c := range model.Decision[b.from : b.from+n] {
				b.w.SetString(2+m, i, []byte(r.Classes[c]))
			}
		case model.Score != nil:
			copy(b.w.Doubles(2+m), model.Score[b.from:b.from+n])
		}
	}
	if b.weight >= 0 {
		copy(b.w.Doubles(b.weight), r.Weight[b.from:b.from+n])
	}
	for ; b.imputed < len(b.s.imputed) && b.s.imputed[b.imputed].row < b.from+n; b.imputed++ {
		x := b.s.imputed[b.imputed]
		for m := range r.Models {
			if x.miss&(1<<m) != 0 {
				b.w.SetNull(2+m, x.row-b.from)
			}
		}
	}
	b.from += n
	b.n = 0
	return b.w.Flush(n)
}
