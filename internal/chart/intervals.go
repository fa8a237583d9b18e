package chart

// Intervals is a forest plot: a row a point, named by its Series, from top to bottom.
func Intervals(f Frame, points []Point) Spec {
	var names []string
	rows := append([]Point(nil), points...)
	for i := range rows {
		rows[i].Shade = "var(" + rows[i].Colour + ")"
		names = append(names, rows[i].Series)
	}
	s := newSpec(f, 19*float64(len(points))+46, rows)
	x, _ := f.axes()
	lower := x
	lower.Field = "lower"
	y := Channel{Field: "series", Type: "nominal", Sort: names, Axis: map[string]any{"title": nil}}
	colour := Channel{Field: "colour", Type: "nominal", Scale: raw{}}
	if f.Vertical.Known() {
		s.Layer = append(s.Layer, Layer{Data: &Data{[]map[string]any{{"x": f.Vertical}}}, Mark: dashed("var(--soft)"), Encoding: map[string]Channel{"x": x}})
	}
	s.Layer = append(s.Layer,
		Layer{Mark: Mark{Type: "rule", StrokeWidth: 2}, Encoding: map[string]Channel{"x": lower, "x2": {Field: "upper"}, "y": y, "color": colour, "tooltip": {Field: "said"}}},
		Layer{Mark: Mark{Type: "point", Filled: true, Size: 50}, Encoding: map[string]Channel{"x": x, "y": y, "color": colour, "tooltip": {Field: "said"}}})
	return s
}

// raw is Vega-Lite's null scale: the field holds colours.
type raw struct{}

// MarshalJSON writes null.
func (raw) MarshalJSON() ([]byte, error) { return []byte("null"), nil }
