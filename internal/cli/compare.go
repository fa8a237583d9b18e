package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/compare"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/shift"
)

// contrast is what `compare` prints: the candidate of one record against that of another.
type contrast struct {
	Candidate   string              `json:"candidate"`
	Baseline    string              `json:"baseline"`
	Paired      bool                `json:"paired"`
	Why         string              `json:"why"` // how rows met, or why they could not be matched
	Matched     int64               `json:"matched"`
	Comparisons []result.Comparison `json:"comparisons"`
	Shifts      []shift.Shift       `json:"shifts,omitempty"` // why it changed, on different data
	Notes       []string            `json:"notes,omitempty"`
}

func compareCommand(e *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "compare CANDIDATE BASELINE", Short: "Compare the candidates of two records, paired where their rows can be matched",
		Long: "compare takes two records (files, folders or run ids) and contrasts the candidate of the first with the candidate of the second: on the same\n" +
			"rows where both kept their row scores and an id, as two independent samples otherwise. It decides nothing.",
		Args: exactly(2, "two records"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, dirA, err := e.soundRecord(cmd, args[0])
			if err != nil {
				return err
			}
			b, dirB, err := e.soundRecord(cmd, args[1])
			if err != nil {
				return err
			}
			if a.Plan.Task != b.Plan.Task {
				return wrong("", "the records are of different tasks: %s and %s", a.Plan.Task, b.Plan.Task)
			}
			x, err := e.contrast(cmd, a, dirA, b, dirB)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(e.Stdout, x)
			}
			return x.print(e)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

func (x contrast) print(e *Env) error {
	how := "paired"
	if !x.Paired {
		how = "unpaired"
	}
	fmt.Fprintf(e.Stdout, "%s against %s, %s: %s\n\n", x.Candidate, x.Baseline, how, x.Why)
	rows := [][]string{{"METRIC", "DIFFERENCE", "INTERVAL", "IN WORDS", "SMALLEST EFFECT SEEN", "N"}}
	for _, c := range x.Comparisons {
		span := "–"
		if c.Lower.Known() {
			span = c.Lower.Signed() + " to " + c.Upper.Signed()
		}
		rows = append(rows, []string{c.Metric, c.Difference.Signed(), span, string(c.Verdict), c.SmallestEffect.Short(), result.Count(c.N)})
	}
	if err := writeTable(e.Stdout, rows); err != nil {
		return err
	}
	if err := x.printShifts(e); err != nil {
		return err
	}
	for _, n := range x.Notes {
		fmt.Fprintln(e.Stdout, "note: "+n)
	}
	return nil
}

func label(r *record.Record) string {
	if n := candidateName(r.Plan); n != "" {
		return n + " (" + r.Run.ID + ")"
	}
	return r.Run.ID
}

// contrast pairs the records by their row scores, or says why it cannot.
func (e *Env) contrast(cmd *cobra.Command, a *record.Record, dirA string, b *record.Record, dirB string) (contrast, error) {
	x := contrast{Candidate: label(a), Baseline: label(b)}
	why := ""
	switch {
	case a.Artifacts.Scores == "" || b.Artifacts.Scores == "":
		why = "one of the records kept no row scores"
	case a.Plan.Data.Columns.ID == "" || b.Plan.Data.Columns.ID == "":
		why = "one of the plans declares no id column, so rows cannot be matched"
	}
	if why == "" {
		paired, reason, err := e.pair(cmd, a, dirA, b, dirB)
		if err != nil {
			return x, err
		}
		if paired != nil {
			x.Paired, x.Why, x.Matched, x.Comparisons = true, reason, paired.Data.RowsUsed, overallOf(paired)
			return x, nil
		}
		why = reason
	}
	x.Why = why
	x.Comparisons = compare.Independent(a.Estimates, b.Estimates, a.Plan.Confidence)
	x.Comparisons = slices.DeleteFunc(x.Comparisons, func(c result.Comparison) bool {
		differs := !meansTheSame(a.Plan, b, c.Metric)
		if differs {
			x.Notes = append(x.Notes, fmt.Sprintf("%s means something else in the second record, and is not compared", c.Metric))
		}
		return differs
	})
	shifts, notes, err := e.shifts(cmd, &told{record: b, dir: dirB}, &told{record: a, dir: dirA}, asked{model: "candidate", slice: result.Overall, level: a.Plan.Confidence})
	x.Shifts, x.Notes = shifts, append(x.Notes, notes...)
	return x, err
}

// pair evaluates both candidates on the rows that both records have.
func (e *Env) pair(cmd *cobra.Command, a *record.Record, dirA string, b *record.Record, dirB string) (*record.Record, string, error) {
	ctx := cmd.Context()
	tmp, err := os.MkdirTemp("", "fairtrial-compare-*")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(tmp)
	fileA, err := e.scores(cmd, a, dirA)
	if err != nil {
		return nil, "", err
	}
	fileB, err := e.scores(cmd, b, dirB)
	if err != nil {
		return nil, "", err
	}
	if a.Plan.Task.Generative() {
		return e.contrastStored(cmd, a, fileA, b, fileB, tmp)
	}
	joined := filepath.Join(tmp, "joined.parquet")
	m, err := matchScores(ctx, fileA, fileB, joined)
	if err != nil {
		return nil, "", err
	}
	switch {
	case m.Both == 0:
		return nil, "no row of one record is in the other", nil
	case m.Mismatch > 0:
		return nil, fmt.Sprintf("the labels of %s rows differ between the records: they are not the same cases", result.Count(m.Mismatch)), nil
	}
	p, err := pairedPlan(a, b, joined)
	if err != nil {
		return nil, "", err
	}
	r, err := judgeFile(ctx, p)
	reason := fmt.Sprintf("%s rows matched on id", result.Count(m.Both))
	if m.OnlyA+m.OnlyB > 0 {
		reason += fmt.Sprintf("; %s rows are only in the first and %s only in the second, and are left out", result.Count(m.OnlyA), result.Count(m.OnlyB))
	}
	return r, reason, err
}

// scores is the path of a record's row scores, checked against their digest.
func (e *Env) scores(cmd *cobra.Command, r *record.Record, dir string) (string, error) {
	ws, err := e.openWorkspace(cmd, dir)
	if err != nil {
		return "", err
	}
	defer ws.Close()
	path, err := ws.Check(r.Artifacts.Scores)
	if err != nil {
		return "", wrong("run compare in the workspace of the runs, or name it with --workspace", "row scores of %s: %w", r.Run.ID, err)
	}
	return path, nil
}

// pairedPlan is the first record's plan on the joined rows: its metrics, no slices, no gates.
func pairedPlan(a, b *record.Record, joined string) (*plan.Plan, error) {
	p, err := clonePlan(a.Plan)
	if err != nil {
		return nil, err
	}
	p.Dir, p.Gates, p.Slices, p.KeepScores = "", nil, nil, 0
	p.Metrics = slices.DeleteFunc(p.Metrics, func(m plan.Metric) bool { // row scores hold no scorer's
		_, ok := p.ScorerOf(m)
		return ok
	})
	p.Scorers = nil
	columns := plan.Columns{ID: "id", Label: plan.Label{Column: "label"}}
	if p.Task == cases.Binary {
		columns.Label.Positive = "1"
	}
	if p.Data.Columns.Cluster != "" {
		columns.Cluster = "cluster"
	}
	if p.Data.Columns.Crossed != "" {
		columns.Crossed = "cluster_2"
	}
	if p.Data.Columns.Weight != "" {
		columns.Weight = "weight"
	}
	p.Data = plan.Data{Source: plan.Source{Path: joined}, Columns: columns, Missing: "exclude"}
	var models []plan.Model
	for _, x := range []struct {
		key string
		of  *plan.Plan
	}{{"candidate", a.Plan}, {"baseline", b.Plan}} {
		for _, m := range x.of.Models {
			if m.Key != "candidate" {
				continue
			}
			n := plan.Model{Key: x.key, Name: m.Name, Version: m.Version, Threshold: m.Threshold}
			if p.Task == cases.Binary {
				n.Score = x.key
			} else {
				n.Prediction = x.key
			}
			models = append(models, n)
		}
	}
	p.Models = models
	if p.Task == cases.Multiclass { // row scores hold decisions, not probabilities
		var keep []plan.Metric
		cat := planCatalogue{catalogue()}
		for _, m := range p.Metrics {
			if info, ok := cat.Lookup(p.Task, m.Metric); ok && !info.NeedsProbability {
				keep = append(keep, m)
			}
		}
		p.Metrics = keep
	}
	return p, nil
}

func judgeFile(ctx context.Context, p *plan.Plan) (*record.Record, error) {
	s, err := eval.Prepare(p, catalogue())
	if err != nil {
		return nil, err
	}
	s.Request.Exemplars = 0
	c, err := s.Collect(ctx, newEngine())
	if err != nil {
		return nil, err
	}
	return s.Judge(c, 0)
}

func overallOf(r *record.Record) []result.Comparison {
	out := []result.Comparison{}
	for _, c := range r.Comparisons {
		if c.Slice == result.Overall {
			out = append(out, c)
		}
	}
	return out
}
