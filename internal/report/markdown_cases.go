package report

import (
	"fmt"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// worstCases of a comment; the report shows more.
const worstCases = 5

// markdownCases says how many cases flipped, and shows the worst.
func markdownCases(p func(string, ...any), r *record.Record) {
	if len(r.Cases) == 0 {
		return
	}
	p("\n### Cases\n")
	for i, f := range r.Flips {
		if i == 2*worstCases {
			p("- … %d of %d scorers", i, len(r.Flips))
			break
		}
		p("- %s", md(flips(f)))
	}
	var worst []record.Case
	for _, kind := range []string{record.PassToFail, record.Worse} {
		for _, c := range r.Cases {
			if c.Kind == kind && len(worst) < worstCases {
				worst = append(worst, c)
			}
		}
	}
	if len(worst) == 0 {
		return
	}
	all := int64(0)
	for _, k := range r.CaseKinds {
		if k.Kind == record.PassToFail || k.Kind == record.Worse {
			all += k.Cases
		}
	}
	p("\n%d of %s cases on which the candidate is worse; more in report.html, each whole by `fairtrial show %s --case ID`\n", len(worst), result.Count(all), r.Run.ID)
	p("| case | why | candidate | baseline |\n|---|---|---|---|")
	for _, c := range worst {
		p("| %s | %s | %s | %s |", md(clip(visible(c.ID), 80)), md(clip(visible(c.Why), 160)), md(answerIn(c, "candidate")), md(answerIn(c, "baseline")))
	}
}

func answerIn(c record.Case, model string) string {
	for _, a := range c.Answers {
		if a.Model == model && a.NoOutput != "" {
			return "no output: " + clip(visible(a.NoOutput), 160)
		}
		if a.Model == model && a.Output == "" {
			return "(an empty answer)"
		}
		if a.Model == model {
			return clip(visible(a.Output), 160)
		}
	}
	return ""
}

// flips is "right: 17 of 120 cases from pass to fail, 22 from fail to pass".
func flips(f record.Flips) string {
	return fmt.Sprintf("%s: %s of %s cases from pass to fail, %s from fail to pass", f.Scorer, result.Count(f.PassToFail), result.Count(f.Graded), result.Count(f.FailToPass))
}
