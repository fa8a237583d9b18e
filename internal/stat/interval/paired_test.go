package interval

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// Differences: R 4.2. Ends: Tango's equation solved with mpmath 1.4.1 at 40 digits;
// R's root finder agrees to its tolerance of 2e-10.
func TestTango(t *testing.T) {
	for _, r := range []struct{ b, c, n, diff, lo, hi float64 }{
		{12, 2, 50, .2, .061112406186344, .344708748282149},
		{150, 86, 1600, .04, .0213615647547872, .0589980333056994},
		{16, 8, 86, .0930232558, -.0196589227190508, .206910770622001},
	} {
		lo, hi := Tango(r.b, r.c, r.n, z95)
		near(t, "difference", (r.b-r.c)/r.n, r.diff, 1e-10)
		near(t, "lo", lo, r.lo, 1e-14)
		near(t, "hi", hi, r.hi, 1e-14)
	}
}

// Rare and crowded disagreement, and effective counts; Tango's equation solved with
// mpmath 1.4.1 at 50 digits.
func TestTangoKeepsItsDigits(t *testing.T) {
	for _, r := range []struct{ b, c, n, lo, hi float64 }{
		{3, 1, 1e9, -2.9104213644455554e-9, 7.9248594254510543e-9},
		{1, 0, 1e8, -2.8414587115406596e-8, 5.6649340411436444e-8},
		{50000, 49000, 1e7, 3.8331913844145908e-5, .0001616718510269056},
		{29, 0, 30, .74342366009119474, .99409140961838755},
		{.4, .2, 7.5, -.33910961355191554, .38844833451378335},
		{499, 498, 1000, -.060772084154208772, .062764442107872522},
		{0, 1, 3, -.79234039919795228, .41532937567339403},
		{5, 25, 30, -.85326915256302901, -.32871298987167929},
	} {
		lo, hi := Tango(r.b, r.c, r.n, z95)
		near(t, "lo", lo/r.lo, 1, 1e-12)
		near(t, "hi", hi/r.hi, 1, 1e-12)
	}
}

// The four corners have closed forms.
func TestTangoAtTheCorners(t *testing.T) {
	k := z95 * z95
	for _, n := range []float64{1, 2.5, 30, 1e4, 1e9} {
		for _, r := range []struct{ b, c, lo, hi float64 }{
			{0, 0, -k / (n + k), k / (n + k)},
			{n, 0, (n - k) / (n + k), 1},
			{0, n, -1, (k - n) / (n + k)},
		} {
			lo, hi := Tango(r.b, r.c, n, z95)
			near(t, "lo", lo, r.lo, 1e-15)
			near(t, "hi", hi, r.hi, 1e-15)
		}
	}
	// All discordant and balanced: the ends solve the equation without a special case.
	lo, hi := Tango(10, 10, 20, z95)
	near(t, "symmetric", lo+hi, 0, 1e-16)
	near(t, "hi", TangoTailP(10, 10, 20, hi), -z95, 1e-9)
	if lo, hi := Tango(3, 1, 9, 0); lo != 2./9 || hi != 2./9 {
		t.Errorf("crit 0: %v %v", lo, hi)
	}
	for _, bad := range [][4]float64{{-1, 0, 5, 2}, {3, 3, 5, 2}, {0, 0, 0, 2}, {1, 1, 5, -1}, {math.NaN(), 1, 5, 2}, {1, 1, math.NaN(), 2}} {
		if lo, hi := Tango(bad[0], bad[1], bad[2], bad[3]); !math.IsNaN(lo) || !math.IsNaN(hi) {
			t.Errorf("Tango%v = %v %v, want NaN", bad, lo, hi)
		}
	}
}

// bisected solves Tango's equation, as published, by plain bisection.
func bisected(b, c, n, lo, hi, target float64) float64 {
	score := func(d float64) float64 {
		a, u := 2*n, -b-c+(2*n-b+c)*d
		q := (math.Sqrt(math.Max(0, u*u+4*a*c*d*(1-d))) - u) / (2 * a)
		return (b - c - n*d) / math.Sqrt(n*(2*q+d*(1-d)))
	}
	for range 100 {
		mid := (lo + hi) / 2
		if score(mid) > target {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

func TestTangoProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 5000 {
		n := math.Floor(math.Exp(1 + 12*r.Float64()))
		psi := math.Pow(r.Float64(), 3)
		b := math.Floor(n * psi * r.Float64())
		c := math.Floor((n - b) * psi * r.Float64())
		crit := .2 + 4*r.Float64()
		lo, hi := Tango(b, c, n, crit)
		est := (b - c) / n
		if !(-1 <= lo && lo <= est && est <= hi && hi <= 1) {
			t.Fatalf("b=%g c=%g n=%g crit=%g: %g %g does not hold %g", b, c, n, crit, lo, hi, est)
		}
		if b+c > 0 {
			near(t, "lower end", lo, bisected(b, c, n, -1, est, crit), 1e-8)
			near(t, "upper end", hi, bisected(b, c, n, est, 1, -crit), 1e-8)
			near(t, "score at lo", TangoTailP(b, c, n, lo), crit, 1e-8*crit)
			near(t, "score at hi", TangoTailP(b, c, n, hi), -crit, 1e-8*crit)
		}
		mlo, mhi := Tango(c, b, n, crit)
		if mlo != -hi || mhi != -lo {
			t.Fatalf("b=%g c=%g n=%g: not antisymmetric", b, c, n)
		}
		if wlo, whi := Tango(b, c, n, crit+.1); !(wlo < lo && whi > hi) && lo > -1 && hi < 1 {
			t.Fatalf("b=%g c=%g n=%g crit=%g: a higher level is not wider", b, c, n, crit)
		}
	}
}

func TestTangoTailP(t *testing.T) {
	near(t, "no difference is McNemar's z", TangoTailP(150, 86, 1600, 0), math.Sqrt(17.3559322), 1e-8)
	// Non-inferiority at a margin agrees with the interval's end.
	lo, _ := Tango(150, 140, 5000, 1.6448536269514722)
	p := dist.NormCDF(-TangoTailP(150, 140, 5000, lo))
	near(t, "p at the end", p, .05, 1e-10)
	for _, c := range []struct {
		b, c, n, delta float64
		want           float64
	}{
		{0, 0, 20, 0, 0}, {5, 2, 20, 1, math.Inf(-1)}, {5, 2, 20, -1, math.Inf(1)}, {5, 2, 20, -1.5, math.Inf(1)},
		{20, 0, 20, 1, 0}, {0, 20, 20, -1, 0}, {0, 20, 20, 1, math.Inf(-1)}, {5, 5, 20, 0, 0},
	} {
		if got := TangoTailP(c.b, c.c, c.n, c.delta); got != c.want {
			t.Errorf("TangoTailP(%v) = %v, want %v", c, got, c.want)
		}
	}
	if z := TangoTailP(1, 1, 20, math.NaN()); !math.IsNaN(z) {
		t.Errorf("NaN margin: %v", z)
	}
	for _, pair := range [][2]float64{{3, 9}, {0, 4}, {7, 0}, {0, 0}} {
		before := math.Inf(1)
		for d := -.99; d < 1; d += .01 {
			z := TangoTailP(pair[0], pair[1], 30, d)
			if z > before {
				t.Fatalf("b,c=%v: the score rises at %g", pair, d)
			}
			before = z
		}
	}
}

// With b = 0 the discriminant vanishes at -c/(2n-c), where rounding must not turn it
// negative.
func TestTangoTailPWhereTheDiscriminantVanishes(t *testing.T) {
	for c := 1.0; c <= 60; c++ {
		for _, n := range []float64{61, 97, 1003, 77777} {
			d := c / (2*n - c)
			z := TangoTailP(0, c, n, -d)
			if math.IsNaN(z) || z >= 0 {
				t.Fatalf("c=%g n=%g: z = %v", c, n, z)
			}
			near(t, "mirror", TangoTailP(c, 0, n, d), -z, 0)
		}
	}
}

func BenchmarkTango(b *testing.B) {
	for i := range b.N {
		x := float64(i % 300)
		Tango(x, 150, 2000, z95)
	}
}
