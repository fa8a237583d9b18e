package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/chart"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// chartView is one chart: inline SVG, which needs no script and prints, and a table of
// some of its points.
type chartView struct {
	Title   string
	Caption string
	SVG     template.HTML
	Columns []string
	Rows    [][]string
	Note    string
	Spec    any // the same picture as Vega-Lite, nil without
}

// series is one model's line.
type series struct {
	model  string
	points [][]result.Number
	mark   int // index of the point at the model's threshold, −1 without
}

// chartKind says how a kind of curve is drawn: columns of x, y and (with a band) its ends.
type chartKind struct {
	kind, title, caption, x, y string
	columns                    []string
	band, diagonal, unit, dots bool
	right                      bool   // the band is where the line lies if the model is right
	legend                     string // the corner that curves leave free: "se", "sw", "ne"
}

func chartKinds() []chartKind {
	return []chartKind{
		{kind: "roc", title: "True positives found at each rate of false alarms", caption: "ROC curve; the dashed line is chance, the dots are the plan's thresholds.", x: "false-positive rate", y: "true-positive rate",
			columns: []string{"false-positive rate", "true-positive rate", "threshold"}, band: true, diagonal: true, unit: true, legend: "se"},
		{kind: "precision_recall", title: "How many of those called are positive", caption: "Precision against recall; the dots are the plan's thresholds.", x: "recall", y: "precision",
			columns: []string{"recall", "precision", "threshold"}, band: true, unit: true, legend: "ne"},
		{kind: "reliability", title: "What came of each predicted probability", caption: "15 bins of equal mass; on the dashed line the probability is right.", x: "mean predicted probability", y: "share of positives",
			columns: []string{"predicted", "observed", "rows"}, band: true, diagonal: true, dots: true, legend: "se"},
		{kind: "isotonic", title: "What each predicted probability should have been", caption: "Isotonic regression of the labels on the scores (CORP); on the dashed line the probability is right.", x: "predicted probability", y: "share of positives",
			columns: []string{"predicted", "recalibrated", "if right"}, right: true, diagonal: true, unit: true, legend: "se"},
		{kind: "cost", title: "What decisions cost at each threshold", caption: "The dots are the plan's thresholds.", x: "threshold", y: "mean cost a row", columns: []string{"threshold", "mean cost"}, legend: "se"},
		{kind: "residuals", title: "How far predictions lie from the label", caption: "The signed error, prediction less label, that a share of the rows stays below: the plan's error_quantile metrics.", x: "share of rows below", y: "error",
			columns: []string{"share of rows below", "error"}, band: true, dots: true, legend: "se"},
	}
}

// maxSeries is how many models one chart can hold and stay readable.
const maxSeries = 4

func charts(r *record.Record) []chartView {
	var out []chartView
	for _, k := range chartKinds() {
		var lines []series
		more := 0
		for _, c := range append(residuals(r), r.Curves...) {
			if c.Kind == k.kind && c.Slice == result.Overall && len(c.Points) > 1 {
				if more++; len(lines) == maxSeries {
					continue
				}
				lines = append(lines, series{model: c.Model, points: c.Points, mark: thresholdPoint(r, k, c)})
			}
		}
		if len(lines) > 0 {
			v := draw(r, k, lines)
			v.Caption += leftOut(len(lines), more)
			out = append(out, v)
		}
	}
	out = append(out, scoreCharts(r)...)
	out = append(out, forests(r)...)
	return append(out, pareto(r)...)
}

// leftOut says that a report draws some models only.
func leftOut(drawn, all int) string {
	if all == drawn {
		return ""
	}
	return fmt.Sprintf(" Drawn are the first %d of %d models; record.json has all.", drawn, all)
}

// thresholdPoint is the last point whose threshold is not below the model's.
func thresholdPoint(r *record.Record, k chartKind, c record.Curve) int {
	column := 4
	switch k.kind {
	case "cost":
		column = 0
	case "reliability", "isotonic", "residuals":
		return -1
	}
	for _, m := range r.Plan.Models {
		if m.Key != c.Model || m.Threshold == nil {
			continue
		}
		at := -1
		for i, p := range c.Points {
			if p[column].Known() && float64(p[column]) >= *m.Threshold {
				at = i
			}
		}
		return at
	}
	return -1
}

// The plot's place in the picture.
const (
	chartWidth, chartHeight               = 460.0, 340.0
	plotLeft, plotRight, plotTop, plotLow = 58.0, 444.0, 14.0, 288.0
)

// axis maps values to places.
type axis struct{ lo, hi, from, to float64 }

func (a axis) at(x float64) float64 {
	return a.from + (math.Max(a.lo, math.Min(a.hi, x))-a.lo)/(a.hi-a.lo)*(a.to-a.from)
}

// ticks are about five round values.
func (a axis) ticks() []float64 {
	step := math.Pow(10, math.Floor(math.Log10((a.hi-a.lo)/4)))
	for _, f := range []float64{1, 2, 5, 10} {
		if (a.hi-a.lo)/(step*f) <= 6 {
			step *= f
			break
		}
	}
	var out []float64
	for x := math.Ceil(a.lo/step-1e-9) * step; x <= a.hi+step*1e-9; x += step {
		v := math.Round(x/step) * step
		if v == 0 {
			v = 0 // never −0
		}
		out = append(out, v)
	}
	return out
}

func axes(k chartKind, lines []series) (x, y axis) {
	xs, ys := newScale(), newScale()
	for _, l := range lines {
		for _, p := range l.points {
			xs.include(p[0])
			ys.include(p[1])
			if k.band && !k.unit {
				ys.include(p[2], p[3])
			}
		}
	}
	switch {
	case k.unit:
		xs, ys = scale{0, 1}, scale{0, 1}
	case k.diagonal: // both from 0 to the same end, so that the diagonal is one
		end := math.Min(1, math.Max(xs.hi, ys.hi)*1.04)
		xs, ys = scale{0, end}, scale{0, end}
	default:
		ys.lo = math.Min(ys.lo, 0)
		ys.hi += (ys.hi - ys.lo) * 0.05
	}
	for _, s := range []*scale{&xs, &ys} {
		if !(s.hi > s.lo) {
			s.lo, s.hi = s.lo-0.5, s.lo+0.5
		}
	}
	return axis{xs.lo, xs.hi, plotLeft, plotRight}, axis{ys.lo, ys.hi, plotLow, plotTop}
}

func draw(r *record.Record, k chartKind, lines []series) chartView {
	v := chartView{Title: k.title, Caption: k.caption, Columns: append([]string{"model"}, k.columns...)}
	if k.kind == "roc" {
		if t := areas(r, lines); t != "" {
			v.Title = t
		}
	}
	if k.band {
		v.Caption += fmt.Sprintf(" The shade is each point's own %s interval.", result.Percent(r.Plan.Confidence))
	}
	if k.right && known(lines) {
		v.Caption += fmt.Sprintf(" The shade is where the line lies, at each place, in %s of draws of labels whose probabilities are right (consistency band).", result.Percent(r.Plan.Confidence))
	}
	x, y := axes(k, lines)
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	frame(p, x, y, v.Title, k.x, k.y)
	if k.diagonal {
		p(`<path class="diagonal" d="M%.1f %.1fL%.1f %.1f"/>`, x.at(x.lo), y.at(y.lo), x.at(x.hi), y.at(y.hi))
	}
	for i := len(lines) - 1; i >= 0; i-- { // the candidate on top
		l := lines[i]
		class := fmt.Sprint("s", i)
		if k.band && len(l.points[0]) > 3 || k.right && known(lines[i:i+1]) {
			p(`<path class="band %s" d="%s"/>`, class, bandPath(l.points, x, y))
		}
		p(`<path class="line %s" d="%s"/>`, class, linePath(l.points, x, y))
		if k.dots {
			for _, q := range l.points {
				p(`<circle class="dot %s" cx="%.1f" cy="%.1f" r="2.5"/>`, class, x.at(float64(q[0])), y.at(float64(q[1])))
			}
		}
		if l.mark >= 0 {
			p(`<circle class="dot %s" cx="%.1f" cy="%.1f" r="4"/>`, class, x.at(float64(l.points[l.mark][0])), y.at(float64(l.points[l.mark][1])))
		}
	}
	legend(p, k, lines)
	p(`</svg>`)
	v.SVG = template.HTML(b.String()) //nolint:gosec // made of numbers and escaped text
	v.table(k, lines)
	v.Spec = lineSpec(k, lines, x, y, v.Title)
	return v
}

// known: lines have bands.
func known(lines []series) bool {
	return slices.ContainsFunc(lines, func(l series) bool { p := l.points[0]; return len(p) > 3 && p[2].Known() })
}

// lineSpec is the chart as Vega-Lite, in the same colours and frame.
func lineSpec(k chartKind, lines []series, x, y axis, title string) chart.Spec {
	var points []chart.Point
	var names []string
	for _, l := range lines {
		names = append(names, l.model)
		for i, p := range l.points {
			q := chart.Point{Marked: k.dots || i == l.mark, Series: l.model, X: p[0], Y: p[1], Lower: result.None(), Upper: result.None()}
			q.Said = fmt.Sprintf("%s: %s %s, %s %s", l.model, k.columns[0], p[0].Short(), k.columns[1], p[1].Short())
			switch {
			case k.right && len(p) == 4:
				q.Lower, q.Upper = p[2], p[3]
				q.Said += fmt.Sprintf(", if right %s to %s", p[2].Short(), p[3].Short())
			case len(p) == 4:
				q.Lower, q.Upper = p[2], p[3]
				q.Said = fmt.Sprintf("%s: %s %s, %s %s", l.model, k.columns[0], p[0].Short(), k.columns[1], interval(p[1], p[2], p[3]))
			}
			if len(p) > 4 {
				q.Lower, q.Upper = p[2], p[3]
				q.Said = fmt.Sprintf("%s: %s %s, %s %s, %s %s", l.model, k.columns[0], p[0].Short(), k.columns[1], interval(p[1], p[2], p[3]), k.columns[2], p[4].Short())
			}
			points = append(points, q)
		}
	}
	f := chart.Frame{Title: title, X: k.x, Y: k.y, XLow: x.lo, XHigh: x.hi, YLow: y.lo, YHigh: y.hi, Diagonal: k.diagonal, Vertical: result.None()}
	return chart.Lines(f, points, names, []string{"--candidate", "--baseline", "--inconclusive", "--fail"}[:len(names)], false)
}

// frame opens the picture: grid, ticks and the names of the axes.
func frame(p func(string, ...any), x, y axis, title, xName, yName string) {
	p(`<svg class="chart" viewBox="0 0 %g %g" role="img" aria-label="%s">`, chartWidth, chartHeight, template.HTMLEscapeString(title+": "+yName+" against "+xName+"; the values are in the table below"))
	for _, t := range x.ticks() {
		p(`<path class="grid" d="M%.1f %.1fV%.1f"/><text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, x.at(t), plotTop, plotLow, x.at(t), plotLow+18, tick(t))
	}
	for _, t := range y.ticks() {
		p(`<path class="grid" d="M%.1f %.1fH%.1f"/><text x="%.1f" y="%.1f" text-anchor="end">%s</text>`, plotLeft, y.at(t), plotRight, plotLeft-8, y.at(t)+4, tick(t))
	}
	p(`<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, (plotLeft+plotRight)/2, chartHeight-10, template.HTMLEscapeString(xName))
	p(`<text transform="translate(14 %.1f) rotate(-90)" text-anchor="middle">%s</text>`, (plotTop+plotLow)/2, template.HTMLEscapeString(yName))
}

func tick(x float64) string {
	return strings.Replace(fmt.Sprintf("%.4g", x), "-", "−", 1)
}

func linePath(points [][]result.Number, x, y axis) string {
	var b strings.Builder
	pen := "M"
	for _, p := range points {
		if !p[0].Known() || !p[1].Known() {
			pen = "M"
			continue
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", pen, x.at(float64(p[0])), y.at(float64(p[1])))
		pen = "L"
	}
	return b.String()
}

func bandPath(points [][]result.Number, x, y axis) string {
	var up, down strings.Builder
	pen := "M"
	for i := range points {
		p, q := points[i], points[len(points)-1-i]
		if p[3].Known() {
			fmt.Fprintf(&up, "%s%.1f %.1f", pen, x.at(float64(p[0])), y.at(float64(p[3])))
			pen = "L"
		}
		if q[2].Known() {
			fmt.Fprintf(&down, "L%.1f %.1f", x.at(float64(q[0])), y.at(float64(q[2])))
		}
	}
	return up.String() + down.String() + "Z"
}

// legend names the lines in their colours, in the corner that they leave free.
func legend(p func(string, ...any), k chartKind, lines []series) {
	left, anchor, top := plotRight-8, "end", plotTop+16
	if strings.HasPrefix(k.legend, "s") {
		top = plotLow - 8 - 17*float64(len(lines)-1)
	}
	if strings.HasSuffix(k.legend, "w") {
		left, anchor = plotLeft+8, "start"
	}
	for i, l := range lines {
		p(`<text class="name s%d" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, i, left, top+17*float64(i), anchor, template.HTMLEscapeString(l.model))
	}
}

// areas is a sentence about the areas under the ROC curves, which stand in the record.
func areas(r *record.Record, lines []series) string {
	var said []string
	for _, l := range lines[:min(2, len(lines))] {
		if e, ok := findEstimate(r, "roc_auc", l.model, result.Overall); ok && e.Value.Known() {
			said = append(said, fmt.Sprintf("%s %s", l.model, result.Percent(math.Round(float64(e.Value)*1000)/1000)))
		}
	}
	if len(said) != min(2, len(lines)) {
		return ""
	}
	return "Pairs of a positive and a negative ranked rightly: by " + strings.Join(said, ", by ")
}

// maxTablePoints bounds the table of a chart; the record has all points.
const maxTablePoints = 11

func (v *chartView) table(k chartKind, lines []series) {
	cut := false
	for _, l := range lines {
		step := max(1, (len(l.points)+maxTablePoints-1)/maxTablePoints)
		cut = cut || step > 1
		for i := 0; i < len(l.points); i += step {
			p := l.points[i]
			row := []string{l.model, p[0].Short(), p[1].Short()}
			switch {
			case k.right && !known(lines):
				row = append(row, "–")
			case k.right:
				row = append(row, p[2].Short()+" to "+p[3].Short())
			case len(p) > 3:
				row[2] = interval(p[1], p[2], p[3])
			}
			switch {
			case k.kind == "reliability":
				row = append(row, result.Count(int64(p[4])))
			case len(p) > 4:
				row = append(row, p[4].Short())
			}
			v.Rows = append(v.Rows, row)
		}
	}
	if cut {
		v.Note = "Some of the points; all stand in record.json."
	}
}
