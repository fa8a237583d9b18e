package cli

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
)

func metricsCommand(e *Env) *cobra.Command {
	var asJSON, markdown bool
	var task string
	c := &cobra.Command{
		Use: "metrics [NAME]", Short: "The metric catalogue: definition, range, direction, interval method, variant, source",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return wrong("usage: "+cmd.UseLine(), "metrics takes at most one name, got %d", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cat := catalogue()
			tasks := cases.Tasks()
			if task != "" {
				if !cases.Task(task).Valid() {
					return wrong("tasks: binary, multiclass, regression, generation, rag", "unknown task %q", task)
				}
				if cases.Task(task).Generative() {
					return wrong("docs/scorers.md lists the scorers", "task %s has no metrics of its own: each scorer of a plan is one", task)
				}
				tasks = []cases.Task{cases.Task(task)}
			}
			var found []*metric.Metric
			for _, t := range tasks {
				for _, m := range cat.All(t) {
					if len(args) == 0 || m.Name == args[0] || has(m.Aliases, args[0]) {
						found = append(found, m)
					}
				}
			}
			if len(found) == 0 {
				return wrong("`fairtrial metrics` lists all", "no metric is called %q", args[0])
			}
			switch {
			case asJSON:
				return writeJSON(e.Stdout, catalogueJSON(found))
			case markdown:
				return metricsMarkdown(e.Stdout, found)
			case len(args) == 1:
				for _, m := range found {
					if err := describe(e.Stdout, m); err != nil {
						return err
					}
				}
				return nil
			}
			for _, t := range tasks {
				if t.Generative() {
					continue
				}
				rows := [][]string{{strings.ToUpper(string(t)), "GOOD", "WHAT IT IS"}}
				for _, m := range found {
					if m.Tasks[0] == t {
						rows = append(rows, []string{m.Name, string(m.Direction), m.Title})
					}
				}
				if err := writeTable(e.Stdout, rows); err != nil {
					return err
				}
				fmt.Fprintln(e.Stdout)
			}
			_, err := fmt.Fprintln(e.Stdout, "`fairtrial metrics NAME` tells all about one.")
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	c.Flags().BoolVar(&markdown, "markdown", false, "print as the Markdown reference")
	c.Flags().StringVar(&task, "task", "", "only metrics of this task")
	return c
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func end(x float64, infinite string) string {
	if math.IsInf(x, 0) {
		return infinite
	}
	return result.Number(x).Short()
}

func rangeOf(m *metric.Metric) string {
	return "[" + end(m.Lo, "−∞") + ", " + end(m.Hi, "∞") + "]"
}

// facts are the labelled lines of one metric.
func facts(m *metric.Metric) [][2]string {
	out := [][2]string{{"task", string(m.Tasks[0])}, {"what", m.Title}, {"formula", m.Formula}, {"range", rangeOf(m)}, {"good", string(m.Direction)},
		{"n counts", m.Denominator}, {"interval", m.Interval}, {"comparison", m.Paired}}
	if m.NeedsInterval {
		out = append(out, [2]string{"needs", "models.<model>.interval: {lower: column, upper: column, level: 0.9}"})
	}
	if m.Direction == metric.Target && m.NeedsInterval {
		out = append(out, [2]string{"target", "the level of the plan's intervals"})
	} else if m.Direction == metric.Target {
		out = append(out, [2]string{"target", result.Number(m.TargetAt).Short()})
	}
	if m.Variant != "" {
		out = append(out, [2]string{"variant", m.Variant})
	}
	for _, p := range m.Params {
		need := "default " + result.Number(p.Default).Short()
		if p.Required {
			need = "required"
		}
		out = append(out, [2]string{"parameter", fmt.Sprintf("%s (%s): %s", p.Name, need, p.Doc)})
	}
	if len(m.Averages) > 0 {
		out = append(out, [2]string{"average", strings.Join(m.Averages, ", ")})
	}
	if m.NoInterval != "" {
		out = append(out, [2]string{"no interval", m.NoInterval})
	}
	if m.NoWeights != "" {
		out = append(out, [2]string{"weights", "refused: " + m.NoWeights})
	}
	if len(m.Aliases) > 0 {
		out = append(out, [2]string{"also called", strings.Join(m.Aliases, ", ")})
	}
	return append(out, [2]string{"source", m.Source})
}

func describe(w io.Writer, m *metric.Metric) error {
	if _, err := fmt.Fprintln(w, m.Name); err != nil {
		return err
	}
	for _, f := range facts(m) {
		if _, err := fmt.Fprintf(w, "  %-12s %s\n", f[0], f[1]); err != nil {
			return err
		}
	}
	return nil
}

func metricsMarkdown(w io.Writer, all []*metric.Metric) error {
	task := cases.Task("")
	for _, m := range all {
		if m.Tasks[0] != task {
			task = m.Tasks[0]
			fmt.Fprintf(w, "## %s\n\n", task)
		}
		fmt.Fprintf(w, "### %s\n\n", m.Name)
		for _, f := range facts(m)[1:] {
			fmt.Fprintf(w, "- %s: %s\n", f[0], f[1])
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	return nil
}

// entry is a metric as JSON, its range included (infinite ends are null).
type entry struct {
	*metric.Metric
	Range [2]result.Number `json:"range"`
}

func catalogueJSON(all []*metric.Metric) []entry {
	var out []entry
	for _, m := range all {
		out = append(out, entry{m, [2]result.Number{result.Number(m.Lo), result.Number(m.Hi)}})
	}
	return out
}
