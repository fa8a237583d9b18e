package metric

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/infer"
)

// contrast is θa − k·θb with an interval from the ends of both intervals and the correlation
// of "below its own quantile" (MOVER, Zou & Donner 2008): as skewed as theirs are, and none
// where one of them has none. The correlation is φ of the 2×2 table of the same rows, that of
// the weighted rows, or that of the sums by cluster.
func (m quantile) contrast(v *View, a, b int, k float64) Answer {
	xa, why := m.read(v, a)
	if why != "" {
		return undefined(xa.n, why)
	}
	xb, why := m.read(v, b)
	if why != "" {
		return undefined(xb.n, why)
	}
	phi, ok := m.correlation(v, a, b, xa, xb)
	if !ok {
		return undefined(xa.n, notTogether)
	}
	method := "paired: order statistics of both with their correlation (MOVER)"
	if xa.s.ids != nil {
		method += ", clusters " + xa.s.how
	}
	p := pairOf{xa, xb, k, phi}
	x := answered(infer.Inference{Value: xa.Value - k*xb.Value, SE: math.NaN(), DF: math.Min(xa.s.df, xb.s.df), Method: method}, xa.n)
	x.Shape = p.shape(1, x.DF)
	if lo, hi, ok := p.at(dist.NormQuantile(0.975)); ok {
		x.SE = (hi - lo) / (2 * dist.NormQuantile(0.975))
		if p.tied(dist.NormQuantile(0.975)) {
			x.note("rows are tied at the quantile: the interval is that of two that each miss half as often")
		}
	} else if xa.s.note == "" {
		x.note("%s", xa.few())
	}
	x.Ungraded = m.ungraded(v)
	if xa.s.note != "" {
		x.note("%s", xa.s.note)
	}
	return x
}

// pairOf are two quantiles of the same rows.
type pairOf struct {
	a, b   placed
	k, phi float64
}

// at is the interval at crit standard errors.
func (p pairOf) at(crit float64) (lo, hi float64, ok bool) {
	la, ua, ok := p.a.ladder(crit)
	if !ok {
		return 0, 0, false
	}
	lb, ub, ok := p.b.ladder(crit)
	if !ok {
		return 0, 0, false
	}
	down, up, k := p.b.Value-lb, ub-p.b.Value, p.k
	if p.tied(crit) {
		return p.box(crit)
	}
	if k < 0 { // θa + |k|·θb
		down, up = up, down
	}
	side := func(x, y float64) float64 {
		return math.Sqrt(math.Max(0, x*x+k*k*y*y-2*k*p.phi*x*y))
	}
	d := p.a.Value - k*p.b.Value
	return d - side(p.a.Value-la, up), d + side(ua-p.a.Value, down), true
}

// fewSteps: in simulations of rounded values, intervals over at least so many different ones
// behaved as those of values that are never tied.
const fewSteps = 6

// steps: rows are tied and an interval goes over few different values.
func (x placed) steps(lo, hi float64) bool {
	rows, values, last := 0, 0, math.NaN()
	for _, v := range x.Ladder {
		if v < lo || v > hi {
			continue
		}
		if rows++; v != last {
			values, last = values+1, v
		}
	}
	return values < fewSteps && values < rows
}

func (p pairOf) tied(crit float64) bool {
	la, ua, _ := p.a.ladder(crit)
	lb, ub, _ := p.b.ladder(crit)
	return p.a.steps(la, ua) || p.b.steps(lb, ub)
}

// box is the interval of two that each miss half as often (Bonferroni): it holds where rows are
// tied at a quantile, so that its distance to the ends, which may be 0, says nothing of an error.
func (p pairOf) box(crit float64) (lo, hi float64, ok bool) {
	crit = -dist.NormQuantile(dist.NormCDF(-crit) / 2)
	la, ua, ok := p.a.ladder(crit)
	if !ok {
		return 0, 0, false
	}
	lb, ub, ok := p.b.ladder(crit)
	x, y := p.k*lb, p.k*ub
	return la - math.Max(x, y), ua - math.Min(x, y), ok
}

// shape is the interval for errors so many times as large; p-values are on the scale of the
// end that lies towards the bound.
func (p pairOf) shape(times, df float64) infer.Shape {
	at := func(level float64) (float64, float64, bool) {
		if math.IsNaN(df) || df < 1 {
			return 0, 0, false
		}
		return p.at(times * dist.TQuantile(1-(1-level)/2, df))
	}
	return infer.Given{At: at, Wider: p.wider, Score: func(b float64) float64 {
		lo, hi, ok := at(0.95)
		if !ok {
			return math.NaN()
		}
		d := p.a.Value - p.k*p.b.Value
		end := d - lo
		if b > d {
			end = hi - d
		}
		if !(end > 0) {
			return math.NaN()
		}
		return (d - b) / end * dist.TQuantile(0.975, df)
	}}
}

func (p pairOf) wider(times, df float64) infer.Shape {
	p.a.exact, p.b.exact = false, false
	return p.shape(times, df)
}

// correlation of being below. Few rows beside a quantile may agree by chance: half a row is
// added to each side on which they do not, so that no correlation is perfect.
func (m quantile) correlation(v *View, a, b int, xa, xb placed) (phi float64, ok bool) {
	var ab, aa, bb float64
	if v.Pop.Blocks != nil {
		for g, x := range xa.Blocks {
			y := xb.Blocks[g]
			ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		}
		ok = true
	} else {
		for _, p := range v.Pop.FindQuantile(m.spec()).Pairs {
			if !(p.A == a && p.B == b || p.A == b && p.B == a) {
				continue
			}
			if ok = true; v.Set.Weighted {
				ab, aa, bb = p.Cov, xa.SS, xb.SS
				break
			}
			n := float64(xa.n)
			pa, pb := float64(xa.Below)/n, float64(xb.Below)/n
			ab, aa, bb = float64(p.Both)/n-pa*pb, pa*(1-pa), pb*(1-pb)
		}
	}
	if aa > 0 && bb > 0 {
		phi = math.Max(-1, math.Min(1, ab/math.Sqrt(aa*bb)))
	}
	return xa.shrunk(xb, phi), ok
}

// shrunk is the correlation of the table of two shares with half a row more on each side on
// which the two differ.
func (x placed) shrunk(y placed, phi float64) float64 {
	pa, pb, rows := x.share(), y.share(), float64(x.n)/math.Max(x.deff, y.deff)
	both := (phi*math.Sqrt(pa*(1-pa)*pb*(1-pb)) + pa*pb) * rows / (rows + 1)
	pa, pb = (pa*rows+0.5)/(rows+1), (pb*rows+0.5)/(rows+1)
	return math.Max(-1, math.Min(1, (both-pa*pb)/math.Sqrt(pa*(1-pa)*pb*(1-pb))))
}

// share is that of rows, or of weight, at or below the quantile.
func (x placed) share() float64 {
	if x.kish > 0 {
		return x.Share
	}
	return float64(x.Below) / float64(x.n)
}

// few says why there is no interval.
func (x placed) few() string {
	if !x.exact {
		return "too few rows for an interval of order statistics"
	}
	need := math.Ceil(math.Log(0.025) / math.Log(math.Max(x.q, 1-x.q)))
	end := "an upper"
	if x.q < 0.5 {
		end = "a lower"
	}
	return fmt.Sprintf("too few rows for %s end of an interval of order statistics: %d, %.0f are needed at 95 %%", end, x.n, need)
}
