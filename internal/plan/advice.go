package plan

import (
	"fmt"
	"strings"

	"github.com/fairtrial/fairtrial/internal/result"
)

// Advice says what a plan lacks for its tier, and why that matters: advice, not mistakes.
// What a company insists on stands in a standard (see Standard). A plan without a tier
// gets none.
func (p *Plan) Advice() []string {
	var out []string
	add := func(least int, lacks bool, format string, args ...any) {
		if lacks && p.Tier <= least {
			out = append(out, fmt.Sprintf("tier %d: ", p.Tier)+fmt.Sprintf(format, args...))
		}
	}
	if p.Tier == 0 {
		return nil
	}
	var silent, value, lenient []string
	blocking, sliced := 0, false
	for _, g := range p.Gates {
		if g.Severity != result.Block {
			continue
		}
		blocking++
		sliced = sliced || len(g.Slices) > 0 || g.Across != ""
		if g.Why == "" {
			silent = append(silent, g.Name)
		}
		if g.Evidence == "value" {
			value = append(value, g.Name)
		}
		if g.OnInconclusive != "block" {
			lenient = append(lenient, g.Name)
		}
	}
	baseline := false
	for _, m := range p.Models {
		baseline = baseline || m.Key == "baseline"
	}
	names := func(list []string) string { return strings.Join(list, "; ") }
	add(3, blocking == 0, "no gate blocks: nothing can be decided")
	add(2, p.Owner == "", "no owner: nobody answers for the verdict")
	add(2, !baseline, "no baseline: a candidate that is good enough may be worse than what runs today")
	add(1, p.Objective == "", "no objective: who reads this in a year must know what the model is for")
	add(1, p.Data.Columns.ID == "", "no id column: a later candidate cannot be compared on the same rows")
	add(1, blocking > 0 && !sliced, "no gate looks at slices or groups: an average hides those who are let down")
	add(1, len(silent) > 0, "gates without a why, the harm that they guard against: %s", names(silent))
	add(1, len(value) > 0, "gates that judge the value alone, whatever its interval: %s", names(value))
	add(1, len(lenient) > 0, "gates that let an inconclusive result pass with a warning: %s", names(lenient))
	return out
}
