package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/threshold"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// chosen is one model's threshold and what is known of it.
type chosen struct {
	Model     string        `json:"model"`
	Found     bool          `json:"found"`
	Threshold result.Number `json:"threshold"`
	Alerts    result.Number `json:"alerts"` // share of rows called positive
	Precision result.Number `json:"precision"`
	Recall    result.Number `json:"recall"`
	Rows      int64         `json:"rows"`
	Promise   string        `json:"promise,omitempty"`
	Cost      result.Number `json:"cost"` // mean cost a row, cross-fitted
	CostSE    result.Number `json:"cost_se"`
	Says      string        `json:"says"`
}

type thresholdFlags struct {
	precision, recall, confidence float64
	cost, alerts, model           string
}

func thresholdCommand(e *Env) *cobra.Command {
	var f thresholdFlags
	var set []string
	var asJSON bool
	c := &cobra.Command{
		Use: "threshold PLAN", Short: "Choose a threshold: for a promise about precision or recall, the least cost, or an alert budget",
		Long: "threshold reads a plan's data and proposes thresholds:\n" +
			"  --precision 0.9        the lowest one whose precision is at least 0.9 with probability --confidence (fixed-sequence test)\n" +
			"  --recall 0.8           the highest one whose recall is at least 0.8 with that probability\n" +
			"  --cost fp=1,fn=8       the cheapest one, with its cost on rows that did not choose it (cross-fitted; clusters stay together)\n" +
			"  --alerts 5%            the one that calls this share (or number) of rows, so that models are compared at equal volume;\n" +
			"                         the metrics precision_at and recall_at compare them there with intervals\n" +
			"It changes nothing: write the threshold into the plan, and judge it on other rows.",
		Args: exactly(1, "one plan file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := e.loadPlan(cmd, args[0], set)
			if err != nil {
				return err
			}
			all, err := e.thresholds(cmd, p, f)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(e.Stdout, all)
			}
			for _, x := range all {
				fmt.Fprintf(e.Stdout, "%s: %s\n", x.Model, x.Says)
			}
			return nil
		},
	}
	c.Flags().Float64Var(&f.precision, "precision", 0, "least precision to promise")
	c.Flags().Float64Var(&f.recall, "recall", 0, "least recall to promise")
	c.Flags().Float64Var(&f.confidence, "confidence", 0.95, "probability of the promise")
	c.Flags().StringVar(&f.cost, "cost", "", "cost of a false positive and a false negative: fp=1,fn=8 (also tp, tn)")
	c.Flags().StringVar(&f.alerts, "alerts", "", "share or number of rows to call: 5%, 0.05 or 1500")
	c.Flags().StringVar(&f.model, "model", "", "only this model (default: all with scores)")
	c.Flags().StringArrayVar(&set, "set", nil, "override a key of the plan")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

func (e *Env) thresholds(cmd *cobra.Command, p *plan.Plan, f thresholdFlags) ([]chosen, error) {
	choose, err := f.chooser(p)
	if err != nil {
		return nil, err
	}
	p.Slices, p.Gates, p.Metrics = nil, nil, []plan.Metric{}
	s, err := eval.Prepare(p, catalogue())
	if err != nil {
		return nil, wrong("", "%w", err)
	}
	s.Request.Exemplars = 0
	s.Request.Needs = []summary.Spec{summary.Of(summary.KindCounts), summary.CutErrorsOf(1000, 5)}
	c, err := s.Collect(cmd.Context(), newEngine())
	if err != nil {
		return nil, err
	}
	all := c.Set.Pops[0].Cuts
	var out []chosen
	for m, key := range c.Set.Models {
		if f.model == "" || f.model == key {
			x := choose(cutsOf(all, m))
			x.Model = key
			out = append(out, x)
		}
	}
	if len(out) == 0 {
		return nil, wrong("models: "+strings.Join(c.Set.Models, ", "), "no model is called %q", f.model)
	}
	return out, nil
}

// chooser checks the flags against the plan and gives what chooses for one model.
func (f thresholdFlags) chooser(p *plan.Plan) (func(cuts) chosen, error) {
	asked := 0
	for _, yes := range []bool{f.precision != 0, f.recall != 0, f.cost != "", f.alerts != ""} {
		if yes {
			asked++
		}
	}
	switch {
	case asked != 1:
		return nil, wrong("for example --precision 0.9", "give one of --precision, --recall, --cost and --alerts")
	case p.Task != cases.Binary:
		return nil, wrong("", "thresholds are built for task binary only, this is %s", p.Task)
	case p.Data.Columns.Crossed != "":
		return nil, wrong("name the column whose rows are most alike", "thresholds are built for clusters of one column, this plan has two")
	case f.confidence <= 0.5 || f.confidence >= 1:
		return nil, wrong("", "--confidence lies between 0.5 and 1, this is %g", f.confidence)
	}
	for name, x := range map[string]float64{"precision": f.precision, "recall": f.recall} {
		if x < 0 || x >= 1 {
			return nil, wrong("", "--%s lies between 0 and 1, this is %g", name, x)
		}
	}
	switch {
	case f.cost != "":
		costs, err := parseCosts(f.cost)
		return func(x cuts) chosen {
			return cheapest(x, costs, p.Data.Columns.Cluster != "" || p.Data.Columns.Weight != "")
		}, err
	case f.alerts != "":
		share, count, err := parseAlerts(f.alerts)
		if count > 0 && p.Data.Columns.Weight != "" {
			return nil, wrong("write --alerts 5%", "--alerts: a number of rows means nothing where rows stand for others by weight")
		}
		return func(x cuts) chosen {
			if count > 0 {
				return atVolume(x, count/float64(x.rows), result.Count(int64(count))+" rows")
			}
			return atVolume(x, share, result.Percent(share)+" of rows")
		}, err
	}
	return f.promise, nil
}

func parseCosts(text string) (c threshold.Costs, err error) {
	to := map[string]*float64{"fp": &c.FP, "fn": &c.FN, "tp": &c.TP, "tn": &c.TN}
	for _, part := range strings.Split(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		x, perr := strconv.ParseFloat(value, 64)
		if to[key] == nil || perr != nil || math.IsNaN(x) || math.Abs(x) > 1e15 {
			return c, wrong("write --cost fp=1,fn=8", "--cost: %q is no cost of an outcome", part)
		}
		*to[key] = x
	}
	if c.FP == 0 && c.FN == 0 && c.TP == 0 && c.TN == 0 {
		return c, wrong("write --cost fp=1,fn=8", "--cost: every outcome costs 0")
	}
	return c, nil
}

// parseAlerts reads a share of the rows, or a number of them.
func parseAlerts(text string) (share, count float64, err error) {
	digits, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	x, perr := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	switch {
	case perr == nil && percent && x > 0 && x <= 100:
		return x / 100, 0, nil
	case perr == nil && !percent && x > 0 && x < 1:
		return x, 0, nil
	case perr == nil && !percent && x > 1 && x == math.Trunc(x) && x <= 1e15:
		return 0, x, nil
	}
	return 0, 0, wrong("write --alerts 5%, --alerts 0.05 or --alerts 1500", "--alerts: %q is no share and no number of rows", text)
}

// cuts are one model's thresholds as the command reads them: rows by fold – or their
// weight – and each cut with what tests of a promise need.
type cuts struct {
	threshold.Folds
	rows int64
	each []threshold.Cut
}

func cutsOf(c *summary.Cuts, m int) cuts {
	x, weighted := c.Models[m], c.Weight != nil
	out := cuts{rows: sum(c.Total), Folds: threshold.Folds{Scores: x.Scores, Total: numbers(c.Total), Positives: numbers(c.Positives)}}
	if weighted {
		out.Total, out.Positives, out.Rows, out.Hits = c.Weight, c.WeightPositive, x.Weight, x.WeightHits
	}
	for i, s := range x.Scores {
		if !weighted {
			out.Rows, out.Hits = append(out.Rows, numbers(x.Rows[i])), append(out.Hits, numbers(x.Hits[i]))
		}
		cut := threshold.Cut{Score: s, Rows: sum(x.Rows[i]), Hits: sum(x.Hits[i])}
		if x.Errors != nil {
			e := x.Errors[i]
			cut.Robust = &threshold.Robust{W: sum(out.Rows[i]), H: sum(out.Hits[i]), WW: e.WW, HW: e.HW, HH: e.HH, HP: e.HP, Clusters: e.Clusters, Positive: e.Positive}
		}
		out.each = append(out.each, cut)
	}
	return out
}

func numbers(x []int64) []float64 {
	out := make([]float64, len(x))
	for i, n := range x {
		out[i] = float64(n)
	}
	return out
}

func sum[T int64 | float64](x []T) T {
	var n T
	for _, v := range x {
		n += v
	}
	return n
}

// at describes a cut (−1: none is called).
func at(x cuts, i int) chosen {
	c := chosen{Found: true, Threshold: result.None(), Alerts: 0, Precision: result.None(), Recall: 0, Rows: x.rows, Cost: result.None(), CostSE: result.None()}
	if i < 0 {
		return c
	}
	rows, hits, pos := sum(x.Rows[i]), sum(x.Hits[i]), sum(x.Positives)
	c.Threshold, c.Alerts, c.Recall = result.Number(x.Scores[i]), result.Number(rows/sum(x.Total)), result.None()
	if rows > 0 {
		c.Precision = result.Number(hits / rows)
	}
	if pos > 0 {
		c.Recall = result.Number(hits / pos)
	}
	return c
}

func (c chosen) seen() string {
	return fmt.Sprintf("calls %s of %s rows; on these rows precision %s, recall %s", result.Percent(float64(c.Alerts)), result.Count(c.Rows), c.Precision.Short(), c.Recall.Short())
}

func (f thresholdFlags) promise(x cuts) chosen {
	what, least := "precision", f.precision
	best, ok := threshold.Precision(x.each, f.precision, 1-f.confidence)
	if f.recall > 0 {
		what, least = "recall", f.recall
		best, ok = threshold.Recall(x.each, f.recall, 1-f.confidence)
	}
	said := fmt.Sprintf("%s at least %s with probability %s", what, result.Number(least).Short(), result.Percent(f.confidence))
	if !ok {
		c := at(x, -1)
		c.Found, c.Promise, c.Recall = false, said, result.None()
		c.Says = fmt.Sprintf("no threshold can promise %s on %s rows", said, result.Count(c.Rows))
		if k := len(x.each); k > 0 && x.each[k-1].Robust != nil && x.each[k-1].Robust.Clusters < threshold.Fewest {
			c.Says += fmt.Sprintf(" of fewer than %d clusters", threshold.Fewest)
		}
		return c
	}
	c := at(x, best.At)
	c.Promise = said
	c.Says = fmt.Sprintf("threshold: %s promises %s; it %s", exactNumber(c.Threshold), said, c.seen())
	return c
}

func cheapest(x cuts, costs threshold.Costs, dependent bool) chosen {
	best, ok := threshold.MinimalCost(x.Folds, costs)
	c := at(x, best.At)
	if c.Found = ok; !ok {
		c.Says = "no rows"
		return c
	}
	c.Cost, c.CostSE = result.Number(best.Cost), result.Number(best.SE)
	spread := fmt.Sprintf(" (± %s)", c.CostSE.Short())
	if dependent { // the error is of independent rows of equal weight
		c.CostSE, spread = result.None(), ""
	}
	where := "call no row"
	if best.At >= 0 {
		where = fmt.Sprintf("threshold: %s, which %s", exactNumber(c.Threshold), c.seen())
	}
	c.Says = fmt.Sprintf("%s; costs %s a row%s, cross-fitted (%s on the rows that chose it)", where, c.Cost.Short(), spread, result.Number(best.Seen).Short())
	return c
}

// atVolume is the lowest threshold that calls at most a share of rows, said in words.
func atVolume(x cuts, share float64, said string) chosen {
	best, all := -1, sum(x.Total)
	for i := range x.Scores {
		if sum(x.Rows[i]) <= share*all*(1+1e-11) {
			best = i
		}
	}
	c := at(x, best)
	if c.Found = best >= 0; !c.Found {
		c.Says = fmt.Sprintf("the highest score alone is on more than %s", said)
		return c
	}
	c.Says = fmt.Sprintf("threshold: %s %s", exactNumber(c.Threshold), c.seen())
	return c
}

// exactNumber is a threshold with all its digits, to be copied into a plan.
func exactNumber(n result.Number) string { return strconv.FormatFloat(float64(n), 'g', -1, 64) }
