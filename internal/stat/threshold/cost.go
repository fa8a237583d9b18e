package threshold

import "math"

// Folds are the cuts of one model with their counts split into folds: Rows[i][f] and
// Hits[i][f] at or above cut i in fold f. Total and Positives are all rows of a fold.
// They may be weights; then the error of the cost is not that of rows and to be left out.
type Folds struct {
	Scores    []float64
	Rows      [][]float64
	Hits      [][]float64
	Total     []float64
	Positives []float64
}

// Costs of the four outcomes of a row.
type Costs struct{ TP, FP, FN, TN float64 }

// Cheapest is a threshold chosen for its cost.
type Cheapest struct {
	At int // index of the cut; −1: call no row positive
	// Cost is the mean cost a row of the procedure, each fold judged at the threshold that
	// the others chose, so that it is not flattered by the choice; SE is its error.
	Cost float64
	SE   float64
	// Seen is the mean cost of the chosen threshold on the rows that chose it.
	Seen float64
}

// MinimalCost chooses the threshold of least cost on all rows, and says by cross-fitting
// what such a choice costs on rows that it has not seen. Folds must keep what is
// dependent together. Without a row it is not ok.
func MinimalCost(f Folds, c Costs) (Cheapest, bool) {
	all := make([]bool, len(f.Total))
	n := 0.0
	for k := range all {
		all[k] = true
		n += f.Total[k]
	}
	if n == 0 {
		return Cheapest{}, false
	}
	out := Cheapest{At: f.cheapest(c, all)}
	out.Seen, _ = f.cost(out.At, c, all)
	var sum, square float64
	for k := range f.Total {
		if f.Total[k] == 0 {
			continue
		}
		others, own := make([]bool, len(all)), make([]bool, len(all))
		for i := range others {
			others[i], own[i] = i != k, i == k
		}
		at := out.At
		if n > f.Total[k] {
			at = f.cheapest(c, others)
		}
		mean, second := f.cost(at, c, own)
		sum += mean * f.Total[k]
		square += second * f.Total[k]
	}
	out.Cost = sum / n
	out.SE = math.NaN()
	if n > 1 {
		out.SE = math.Sqrt(math.Max(0, square/n-out.Cost*out.Cost) / (n - 1))
	}
	return out, true
}

// cheapest is the cut of least cost in the chosen folds, the higher one of equals.
func (f Folds) cheapest(c Costs, in []bool) int {
	best, least := -1, math.Inf(1)
	for at := -1; at < len(f.Scores); at++ {
		if mean, _ := f.cost(at, c, in); mean < least {
			best, least = at, mean
		}
	}
	return best
}

// cost is the mean and the mean square of the cost a row at a cut.
func (f Folds) cost(at int, c Costs, in []bool) (mean, square float64) {
	var n, pos, called, hits float64
	for k, yes := range in {
		if !yes {
			continue
		}
		n, pos = n+f.Total[k], pos+f.Positives[k]
		if at >= 0 {
			called, hits = called+f.Rows[at][k], hits+f.Hits[at][k]
		}
	}
	for _, x := range [][2]float64{{hits, c.TP}, {called - hits, c.FP}, {pos - hits, c.FN}, {n - pos - called + hits, c.TN}} {
		mean += x[0] * x[1] / n
		square += x[0] * x[1] * x[1] / n
	}
	return mean, square
}
