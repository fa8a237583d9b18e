package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// quantile is a quantile of a row expression, with the interval between two order
// statistics (binomial; with clusters Woodruff's, on the design effect of the share
// of rows below it).
type quantile struct {
	term summary.Expr
	q    float64
}

func (m quantile) spec() summary.Spec    { return summary.QuantileOf(m.term, m.q) }
func (m quantile) needs() []summary.Spec { return []summary.Spec{m.spec()} }

// ladder reads the order statistics at a distance of z standard errors of the share
// below, in ranks.
func ladder(x summary.QuantileModel, n int64, q, half float64) (lo, hi float64, ok bool) {
	mid := q*float64(n-1) + 1
	l, u := math.Floor(mid-half), math.Ceil(mid+half)
	if l < 1 || u > float64(n) || len(x.Ranks) == 0 {
		return 0, 0, false
	}
	if float64(x.Ranks[0]) > l || float64(x.Ranks[len(x.Ranks)-1]) < u {
		return 0, 0, false
	}
	// The nearest ranks outward that are kept: never a shorter interval.
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

// read gives the value, the design effect of the share below and the degrees of freedom.
func (m quantile) read(v *View, model int) (x summary.QuantileModel, n int64, deff, df float64, note, why string) {
	q := v.Pop.FindQuantile(m.spec())
	if q == nil || q.N == 0 {
		return x, 0, 0, 0, "", "no usable rows"
	}
	x, n = q.Models[model], q.N
	deff, df = 1, math.Inf(1)
	if b := v.Pop.Blocks; b != nil {
		s := clustered(b, x.Blocks, m.q*(1-m.q)*float64(n))
		deff, df, note = s.variance/s.iid, s.df, s.note
		if deff < 1 {
			deff = 1
		}
	}
	return x, n, deff, df, note, ""
}

// se is the standard error that a 95 % interval of order statistics implies
// (McKean & Schrader 1984).
func (m quantile) se(x summary.QuantileModel, n int64, deff float64) float64 {
	z := dist.NormQuantile(0.975)
	lo, hi, ok := ladder(x, n, m.q, z*math.Sqrt(m.q*(1-m.q)*float64(n)*deff))
	if !ok {
		return math.NaN()
	}
	return (hi - lo) / (2 * z)
}

func (m quantile) estimate(v *View, model int) Answer {
	x, n, deff, df, note, why := m.read(v, model)
	if why != "" {
		return undefined(n, why)
	}
	i := infer.Inference{Value: x.Value, SE: m.se(x, n, deff), DF: df, Method: "order statistics (binomial)"}
	if v.Pop.Blocks != nil {
		i.Method = "order statistics (Woodruff, clusters)"
	}
	i.Shape = infer.Given{At: func(level float64) (float64, float64, bool) {
		if math.IsNaN(df) || df < 1 {
			return 0, 0, false
		}
		return ladder(x, n, m.q, dist.TQuantile(1-(1-level)/2, df)*math.Sqrt(m.q*(1-m.q)*float64(n)*deff))
	}}
	a := answered(i, n)
	if _, _, ok := i.Interval(0.95); !ok && note == "" {
		a.note("too few rows for an interval of order statistics")
	}
	if note != "" {
		a.note("%s", note)
	}
	return a
}

// contrast combines the two standard errors with the correlation of "below its own
// quantile" (φ of the 2×2 table of the same rows).
func (m quantile) contrast(v *View, a, b int, k float64) Answer {
	xa, n, deffA, df, note, why := m.read(v, a)
	if why != "" {
		return undefined(n, why)
	}
	xb, _, deffB, _, _, why := m.read(v, b)
	if why != "" {
		return undefined(n, why)
	}
	sa, sb := m.se(xa, n, deffA), m.se(xb, n, deffB)
	phi, ok := 0.0, false
	for _, p := range v.Pop.FindQuantile(m.spec()).Pairs {
		if p.A == a && p.B == b || p.A == b && p.B == a {
			f := float64(n)
			pa, pb := float64(xa.Below)/f, float64(xb.Below)/f
			if d := math.Sqrt(pa * (1 - pa) * pb * (1 - pb)); d > 0 {
				phi = (float64(p.Both)/f - pa*pb) / d
			}
			ok = true
		}
	}
	if !ok {
		return undefined(n, notTogether)
	}
	va := sa*sa + k*k*sb*sb - 2*k*phi*sa*sb
	x := answered(infer.Inference{Value: xa.Value - k*xb.Value, SE: math.Sqrt(math.Max(0, va)), DF: df, Shape: infer.NewSymmetric(),
		Method: "paired: order-statistic errors with their correlation"}, n)
	if note != "" {
		x.note("%s", note)
	}
	return x
}

func (m quantile) between(x, y *View, model int, ratio bool) Answer {
	xa, nx, dx, fx, _, why := m.read(x, model)
	if why != "" {
		return undefined(nx, why)
	}
	ya, ny, dy, fy, _, why := m.read(y, model)
	if why != "" {
		return undefined(ny, why)
	}
	sx, sy := m.se(xa, nx, dx), m.se(ya, ny, dy)
	return acrossAnswer(xa.Value, ya.Value, spread{variance: sx * sx, df: fx}, spread{variance: sy * sy, df: fy}, ratio, nx, ny, nil)
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
	return answered(infer.Inference{Value: x.Ladder[len(x.Ladder)-1], SE: math.NaN(), DF: math.Inf(1), Shape: infer.None{}, Method: "none"}, q.N)
}

func (m largest) contrast(v *View, a, b int, k float64) Answer {
	return plainContrast(m.estimate(v, a), m.estimate(v, b), k, "")
}

func (m largest) between(x, y *View, model int, ratio bool) Answer {
	return plainBetween(m.estimate(x, model), m.estimate(y, model), ratio)
}
