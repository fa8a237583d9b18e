package sequential

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// walk follows the standardised statistic Z(t) = W(t)/√t, where W is Brownian motion with a
// drift, through looks at growing information fractions t, as long as it stays between
// bounds: the recursive integration of Armitage, McPherson & Rowe 1969, on the grid of
// Jennison & Turnbull 2000, section 19.3.
type walk struct {
	drift float64   // of Z at t = 1
	t     float64   // of the last look
	z     []float64 // grid
	mass  []float64 // density at z times the weight of the integration
	fine  int       // the grid
}

// Fineness of grids. Jennison & Turnbull use 18 and find errors below 1e-6; 12 gives the
// ends of an interval to 2e-6 standard errors in a fraction of the time.
const (
	fineBounds = 32
	finePath   = 12
)

// newWalk starts at t = 0, where all mass is in one place.
func newWalk(drift float64, fine int) *walk {
	return &walk{drift: drift, z: []float64{0}, mass: []float64{1}, fine: fine}
}

// above is the probability of having come this far and of Z(t) ≥ c.
func (w *walk) above(t, c float64) float64 { return w.tail(t, c, -1) }

// below is the probability of having come this far and of Z(t) ≤ c.
func (w *walk) below(t, c float64) float64 { return w.tail(t, c, 1) }

func (w *walk) tail(t, c, sign float64) float64 {
	if math.IsInf(c, 0) {
		if c*sign < 0 {
			return 0
		}
		sum := 0.0
		for _, m := range w.mass {
			sum += m
		}
		return sum
	}
	step, p := t-w.t, 0.0
	sd, at, from := math.Sqrt(step), c*math.Sqrt(t)-step*w.drift, math.Sqrt(w.t)
	for i, z := range w.z {
		p += w.mass[i] * dist.NormCDF(sign*(at-z*from)/sd)
	}
	return p
}

// span is an open interval.
type span struct{ lo, hi float64 }

// next goes on to a look at t and keeps what lies in the spans there.
func (w *walk) next(t float64, keep ...span) {
	step := t - w.t
	sd, scale, from, to := math.Sqrt(step), math.Sqrt(t/step), math.Sqrt(w.t), math.Sqrt(t)
	var z, weight []float64
	for _, s := range keep {
		points, weights := grid(w.fine, w.drift*to, s.lo, s.hi)
		z, weight = append(z, points...), append(weight, weights...)
	}
	mass := make([]float64, len(z))
	for k, x := range z {
		at, sum := x*to-step*w.drift, 0.0
		for i, y := range w.z {
			u := (at - y*from) / sd
			if u > 9 || u < -9 { // less than 1e-17
				continue
			}
			sum += w.mass[i] * math.Exp(-u*u/2)
		}
		mass[k] = weight[k] * scale * sum / math.Sqrt(2*math.Pi)
	}
	w.t, w.z, w.mass = t, z, mass
}

// grid are the points and weights of Simpson's rule for a density around mean, between
// bounds: close to the mean evenly, farther out ever wider.
func grid(r int, mean, lo, hi float64) (z, weight []float64) {
	var x []float64
	add := func(v float64) {
		if v > lo && v < hi {
			x = append(x, v)
		}
	}
	if !math.IsInf(lo, 0) {
		x = append(x, lo)
	}
	for i := 1; i < 6*r; i++ {
		switch f, r64 := float64(i), float64(r); {
		case i < r:
			add(mean - 3 - 4*math.Log(r64/f))
		case i <= 5*r:
			add(mean - 3 + 3*(f-r64)/(2*r64))
		default:
			add(mean + 3 + 4*math.Log(r64/(6*r64-f)))
		}
	}
	if !math.IsInf(hi, 0) {
		x = append(x, hi)
	}
	if len(x) < 2 || !(lo < hi) {
		return nil, nil // nothing is left between the bounds
	}
	z, weight = make([]float64, 2*len(x)-1), make([]float64, 2*len(x)-1)
	for i := range x {
		z[2*i] = x[i]
		if i+1 < len(x) {
			width := x[i+1] - x[i]
			z[2*i+1] = x[i] + width/2
			weight[2*i] += width / 6
			weight[2*i+1] += 4 * width / 6
			weight[2*i+2] += width / 6
		}
	}
	return z, weight
}
