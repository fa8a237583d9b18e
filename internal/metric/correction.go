package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/result"
)

// LabelDraw says how the answers that people labelled were drawn.
type LabelDraw string

// Ways of drawing.
const (
	Even    LabelDraw = "even"     // all with the same chance
	Uneven  LabelDraw = "uneven"   // each with a known chance
	ByTruth LabelDraw = "by_truth" // so many good and so many bad ones
)

// By what a judge's metric is corrected.
const (
	ByNothing = "nothing" // an uncalibrated judge
	ByLabels  = "labels"  // PPI++ from labels drawn with known chances
	ByRates   = "rates"   // Rogan and Gladen's estimator from labels balanced by truth
	ByCards   = "cards"   // the same from cards of earlier systems
)

// Correction is what a metric rests on whose scores human labels vouch for.
type Correction struct {
	By     string
	Raw    Answer // the same without the labels
	Labels int64  // of the rows of the value; of both models in a comparison the fewer
	// Lambda is how far the scores are trusted, from 0, labels alone, to 1; NaN unless ByLabels.
	Lambda float64
	// Gain is how many times as many labels would give the same error without the scores; NaN
	// unless ByLabels.
	Gain float64
	// Least is the variance that would be left if all rows were labelled; NaN where unknown.
	Least float64
	// Quality says how the scores agree with the labels: sensitivity, specificity, kappa, alpha.
	Quality []Quality
}

// Quality is one number of how scores agree with labels.
type Quality struct {
	Name string // in words
	Answer
}

// correcting is a measure that labels or cards correct.
type correcting interface {
	// uncorrected is the same measure of the scores alone.
	uncorrected() measure
	by() string
}

// Uncalibrated reports whether the metric is a judge's opinion that nothing vouches for.
func (in *Instance) Uncalibrated() bool {
	c, ok := in.measure.(correcting)
	return ok && c.by() == ByNothing
}

// beside puts the uncorrected answer beside a corrected one.
func (in *Instance) beside(a Answer, raw func(m measure) Answer) Answer {
	c, ok := in.measure.(correcting)
	if !ok {
		return a
	}
	if a.Correction == nil {
		a.Correction = &Correction{By: c.by(), Lambda: math.NaN(), Gain: math.NaN(), Least: math.NaN()}
	}
	a.Correction.Raw = raw(c.uncorrected())
	return a
}

// uncalibrated is a metric of a judge's opinions that nothing vouches for.
type uncalibrated struct{ measure }

func (u uncalibrated) uncorrected() measure { return u.measure }
func (uncalibrated) by() string             { return ByNothing }

const uncalibratedNote = "uncalibrated judge: no human label says how far it errs"

func marked(a Answer) Answer {
	if a.Status == result.OK {
		a.note(uncalibratedNote)
	}
	return a
}

func (u uncalibrated) estimate(v *View, model int) Answer {
	return marked(u.measure.estimate(v, model))
}

func (u uncalibrated) contrast(v *View, a, b int, k float64) Answer {
	return marked(u.measure.contrast(v, a, b, k))
}

func (u uncalibrated) between(x, y *View, model int, ratio bool) Answer {
	return marked(u.measure.between(x, y, model, ratio))
}
