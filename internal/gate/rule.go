// Package gate decides: it turns estimates and comparisons into verdicts with more
// than two values, and rolls them up. It refuses to know any metric by name.
package gate

import "github.com/fairtrial/fairtrial/internal/result"

// Rule kinds of a gate.
const (
	AtLeast     = "at_least"
	AtMost      = "at_most"
	Between     = "between"
	NoWorseThan = "no_worse_than"
	BetterThan  = "better_than"
	AcrossDiff  = "across_difference" // across + difference_at_most
	AcrossRatio = "across_ratio"      // across + ratio_at_least
)

// Rule is one resolved gate: one metric, one rule, optional scope (GATES).
type Rule struct {
	Name      string  `json:"name"`   // given, or made of metric and rule
	Metric    string  `json:"metric"` // the name that the metric is shown under
	Why       string  `json:"why,omitempty"`
	Model     string  `json:"model"`           // key, default candidate
	Rule      string  `json:"rule"`            // one of the rule kinds
	Bound     float64 `json:"bound"`           // at_least, at_most, between (lower), difference_at_most, ratio_at_least
	Upper     float64 `json:"upper,omitempty"` // between
	Than      string  `json:"than,omitempty"`  // model key of the comparison rules
	Margin    float64 `json:"margin,omitempty"`
	Relative  bool    `json:"relative,omitempty"`  // margin is a share of |than|
	Across    string  `json:"across,omitempty"`    // column of a fairness rule
	Reference string  `json:"reference,omitempty"` // group to compare with; empty: all pairs

	Slices         []string        `json:"slices,omitempty"` // "all", or names as in the record; empty: overall only
	Require        string          `json:"require"`          // no_harm | proof
	ProvenShare    float64         `json:"proven_share,omitempty"`
	SmallGroups    string          `json:"small_groups"` // inconclusive | report
	Severity       result.Severity `json:"severity"`
	MinRows        int64           `json:"min_rows"`
	Confidence     float64         `json:"confidence"`
	Evidence       string          `json:"evidence"`               // bound | value
	OnInconclusive string          `json:"on_inconclusive"`        // block | warn
	MaxUngraded    *float64        `json:"max_ungraded,omitempty"` // share of the rows; only of scorers
	Line, Column   int             `json:"-"`                      // in the plan; of its standard's entry where that asks for the gate; 0: --set
}
