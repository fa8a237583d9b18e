package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/judge"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
)

// carding is what a card is asked for.
type carding struct {
	level, half float64
	tuned       string
	asJSON      bool
	out         string
}

func (x *carding) flags(c *cobra.Command) {
	c.Flags().Float64Var(&x.level, "confidence", 0.95, "two-sided confidence")
	c.Flags().Float64Var(&x.half, "within", 0.03, "half width of the corrected interval that the needed labels are said for")
	c.Flags().BoolVar(&x.asJSON, "json", false, "print as JSON: a file that a plan's `cards` may name")
}

func (x *carding) check() error {
	if !(x.level > 0 && x.level < 1) {
		return wrong("", "--confidence lies between 0 and 1, this is %g", x.level)
	}
	return nil
}

func judgeCard(e *Env) *cobra.Command {
	var cols judgeColumns
	var x carding
	var scorer, model string
	c := &cobra.Command{
		Use: "card RECORD --scorer NAME, or card FILE", Short: "Sensitivity, specificity, agreement and biases of a judge, and its mean corrected by labels",
		Args: exactly(1, "one record with --scorer, or one file of judged answers, some of them labelled (CSV, JSONL or Parquet)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := x.check(); err != nil {
				return err
			}
			if scorer != "" {
				return e.cardOfRecord(cmd, args[0], scorer, model, cols.labels, x)
			}
			answers, err := e.judged(cmd, args[0], cols, nil)
			if err != nil {
				return err
			}
			if x.tuned != "" {
				ids, err := os.ReadFile(e.path(x.tuned))
				if err != nil {
					return fmt.Errorf("read --tuned-on: %w", err)
				}
				answers.rows = judge.Without(answers.rows, strings.Fields(string(ids)))
			}
			card, err := judge.NewCard(answers.rows, cols.cluster != "", x.level, 1)
			if err != nil {
				return wrong("label some answers: fairtrial judge sample "+args[0], "%s: %w", args[0], err)
			}
			need, known := judge.LabelsNeeded(answers.rows, x.half, x.level)
			if x.asJSON {
				return writeJSON(e.Stdout, cardJSON(card, x.level, x.half, need, known))
			}
			e.printCard(card, nil, x.level, x.half, need, known)
			return nil
		},
	}
	cols.flags(c)
	x.flags(c)
	c.Flags().StringVar(&scorer, "scorer", "", "the scorer of a record whose card is made")
	c.Flags().StringVar(&model, "model", "", "of a record: whose answers (default: the candidate's)")
	c.Flags().StringVar(&cols.second, "second-rater", "", "column of another person's labels, where part of the answers has two")
	c.Flags().StringVar(&cols.length, "length", "", "column of the answers' lengths, for the bias by length")
	c.Flags().StringVar(&cols.cluster, "cluster", "", "column of what answers are not independent within: a conversation, a document")
	c.Flags().StringVar(&x.tuned, "tuned-on", "", "file of ids on which the judge's prompt was tuned: their labels are left out")
	return c
}

// cardOfRecord makes a card of what a record's run kept.
func (e *Env) cardOfRecord(cmd *cobra.Command, name, scorer, model, labels string, x carding) error {
	for _, flag := range []string{"judge", "label", "id", "chance", "second-rater", "length", "cluster", "tuned-on"} {
		if cmd.Flags().Changed(flag) {
			return wrong("leave it out: the record and the plan say it; labels may come by --labels", "--%s goes with a file of answers, not with --scorer", flag)
		}
	}
	j, err := e.judgedRun(cmd, name, scorer, labels, nil)
	if err != nil {
		return err
	}
	m, err := j.model(model)
	if err != nil {
		return err
	}
	card, doc, err := j.card(m, x)
	if err != nil {
		return wrong("draw answers to label: fairtrial judge sample "+name+" --scorer "+scorer+"; then name the file with --labels, or with labels in the plan", "%s, models.%s: %w", scorer, j.setup.Models[m].Key, err)
	}
	if x.asJSON {
		return writeJSON(e.Stdout, doc)
	}
	fmt.Fprintf(e.Stdout, "%s of models.%s, run %s, judge %s.\n", scorer, doc.Model, doc.Run, shortDigest(doc.Judge))
	need := 0
	if doc.Needed != nil {
		need = *doc.Needed
	}
	e.printCard(card, doc.judgeItself, x.level, x.half, need, doc.Needed != nil)
	e.printNeeded(j)
	return nil
}

// card is the card of the scorer on one model's answers.
func (j *judgedRun) card(m int, x carding) (judge.Card, cardDocument, error) {
	rows := j.answers[m]
	card, err := judge.NewCard(rows, j.setup.Plan.Data.Columns.Cluster != "", x.level, 1)
	if err != nil {
		return card, cardDocument{}, err
	}
	need, known := judge.LabelsNeeded(rows, x.half, x.level)
	if j.drawn == string(metric.ByTruth) {
		card.ByTruth(x.level)
		known = false
	}
	doc := cardJSON(card, x.level, x.half, need, known)
	doc.judgeItself = newJudgeItself(j.judged)
	doc.cardOf, err = j.of(m)
	return card, doc, err
}

// printNeeded says how many labels would decide the gates on the scorer.
func (e *Env) printNeeded(j *judgedRun) {
	w := e.Stdout
	for _, g := range j.record.Gates {
		if g.Metric != j.scorer.As || j.scorer.Labels == nil {
			continue
		}
		switch e := g.Evidence; {
		case g.Verdict == result.Pass || g.Verdict == result.Fail:
			fmt.Fprintf(w, "Gate %q: decided (%s) with the labels of the run.\n", g.Name, g.Verdict)
		case e.NeededLabels != nil && !e.Value.Known():
			fmt.Fprintf(w, "Gate %q: %s labels are needed to correct the judge at all.\n", g.Name, result.Count(*e.NeededLabels))
		case e.NeededLabels != nil:
			fmt.Fprintf(w, "Gate %q: about %s would decide it.\n", g.Name, gate.Wanting(e.NeededN, e.NeededLabels))
		}
	}
}
