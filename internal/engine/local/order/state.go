package order

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/summary"
)

// head is what every row of a population touches on the walk of one score from below. What
// negatives add up to is settled at the positives, by parts: a positive raises the value
// of each negative above it, and how many those are is known.
type head struct {
	below uint32  // rows strictly below
	next  uint32  // rank at which the next calibration bin begins
	sum   float64 // Σ score so far, for the calibration bins
	run   uint64  // Σ of what the baseline leaves for the negatives of the block, as wide spreads them
	_     uint64  // half a cache line: found by a shift
}

// state is the rest of one population's walk.
type state struct {
	n, pos uint32
	perNeg float64 // 1/(2·Neg); 0 without negatives

	belowPos uint32 // positives of the rows below, once those that a loop has passed are settled

	h1, h2  float64 // Σ k⁺/N and Σ k⁺·TP/N² over the tie groups so far
	u2      uint64  // Σ over positives of 2·(negatives below + ½ tied)
	q10     float64 // Σ (V − ½)² over positives
	q01     float64 // Σ (positives below + ½ tied)² over negatives
	ap      float64 // Σ over positives of precision
	x       float64 // Σ over positives of X = P + H1 − H2
	xx      float64 // Σ X² over positives + Σ H2² over negatives
	missed  float64 // Σ over positives of the rise of H2 · negatives below
	gapHigh int64   // extremes of the distance of the two classes' distribution functions,
	gapLow  int64   // times the rows of both

	units    units   // of what the baseline leaves
	runPlace uint64  // Σ of the baseline's places and
	runAP    uint64  // AP values over the negatives of the blocks before
	c10, cap float64 // Σ of products with the baseline's values over positives
	belowRun float64 // Σ over positives of the baseline's places of the negatives below (half of tied)
	belowAP  float64 // Σ over positives of the rise of H2 · the baseline's AP values of the negatives below
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
	runAP    uint64
	posPlace uint64 // Σ of the baseline's values over the group's positives
	posAP    uint64
	place    uint32 // of its positives: doubled count of negatives below, tied as one
	negPlace uint32 // of its negatives
	ap       float64
}

func newState(p *summary.Population) (head, state) {
	t := state{n: uint32(p.N), more: &rest{}}
	for _, c := range p.Counts.Cells {
		if c.Label == 1 {
			t.pos += uint32(c.N)
		}
	}
	if neg := t.n - t.pos; neg > 0 {
		t.perNeg = 1 / (2 * float64(neg))
	}
	return head{next: t.binEnd()}, t
}

// positive takes in a positive whose score no other row of the population has, above the
// rows given. It returns its V10 − ½, its AP value and how much it raises H2.
func (t *state) positive(below uint32) (v, ap, rise float64) {
	belowPos := t.belowPos
	t.belowPos++
	negBelow := below - belowPos
	// The distance grows with every negative: it is largest before a positive, least after one.
	gap := int64(below)*int64(t.pos) - int64(belowPos)*int64(t.n)
	t.gapHigh, t.gapLow = max(t.gapHigh, gap), min(t.gapLow, gap-int64(t.n-t.pos))
	negAbove := float64(t.n - t.pos - negBelow)
	inv := 1 / float64(t.n-below)
	prec := float64(t.pos-belowPos) * inv
	rise = prec * inv
	t.q01 += float64(2*belowPos+1) * negAbove
	t.h1 += inv
	t.missed += rise * float64(negBelow)
	own := rise * (2*t.h2 + rise) * negAbove
	t.h2 += rise
	place := 2 * negBelow
	t.u2 += uint64(place)
	v = float64(place)*t.perNeg - 0.5
	t.q10 += v * v
	t.ap += prec
	ap = prec + t.h1 - t.h2
	t.x += ap
	t.xx += own + ap*ap
	return v, ap, rise
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
func (t *state) settle(h *head, score float64) {
	t.turn(h)
	t.gap(h)
	g := &t.more.tied
	pos, neg := float64(g.pos), float64(g.neg)
	below, belowPos := h.below, t.belowPos
	inv := 1 / float64(t.n-below)
	prec := float64(t.pos-belowPos) * inv
	rise := pos * prec * inv
	above := float64(t.n - t.pos - (below - belowPos) - g.neg) // negatives above the group
	b := float64(belowPos)
	t.q01 += (pos*b+pos*pos/4)*(neg+above) + (pos*b+pos*pos*3/4)*above
	t.belowAP += rise * float64(int64(g.runAP))
	t.belowRun += pos * (float64(int64(g.runPlace)) + float64(int64(t.runPlace-g.runPlace))/2)
	t.h1 += pos * inv
	t.missed += rise * float64(below-belowPos)
	t.xx += rise * (2*t.h2 + rise) * (neg + above)
	t.h2 += rise
	g.place, g.negPlace = 2*(below-belowPos)+g.neg, 2*belowPos+g.pos
	v := float64(g.place)*t.perNeg - 0.5
	g.ap = prec + t.h1 - t.h2
	t.u2 += uint64(g.pos) * uint64(g.place)
	t.q10 += pos * v * v
	t.ap += pos * prec
	t.x += pos * g.ap
	t.xx += pos * g.ap * g.ap
	t.c10 += v * float64(int64(g.posPlace))
	t.cap += g.ap * float64(int64(g.posAP))
	h.sum += (pos + neg) * score
	h.below += g.pos + g.neg
	t.belowPos += g.pos
	t.gap(h)
}

// gap notes the distance of the distribution functions of the two classes between two
// scores, times the rows of both.
func (t *state) gap(h *head) {
	gap := int64(h.below)*int64(t.pos) - int64(t.belowPos)*int64(t.n)
	t.gapHigh, t.gapLow = max(t.gapHigh, gap), min(t.gapLow, gap)
}

// turn closes the calibration bins that end before the current rank.
func (t *state) turn(h *head) {
	for h.below >= h.next {
		t.closeBin(h)
	}
}

// binEnd is the first rank of the next bin; no rank is it in the last.
func (t *state) binEnd() uint32 {
	if t.more.bin >= summary.CalibrationBins-1 {
		return math.MaxUint32
	}
	return uint32((uint64(t.more.bin+1)*uint64(t.n) + summary.CalibrationBins - 1) / summary.CalibrationBins)
}

func (t *state) closeBin(h *head) {
	r := t.more
	r.bins[r.bin] = summary.Bin{N: int64(h.below - r.binBelow), Pos: int64(t.belowPos - r.binPos), SumScore: h.sum - r.binSum}
	r.binBelow, r.binPos, r.binSum = h.below, t.belowPos, h.sum
	r.bin++
	h.next = t.binEnd()
}
