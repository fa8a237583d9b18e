package local

import (
	"context"
	"fmt"
	"runtime"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/cells"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/engine/local/fit"
	"github.com/fairtrial/fairtrial/internal/engine/local/influence"
	"github.com/fairtrial/fairtrial/internal/engine/local/order"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/engine/local/scan"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Engine summarises files on this machine. The zero Engine is not usable: see New.
// It holds nothing between calls and may be used from several goroutines.
type Engine struct {
	available func() int64 // bytes of memory that may be used, 0 where unknown
}

// New makes the engine of this machine.
func New() *Engine { return &Engine{available: available} }

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
	if r.Task.Generative() {
		return nil, nil // whether rows resemble each other is told by their scores, which are not there yet
	}
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
	limit, _ := e.limit(r)
	db, err := duck.Open(duck.Options{Threads: threads(r.Workers), Memory: duckMemory(limit)})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	plan, err := scan.Prepare(ctx, db, r)
	if err != nil {
		return nil, err
	}
	if err := e.fits(plan, r); err != nil {
		return nil, err
	}
	s, err := plan.Read(ctx)
	if err != nil {
		return nil, err
	}
	result := &engine.Result{Set: set(r, s.Rows), Data: s.Facts}
	if result.Set.Pops, err = populations(ctx, s.Rows, r.Needs, r.Binned, threads(r.Workers)); err != nil {
		return nil, err
	}
	countUngraded(s.Rows, result.Set.Pops)
	countLabelled(s.Rows, result.Set.Pops)
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
	if d := r.Degrade; d != nil { // last, since it writes over the rows
		if r.Task.Generative() {
			result.Set.Degraded = giveControl(r, s.Rows)
		} else {
			result.Set.Degraded = degrade(s.Rows, d.Share, d.Seed)
		}
		if result.Set.Control, err = populations(ctx, s.Rows, d.Needs, r.Binned, threads(r.Workers)); err != nil {
			return nil, err
		}
		countUngraded(s.Rows, result.Set.Control)
	}
	return result, nil
}

// populations are the summaries of the rows. With a second cluster column they are made
// three times, by each way of clustering.
func populations(ctx context.Context, r *rows.Rows, needs []summary.Spec, binned bool, workers int) ([]*summary.Population, error) {
	pops, err := cells.Summarize(ctx, r, needs, workers)
	if err != nil {
		return nil, fmt.Errorf("summarise rows: %w", err)
	}
	if err := order.Summarize(ctx, r, needs, pops, binned, workers); err != nil {
		return nil, fmt.Errorf("summarise order: %w", err)
	}
	if err := fit.Summarize(ctx, r, needs, pops, workers); err != nil {
		return nil, fmt.Errorf("summarise fits: %w", err)
	}
	if err := influence.Summarize(ctx, r, needs, pops, workers); err != nil {
		return nil, fmt.Errorf("summarise functionals: %w", err)
	}
	if r.Crossed == nil {
		return pops, nil
	}
	second, both := r.Ways()
	for i, way := range []*rows.Rows{second, both} {
		others, err := populations(ctx, way, needs, binned, workers)
		if err != nil {
			return nil, err
		}
		for p := range pops {
			if i == 0 {
				pops[p].Crossed = others[p]
			} else {
				pops[p].Both = others[p]
			}
		}
	}
	return pops, nil
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
