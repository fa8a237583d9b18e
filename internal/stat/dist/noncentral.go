package dist

import "math"

// NoncentralTCDF is P(T <= t) for the noncentral t distribution with df > 0 degrees
// of freedom and noncentrality delta, |delta| <= 1000; NaN for other arguments.
// Absolute error about 1e-12. A Poisson mixture of beta tails (Lenth 1989, Applied
// Statistics 38, AS 243), summed around the mode of the Poisson so that large
// noncentralities do not underflow.
func NoncentralTCDF(t, df, delta float64) float64 {
	switch {
	case !(df > 0) || math.IsInf(df, 1) || !(math.Abs(delta) <= 1000) || math.IsNaN(t) || math.IsInf(t, 0):
		return math.NaN()
	case t < 0:
		return 1 - NoncentralTCDF(-t, df, -delta)
	case delta == 0:
		return TCDF(t, df)
	}
	r := t / math.Sqrt(df)
	y := 1 / (1 + r*r)
	x := r * r * y
	half := delta * delta / 2
	reach := 12*math.Sqrt(half) + 40
	first := math.Max(0, math.Floor(half-reach))
	sum := 0.0
	for j := first; j <= half+reach; j++ {
		p := math.Exp(LogPoissonPMF(int64(j), half))
		q := math.Exp(logGammaWeight(j+0.5, half)) / (j + 0.5)
		odd, _ := betaTails(j+0.5, df/2, x, y)
		even, _ := betaTails(j+1, df/2, x, y)
		sum += (p*odd + math.Copysign(q, delta)*even) / 2
	}
	return math.Max(0, math.Min(1, NormCDF(-delta)+sum))
}
