package report

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/fairtrial/fairtrial/internal/chart"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// scoreCharts show, a picture a model, how the scores of either class lie.
func scoreCharts(r *record.Record) []chartView {
	var out []chartView
	all := 0
	for _, c := range r.Curves {
		if c.Kind == "scores" && c.Slice == result.Overall && len(c.Points) > 1 {
			if all++; len(out) < maxSeries {
				out = append(out, drawScores(r, c))
			}
		}
	}
	if n := len(out); n > 0 {
		out[n-1].Caption += leftOut(n, all)
	}
	return out
}

// density is a bin's share by its width; unknown for the open bin.
func density(p []result.Number, column int) result.Number {
	if w := p[1] - p[0]; p[1].Known() && w > 0 {
		return p[column] / w
	}
	return result.None()
}

func drawScores(r *record.Record, c record.Curve) chartView {
	v := chartView{Title: "How " + c.Model + " scores positives and negatives", Columns: []string{"score from", "to below", "positives in it", "negatives in it"},
		Caption: fmt.Sprintf("Share of the class per unit of score; the shade is each bin's own %s interval.", result.Percent(r.Plan.Confidence))}
	xs, ys := newScale(), scale{0, 0}
	for _, p := range c.Points {
		xs.include(p[0], p[1])
		ys.include(density(p, 4), density(p, 7))
		v.Rows = append(v.Rows, []string{p[0].Short(), p[1].Short(), interval(p[2], p[3], p[4]), interval(p[5], p[6], p[7])})
	}
	if last := c.Points[len(c.Points)-1]; !last[1].Known() {
		v.Caption += " The open bin at the top stands only in the table."
	}
	if !(xs.hi > xs.lo) || !(ys.hi > 0) {
		return v
	}
	x, y := axis{xs.lo, xs.hi, plotLeft, plotRight}, axis{0, ys.hi * 1.05, plotLow, plotTop}
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	frame(p, x, y, v.Title, "score", "density")
	frameOf := chart.Frame{Title: v.Title, X: "score", Y: "density", XLow: x.lo, XHigh: x.hi, YLow: y.lo, YHigh: y.hi, Vertical: result.None()}
	var points []chart.Point
	for class, column := range []int{5, 2} {
		name := []string{"negatives", "positives"}[class]
		for i, q := range c.Points {
			pt := chart.Point{Series: name, X: q[0], Y: density(q, column), Lower: density(q, column+1), Upper: density(q, column+2),
				Said: fmt.Sprintf("%s to %s: %s of the %s", q[0].Short(), q[1].Short(), interval(q[column], q[column+1], q[column+2]), name)}
			points = append(points, pt)
			if i == len(c.Points)-1 && q[1].Known() { // the last step needs its end
				pt.X = q[1]
				points = append(points, pt)
			}
		}
		var line, upper, lower []string
		for _, q := range c.Points {
			d := density(q, column)
			if !d.Known() {
				continue
			}
			from, to := x.at(float64(q[0])), x.at(float64(q[1]))
			step := func(d result.Number) string {
				return fmt.Sprintf("%.1f %.1fL%.1f %.1f", from, y.at(float64(d)), to, y.at(float64(d)))
			}
			line, upper = append(line, step(d)), append(upper, step(density(q, column+2)))
			lo := y.at(float64(density(q, column+1)))
			lower = append([]string{fmt.Sprintf("%.1f %.1fL%.1f %.1f", to, lo, from, lo)}, lower...)
		}
		p(`<path class="band class%d" d="M%sL%sZ"/>`, class, strings.Join(upper, "L"), strings.Join(lower, "L"))
		p(`<path class="line class%d" d="M%s"/>`, class, strings.Join(line, "L"))
	}
	for _, m := range r.Plan.Models {
		if m.Key == c.Model && m.Threshold != nil && *m.Threshold >= x.lo && *m.Threshold <= x.hi {
			at := x.at(*m.Threshold)
			frameOf.Vertical, frameOf.VerticalSaid = result.Number(*m.Threshold), "threshold "+tick(*m.Threshold)
			p(`<path class="diagonal" d="M%.1f %.1fV%.1f"/><text x="%.1f" y="%.1f">threshold %s</text>`, at, plotTop, plotLow, at+5, plotTop+50, tick(*m.Threshold))
		}
	}
	for class, name := range []string{"negatives", "positives"} {
		p(`<text class="name class%d" x="%.1f" y="%.1f" text-anchor="end">%s</text>`, class, plotRight-8, plotTop+16+17*float64(class), name)
	}
	p(`</svg>`)
	v.Spec = chart.Lines(frameOf, points, []string{"positives", "negatives"}, []string{"--inconclusive", "--soft"}, true)
	v.SVG = template.HTML(b.String()) //nolint:gosec // made of numbers and escaped text
	return v
}
