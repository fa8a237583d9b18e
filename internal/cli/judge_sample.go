package cli

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/judge"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/report"
	"github.com/fairtrial/fairtrial/internal/result"
)

// sampling is what is asked of a draw.
type sampling struct {
	n      int
	seed   uint64
	unsure bool
	show   []string
	out    string
}

func judgeSample(e *Env) *cobra.Command {
	var cols judgeColumns
	var x sampling
	var scorer string
	var models []string
	c := &cobra.Command{
		Use: "sample RECORD --scorer NAME, or sample FILE", Short: "Draw answers for people to label, with known probabilities",
		Long: "sample draws cases of a record's run and writes each model's answer to them, for people to label: a plan names the file under the scorer's\n" +
			"`labels`. Cases are drawn for all models alike, so that differences can be corrected too. Or it draws rows of a file of judged answers.",
		Args: exactly(1, "one record with --scorer, or one file of judged answers (CSV, JSONL or Parquet)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if scorer != "" {
				return e.sampleRecord(cmd, args[0], scorer, models, cols.labels, x)
			}
			answers, err := e.judged(cmd, args[0], cols, x.show)
			if err != nil {
				return err
			}
			drawn, err := judge.Draw(answers.rows, x.n, x.unsure, x.seed)
			if err != nil {
				return wrong("", "%s: %w", args[0], err)
			}
			head := append([]string{cols.id}, x.show...)
			if x.unsure {
				head = append(head, "chance")
			}
			lines := [][]string{append(head, "label")}
			for _, d := range drawn {
				line := append([]string{answers.rows[d.At].ID}, report.Guard(slices.Clone(answers.shown[d.At]))...)
				if x.unsure {
					line = append(line, strconv.FormatFloat(d.Chance, 'g', -1, 64))
				}
				lines = append(lines, append(line, ""))
			}
			return e.writeSample(cmd, lines, x)
		},
	}
	cols.flags(c)
	f := c.Flags()
	f.StringVar(&scorer, "scorer", "", "the scorer of a record whose scores are to be corrected")
	f.StringSliceVar(&models, "model", nil, "of a record: whose answers are labelled (default: all models')")
	f.IntVarP(&x.n, "number", "n", 200, "how many rows, or cases of a record")
	f.Uint64Var(&x.seed, "seed", 1, "of the draw, which depends on it and the ids alone")
	f.BoolVar(&x.unsure, "unsure", false, "more of those whose score lies far from either end; their chances are written and must be kept")
	f.StringSliceVar(&x.show, "show", nil, "columns that the person who labels should see (of a record: question and reference, if left out)")
	f.StringVarP(&x.out, "output", "o", "", "CSV file to write (default: standard output)")
	return c
}

// writeSample writes what is to be labelled. The judge's score is left out: whoever labels
// must not see it.
func (e *Env) writeSample(cmd *cobra.Command, lines [][]string, x sampling) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll(lines); err != nil {
		return fmt.Errorf("write sample: %w", err)
	}
	if x.out == "" {
		_, err := e.Stdout.Write(b.Bytes())
		return err
	}
	if err := writeFile(e.path(x.out), b.Bytes()); err != nil {
		return err
	}
	e.info(cmd, "%s answers to label: %s", result.Count(int64(len(lines)-1)), x.out)
	return nil
}

// sampleRecord draws cases of a record's run.
func (e *Env) sampleRecord(cmd *cobra.Command, name, scorer string, only []string, labels string, x sampling) error {
	for _, flag := range []string{"judge", "label", "id", "chance"} {
		if cmd.Flags().Changed(flag) {
			return wrong("leave it out: the record and the plan say it", "--%s goes with a file of answers, not with --scorer", flag)
		}
	}
	j, err := e.judgedRun(cmd, name, scorer, labels, x.show)
	if err != nil {
		return err
	}
	if !cmd.Flags().Changed("show") {
		x.show = j.question()
		if j, err = e.judgedRun(cmd, name, scorer, labels, x.show); err != nil {
			return err
		}
	}
	var models []int
	for m, model := range j.setup.Models {
		if len(only) == 0 || slices.Contains(only, model.Key) {
			models = append(models, m)
		}
	}
	for _, key := range only {
		if _, err := j.model(key); err != nil {
			return err
		}
	}
	drawn, err := judge.Draw(j.candidates(models), x.n, x.unsure, x.seed)
	if err != nil {
		return wrong("", "%s: %w", name, err)
	}
	head := []string{"id", "model"}
	sampled := j.sampled()
	if sampled {
		head = append(head, "sample")
	}
	head = append(head, x.show...)
	if j.outputs != nil {
		head = append(head, "output")
	}
	if x.unsure {
		head = append(head, "chance")
	}
	lines := [][]string{append(head, "label")}
	for _, d := range drawn {
		for _, m := range models {
			line := []string{j.answers[m][d.At].ID, j.setup.Models[m].Key}
			if sampled {
				line = append(line, "1")
			}
			line = append(line, report.Guard(slices.Clone(j.shown[d.At]))...)
			if j.outputs != nil {
				line = append(line, report.Guard([]string{j.outputs[m][d.At]})...)
			}
			if x.unsure {
				line = append(line, strconv.FormatFloat(d.Chance, 'g', -1, 64))
			}
			lines = append(lines, append(line, ""))
		}
	}
	return e.writeSample(cmd, lines, x)
}

// candidates are the cases that may be drawn: those graded for every model. One is labelled
// where an answer of the models is. Its score is the model's nearest the middle of all.
func (j *judgedRun) candidates(models []int) []judge.Answer {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, m := range models {
		for _, a := range j.answers[m] {
			if !math.IsNaN(a.Judge) {
				lo, hi = math.Min(lo, a.Judge), math.Max(hi, a.Judge)
			}
		}
	}
	off := func(score float64) float64 { return math.Abs(score - (lo+hi)/2) }
	out := make([]judge.Answer, len(j.rows))
	for i := range out {
		out[i] = j.answers[models[0]][i]
		for _, m := range models {
			a := j.answers[m][i]
			if off(a.Judge) < off(out[i].Judge) {
				out[i].Judge = a.Judge
			}
			if !math.IsNaN(a.Label) {
				out[i].Label, out[i].Chance = a.Label, a.Chance
			}
		}
		if !j.graded(i) {
			out[i].Judge = math.NaN()
		}
	}
	return out
}

// sampled reports whether a case has several answers of a model: the first is labelled.
func (j *judgedRun) sampled() bool {
	return slices.ContainsFunc(j.setup.Plan.Models, func(m plan.Model) bool { return m.Answers != nil && m.Answers.Samples > 1 })
}
