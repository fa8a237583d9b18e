package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/report"
	"github.com/fairtrial/fairtrial/internal/store"
)

// findRecord reads a record named on the command line: a file, a folder with a
// record.json, or the id (or its beginning) of a run in the workspace. dir is where
// its workspace is looked for.
func (e *Env) findRecord(cmd *cobra.Command, name string) (r *record.Record, dir string, err error) {
	path := e.path(name)
	if st, serr := os.Stat(path); serr == nil {
		if st.IsDir() {
			path = filepath.Join(path, "record.json")
		}
		f, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil, "", wrong("a run that ended early leaves no record.json: run the plan again", "%s has no record.json: no finished run", name)
		}
		if err != nil {
			return nil, "", err
		}
		defer f.Close()
		r, err := record.Read(f)
		if err != nil {
			return nil, "", wrong("", "%s: %w", name, err)
		}
		return r, filepath.Dir(path), nil
	}
	if strings.ContainsRune(name, filepath.Separator) || strings.HasSuffix(name, ".json") {
		return nil, "", wrong("`fairtrial list` shows the records of this workspace", "no record at %s", name)
	}
	ws, err := e.openWorkspace(cmd, e.Dir)
	if err != nil {
		return nil, "", err
	}
	defer ws.Close()
	run, err := ws.GetRun(cmd.Context(), name)
	if err != nil {
		return nil, "", err
	}
	r, err = readBlob(cmd.Context(), ws, run.RecordBlob)
	return r, e.Dir, err
}

// soundRecord is findRecord for commands that show or use a record without recomputing
// it: one that was changed since it was made is refused.
func (e *Env) soundRecord(cmd *cobra.Command, name string) (*record.Record, string, error) {
	r, dir, err := e.findRecord(cmd, name)
	if err != nil {
		return nil, "", err
	}
	bad, err := r.CheckDigests()
	if err != nil {
		return nil, "", err
	}
	if len(bad) > 0 {
		return nil, "", wrong("`fairtrial verify "+name+"` says what differs", "%s was changed after it was made: %s", name, bad[0])
	}
	return r, dir, nil
}

func readBlob(_ context.Context, ws *store.Workspace, digest string) (*record.Record, error) {
	if _, err := ws.Check(digest); err != nil { // a decoder may stop before the end
		return nil, err
	}
	f, _, err := ws.Open(digest)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return record.Read(f)
}

func reportCommand(e *Env) *cobra.Command {
	var formats []string
	var out string
	c := &cobra.Command{
		Use: "report RECORD", Short: "Render a stored record again", Args: exactly(1, "one record (a file, a folder or a run's id)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, _, err := e.soundRecord(cmd, args[0])
			if err != nil {
				return err
			}
			if len(formats) == 0 {
				return report.Terminal(e.Stdout, r, e.terminal(cmd))
			}
			for _, f := range formats {
				x, err := find(slices.Concat(renderings(), extras(), e.pages(cmd.Context())), f)
				if err != nil {
					return err
				}
				if out == "" && (f == "pdf" || f == "png") && e.Columns > 0 {
					return wrong("give a folder with -o, or redirect the output", "a terminal cannot show %s", f)
				}
				if out == "" {
					if len(formats) > 1 {
						return wrong("give a folder with -o", "several formats cannot share stdout")
					}
					if err := x.write(e.Stdout, r); err != nil {
						return err
					}
					continue
				}
				if err := os.MkdirAll(e.path(out), 0o755); err != nil {
					return err
				}
				if err := write(x, e.path(out), r); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().StringSliceVar(&formats, "format", nil, "html, markdown, json, junit, csv; for CI: sarif, codequality, openmetrics, dotenv, github, comment; one page: summary (HTML), pdf, png (default: the terminal summary)")
	c.Flags().StringVarP(&out, "output", "o", "", "folder to write to (default: stdout)")
	return c
}

func find(known []rendering, format string) (rendering, error) {
	var names []string
	for _, x := range known {
		if x.format == format {
			return x, nil
		}
		names = append(names, x.format)
	}
	return rendering{}, wrong("formats: "+strings.Join(names, ", "), "unknown format %q", format)
}

func listCommand(e *Env) *cobra.Command {
	var asJSON bool
	var limit int
	var planName string
	c := &cobra.Command{
		Use: "list", Short: "List the records of this workspace", Args: exactly(0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ws, err := e.openWorkspace(cmd, e.Dir)
			if err != nil {
				return err
			}
			defer ws.Close()
			runs, err := ws.ListRuns(cmd.Context(), store.RunFilter{Plan: planName, Limit: limit})
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(e.Stdout, runs)
			}
			if len(runs) == 0 {
				e.info(cmd, "no runs yet: start with `fairtrial init DATA` and `fairtrial run plan.yaml`")
				return nil
			}
			rows := [][]string{{"RUN", "WHEN", "PLAN", "CANDIDATE", "DECISION"}}
			for _, r := range runs {
				rows = append(rows, []string{r.ID, r.Started.UTC().Format("2006-01-02 15:04"), r.Plan, r.Candidate, r.Decision})
			}
			return writeTable(e.Stdout, rows)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	c.Flags().IntVar(&limit, "limit", 50, "how many, newest first (0: all)")
	c.Flags().StringVar(&planName, "plan", "", "only runs of this plan")
	return c
}

func showCommand(e *Env) *cobra.Command {
	var asJSON bool
	var caseID string
	c := &cobra.Command{
		Use: "show RECORD", Short: "Show one record, or one of its cases whole", Args: exactly(1, "one record (a file, a folder or a run's id)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("case") {
				return e.showCase(cmd, args[0], caseID, asJSON)
			}
			r, _, err := e.soundRecord(cmd, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return report.JSON(e.Stdout, r)
			}
			return report.Terminal(e.Stdout, r, e.terminal(cmd))
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	c.Flags().StringVar(&caseID, "case", "", "of a task generation or rag: this case with each model's answers, scores and evidence")
	return c
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// writeTable prints rows in aligned columns, the first row as header.
func writeTable(w io.Writer, rows [][]string) error {
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, s := range r {
			width[i] = max(width[i], len([]rune(s)))
		}
	}
	for _, r := range rows {
		var b strings.Builder
		for i, s := range r {
			b.WriteString(s)
			if i < len(r)-1 {
				b.WriteString(strings.Repeat(" ", width[i]-len([]rune(s))+2))
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}
