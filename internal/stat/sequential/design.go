// Package sequential plans looks at data that come in stages, so that stopping early keeps
// the error rates that were promised: bounds by alpha spending, what they save, and
// estimates that know of the looks. It refuses to look more often than was planned.
package sequential

import (
	"errors"
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// Spending says how much of an error may be spent by an information fraction t in (0, 1];
// all of it at 1.
type Spending func(alpha, t float64) float64

// OBrienFleming spends like the bounds of O'Brien & Fleming 1979: next to nothing early
// (Lan & DeMets 1983). alpha is of one side.
func OBrienFleming(alpha, t float64) float64 {
	return 2 * dist.NormCDF(dist.NormQuantile(alpha/2)/math.Sqrt(t))
}

// Pocock spends like the bounds of Pocock 1977: about evenly (Lan & DeMets 1983).
func Pocock(alpha, t float64) float64 { return alpha * math.Log(1+(math.E-1)*t) }

// Names of the spending functions.
const (
	NameOBrienFleming = "obrien_fleming"
	NamePocock        = "pocock"
)

// Named is the spending function of a name; nil if there is none.
func Named(name string) Spending {
	switch name {
	case NameOBrienFleming:
		return OBrienFleming
	case NamePocock:
		return Pocock
	}
	return nil
}

// Design are looks at information fractions and the bounds of the standardised statistic
// at each. At or beyond Upper the statistic is decided for, at or below Fail against. Lower
// is futility: to stop there costs power, to go on costs nothing, since Upper does not count
// on it (non-binding). Below Harm it goes on all the same: there it may be decided against.
type Design struct {
	Alpha     float64 // of one side
	Fractions []float64
	Upper     []float64 // +Inf: nothing to spend at that look
	Lower     []float64 // −Inf: none
	Fail      []float64 // −Inf: none
	Harm      []float64 // −Inf: none
}

// New makes the bounds of looks at growing fractions, the last of which is 1. With harm the
// walk ends at Fail too, which is −Upper: each side has its alpha.
func New(alpha float64, fractions []float64, spend Spending, harm bool) (Design, error) {
	d := Design{Alpha: alpha, Fractions: fractions, Upper: make([]float64, len(fractions)), Lower: make([]float64, len(fractions)), Fail: make([]float64, len(fractions)), Harm: make([]float64, len(fractions))}
	if !(alpha > 0 && alpha < 0.5) {
		return d, fmt.Errorf("sequential: alpha %v is not between 0 and 0.5", alpha)
	}
	if err := checkFractions(fractions); err != nil {
		return d, err
	}
	spent, w := 0.0, newWalk(0, fineBounds)
	for k, t := range fractions {
		d.Lower[k], d.Fail[k], d.Harm[k] = math.Inf(-1), math.Inf(-1), math.Inf(-1)
		all := alpha
		if k < len(fractions)-1 {
			all = math.Min(alpha, spend(alpha, t))
		}
		d.Upper[k] = solve(all-spent, func(c float64) float64 { return w.above(t, c) })
		if !math.IsInf(d.Upper[k], 1) {
			spent = all
		}
		if harm {
			d.Fail[k] = -d.Upper[k]
		}
		w.next(t, span{d.Fail[k], d.Upper[k]})
	}
	return d, nil
}

func checkFractions(f []float64) error {
	if len(f) == 0 || f[len(f)-1] != 1 {
		return errors.New("sequential: the last look is at all information")
	}
	last := 0.0
	for _, t := range f {
		if !(t > last) {
			return fmt.Errorf("sequential: information fractions grow, %v does not follow %v", t, last)
		}
		last = t
	}
	return nil
}

// least is a probability too small to be spent: it is kept for the next look.
const least = 1e-13

// solve finds where a falling tail probability is p; +Inf where p is nothing.
func solve(p float64, tail func(float64) float64) float64 {
	if p < least {
		return math.Inf(1)
	}
	want := quantile(p)
	return root(func(c float64) float64 { return want - quantile(tail(c)) }, -want, -10, 10)
}

// Drift is the expectation of the last look's statistic at which Upper is reached with
// this probability, without futility.
func (d Design) Drift(power float64) float64 {
	want := quantile(power)
	return root(func(drift float64) float64 { return quantile(d.At(drift, false).Pass) - want }, d.Upper[len(d.Upper)-1]+want, 0, 20)
}

// WithFutility adds Lower: beta is spent at the drift that is detected with power 1 − beta
// all the same, so that a stop comes where a result so low would be rare even there. At the
// last look it is Upper. Where there is a Fail, it is made anew: most of what is harmful is
// given up at the first looks, so that its alpha is spent evenly (Pocock), on the paths that
// futility, which is always followed on that side, lets go on. With show it goes on below Harm
// too: where all cases, at the trend so far, would decide against in one test.
func (d Design) WithFutility(beta float64, spend Spending, show bool) (Design, error) {
	if !(beta > 0 && beta < 1-d.Alpha) {
		return d, fmt.Errorf("sequential: beta %v is not between 0 and %v", beta, 1-d.Alpha)
	}
	last := len(d.Upper) - 1
	// The more drift, the higher the bound that spends the rest.
	drift := root(func(x float64) float64 { return d.spendBelow(x, beta, spend)[last] - d.Upper[last] }, d.Drift(1-beta), 0, 20)
	d.Lower = d.spendBelow(drift, beta, spend)
	d.Lower[last] = d.Upper[last]
	if show {
		d.Harm = make([]float64, len(d.Fractions))
		for k, t := range d.Fractions {
			d.Harm[k] = dist.NormQuantile(d.Alpha) * math.Sqrt(t) // Z(t)/√t is the last Z of that trend
		}
	}
	if !math.IsInf(d.Fail[last], -1) {
		d.Fail = d.spendFail()
	}
	return d, nil
}

func (d Design) spendFail() []float64 {
	fail := make([]float64, len(d.Upper))
	w, spent := newWalk(0, fineBounds), 0.0
	for k, t := range d.Fractions {
		all := d.Alpha
		if k < len(fail)-1 {
			all = Pocock(d.Alpha, t)
		}
		fail[k] = -solve(all-spent, func(c float64) float64 { return w.below(t, -c) })
		if k == len(fail)-1 {
			// What futility has ended cannot fail any more: no more is spent than an even
			// test would.
			fail[k] = math.Min(fail[k], dist.NormQuantile(d.Alpha))
			break
		}
		spent = all
		w.next(t, goesOn(fail[k], d.Harm[k], d.Lower[k], d.Upper[k])...)
	}
	return fail
}

// goesOn is where a walk goes on: above low, where it is not given up, and below harm.
func goesOn(fail, harm, low, up float64) []span {
	if !(harm < low) {
		return []span{{fail, up}}
	}
	return []span{{fail, harm}, {math.Max(fail, low), up}}
}

// spendBelow are the low bounds that spend beta at a drift.
func (d Design) spendBelow(drift, beta float64, spend Spending) []float64 {
	low := make([]float64, len(d.Upper))
	w, spent := newWalk(drift, fineBounds), 0.0
	for k, t := range d.Fractions {
		all := spend(beta, t)
		// P(Z ≤ b) rises in b: −b solves a falling tail.
		low[k] = -solve(all-spent, func(c float64) float64 { return w.below(t, -c) })
		if !math.IsInf(low[k], -1) {
			spent = all
		}
		if k < len(low)-1 {
			low[k] = math.Min(low[k], d.Upper[k])
			w.next(t, span{math.Max(low[k], d.Fail[k]), d.Upper[k]})
		}
	}
	return low
}

// Outcome is what a design does at one drift.
type Outcome struct {
	Pass     float64 // P(Upper is reached)
	Harm     float64 // P(Fail is reached)
	Futile   float64 // P(stopped at Lower before the last look)
	Fraction float64 // of the information, expected at the stop
	Stop     []float64
}

// At says what happens at a drift: the expectation of the last look's statistic. With
// futile the walk stops at Lower too.
func (d Design) At(drift float64, futile bool) Outcome {
	o := Outcome{Stop: make([]float64, len(d.Upper))}
	w, left, last := newWalk(drift, fineBounds), 1.0, len(d.Upper)-1
	for k, t := range d.Fractions {
		pass, harm, low := w.above(t, d.Upper[k]), w.below(t, d.Fail[k]), 0.0
		on := []span{{d.Fail[k], d.Upper[k]}}
		if futile && k < last && d.Lower[k] > math.Max(d.Fail[k], d.Harm[k]) {
			low = w.below(t, d.Lower[k]) - w.below(t, math.Max(d.Fail[k], d.Harm[k]))
			on = goesOn(d.Fail[k], d.Harm[k], d.Lower[k], d.Upper[k])
		}
		o.Pass, o.Harm, o.Futile = o.Pass+pass, o.Harm+harm, o.Futile+low
		o.Stop[k] = pass + harm + low
		if k == last {
			o.Stop[k] = left
		}
		left -= o.Stop[k]
		o.Fraction += t * o.Stop[k]
		if k < last {
			w.next(t, on...)
		}
	}
	return o
}

// Level is the two-sided level of the interval whose end decides for at a look: beyond it
// is what is beyond Upper. 1 where nothing may be decided.
func (d Design) Level(k int) float64 { return 1 - 2*dist.NormCDF(-d.Upper[k]) }
