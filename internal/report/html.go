package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/web"
)

//go:embed report.html.tmpl
var pageTemplate string //nolint:gochecknoglobals // an embedded file

//go:embed cases.html.tmpl
var casesTemplate string //nolint:gochecknoglobals // an embedded file

//go:embed report.css
var pageStyle string //nolint:gochecknoglobals // an embedded file

// Slices of a metric on the page: openRows at sight, foldedRows in all; the rest stand
// in estimates.csv.
const (
	openRows   = 20
	foldedRows = 50
)

// whole keeps a number such as 30 000 on one line.
func whole(s string) string {
	s = thousands.ReplaceAllString(s, "$1\u00a0$2")
	return thousands.ReplaceAllString(s, "$1\u00a0$2") // every second one of 1 234 567
}

var thousands = regexp.MustCompile(`(\d) (\d{3})\b`) //nolint:gochecknoglobals // a constant pattern

// page is what the template shows.
type page struct {
	*record.Record
	places      map[[3]string]int // of estimates in the record, by metric, model and slice
	Style       template.CSS
	Scripts     []script
	Drawn       bool   // the charts' script was built
	Class       string // of the verdict
	Shape       string
	Level       string
	Charts      []chartView
	Exploration string // empty for a run that decides
	Judged      string // "credit-approval 2.0 against credit-approval 1.4"
	GateRows    []gateRow
	Overall     []metricRow
	Paired      bool
	Where       []whereBlock
	Matrices    []matrix
	Worst       []exemplars
	Shown       []caseGroup
	Filters     filters
	Grid        *grid
	OneAnswer   bool     // to each case of a generative plan
	Varied      *varied  // what the width of intervals comes from
	Notes       []string // footnotes
	Staged      string   // how the cases were asked, of a plan that stops when decided
	Looks       []lookRow
	Unadjusted  []string
	Ungraded    []string // what scorers gave no score
	Judges      []string // who judged, and how far they agree
	Readers     []string // which embedding models and classifiers read answers
	Terms       [][2]string
	Slices      int
}

type gateRow struct {
	result.Gate
	Class    string
	Bar      template.HTML
	Found    string
	Where    string // the slice that Found is of; empty: overall
	N        string
	Needed   string
	CellRows []cellRow
	More     int
}

type cellRow struct {
	result.Cell
	Class string
	Bar   template.HTML
	Found string
	N     string
}

type metricRow struct {
	Name, Title string
	Candidate   string
	Baseline    string
	Difference  string
	Good        string // "better", "worse" … in words
	Bar         template.HTML
	N           string
	Smallest    string
	Marks       []int // footnote numbers
	Grey        bool
	Slice       string
	Bounds      string // what missing rows could make of the value
	Needed      string // rows that would decide the margin
	// What human labels correct, without the correction.
	RawCandidate, RawBaseline, RawDifference string
}

type whereBlock struct {
	Metric string
	Title  string
	Open   bool
	Rows   []metricRow
	Folded []metricRow
	Shown  int
	Total  int
	Paired bool
}

type matrix struct {
	record.Table
	Name string
	Max  int64
}

// Shade is how dark the cell of n rows is, in percent: its share of its label's rows.
func (m matrix) Shade(row int, n int64) int {
	return int(math.Round(30 * m.share(row, n)))
}

// Share is the share of a label's rows in words.
func (m matrix) Share(row int, n int64) string {
	return fmt.Sprintf("%.3g %%", 100*m.share(row, n))
}

func (m matrix) share(row int, n int64) float64 {
	var all int64
	for _, k := range m.Rows[row] {
		all += k
	}
	if all == 0 {
		return 0
	}
	return float64(n) / float64(all)
}

type exemplars struct {
	Model string
	Rows  []engine.Exemplar
}

// judgedModels is "candidate (loans 2.0) against baseline (loans 1.4)".
func judgedModels(r *record.Record) string {
	var names []string
	for _, m := range r.Plan.Models {
		names = append(names, strings.TrimSpace(strings.Join([]string{m.Key, bracket(m.Name, m.Version)}, " ")))
	}
	return strings.Join(names, " against ")
}

func newPage(r *record.Record) *page {
	p := &page{Record: r, Style: template.CSS(pageStyle), Class: strings.ReplaceAll(string(r.Verdict.Decision), "_", "-"), Shape: decisionShape(r.Verdict.Decision), //nolint:gosec // our own file
		Level: result.Percent(r.Plan.Confidence), Slices: max(0, len(r.Slices)-1)}
	p.Exploration, p.Charts = exploration(r), charts(r)
	if text := web.Script(); text != "" && len(p.Charts) > 0 {
		p.Scripts, p.Drawn = append(p.Scripts, scriptOf(text)), true
	}
	if len(r.Cases) > 0 {
		p.Scripts, p.Filters = append(p.Scripts, scriptOf(filterScript)), filtersOf(r)
	}
	p.Grid, p.Varied = gridOf(r), widthsOf(r)
	p.OneAnswer = r.Plan.Task.Generative() && p.Varied == nil
	p.Judged = judgedModels(r)
	notes := &footnotes{at: map[string]int{}}
	for _, g := range r.Gates {
		p.GateRows = append(p.GateRows, p.gate(g))
	}
	p.overall(notes)
	p.where(notes)
	for _, t := range r.Tables {
		m := matrix{Table: t, Name: t.Model}
		for _, row := range t.Rows {
			for _, n := range row {
				m.Max = max(m.Max, n)
			}
		}
		p.Matrices = append(p.Matrices, m)
	}
	for _, m := range r.Plan.Models {
		e := exemplars{Model: m.Key}
		for _, x := range r.Exemplars {
			if x.Model == m.Key && len(e.Rows) < 10 {
				e.Rows = append(e.Rows, x)
			}
		}
		if len(e.Rows) > 0 {
			p.Worst = append(p.Worst, e)
		}
	}
	p.Notes = notes.list
	p.Ungraded, p.Judges, p.Readers = ungraded(r), judges(r), readers(r)
	p.Staged, p.Looks, p.Unadjusted = staged(r), lookRows(r), unadjusted(r)
	p.Terms = glossary()
	return p
}

func bracket(name, version string) string {
	s := strings.TrimSpace(name + " " + version)
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

// footnotes numbers notes as they come.
type footnotes struct {
	list []string
	at   map[string]int
}

func (f *footnotes) mark(notes []string) []int {
	var out []int
	for _, n := range notes {
		k, ok := f.at[n]
		if !ok {
			if len(f.list) >= 60 { // every note stands in estimates.csv
				continue
			}
			f.list = append(f.list, n)
			k = len(f.list)
			f.at[n] = k
		}
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

func (p *page) gate(g result.Gate) gateRow {
	e, where := decisive(g)
	row := gateRow{Gate: g, Class: verdictClass(g.Verdict), Found: found(e), Where: where, N: result.Count(e.N)}
	if !e.Value.Known() {
		row.N = "–"
	}
	s := newScale()
	s.include(e.Value, e.Lower, e.Upper, e.Bound, e.Bound2)
	bounds := []result.Number{e.Bound, e.Bound2}
	if e.Value.Known() {
		row.Bar = bar(s.padded(), e.Value, e.Lower, e.Upper, bounds, row.Class)
	}
	if e.NeededN != nil && g.Verdict == result.Inconclusive {
		row.Needed = result.Count(*e.NeededN)
	}
	if e.NeededLabels != nil && g.Verdict == result.Inconclusive {
		row.Needed = strings.TrimPrefix(row.Needed+", "+result.Count(*e.NeededLabels)+" labelled", ", ")
	}
	cells := worstCells(g)
	if len(cells) < 2 {
		return row
	}
	if len(cells) > foldedRows {
		row.More = len(cells) - foldedRows
		cells = cells[:foldedRows]
	}
	cs := newScale()
	for _, c := range cells {
		cs.include(c.Value, c.Lower, c.Upper)
	}
	cs.include(bounds...)
	for _, c := range cells {
		row.CellRows = append(row.CellRows, cellRow{Cell: c, Class: verdictClass(c.Verdict), Found: interval(c.Value, c.Lower, c.Upper), N: result.Count(c.N),
			Bar: bar(cs.padded(), c.Value, c.Lower, c.Upper, bounds, verdictClass(c.Verdict))})
	}
	return row
}

func verdictClass(v result.Verdict) string { return strings.ReplaceAll(word(v), " ", "-") }

// inWords is a comparison's verdict as a reader says it.
func inWords(c result.Comparison) string {
	switch c.Verdict {
	case result.CompareInconclusive:
		return "not shown"
	case result.CompareNotApplicable:
		return "not applicable"
	}
	return string(c.Verdict)
}

// overall fills the headline table: differences first where there is a baseline.
func (p *page) overall(notes *footnotes) {
	var cs []result.Comparison
	for _, c := range p.Comparisons {
		if c.Slice == result.Overall {
			cs = append(cs, c)
		}
	}
	scales := differenceScales(cs)
	for i, c := range cs {
		p.Paired = true
		p.Overall = append(p.Overall, p.compared(c, scales[i], notes))
	}
	for _, e := range p.Estimates {
		if e.Slice != result.Overall || e.Model == "baseline" || compared(cs, e) {
			continue
		}
		d := describe(p.Record, e.Metric)
		row := metricRow{Name: e.Metric, Title: d.Title, Candidate: interval(e.Value, e.Lower, e.Upper), N: result.Count(e.N), Marks: notes.mark(e.Notes), Slice: e.Slice, Bounds: bounds(e)}
		row.RawCandidate = e.Correction.Words(false)
		if e.Status != result.OK {
			row.Candidate = strings.ReplaceAll(string(e.Status), "_", " ")
		}
		s := newScale()
		s.include(d.Lower, d.Upper, e.Value, e.Lower, e.Upper)
		if e.Value.Known() {
			row.Bar = bar(s.padded(), e.Value, e.Lower, e.Upper, nil, "candidate")
		}
		p.Overall = append(p.Overall, row)
	}
}

func compared(cs []result.Comparison, e result.Estimate) bool {
	for _, c := range cs {
		if c.Metric == e.Metric && c.Candidate == e.Model {
			return true
		}
	}
	return false
}

// differenceScales is one scale for all rows unless their sizes differ too much for
// one picture (metrics in different units).
func differenceScales(cs []result.Comparison) []scale {
	reach := make([]float64, len(cs))
	most, least := 0.0, math.Inf(1)
	for i, c := range cs {
		s := scale{0, 0}
		s.include(c.Lower, c.Upper, c.Difference)
		reach[i] = math.Max(-s.lo, s.hi)
		if reach[i] > 0 {
			most, least = math.Max(most, reach[i]), math.Min(least, reach[i])
		}
	}
	out := make([]scale, len(cs))
	for i := range out {
		x := most
		if most > 20*least {
			x = reach[i]
		}
		out[i] = scale{-x, x}.padded()
	}
	return out
}

// estimate looks one of the record's estimates up; findEstimate would take a walk through
// all of them for each of a thousand rows.
func (p *page) estimate(metric, model, slice string) result.Estimate {
	if p.places == nil {
		p.places = make(map[[3]string]int, len(p.Estimates))
		for i := range p.Estimates {
			e := &p.Estimates[i]
			if key := [3]string{e.Metric, e.Model, e.Slice}; p.places[key] == 0 {
				p.places[key] = i + 1
			}
		}
	}
	if i := p.places[[3]string{metric, model, slice}]; i > 0 {
		return p.Estimates[i-1]
	}
	return result.Estimate{}
}

func (p *page) compared(c result.Comparison, s scale, notes *footnotes) metricRow {
	a, b := p.estimate(c.Metric, c.Candidate, c.Slice), p.estimate(c.Metric, c.Baseline, c.Slice)
	row := metricRow{Name: c.Metric, Title: describe(p.Record, c.Metric).Title, Candidate: interval(a.Value, a.Lower, a.Upper), Baseline: interval(b.Value, b.Lower, b.Upper),
		Difference: difference(c), Good: inWords(c), N: result.Count(c.N), Smallest: c.SmallestEffect.Short(), Marks: notes.mark(append(append([]string{}, a.Notes...), c.Notes...)), Slice: c.Slice}
	row.Bounds = bounds(a)
	row.RawCandidate, row.RawBaseline, row.RawDifference = a.Correction.Words(false), b.Correction.Words(false), c.Correction.Words(true)
	if c.Correction != nil && c.Correction.NeededLabels != nil {
		row.Needed = "about " + result.Count(*c.Correction.NeededLabels) + " labelled rows would decide"
		if c.Status != result.OK {
			row.Needed = result.Count(*c.Correction.NeededLabels) + " labels are needed"
		}
	} else if c.NeededN != nil && *c.NeededN > c.N {
		row.Needed = "about " + result.Count(*c.NeededN) + " rows would decide"
	}
	if c.Candidate != "candidate" {
		row.Name += " (" + c.Candidate + ")"
	}
	if c.Status != result.OK {
		row.Difference, row.Grey = strings.ReplaceAll(string(c.Status), "_", " "), true
	}
	class := "even"
	switch c.Verdict {
	case result.Better:
		class = "pass"
	case result.Worse:
		class = "fail"
	}
	if c.Difference.Known() {
		row.Bar = bar(s, c.Difference, c.Lower, c.Upper, []result.Number{0}, class)
	}
	return row
}

// where makes a block a metric: slices sorted by harm.
func (p *page) where(notes *footnotes) {
	if p.Slices == 0 {
		return
	}
	gated := map[string]bool{}
	for _, g := range p.Gates {
		gated[g.Metric] = true
	}
	for i, m := range p.Metrics {
		b := whereBlock{Metric: m.Name, Title: m.Title, Open: i == 0 || gated[m.Name]}
		cs := slicesByHarm(p.Record, m.Name, good(p.Record, m.Name))
		b.Total, b.Paired = len(cs), len(cs) > 0
		if b.Paired {
			cs = cs[:min(len(cs), foldedRows)]
			s := scale{0, 0}
			for _, c := range cs {
				s.include(c.Lower, c.Upper, c.Difference)
			}
			x := math.Max(-s.lo, s.hi)
			for _, c := range cs {
				row := p.compared(c, scale{-x, x}.padded(), notes)
				row.Grey = row.Grey || c.N < 30
				if c.Status == result.OK && c.N < 30 {
					row.Good = "too few rows to say"
				}
				b.add(row)
			}
		} else {
			p.whereValues(&b, m, notes)
		}
		if b.Total > 0 {
			p.Where = append(p.Where, b)
		}
	}
}

func (b *whereBlock) add(row metricRow) {
	b.Shown++
	if len(b.Rows) < openRows {
		b.Rows = append(b.Rows, row)
	} else {
		b.Folded = append(b.Folded, row)
	}
}

// whereValues is a block without a baseline: values, worst credible value first.
func (p *page) whereValues(b *whereBlock, m record.Metric, notes *footnotes) {
	es := slicesByValue(p.Record, m.Name, good(p.Record, m.Name))
	b.Total = len(es)
	es = es[:min(len(es), foldedRows)]
	s := newScale()
	for _, e := range es {
		s.include(e.Value, e.Lower, e.Upper)
	}
	var whole []result.Number
	if e, ok := findEstimate(p.Record, m.Name, "candidate", result.Overall); ok {
		whole = []result.Number{e.Value}
		s.include(e.Value)
	}
	for _, e := range es {
		row := metricRow{Name: e.Metric, Slice: e.Slice, Candidate: interval(e.Value, e.Lower, e.Upper), N: result.Count(e.N), Marks: notes.mark(e.Notes), RawCandidate: e.Correction.Words(false), Grey: e.N < 30 || e.Status != result.OK}
		if e.Value.Known() {
			row.Bar = bar(s.padded(), e.Value, e.Lower, e.Upper, whole, "candidate")
		}
		b.add(row)
	}
}
