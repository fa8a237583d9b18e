package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/engine/local/scan"
)

// Matched says how the row scores of two records met on their ids.
type Matched struct {
	Both     int64 // rows of both
	OnlyA    int64
	OnlyB    int64
	Mismatch int64 // rows of both whose labels differ
}

// Match joins the row scores (as Summarize writes them) of two records on id and
// writes id, label, candidate (model modelA of file a), baseline (modelB of b) and, where
// a has them, cluster, cluster_2 and weight to the Parquet file to. Ids must be unique in each.
func (e *Engine) Match(ctx context.Context, a, modelA, b, modelB, to string) (Matched, error) {
	db, err := duck.Open(duck.Options{Threads: threads(0)})
	if err != nil {
		return Matched{}, err
	}
	defer db.Close()
	m := Matched{}
	from := func(path string) string { return "read_parquet(" + duck.Text(path) + ")" }
	if err := one(ctx, db, fmt.Sprintf(`SELECT count(*) FILTER (x.id IS NOT NULL AND y.id IS NOT NULL), count(*) FILTER (y.id IS NULL), count(*) FILTER (x.id IS NULL),
		count(*) FILTER (x.id IS NOT NULL AND y.id IS NOT NULL AND x.label IS DISTINCT FROM y.label) FROM %s x FULL JOIN %s y ON x.id = y.id`, from(a), from(b)),
		&m.Both, &m.OnlyA, &m.OnlyB, &m.Mismatch); err != nil {
		return m, fmt.Errorf("match row scores: %w", err)
	}
	if m.Both == 0 || m.Mismatch > 0 {
		return m, nil
	}
	extra := ""
	for _, c := range []string{"cluster", "cluster_2", "weight"} {
		var n int64
		if err := one(ctx, db, fmt.Sprintf("SELECT count(*) FROM (DESCRIBE SELECT * FROM %s) WHERE column_name = %s", from(a), duck.Text(c)), &n); err != nil {
			return m, fmt.Errorf("match row scores: %w", err)
		}
		if n > 0 {
			extra += ", x." + c
		}
	}
	tmp := filepath.Join(filepath.Dir(to), ".part-"+filepath.Base(to))
	defer os.Remove(tmp)
	sql := fmt.Sprintf("COPY (SELECT x.id, x.label, x.%s AS candidate, y.%s AS baseline%s FROM %s x JOIN %s y ON x.id = y.id ORDER BY x.id) TO %s (FORMAT parquet)",
		duck.Quote(modelA), duck.Quote(modelB), extra, from(a), from(b), duck.Text(tmp))
	if err := db.Exec(ctx, sql); err != nil {
		return m, fmt.Errorf("match row scores: %w", err)
	}
	return m, os.Rename(tmp, to)
}

// one reads a single row of whole numbers.
func one(ctx context.Context, db *duck.DB, sql string, to ...*int64) error {
	r, err := db.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Next() {
		for i, t := range to {
			*t = r.Ints(i)[0]
		}
	}
	return r.Close()
}

// Stored is the column of a file that Rebase writes.
const Stored = scan.Stored

// Rebased says how stored row scores met today's cases.
type Rebased = scan.Rebased

// Rebase takes a model's stored row scores for today's cases (see scan.Rebase).
func (e *Engine) Rebase(ctx context.Context, r engine.Request, scores, model, to string) (Rebased, error) {
	db, err := duck.Open(duck.Options{Threads: threads(r.Workers)})
	if err != nil {
		return Rebased{}, err
	}
	defer db.Close()
	return scan.Rebase(ctx, db, r, scores, model, to)
}
