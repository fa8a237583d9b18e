package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
)

func judgeCalibrate(e *Env) *cobra.Command {
	var x carding
	var set []string
	c := &cobra.Command{
		Use: "calibrate PLAN", Short: "Run a plan and write a card of each scorer that has labels, for each model",
		Long: "calibrate runs the plan as `fairtrial run` does and keeps the run; answers and judgements that are kept already are not paid again. Then it\n" +
			"writes a card for each scorer with labels and each model: SCORER-MODEL.json. A later plan, on a system without labels, may name such cards\n" +
			"of three earlier systems or more under `cards`. Its exit status says whether the cards could be made, not what the gates say.",
		Args: exactly(1, "one plan"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := x.check(); err != nil {
				return err
			}
			p, err := e.loadPlan(cmd, args[0], set)
			if err != nil {
				return err
			}
			var scorers []plan.Scorer
			for _, s := range p.Scorers {
				if s.Labels != nil {
					scorers = append(scorers, s)
				}
			}
			if len(scorers) == 0 {
				return wrong("draw answers to label with `fairtrial judge sample` and name the file: labels: labels.csv", "%s: no scorer has labels", args[0])
			}
			if x.out == "" {
				x.out = filepath.Join(p.Dir, "fairtrial-out", "cards")
			}
			r, err := e.evaluate(cmd, p, 0, false)
			if err != nil {
				return err
			}
			return e.writeCards(cmd, r, p, scorers, x)
		},
	}
	x.flags(c)
	c.Flags().StringVarP(&x.out, "output", "o", "", "folder for the cards (default: fairtrial-out/cards beside the plan)")
	c.Flags().StringArrayVar(&set, "set", nil, "override a key of the plan")
	return c
}

// writeCards writes a file a card.
func (e *Env) writeCards(cmd *cobra.Command, r *record.Record, p *plan.Plan, scorers []plan.Scorer, x carding) error {
	dir := e.path(x.out)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write cards: %w", err)
	}
	made := 0
	for _, s := range scorers {
		j, err := e.judgedOf(cmd, r, p.Dir, s.As, "", nil)
		if err != nil {
			return err
		}
		for m, model := range j.setup.Models {
			card, doc, err := j.card(m, x)
			if err != nil { // not every model's answers need labels
				e.info(cmd, "no card of %s on models.%s: %v", s.As, model.Key, err)
				continue
			}
			var b bytes.Buffer
			if err := writeJSON(&b, doc); err != nil {
				return err
			}
			file := filepath.Join(dir, s.As+"-"+model.Key+".json")
			if err := writeFile(file, b.Bytes()); err != nil {
				return err
			}
			made++
			if x.asJSON {
				_, _ = e.Stdout.Write(b.Bytes())
				continue
			}
			fmt.Fprintf(e.Stdout, "%s on models.%s: %s\n", s.As, model.Key, e.short(file))
			need := 0
			if doc.Needed != nil {
				need = *doc.Needed
			}
			e.printCard(card, doc.judgeItself, x.level, x.half, need, doc.Needed != nil)
			fmt.Fprintln(e.Stdout)
		}
		if !x.asJSON {
			e.printNeeded(j)
		}
	}
	if made == 0 {
		return wrong("label answers that the judge graded", "no card could be made")
	}
	return nil
}
