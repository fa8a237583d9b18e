package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/fairtrial/fairtrial/internal/chart"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// maxForests bounds the forest plots: the tables of slices hold all metrics.
const maxForests = 2

// forestLine is one slice of a forest plot.
type forestLine struct {
	name, class, words  string
	value, lower, upper result.Number
	n                   int64
}

// forests are the slices of the metrics that gates judge (else of the first metric),
// worst credible first.
func forests(r *record.Record) []chartView {
	gated := map[string]bool{}
	for _, g := range r.Gates {
		gated[g.Metric] = true
	}
	var out []chartView
	for _, only := range []bool{true, false} {
		for _, m := range r.Metrics {
			if gated[m.Name] != only || len(out) >= maxForests || (!only && len(out) > 0) {
				continue
			}
			if v, ok := forest(r, m.Name); ok {
				out = append(out, v)
			}
		}
	}
	return out
}

// forest draws differences against the baseline, or values where there is none.
func forest(r *record.Record, metric string) (chartView, bool) {
	var lines []forestLine
	v := chartView{Columns: []string{"slice", "value", "n", "in words"}}
	line := result.Number(0)
	name, tally := "value of the candidate", map[string]int{}
	for _, c := range slicesByHarm(r, metric, good(r, metric)) {
		if c.Status != result.OK || !c.Lower.Known() {
			continue
		}
		l := forestLine{name: c.Slice, class: "even", words: inWords(c), value: c.Difference, lower: c.Lower, upper: c.Upper, n: c.N}
		switch c.Verdict {
		case result.Better:
			l.class = "pass"
		case result.Worse:
			l.class = "fail"
		}
		tally[l.words]++
		lines, name = append(lines, l), "difference against the baseline"
	}
	if len(lines) > 0 {
		v.Title = fmt.Sprintf("%s by slice: %d better, %d worse, %d not shown", metric, tally["better"], tally["worse"], len(lines)-tally["better"]-tally["worse"])
	} else {
		for _, e := range slicesByValue(r, metric, good(r, metric)) {
			if e.Value.Known() && e.Lower.Known() {
				lines = append(lines, forestLine{name: e.Slice, class: "candidate", value: e.Value, lower: e.Lower, upper: e.Upper, n: e.N})
			}
		}
		v.Title = metric + " by slice, worst credible first"
		line = result.None()
		if e, ok := findEstimate(r, metric, "candidate", result.Overall); ok {
			line = e.Value
		}
	}
	if len(lines) < 2 {
		return v, false
	}
	which := "Worst credible first"
	if len(lines) > openRows {
		which = fmt.Sprintf("The first %d of %d slices with an interval, worst credible first", openRows, len(lines))
		v.Note = "All stand in estimates.csv."
		lines = lines[:openRows]
	}
	v.Caption = fmt.Sprintf("%s, with %s intervals; the dashed line is %s.", which, result.Percent(r.Plan.Confidence), map[bool]string{true: "no difference", false: "the value over all rows"}[line == 0])
	s := newScale()
	s.include(line)
	for _, l := range lines {
		s.include(l.lower, l.upper)
		v.Rows = append(v.Rows, []string{l.name, interval(l.value, l.lower, l.upper), result.Count(l.n), l.words})
	}
	padded := s.padded()
	var points []chart.Point
	for _, l := range lines {
		points = append(points, chart.Point{Series: l.name, X: l.value, Lower: l.lower, Upper: l.upper, Colour: "--none",
			Said: fmt.Sprintf("%s: %s, n = %s %s", l.name, interval(l.value, l.lower, l.upper), result.Count(l.n), l.words)})
		if l.class != "even" {
			points[len(points)-1].Colour = "--" + l.class
		}
	}
	v.Spec = chart.Intervals(chart.Frame{Title: v.Title, X: name, XLow: padded.lo, XHigh: padded.hi, Vertical: line}, points)
	v.SVG = drawForest(lines, s.padded(), line, v.Title, name)
	return v, true
}

func drawForest(lines []forestLine, s scale, at result.Number, title, name string) template.HTML {
	const left, row = 196.0, 19.0
	low := plotTop + row*float64(len(lines))
	x := axis{s.lo, s.hi, left, plotRight}
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p(`<svg class="chart" viewBox="0 0 %g %g" role="img" aria-label="%s">`, chartWidth, low+46, template.HTMLEscapeString(title+"; the values are in the table below"))
	for _, t := range x.ticks() {
		p(`<path class="grid" d="M%.1f %.1fV%.1f"/><text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, x.at(t), plotTop, low, x.at(t), low+16, tick(t))
	}
	if at.Known() {
		p(`<path class="diagonal" d="M%.1f %.1fV%.1f"/>`, x.at(float64(at)), plotTop, low)
	}
	for i, l := range lines {
		y := plotTop + row*(float64(i)+0.5)
		said := fmt.Sprintf("%s: %s, n = %s", l.name, interval(l.value, l.lower, l.upper), result.Count(l.n))
		p(`<g><title>%s</title><text x="%.1f" y="%.1f" text-anchor="end">%s</text>`, template.HTMLEscapeString(said), left-8, y+4, template.HTMLEscapeString(cut(l.name, 26)))
		p(`<path class="range %s" d="M%.1f %.1fH%.1f"/>`, l.class, x.at(float64(l.lower)), y, math.Max(x.at(float64(l.upper)), x.at(float64(l.lower))+1))
		p(`<circle class="dot %s" cx="%.1f" cy="%.1f" r="3.5"/></g>`, l.class, x.at(float64(l.value)), y)
	}
	p(`<text x="%.1f" y="%.1f" text-anchor="middle">%s</text></svg>`, (left+plotRight)/2, low+36, template.HTMLEscapeString(name))
	return template.HTML(b.String()) //nolint:gosec // made of numbers and escaped text
}

// cut shortens a name in its middle to n letters; the whole one stands in the title and
// the table.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n/2]) + "…" + string(r[len(r)-(n-1-n/2):])
	}
	return s
}
