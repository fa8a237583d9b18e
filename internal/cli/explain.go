package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/compare"
	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

func explainCommand(e *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "explain RECORD [GATE]", Short: "Say of a gate what was found, how it was judged and what would change it",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 2 {
				return wrong("usage: "+cmd.UseLine(), "explain takes one record and at most one gate, got %d argument(s)", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			r, _, err := e.soundRecord(cmd, args[0])
			if err != nil {
				return err
			}
			which := ""
			if len(args) == 2 {
				which = args[1]
			}
			at, err := findGates(r, which)
			if err != nil {
				return err
			}
			type explained struct {
				Gate string `json:"gate"`
				gate.Explanation
			}
			var all []explained
			for _, i := range at {
				all = append(all, explained{r.Gates[i].Name, explain(r, i)})
			}
			if asJSON {
				return writeJSON(e.Stdout, all)
			}
			for i, x := range all {
				if i > 0 {
					fmt.Fprintln(e.Stdout)
				}
				if _, err := fmt.Fprintf(e.Stdout, "%s\n  %s\n  %s\n  %s\n", x.Gate, x.Found, x.How, x.Flip); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

// findGates finds gates by number (from 0), name or metric; all of them without a word.
func findGates(r *record.Record, which string) ([]int, error) {
	var out []int
	var names []string
	for i, g := range r.Gates {
		names = append(names, strconv.Quote(g.Name))
		if which == "" || which == g.Name || which == strconv.Itoa(i) {
			out = append(out, i)
		}
	}
	for i, g := range r.Gates {
		if len(out) == 0 && which == g.Metric {
			for k := i; k < len(r.Gates); k++ {
				if r.Gates[k].Metric == which {
					out = append(out, k)
				}
			}
		}
	}
	switch {
	case len(r.Gates) == 0:
		return nil, wrong("", "the record has no gates")
	case len(out) == 0:
		hint := "gates: "
		for i, n := range names {
			if i > 0 {
				hint += ", "
			}
			hint += n
		}
		return nil, wrong(hint, "no gate is called %q", which)
	}
	return out, nil
}

// explain gathers what is said of a gate elsewhere in the record.
func explain(r *record.Record, i int) gate.Explanation {
	g, rule := r.Gates[i], r.Plan.Gates[i]
	formula, good, method := "", 0.0, ""
	for _, m := range r.Metrics {
		if m.Name == g.Metric {
			formula, good = m.Formula, compare.Good(metric.Direction(m.Direction))
		}
	}
	if rule.Than != "" && !rule.Relative {
		for _, c := range r.Comparisons {
			if c.Metric == g.Metric && c.Candidate == rule.Model && c.Baseline == rule.Than && c.Slice == result.Overall {
				method = c.Method
			}
		}
	} else if rule.Than == "" && rule.Across == "" {
		for _, c := range r.Estimates {
			if c.Metric == g.Metric && c.Model == rule.Model && c.Slice == result.Overall {
				method = c.Method
			}
		}
	}
	return gate.Explain(rule, g, formula, method, good)
}
