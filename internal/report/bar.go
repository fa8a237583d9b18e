package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/fairtrial/fairtrial/internal/result"
)

// scale is the range that a column of bars shares.
type scale struct{ lo, hi float64 }

// include widens a scale.
func (s *scale) include(xs ...result.Number) {
	for _, x := range xs {
		if !x.Known() {
			continue
		}
		s.lo, s.hi = math.Min(s.lo, float64(x)), math.Max(s.hi, float64(x))
	}
}

func newScale() scale { return scale{math.Inf(1), math.Inf(-1)} }

// padded leaves a margin on both sides, and some width to a single point.
func (s scale) padded() scale {
	if math.IsInf(s.lo, 0) {
		return scale{0, 1}
	}
	w := s.hi - s.lo
	if w == 0 {
		w = math.Max(math.Abs(s.lo), 1e-6) * 0.2
	}
	return scale{s.lo - 0.06*w, s.hi + 0.06*w}
}

const barWidth, barHeight = 160.0, 18.0

// bar is the smallest picture: a thin line for the interval, a tick for the value, a
// dashed line for each bound. class colours it; the title says it in words.
func bar(s scale, value, lower, upper result.Number, bounds []result.Number, class string) template.HTML {
	at := func(x result.Number) float64 {
		return math.Round(10*barWidth*math.Min(1, math.Max(0, (float64(x)-s.lo)/(s.hi-s.lo)))) / 10
	}
	title := interval(value, lower, upper)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="bar %s" viewBox="0 0 %g %g" role="img" aria-label="%s"><title>%s</title>`, class, barWidth, barHeight, template.HTMLEscapeString(title), template.HTMLEscapeString(title))
	for _, x := range bounds {
		if x.Known() {
			fmt.Fprintf(&b, `<path class="bound" d="M%g 0V%g"/>`, at(x), barHeight)
		}
	}
	if lower.Known() && upper.Known() {
		fmt.Fprintf(&b, `<path class="range" d="M%g 9H%g"/>`, at(lower), math.Max(at(upper), at(lower)+1))
	}
	if value.Known() {
		fmt.Fprintf(&b, `<path class="tick" d="M%g 3V15"/>`, at(value))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // numbers and an escaped title only
}
