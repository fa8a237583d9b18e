package report

import (
	"fmt"
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// judges says, one sentence a scorer, who judged, how far they agree with themselves and
// with each other, and what it cost.
func judges(r *record.Record) []string {
	var out []string
	for _, s := range r.Data.Scorers {
		j := s.Judge
		if j == nil {
			continue
		}
		var names, apart []string
		verdicts, ungraded := int64(0), int64(0)
		for _, x := range j.Judges {
			names = append(names, x.Judge)
			verdicts += x.Verdicts
			ungraded += x.Ungraded
			if x.Variance != nil {
				apart = append(apart, fmt.Sprintf("%s between its repeats varies by %s, and they differ on %s", x.Judge, measured(x.Variance), measured(x.Unlike)))
			}
		}
		parts := []string{fmt.Sprintf("%s by %s, %.19s: %s of %s verdicts on %s ungraded", s.Scorer, strings.Join(names, " + "), j.Identity, result.Count(ungraded), result.Count(verdicts), plural(j.Answers, "answer", "answers"))}
		parts = append(parts, apart...)
		if j.Alpha != nil {
			parts = append(parts, "Krippendorff's α between them "+measured(j.Alpha))
		}
		var accounts []record.Account
		for _, x := range r.Run.Judges {
			if x.Scorer == s.Scorer {
				accounts = append(accounts, x.Account)
			}
		}
		if c := cost(accounts...); c != "" {
			parts = append(parts, c)
		}
		out = append(out, strings.Join(parts, "; "))
	}
	return out
}

// readers says, one sentence a scorer, which embedding model or classifier read the
// answers, and what it cost.
func readers(r *record.Record) []string {
	var out []string
	for _, s := range r.Plan.Scorers {
		if !s.AsksAboutTexts() {
			continue
		}
		for _, x := range r.Run.Judges {
			if x.Scorer != s.As {
				continue
			}
			line := fmt.Sprintf("%s by %s, %.19s: %s", x.Scorer, x.Judge, x.Identity, plural(x.Cases, "text", "texts"))
			if n := x.Cases - x.Answered; n > 0 {
				line += fmt.Sprintf(", %s without a reply", result.Count(n))
			}
			if c := cost(x.Account); c != "" {
				line += "; " + c
			}
			out = append(out, line)
		}
	}
	return out
}

// cost is what was asked in all; "" where no tokens were counted.
func cost(of ...record.Account) string {
	calls, in, given, usd := int64(0), int64(0), int64(0), 0.0
	for _, x := range of {
		calls, in, given, usd = calls+x.Calls, in+x.TokensIn, given+x.TokensOut, usd+float64(x.USD)
	}
	if in+given == 0 {
		return ""
	}
	out := fmt.Sprintf("%s, %s tokens in, %s out", plural(calls, "call", "calls"), result.Count(in), result.Count(given))
	if usd > 0 {
		out += ", " + result.Number(usd).Short() + " USD"
	}
	return out
}

// measured is a measure with its interval, or why there is none.
func measured(m *result.Measure) string {
	if !m.Value.Known() {
		return "– (" + m.Note + ")"
	}
	out := m.Value.Short()
	if m.Lower.Known() && m.Upper.Known() {
		return out + fmt.Sprintf(" (%s to %s, n = %s)", m.Lower.Short(), m.Upper.Short(), result.Count(m.N))
	}
	return out + fmt.Sprintf(" (n = %s)", result.Count(m.N))
}
