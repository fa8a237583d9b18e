package influence

import (
	"github.com/fairtrial/fairtrial/internal/stat/isotonic"
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
	if !(s.total > 0) {
		return nil, "no weight on any row"
	}
	var groups []pool // the tie groups that have weight, lowest score first
	start, mean := 0, 0.0
	order.rising(func(group []uint32) {
		g := pool{rows: order.at[start : start+len(group)], even: true}
		start += len(group)
		for _, i := range group {
			g.weight += s.weight[i]
			g.hits += s.weight[i] * float64(s.class[i])
			g.even = g.even && s.weight[i] == s.weight[group[0]]
		}
		if g.weight > 0 {
			groups = append(groups, g)
			mean += g.hits / s.total
		}
	})
	r := make([]float64, len(groups))
	shares := make([]isotonic.Pool, len(groups))
	for k, g := range groups {
		shares[k] = isotonic.Pool{Weight: g.weight, Hits: g.hits}
	}
	isotonic.Fit(shares, r, nil)
	var plain, best, base float64
	for k, g := range groups {
		score, rows := s.score[g.rows[0]], int64(len(g.rows))
		if last := len(s.steps) - 1; k > 0 && r[k] == r[k-1] {
			s.steps[last].To, s.steps[last].Rows = score, s.steps[last].Rows+rows
		} else {
			s.steps = append(s.steps, summary.Step{From: score, To: score, Level: r[k], Rows: rows})
		}
		for _, i := range g.rows {
			w, x, y := s.weight[i], s.score[i], float64(s.class[i])
			own, fit, flat := w*(x-y)*(x-y), w*(r[k]-y)*(r[k]-y), w*(mean-y)*(mean-y)
			plain, best, base = plain+own, best+fit, base+flat
			e[0][i], e[1][i] = (own-fit)/s.total, (flat-fit)/s.total
		}
	}
	mcb, dsc := (plain-best)/s.total, (base-best)/s.total
	for i, w := range s.weight {
		e[0][i] -= w * mcb / s.total
		e[1][i] -= w * dsc / s.total
	}
	over := overfit(s, groups, r)
	return []float64{mcb - over, dsc - over, mcb, dsc}, ""
}

// pool is a tie group.
type pool struct {
	rows   []uint32 // of a tie group
	even   bool     // its rows have equal weights
	weight float64
	hits   float64 // weight of positives
}

// overfit is the mean of S(r) − S(r*) over labels drawn with the probabilities r, r* their
// own isotonic regression. Draws depend on nothing but the groups in their order.
func overfit(s *sample, groups []pool, r []float64) float64 {
	const work = 2_000_000 // rows in all: many draws of few rows, a few of many
	draws := max(4, min(100, work/len(s.class)))
	g := resample.NewRNG(1, "isotonic overfit")
	drawn, fit := make([]isotonic.Pool, len(groups)), make([]float64, len(groups))
	sum, stack := 0.0, []isotonic.Pool(nil)
	for range draws {
		for k, x := range groups {
			drawn[k] = isotonic.Pool{Weight: x.weight}
			if x.even && len(x.rows) > 1 {
				drawn[k].Hits = s.weight[x.rows[0]] * float64(g.Binomial(int64(len(x.rows)), r[k]))
				continue
			}
			for _, i := range x.rows {
				if g.Float64() < r[k] {
					drawn[k].Hits += s.weight[i]
				}
			}
		}
		stack = isotonic.Fit(drawn, fit, stack)
		for k, d := range drawn {
			// Σ w((r − y)² − (r* − y)²) over the rows of a group.
			sum += d.Weight*(r[k]*r[k]-fit[k]*fit[k]) - 2*d.Hits*(r[k]-fit[k])
		}
	}
	return sum / float64(draws) / s.total
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
