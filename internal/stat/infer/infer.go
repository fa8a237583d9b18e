// Package infer turns a value and what is known of its error into an interval at
// any level and into one-sided p-values against any bound, so that both always come
// from one method. It refuses to know where the value comes from.
package infer

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/interval"
)

// Inference is a value with its standard error (absolute scale, NaN if unknown),
// degrees of freedom (+Inf: normal) and the shape of its interval.
type Inference struct {
	Value  float64
	SE     float64
	DF     float64
	Method string // in words, for the reader
	Shape  Shape
}

// Shape is how an interval is drawn around a value. The set is closed.
type Shape interface {
	interval(i Inference, crit, level float64) (lo, hi float64, ok bool)
	// score is the signed distance of the value from a bound in standard errors on
	// the shape's own scale; it inverts interval.
	score(i Inference, bound float64) float64
}

// Wider is the inference with its standard error that many times as large, on other
// degrees of freedom. Shapes that stand on counts of independent rows, and solved ones,
// keep their form.
func (i Inference) Wider(times, df float64) Inference {
	i.SE, i.DF = i.SE*times, df
	switch s := i.Shape.(type) {
	case Wilson:
		i.Shape = Wilson{N: s.N / (times * times)}
	case WilsonF1:
		i.Shape = WilsonF1{D: s.D / (times * times)}
	case LogRatio:
		i.Shape = LogRatio{LogSE: s.LogSE * times}
	case Given:
		i.Shape = None{}
		if s.Wider != nil {
			i.Shape = s.Wider(times, df)
		}
	}
	return i
}

// Interval is the two-sided interval at a level in (0,1); ok is false when the
// method has none (then both ends are NaN).
func (i Inference) Interval(level float64) (lo, hi float64, ok bool) {
	if i.Shape == nil || math.IsNaN(i.Value) {
		return math.NaN(), math.NaN(), false
	}
	crit := i.Crit(level)
	if math.IsNaN(crit) {
		return math.NaN(), math.NaN(), false
	}
	lo, hi, ok = i.Shape.interval(i, crit, level)
	if !ok || math.IsNaN(lo) || math.IsNaN(hi) || math.IsInf(lo, 0) || math.IsInf(hi, 0) {
		return math.NaN(), math.NaN(), false
	}
	return lo, hi, true
}

// Crit is the two-sided quantile at a level; NaN below one degree of freedom.
func (i Inference) Crit(level float64) float64 {
	if i.DF < 1 || math.IsNaN(i.DF) {
		return math.NaN()
	}
	return dist.TQuantile(1-(1-level)/2, i.DF)
}

// Below is the one-sided p-value of the evidence that the truth lies below bound;
// small means that it does. NaN when the method has no p-value.
func (i Inference) Below(bound float64) float64 {
	if i.Shape == nil || i.DF < 1 || math.IsNaN(i.DF) {
		return math.NaN()
	}
	z := i.Shape.score(i, bound)
	if math.IsNaN(z) {
		return math.NaN()
	}
	if math.IsInf(z, 0) {
		if z < 0 {
			return 0
		}
		return 1
	}
	return dist.TCDF(z, i.DF)
}

// Above is the one-sided p-value of the evidence that the truth lies above bound.
func (i Inference) Above(bound float64) float64 {
	if i.Shape == nil || i.DF < 1 || math.IsNaN(i.DF) {
		return math.NaN()
	}
	z := i.Shape.score(i, bound)
	if math.IsNaN(z) {
		return math.NaN()
	}
	if math.IsInf(z, 0) {
		if z > 0 {
			return 0
		}
		return 1
	}
	return dist.TCDF(-z, i.DF)
}

// TwoSided is the two-sided p-value against a bound.
func (i Inference) TwoSided(bound float64) float64 {
	b, a := i.Below(bound), i.Above(bound)
	return math.Min(1, 2*math.Min(b, a))
}

// ratioScore is d/se with the limits at se = 0.
func ratioScore(d, se float64) float64 {
	if se > 0 {
		return d / se
	}
	switch {
	case se != se:
		return math.NaN()
	case d > 0:
		return math.Inf(1)
	case d < 0:
		return math.Inf(-1)
	}
	return 0
}

// None has no interval and no p-value.
type None struct{}

func (None) interval(Inference, float64, float64) (float64, float64, bool) { return 0, 0, false }
func (None) score(Inference, float64) float64                              { return math.NaN() }

// Symmetric is value ± crit·SE, clamped to [Lo, Hi] where the metric has a range
// (use NewSymmetric for none).
type Symmetric struct{ Lo, Hi float64 }

// NewSymmetric is a Symmetric without limits.
func NewSymmetric() Symmetric { return Symmetric{math.Inf(-1), math.Inf(1)} }

func (s Symmetric) interval(i Inference, crit, _ float64) (float64, float64, bool) {
	if math.IsNaN(i.SE) {
		return 0, 0, false
	}
	return math.Max(s.Lo, i.Value-crit*i.SE), math.Min(s.Hi, i.Value+crit*i.SE), true
}
func (Symmetric) score(i Inference, b float64) float64 { return ratioScore(i.Value-b, i.SE) }

// Logit is symmetric on the log-odds scale; values 0 and 1 have no interval.
type Logit struct{}

func (Logit) interval(i Inference, crit, _ float64) (float64, float64, bool) {
	if math.IsNaN(i.SE) {
		return 0, 0, false
	}
	return interval.Logit(i.Value, i.SE, crit)
}

func (Logit) score(i Inference, b float64) float64 {
	if b <= 0 {
		return math.Inf(1)
	}
	if b >= 1 {
		return math.Inf(-1)
	}
	v := i.Value
	return ratioScore(math.Log(v/(1-v))-math.Log(b/(1-b)), i.SE/(v*(1-v)))
}

// Fisher is symmetric on the scale of atanh, for correlations (Fisher 1921); values −1
// and 1 have no interval.
type Fisher struct{}

func (Fisher) interval(i Inference, crit, _ float64) (float64, float64, bool) {
	if math.IsNaN(i.SE) || math.Abs(i.Value) >= 1 {
		return 0, 0, false
	}
	z, half := math.Atanh(i.Value), crit*i.SE/(1-i.Value*i.Value)
	return math.Tanh(z - half), math.Tanh(z + half), true
}

func (Fisher) score(i Inference, b float64) float64 {
	if b <= -1 || b >= 1 {
		return math.Copysign(math.Inf(1), -b)
	}
	return ratioScore(math.Atanh(i.Value)-math.Atanh(b), i.SE/(1-i.Value*i.Value))
}

// Alike is the interval of a mean of N values between Lo and Hi that are all the same: by
// Markov's inequality all of them are as large with a chance of at most
// ((μ − Lo)/(value − Lo))^N. At Lo and Hi it is the interval of Clopper & Pearson (1934) for
// none, or all, of N.
type Alike struct{ Lo, Hi, N float64 }

func (a Alike) interval(i Inference, _, level float64) (float64, float64, bool) {
	c := math.Exp(math.Log((1-level)/2) / a.N)
	return a.Lo + (i.Value-a.Lo)*c, a.Hi - (a.Hi-i.Value)*c, a.N > 0
}

func (a Alike) score(i Inference, b float64) float64 {
	tail := func(share float64) float64 { // of one side
		return dist.NormQuantile(1 - math.Exp(a.N*math.Log(math.Max(share, 0))))
	}
	switch {
	case b < i.Value:
		return math.Max(0, tail((b-a.Lo)/(i.Value-a.Lo)))
	case b > i.Value:
		return -math.Max(0, tail((a.Hi-b)/(a.Hi-i.Value)))
	}
	return 0
}

// Wilson is the score interval of a proportion on N (possibly effective) rows.
type Wilson struct{ N float64 }

func (w Wilson) interval(i Inference, crit, _ float64) (float64, float64, bool) {
	if !(w.N > 0) {
		return 0, 0, false
	}
	lo, hi := interval.Wilson(i.Value, w.N, crit)
	return lo, hi, true
}

func (w Wilson) score(i Inference, b float64) float64 { return wilsonScore(i.Value, b, w.N) }

func wilsonScore(p, b, n float64) float64 {
	switch {
	case b < 0:
		return math.Inf(1)
	case b > 1:
		return math.Inf(-1)
	}
	return ratioScore(p-b, math.Sqrt(b*(1-b)/n))
}

// WilsonF1 is Wilson on J = F/(2−F) over D = TP+FP+FN rows, carried back to F.
type WilsonF1 struct{ D float64 }

func (w WilsonF1) interval(i Inference, crit, _ float64) (float64, float64, bool) {
	if !(w.D > 0) {
		return 0, 0, false
	}
	lo, hi := interval.WilsonF1(i.Value, w.D, crit)
	return lo, hi, true
}

func (w WilsonF1) score(i Inference, b float64) float64 {
	if b < 0 {
		return math.Inf(1)
	}
	if b > 1 {
		return math.Inf(-1)
	}
	return wilsonScore(i.Value/(2-i.Value), b/(2-b), w.D)
}

// Tango is the score interval of a paired difference of proportions (B−C)/N.
type Tango struct{ B, C, N float64 }

func (t Tango) interval(_ Inference, crit, _ float64) (float64, float64, bool) {
	if !(t.N > 0) {
		return 0, 0, false
	}
	lo, hi := interval.Tango(t.B, t.C, t.N, crit)
	return lo, hi, true
}

func (t Tango) score(_ Inference, b float64) float64 {
	if b <= -1 {
		return math.Inf(1)
	}
	if b >= 1 {
		return math.Inf(-1)
	}
	return interval.TangoTailP(t.B, t.C, t.N, b)
}

// Newcombe is the hybrid score interval of P1 − P2 over independent rows.
type Newcombe struct{ P1, N1, P2, N2 float64 }

func (n Newcombe) interval(_ Inference, crit, _ float64) (float64, float64, bool) {
	if !(n.N1 > 0 && n.N2 > 0) {
		return 0, 0, false
	}
	lo, hi := interval.Newcombe(n.P1, n.N1, n.P2, n.N2, crit)
	return lo, hi, true
}

// score inverts the interval: the crit at which the nearer end meets the bound.
func (n Newcombe) score(i Inference, b float64) float64 { return invert(n, i, b) }

// LogRatio is the interval of a ratio on the log scale; SE is that of the log.
type LogRatio struct{ LogSE float64 }

func (l LogRatio) interval(i Inference, crit, _ float64) (float64, float64, bool) {
	if !(i.Value > 0) || math.IsNaN(l.LogSE) {
		return 0, 0, false
	}
	return i.Value * math.Exp(-crit*l.LogSE), i.Value * math.Exp(crit*l.LogSE), true
}

func (l LogRatio) score(i Inference, b float64) float64 {
	if b <= 0 {
		return math.Inf(1)
	}
	return ratioScore(math.Log(i.Value)-math.Log(b), l.LogSE)
}

// Solved is an interval whose ends come from a score function of the bound that
// falls as the bound grows (value above bound: positive), on [Lo, Hi].
type Solved struct {
	Lo, Hi float64
	Score  func(bound float64) float64
}

func (s Solved) interval(i Inference, crit, _ float64) (float64, float64, bool) {
	return bisect(s.Score, s.Lo, i.Value, crit), bisect(s.Score, i.Value, s.Hi, -crit), true
}
func (s Solved) score(_ Inference, b float64) float64 {
	if b <= s.Lo {
		return math.Inf(1)
	}
	if b >= s.Hi {
		return math.Inf(-1)
	}
	return s.Score(b)
}

// bisect finds where the falling function f equals target on [lo, hi], clamped.
func bisect(f func(float64) float64, lo, hi, target float64) float64 {
	if v := f(lo); v <= target {
		return lo
	}
	if v := f(hi); v >= target {
		return hi
	}
	for k := 0; k < 200 && hi-lo > 1e-15; k++ {
		mid := lo + (hi-lo)/2
		if f(mid) > target {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + (hi-lo)/2
}

// Given is an interval that was computed elsewhere at stated levels (bootstrap,
// order statistics).
type Given struct {
	At func(level float64) (lo, hi float64, ok bool)
	// Score is the distance of the value from a bound as a quantile that DF speaks of; nil:
	// in SE.
	Score func(bound float64) float64
	// Wider is the shape for an error so many times as large, on other degrees of
	// freedom; nil where there is none.
	Wider func(times, df float64) Shape
}

func (g Given) interval(_ Inference, _, level float64) (float64, float64, bool) { return g.At(level) }
func (g Given) score(i Inference, b float64) float64 {
	if g.Score != nil {
		return g.Score(b)
	}
	return ratioScore(i.Value-b, i.SE)
}

// invert finds the crit at which an interval's nearer end meets the bound.
func invert(s Shape, i Inference, b float64) float64 {
	if b == i.Value {
		return 0
	}
	sign := 1.0
	if b > i.Value {
		sign = -1
	}
	lo, hi := 0.0, 40.0
	for k := 0; k < 100; k++ {
		mid := (lo + hi) / 2
		l, u, ok := s.interval(i, mid, 0)
		if !ok {
			return math.NaN()
		}
		if (sign > 0 && l > b) || (sign < 0 && u < b) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return sign * (lo + hi) / 2
}
