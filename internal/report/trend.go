package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/fairtrial/fairtrial/internal/result"
)

//go:embed trend.html.tmpl
var trendTemplate string //nolint:gochecknoglobals // an embedded file

// Trend is one metric of one plan over its records, oldest first.
type Trend struct {
	Plan   string       `json:"plan"`
	Metric string       `json:"metric"`
	Title  string       `json:"title"`
	Slice  string       `json:"slice"`
	Model  string       `json:"model"`
	Level  float64      `json:"level"`
	Points []TrendPoint `json:"points"`
	// Changes say why the metric moved where the data did, oldest first.
	Changes []TrendChange `json:"changes,omitempty"`
}

// TrendPoint is one record's estimate. Missing says why there is none.
type TrendPoint struct {
	Run         string          `json:"run"`
	When        time.Time       `json:"when"`
	Candidate   string          `json:"candidate"`
	Decision    result.Decision `json:"decision"`
	Estimate    result.Estimate `json:"estimate"`
	Missing     string          `json:"missing,omitempty"`
	DataChanged bool            `json:"data_changed"` // against the record before
}

func (p TrendPoint) known() bool { return p.Missing == "" && p.Estimate.Value.Known() }

// Found is the value with its interval, or why there is none.
func (p TrendPoint) Found() string {
	if p.Missing != "" {
		return p.Missing
	}
	return interval(p.Estimate.Value, p.Estimate.Lower, p.Estimate.Upper)
}

// Rows is n, or a dash.
func (p TrendPoint) Rows() string {
	if !p.known() {
		return "–"
	}
	return result.Count(p.Estimate.N)
}

// Data says whether the data are those of the record before.
func (p TrendPoint) Data() string {
	if p.DataChanged {
		return "other data"
	}
	return ""
}

// Shape is the decision's sign.
func (p TrendPoint) Shape() string { return decisionShape(p.Decision) }

// Said is the decision in words.
func (p TrendPoint) Said() string { return decisionWord(p.Decision) }

// scale is the range of all values.
func (t Trend) scale() scale {
	s := newScale()
	for _, p := range t.Points {
		if p.known() {
			s.include(p.Estimate.Value, p.Estimate.Lower, p.Estimate.Upper)
		}
	}
	return s.padded()
}

// Headline is the newest value beside the oldest, without a claim that they differ: the
// records may be of the same rows, so that their intervals do not answer that.
func (t Trend) Headline() string {
	var known []TrendPoint
	for _, p := range t.Points {
		if p.known() {
			known = append(known, p)
		}
	}
	if len(known) < 2 {
		return fmt.Sprintf("%s of %s", t.Metric, t.Model)
	}
	return fmt.Sprintf("%s of %s: from %s to %s", t.Metric, t.Model, known[0].Found(), known[len(known)-1].Found())
}

// Hint is the command that says why the newest value is another than the one before;
// empty when the data are the same rows or there is one record.
func (t Trend) Hint() string {
	for i := len(t.Points) - 1; i > 0; i-- {
		if t.Points[i].DataChanged {
			return fmt.Sprintf("fairtrial compare %s %s", t.Points[i].Run, t.Points[i-1].Run)
		}
	}
	return ""
}

// TrendText writes a table with interval bars on one scale.
func TrendText(w io.Writer, t Trend, o TerminalOptions) error {
	s, width := t.scale(), 24
	var b strings.Builder
	fmt.Fprintf(&b, "%s · %s, slice %s, %s intervals\n%s\n\n", t.Plan, t.Title, t.Slice, result.Percent(t.Level), t.Headline())
	for _, p := range t.Points {
		bar := ""
		if p.known() {
			bar = textBar(s, width, p.Estimate.Value, p.Estimate.Lower, p.Estimate.Upper, false)
		}
		fmt.Fprintf(&b, "%s %s %s %s  %-12s  %s\n", p.When.UTC().Format("2006-01-02 15:04"), pad(bar, width), pad(p.Found(), 26), pad("n = "+p.Rows(), 12), p.Said(), p.Data())
	}
	changesText(&b, t)
	if h := t.Hint(); h != "" {
		fmt.Fprintf(&b, "\nall metrics and slices of the newest change: %s\n", h)
	}
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	text := strings.Join(lines, "\n")
	if !o.Unicode {
		text = strings.NewReplacer("─", "-", "│", "|", "┊", ":", "→", "->", "–", "-", "−", "-", "·", "-", "\u00a0", " ", "\u202f", " ").Replace(text)
	}
	_, err := io.WriteString(w, text)
	return err
}

// TrendHTML writes a page with a picture and a table a metric.
func TrendHTML(w io.Writer, list []Trend) error {
	t, err := template.New("trend").Parse(trendTemplate)
	if err != nil {
		return fmt.Errorf("render trend: %w", err)
	}
	page := struct {
		Style template.CSS
		Plan  string
		List  []Trend
	}{Style: template.CSS(pageStyle), List: list} //nolint:gosec // our own file
	if len(list) > 0 {
		page.Plan = list[0].Plan
	}
	return t.Execute(w, page)
}

// SVG is the picture: values with intervals in the order of the records, in equal steps.
func (t Trend) SVG() template.HTML {
	s := t.scale()
	x, y := axis{-0.5, float64(len(t.Points)) - 0.5, plotLeft, plotRight}, axis{s.lo, s.hi, plotLow, plotTop}
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p(`<svg class="chart" viewBox="0 0 %g %g" role="img" aria-label="%s">`, chartWidth, chartHeight, template.HTMLEscapeString(t.Headline()+"; the values are in the table below"))
	for _, v := range y.ticks() {
		p(`<path class="grid" d="M%.1f %.1fH%.1f"/><text x="%.1f" y="%.1f" text-anchor="end">%s</text>`, plotLeft, y.at(v), plotRight, plotLeft-8, y.at(v)+4, tick(v))
	}
	pen, line := "M", ""
	for i, q := range t.Points { // under the dots
		if !q.known() {
			pen = "M"
			continue
		}
		line += fmt.Sprintf("%s%.1f %.1f", pen, x.at(float64(i)), y.at(float64(q.Estimate.Value)))
		pen = "L"
	}
	p(`<path class="grid" d="%s"/>`, line)
	for i, q := range t.Points {
		at := x.at(float64(i))
		if i == 0 || i == len(t.Points)-1 { // the others stand in the table
			anchor, edge := "start", plotLeft
			if i > 0 {
				anchor, edge = "end", plotRight
			}
			p(`<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, edge, plotLow+18, anchor, q.When.UTC().Format("2006-01-02 15:04"))
		}
		if q.DataChanged {
			p(`<path class="diagonal" d="M%.1f %.1fV%.1f"/>`, x.at(float64(i)-0.5), plotTop, plotLow)
		}
		if !q.known() {
			continue
		}
		e := q.Estimate
		p(`<g><title>%s: %s, n = %s</title>`, q.When.UTC().Format("2006-01-02 15:04"), q.Found(), q.Rows())
		if e.Lower.Known() {
			p(`<path class="range candidate" d="M%.1f %.1fV%.1f"/>`, at, y.at(float64(e.Lower)), y.at(float64(e.Upper)))
		}
		p(`<circle class="dot s0" cx="%.1f" cy="%.1f" r="4"/></g>`, at, y.at(float64(e.Value)))
	}
	p(`<text x="%.1f" y="%.1f" text-anchor="middle">records, oldest first</text></svg>`, (plotLeft+plotRight)/2, chartHeight-10)
	return template.HTML(b.String()) //nolint:gosec // made of numbers and escaped text
}
