package cli

import (
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/power"
)

// planning is the answer of `power`: rows in all, and what was assumed.
type planning struct {
	Design  string        `json:"design"`
	Rows    result.Number `json:"rows"`   // rows needed; null when an effect was asked for
	Effect  result.Number `json:"effect"` // smallest effect seen with the given rows; null otherwise
	Unit    string        `json:"unit"`
	Level   float64       `json:"confidence"`
	Power   float64       `json:"power"`
	Assumed string        `json:"assumed"`
}

func powerCommand(e *Env) *cobra.Command {
	c := &cobra.Command{Use: "power", Short: "Rows needed for a comparison, or the smallest effect that given rows can show",
		Long: "power plans how much data a decision needs. Choose a design:\n\n" +
			"  fairtrial power paired --discordant 0.10 --margin 0.01          two models on the same rows, no worse by more than a margin\n" +
			"  fairtrial power paired --discordant 0.10 --difference 0.02     … to see a difference\n" +
			"  fairtrial power proportions --p1 0.90 --p2 0.92                two independent groups\n" +
			"  fairtrial power mean --sd 1 --difference 0.2                   paired differences of a mean\n" +
			"  fairtrial power auc --auc 0.8 --than 0.5 --ratio 1             one ROC AUC against a value\n" +
			"  fairtrial power repeats --difference 0.03 --variance 0.111 --noise 0.167 --samples 10   means of several answers to a case",
		Args: exactly(0, "a design: paired, proportions, mean, auc or repeats"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	var level, pow, icc, size float64
	var rows int64
	var asJSON bool
	c.PersistentFlags().Float64Var(&level, "confidence", 0.95, "two-sided confidence; margins are tested one-sided at half of the rest")
	c.PersistentFlags().Float64Var(&pow, "power", 0.8, "probability of a decision")
	c.PersistentFlags().Int64Var(&rows, "rows", 0, "give the smallest effect for this many rows instead")
	c.PersistentFlags().Float64Var(&size, "cluster-size", 1, "mean rows of a cluster")
	c.PersistentFlags().Float64Var(&icc, "icc", 0, "correlation of rows of one cluster")
	c.PersistentFlags().BoolVar(&asJSON, "json", false, "print as JSON")
	answer := func(p planning) error {
		p.Level, p.Power = level, pow
		deff := power.DesignEffect(size, icc)
		if deff > 1 {
			p.Rows = result.Number(float64(p.Rows) * deff)
			p.Effect = result.Number(float64(p.Effect) * math.Sqrt(deff))
			p.Assumed += fmt.Sprintf("; design effect %s", result.Number(deff).Short())
		}
		if p.Rows.Known() {
			p.Rows = result.Number(math.Ceil(float64(p.Rows) - 1e-9))
		}
		if !p.Rows.Known() && !p.Effect.Known() {
			return wrong("", "no number of rows decides this: the true value lies on the bound, or an input is out of range")
		}
		if asJSON {
			return writeJSON(e.Stdout, p)
		}
		if p.Rows.Known() {
			fmt.Fprintf(e.Stdout, "%s %s\n", result.Count(int64(p.Rows)), p.Unit)
		} else {
			fmt.Fprintf(e.Stdout, "smallest effect: %s\n", p.Effect.Short())
		}
		_, err := fmt.Fprintf(e.Stdout, "%s; %s confidence, power %s; %s\n", p.Design, result.Percent(level), result.Percent(pow), p.Assumed)
		return err
	}
	check := func() error {
		if level <= 0 || level >= 1 || pow <= 0 || pow >= 1 {
			return wrong("", "--confidence and --power lie between 0 and 1")
		}
		if size < 1 || icc < 0 || icc > 1 {
			return wrong("", "--cluster-size is at least 1 and --icc between 0 and 1")
		}
		return nil
	}
	c.AddCommand(powerPaired(&level, &pow, &rows, check, answer), powerProportions(&level, &pow, &rows, check, answer),
		powerMean(&level, &pow, &rows, check, answer), powerAUC(&level, &pow, check, answer), powerRepeats(&level, &pow, &rows, check, answer))
	return c
}

func powerPaired(level, pow *float64, rows *int64, check func() error, answer func(planning) error) *cobra.Command {
	var psi, d, margin float64
	c := &cobra.Command{Use: "paired", Short: "Two models on the same rows (accuracy, recall …)", Args: exactly(0, "flags only"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := check(); err != nil {
				return err
			}
			if psi <= 0 || psi > 1 {
				return wrong("the share of rows on which exactly one of the models is right", "--discordant lies in (0, 1]")
			}
			p := planning{Rows: result.None(), Effect: result.None(), Unit: "rows", Assumed: fmt.Sprintf("the models disagree on %s of the rows", result.Percent(psi))}
			alpha := 1 - *level
			switch {
			case *rows > 0:
				p.Design = "paired difference"
				p.Effect = result.Number(power.SmallestEffect(math.Sqrt(psi/float64(*rows)), alpha, *pow))
			case cmd.Flags().Changed("margin"):
				p.Design = fmt.Sprintf("no worse by more than %s, true difference %s", result.Number(margin).Short(), result.Number(d).Short())
				p.Rows = result.Number(power.NonInferiorityPaired(psi, d, margin, alpha/2, *pow))
			case cmd.Flags().Changed("difference"):
				p.Design = "paired difference of " + result.Number(d).Short()
				p.Rows = result.Number(power.McNemar((psi+d)/2, (psi-d)/2, alpha, *pow))
			default:
				return wrong("", "give --margin, --difference or --rows")
			}
			return answer(p)
		}}
	c.Flags().Float64Var(&psi, "discordant", 0.1, "share of rows on which exactly one of the models is right")
	c.Flags().Float64Var(&d, "difference", 0, "true difference, candidate minus baseline")
	c.Flags().Float64Var(&margin, "margin", 0, "largest loss allowed")
	return c
}

func powerProportions(level, pow *float64, rows *int64, check func() error, answer func(planning) error) *cobra.Command {
	var p1, p2 float64
	c := &cobra.Command{Use: "proportions", Short: "Two independent groups", Args: exactly(0, "flags only"),
		RunE: func(*cobra.Command, []string) error {
			if err := check(); err != nil {
				return err
			}
			if p1 <= 0 || p1 >= 1 || p2 <= 0 || p2 >= 1 {
				return wrong("", "--p1 and --p2 lie between 0 and 1")
			}
			p := planning{Rows: result.None(), Effect: result.None(), Unit: "rows in each group", Design: "two independent proportions",
				Assumed: fmt.Sprintf("true rates %s and %s", result.Number(p1).Short(), result.Number(p2).Short())}
			if *rows > 0 {
				p.Effect = result.Number(power.SmallestEffect(math.Sqrt((p1*(1-p1)+p2*(1-p2))/float64(*rows)), 1-*level, *pow))
			} else {
				p.Rows = result.Number(power.TwoProportions(p1, p2, 1-*level, *pow))
			}
			return answer(p)
		}}
	c.Flags().Float64Var(&p1, "p1", 0.5, "rate in the first group")
	c.Flags().Float64Var(&p2, "p2", 0.5, "rate in the second group")
	return c
}

func powerMean(level, pow *float64, rows *int64, check func() error, answer func(planning) error) *cobra.Command {
	var sd, d float64
	c := &cobra.Command{Use: "mean", Short: "Paired differences of a mean (log loss, absolute error …)", Args: exactly(0, "flags only"),
		RunE: func(*cobra.Command, []string) error {
			if err := check(); err != nil {
				return err
			}
			if sd <= 0 {
				return wrong("the standard deviation of the row differences", "--sd must be above 0")
			}
			p := planning{Rows: result.None(), Effect: result.None(), Unit: "rows", Design: "paired difference of a mean",
				Assumed: fmt.Sprintf("row differences with standard deviation %s", result.Number(sd).Short())}
			switch {
			case *rows > 0:
				p.Effect = result.Number(power.SmallestEffect(sd/math.Sqrt(float64(*rows)), 1-*level, *pow))
			case d != 0:
				p.Rows = result.Number(power.PairedMeans(d, sd, 1-*level, *pow))
			default:
				return wrong("", "give --difference or --rows")
			}
			return answer(p)
		}}
	c.Flags().Float64Var(&sd, "sd", 0, "standard deviation of the row differences")
	c.Flags().Float64Var(&d, "difference", 0, "difference to be seen")
	return c
}

func powerAUC(level, pow *float64, check func() error, answer func(planning) error) *cobra.Command {
	var auc, than, ratio float64
	c := &cobra.Command{Use: "auc", Short: "One ROC AUC against a value", Args: exactly(0, "flags only"),
		RunE: func(*cobra.Command, []string) error {
			if err := check(); err != nil {
				return err
			}
			if auc <= 0.5 || auc >= 1 || ratio <= 0 {
				return wrong("", "--auc lies in (0.5, 1) and --ratio is above 0")
			}
			if than != 0.5 {
				return wrong("", "only --than 0.5 is built yet; for a paired comparison run the plan: every comparison shows its rows needed")
			}
			cases := power.AUC(auc, ratio, 1-*level, *pow)
			p := planning{Rows: result.Number(math.Ceil(cases-1e-9) * (1 + ratio)), Effect: result.None(), Unit: "rows",
				Design: fmt.Sprintf("ROC AUC of %s against 0.5", result.Number(auc).Short()), Assumed: fmt.Sprintf("%s negatives for each positive", result.Number(ratio).Short())}
			return answer(p)
		}}
	c.Flags().Float64Var(&auc, "auc", 0, "true ROC AUC")
	c.Flags().Float64Var(&than, "than", 0.5, "value to be told from")
	c.Flags().Float64Var(&ratio, "ratio", 1, "negatives for each positive")
	return c
}
