package test

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// ZTwoSided is P(|Z| >= |z|) for a standard normal Z.
func ZTwoSided(z float64) float64 { return 2 * dist.NormCDF(-math.Abs(z)) }

// ZUpper is P(Z >= z): small when z speaks for "greater".
func ZUpper(z float64) float64 { return dist.NormCDF(-z) }

// ZLower is P(Z <= z): small when z speaks for "less".
func ZLower(z float64) float64 { return dist.NormCDF(z) }

// TTwoSided is P(|T| >= |t|) for Student's t with df > 0 (+Inf: normal), else NaN.
func TTwoSided(t, df float64) float64 { return 2 * dist.TCDF(-math.Abs(t), df) }

// TUpper is P(T >= t): small when t speaks for "greater".
func TUpper(t, df float64) float64 { return dist.TCDF(-t, df) }

// TLower is P(T <= t): small when t speaks for "less".
func TLower(t, df float64) float64 { return dist.TCDF(t, df) }
