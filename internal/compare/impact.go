package compare

import (
	"fmt"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
)

// Impact turns a mean cost a row (cost: an instance of expected_cost whose costs are the
// negative values) into amounts over volume rows: of model a, and against model b (−1:
// none) as the paired difference.
func Impact(cost *metric.Instance, v *metric.View, a, b int, level float64, per, unit string, volume float64) *result.Impact {
	x := &result.Impact{Per: per, Unit: unit, Volume: volume, Candidate: amount(cost.Estimate(v, a), level, volume)}
	if b < 0 {
		x.Sentence = fmt.Sprintf("%s a %s%s.", unit, per, span(x.Candidate, false))
		x.Sentence = x.Candidate.Value.Short() + " " + x.Sentence
		if !x.Candidate.Value.Known() {
			x.Sentence = fmt.Sprintf("The value in %s a %s is undefined: %s.", unit, per, x.Candidate.Note)
		}
		return x
	}
	base, diff := amount(cost.Estimate(v, b), level, volume), amount(cost.Contrast(v, a, b, 1), level, volume)
	x.Baseline, x.Difference = &base, &diff
	x.Sentence = fmt.Sprintf("%s %s a %s%s against %s.", diff.Value.Signed(), unit, per, span(diff, true), v.Set.Models[b])
	if !diff.Value.Known() {
		x.Sentence = fmt.Sprintf("The value in %s a %s is undefined: %s.", unit, per, diff.Note)
	}
	return x
}

func span(a result.Amount, signed bool) string {
	if !a.Lower.Known() || !a.Upper.Known() {
		return " (no interval)"
	}
	lo, hi := a.Lower.Short(), a.Upper.Short()
	if signed {
		lo, hi = a.Lower.Signed(), a.Upper.Signed()
	}
	return fmt.Sprintf(" (%s interval %s to %s)", result.Percent(a.Level), lo, hi)
}

// amount is −volume times a mean cost.
func amount(a metric.Answer, level, volume float64) result.Amount {
	x := result.Amount{Value: result.None(), Lower: result.None(), Upper: result.None(), Level: level, N: a.N, Method: a.Method}
	if len(a.Notes) > 0 {
		x.Note = a.Notes[0]
	}
	if a.Status != result.OK {
		return x
	}
	lo, hi, _ := a.Interval(level)
	x.Value, x.Lower, x.Upper = result.Number(-volume*a.Value), result.Number(-volume*hi), result.Number(-volume*lo)
	return x
}
