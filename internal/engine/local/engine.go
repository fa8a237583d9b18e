package local

import (
	"context"
	"fmt"
	"runtime"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/engine/local/scan"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Engine summarises files on this machine. The zero Engine is not usable: see New.
// It holds nothing between calls and may be used from several goroutines.
type Engine struct {
	kernels   kernels
	available func() int64 // bytes of memory that may be used, 0 where unknown
}

// kernels make summaries of rows.
type kernels struct {
	// cells makes one population overall and one a slice, with everything but order.
	cells func(context.Context, *rows.Rows, []summary.Spec, int) ([]*summary.Population, error)
	// order adds what needs sorted scores.
	order func(context.Context, *rows.Rows, []summary.Spec, []*summary.Population, int) error
	// bytes estimates what the kernels hold beside the rows.
	bytes func(n int64, req engine.Request) int64
}

var _ engine.Engine = (*Engine)(nil)

// Columns reads the headers of a source and, for CSV, its first rows.
func (e *Engine) Columns(ctx context.Context, source string) ([]cases.Column, error) {
	db, err := duck.Open(duck.Options{Threads: threads(0)})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return scan.Columns(ctx, db, source)
}

// Profile reads a source once and describes its columns.
func (e *Engine) Profile(ctx context.Context, source string) (*engine.Profile, error) {
	db, err := duck.Open(duck.Options{Threads: threads(0)})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return scan.Profile(ctx, db, source)
}

// ClusterLike looks for columns that repeat like a cluster id while the request
// declares none, and says what that would do to the intervals. It reads at most
// scan.ClusterSample rows.
func (e *Engine) ClusterLike(ctx context.Context, r engine.Request) ([]engine.Finding, error) {
	db, err := duck.Open(duck.Options{Threads: threads(r.Workers)})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return scan.ClusterLike(ctx, db, r)
}

// Summarize carries out a request. Wrong data is an *engine.DataError, and so is a
// request that would not fit into memory; other errors are the engine's own.
func (e *Engine) Summarize(ctx context.Context, r engine.Request) (*engine.Result, error) {
	limit, known := e.limit(r)
	db, err := duck.Open(duck.Options{Threads: threads(r.Workers), Memory: duckMemory(limit)})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	plan, err := scan.Prepare(ctx, db, r)
	if err != nil {
		return nil, err
	}
	n, exact := plan.Rows()
	if need := plan.Bytes() + e.kernels.bytes(n, r); known && need > limit {
		return nil, tooBig(r, n, exact, need, limit)
	}
	s, err := plan.Read(ctx)
	if err != nil {
		return nil, err
	}
	result := &engine.Result{Set: set(r, s.Rows), Data: s.Facts}
	if result.Set.Pops, err = e.kernels.cells(ctx, s.Rows, r.Needs, threads(r.Workers)); err != nil {
		return nil, fmt.Errorf("summarise rows: %w", err)
	}
	if err := e.kernels.order(ctx, s.Rows, r.Needs, result.Set.Pops, threads(r.Workers)); err != nil {
		return nil, fmt.Errorf("summarise order: %w", err)
	}
	if result.Exemplars, err = s.Exemplars(ctx, r.Exemplars); err != nil {
		return nil, err
	}
	switch {
	case r.ScoresTo == "":
	case r.KeepScores > 0 && int64(s.Rows.N) > r.KeepScores:
		result.Data.ScoresSkipped = fmt.Sprintf("row scores were not kept: %d rows are more than keep_scores: %d", s.Rows.N, r.KeepScores)
	default:
		if err := s.WriteScores(ctx, r.ScoresTo); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// set is what all populations of a run share.
func set(r engine.Request, rs *rows.Rows) *summary.Set {
	s := &summary.Set{Baseline: r.Baseline, Classes: rs.Classes, Weighted: rs.Weight != nil, Pivot: rs.Pivot}
	for _, m := range r.Models {
		s.Models = append(s.Models, m.Key)
	}
	return s
}

func threads(workers int) int {
	if workers > 0 {
		return workers
	}
	return runtime.GOMAXPROCS(0)
}
