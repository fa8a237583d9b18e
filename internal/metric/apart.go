package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/infer"
)

// leastExpected is how many passes and fails the (N − 1) χ² test expects on each side at the
// least (Campbell 2007).
const leastExpected = 1

// Apart is a metric of one model on a slice less that on all other rows. ok is false for
// metrics that are no means of rows, and for those that labels correct.
func (in *Instance) Apart(slice, all *View, model int) (a Answer, ok bool) {
	x := in.measure
	if u, judged := x.(uncalibrated); judged {
		x = u.measure
	}
	if m, is := x.(mean); is && m.total == nil && (m.f == nil || m.scorer != "") {
		return m.apart(slice, all, model), true
	}
	return Answer{}, false
}

// apart is (θs − θ)/(1 − π), where the slice holds the share π of what the overall value θ is
// a mean of: θs less the mean of the rest. Independent rows of the slice count in θ by π.
func (m mean) apart(slice, all *View, model int) Answer {
	val, g, mo, _, why := m.read(slice, model)
	if why != "" {
		return undefined(slice.Pop.N, why)
	}
	total, gAll, moAll, _, why := m.read(all, model)
	if why != "" {
		return undefined(all.Pop.N, why)
	}
	n := m.graded(slice, mo)
	share := m.gradedWeight(slice, model) / m.gradedWeight(all, model)
	if !(share < 1-1e-12) {
		return undefined(n, "the slice holds all rows")
	}
	s, o := m.spread(slice, mo, g), m.spread(all, moAll, gAll)
	rest := (total - share*val) / (1 - share)
	d := val - rest
	if s.ids == nil && m.share && !all.Set.Weighted {
		return shareApart(val, rest, float64(n), float64(m.graded(all, moAll)-n))
	}
	if m.share && m.alike(s, val) { // no error is seen: by as many rows as the shares rest on
		one, _ := m.wilson(slice, mo, val, &s)
		other, _ := m.wilson(all, moAll, total, &o)
		if x, ok := one.(infer.Wilson); ok {
			if y, ok := other.(infer.Wilson); ok {
				return shareApart(val, rest, x.N, y.N*(1-share))
			}
		}
	}
	method := "slice less all other rows, t"
	var variance, df float64
	if s.ids != nil {
		variance, df = acrossSpread(s, o, 1, -1)
		method += ", clusters CR1-t"
	} else {
		variance, df = math.Max(0, s.variance*(1-2*share)+o.variance), s.df
	}
	a := answered(infer.Inference{Value: d, SE: math.Sqrt(variance) / (1 - share), DF: df, Shape: infer.NewSymmetric(), Method: method}, n)
	if m.alike(s, val) {
		a.unknown("all rows of the slice are alike and do not tell of the error")
	}
	return a
}

// gradedWeight is the weight of the rows that a value is a mean of.
func (m mean) gradedWeight(v *View, model int) float64 {
	mo := v.Pop.Find(m.spec())
	if m.scorer == "" {
		return mo.W
	}
	return mo.W * mo.Mean[mo.Spec.Index(m.terms[1], model)]
}

// shareApart is the difference of the shares of two sets of rows: Newcombe's interval, and
// the (N − 1) χ² test.
func shareApart(p1, p2, n1, n2 float64) Answer {
	all := n1 + n2
	pooled := (p1*n1 + p2*n2) / all
	a := answered(infer.Inference{Value: p1 - p2, SE: math.Sqrt(p1*(1-p1)/n1 + p2*(1-p2)/n2), DF: math.Inf(1),
		Shape: infer.Newcombe{P1: p1, N1: n1, P2: p2, N2: n2}, Method: "slice less all other rows, Newcombe hybrid score; (N − 1) χ² test"}, int64(n1))
	if math.Min(n1, n2)*math.Min(pooled, 1-pooled) < leastExpected {
		a.PZero = 1 // too few for any evidence
		return a
	}
	z := (p1 - p2) / math.Sqrt(pooled*(1-pooled)*(1/n1+1/n2)*all/(all-1))
	a.PZero = 2 * dist.NormCDF(-math.Abs(z))
	return a
}
