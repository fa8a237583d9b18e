package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/report"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/store"
)

func trendCommand(e *Env) *cobra.Command {
	var planName, slice, model, out string
	var metrics []string
	var limit int
	var asJSON bool
	c := &cobra.Command{
		Use: "trend", Short: "Show a plan's metrics over the records of this workspace", Args: exactly(0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			records, err := e.recordsOf(cmd, planName, limit)
			if err != nil {
				return err
			}
			if len(records) == 0 {
				e.info(cmd, "no runs yet: start with `fairtrial init DATA` and `fairtrial run plan.yaml`")
				return nil
			}
			list, err := trends(records, metrics, model, slice)
			if err != nil {
				return err
			}
			if err := e.changes(cmd, records, list); err != nil {
				return err
			}
			if out != "" {
				var b, text bytes.Buffer
				if err := report.TrendHTML(&b, list); err != nil {
					return err
				}
				if err := report.TrendMarkdown(&text, list); err != nil {
					return err
				}
				if err := os.MkdirAll(e.path(out), 0o755); err != nil {
					return wrong("name another folder with -o", "make output folder: %w", err)
				}
				if err := writeFile(filepath.Join(e.path(out), "trend.html"), b.Bytes()); err != nil {
					return err
				}
				if err := writeFile(filepath.Join(e.path(out), "trend.md"), text.Bytes()); err != nil {
					return err
				}
				e.info(cmd, "page: %s", e.short(filepath.Join(out, "trend.html")))
			}
			if asJSON {
				return writeJSON(e.Stdout, list)
			}
			for _, t := range list {
				if err := report.TrendText(e.Stdout, t, e.terminal(cmd)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&planName, "plan", "", "the plan's name (default: that of the newest run)")
	c.Flags().StringSliceVar(&metrics, "metric", nil, "metrics as the report names them (default: the newest record's first)")
	c.Flags().StringVar(&model, "model", "candidate", "the model's key")
	c.Flags().StringVar(&slice, "slice", result.Overall, "a slice as the report names it")
	c.Flags().IntVar(&limit, "limit", 30, "how many records, the newest (0: all)")
	c.Flags().StringVarP(&out, "output", "o", "", "folder for trend.html and trend.md")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

// recordsOf reads a plan's records from the workspace, oldest first.
func (e *Env) recordsOf(cmd *cobra.Command, name string, limit int) ([]*record.Record, error) {
	ws, err := e.openWorkspace(cmd, e.Dir)
	if err != nil {
		return nil, err
	}
	defer ws.Close()
	newest, err := ws.ListRuns(cmd.Context(), store.RunFilter{Plan: name, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(newest) == 0 {
		if name != "" {
			return nil, wrong("`fairtrial list` shows the plans of this workspace", "no run of a plan named %q", name)
		}
		return nil, nil
	}
	runs, err := ws.ListRuns(cmd.Context(), store.RunFilter{Plan: newest[0].Plan, Limit: limit})
	if err != nil {
		return nil, err
	}
	slices.Reverse(runs)
	var out []*record.Record
	for _, run := range runs {
		r, err := readBlob(cmd.Context(), ws, run.RecordBlob)
		if err != nil {
			return nil, wrong("`fairtrial verify "+run.ID+"` says what is wrong", "read run %s: %w", run.ID, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// trends are the metrics over the records; one that no record holds is a mistake.
func trends(records []*record.Record, metrics []string, model, slice string) ([]report.Trend, error) {
	last := records[len(records)-1]
	if len(metrics) == 0 {
		if len(last.Metrics) == 0 {
			return nil, wrong("name one with --metric", "the newest record, %s, has no metric", last.Run.ID)
		}
		metrics = []string{last.Metrics[0].Name}
	}
	var out []report.Trend
	for _, name := range metrics {
		t := report.Trend{Plan: last.Plan.Name, Metric: name, Title: name, Slice: slice, Model: model, Level: last.Plan.Confidence}
		found := false
		for i, r := range records {
			p := report.TrendPoint{Run: r.Run.ID, When: r.Run.Started, Candidate: candidateName(r.Plan), Decision: r.Verdict.Decision, Missing: "not in this record",
				DataChanged: i > 0 && r.Data.Digest != records[i-1].Data.Digest}
			for _, m := range r.Metrics {
				if m.Name == name {
					t.Title = m.Title
				}
			}
			for _, x := range r.Estimates {
				if x.Metric == name && x.Model == model && x.Slice == slice {
					p.Estimate, p.Missing, found = x, "", true
				}
			}
			if r.Plan.Confidence != t.Level && p.Missing == "" { // another interval is not comparable at sight
				p.Missing = "at another confidence, " + result.Percent(r.Plan.Confidence)
			}
			t.Points = append(t.Points, p)
		}
		if !found {
			return nil, wrong("`fairtrial show "+last.Run.ID+"` lists what the newest record holds", "no record has metric %q of model %q on slice %q", name, model, slice)
		}
		out = append(out, t)
	}
	return out, nil
}

// changes splits the metrics' moves between neighbouring records of different data. A
// record's summaries are read once.
func (e *Env) changes(cmd *cobra.Command, records []*record.Record, list []report.Trend) error {
	var before *told
	for i, r := range records {
		after := &told{record: r, dir: e.Dir}
		for k := range list {
			t := &list[k]
			if !t.Points[i].DataChanged {
				continue
			}
			c := report.TrendChange{Metric: t.Metric, From: before.record.Run.ID, To: r.Run.ID, Before: before.record.Run.Started, After: r.Run.Started}
			var err error
			if c.Splits, c.Notes, err = e.shifts(cmd, before, after, asked{model: t.Model, slice: t.Slice, metric: t.Metric, level: t.Level}); err != nil {
				return err
			}
			if len(c.Splits)+len(c.Notes) == 0 {
				c.Notes = []string{fmt.Sprintf("not split: %s has no metric %q", r.Run.ID, t.Metric)}
			}
			t.Changes = append(t.Changes, c)
		}
		before = after
	}
	return nil
}
