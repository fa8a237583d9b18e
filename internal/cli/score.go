package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/report"
)

// scoreCommand is the second phase of a generative plan by itself: stored answers are
// scored and judged again, and no model is asked.
func scoreCommand(e *Env) *cobra.Command {
	var out, planPath string
	var set []string
	var asJSON, fresh bool
	c := &cobra.Command{
		Use: "score RECORD", Short: "Score the stored answers of a record again, without asking its models",
		Long: "score judges the answers that a record of a task generation or rag kept by the plan as it is now: with scorers, slices and gates that were\n" +
			"added or mended since. It makes a new record. The cases and what the models are asked must be what they were. Judges, embedding\n" +
			"models and classifiers are asked only for what is not kept.",
		Args: exactly(1, "one record (a file, a folder or a run's id)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			started := e.Now()
			r, old, from, done, err := e.generative(cmd, args[0])
			if err != nil {
				return err
			}
			defer done()
			path := planPath
			if path == "" {
				path = filepath.Join(old.Plan.Dir, filepath.Base(r.Run.PlanPath))
			}
			p, err := e.loadPlan(cmd, path, set)
			if err != nil {
				return err
			}
			for i, m := range p.Models { // the answers are those of the record, whatever the file holds now
				for _, was := range old.Plan.Models {
					if was.Key == m.Key && m.Answers != nil && was.Answers != nil {
						p.Models[i].Answers.Digest = was.Answers.Digest
					}
				}
			}
			if !p.Task.Generative() || !same(p.Models, old.Plan.Models) || p.Data.Source != old.Plan.Data.Source || p.Data.Where != old.Plan.Data.Where || p.Data.Columns.ID != old.Plan.Data.Columns.ID {
				return wrong("run the plan", "%s asks other cases or other models than the record: its answers are not those of this plan", path)
			}
			s, err := eval.Prepare(p, catalogue())
			if err != nil {
				return wrong("", "%w", err)
			}
			ws, err := e.openWorkspace(cmd, p.Dir)
			if err != nil {
				return err
			}
			defer ws.Close()
			e.cpu, e.spent = cpuTime(), ledger{begun: e.Now()}
			for _, x := range r.Run.Answers {
				if x.Provider != "recorded" {
					e.spent.book("models."+x.Model, x.Account)
				}
			}
			was := earlierScores{fresh: fresh}
			if !fresh && same(p.Data.Columns, old.Plan.Data.Columns) {
				was.judges = r.Run.Judges
			}
			if err := e.judgesReady(cmd.Context(), s, was.judges...); err != nil {
				return err
			}
			id := newID(started)
			scores := ws.TempPath(id + ".scores.parquet")
			defer os.Remove(scores)
			again, err := e.conclude(cmd, ws, s, keptBy(r, from), was, started, id, scores)
			if err != nil {
				return err
			}
			if again.Data.Digest != r.Data.Digest {
				return wrong("run the plan", "the cases have changed since the models answered")
			}
			if out == "" {
				out = filepath.Join(p.Dir, "fairtrial-out")
			}
			if err := writeOutputs(e.path(out), again); err != nil {
				return fmt.Errorf("the run is stored as %s, but not all of its files were written: %w", again.Run.ID, err)
			}
			if asJSON {
				err = report.JSON(e.Stdout, again)
			} else {
				err = report.Terminal(e.Stdout, again, e.terminal(cmd))
			}
			if err != nil {
				return err
			}
			e.info(cmd, "report: %s", e.short(filepath.Join(out, "report.html")))
			return verdict(again)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "folder for report and record (default: fairtrial-out beside the plan)")
	c.Flags().StringVar(&planPath, "plan", "", "the plan to judge by (default: the record's, as its file is now)")
	c.Flags().StringArrayVar(&set, "set", nil, "override a key of the plan")
	c.Flags().BoolVar(&fresh, "fresh", false, "ask judges, embedding models and classifiers anew, even for what is kept")
	c.Flags().BoolVar(&asJSON, "json", false, "print the record instead of the summary")
	return c
}

// same compares what two values are as JSON.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func sortedNames(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// oneLine is a value as JSON, a text as it is.
func oneLine(v any) string {
	if s, ok := v.(string); ok {
		return strings.Map(visible, strings.ReplaceAll(s, "\n", " "))
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}
