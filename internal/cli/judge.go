package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/judge"
	"github.com/fairtrial/fairtrial/internal/plan"
)

func judgeCommand(e *Env) *cobra.Command {
	c := &cobra.Command{
		Use: "judge", Short: "Measure an automatic judge against human labels, and draw what to label next",
		Long: "A judge – a language model or any other program that rates answers – errs, and differently from system to\n" +
			"system. `judge card` measures it on answers that people labelled too and corrects its mean (PPI++, see\n" +
			"docs/judges.md); `judge sample` draws the answers that people should label; `judge calibrate` runs a plan and\n" +
			"writes the cards of its judges.",
		Args: exactly(0, "card, sample or calibrate"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(judgeCard(e), judgeSample(e), judgeCalibrate(e))
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
	_, err = emitCases(cmd.Context(), engine.Request{Source: e.path(file), ID: cols.id, Label: cols.judge}, emission{Fields: fields}, func(batch []engine.Case) error {
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
				r.ID = x.ID
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
	labels, err := e.labelsOf(cmd.Context(), e.path(cols.labels), plan.LabelColumns{ID: cols.id, Label: cols.label, Chance: cols.chance})
	even := true
	scale := judge.Scale{Lo: math.Inf(-1), Hi: math.Inf(1)}
	if err == nil {
		even, err = judge.CheckLabels(labels, scale)
	}
	if err == nil {
		at := map[string]int64{}
		for i, r := range a.rows {
			at[r.ID] = int64(i) + 1
		}
		for i := range labels {
			labels[i].Model, labels[i].Sample = "", 0 // a row is an answer
		}
		var j *judge.Joined
		j, err = judge.Join(labels, judge.Answers{Rows: int64(len(a.rows)), Models: []string{""}, Samples: []int{1}, Find: func(id string) (int64, bool) { n, ok := at[id]; return n, ok }}, scale, !even)
		if err == nil {
			for i := range a.rows {
				j.Give(&a.rows[i], 0, int64(i)+1)
			}
		}
	}
	return aboutFile(err, cols.labels)
}

// aboutFile puts the name of a file of labels before what is wrong with it.
func aboutFile(err error, file string) error {
	var bad *judge.LabelError
	var data *engine.DataError
	switch {
	case errors.As(err, &bad):
		return wrong(bad.Hint, "%s: row %d: %s", file, bad.Row, bad.Msg)
	case errors.As(err, &data):
		return wrong(data.Hint, "%s: %s", file, data.Msg)
	}
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
