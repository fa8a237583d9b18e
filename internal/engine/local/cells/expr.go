package cells

import (
	"math"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// epsilon clips probabilities as scikit-learn does for float64.
const epsilon = 1.0 / (1 << 52)

// column fills values of one row expression of one model for rows [from, to). It returns how
// many are not zero, or −1 where it has not counted.
type column func(from, to int, out []float64) int

// columns lays a spec out as summary.Spec.Index says: shared expressions first, then
// model by model.
func (j *job) columns(s summary.Spec) []column {
	out := make([]column, s.Columns(len(j.r.Models)))
	for _, e := range s.Exprs() {
		if e.Shared() {
			out[s.Index(e, 0)] = j.expression(e, nil)
			continue
		}
		for m := range j.r.Models {
			out[s.Index(e, m)] = j.expression(e, &j.r.Models[m])
		}
	}
	return out
}

// each makes a column of a function of the row number.
func each(f func(i int) float64) column {
	return func(from, to int, out []float64) int {
		for i := from; i < to; i++ {
			out[i-from] = f(i)
		}
		return -1
	}
}

func (j *job) expression(e summary.Expr, m *rows.Model) column {
	r := j.r
	if name, isGraded, ok := e.Scorer(); ok {
		return given(r.Given[name], isGraded, m)
	}
	if scorer, names, ok := e.Product(); ok {
		return product(r, r.Given[scorer], names, m)
	}
	if r.Task != cases.Regression && m != nil && m.Probs == nil && m.Score == nil {
		// A model without probabilities beside one that has them: never read, since
		// the metric does not fit it.
		return each(func(int) float64 { return 0 })
	}
	switch e {
	case summary.LogLoss:
		log := newLogTable()
		if m.Probs != nil {
			return func(from, to int, out []float64) int {
				for i := range out[:to-from] {
					out[i] = clip(m.Probs[r.Class[from+i]][from+i])
				}
				log.losses(out[:to-from])
				return -1
			}
		}
		return func(from, to int, out []float64) int {
			class, score := r.Class[from:to], m.Score[from:to]
			for i, p := range score {
				p = math.Abs(p - float64(1-class[i])) // of the row's own class, without a branch
				if p < epsilon || p > 1-epsilon {
					p = clip(p)
				}
				out[i] = p
			}
			log.losses(out[:to-from])
			return -1
		}
	case summary.Clipped:
		if m.Probs == nil {
			return func(from, to int, out []float64) int {
				clear(out)
				set := 0
				for i, p := range m.Score[from:to] {
					// The clip is symmetric: it changes p of either class alike.
					if p < epsilon || p > 1-epsilon {
						if out[i] = clipped(p, r.Class[from+i]); out[i] != 0 {
							set++
						}
					}
				}
				return set
			}
		}
		return each(func(i int) float64 {
			return clipped(m.Probs[r.Class[i]][i], 1)
		})
	case summary.Brier:
		return func(from, to int, out []float64) int {
			class, score := r.Class[from:to], m.Score[from:to]
			for i, p := range score {
				d := p - float64(class[i])
				out[i] = d * d
			}
			return -1
		}
	case summary.Error:
		return each(func(i int) float64 { return m.Score[i] - r.Target[i] })
	case summary.AbsError:
		return each(func(i int) float64 { return math.Abs(m.Score[i] - r.Target[i]) })
	case summary.SquaredError:
		return each(func(i int) float64 { d := m.Score[i] - r.Target[i]; return d * d })
	case summary.PctError:
		return each(func(i int) float64 {
			if zeroLabel(r.Target[i]) {
				return 0
			}
			return math.Abs(m.Score[i]-r.Target[i]) / math.Abs(r.Target[i])
		})
	case summary.OverError:
		return each(func(i int) float64 { return math.Max(m.Score[i]-r.Target[i], 0) })
	case summary.UnderError:
		return each(func(i int) float64 { return math.Max(r.Target[i]-m.Score[i], 0) })
	case summary.SymPctError:
		return each(func(i int) float64 {
			size := math.Abs(m.Score[i]) + math.Abs(r.Target[i])
			if zeroLabel(size) {
				return 0
			}
			return 2 * math.Abs(m.Score[i]-r.Target[i]) / size
		})
	case summary.SquaredLog:
		return each(func(i int) float64 {
			if noLog(m.Score[i], r.Target[i]) {
				return 0
			}
			d := math.Log1p(m.Score[i]) - math.Log1p(r.Target[i])
			return d * d
		})
	case summary.NoLog:
		return each(func(i int) float64 {
			if noLog(m.Score[i], r.Target[i]) {
				return 1
			}
			return 0
		})
	case summary.ErrorLabel:
		return each(func(i int) float64 { return (m.Score[i] - r.Target[i]) * (r.Target[i] - r.Pivot) })
	case summary.Covered, summary.Width, summary.IntervalScore:
		return interval(e, m, r.Target)
	case summary.Label:
		return each(func(i int) float64 { return r.Target[i] - r.Pivot })
	case summary.LabelSquared:
		return each(func(i int) float64 { d := r.Target[i] - r.Pivot; return d * d })
	case summary.AbsLabel:
		return each(func(i int) float64 { return math.Abs(r.Target[i]) })
	case summary.ZeroLabel:
		return each(func(i int) float64 {
			if zeroLabel(r.Target[i]) {
				return 1
			}
			return 0
		})
	}
	if k, ok := e.Places(); ok && m.Probs != nil {
		return each(func(i int) float64 { return topK(m.Probs, i, int(r.Class[i]), k) })
	}
	return each(func(int) float64 { return 0 })
}

// given is an expression of scores that rows were given. Without any the rows are ungraded.
func given(g *rows.Given, isGraded bool, m *rows.Model) column {
	switch {
	case g == nil:
		return each(func(int) float64 { return 0 })
	case isGraded:
		return each(func(i int) float64 {
			if g.Ungraded[i] {
				return 0
			}
			return 1
		})
	}
	score := g.Scores[m.Key]
	return each(func(i int) float64 {
		if g.Ungraded[i] {
			return 0
		}
		return score[i]
	})
}

// product is the product of numbers that rows were given; 0 where one of them is not there.
func product(r *rows.Rows, g *rows.Given, names []string, m *rows.Model) column {
	var factors [][]float64
	for _, name := range names {
		var x []float64
		key := m.Key
		if plain, of := strings.CutSuffix(name, "^"); of {
			if name, key = plain, ""; r.Baseline >= 0 {
				key = r.Models[r.Baseline].Key
			}
		}
		switch {
		case g == nil:
		case name == summary.Score:
			x = g.Scores[key]
		default:
			x = g.More[name][key]
		}
		if x == nil {
			return each(func(int) float64 { return 0 })
		}
		factors = append(factors, x)
	}
	return each(func(i int) float64 {
		if g.Ungraded[i] {
			return 0
		}
		v := 1.0
		for _, x := range factors {
			v *= x[i]
		}
		return v
	})
}

// interval is an expression of a model's prediction intervals; 0, and never read, for a
// model without.
func interval(e summary.Expr, m *rows.Model, target []float64) column {
	if m.Ends == nil {
		return each(func(int) float64 { return 0 })
	}
	low, high := m.Ends[0], m.Ends[1]
	switch e {
	case summary.Covered:
		return each(func(i int) float64 {
			if low[i] <= target[i] && target[i] <= high[i] {
				return 1
			}
			return 0
		})
	case summary.Width:
		return each(func(i int) float64 { return high[i] - low[i] })
	}
	penalty := 2 / (1 - m.Level)
	return each(func(i int) float64 {
		return high[i] - low[i] + penalty*(math.Max(low[i]-target[i], 0)+math.Max(target[i]-high[i], 0))
	})
}

// topK is the chance that class is among the k most probable of row i when classes of
// equal probability are put in any order.
func topK(probs [][]float64, i, class, k int) float64 {
	above, tied := 0, 0
	for _, p := range probs {
		switch {
		case p[i] > probs[class][i]:
			above++
		case p[i] == probs[class][i]:
			tied++ // itself too
		}
	}
	return math.Max(0, math.Min(1, float64(k-above)/float64(tied)))
}

// zeroLabel: a label by which nothing can be divided, since the sums would overflow.
func zeroLabel(y float64) bool { return math.Abs(y) < 1e-50 }

func noLog(f, y float64) bool { return f <= -1 || y <= -1 }

// clipped is 1 when clipping changes the probability of the true class.
func clipped(p float64, class uint16) float64 {
	if class == 0 {
		p = 1 - p
	}
	if clip(p) != p {
		return 1
	}
	return 0
}

func clip(p float64) float64 { return math.Min(1-epsilon, math.Max(epsilon, p)) }

// shifts are constants near the data (the means of the first chunk), about which
// sums are taken so that they keep their digits.
func (j *job) shifts(cols []column) []float64 {
	n := min(j.r.N, chunkRows)
	buf := make([]float64, n)
	out := make([]float64, len(cols))
	for c, col := range cols {
		col(0, n, buf)
		sum := 0.0
		for _, v := range buf {
			sum += v
		}
		if n > 0 {
			out[c] = float64(float32(sum / float64(n)))
		}
		if math.IsInf(out[c], 0) || math.IsNaN(out[c]) {
			out[c] = 0
		}
	}
	return out
}
