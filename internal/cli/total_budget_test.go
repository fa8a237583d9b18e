package cli_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
)

// One budget for all judges of a plan: the second scorer's judge gets what the first one's
// left, the error says who spent what, and a larger budget goes on without asking twice.
func TestTotalBudget(t *testing.T) {
	t.Parallel()
	b := newJudgeBench(t, func(string, stub.Call) stub.Reply { return said("good") })
	var list []string
	for i := range 8 {
		list = append(list, fmt.Sprintf("answer %d", i))
	}
	b.answers(map[string][]string{"candidate": list})
	b.plan(oneModel, oneJudge, "judge: strict, rubric: rubric.yaml")
	again := []string{"--set", "scorers=[{type: judge, as: good, judge: strict, rubric: rubric.yaml}, {type: judge, as: fine, judge: strict, rubric: rubric.yaml, repeats: 2}]", "--set", "limits.concurrency=1"}
	run := func(want int, budget string) string {
		_, stderr := b.run(want, append([]string{"run", "plan.yaml", "-q", "-o", "out", "--set", "limits.total_budget=" + budget}, again...)...)
		return stderr
	}
	err := run(4, "{calls: 10}")
	if !strings.Contains(err, "judges.strict for fine: budget spent: of limits.total_budget: 10 of 10 calls (judges.strict for good 8 calls, ") || !strings.Contains(err, "answers are kept") {
		t.Error(err)
	}
	if n := len(b.asked()); n != 10 {
		t.Errorf("%d calls, want 10", n)
	}
	// Money counts across both as well: a call costs 50 tokens at 1 and 2 USD a million.
	if err := run(4, "{usd: 0.0000001}"); !strings.Contains(err, "of limits.total_budget: $") {
		t.Error(err)
	}
	if n := len(b.asked()); n != 0 {
		t.Errorf("%d calls beyond the budget", n)
	}
	if err := run(2, "{usd: 0}"); !strings.Contains(err, "limits.total_budget.usd: a number above 0 is expected") {
		t.Error(err)
	}
	run(0, "{calls: 1000}")
	if n := len(b.asked()); n == 0 {
		t.Error("the second judge was not asked")
	}
	run(0, "{calls: 1}") // all is there: nothing is asked, and nothing is refused
	if n := len(b.asked()); n != 0 {
		t.Errorf("%d calls though all is kept", n)
	}
}
