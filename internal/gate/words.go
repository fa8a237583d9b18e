package gate

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/result"
)

// Words says the rule as a reader would: "no worse than baseline by more than 0.005".
func (r Rule) Words() string {
	num := asWritten
	margin := num(r.Margin)
	if r.Relative {
		margin = result.Percent(r.Margin)
	}
	var s string
	switch r.Rule {
	case AtLeast:
		s = "at least " + num(r.Bound)
	case AtMost:
		s = "at most " + num(r.Bound)
	case Between:
		s = fmt.Sprintf("between %s and %s", num(r.Bound), num(r.Upper))
	case NoWorseThan:
		s = fmt.Sprintf("no worse than %s by more than %s", r.Than, margin)
	case BetterThan:
		s = "better than " + r.Than
		if r.Margin > 0 {
			s += " by more than " + margin
		}
	case AcrossDiff:
		s = fmt.Sprintf("difference across %s at most %s", r.Across, num(r.Bound))
	case AcrossRatio:
		s = fmt.Sprintf("ratio across %s at least %s", r.Across, num(r.Bound))
	}
	if r.Reference != "" {
		s += ", each against " + r.Reference
	}
	switch {
	case len(r.Slices) == 0:
	case len(r.Slices) == 1 && r.Slices[0] == "all":
		s += ", on every slice"
	default:
		s += ", on " + strings.Join(r.Slices, ", ")
	}
	if len(r.Slices) > 0 && r.Require == "proof" {
		s += ", each proven"
	}
	return s
}

// asWritten is a number of the plan with the digits that its author gave it.
func asWritten(x float64) string {
	return strings.Replace(strconv.FormatFloat(x, 'g', -1, 64), "-", "−", 1)
}

// span is a value with its interval.
func span(c result.Cell, level float64) string {
	if !c.Lower.Known() {
		return c.Value.Short() + " (no interval)"
	}
	return fmt.Sprintf("%s (%s interval %s to %s)", c.Value.Short(), result.Percent(level), c.Lower.Short(), c.Upper.Short())
}

func needed(n *int64, unit string) string {
	if n == nil {
		return ""
	}
	return fmt.Sprintf("; about %s %s", result.Count(round2(*n)), unit)
}

// Wanting is how many rows and human labels would decide, in words; empty where it is not
// known.
func Wanting(rows, labels *int64) string {
	switch {
	case rows != nil && labels != nil:
		return fmt.Sprintf("%s rows, %s of them labelled,", result.Count(round2(*rows)), result.Count(round2(*labels)))
	case labels != nil:
		return result.Count(round2(*labels)) + " labelled rows"
	case rows != nil:
		return result.Count(round2(*rows)) + " rows"
	}
	return ""
}

// round2 rounds up to two significant digits: a planning figure claims no more.
func round2(n int64) int64 {
	if n < 100 {
		return n
	}
	unit := int64(math.Pow(10, math.Floor(math.Log10(float64(n)))-1))
	return (n + unit - 1) / unit * unit
}

// sentence says what one cell shows about the rule.
func (w *undecided) sentence(c result.Cell) string {
	r := w.rule
	where := ""
	if c.Slice != result.Overall {
		where = " on " + c.Slice
	}
	if !c.Value.Known() {
		return fmt.Sprintf("%s%s is undefined: %s", r.Metric, where, c.Note)
	}
	var s string
	if r.Rule == NoWorseThan || r.Rule == BetterThan {
		s = w.change(c, where)
	} else {
		s = fmt.Sprintf("%s%s is %s", r.Metric, where, span(c, r.Confidence))
		switch c.Verdict {
		case result.Pass:
			s += map[string]string{AtLeast: ", above the ", AtMost: ", below the ", Between: ", within "}[r.Rule] + w.bound()
		case result.Fail:
			s += map[string]string{AtLeast: ", below the ", AtMost: ", above the ", Between: ", outside "}[r.Rule] + w.bound()
		default:
			s += ": it straddles " + w.bound()
		}
	}
	if strings.HasPrefix(c.Note, "too few") || strings.HasPrefix(c.Note, "too many") {
		s = fmt.Sprintf("%s%s: %s", r.Metric, where, c.Note)
	} else if c.Verdict == result.Inconclusive && !c.Lower.Known() {
		s = fmt.Sprintf("%s%s has no interval: %s", r.Metric, where, c.Note)
	}
	if what := Wanting(c.NeededN, c.NeededLabels); c.Verdict == result.Inconclusive && what != "" && (c.NeededLabels != nil || *c.NeededN > c.N) {
		s += "; about " + what + " in all would decide"
	}
	if c.Note == "judged by the value alone" {
		s += " (judged by the value alone)"
	}
	return s
}

func (w *undecided) bound() string {
	r := w.rule
	if r.Rule == Between {
		return fmt.Sprintf("%s to %s", asWritten(r.Bound), asWritten(r.Upper))
	}
	return asWritten(r.Bound) + " required"
}

// change words a comparison: fell, rose, or neither.
func (w *undecided) change(c result.Cell, where string) string {
	r := w.rule
	margin := asWritten(r.Margin)
	if r.Relative {
		return w.relativeChange(c, where)
	}
	var verb string
	lo, hi := c.Lower, c.Upper
	switch {
	case w.in.Direction == "target":
		verb = "moved from its target by " + c.Value.Signed()
	case float64(c.Value) < 0:
		verb, lo, hi = "fell by "+(-c.Value).Short(), -c.Upper, -c.Lower
	case float64(c.Value) > 0:
		verb = "rose by " + c.Value.Short()
	default:
		verb = "did not change"
	}
	at := "(no interval)"
	if c.Lower.Known() {
		at = fmt.Sprintf("(%s interval %s to %s)", result.Percent(r.Confidence), lo.Short(), hi.Short())
	}
	s := fmt.Sprintf("%s%s %s %s against %s", r.Metric, where, verb, at, r.Than)
	switch {
	case r.Rule == NoWorseThan && c.Verdict == result.Pass:
		s += fmt.Sprintf(": a loss of %s is ruled out", margin)
	case r.Rule == NoWorseThan && c.Verdict == result.Fail:
		s += fmt.Sprintf(", worse by more than the %s allowed", margin)
	case r.Rule == NoWorseThan:
		s += fmt.Sprintf(": a loss of more than %s is neither shown nor ruled out", margin)
	case c.Verdict == result.Pass:
		s += ": better is shown"
	case c.Verdict == result.Fail:
		s += ", not the gain that is required"
	default:
		s += ": a gain is not shown"
	}
	return s
}

func (w *undecided) relativeChange(c result.Cell, where string) string {
	r := w.rule
	s := fmt.Sprintf("%s%s less the share of %s that must be kept is %s", r.Metric, where, r.Than, span(c, r.Confidence))
	switch c.Verdict {
	case result.Pass:
		return s + ", on the right side of 0"
	case result.Fail:
		return s + ", on the wrong side of 0"
	}
	return s + ": it straddles 0"
}

// slicesSentence names the slices that fail, or else those that cannot say.
func (w *undecided) slicesSentence(fail, open int) string {
	if fail > 0 {
		worst := w.worst(func(j judged) bool { return j.cell.Verdict == result.Fail })
		s := w.sentence(worst.cell)
		if fail > 1 {
			s = fmt.Sprintf("%d slices break the rule; worst: %s", fail, s)
		}
		return s
	}
	if open > 0 {
		worst := w.worst(func(j judged) bool { return j.cell.Verdict != result.Pass })
		return fmt.Sprintf("%d of %d slices cannot say; worst: %s", open, len(w.cells), w.sentence(worst.cell))
	}
	if len(w.cells) == 0 {
		return "no slice to judge"
	}
	return fmt.Sprintf("all %d slices proven", len(w.cells))
}
