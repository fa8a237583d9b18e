package metric

import (
	"math"
	"strings"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/infer"
)

// alike: no row speaks for an error. Then the error that is seen is 0, which is not what is
// known. sizes are the values that the error is small against, where no range is known.
func (m mean) alike(s spread, sizes ...float64) bool {
	size := m.hi - m.lo
	if math.IsInf(size, 0) {
		size = 0
		for _, x := range sizes {
			size = math.Max(size, math.Abs(x))
		}
	}
	return s.iid <= rounding*size*size/(s.df+1)
}

// rounding bounds what sums of squares of values that are all alike come to, by row.
const rounding = 1e-15

// cancelled is the share of the variances of two models below which that of their difference
// is the rounding of 0.
const cancelled = 1e-13

// bounded: the value is a mean of row values between known ends, so that values that are all
// alike have an exact interval.
func (m mean) bounded() bool {
	return (m.total == nil || m.ofGroups) && (m.f == nil || m.scorer != "") && !math.IsInf(m.hi-m.lo, 0)
}

func (m mean) between(x, y *View, model int, ratio bool) Answer {
	if m.share && !ratio && x.Pop.Blocks == nil {
		return m.sharesBetween(x, y, model)
	}
	return m.acrossSlices(x, y, ratio, func(v *View) (float64, spread, int64, string) {
		val, g, mo, _, why := m.read(v, model)
		if why != "" {
			return 0, spread{}, v.Pop.N, why
		}
		return val, m.spread(v, mo, g), m.graded(v, mo), ""
	})
}

// sharesBetween is the difference of the shares of two slices by their score intervals.
func (m mean) sharesBetween(x, y *View, model int) Answer {
	val, s, n, rows := [2]float64{}, [2]spread{}, [2]int64{}, [2]float64{}
	for i, v := range []*View{x, y} {
		p, g, mo, _, why := m.read(v, model)
		if why != "" {
			return undefined(v.Pop.N, why)
		}
		val[i], s[i], n[i], rows[i] = p, m.spread(v, mo, g), m.graded(v, mo), m.effective(v, mo)
	}
	return acrossAnswer(val[0], val[1], s[0], s[1], false, n[0], n[1], infer.Newcombe{P1: val[0], N1: rows[0], P2: val[1], N2: rows[1]})
}

// acrossSlices is that of any mean; a slice whose rows are all alike does not tell of its error.
func (m mean) acrossSlices(x, y *View, ratio bool, read func(v *View) (float64, spread, int64, string)) Answer {
	var which []string
	a := acrossSlices(x, y, ratio, func(v *View) (float64, spread, int64, string) {
		val, s, n, why := read(v)
		if why == "" && m.alike(s, val) {
			which = append(which, v.Pop.Slice)
		}
		return val, s, n, why
	})
	if len(which) > 0 && a.Status == result.OK {
		a.unknown("all rows of %s are alike and do not tell of the error", strings.Join(which, " and of "))
	}
	return a
}
