package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/summary"
)

// bounds are the values that a count metric would have had if every row that was
// dropped for want of a label or prediction had gone against the model, and for it.
// A missing decision becomes a wrong or right one; a missing label makes the
// decision wrong or right. NaN when nothing is missing.
func bounds(v *View, model int, value func(*View) (float64, string)) (worst, best float64) {
	lost := v.Pop.Lost
	if lost == nil || len(lost.Cells) == 0 || len(v.Set.Classes) < 2 {
		return math.NaN(), math.NaN()
	}
	run := func(right bool) float64 {
		p := *v.Pop
		p.Blocks, p.Lost = nil, nil
		c := summary.Counts{Cells: append([]summary.Cell(nil), v.Pop.Counts.Cells...)}
		for _, x := range lost.Cells {
			y, d := x.Label, x.Decisions[model]
			switch {
			case y == summary.NoDecision && d == summary.NoDecision:
				y, d = 0, 0
				if !right {
					d = 1
				}
			case d == summary.NoDecision:
				d = y
				if !right {
					d = (y + 1) % uint32(len(v.Set.Classes))
				}
			case y == summary.NoDecision:
				y = d
				if !right {
					y = (d + 1) % uint32(len(v.Set.Classes))
				}
			}
			ds := make([]uint32, len(x.Decisions))
			for i := range ds {
				ds[i] = d
			}
			c.Cells = append(c.Cells, summary.Cell{Label: y, Decisions: ds, N: x.N, W: x.W, W2: x.W2})
			p.N += x.N
		}
		p.Counts = &c
		w, why := value(&View{Set: v.Set, Pop: &p})
		if why != "" {
			return math.NaN()
		}
		return w
	}
	return run(false), run(true)
}
