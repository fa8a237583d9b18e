package metric

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Answer is what a summary says about one metric: an inference with the rows that
// it stands on, or the reason why there is none.
type Answer struct {
	infer.Inference
	N        int64   // rows in the metric's denominator
	Ungraded int64   // usable rows without a score, which N leaves out
	NEff     float64 // after weights and clusters; NaN when equal to N
	Status   result.Status
	Notes    []string
	Worst    float64 // NaN: no bound, or nothing missing
	Best     float64
	// Correction is what a metric rests on that human labels correct; nil for others.
	Correction *Correction
	PZero      float64 // two-sided p of "no difference" where a better test than the interval's exists; NaN otherwise
}

func undefined(n int64, reason string) Answer {
	return Answer{Inference: infer.Inference{Value: math.NaN(), SE: math.NaN(), DF: math.Inf(1), Shape: infer.None{}},
		N: n, NEff: math.NaN(), Status: result.Undefined, Notes: []string{reason}, Worst: math.NaN(), Best: math.NaN(), PZero: math.NaN()}
}

func answered(i infer.Inference, n int64) Answer {
	return Answer{Inference: i, N: n, NEff: math.NaN(), Status: result.OK, Worst: math.NaN(), Best: math.NaN(), PZero: math.NaN()}
}

func (a *Answer) note(format string, args ...any) {
	a.Notes = append(a.Notes, fmt.Sprintf(format, args...))
}

// unknown takes error and interval from an answer whose rows do not tell of them; why comes
// before all other notes.
func (a *Answer) unknown(why string, args ...any) {
	a.SE, a.Shape, a.Method = math.NaN(), infer.None{}, "none"
	a.Notes = append([]string{fmt.Sprintf(why, args...)}, a.Notes...)
}

// View is a population with what all of its metrics share: the set it belongs to
// and the bootstrap draws, made once and only when asked for. It is not safe for
// concurrent use; make one per goroutine and population.
type View struct {
	Set *summary.Set
	Pop *summary.Population
	// Seed keys the bootstrap; Draws is the number of draws (2 000, or 20 000 where a gate reads the ends).
	Seed  uint64
	Draws int

	tables map[string]*table
	boot   *drawn

	crossed, both *View // of the second cluster column and of the cells
}

// measure computes answers from one population. The set of measures is closed:
// rates and smooth functions of counts, smooth functions of moments, and the order
// statistics.
type measure interface {
	needs() []summary.Spec
	estimate(v *View, model int) Answer
	// contrast is θa − k·θb on the same rows.
	contrast(v *View, a, b int, k float64) Answer
	// between is θ(x) − θ(y), or θ(x)/θ(y), of one model on two slices.
	between(x, y *View, model int, ratio bool) Answer
}

// Estimate is the metric of one model on the view's population.
func (in *Instance) Estimate(v *View, model int) Answer {
	if v.Pop.N == 0 {
		return undefined(0, "no usable rows")
	}
	est := func(m measure) Answer {
		return twoWay(v, func(v *View) Answer { return m.estimate(v, model) })
	}
	return in.beside(est(in.measure), est)
}

// Contrast is the paired difference θa − k·θb on the view's population.
func (in *Instance) Contrast(v *View, a, b int, k float64) Answer {
	if v.Pop.N == 0 {
		return undefined(0, "no usable rows")
	}
	diff := func(m measure) Answer {
		return twoWay(v, func(v *View) Answer { return m.contrast(v, a, b, k) })
	}
	return in.beside(diff(in.measure), diff)
}

// Between compares one model on two slices: a difference, or a ratio.
func (in *Instance) Between(x, y *View, model int, ratio bool) Answer {
	if x.Pop.N == 0 || y.Pop.N == 0 {
		return undefined(0, "one of the groups has no usable rows")
	}
	diff := func(m measure) Answer {
		return twoWays(x, y, func(x, y *View) Answer { return m.between(x, y, model, ratio) })
	}
	return in.beside(diff(in.measure), diff)
}
