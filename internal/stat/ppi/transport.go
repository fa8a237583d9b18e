package ppi

import (
	"errors"
	"fmt"
	"math"
)

// Card is what is known of a judge of pass and fail from labels on one system.
type Card struct {
	Good, GoodPassed int // labelled good, and of them passed by the judge: sensitivity
	Bad, BadFailed   int // labelled bad, and of them failed by the judge: specificity
}

// Sensitivity and specificity; NaN without rows of the class.
func (c Card) Sensitivity() float64 { return float64(c.GoodPassed) / float64(c.Good) }
func (c Card) Specificity() float64 { return float64(c.BadFailed) / float64(c.Bad) }

// MinYouden is the least that a correction divides by.
const MinYouden = 0.2

// ErrBlindJudge says that a judge tells good from bad too little to be corrected.
var ErrBlindJudge = errors.New("the judge hardly tells good from bad")

// MinOfClass is the fewest labels of good and of bad answers that rates rest on.
const MinOfClass = 20

// Rates are the sensitivity and specificity of a judge on a system, with their variances:
// that of their estimate, which systems judged by the same rates share, and that between
// systems, which each system has for itself.
type Rates struct {
	Sensitivity, Specificity Rate
	DF                       float64
}

// Rate is a sensitivity or a specificity.
type Rate struct{ Value, Variance, Between float64 }

// Youden is Se + Sp − 1: what the judge tells apart.
func (r Rates) Youden() float64 { return r.Sensitivity.Value + r.Specificity.Value - 1 }

// Blind is an ErrBlindJudge of rates that no correction can divide by.
func (r Rates) Blind() error {
	if !(r.Youden() >= MinYouden) {
		return fmt.Errorf("%w: sensitivity %.2f and specificity %.2f", ErrBlindJudge, r.Sensitivity.Value, r.Specificity.Value)
	}
	return nil
}

// Share is the share of good answers behind a share that the judge passed (Rogan & Gladen
// 1978), θ = (p + Sp − 1)/(Se + Sp − 1); it may lie outside [0, 1].
func (r Rates) Share(passed float64) float64 {
	return (passed + r.Specificity.Value - 1) / r.Youden()
}

// Part is a system's part in a sum of corrected shares.
type Part struct{ Passed, Factor float64 }

// SE is the error of a sum of corrected shares by the delta method; se is the sampling error
// of the same sum of the shares that the judge passed, design effects included.
func (r Rates) SE(parts []Part, se float64) float64 {
	var good, bad, own float64
	for _, p := range parts {
		x := r.Share(p.Passed)
		good += p.Factor * x
		bad += p.Factor * (1 - x)
		own += p.Factor * p.Factor * (x*x*r.Sensitivity.Between + (1-x)*(1-x)*r.Specificity.Between)
	}
	return math.Sqrt(se*se+good*good*r.Sensitivity.Variance+bad*bad*r.Specificity.Variance+own) / r.Youden()
}

// Corrected is a share corrected for a judge's errors.
type Corrected struct {
	Value, SE, DF float64
	Clipped       bool // the corrected share lay outside [0, 1]
}

// correct corrects one share.
func (r Rates) correct(raw, se float64) (Corrected, error) {
	if err := r.Blind(); err != nil {
		return Corrected{}, err
	}
	share := r.Share(raw)
	out := Corrected{Value: math.Min(1, math.Max(0, share)), SE: r.SE([]Part{{raw, 1}}, se), DF: r.DF}
	out.Clipped = out.Value != share
	return out, nil
}

// RoganGladen corrects a share of answers that the judge passed by a card of the very system
// that is judged: a judge's errors differ from system to system (see Transport). se is the
// sampling error of the raw share.
func RoganGladen(raw, se float64, c Card) (Corrected, error) {
	if c.Good < MinOfClass || c.Bad < MinOfClass {
		return Corrected{}, fmt.Errorf("%w: of %d good and %d bad answers; %d of each are needed", ErrFewLabels, c.Good, c.Bad, MinOfClass)
	}
	p, q := c.Sensitivity(), c.Specificity()
	return Rates{Rate{p, p * (1 - p) / float64(c.Good), 0}, Rate{q, q * (1 - q) / float64(c.Bad), 0}, math.Inf(1)}.correct(raw, se)
}

// MinSystems is the fewest earlier systems whose cards say how far a judge's errors vary.
const MinSystems = 3

// ErrFewSystems says that a card of another system cannot be used: nothing is known of how
// much the judge's errors vary between systems.
var ErrFewSystems = errors.New("too few systems with labels")

// Transport is a judge's rates on systems without labels, by the cards of earlier ones. They
// are new draws from those of the systems: the error holds their variance between systems
// beside that of their mean (random effects, DerSimonian & Laird 1986; the prediction
// interval of Higgins, Thompson & Spiegelhalter 2009, t with systems − 2 degrees of freedom).
func Transport(cards []Card) (Rates, error) {
	if len(cards) < MinSystems {
		return Rates{}, fmt.Errorf("%w: %d, %d are needed", ErrFewSystems, len(cards), MinSystems)
	}
	for i, c := range cards {
		if c.Good < MinOfClass || c.Bad < MinOfClass {
			return Rates{}, fmt.Errorf("%w: card %d has %d good and %d bad answers; %d of each are needed", ErrFewLabels, i+1, c.Good, c.Bad, MinOfClass)
		}
	}
	r := Rates{predicted(cards, func(c Card) (int, int) { return c.GoodPassed, c.Good }),
		predicted(cards, func(c Card) (int, int) { return c.BadFailed, c.Bad }), float64(len(cards) - 2)}
	return r, r.Blind()
}

// Transported corrects a share on a system without labels by the cards of earlier ones.
func Transported(raw, se float64, cards []Card) (Corrected, error) {
	r, err := Transport(cards)
	if err != nil {
		return Corrected{}, err
	}
	return r.correct(raw, se)
}

// predicted is the mean share over systems, with the variance of one more system's.
func predicted(cards []Card, of func(Card) (k, n int)) Rate {
	n := len(cards)
	p, v := make([]float64, n), make([]float64, n)
	for i, c := range cards {
		k, m := of(c)
		p[i] = float64(k) / float64(m)
		smooth := (float64(k) + 1) / (float64(m) + 2) // no share of a sample is certain
		v[i] = smooth * (1 - smooth) / float64(m)
	}
	mean := func(between float64) (at, weight, squares, q float64) {
		sum := 0.0
		for i := range p {
			w := 1 / (v[i] + between)
			weight, squares, sum = weight+w, squares+w*w, sum+w*p[i]
		}
		at = sum / weight
		for i := range p {
			q += (p[i] - at) * (p[i] - at) / (v[i] + between)
		}
		return at, weight, squares, q
	}
	_, w, ww, q := mean(0)
	between := math.Max(0, (q-float64(n-1))/(w-ww/w))
	at, w, _, _ := mean(between)
	return Rate{at, 1 / w, between}
}
