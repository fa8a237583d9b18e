package scan

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// Stored is the column of a file that Rebase writes.
const Stored = "stored score"

// Rebased says how stored row scores met today's cases.
type Rebased struct {
	Rows       int64 // of today's cases
	Matched    int64 // of them with a stored score
	Gone       int64 // stored scores of no case
	Relabelled int64 // matched cases whose label is another than the stored one
	Repeated   int64 // cases whose id occurred before
	Twice      int64 // stored scores whose id occurred before
}

// Rebase matches the row scores of an earlier run (as WriteScores writes them) with the
// cases of a request on id, and writes those of today's cases to the Parquet file to: the
// id column and Stored, the scores of the model. Nothing is written where ids repeat or
// none meets.
func Rebase(ctx context.Context, db *duck.DB, req engine.Request, scores, model, to string) (Rebased, error) {
	var n Rebased
	t, err := open(ctx, db, req.Source)
	if err != nil {
		return n, err
	}
	if t.format == jsonFormat {
		if err := t.openJSON(ctx, db, -1); err != nil {
			return n, err
		}
	}
	b := &builder{t: t}
	id, label := b.column(req.ID, "id"), b.column(req.Label, "label")
	if req.Where != nil {
		for _, name := range req.Where.Columns() {
			b.column(name, "column of the filter")
		}
	}
	if b.err != nil {
		return n, b.err
	}
	if err := t.guess(ctx, db); err != nil {
		return n, err
	}
	sql := fmt.Sprintf("CREATE TABLE today AS SELECT %s AS id, %s AS label FROM %s", id.canonical(), labelSQL(req, label), t.from(b.use, false))
	if req.Where != nil && !req.Where.IsZero() {
		rule, err := req.Where.Check(t.kindOf)
		if err != nil {
			return n, fmt.Errorf("check where: %w", err)
		}
		where, args := rule.SQL(t.typedName)
		if sql, err = inline(sql+" WHERE "+where, args); err != nil {
			return n, err
		}
	}
	if err := db.Exec(ctx, sql); err != nil {
		return n, t.explain(err)
	}
	stored := "read_parquet(" + duck.Text(literal(scores)) + ")"
	for _, q := range []struct {
		sql string
		to  *int64
	}{
		{"SELECT count(*) FROM today", &n.Rows},
		{"SELECT count(id) - count(DISTINCT id) FROM today", &n.Repeated},
		{"SELECT count(id) - count(DISTINCT id) FROM " + stored, &n.Twice},
		{"SELECT count(*) FROM today x WHERE x.id IN (SELECT id FROM " + stored + ")", &n.Matched},
		{"SELECT count(*) FROM " + stored + " y WHERE y.id NOT IN (SELECT id FROM today WHERE id IS NOT NULL)", &n.Gone},
		{"SELECT count(*) FROM today x JOIN " + stored + " y ON x.id = y.id WHERE x.label IS NOT NULL AND x.label IS DISTINCT FROM y.label", &n.Relabelled},
	} {
		if err := oneCount(ctx, db, q.sql, q.to); err != nil {
			return n, fmt.Errorf("match stored scores: %w", err)
		}
	}
	if n.Repeated > 0 || n.Twice > 0 || n.Matched == 0 {
		return n, nil
	}
	tmp := filepath.Join(filepath.Dir(to), ".part-"+filepath.Base(to))
	defer os.Remove(tmp)
	err = db.Exec(ctx, fmt.Sprintf("COPY (SELECT id AS %s, %s AS %s FROM %s WHERE id IN (SELECT id FROM today) ORDER BY id) TO %s (FORMAT parquet)",
		duck.Quote(req.ID), duck.Quote(model), duck.Quote(Stored), stored, duck.Text(tmp)))
	if err != nil {
		return n, fmt.Errorf("match stored scores: %w", err)
	}
	return n, os.Rename(tmp, to)
}

// labelSQL is today's label as WriteScores would store it.
func labelSQL(req engine.Request, c *column) string {
	switch req.Task {
	case cases.Regression:
		return "TRY_CAST(" + c.ident + " AS DOUBLE)"
	case cases.Binary:
		return fmt.Sprintf("CASE WHEN %[1]s IS NOT NULL THEN CAST(lower(%[1]s) = lower(%[2]s) AS BIGINT) END", c.canonical(), duck.Text(req.Positive))
	}
	return c.canonical()
}

func oneCount(ctx context.Context, db *duck.DB, sql string, to *int64) error {
	r, err := db.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Next() {
		*to = r.Ints(0)[0]
	}
	return r.Close()
}
