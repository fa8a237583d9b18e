package sequential

import "math"

// Path is what was seen of a design: the looks before the one that the inference is made
// at, with the bounds that would have ended it there, and that look's statistic.
type Path struct {
	Fractions    []float64 // of the earlier looks, and at last of this one
	Upper, Lower []float64 // of the earlier looks
	Fail         []float64 // of the earlier looks: where Lower was a decision against; for Rest only
	Harm         []float64 // of the earlier looks: between Harm and Lower it was given up; nil: at Lower
	Z            float64   // of this look, against the bound that is tested
}

// Tail is the probability, at a drift (of this look's statistic), of an outcome at least as
// high as the one that was seen, in the stagewise ordering: to stop early at Upper is
// higher than anything later, to stop early at Lower is lower (Tsiatis, Rosner & Mehta
// 1984; Jennison & Turnbull 2000, section 8.4).
func (p Path) Tail(drift float64) float64 {
	last := len(p.Fractions) - 1
	now := p.Fractions[last]
	w, sum := newWalk(drift, finePath), 0.0
	for k := range last {
		t := p.Fractions[k] / now
		sum += w.above(t, p.Upper[k])
		w.next(t, p.goesOn(k)...)
	}
	return sum + w.above(1, p.Z)
}

// Rest is the probability of an outcome at least as low, where what was given up at an
// earlier look does not count as lower than a later decision against.
func (p Path) Rest(drift float64) float64 {
	last := len(p.Fractions) - 1
	now := p.Fractions[last]
	w, sum := newWalk(drift, finePath), 0.0
	for k := range last {
		t := p.Fractions[k] / now
		sum += w.below(t, p.Fail[k])
		w.next(t, p.goesOn(k)...)
	}
	return sum + w.below(1, p.Z)
}

// goesOn is where the walk went on after an earlier look.
func (p Path) goesOn(k int) []span {
	fail, harm := math.Inf(-1), math.Inf(-1)
	if p.Fail != nil {
		fail = p.Fail[k]
	}
	if p.Harm != nil {
		harm = p.Harm[k]
	}
	return goesOn(fail, math.Max(fail, harm), p.Lower[k], p.Upper[k])
}

// At is the drift at which Tail is a probability: of alpha it is the lower end of an
// interval, of 1 − alpha the upper one, of one half the median-unbiased estimate.
func (p Path) At(prob float64) float64 { return p.solve(p.Tail, prob) }

// AtRest is the drift at which Rest is a probability: of alpha it is the upper end of an
// interval after a decision against.
func (p Path) AtRest(prob float64) float64 {
	return p.solve(func(drift float64) float64 { return 1 - p.Rest(drift) }, 1-prob)
}

// solve finds where a rising probability is prob.
func (p Path) solve(tail func(float64) float64, prob float64) float64 {
	// It is much like a normal distribution: on its own quantiles it is nearly a line.
	want := quantile(prob)
	off := func(drift float64) float64 { return quantile(tail(drift)) - want }
	return root(off, p.Z+want, math.Min(p.Z, 0)-12, math.Max(p.Z, 0)+12) // without looks it is the start
}
