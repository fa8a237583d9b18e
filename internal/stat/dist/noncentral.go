package dist

import "math"

// NoncentralTCDF is P(T <= t) for the noncentral t distribution with df > 0 degrees
// of freedom and noncentrality delta, |delta| <= 37 (beyond, the series underflows:
// NaN). Absolute error about 1e-13. Lenth 1989 (Applied Statistics 38, AS 243).
func NoncentralTCDF(t, df, delta float64) float64 {
	switch {
	case !(df > 0) || math.IsInf(df, 1) || !(math.Abs(delta) <= 37) || math.IsNaN(t):
		return math.NaN()
	case t < 0:
		return 1 - NoncentralTCDF(-t, df, -delta)
	}
	r := t / math.Sqrt(df)
	y := 1 / (1 + r*r)
	x := r * r * y
	half := delta * delta / 2
	p := math.Exp(-half) / 2
	q := delta * math.Exp(-half) / math.Sqrt(2*math.Pi)
	sum, left := 0.0, 0.5-p
	for j := 0.0; j < 10000; j++ {
		odd, _ := betaTails(j+0.5, df/2, x, y)
		even, _ := betaTails(j+1, df/2, x, y)
		sum += p*odd + q*even
		// What is left is at most the untouched weight times this beta value.
		if j > half && left*odd < 1e-16 {
			break
		}
		p *= half / (j + 1)
		q *= half / (j + 1.5)
		left -= p
	}
	return math.Max(0, math.Min(1, NormCDF(-delta)+sum))
}
