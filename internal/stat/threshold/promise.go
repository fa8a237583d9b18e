// Package threshold chooses the score from which on rows are called positive: so that a
// promise about precision or recall holds with its probability, or so that decisions cost
// least. Rows are independent, or clusters of them are (promises only), and may have weights.
package threshold

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// Cut is one threshold: the rows at or above it and the positives among them. Cuts stand
// from the highest score to the lowest, so that both counts grow, and they must be chosen
// without looking at labels.
type Cut struct {
	Score float64
	Rows  int64
	Hits  int64
	// Robust is set where rows have weights or stand in clusters.
	Robust *Robust
}

// most is the number of independent rows that the cut stands on, at most.
func (c Cut) most() float64 {
	if c.Robust != nil {
		return c.Robust.independent()
	}
	return float64(c.Rows)
}

// Chosen is a threshold with what is promised of it.
type Chosen struct {
	At     int     // index of the cut
	PValue float64 // of "the promise is broken" at the chosen cut
	Alpha  float64 // what it had to be below
	Start  int     // index of the cut where its sequence began
}

// starts are the shares of rows at which sequences for precision begin: a single one from
// the top would have too few rows to show anything (Angelopoulos, Bates, Candès, Jordan &
// Lei 2021, fixed sequences with several starts).
func starts() []float64 { return []float64{0.01, 0.02, 0.05, 0.10, 0.20, 0.40} }

// Precision is the lowest threshold whose precision is at least least, with probability
// 1 − alpha over data sets. From each start thresholds fall as long as an exact binomial
// test rejects "below least" at alpha over the number of starts; so the chance that any
// threshold that is passed breaks the promise is at most alpha, and the lowest that is
// passed may be taken. ok is false where none can be promised.
func Precision(cuts []Cut, least, alpha float64) (c Chosen, ok bool) {
	if len(cuts) == 0 || !(least > 0 && least < 1) {
		return Chosen{}, false
	}
	all := float64(cuts[len(cuts)-1].Rows)
	var begin []int
	for _, share := range starts() {
		for i, x := range cuts {
			if float64(x.Rows) >= share*all {
				// One where even all positives would prove nothing is no start.
				if x.most()*math.Log(least) <= math.Log(alpha/float64(len(starts()))) && (len(begin) == 0 || begin[len(begin)-1] != i) {
					begin = append(begin, i)
				}
				break
			}
		}
	}
	best := Chosen{At: -1}
	for _, from := range begin {
		level := alpha / float64(len(begin))
		for i := from; i < len(cuts); i++ {
			p := cuts[i].precisionTail(least)
			if p > level {
				break
			}
			if i > best.At {
				best = Chosen{At: i, PValue: p, Alpha: level, Start: from}
			}
		}
	}
	return best, best.At >= 0
}

// Recall is the highest threshold whose recall is at least least, with probability
// 1 − alpha: thresholds rise from the lowest as long as the test rejects. The lowest cut
// holds all positives.
func Recall(cuts []Cut, least, alpha float64) (c Chosen, ok bool) {
	best := Chosen{At: -1}
	if len(cuts) == 0 || cuts[len(cuts)-1].Hits <= 0 || !(least > 0 && least < 1) {
		return best, false
	}
	for i := len(cuts) - 1; i >= 0; i-- {
		p := cuts[i].recallTail(&cuts[len(cuts)-1], least)
		if p > alpha {
			break
		}
		best = Chosen{At: i, PValue: p, Alpha: alpha, Start: len(cuts) - 1}
	}
	return best, best.At >= 0
}

// upperTail is P(K ≥ k) for K ~ Binomial(n, p), exact.
func upperTail(k, n int64, p float64) float64 {
	if k <= 0 {
		return 1
	}
	return dist.BinomialCDF(n-k, n, 1-p) // n − K ≤ n − k
}
