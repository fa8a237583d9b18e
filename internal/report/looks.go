package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// staged says how the cases of a plan that stops when decided were asked, and what was
// saved; empty for other plans.
func staged(r *record.Record) string {
	s := r.Sequential
	if s == nil {
		return ""
	}
	text := s.Sentence
	if len(s.Planned) > 1 {
		text += " The gates' intervals allow for the looks; those of other tables do not."
	}
	left := float64(s.All() - s.Asked)
	if left == 0 || s.Asked == 0 {
		return text
	}
	var calls, usd float64
	for _, a := range r.Run.Answers {
		if a.Provider == "recorded" {
			continue
		}
		calls += float64(a.Calls)
		if a.USD.Known() {
			usd += float64(a.USD)
		}
	}
	if share := left / float64(s.Asked); calls > 0 {
		text += fmt.Sprintf(" Saved: about %s calls", result.Count(int64(math.Round(calls*share))))
		if usd > 0 {
			text += fmt.Sprintf(" and %.2f USD", usd*share)
		}
		text += ", at what the asked ones took."
	}
	return text
}

// unadjusted are, gate by gate, the values that the looks were adjusted away from.
func unadjusted(r *record.Record) []string {
	var out []string
	for _, g := range r.Gates {
		if u := g.Evidence.Unadjusted; u != nil {
			out = append(out, fmt.Sprintf("%s: without regard to the looks %s; adjusted by %s", g.Name, interval(u.Value, u.Lower, u.Upper), u.Method))
		}
	}
	return out
}

// lookRow is one gate at one look, in words.
type lookRow struct {
	Look, Cases, Gate, Found, Statistic, Bounds, Said string
}

// givenUp says where a gate is given up: what is lower still may be shown to fail.
func givenUp(g result.LookGate) string {
	if g.Harm.Known() {
		return "given up from " + g.Harm.Signed() + " to " + g.Futility.Signed()
	}
	return "given up at " + g.Futility.Signed()
}

func lookRows(r *record.Record) []lookRow {
	if r.Sequential == nil {
		return nil
	}
	var out []lookRow
	for _, l := range r.Sequential.Looks {
		for _, g := range l.Gates {
			x := lookRow{Look: fmt.Sprintf("%d of %d", l.Number, len(r.Sequential.Planned)), Cases: fmt.Sprintf("%s (%s)", result.Count(l.Cases), result.Percent(math.Round(l.Fraction*1000)/1000)),
				Gate: g.Gate, Found: interval(g.Value, g.Lower, g.Upper), Statistic: g.Statistic.Signed(), Said: word(g.Verdict)}
			if !g.Value.Known() {
				x.Found = "–"
			}
			if !g.Statistic.Known() {
				x.Statistic = "–"
			}
			var b []string
			if g.Bound.Known() {
				b = append(b, "passes at "+g.Bound.Signed())
			}
			if g.FailBound.Known() {
				b = append(b, "fails at "+g.FailBound.Signed())
			}
			if g.Futility.Known() && l.Number < len(r.Sequential.Planned) {
				b = append(b, givenUp(g))
			}
			x.Bounds = strings.Join(b, "; ")
			switch {
			case g.Waits:
				x.Said, x.Bounds = "waits", "judged once, when all cases are asked"
			case g.Futile && g.Verdict != result.Pass && g.Verdict != result.Fail:
				x.Said += ", given up"
			}
			out = append(out, x)
		}
	}
	return out
}
