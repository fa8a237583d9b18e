package report

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// pareto sets three or more models against each other by the first two metrics that have
// a good direction. A model is dominated when another is at least as good in both and
// better in one; intervals say how sure that is.
func pareto(r *record.Record) []chartView {
	var metrics []record.Metric
	for _, m := range r.Metrics {
		if (m.Direction == "up" || m.Direction == "down") && len(metrics) < 2 {
			metrics = append(metrics, m)
		}
	}
	if len(metrics) < 2 || len(r.Plan.Models) < 3 {
		return nil
	}
	type dot struct {
		model     string
		x, y      result.Estimate
		dominated string
	}
	var dots []dot
	for _, m := range r.Plan.Models {
		x, okX := findEstimate(r, metrics[0].Name, m.Key, result.Overall)
		y, okY := findEstimate(r, metrics[1].Name, m.Key, result.Overall)
		if okX && okY && x.Value.Known() && y.Value.Known() {
			dots = append(dots, dot{model: m.Key, x: x, y: y})
		}
	}
	if len(dots) < 3 {
		return nil
	}
	better := func(m record.Metric, a, b result.Number) float64 {
		if m.Direction == "down" {
			return float64(b - a)
		}
		return float64(a - b)
	}
	xs, ys, front := newScale(), newScale(), []string{}
	for i := range dots {
		d := &dots[i]
		xs.include(d.x.Value, d.x.Lower, d.x.Upper)
		ys.include(d.y.Value, d.y.Lower, d.y.Upper)
		for _, o := range dots {
			a, b := better(metrics[0], o.x.Value, d.x.Value), better(metrics[1], o.y.Value, d.y.Value)
			if a >= 0 && b >= 0 && a+b > 0 && d.dominated == "" {
				d.dominated = o.model
			}
		}
		if d.dominated == "" {
			front = append(front, d.model)
		}
	}
	v := chartView{Title: fmt.Sprintf("No model beats %s in both %s and %s", strings.Join(front, ", "), metrics[0].Name, metrics[1].Name),
		Caption: fmt.Sprintf("Values over all rows with their own %s intervals, which do not use that the rows are the same.", result.Percent(r.Plan.Confidence)),
		Columns: []string{"model", metrics[0].Name, metrics[1].Name, "beaten in both by"}}
	xs, ys = xs.padded(), ys.padded()
	x, y := axis{xs.lo, xs.hi, plotLeft, plotRight}, axis{ys.lo, ys.hi, plotLow, plotTop}
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	frame(p, x, y, v.Title, side(metrics[0]), side(metrics[1]))
	for i, d := range dots {
		cx, cy, class := x.at(float64(d.x.Value)), y.at(float64(d.y.Value)), fmt.Sprint("s", i%maxSeries)
		if d.x.Lower.Known() {
			p(`<path class="range %s" d="M%.1f %.1fH%.1f"/>`, class, x.at(float64(d.x.Lower)), cy, x.at(float64(d.x.Upper)))
		}
		if d.y.Lower.Known() {
			p(`<path class="range %s" d="M%.1f %.1fV%.1f"/>`, class, cx, y.at(float64(d.y.Lower)), y.at(float64(d.y.Upper)))
		}
		anchor, dx := "start", 8.0
		if cx > (plotLeft+plotRight)/2 {
			anchor, dx = "end", -8
		}
		p(`<circle class="dot %s" cx="%.1f" cy="%.1f" r="4"/><text class="name %s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, cx, cy, class, cx+dx, cy-7, anchor, template.HTMLEscapeString(d.model))
		v.Rows = append(v.Rows, []string{d.model, interval(d.x.Value, d.x.Lower, d.x.Upper), interval(d.y.Value, d.y.Lower, d.y.Upper), d.dominated})
	}
	p(`</svg>`)
	v.SVG = template.HTML(b.String()) //nolint:gosec // made of numbers and escaped text
	return []chartView{v}
}

// side names an axis and its good direction.
func side(m record.Metric) string {
	if m.Direction == "down" {
		return m.Name + " (less is better)"
	}
	return m.Name + " (more is better)"
}
