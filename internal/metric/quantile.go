package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/stat/interval"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// quantile is a quantile of a row expression, with the interval between two order
// statistics (binomial; with weights or clusters Woodruff's, on the design effect of the
// share below it).
type quantile struct {
	term   summary.Expr
	q      float64
	scorer string // whose scores the term is; empty: none, and no row is ungraded
}

func (m quantile) spec() summary.Spec    { return summary.QuantileOf(m.term, m.q) }
func (m quantile) needs() []summary.Spec { return []summary.Spec{m.spec()} }

// asQuantile completes an entry that is the quantile of a row expression: of a scorer's scores,
// where one is named.
func (x *Metric) asQuantile(term summary.Expr, scorer string) *Metric {
	x.Interval, x.Paired = "between order statistics (binomial); Woodruff with weights or clusters", "from the ends of both intervals and the correlation of 'below the quantile' (MOVER)"
	x.Variant, x.Source = "interpolated between two rows (Hyndman & Fan's type 7, as numpy); with weights on Kish's rows", "Woodruff 1952; Hyndman & Fan 1996; Zou & Donner 2008; Akinshin 2023"
	x.Params = []Param{{Name: "q", Doc: "the quantile", Required: true, Min: 0.001, Max: 0.999}}
	x.build = func(o Options) (measure, error) {
		return quantile{term: term, q: o.param("q", 0.5), scorer: scorer}, nil
	}
	return x
}

// placed is a quantile of one model with what its interval is read from.
type placed struct {
	summary.QuantileModel
	q    float64
	n    int64
	kish float64 // 0 without weights
	s    spread  // of the share at or below the value
	deff float64 // against independent rows of equal weight
	// exact: the rows are independent and of equal weight.
	exact bool
}

// ladder reads the order statistics at a distance of crit standard errors of the share
// below: for independent rows those of the exact binomial tails.
func (x placed) ladder(crit float64) (lo, hi float64, ok bool) {
	if len(x.Ladder) == 0 || math.IsNaN(crit) {
		return 0, 0, false
	}
	half := crit * math.Sqrt(x.q*(1-x.q)*float64(x.n)*x.deff)
	if x.kish > 0 {
		return x.byWeight(half / float64(x.n))
	}
	if x.exact {
		l, u, _, ok := interval.OrderRanks(int(x.n), x.q, 1-2*dist.NormCDF(-crit))
		if !ok {
			return 0, 0, false
		}
		return x.outward(float64(l), float64(u))
	}
	mid := x.q*float64(x.n-1) + 1
	return x.outward(math.Floor(mid-half), math.Ceil(mid+half))
}

// outward are the nearest ranks outward that are kept: never a shorter interval.
func (x placed) outward(l, u float64) (lo, hi float64, ok bool) {
	if l < 1 || u > float64(x.n) || float64(x.Ranks[0]) > l || float64(x.Ranks[len(x.Ranks)-1]) < u {
		return 0, 0, false
	}
	for i, r := range x.Ranks {
		if float64(r) <= l {
			lo = x.Ladder[i]
		}
	}
	for i := len(x.Ranks) - 1; i >= 0; i-- {
		if float64(x.Ranks[i]) >= u {
			hi = x.Ladder[i]
		}
	}
	return lo, hi, true
}

// byWeight is ladder with shares of weight in the place of ranks; half is a share too.
// With equal weights it is the same rows.
func (x placed) byWeight(half float64) (lo, hi float64, ok bool) {
	const rounding = 1e-11
	mid, below, above := x.q+(1-x.q)/x.kish, false, false
	for i, c := range x.Cum {
		if c <= mid-half+rounding {
			lo, below = x.Ladder[i], true
		}
		if !above && c >= mid+half-rounding {
			hi, above = x.Ladder[i], true
		}
	}
	return lo, hi, below && above
}

// read gives the value with the error of the share below: binomial, or with weights the
// sandwich and with clusters sums by cluster, as a design effect (Woodruff 1952).
func (m quantile) read(v *View, model int) (x placed, why string) {
	q := v.Pop.FindQuantile(m.spec())
	if q == nil || q.N == 0 {
		if m.scorer != "" {
			return x, "no row was graded"
		}
		return x, "no usable rows"
	}
	x = placed{QuantileModel: q.Models[model], q: m.q, n: q.N, kish: q.Kish, deff: 1, s: spread{df: math.Inf(1)}, exact: !v.Set.Weighted && v.Pop.Blocks == nil}
	n := float64(q.N)
	share := float64(x.Below) / n
	if x.s.iid = share * (1 - share) * n; v.Set.Weighted {
		if q.Kish == 0 {
			return x, "every weight is 0"
		}
		share = x.Share
		x.s.df, x.s.iid, x.deff = q.Kish-1, x.SS, n/q.Kish
		if share > 0 && share < 1 {
			x.deff = x.SS / (share * (1 - share)) * n
		}
	}
	if b := v.Pop.Blocks; b != nil {
		if x.s = clustered(b, x.Blocks, x.s.iid); x.s.iid > 0 {
			x.deff *= math.Max(1, x.s.variance/x.s.iid) // NaN stays NaN
		}
	}
	return x, ""
}

// se is the standard error that a 95 % interval of order statistics implies
// (McKean & Schrader 1984).
func (x placed) se() float64 {
	z := dist.NormQuantile(0.975)
	lo, hi, ok := x.ladder(z)
	if !ok {
		return math.NaN()
	}
	return (hi - lo) / (2 * z)
}

// spread is the error of the quantile itself: the sums of the share, turned round and in
// the quantile's units.
func (x placed) spread() spread {
	s, se := x.s, x.se()
	sd, sums := math.Sqrt(s.variance), s.sums
	s.variance = se * se
	s.sums = make([]float64, len(sums))
	for i, e := range sums {
		s.sums[i] = -e * se / sd
	}
	return s
}

// shape is the interval for an error so many times as large as the share's.
func (x placed) shape(times, df float64) infer.Shape {
	return infer.Given{At: func(level float64) (float64, float64, bool) {
		if math.IsNaN(df) || df < 1 {
			return 0, 0, false
		}
		return x.ladder(times * dist.TQuantile(1-(1-level)/2, df))
	}, Wider: x.wider, Score: x.score()}
}

// wider is shape where rows hang together: no exact tails are left.
func (x placed) wider(times, df float64) infer.Shape {
	x.exact = false
	return x.shape(times, df)
}

// score inverts the exact interval: that few rows below a bound, or that few at or below it,
// have a binomial chance. nil where it is not exact.
func (x placed) score() func(bound float64) float64 {
	if !x.exact {
		return nil
	}
	return func(b float64) float64 {
		switch {
		case b > x.Value:
			below := int64(0) // kept rows alone: at least so many
			for i, v := range x.Ladder {
				if v < b {
					below = x.Ranks[i]
				}
			}
			return math.Min(0, dist.NormQuantile(1-dist.BinomialCDF(below-1, x.n, x.q)))
		case b < x.Value:
			upTo := x.n
			for i := len(x.Ladder) - 1; i >= 0 && x.Ladder[i] > b; i-- {
				upTo = x.Ranks[i] - 1
			}
			return math.Max(0, -dist.NormQuantile(dist.BinomialCDF(upTo, x.n, x.q)))
		}
		return 0
	}
}

func (m quantile) estimate(v *View, model int) Answer {
	x, why := m.read(v, model)
	if why != "" {
		a := undefined(x.n, why)
		a.Ungraded = m.ungraded(v)
		return a
	}
	i := infer.Inference{Value: x.Value, SE: x.se(), DF: x.s.df, Method: "order statistics (binomial)"}
	switch {
	case v.Pop.Blocks != nil:
		i.Method = "order statistics (Woodruff, clusters)"
	case v.Set.Weighted:
		i.Method = "order statistics (Woodruff, weights)"
	}
	i.Shape = x.shape(1, x.s.df)
	a := answered(i, x.n)
	if v.Set.Weighted || v.Pop.Blocks != nil {
		a.NEff = math.Min(float64(x.n), float64(x.n)/x.deff)
	}
	if _, _, ok := i.Interval(0.95); !ok && x.s.note == "" {
		a.note("%s", x.few())
	}
	if x.s.note != "" {
		a.note("%s", x.s.note)
	}
	if a.Ungraded = m.ungraded(v); a.Ungraded > 0 {
		a.note("%d of %d rows are ungraded", a.Ungraded, a.N+a.Ungraded)
	}
	return a
}

// ungraded is the usable rows that the scorer gave no score to for some model.
func (m quantile) ungraded(v *View) int64 {
	if m.scorer == "" {
		return 0
	}
	return v.Pop.Ungraded[m.scorer]
}

func (m quantile) between(x, y *View, model int, ratio bool) Answer {
	xa, why := m.read(x, model)
	if why != "" {
		return undefined(xa.n, why)
	}
	ya, why := m.read(y, model)
	if why != "" {
		return undefined(ya.n, why)
	}
	return acrossAnswer(xa.Value, ya.Value, xa.spread(), ya.spread(), ratio, xa.n, ya.n, nil)
}

// largest is the largest value of the expression: a fact of these rows, without an error.
type largest struct{ term summary.Expr }

func (m largest) needs() []summary.Spec { return []summary.Spec{summary.QuantileOf(m.term, 0.5)} }

func (m largest) estimate(v *View, model int) Answer {
	q := v.Pop.FindQuantile(m.needs()[0])
	if q == nil || q.N == 0 {
		return undefined(0, "no usable rows")
	}
	x := q.Models[model]
	if len(x.Ladder) == 0 {
		return undefined(q.N, "every weight is 0")
	}
	return answered(infer.Inference{Value: x.Ladder[len(x.Ladder)-1], SE: math.NaN(), DF: math.Inf(1), Shape: infer.None{}, Method: "none"}, q.N)
}

func (m largest) contrast(v *View, a, b int, k float64) Answer {
	return plainContrast(m.estimate(v, a), m.estimate(v, b), k, "")
}

func (m largest) between(x, y *View, model int, ratio bool) Answer {
	return plainBetween(m.estimate(x, model), m.estimate(y, model), ratio)
}
