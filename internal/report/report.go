// Package report renders a record: a file per format. It refuses to compute: every
// number that it shows stands in the record.
package report

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// JSON writes the record itself.
func JSON(w io.Writer, r *record.Record) error { return r.Write(w) }

// shape is a verdict's sign, so that colour only repeats it.
func shape(v result.Verdict) string {
	switch v {
	case result.Pass:
		return "●"
	case result.Fail:
		return "■"
	case result.Inconclusive:
		return "◆"
	case result.VerdictNotApplicable:
		return "○"
	}
	return "▲"
}

// word is a verdict as a reader says it.
func word(v result.Verdict) string {
	switch v {
	case result.VerdictNotApplicable:
		return "not applicable"
	case "":
		return "error"
	}
	return string(v)
}

// interval is "0.812 (0.801 to 0.823)".
func interval(value, lower, upper result.Number) string {
	if !value.Known() {
		return "undefined"
	}
	if !lower.Known() {
		return value.Short() + " (no interval)"
	}
	return fmt.Sprintf("%s (%s to %s)", value.Short(), lower.Short(), upper.Short())
}

// difference is a signed difference with its interval.
func difference(c result.Comparison) string {
	if !c.Difference.Known() {
		return "undefined"
	}
	if !c.Lower.Known() {
		return c.Difference.Signed() + " (no interval)"
	}
	return fmt.Sprintf("%s (%s to %s)", c.Difference.Signed(), c.Lower.Signed(), c.Upper.Signed())
}

// found is what a gate found, in figures.
func found(e result.Evidence) string {
	if !e.Value.Known() {
		return "–"
	}
	return interval(e.Value, e.Lower, e.Upper)
}

// decisive is what a gate's verdict rests on: what was found overall or, where one slice
// failed or could not say and all rows together did not, that slice's; where is empty for
// what was found overall.
func decisive(g result.Gate) (e result.Evidence, where string) {
	for _, c := range g.Cells {
		if c.Slice == result.Overall && c.Verdict == g.Verdict {
			return g.Evidence, ""
		}
	}
	e = g.Evidence
	if settled(g.Verdict) {
		return e, ""
	}
	least := math.Inf(1)
	for _, c := range g.Cells {
		p := float64(c.P)
		if !c.P.Known() {
			p = math.MaxFloat64
		}
		if c.Verdict == g.Verdict && p < least {
			least, where = p, c.Slice
			e.Value, e.Lower, e.Upper, e.N, e.NeededN, e.NeededLabels = c.Value, c.Lower, c.Upper, c.N, c.NeededN, c.NeededLabels
		}
	}
	return e, where
}

func rowsOf(g result.Gate) int64 {
	e, _ := decisive(g)
	return e.N
}

// foundIn is decisive in words.
func foundIn(g result.Gate) string {
	e, where := decisive(g)
	if where == "" {
		return found(e)
	}
	return found(e) + " in " + where
}

// bounds says what the rows that were dropped could have made of an estimate; empty
// when none were, or when nothing bounds it.
func bounds(e result.Estimate) string {
	if !e.Worst.Known() || !e.Best.Known() {
		return ""
	}
	return fmt.Sprintf("%s to %s, whatever the missing rows held", min(e.Worst, e.Best).Short(), max(e.Worst, e.Best).Short())
}

// findEstimate looks an estimate up.
func findEstimate(r *record.Record, metric, model, slice string) (result.Estimate, bool) {
	for i := range r.Estimates {
		if e := &r.Estimates[i]; e.Slice == slice && e.Metric == metric && e.Model == model {
			return *e, true
		}
	}
	return result.Estimate{}, false
}

// slicesByHarm are the slice comparisons of the candidate for one metric, worst
// credible difference first: the interval's end on the bad side.
func slicesByHarm(r *record.Record, metric string, good float64) []result.Comparison {
	var out []result.Comparison
	for _, c := range r.Comparisons {
		if c.Metric == metric && c.Slice != result.Overall && c.Candidate == "candidate" {
			out = append(out, c)
		}
	}
	harm := func(c result.Comparison) float64 {
		if !c.Lower.Known() {
			return math.Inf(1)
		}
		if good < 0 {
			return -float64(c.Upper)
		}
		return float64(c.Lower)
	}
	sort.SliceStable(out, func(i, j int) bool { return harm(out[i]) < harm(out[j]) })
	return out
}

// good is +1 when more of a metric is better, −1 when less is (also for a distance
// from a target), 0 without direction.
func good(r *record.Record, name string) float64 {
	switch describe(r, name).Direction {
	case "up":
		return 1
	case "down", "target":
		return -1
	}
	return 0
}

// describe is what the record says a metric means.
func describe(r *record.Record, name string) record.Metric {
	for _, m := range r.Metrics {
		if m.Name == name {
			return m
		}
	}
	return record.Metric{Name: name, Metric: name}
}

// slicesByValue are a metric's slice estimates of the candidate, worst credible value
// first.
func slicesByValue(r *record.Record, metric string, good float64) []result.Estimate {
	var out []result.Estimate
	for _, e := range r.Estimates {
		if e.Metric == metric && e.Slice != result.Overall && e.Model == "candidate" && e.Status != result.NotApplicable {
			out = append(out, e)
		}
	}
	target := describe(r, metric).Target
	harm := func(e result.Estimate) float64 {
		switch {
		case !e.Value.Known():
			return math.Inf(1)
		case target.Known(): // the farthest credible distance from it
			far := math.Abs(float64(e.Value - target))
			for _, end := range []result.Number{e.Lower, e.Upper} {
				if end.Known() {
					far = max(far, math.Abs(float64(end-target)))
				}
			}
			return -far
		case good < 0 && e.Upper.Known():
			return -float64(e.Upper)
		case good < 0:
			return -float64(e.Value)
		case e.Lower.Known():
			return float64(e.Lower)
		}
		return float64(e.Value)
	}
	sort.SliceStable(out, func(i, j int) bool { return harm(out[i]) < harm(out[j]) })
	return out
}

// glossary explains the terms that the report uses, once.
func glossary() [][2]string {
	return [][2]string{
		{"interval", "The range of true values that the data are compatible with, at the stated confidence. A narrow one means that much is known."},
		{"margin", "The largest loss that the plan accepts. A gate passes when a larger loss is ruled out."},
		{"no worse than", "Non-inferiority: the whole interval of the difference lies on the right side of the margin."},
		{"inconclusive", "The interval straddles what is required: the data can neither show nor rule out a violation. It is never a pass."},
		{"paired", "Both models were judged on the same rows, so that what is hard or easy for both cancels out."},
		{"slice", "A part of the rows, such as one region or one group."},
		{"proven", "A slice whose whole interval satisfies the rule. Not proven is not the same as harmed."},
		{"could have caught", "The smallest violation that a slice with these few rows would have shown with 80 % probability."},
		{"correction", "With many slices some look bad by chance. Holm's correction keeps the chance of one false alarm among them at the stated level; Benjamini–Hochberg, for reading only, keeps the share of false alarms at 10 %."},
		{"design effect", "How much less rows of one cluster (customer, document) say than independent rows."},
		{"look", "One time that this candidate was judged on new data. Many looks, or many candidates on the same data, make a lucky pass likelier."},
		{"seed", "What random draws start from; with it a run can be repeated to the last digit."},
	}
}

// looks says how often this was tried; nothing of an exploration, which is no look.
func looks(r *record.Record) string {
	if exploration(r) != "" {
		return ""
	}
	return fmt.Sprintf(" · look %d, %d candidate(s) on these data", r.Run.Look.Number, r.Run.Look.CandidatesOnThisBenchmark)
}

// ErrExploration refuses a record that decides nothing, for readers that could not tell.
var ErrExploration = errors.New("an exploration decides nothing: this format is for what was decided")

func decided(r *record.Record) error {
	if exploration(r) != "" {
		return ErrExploration
	}
	return nil
}

// exploration says that a record decides nothing; empty for one that does.
func exploration(r *record.Record) string {
	if len(r.Run.WhatIf) == 0 {
		return ""
	}
	return "Exploration: with " + strings.Join(r.Run.WhatIf, ", ") + ". Nothing is decided, stored or counted as a look."
}

// ungraded says, one sentence a scorer and reason, which rows have no score. Models that
// share a reason are told together.
func ungraded(r *record.Record) []string {
	var out []string
	for _, s := range r.Data.Scorers {
		for i, u := range s.Ungraded {
			same := func(x engine.Ungraded) bool { return x.Reason == u.Reason && x.Rows == u.Rows }
			if slices.ContainsFunc(s.Ungraded[:i], same) {
				continue
			}
			models := []string{u.Model}
			for _, x := range s.Ungraded[i+1:] {
				if same(x) {
					models = append(models, x.Model)
				}
			}
			line := fmt.Sprintf("%s by %s (%s): %s", plural(u.Rows, "row", "rows"), s.Scorer, strings.Join(models, ", "), u.Reason)
			if len(u.Examples) > 0 {
				line += ", for example " + u.Examples[0]
			}
			out = append(out, line)
		}
	}
	return out
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return result.Count(n) + " " + many
}
