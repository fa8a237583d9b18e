package order

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/summary"
)

// state is one population on the walk of one score from below. Its first 64 bytes are all
// that a negative touches. What negatives add up to is settled at the positives, by parts:
// a positive raises the value of each negative above it, and how many those are is known.
type state struct {
	below    uint32 // rows strictly below
	next     uint32 // rank at which the next calibration bin begins
	belowPos uint32
	kept     uint32  // what the baseline leaves for a negative here
	sum      float64 // Σ score so far, for the calibration bins
	runPlace uint64  // Σ of the baseline's places and
	runAP    float64 // AP values over the negatives below
	h2       float64 // Σ k⁺·TP/N² over the tie groups so far
	n, pos   uint32
	split    split // how kept values of this population are laid out

	h1     float64 // Σ k⁺/N over the tie groups so far
	perNeg float64 // 1/(2·Neg); 0 without negatives
	u2     uint64  // Σ over positives of 2·(negatives below + ½ tied)
	q10    float64 // Σ (V − ½)² over positives
	q01    float64 // Σ (positives below + ½ tied)² over negatives
	ap     float64 // Σ over positives of precision
	x      float64 // Σ over positives of X = P + H1 − H2
	xx     float64 // Σ X² over positives + Σ H2² over negatives

	c10, cap float64 // Σ of products with the baseline's values over positives
	posPlace uint64  // Σ of the baseline's places over positives
	belowRun float64 // Σ over positives of the baseline's places of the negatives below (half of tied)
	belowAP  float64 // Σ over positives of the rise of H2 · the baseline's AP values of the negatives below
	gapHigh  int64   // extremes of the distance of the two classes' distribution functions,
	gapLow   int64   // times the rows of both
	perPos   float64 // 1/(2·Pos); 0 without positives
	more     *rest
}

// rest is what is seldom needed of a state.
type rest struct {
	bin              int // the calibration bin that is filled
	binBelow, binPos uint32
	binSum           float64
	bins             [summary.CalibrationBins]summary.Bin

	tied

	e10, e01, eAP []float64 // by entry of Blocks: Σ V10·2Neg, Σ place·, Σ X; nil without clusters
}

// tied is the group of equal scores at hand.
type tied struct {
	pos, neg uint32
	runPlace uint64 // of the state before the group
	runAP    float64
	posPlace uint64 // Σ of the baseline's values over the group's positives
	posAP    float64
	place    uint32 // of its positives: doubled count of negatives below, tied as one
	negPlace uint32 // of its negatives
	ap       float64
	kept     uint32 // of its positives
}

func newState(p *summary.Population) state {
	t := state{n: uint32(p.N), more: &rest{}}
	for _, c := range p.Counts.Cells {
		if c.Label == 1 {
			t.pos += uint32(c.N)
		}
	}
	if t.pos > 0 {
		t.perPos = 1 / (2 * float64(t.pos))
	}
	if neg := t.n - t.pos; neg > 0 {
		t.perNeg = 1 / (2 * float64(neg))
	}
	t.split = splitOf(t.pos, t.n-t.pos)
	t.next, t.kept = t.binEnd(), t.split.keep(0, 0)
	return t
}

// negative takes in a negative whose score no other row of the population has, without
// what it means for pairs of models.
func (t *state) negative(score float64) {
	t.sum += score
	t.below++
}

// positive takes in such a positive and returns its place, V10 − ½ and AP value.
func (t *state) positive(score float64) (place uint32, v, ap float64) {
	below, belowPos := t.below, t.belowPos
	negBelow := below - belowPos
	// The distance grows with every negative: it is largest before a positive, least after one.
	gap := int64(below)*int64(t.pos) - int64(belowPos)*int64(t.n)
	t.gapHigh, t.gapLow = max(t.gapHigh, gap), min(t.gapLow, gap-int64(t.n-t.pos))
	negAbove := float64(t.n - t.pos - negBelow)
	inv := 1 / float64(t.n-below)
	prec := float64(t.pos-belowPos) * inv
	rise := prec * inv
	t.q01 += float64(2*belowPos+1) * negAbove
	t.belowAP += rise * t.runAP
	t.belowRun += float64(int64(t.runPlace))
	t.h1 += inv
	own := rise * (2*t.h2 + rise) * negAbove
	t.h2 += rise
	place = 2 * negBelow
	t.u2 += uint64(place)
	v = float64(place)*t.perNeg - 0.5
	t.q10 += v * v
	t.ap += prec
	ap = prec + t.h1 - t.h2
	t.x += ap
	t.xx += own + ap*ap
	t.sum += score
	t.below, t.belowPos = below+1, belowPos+1
	return place, v, ap
}

// meet notes a row of the group of equal scores at hand; first says that it is its first.
func (t *state) meet(positive bool) (first bool) {
	g := &t.more.tied
	if first = g.pos|g.neg == 0; first {
		g.runPlace, g.runAP, g.posPlace, g.posAP = t.runPlace, t.runAP, 0, 0
	}
	if positive {
		g.pos++
	} else {
		g.neg++
	}
	return first
}

// settle takes in the group of equal scores that meet has counted.
func (t *state) settle(score float64) {
	t.turn()
	t.gap()
	g := &t.more.tied
	pos, neg := float64(g.pos), float64(g.neg)
	inv := 1 / float64(t.n-t.below)
	prec := float64(t.pos-t.belowPos) * inv
	rise := pos * prec * inv
	above := float64(t.n - t.pos - (t.below - t.belowPos) - g.neg) // negatives above the group
	b := float64(t.belowPos)
	t.q01 += (pos*b+pos*pos/4)*(neg+above) + (pos*b+pos*pos*3/4)*above
	t.belowAP += rise * g.runAP
	t.belowRun += pos * (float64(int64(g.runPlace)) + float64(int64(t.runPlace-g.runPlace))/2)
	t.h1 += pos * inv
	t.xx += rise * (2*t.h2 + rise) * (neg + above)
	t.h2 += rise
	g.place, g.negPlace = 2*(t.below-t.belowPos)+g.neg, 2*t.belowPos+g.pos
	v := float64(g.place)*t.perNeg - 0.5
	g.ap = prec + t.h1 - t.h2
	t.u2 += uint64(g.pos) * uint64(g.place)
	t.q10 += pos * v * v
	t.ap += pos * prec
	t.x += pos * g.ap
	t.xx += pos * g.ap * g.ap
	t.c10 += v * float64(int64(g.posPlace))
	t.posPlace += g.posPlace
	t.cap += g.ap * g.posAP
	t.sum += (pos + neg) * score
	t.below += g.pos + g.neg
	t.belowPos += g.pos
	t.gap()
}

// gap notes the distance of the distribution functions of the two classes between two
// scores, times the rows of both.
func (t *state) gap() {
	gap := int64(t.below)*int64(t.pos) - int64(t.belowPos)*int64(t.n)
	t.gapHigh, t.gapLow = max(t.gapHigh, gap), min(t.gapLow, gap)
}

// turn closes the calibration bins that end before the current rank.
func (t *state) turn() {
	for t.below >= t.next {
		t.closeBin()
	}
}

// binEnd is the first rank of the next bin; no rank is it in the last.
func (t *state) binEnd() uint32 {
	if t.more.bin >= summary.CalibrationBins-1 {
		return math.MaxUint32
	}
	return uint32((uint64(t.more.bin+1)*uint64(t.n) + summary.CalibrationBins - 1) / summary.CalibrationBins)
}

func (t *state) closeBin() {
	r := t.more
	r.bins[r.bin] = summary.Bin{N: int64(t.below - r.binBelow), Pos: int64(t.belowPos - r.binPos), SumScore: t.sum - r.binSum}
	r.binBelow, r.binPos, r.binSum = t.below, t.belowPos, t.sum
	r.bin++
	t.next = t.binEnd()
}
