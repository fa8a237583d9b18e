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

// Youden is Se + Sp − 1: what the judge tells apart.
func (c Card) Youden() float64 { return c.Sensitivity() + c.Specificity() - 1 }

// MinYouden is the least that a correction divides by.
const MinYouden = 0.2

// ErrBlindJudge says that a judge tells good from bad too little to be corrected.
var ErrBlindJudge = errors.New("the judge hardly tells good from bad")

// Corrected is a share corrected for a judge's errors.
type Corrected struct {
	Value, SE, DF float64
	Clipped       bool // the corrected share lay outside [0, 1]
}

// RoganGladen corrects a share of answers that the judge passed (Rogan & Gladen 1978):
// θ = (p + Sp − 1)/(Se + Sp − 1), with the delta method's error of p, Se and Sp. se is the
// sampling error of the raw share (design effects included). The card must be of the system
// that is judged: a judge's errors differ from system to system. See Transported.
func RoganGladen(raw, se float64, c Card) (Corrected, error) {
	if c.Good < 20 || c.Bad < 20 {
		return Corrected{}, fmt.Errorf("%w: of %d good and %d bad answers; 20 of each are needed", ErrFewLabels, c.Good, c.Bad)
	}
	p, q := c.Sensitivity(), c.Specificity()
	return correct(raw, se, rate{p, p * (1 - p) / float64(c.Good)}, rate{q, q * (1 - q) / float64(c.Bad)}, math.Inf(1))
}

// rate is a sensitivity or a specificity with its variance for the system at hand.
type rate struct{ value, variance float64 }

func correct(raw, se float64, sens, spec rate, df float64) (Corrected, error) {
	j := sens.value + spec.value - 1
	if j < MinYouden {
		return Corrected{}, fmt.Errorf("%w: sensitivity %.2f and specificity %.2f", ErrBlindJudge, sens.value, spec.value)
	}
	theta := (raw + spec.value - 1) / j
	v := se*se + theta*theta*sens.variance + (1-theta)*(1-theta)*spec.variance
	out := Corrected{Value: math.Min(1, math.Max(0, theta)), SE: math.Sqrt(v) / j, DF: df}
	out.Clipped = out.Value != theta
	return out, nil
}

// MinSystems is the fewest earlier systems whose cards say how far a judge's errors vary.
const MinSystems = 3

// ErrFewSystems says that a card of another system cannot be used: nothing is known of how
// much the judge's errors vary between systems.
var ErrFewSystems = errors.New("too few systems with labels")

// Transported corrects a share on a system without labels by the cards of earlier ones. Its
// sensitivity is a new draw from those of the systems: the error holds their variance between
// systems beside that of their mean (random effects, DerSimonian & Laird 1986; the prediction
// interval of Higgins, Thompson & Spiegelhalter 2009, t with systems − 2 degrees of freedom).
func Transported(raw, se float64, cards []Card) (Corrected, error) {
	if len(cards) < MinSystems {
		return Corrected{}, fmt.Errorf("%w: %d, %d are needed", ErrFewSystems, len(cards), MinSystems)
	}
	for i, c := range cards {
		if c.Good < 20 || c.Bad < 20 {
			return Corrected{}, fmt.Errorf("%w: card %d has %d good and %d bad answers; 20 of each are needed", ErrFewLabels, i+1, c.Good, c.Bad)
		}
	}
	sens := predicted(cards, func(c Card) (int, int) { return c.GoodPassed, c.Good })
	spec := predicted(cards, func(c Card) (int, int) { return c.BadFailed, c.Bad })
	return correct(raw, se, sens, spec, float64(len(cards)-2))
}

// predicted is the mean share over systems, with the variance of one more system's.
func predicted(cards []Card, of func(Card) (k, n int)) rate {
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
	return rate{at, between + 1/w}
}
