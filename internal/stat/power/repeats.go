package power

import "math"

// Repeats is the number of cases to find a mean difference delta of two models whose true
// case scores differ with the variance omega2, when the score of a case is a mean of answers:
// noise is the sum over the models of the variance of one answer's score within a case,
// divided by its answers to a case. Normal approximation, two-sided: (z + z')²(ω² + noise)/δ²
// (Miller 2024, "Adding Error Bars to Evals", section 5). NaN unless both are 0 or more, one
// is above 0 and delta is not 0.
func Repeats(delta, omega2, noise, alpha, power float64) float64 {
	if !(omega2 >= 0) || !(noise >= 0) || !(omega2+noise > 0) || !(delta != 0) {
		return math.NaN()
	}
	za, zb := quantiles(alpha/2, power)
	return rows(za+zb, math.Abs(delta)/math.Sqrt(omega2+noise))
}
