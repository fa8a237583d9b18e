package gate

import (
	"fmt"
	"strings"

	"github.com/fairtrial/fairtrial/internal/result"
)

// RollUp turns gate verdicts into the decision: over blocking gates fail > error >
// inconclusive > pass; a blocking gate that is not applicable counts as
// inconclusive, so that no gate vanishes.
func RollUp(gates []result.Gate) result.Outcome {
	o := result.Outcome{Reasons: []string{}, Next: []string{}, Guardrails: []string{}}
	by := map[result.Verdict][]result.Gate{}
	blocking := 0
	for _, g := range gates {
		v := g.Verdict
		if v == "" {
			v = result.Error
		}
		if g.Severity == result.Warn {
			if v != result.Pass {
				o.Guardrails = append(o.Guardrails, g.Name)
			}
			continue
		}
		blocking++
		if v == result.VerdictNotApplicable {
			v = result.Inconclusive
		}
		if v == result.Inconclusive && g.OnInconclusive == "warn" {
			o.Guardrails = append(o.Guardrails, g.Name)
			continue
		}
		by[v] = append(by[v], g)
	}
	say := func(d result.Decision, word string, v result.Verdict) {
		o.Decision = d
		for _, g := range by[v] {
			o.Reasons = append(o.Reasons, g.Name+": "+g.Reason)
		}
		o.Sentence = word + ": " + by[v][0].Reason
		if more := len(by[v]) - 1; more > 0 {
			o.Sentence += fmt.Sprintf("; and %d more", more)
		}
		o.Sentence += "."
	}
	switch {
	case len(gates) == 0:
		o.Decision = result.NotJudged
		o.Sentence = "Not judged: the plan has no gates, so nothing was decided."
	case len(by[result.Fail]) > 0:
		say(result.NoGo, "No-go", result.Fail)
	case len(by[result.Error]) > 0:
		say(result.DecisionError, "Error", result.Error)
	case len(by[result.Inconclusive]) > 0:
		say(result.DecisionInconclusive, "Inconclusive", result.Inconclusive)
	case blocking == 0:
		o.Decision = result.Go
		o.Sentence = "Go: no gate blocks."
	default:
		o.Decision = result.Go
		n := len(by[result.Pass])
		o.Sentence = fmt.Sprintf("Go: all %d blocking gates pass.", n)
		if n == 1 {
			o.Sentence = "Go: " + by[result.Pass][0].Reason + "."
		}
	}
	var judged []string
	for _, g := range gates {
		if g.Uncalibrated && g.Severity != result.Warn {
			judged = append(judged, g.Name)
		}
	}
	if len(judged) > 0 {
		o.Sentence = strings.TrimSuffix(o.Sentence, ".") + "; judged by an uncalibrated judge: " + strings.Join(judged, ", ") + "."
	}
	if len(o.Guardrails) > 0 {
		o.Sentence = strings.TrimSuffix(o.Sentence, ".") + "; look at the guardrails: " + strings.Join(o.Guardrails, ", ") + "."
	}
	o.Next = next(o.Decision, by, gates)
	return o
}

// next is what to do, at most three lines.
func next(d result.Decision, by map[result.Verdict][]result.Gate, gates []result.Gate) []string {
	out := []string{}
	add := func(format string, args ...any) {
		if len(out) < 3 {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	switch d {
	case result.NoGo:
		for _, g := range by[result.Fail] {
			var bad []string
			for _, c := range g.Cells {
				if c.Verdict == result.Fail && c.Slice != result.Overall {
					bad = append(bad, c.Slice)
				}
			}
			if len(bad) > 3 {
				bad = append(bad[:3], fmt.Sprintf("%d more", len(bad)-3))
			}
			if len(bad) > 0 {
				add("Look at %s in %s.", g.Metric, strings.Join(bad, ", "))
			} else {
				add("Mend %s, which gate %q blocks.", g.Metric, g.Name)
			}
		}
	case result.DecisionInconclusive:
		for _, g := range by[result.Inconclusive] {
			var most, labels *int64
			for _, c := range g.Cells {
				if c.Verdict == result.Inconclusive && c.NeededLabels != nil && (labels == nil || *c.NeededLabels > *labels) {
					most, labels = c.NeededN, c.NeededLabels
				}
				if labels != nil {
					continue
				}
				if c.Verdict == result.Inconclusive && c.NeededN != nil && *c.NeededN > c.N && (most == nil || *c.NeededN > *most) {
					most = c.NeededN
				}
			}
			switch {
			case labels != nil && !g.Evidence.Value.Known():
				add("Label more answers for gate %q: %s labels of each model's answers are needed to correct the judge.", g.Name, result.Count(*labels))
			case labels != nil && most == nil:
				add("Label more answers for gate %q: about %s would decide it.", g.Name, Wanting(nil, labels))
			case most != nil:
				add("Collect data for gate %q: about %s would decide it%s.", g.Name, Wanting(most, labels), orSamples(g.Evidence.NeededSamples))
			default:
				add("Gate %q cannot be decided on these data: %s.", g.Name, g.Reason)
			}
		}
	case result.DecisionError:
		add("Mend the data or the plan, then run again.")
	case result.NotJudged:
		add("Add a gate to the plan, for example: {metric: …, no_worse_than: baseline, margin: …}.")
	}
	return out
}

// ExitStatus is the process status of a decision (CONTRACT): 4 where an engine or
// provider failed is the caller's to say.
func ExitStatus(d result.Decision) int {
	switch d {
	case result.Go, result.NotJudged:
		return 0
	case result.NoGo:
		return 1
	case result.DecisionInconclusive:
		return 3
	}
	return 2
}
