package gate

import (
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/result"
)

// Every rule is told in three whole sentences: what was found and what is asked, the
// formula and how it was judged, and what would turn the verdict.
func TestExplainEveryRule(t *testing.T) {
	paired := pairedAccuracy(newRNG(), 4000, 0.1, -0.01)
	groups := single(one(result.Overall, 9000, 7000), one("g=A", 3000, 2400), one("g=B", 3000, 2300), one("g=C", 3000, 2310))
	for name, tc := range map[string]struct {
		r    Rule
		says []string
	}{
		"at least, pass":         {Rule{Rule: AtLeast, Bound: 0.5}, []string{"pass (blocking): ", "at least 0.5; accuracy is correct / n", "the whole 95 % interval has to satisfy it", "It would pass with a bound below 0.8", "fail with one above 0.8"}},
		"at most, fail":          {Rule{Rule: AtMost, Bound: 0.5}, []string{"fail (blocking): ", "at most 0.5; ", "It would pass with a bound above 0.8", "fail with one below 0.8"}},
		"between":                {Rule{Rule: Between, Bound: 0.1, Upper: 0.9}, []string{"pass", "between 0.1 and 0.9; ", "bounds that hold the interval, 0.8"}},
		"no worse than, pass":    {Rule{Rule: NoWorseThan, Than: "baseline", Margin: 0.05}, []string{"pass", "no worse than baseline by more than 0.05; ", "a margin above 0.0"}},
		"no worse than, open":    {Rule{Rule: NoWorseThan, Than: "baseline", Margin: 0.01}, []string{"inconclusive", "a margin above 0.0", "rows would decide it as it stands"}},
		"no worse than, share":   {Rule{Rule: NoWorseThan, Than: "baseline", Margin: 0.02, Relative: true}, []string{"no worse than baseline by more than 2 %; ", "share of baseline's own value", "--what-if"}},
		"better than, fail":      {Rule{Rule: BetterThan, Than: "baseline"}, []string{"better than baseline; ", "It would pass with no margin, since a gain is not shown: the interval reaches −0.0280, and all of it is a loss."}},
		"better than, by margin": {Rule{Rule: BetterThan, Than: "baseline", Margin: 0.02}, []string{"better than baseline by more than 0.02; ", "It would pass with no margin"}},
		"warn only":              {Rule{Rule: AtLeast, Bound: 0.99, Severity: result.Warn}, []string{"fail (warns only): "}},
		"value":                  {Rule{Rule: AtLeast, Bound: 0.5, Evidence: "value"}, []string{"the value alone decides, whatever its interval", "a bound on its other side would turn the verdict"}},
		"difference":             {Rule{Rule: AcrossDiff, Across: "g", Bound: 0.1}, []string{"difference across g at most 0.1; ", "every pair's own 95 % interval", "It would pass with a limit above 0.0", "also has to stand the correction"}},
		"difference, reference":  {Rule{Rule: AcrossDiff, Across: "g", Bound: 0.001, Reference: "A"}, []string{"each against A; ", "It would pass with a limit above 0.0"}},
		"ratio":                  {Rule{Rule: AcrossRatio, Across: "g", Bound: 0.8}, []string{"ratio across g at least 0.8; ", "It would pass with a limit below 0.9"}},
		"slices, no harm":        {Rule{Rule: AtLeast, Bound: 0.5, Slices: []string{"all"}, Require: "no_harm"}, []string{"on every slice; ", "it has to hold overall, and no slice may break it significantly", "overall"}},
		"slices that break it":   {Rule{Rule: AtLeast, Bound: 0.79, Slices: []string{"all"}, Require: "no_harm"}, []string{"once these slices no longer break it: "}},
		"slices, proof":          {Rule{Rule: AtLeast, Bound: 0.77, Slices: []string{"g=B"}, Require: "proof"}, []string{"on g=B, each proven; ", "every slice's own 95 % interval has to satisfy it", "a bound below 0.75", "by its weakest slice, once these slices are proven: g=B"}},
	} {
		r := tc.r
		r.Metric, r.Model = "accuracy", "candidate"
		var g result.Gate
		if r.Across != "" || len(r.Slices) > 0 {
			g, _ = decideOne(t, groups, r)
			r.Confidence = 0.95
		} else {
			r.Name, r.Confidence = "g", 0.95
			gates, _ := decideOn(t, paired, "accuracy", r)
			if r.Evidence == "value" {
				gates, _ = decideWith(t, paired, "accuracy", "value", r)
			}
			g = gates[0]
		}
		x := Explain(r, g, "correct / n", "Wilson score", 1)
		all := x.Found + "\n" + x.How + "\n" + x.Flip
		for _, s := range tc.says {
			if !strings.Contains(all, s) {
				t.Errorf("%s: %q is missing in\n%s", name, s, all)
			}
		}
		for _, s := range []string{x.Found, x.How, x.Flip} {
			if !strings.HasSuffix(s, ".") || strings.Contains(s, "..") || strings.Contains(s, "  ") || strings.Contains(s, "NaN") || strings.Contains(s, "%!") {
				t.Errorf("%s: no whole sentence: %q", name, s)
			}
		}
		t.Logf("%s\n%s", name, all)
	}
}
