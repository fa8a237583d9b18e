package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// varied says what the width of intervals comes from.
type varied struct {
	Rows   []variedRow
	Judged bool // some were judged
}

// variedRow is a scorer's: where its error comes from, and by how much twice as many
// answers, or verdicts on them, would narrow the interval. Twice the cases would by 29 %.
type variedRow struct {
	Scorer, Of               string
	Cases, Sampling, Judging string // shares with intervals
	TwiceAnswers, Again      string
	N, Note                  string
}

// widthsOf is nil where no's case was answered or judged several times.
func widthsOf(r *record.Record) *varied {
	v := &varied{Rows: variances(r)}
	for _, row := range v.Rows {
		v.Judged = v.Judged || row.Judging != ""
	}
	if len(v.Rows) == 0 {
		return nil
	}
	return v
}

// variances are the rows of a record, a scorer's difference before its means.
func variances(r *record.Record) []variedRow {
	var out []variedRow
	for _, s := range r.Data.Scorers {
		for _, v := range s.Variances {
			row := variedOf(s.Scorer, v)
			if v.Than == "" {
				out = append(out, row)
				continue
			}
			i := len(out)
			for i > 0 && out[i-1].Scorer == s.Scorer && !strings.Contains(out[i-1].Of, "−") {
				i--
			}
			out = slices.Insert(out, i, row)
		}
	}
	return out
}

func variedOf(scorer string, v engine.Varied) variedRow {
	row := variedRow{Scorer: scorer, Of: v.Model, N: result.Count(v.N), Note: v.Note}
	if v.Than != "" {
		row.Of = v.Model + " − " + v.Than
	}
	if v.Units < v.N {
		row.N += ", " + plural(v.Units, "cluster", "clusters")
	}
	p, ok := v.Parts()
	if !ok {
		return row
	}
	row.Cases = shareWords(v.Questions)
	if v.Sampling.Value.Known() {
		row.Sampling, row.TwiceAnswers = shareWords(v.Sampling), narrower(p.Width(1, 2, 1))
	}
	if v.Judging != nil && v.Judging.Value.Known() {
		row.Judging, row.Again = shareWords(v.Judging), narrower(p.Width(1, 1, 2))
	}
	return row
}

// shareWords is a share with its interval.
func shareWords(m *result.Measure) string {
	s := percent(m.Value)
	if m.Lower.Known() && m.Upper.Known() {
		s += fmt.Sprintf(" (%s to %s)", strings.TrimSuffix(percent(m.Lower), " %"), percent(m.Upper))
	}
	return s
}

func percent(x result.Number) string { return fmt.Sprintf("%.0f %%", 100*float64(x)) }

// narrower is by how much an interval shrinks to the factor width.
func narrower(width float64) string {
	return fmt.Sprintf("%.0f %%", 100*math.Max(0, 1-width))
}

// widthWords is the row of the first gate that has one (its difference, where it compares),
// else the first row, as a sentence; empty where there is none.
func widthWords(r *record.Record) string {
	rows := variances(r)
	if len(rows) == 0 {
		return ""
	}
	row := rows[0]
	for _, g := range slices.Backward(r.Gates) {
		if i := slices.IndexFunc(rows, func(x variedRow) bool { return x.Scorer == g.Metric }); i >= 0 {
			row = rows[i]
		}
	}
	if row.Cases == "" {
		return ""
	}
	from, twice := []string{}, []string{"twice the cases by 29 %"}
	if row.Sampling != "" {
		from, twice = append(from, row.Sampling+" from sampling answers"), append(twice, "twice the answers to each by "+row.TwiceAnswers)
	}
	if row.Judging != "" {
		from, twice = append(from, row.Judging+" from judging them"), append(twice, "twice the verdicts on each by "+row.Again)
	}
	if len(from) == 0 {
		return ""
	}
	return fmt.Sprintf("%s, %s: %s, the rest from which cases were asked; %s would narrow the interval", row.Scorer, row.Of, strings.Join(from, ", "), strings.Join(twice, ", "))
}
