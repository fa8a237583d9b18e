// Package chart writes charts as Vega-Lite specifications (vega.github.io/vega-lite). It
// refuses to draw and to compute: it lays out points that it is given.
package chart

import "github.com/fairtrial/fairtrial/internal/result"

// Point is one place of a line, bar or dot; what is unknown is null in the specification
// and not drawn. Colour is a CSS variable of the page ("--pass"), for intervals only.
type Point struct {
	Series string        `json:"series"`
	X      result.Number `json:"x"`
	Y      result.Number `json:"y"`
	Lower  result.Number `json:"lower"`
	Upper  result.Number `json:"upper"`
	Colour string        `json:"-"`
	Shade  string        `json:"colour,omitempty"` // Colour as the page's value
	Marked bool          `json:"-"`                // drawn as a dot
	Said   string        `json:"said"`             // value, interval and n in words
}

// Frame is what all charts have.
type Frame struct {
	Title        string // the text alternative
	X, Y         string // names of the axes, with units
	XLow, XHigh  float64
	YLow, YHigh  float64
	Diagonal     bool
	Vertical     result.Number // a dashed line, unknown for none
	VerticalSaid string
}

// Spec is a specification: the part of Vega-Lite that the charts need.
type Spec struct {
	Description string   `json:"description"`
	Width       string   `json:"width"`
	Height      float64  `json:"height"`
	Autosize    Autosize `json:"autosize"`
	Data        Data     `json:"data"`
	Layer       []Layer  `json:"layer"`
}

// Autosize fits axes and labels into the width.
type Autosize struct {
	Type     string `json:"type"`
	Contains string `json:"contains"`
}

// Data are rows in the specification itself.
type Data struct {
	Values any `json:"values"`
}

// Layer is one mark over the data. Param is for a layer that answers to the reader.
type Layer struct {
	Data     *Data              `json:"data,omitempty"`
	Params   []Param            `json:"params,omitempty"`
	Mark     Mark               `json:"mark"`
	Encoding map[string]Channel `json:"encoding"`
}

// Param is a selection: a legend entry that is clicked, or a range that is dragged.
type Param struct {
	Name   string `json:"name"`
	Select Select `json:"select"`
	Bind   string `json:"bind"`
}

// Select says what a Param selects.
type Select struct {
	Type   string   `json:"type"`
	Fields []string `json:"fields,omitempty"`
	Zoom   any      `json:"zoom,omitempty"`
}

// Mark is how a layer looks.
type Mark struct {
	Type        string  `json:"type"`
	Interpolate string  `json:"interpolate,omitempty"`
	Color       string  `json:"color,omitempty"`
	Opacity     float64 `json:"opacity,omitempty"`
	StrokeWidth float64 `json:"strokeWidth,omitempty"`
	StrokeDash  []int   `json:"strokeDash,omitempty"`
	Size        float64 `json:"size,omitempty"`
	Filled      bool    `json:"filled,omitempty"`
	Clip        bool    `json:"clip,omitempty"`
}

// Channel ties a field or a constant to a place, a colour or a text.
type Channel struct {
	Field     string     `json:"field,omitempty"`
	Datum     any        `json:"datum,omitempty"`
	Value     any        `json:"value,omitempty"`
	Type      string     `json:"type,omitempty"`
	Title     string     `json:"title,omitempty"`
	Scale     any        `json:"scale,omitempty"`
	Sort      any        `json:"sort,omitempty"`
	Axis      any        `json:"axis,omitempty"`
	Condition *Condition `json:"condition,omitempty"`
}

// Condition is a value while a selection holds.
type Condition struct {
	Param string  `json:"param"`
	Value float64 `json:"value"`
}

// Scale of an axis or of colours.
type Scale struct {
	Domain any   `json:"domain,omitempty"`
	Range  any   `json:"range,omitempty"`
	Nice   *bool `json:"nice,omitempty"`
	Zero   *bool `json:"zero,omitempty"`
}

func newSpec(f Frame, height float64, values any) Spec {
	return Spec{Description: f.Title, Width: "container", Height: height, Autosize: Autosize{"fit", "padding"}, Data: Data{values}}
}

// axes are the two quantitative axes of a frame.
func (f Frame) axes() (x, y Channel) {
	no := false
	return Channel{Field: "x", Type: "quantitative", Title: f.X, Scale: Scale{Domain: []float64{f.XLow, f.XHigh}, Nice: &no}},
		Channel{Field: "y", Type: "quantitative", Title: f.Y, Scale: Scale{Domain: []float64{f.YLow, f.YHigh}, Nice: &no}}
}

func zoom() Param {
	return Param{Name: "zoom", Select: Select{Type: "interval", Zoom: "wheel![event.shiftKey]"}, Bind: "scales"}
}

func dashed(colour string) Mark {
	return Mark{Type: "rule", Color: colour, StrokeWidth: 1.25, StrokeDash: []int{4, 3}}
}
