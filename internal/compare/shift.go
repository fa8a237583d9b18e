package compare

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// Group is one slice in one data set: rows in the metric's denominator, the value and
// its standard error. A group without rows has no value (NaN).
type Group struct {
	Name  string
	Rows  float64
	Value float64
	SE    float64
}

// Part is one part of a change, with its interval.
type Part struct {
	Value result.Number `json:"value"`
	Lower result.Number `json:"lower"`
	Upper result.Number `json:"upper"`
}

// Shift splits the change of a metric between two data sets: what comes of other shares
// (Mix), and what of other values within the groups (Within). They sum to Total.
type Shift struct {
	Metric string       `json:"metric"`
	By     string       `json:"by"` // the slice entry, or "label"
	Total  Part         `json:"total"`
	Mix    Part         `json:"mix"`
	Within Part         `json:"within"`
	Groups []GroupShift `json:"groups,omitempty"` // largest part first
}

// GroupShift is one group's part of a shift.
type GroupShift struct {
	Name        string        `json:"name"`
	ShareBefore result.Number `json:"share_before"`
	ShareAfter  result.Number `json:"share_after"`
	Before      result.Number `json:"before"`
	After       result.Number `json:"after"`
	Mix         result.Number `json:"mix"`
	Within      result.Number `json:"within"`
}

// IsMean reports whether the whole is the mean of its groups, which is what ByShare
// splits: it is for rates and means, not for ranks or ratios.
func IsMean(whole Group, groups []Group) bool {
	rows, sum := 0.0, 0.0
	for _, g := range groups {
		rows += g.Rows
		if g.Rows > 0 {
			sum += g.Rows * g.Value
		}
	}
	return rows == whole.Rows && rows > 0 && math.Abs(sum/rows-whole.Value) <= 1e-9*math.Max(1, math.Abs(whole.Value))
}

// ByShare splits the change from before to after, whose groups stand in the same order
// (Kitagawa 1955, both data sets' averages as weights, so that it does not matter which
// is first). Errors follow by the delta method from independent rows: multinomial shares
// and the values' own errors. A group that only one data set has counts to the mix.
func ByShare(before, after []Group, level float64) Shift {
	sides := [2][]Group{before, after}
	var total [2]float64
	for k, side := range sides {
		for _, g := range side {
			total[k] += g.Rows
		}
	}
	n := len(before)
	mid, diff, shares := make([]float64, n), make([]float64, n), [2][]float64{make([]float64, n), make([]float64, n)}
	var s Shift
	var mix, within, varMix, varWithin, varTotal float64
	for i := range n {
		a, b := before[i], after[i]
		for k, g := range []Group{a, b} {
			shares[k][i] = g.Rows / total[k]
		}
		switch {
		case a.Rows > 0 && b.Rows > 0:
			mid[i], diff[i] = (a.Value+b.Value)/2, b.Value-a.Value
		case a.Rows > 0:
			mid[i] = a.Value
		case b.Rows > 0:
			mid[i] = b.Value
		}
		move, weight := shares[1][i]-shares[0][i], (shares[0][i]+shares[1][i])/2
		g := GroupShift{Name: a.Name, ShareBefore: result.Number(shares[0][i]), ShareAfter: result.Number(shares[1][i]), Before: result.None(), After: result.None(),
			Mix: result.Number(move * mid[i]), Within: result.Number(weight * diff[i])}
		mix, within = mix+move*mid[i], within+weight*diff[i]
		both := a.Rows > 0 && b.Rows > 0
		for k, x := range []Group{a, b} {
			if x.Rows == 0 {
				continue
			}
			if k == 0 {
				g.Before = result.Number(x.Value)
			} else {
				g.After = result.Number(x.Value)
			}
			v := x.SE * x.SE
			varTotal += shares[k][i] * shares[k][i] * v
			if both {
				varMix += move * move / 4 * v
				varWithin += weight * weight * v
			} else {
				varMix += move * move * v
			}
		}
		s.Groups = append(s.Groups, g)
	}
	for k := range sides {
		varTotal += multinomial(shares[k], valuesOf(sides[k])) / total[k]
		varMix += multinomial(shares[k], mid) / total[k]
		varWithin += multinomial(shares[k], diff) / 4 / total[k]
	}
	s.Mix, s.Within, s.Total = part(mix, varMix, level), part(within, varWithin, level), part(mix+within, varTotal, level)
	for i := 1; i < len(s.Groups); i++ { // a few groups: the largest part first
		for k := i; k > 0 && size(s.Groups[k]) > size(s.Groups[k-1]); k-- {
			s.Groups[k], s.Groups[k-1] = s.Groups[k-1], s.Groups[k]
		}
	}
	return s
}

func size(g GroupShift) float64 { return math.Abs(float64(g.Within)) + math.Abs(float64(g.Mix)) }

func valuesOf(groups []Group) []float64 {
	out := make([]float64, len(groups))
	for i, g := range groups {
		if g.Rows > 0 {
			out[i] = g.Value
		}
	}
	return out
}

// multinomial is the variance of one row's value of its group.
func multinomial(share, value []float64) float64 {
	mean, square := 0.0, 0.0
	for i, p := range share {
		mean += p * value[i]
		square += p * value[i] * value[i]
	}
	return math.Max(0, square-mean*mean)
}

func part(value, variance, level float64) Part {
	p := Part{Value: result.Number(value), Lower: result.None(), Upper: result.None()}
	if half := dist.NormQuantile(1-(1-level)/2) * math.Sqrt(variance); !math.IsNaN(half) {
		p.Lower, p.Upper = result.Number(value-half), result.Number(value+half)
	}
	return p
}

// Confusion is the counts of a binary model on one data set.
type Confusion struct{ TN, FP, FN, TP float64 }

func (c Confusion) rates() (prevalence, tpr, fpr float64) {
	pos, neg := c.TP+c.FN, c.TN+c.FP
	return pos / (pos + neg), c.TP / pos, c.FP / neg
}

// ByLabel splits the change of a metric of the confusion matrix into what other shares of
// labels do to it (Mix: label shift) and what other rates do (Within: the model, its
// threshold, or its inputs), each averaged over both orders. value gives the metric of a
// confusion of shares; ok is false where it is undefined. Errors by the delta method from
// the three proportions of each data set.
func ByLabel(before, after Confusion, value func(Confusion) (float64, bool), level float64) (Shift, bool) {
	p0, t0, f0 := before.rates()
	p1, t1, f1 := after.rates()
	x := []float64{p0, t0, f0, p1, t1, f1}
	for _, v := range x {
		if math.IsNaN(v) {
			return Shift{}, false
		}
	}
	ok := true
	at := func(p, t, f float64) float64 {
		v, good := value(Confusion{TN: (1 - p) * (1 - f), FP: (1 - p) * f, FN: p * (1 - t), TP: p * t})
		ok = ok && good
		return v
	}
	parts := func(x []float64) [3]float64 {
		aa, ba := at(x[0], x[1], x[2]), at(x[3], x[1], x[2]) // label share, rates
		ab, bb := at(x[0], x[4], x[5]), at(x[3], x[4], x[5])
		return [3]float64{(ba - aa + bb - ab) / 2, (ab - aa + bb - ba) / 2, bb - aa}
	}
	v := parts(x)
	rows := []float64{before.TN + before.FP + before.FN + before.TP, before.TP + before.FN, before.TN + before.FP,
		after.TN + after.FP + after.FN + after.TP, after.TP + after.FN, after.TN + after.FP}
	var variance [3]float64
	for i := range x {
		h := 1e-5
		up, down := append([]float64(nil), x...), append([]float64(nil), x...)
		up[i], down[i] = math.Min(1, x[i]+h), math.Max(0, x[i]-h)
		u, d := parts(up), parts(down)
		for k := range variance {
			g := (u[k] - d[k]) / (up[i] - down[i])
			variance[k] += g * g * x[i] * (1 - x[i]) / rows[i]
		}
	}
	return Shift{By: "label", Mix: part(v[0], variance[0], level), Within: part(v[1], variance[1], level), Total: part(v[2], variance[2], level)}, ok
}
