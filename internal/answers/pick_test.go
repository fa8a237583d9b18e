package answers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/score"
)

// All flips are counted, some are shown: those by gated scorers first, then in the order of
// the data. Ungraded is no flip.
func TestPickerCountsFlips(t *testing.T) {
	one, zero := 1.0, 0.0
	pass := func(name string) plan.Scorer {
		return plan.Scorer{As: name, Direction: "up", PassFail: true, Lower: &zero, Upper: &one}
	}
	bad := pass("rude")
	bad.Direction = "down"
	share := pass("close")
	share.PassFail = false
	p := &plan.Plan{Gates: []plan.Gate{{Metric: "right"}}}
	k := NewPicker(p, []plan.Scorer{pass("right"), pass("short"), bad, share}, []string{"candidate", "baseline"})
	x := func(v float64) score.Score { return score.Score{Graded: true, Value: v} }
	none := score.Score{Reason: "no output"}
	offer := func(i int, scores [][]score.Score) {
		c := &Case{Row: int64(i + 1), ID: fmt.Sprint("c", i)}
		c.Contexts = make([]score.Context, 10)
		given := []Answer{{Samples: []score.Case{c.Case}}, {Samples: []score.Case{c.Case}}}
		given[0].Samples[0].Output = strings.Repeat("é", 3000)
		k.Offer(c, given, scores)
	}
	same := []score.Score{x(0), x(0)}
	for i := range 50 {
		scores := [][]score.Score{{x(1), x(1)}, {x(0), x(1)}, same, same} // short: lost
		if i >= 40 {
			scores[0] = []score.Score{x(0), x(1)} // right: lost
		}
		offer(i, scores)
	}
	offer(50, [][]score.Score{{none, x(1)}, same, same, same})
	offer(51, [][]score.Score{same, same, {x(1), x(0)}, same}) // rude now: pass to fail
	offer(52, [][]score.Score{same, same, same, {x(0.25), x(0.5)}})
	offer(53, [][]score.Score{same, {x(1), x(0)}, same, {none, none}})
	if got := fmt.Sprint(k.Flips()); got != "[{right 53 10 0 40} {short 54 50 1 0} {rude 54 1 0 53}]" {
		t.Error(got)
	}
	kinds := ""
	for _, c := range k.Kinds() {
		kinds += fmt.Sprintf("%s %d/%d ", c.Kind, c.Shown, c.Cases)
	}
	if kinds != "pass_to_fail 12/51 fail_to_pass 1/1 ungraded 1/1 worse 1/1 " {
		t.Error(kinds)
	}
	var ids []string
	for _, c := range k.Cases() {
		ids = append(ids, c.ID)
	}
	if got := strings.Join(ids, " "); got != "c40 c41 c42 c43 c44 c45 c46 c47 c48 c49 c0 c1 c53 c50 c52" {
		t.Error(got)
	}
	first := k.Cases()[0]
	if first.Kind != record.PassToFail || first.Why != "pass to fail by right, short" || first.Answers[0].Length != 3000 || len([]rune(first.Answers[0].Output)) != longestShown {
		t.Errorf("%s, %s, %d", first.Kind, first.Why, first.Answers[0].Length)
	}
	if got := stepped("better", "a", "worse", "b"); got != "better than the baseline by a; worse by b" || stepped("worse", "a", "better", "") != "worse than the baseline by a" {
		t.Error(got)
	}
	if n := len(first.Contexts); n != mostPassages+1 || first.Contexts[n-1].Text != "… 8 of 10 passages" || first.Answers[0].Contexts != nil {
		t.Errorf("%v", first.Contexts)
	}
	if got := clip(strings.Repeat("召", 2001)); !strings.HasSuffix(got, " … (2000 of 2001 characters)") {
		t.Error(got[len(got)-40:])
	}
}
