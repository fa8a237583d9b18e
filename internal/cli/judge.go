package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/judge"
	"github.com/fairtrial/fairtrial/internal/result"
)

func judgeCommand(e *Env) *cobra.Command {
	c := &cobra.Command{
		Use: "judge", Short: "Measure an automatic judge against human labels, and draw what to label next",
		Long: "A judge – a language model or any other program that rates answers – errs, and differently from system to\n" +
			"system. `judge card` measures it on answers that people labelled too and corrects its mean (PPI++, see\n" +
			"docs/judges.md); `judge sample` draws the answers that people should label.",
		Args: exactly(0, "card or sample"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(judgeCard(e), judgeSample(e))
	return c
}

// judgeColumns are the columns of a file of judged answers.
type judgeColumns struct {
	id, judge, label, second, length, chance, cluster string
	labels                                            string // a file of its own for labels and chances
}

func (j *judgeColumns) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&j.judge, "judge", "judge", "column of the judge's score: a number, or pass and fail; other text and empty are ungraded")
	f.StringVar(&j.label, "label", "label", "column of the human label, on the same scale; empty where there is none")
	f.StringVar(&j.labels, "labels", "", "file with the labels, such as `judge sample` writes: the columns of id and label, and chance where there is one")
	f.StringVar(&j.id, "id", "id", "column of the answer's id")
	f.StringVar(&j.chance, "chance", "", "column of the known chance with which a row was drawn for labelling (default: all alike)")
}

func judgeCard(e *Env) *cobra.Command {
	var cols judgeColumns
	var level, half float64
	var tuned string
	var asJSON bool
	c := &cobra.Command{
		Use: "card FILE", Short: "Sensitivity, specificity, agreement and biases of a judge, and its mean corrected by labels",
		Args: exactly(1, "one file of judged answers, some of them labelled (CSV, JSONL or Parquet)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !(level > 0 && level < 1) {
				return wrong("", "--confidence lies between 0 and 1, this is %g", level)
			}
			answers, err := e.judged(cmd, args[0], cols, nil)
			if err != nil {
				return err
			}
			if tuned != "" {
				ids, err := os.ReadFile(e.path(tuned))
				if err != nil {
					return fmt.Errorf("read --tuned-on: %w", err)
				}
				answers.rows = judge.Without(answers.rows, strings.Fields(string(ids)))
			}
			card, err := judge.NewCard(answers.rows, cols.cluster != "", level, 1)
			if err != nil {
				return wrong("label some answers: fairtrial judge sample "+args[0], "%s: %w", args[0], err)
			}
			need, known := judge.LabelsNeeded(answers.rows, half, level)
			if asJSON {
				return writeJSON(e.Stdout, cardJSON(card, level, half, need, known))
			}
			e.printCard(card, level, half, need, known)
			return nil
		},
	}
	cols.flags(c)
	c.Flags().StringVar(&cols.second, "second-rater", "", "column of another person's labels, where part of the answers has two")
	c.Flags().StringVar(&cols.length, "length", "", "column of the answers' lengths, for the bias by length")
	c.Flags().StringVar(&cols.cluster, "cluster", "", "column of what answers are not independent within: a conversation, a document")
	c.Flags().StringVar(&tuned, "tuned-on", "", "file of ids on which the judge's prompt was tuned: their labels are left out")
	c.Flags().Float64Var(&level, "confidence", 0.95, "two-sided confidence")
	c.Flags().Float64Var(&half, "within", 0.03, "half width of the corrected interval that the needed labels are said for")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

func judgeSample(e *Env) *cobra.Command {
	var cols judgeColumns
	var n int
	var seed uint64
	var unsure bool
	var out string
	var show []string
	c := &cobra.Command{
		Use: "sample FILE", Short: "Draw answers for people to label, with known probabilities",
		Args: exactly(1, "one file of judged answers (CSV, JSONL or Parquet)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			answers, err := e.judged(cmd, args[0], cols, show)
			if err != nil {
				return err
			}
			drawn, err := judge.Draw(answers.rows, n, unsure, seed)
			if err != nil {
				return wrong("", "%s: %w", args[0], err)
			}
			var b bytes.Buffer
			w := csv.NewWriter(&b)
			head := append([]string{cols.id}, show...)
			if unsure {
				head = append(head, "chance")
			}
			// The judge's score is left out: whoever labels must not see it.
			lines := [][]string{append(head, "label")}
			for _, d := range drawn {
				line := append([]string{answers.rows[d.At].ID}, answers.shown[d.At]...)
				if unsure {
					line = append(line, strconv.FormatFloat(d.Chance, 'g', -1, 64))
				}
				lines = append(lines, append(line, ""))
			}
			if err := w.WriteAll(lines); err != nil {
				return fmt.Errorf("write sample: %w", err)
			}
			if out == "" {
				_, err = e.Stdout.Write(b.Bytes())
				return err
			}
			if err := writeFile(e.path(out), b.Bytes()); err != nil {
				return err
			}
			e.info(cmd, "%s answers to label: %s", result.Count(int64(len(drawn))), out)
			return nil
		},
	}
	cols.flags(c)
	c.Flags().IntVarP(&n, "number", "n", 200, "how many")
	c.Flags().Uint64Var(&seed, "seed", 1, "of the draw, which depends on it and the ids alone")
	c.Flags().BoolVar(&unsure, "unsure", false, "more of those whose score lies far from either end; their chances are written and must be kept")
	c.Flags().StringSliceVar(&show, "show", nil, "columns that the person who labels should see")
	c.Flags().StringVarP(&out, "output", "o", "", "CSV file to write (default: standard output)")
	return c
}

// judgedAnswers are the answers of a file, with the texts of columns to show.
type judgedAnswers struct {
	rows  []judge.Answer
	shown [][]string
}

func (e *Env) judged(cmd *cobra.Command, file string, cols judgeColumns, show []string) (*judgedAnswers, error) {
	have, err := newEngine().Columns(cmd.Context(), e.path(file))
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	var names []string
	for _, c := range have {
		named[c.Name] = true
		names = append(names, c.Name)
	}
	if !named[cols.label] && !cmd.Flags().Changed("label") {
		cols.label = "" // nothing is labelled yet
	}
	if !named[cols.id] && !cmd.Flags().Changed("id") {
		cols.id = "" // the row's number
	}
	var fields []string
	for _, c := range append([]string{cols.id, cols.judge, cols.label, cols.second, cols.length, cols.chance, cols.cluster}, show...) {
		if c == "" {
			continue
		}
		if !named[c] {
			return nil, wrong("its columns are "+strings.Join(names, ", "), "%s has no column %q", file, c)
		}
		fields = append(fields, c)
	}
	a := &judgedAnswers{}
	clusters := map[string]int{}
	seen := map[string]int64{}
	_, err = emitCases(cmd.Context(), engine.Request{Source: e.path(file), Label: cols.judge}, emission{Fields: fields}, func(batch []engine.Case) error {
		for _, x := range batch {
			var row map[string]json.RawMessage
			if err := json.Unmarshal([]byte(x.Fields), &row); err != nil {
				return fmt.Errorf("read row %d: %w", x.Row, err)
			}
			number := func(column string, strict bool) float64 {
				v, ok := rating(row[column])
				if !ok && strict && err == nil {
					err = wrong("a number, or pass and fail (yes and no, true and false), is expected; empty where there is none", "%s: row %d: column %q holds %s", file, x.Row, column, clip(string(row[column]), 60))
				}
				return v
			}
			r := judge.Answer{ID: strconv.FormatInt(x.Row, 10), Judge: number(cols.judge, false), Label: number(cols.label, true), Second: number(cols.second, true), Length: number(cols.length, true)}
			if cols.id != "" {
				r.ID = plainText(row[cols.id])
			}
			if at, twice := seen[r.ID]; twice {
				return wrong("ids must be unique: name their column with --id", "%s: rows %d and %d have the id %q", file, at, x.Row, clip(r.ID, 60))
			}
			seen[r.ID] = x.Row
			if c := number(cols.chance, true); cols.chance != "" && !math.IsNaN(r.Label) {
				if !(c > 0 && c <= 1) {
					return wrong("the chance that `judge sample` wrote", "%s: row %d: column %q must lie above 0 and up to 1 where there is a label", file, x.Row, cols.chance)
				}
				r.Chance = c
			}
			if cols.cluster != "" {
				key := string(row[cols.cluster])
				if _, ok := clusters[key]; !ok {
					clusters[key] = len(clusters)
				}
				r.Cluster = clusters[key]
			}
			a.rows = append(a.rows, r)
			if len(show) > 0 {
				texts := make([]string, len(show))
				for i, c := range show {
					texts[i] = plainText(row[c])
				}
				a.shown = append(a.shown, texts)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(a.rows) == 0 {
		err = wrong("", "%s has no rows", file)
	}
	if err == nil && cols.labels != "" {
		err = e.joinLabels(cmd, a, cols)
	}
	if show == nil {
		a.shown = make([][]string, len(a.rows))
	}
	return a, err
}

// joinLabels gives the answers the labels, and the chances, of another file, by id.
func (e *Env) joinLabels(cmd *cobra.Command, a *judgedAnswers, cols judgeColumns) error {
	have, err := newEngine().Columns(cmd.Context(), e.path(cols.labels))
	if err != nil {
		return err
	}
	id, label, chance := cols.id, cols.label, cols.chance
	if id == "" {
		id = "id"
	}
	if label == "" {
		label = "label"
	}
	named := map[string]bool{}
	for _, c := range have {
		named[c.Name] = true
	}
	if chance == "" && named["chance"] {
		chance = "chance"
	}
	fields := []string{id, label}
	if chance != "" {
		fields = append(fields, chance)
	}
	for _, c := range fields {
		if !named[c] {
			return wrong("", "%s has no column %q", cols.labels, c)
		}
	}
	at := map[string]int{}
	for i, r := range a.rows {
		at[r.ID] = i
	}
	seen := map[string]int64{}
	_, err = emitCases(cmd.Context(), engine.Request{Source: e.path(cols.labels), Label: label}, emission{Fields: fields}, func(batch []engine.Case) error {
		for _, x := range batch {
			var row map[string]json.RawMessage
			if err := json.Unmarshal([]byte(x.Fields), &row); err != nil {
				return fmt.Errorf("read row %d: %w", x.Row, err)
			}
			key := plainText(row[id])
			i, known := at[key]
			if first, twice := seen[key]; twice {
				return wrong("one label an answer; a second rater's go into a column of their own", "%s: rows %d and %d label the answer %q", cols.labels, first, x.Row, clip(key, 60))
			}
			if !known {
				return wrong("", "%s: row %d: no answer has the id %q", cols.labels, x.Row, clip(key, 60))
			}
			seen[key] = x.Row
			v, ok := rating(row[label])
			if !ok {
				return wrong("a number, or pass and fail (yes and no, true and false), is expected; empty where there is none", "%s: row %d: column %q holds %s", cols.labels, x.Row, label, clip(string(row[label]), 60))
			}
			if math.IsNaN(v) {
				continue
			}
			a.rows[i].Label = v
			if chance != "" {
				p, _ := rating(row[chance])
				if !(p > 0 && p <= 1) {
					return wrong("the chance that `judge sample` wrote", "%s: row %d: column %q must lie above 0 and up to 1", cols.labels, x.Row, chance)
				}
				a.rows[i].Chance = p
			}
		}
		return nil
	})
	return err
}

// rating reads a number, or a word of passing and failing; NaN and true for null, empty or a
// column that is not there, NaN and false for anything else.
func rating(v json.RawMessage) (float64, bool) {
	text := strings.ToLower(strings.TrimSpace(plainText(v)))
	switch text {
	case "", "null":
		return math.NaN(), true
	case "true", "pass", "passed", "yes", "good", "correct":
		return 1, true
	case "false", "fail", "failed", "no", "bad", "incorrect":
		return 0, true
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return math.NaN(), false
	}
	return x, true
}

// plainText is a JSON value as a reader would write it.
func plainText(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	if string(v) == "null" {
		return ""
	}
	return string(v)
}
