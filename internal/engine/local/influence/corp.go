package influence

import (
	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// corp is miscalibration and discrimination of the Brier score S: MCB = S(x) − S(r) and
// DSC = S(ȳ) − S(r), with r the isotonic regression of the labels on the scores by pooling
// adjacent violators (Dimitriadis, Gneiting & Jordan 2021). S(x) = MCB − DSC + UNC.
//
// By the envelope theorem the influence of a row on S(r) is (r − y)² − S(r). But r is
// fitted to the rows that it is judged on, so that S(r) is too small by about n^(−2/3),
// which is not small beside an error. That overfit is seen when labels are drawn anew with
// the probabilities r and fitted again; both parts are given without it, and then the plain
// ones, which have the same influences.
func corp(s *sample, e [][]float64) ([]float64, string) {
	order := rank(s.score)
	n := len(order.at)
	var groups []pool // the tie groups, lowest score first
	order.rising(func(group []uint32) {
		g := pool{rows: len(group)}
		for _, i := range group {
			g.hits += float64(s.class[i])
		}
		groups = append(groups, g)
	})
	r := make([]float64, len(groups))
	isotonic(groups, r)
	total, mean := float64(n), 0.0
	for _, g := range groups {
		mean += g.hits / total
	}
	var plain, best, base float64
	at := 0
	for k, g := range groups {
		score := s.score[order.at[at]]
		if last := len(s.steps) - 1; k > 0 && r[k] == r[k-1] {
			s.steps[last].To, s.steps[last].Rows = score, s.steps[last].Rows+int64(g.rows)
		} else {
			s.steps = append(s.steps, summary.Step{From: score, To: score, Level: r[k], Rows: int64(g.rows)})
		}
		for _, i := range order.at[at : at+g.rows] {
			x, y := s.score[i], float64(s.class[i])
			own, fit, flat := (x-y)*(x-y), (r[k]-y)*(r[k]-y), (mean-y)*(mean-y)
			plain, best, base = plain+own, best+fit, base+flat
			e[0][i], e[1][i] = (own-fit)/total, (flat-fit)/total
		}
		at += g.rows
	}
	mcb, dsc := (plain-best)/total, (base-best)/total
	for i := range s.class {
		e[0][i] -= mcb / total
		e[1][i] -= dsc / total
	}
	over := overfit(groups, r, n)
	return []float64{mcb - over, dsc - over, mcb, dsc}, ""
}

// pool is neighbouring tie groups that the regression puts on one level.
type pool struct {
	rows int
	hits float64
	from int // the first group of it
}

// isotonic writes the isotonic regression of each group's share of hits into r.
func isotonic(groups []pool, r []float64) {
	stack := make([]pool, 0, len(groups))
	for k, g := range groups {
		g.from = k
		for len(stack) > 0 {
			below := stack[len(stack)-1]
			if below.hits*float64(g.rows) < g.hits*float64(below.rows) {
				break
			}
			g = pool{rows: g.rows + below.rows, hits: g.hits + below.hits, from: below.from}
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
			r[k] = g.hits / float64(g.rows)
		}
	}
}

// overfit is the mean of S(r) − S(r*) over labels drawn with the probabilities r, r* their
// own isotonic regression. Draws depend on nothing but the groups in their order.
func overfit(groups []pool, r []float64, n int) float64 {
	if n == 0 {
		return 0
	}
	const work = 2_000_000 // rows in all: many draws of few rows, a few of many
	draws := max(4, min(100, work/n))
	g := resample.NewRNG(1, "isotonic overfit")
	drawn, fit := make([]pool, len(groups)), make([]float64, len(groups))
	sum := 0.0
	for range draws {
		for k := range groups {
			drawn[k] = pool{rows: groups[k].rows, hits: float64(g.Binomial(int64(groups[k].rows), r[k]))}
		}
		isotonic(drawn, fit)
		for k, d := range drawn {
			// Σ (r − y)² − (r* − y)² over the rows of a group.
			sum += float64(d.rows)*(r[k]*r[k]-fit[k]*fit[k]) - 2*d.hits*(r[k]-fit[k])
		}
	}
	return sum / float64(draws) / float64(n)
}

// uncertainty is the variance of the label, ȳ(1 − ȳ).
func uncertainty(s *sample, e [][]float64) ([]float64, string) {
	pos := 0.0
	for i, y := range s.class {
		pos += s.weight[i] * float64(y)
	}
	if !(s.total > 0) {
		return nil, "no weight on any row"
	}
	mean := pos / s.total
	for i, y := range s.class {
		e[0][i] = s.weight[i] * (1 - 2*mean) * (float64(y) - mean) / s.total
	}
	return []float64{mean * (1 - mean)}, ""
}
