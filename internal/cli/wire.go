package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/store"
)

// The one file that knows every driver.

type (
	casesColumn = cases.Column
	planSlice   = plan.Slice
	emission    = local.Emission
	scoreTable  = local.Table
)

// storedScore is the column of an earlier record's scores once they are matched.
const storedScore = local.Stored

const engineName = "local, duckdb 1.5.6"

func newEngine() engine.Engine { return local.New() }

// clusterLike warns when a column repeats like a cluster id and none is declared.
func clusterLike(ctx context.Context, r engine.Request) ([]string, error) {
	out := []string{}
	if r.Cluster != "" {
		return out, nil
	}
	found, err := local.New().ClusterLike(ctx, r)
	for _, f := range found {
		out = append(out, f.Text)
	}
	return out, err
}

func catalogue() *metric.Catalogue { return metric.NewCatalogue() }

// openWorkspace opens the workspace of a folder: --workspace, FAIRTRIAL_HOME, the
// nearest .fairtrial upwards, below FAIRTRIAL_CEILING, else a new one in the folder.
func (e *Env) openWorkspace(cmd *cobra.Command, dir string) (*store.Workspace, error) {
	return store.Open(cmd.Context(), e.workspaceDir(cmd, dir))
}

func (e *Env) workspaceDir(cmd *cobra.Command, dir string) string {
	if w, _ := cmd.Flags().GetString("workspace"); w != "" {
		return e.path(w)
	}
	if w := e.Getenv("FAIRTRIAL_HOME"); w != "" {
		return e.path(w)
	}
	d, _ := store.Find(dir, e.Getenv("FAIRTRIAL_CEILING"))
	return d
}

// matchScores joins the row scores of two records' candidates on id.
func matchScores(ctx context.Context, a, b, to string) (local.Matched, error) {
	return local.New().Match(ctx, a, "candidate", b, "candidate", to)
}

// emitCases hands the cases of a request on, row by row.
func emitCases(ctx context.Context, r engine.Request, x emission, f func([]engine.Case) error) (int64, error) {
	return local.New().Emit(ctx, r, x, f)
}

// readScoreTable reads columns of what writeScoreTable wrote; NaN where there is none.
func readScoreTable(ctx context.Context, path string, columns []string) ([][]float64, error) {
	return local.New().Numbers(ctx, path, columns)
}

// readWholeTable reads what writeScoreTable wrote, and the number of its rows.
func readWholeTable(ctx context.Context, path string) (scoreTable, int, error) {
	return local.New().Read(ctx, path)
}

// writeScoreTable writes what scorers and people gave the rows as Parquet.
func writeScoreTable(ctx context.Context, path string, t scoreTable, rows int) error {
	return local.New().Write(ctx, path, t, rows)
}

// rebaseScores matches the stored scores of an earlier record's candidate with today's cases.
func rebaseScores(ctx context.Context, r engine.Request, scores, to string) (local.Rebased, error) {
	return local.New().Rebase(ctx, r, scores, "candidate", to)
}
