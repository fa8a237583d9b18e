package cells

import "math"

// A logTable makes natural logarithms of probabilities in a third of math.Log's time.
// A number is 2ᵏ·m with m in [11/16, 11/8); the table has the logarithm of the middle c of
// m's 512th of that range, and log(m/c) is a short series in (m−c)/c, where m−c is exact.
// About 1, c is 1 itself, so that small results keep nearly all their digits. (Tang 1990, "Table-driven
// implementation of the logarithm function in IEEE floating-point arithmetic".)
type logTable [logCells]struct{ centre, inverse, log float64 }

const (
	logBits  = 9
	logCells = 1 << logBits
	logLow   = 0x3fe6000000000000 // 11/16, as bits
	mantissa = 52
)

func newLogTable() *logTable {
	t := &logTable{}
	for i := range t {
		lo := uint64(logLow) + uint64(i)<<(mantissa-logBits)
		c := math.Float64frombits(lo + 1<<(mantissa-logBits-1))
		if math.Abs(c-1) < 1.0/logCells {
			c = 1
		}
		t[i].centre, t[i].inverse, t[i].log = c, 1/c, math.Log(c)
	}
	return t
}

// losses replaces probabilities, positive normal numbers, by −log of them, within 3·10⁻¹⁶ or three
// units in the last place.
func (t *logTable) losses(x []float64) {
	for i, v := range x {
		b := math.Float64bits(v)
		off := b - logLow
		k := int64(off) >> mantissa
		e := &t[off>>(mantissa-logBits)%logCells]
		r := (math.Float64frombits(b-uint64(k)<<mantissa) - e.centre) * e.inverse
		r2 := r * r
		p := r + r2*(-0.5+r*(1.0/3)+r2*(-0.25+r*(1.0/5)))
		x[i] = -(float64(k)*math.Ln2 + (e.log + p))
	}
}
