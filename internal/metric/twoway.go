package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// twoWay answers with clusters of two columns. The variance is V₁ + V₂ − V₁₂, with V₁₂ by
// the cells of both (Cameron, Gelbach & Miller 2011), but not below the larger one-way
// variance: where only one column matters, the plain sum of three estimates is often too
// small (docs/design/two-way-clusters.md). The degrees of freedom are the fewer of the two
// columns'.
func twoWay(v *View, answer func(*View) Answer) Answer {
	a := answer(v)
	if v.Pop.Crossed == nil || a.Status != result.OK {
		return a
	}
	second, both := v.ways()
	return crossed(a, answer(second), answer(both))
}

// twoWays is twoWay of two populations of the same clusters.
func twoWays(x, y *View, answer func(x, y *View) Answer) Answer {
	a := answer(x, y)
	if x.Pop.Crossed == nil || y.Pop.Crossed == nil || a.Status != result.OK {
		return a
	}
	secondX, bothX := x.ways()
	secondY, bothY := y.ways()
	return crossed(a, answer(secondX, secondY), answer(bothX, bothY))
}

func (v *View) ways() (second, both *View) {
	if v.crossed == nil {
		like := func(p *summary.Population) *View { return &View{Set: v.Set, Pop: p, Seed: v.Seed, Draws: v.Draws} }
		v.crossed, v.both = like(v.Pop.Crossed), like(v.Pop.Both)
	}
	return v.crossed, v.both
}

// crossed joins the answers by the first column, the second and the cells.
func crossed(a, b, ab Answer) Answer {
	x, y, z := a.SE*a.SE, b.SE*b.SE, ab.SE*ab.SE
	if math.IsNaN(a.SE) && math.IsNaN(b.SE) && len(a.Notes) == len(b.Notes) {
		return a // no error by its nature, or too few clusters both ways
	}
	if !(x > 0 && y > 0) {
		return widest(a, b)
	}
	variance := x + y - z
	low := !(variance >= math.Max(x, y)) // and where the cells give none
	if low {
		variance = math.Max(x, y)
	}
	neff := a.NEff
	out := a
	out.Inference = a.Wider(math.Sqrt(variance/x), math.Min(a.DF, b.DF))
	if out.NEff = neff * x / variance; out.NEff > float64(a.N) {
		out.NEff = float64(a.N)
	}
	out.PZero = math.NaN()
	out.Method += ", two-way"
	out.Notes = union(a.Notes, b.Notes)
	if low {
		out.note("two-way clusters: the variance by both columns is below that by one, which stands")
	}
	return out
}

// widest is the answer of the longer interval, or the one that has none: where a way of
// clustering sees no error, nothing can be added up.
func widest(a, b Answer) Answer {
	alo, ahi, aok := a.Interval(0.95)
	blo, bhi, bok := b.Interval(0.95)
	out, other := a, b
	if aok && (!bok || bhi-blo > ahi-alo) {
		out, other = b, a
	}
	if _, _, ok := out.Interval(0.95); !ok {
		out.Shape = infer.None{}
	}
	out.Notes = union(out.Notes, other.Notes)
	return out
}

func union(a, b []string) []string {
	out := append([]string(nil), a...)
	for _, s := range b {
		if !contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
