package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// pareto sets models against each other by two metrics that have a good direction: answers
// by their quality against what they cost and how long they take, else three or more
// models by the first two. A model is dominated when another is at least as good in both
// and better in one; intervals say how sure that is.
func pareto(r *record.Record) []chartView {
	if out := costCharts(r); out != nil {
		return out
	}
	var metrics []record.Metric
	for _, m := range r.Metrics {
		if (m.Direction == "up" || m.Direction == "down") && len(metrics) < 2 {
			metrics = append(metrics, m)
		}
	}
	if len(metrics) < 2 || len(r.Plan.Models) < 3 {
		return nil
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
	return []chartView{paretoOf(r, metrics, dots, side(metrics[0]))}
}

// dot is a model's place, and one model that beats it.
type dot struct {
	model     string
	x, y      result.Estimate
	dominated string
}

// paretoOf draws models by two metrics, the first along xName.
func paretoOf(r *record.Record, metrics []record.Metric, dots []dot, xName string) chartView {
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
	title := fmt.Sprintf("No model beats %s in both %s and %s", strings.Join(front, ", "), metrics[0].Name, metrics[1].Name)
	if len(front) > 3 {
		title = fmt.Sprintf("%d of %d models are beaten by none in both %s and %s", len(front), len(dots), metrics[0].Name, metrics[1].Name)
	}
	v := chartView{Title: title,
		Caption: fmt.Sprintf("Values over all rows with their own %s intervals, which do not use that the rows are the same. Filled dots, joined by the dashed line, are beaten by no model in both.", result.Percent(r.Plan.Confidence)),
		Columns: []string{"model", metrics[0].Name, metrics[1].Name, "n", "beaten in both by"}}
	xs, ys = xs.padded(), ys.padded()
	x, y := axis{xs.lo, xs.hi, plotLeft, plotRight}, axis{ys.lo, ys.hi, plotLow, plotTop}
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	frame(p, x, y, v.Title, xName, side(metrics[1]))
	at := func(d dot) (float64, float64) { return x.at(float64(d.x.Value)), y.at(float64(d.y.Value)) }
	var taken []box
	var line []dot
	for _, d := range dots {
		cx, cy := at(d)
		taken = append(taken, box{cx - 5, cy - 5, cx + 5, cy + 5})
		class := seriesOf(d.model)
		if d.x.Lower.Known() {
			lo, hi := x.at(float64(d.x.Lower)), x.at(float64(d.x.Upper))
			taken = append(taken, box{lo, cy - 1, hi, cy + 1})
			p(`<path class="range %s" d="M%.1f %.1fH%.1f"/>`, class, lo, cy, hi)
		}
		if d.y.Lower.Known() {
			lo, hi := y.at(float64(d.y.Upper)), y.at(float64(d.y.Lower))
			taken = append(taken, box{cx - 1, lo, cx + 1, hi})
			p(`<path class="range %s" d="M%.1f %.1fV%.1f"/>`, class, cx, hi, lo)
		}
		if d.dominated == "" {
			line = append(line, d)
		}
	}
	slices.SortStableFunc(line, func(a, b dot) int { return cmp.Compare(a.x.Value, b.x.Value) })
	pen, path := "M", ""
	for _, d := range line {
		cx, cy := at(d)
		path += fmt.Sprintf("%s%.1f %.1f", pen, cx, cy)
		pen = "L"
	}
	p(`<path class="diagonal" d="%s"/>`, path)
	for _, d := range dots {
		cx, cy := at(d)
		class, hollow := seriesOf(d.model), ""
		if d.dominated != "" {
			hollow = " hollow"
		}
		tx, ty, anchor := place(cx, cy, 8*float64(utf8.RuneCountInString(d.model)), &taken)
		p(`<circle class="dot %s%s" cx="%.1f" cy="%.1f" r="4"/><text class="name %s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, hollow, cx, cy, class, tx, ty, anchor, template.HTMLEscapeString(d.model))
		v.Rows = append(v.Rows, []string{d.model, interval(d.x.Value, d.x.Lower, d.x.Upper), interval(d.y.Value, d.y.Lower, d.y.Upper), rowsOfBoth(d), d.dominated})
	}
	p(`</svg>`)
	v.SVG = template.HTML(b.String()) //nolint:gosec // made of numbers and escaped text
	return v
}

// seriesOf keeps the candidate's and the baseline's colours; other models share one, and
// their names tell them apart.
func seriesOf(model string) string {
	switch model {
	case "candidate":
		return "s0"
	case "baseline":
		return "s1"
	}
	return "other"
}

// box is a place in the picture that something stands in.
type box struct{ left, top, right, bottom float64 }

func (a box) overlap(b box) float64 {
	w, h := math.Min(a.right, b.right)-math.Max(a.left, b.left), math.Min(a.bottom, b.bottom)-math.Max(a.top, b.top)
	return math.Max(0, w) * math.Max(0, h)
}

// place puts a name of some width beside a dot: of the four corners the one that covers
// least of what is taken and of what lies outside the plot.
func place(cx, cy, width float64, taken *[]box) (x, y float64, anchor string) {
	least := math.Inf(1)
	var mine box
	for _, c := range []struct{ right, below bool }{{true, false}, {false, false}, {true, true}, {false, true}} {
		px, py, a := cx+8, cy-7, "start"
		b := box{px, py - 10, px + width, py + 3}
		if !c.right {
			px, a = cx-8, "end"
			b.left, b.right = px-width, px
		}
		if c.below {
			py = cy + 16
			b.top, b.bottom = py-10, py+3
		}
		bad := (b.right-b.left)*(b.bottom-b.top) - b.overlap(box{plotLeft, plotTop, plotRight, plotLow})
		for _, t := range *taken {
			bad += b.overlap(t)
		}
		if bad < least-1e-9 {
			least, mine, x, y, anchor = bad, b, px, py, a
		}
	}
	*taken = append(*taken, mine)
	return x, y, anchor
}

// side names an axis and its good direction.
func side(m record.Metric) string {
	if m.Direction == "down" {
		return m.Name + " (less is better)"
	}
	return m.Name + " (more is better)"
}

// rowsOfBoth is how many rows a model's two values rest on.
func rowsOfBoth(d dot) string {
	if d.x.N == d.y.N {
		return result.Count(d.x.N)
	}
	return result.Count(d.x.N) + " / " + result.Count(d.y.N)
}
