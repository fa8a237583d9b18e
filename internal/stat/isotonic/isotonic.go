// Package isotonic fits shares that do not fall, by pooling adjacent violators, and says how
// such a fit varies where the probabilities are right. It refuses groups without weight.
package isotonic

import (
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/stat/resample"
)

// Pool is a group of rows: their weight, and that of the positives among them.
type Pool struct {
	Weight, Hits float64
	from         int // the first group of a pool of several
}

// Fit writes the isotonic regression of each group's share of hits into r, groups in the order
// of their scores, and gives back the memory of stack for the next (Ayer and others 1955).
func Fit(groups []Pool, r []float64, stack []Pool) []Pool {
	stack = stack[:0]
	for k, g := range groups {
		g.from = k
		for len(stack) > 0 {
			below := stack[len(stack)-1]
			if below.Hits*g.Weight < g.Hits*below.Weight {
				break
			}
			g = Pool{Weight: g.Weight + below.Weight, Hits: g.Hits + below.Hits, from: below.from}
			stack = stack[:len(stack)-1]
		}
		stack = append(stack, g)
	}
	for p, g := range stack {
		to := len(groups)
		if p+1 < len(stack) {
			to = stack[p+1].from
		}
		for k := g.from; k < to; k++ {
			r[k] = g.Hits / g.Weight
		}
	}
	return stack
}

// bandDraws leave ten draws beyond each end of a 95 % band.
const bandDraws = 400

// Consistency is the pointwise band of the fit at each group where the probabilities are right:
// labels are drawn with them and fitted again (Dimitriadis, Gneiting & Jordan 2021). p are the
// groups' probabilities, rising; rows how many each has.
func Consistency(p []float64, rows []int64, level float64, g *resample.RNG) (lower, upper []float64) {
	groups, r, stack := make([]Pool, len(p)), make([]float64, len(p)), []Pool(nil)
	seen := make([][]float64, len(p))
	for range bandDraws {
		for k, n := range rows {
			groups[k] = Pool{Weight: float64(n), Hits: float64(g.Binomial(n, p[k]))}
		}
		stack = Fit(groups, r, stack)
		for k, x := range r {
			seen[k] = append(seen[k], x)
		}
	}
	lower, upper = make([]float64, len(p)), make([]float64, len(p))
	out := int(math.Floor((1 - level) / 2 * bandDraws))
	for k, x := range seen {
		slices.Sort(x)
		lower[k], upper[k] = x[out], x[len(x)-1-out]
	}
	return lower, upper
}
