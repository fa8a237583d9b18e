package chart

// Lines is a chart of one line a series, with a band where the points have intervals.
// colours are CSS variables by series. Steps draws each value up to the next point. A
// click on the legend picks a series; dragging moves, Shift and the wheel zoom.
func Lines(f Frame, points []Point, series, colours []string, steps bool) Spec {
	s := newSpec(f, 300, points)
	x, y := f.axes()
	shades := make([]string, len(colours))
	for i, c := range colours {
		shades[i] = "var(" + c + ")"
	}
	colour := Channel{Field: "series", Type: "nominal", Scale: Scale{Domain: series, Range: shades}}
	how := ""
	if steps {
		how = "step-after"
	}
	dash := Channel{Field: "series", Type: "nominal", Scale: Scale{Domain: series, Range: [][]int{{1, 0}, {7, 3}, {2, 3}, {9, 3, 2, 3}}[:len(series)]}}
	picked := func(on, off float64) Channel {
		return Channel{Condition: &Condition{Param: "series", Value: on}, Value: off}
	}
	if f.Diagonal {
		ends := []map[string]float64{{"x": f.XLow, "y": f.YLow, "x2": f.XHigh, "y2": f.YHigh}}
		s.Layer = append(s.Layer, Layer{Data: &Data{ends}, Mark: dashed("var(--soft)"), Encoding: map[string]Channel{"x": x, "y": y, "x2": {Field: "x2"}, "y2": {Field: "y2"}}})
	}
	if f.Vertical.Known() {
		at := []map[string]any{{"x": f.Vertical, "said": f.VerticalSaid}}
		s.Layer = append(s.Layer, Layer{Data: &Data{at}, Mark: dashed("var(--soft)"), Encoding: map[string]Channel{"x": x, "tooltip": {Field: "said"}}})
	}
	for _, p := range points {
		if p.Lower.Known() && p.Upper.Known() {
			lower := y
			lower.Field = "lower"
			s.Layer = append(s.Layer, Layer{Mark: Mark{Type: "area", Interpolate: how, Clip: true}, Encoding: map[string]Channel{"x": x, "y": lower, "y2": {Field: "upper"}, "color": colour, "opacity": picked(0.18, 0.04)}})
			break
		}
	}
	line := Mark{Type: "line", Interpolate: how, StrokeWidth: 2, Clip: true}
	order := Channel{Value: 0} // as the points come, not by x
	s.Layer = append(s.Layer,
		Layer{Mark: line, Params: []Param{{Name: "series", Select: Select{Type: "point", Fields: []string{"series"}}, Bind: "legend"}, zoom()},
			Encoding: map[string]Channel{"x": x, "y": y, "color": colour, "strokeDash": dash, "order": order, "opacity": picked(1, 0.2)}},
		Layer{Mark: Mark{Type: "point", Filled: true, Size: 60, Clip: true},
			Encoding: map[string]Channel{"x": x, "y": y, "color": colour, "opacity": {Value: 0.02}, "tooltip": {Field: "said"}}})
	var dots []Point
	for _, p := range points {
		if p.Marked {
			dots = append(dots, p)
		}
	}
	if len(dots) > 0 {
		s.Layer = append(s.Layer, Layer{Data: &Data{dots}, Mark: Mark{Type: "point", Filled: true, Size: 60}, Encoding: map[string]Channel{"x": x, "y": y, "color": colour, "tooltip": {Field: "said"}}})
	}
	return s
}
