package sequential

import (
	"math"
	"math/rand/v2"
	"testing"
)

// What would hardly pass goes on where all cases would show that it fails: the fails of what
// lies on the bound stay at alpha, what is worse by as much as a pass needs mostly fails, and
// the integration over two spans is what a walk drawn at random does.
func TestShowingWorse(t *testing.T) {
	five := []float64{.2, .4, .6, .8, 1}
	design := func(show bool) Design {
		d, err := New(.025, five, OBrienFleming, true)
		if err == nil {
			d, err = d.WithFutility(.2, OBrienFleming, show)
		}
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d, before := design(true), design(false)
	near(t, "futility", d.Lower, before.Lower, 0)
	near(t, "pass", d.Upper, before.Upper, 0)
	near(t, "harm", d.Harm, []float64{-.8765, -1.2396, -1.5182, -1.7531, -1.96}, 1e-4)
	if o := d.At(0, true); math.Abs(o.Harm-.025) > 5e-4 || o.Harm > .025+1e-9 || o.Pass > .025 {
		t.Errorf("on the bound: %+v", o)
	}
	drift := d.Drift(.9)
	for at, want := range map[float64][3]float64{-drift: {.73, .26, .50}, 0: {.025, .914, .552}, drift: {0, .108, .704}} {
		o := d.At(at, true)
		near(t, "fail, given up, asked", []float64{o.Harm, o.Futile, o.Fraction}, want[:], .012)
		r, n := rand.New(rand.NewPCG(1, uint64(at*at))), 40000
		var fail, futile, asked float64
		for range n {
			b, last := 0.0, 0.0
			for k, f := range five {
				b += math.Sqrt(f-last)*r.NormFloat64() + at*(f-last)
				last = f
				z := b / math.Sqrt(f)
				switch {
				case z <= d.Fail[k]:
					fail++
				case z >= d.Upper[k] || k == len(five)-1:
				case z <= d.Lower[k] && z >= d.Harm[k]:
					futile++
				default:
					continue
				}
				asked += f
				break
			}
		}
		near(t, "drawn", []float64{fail / float64(n), futile / float64(n), asked / float64(n)}, []float64{o.Harm, o.Futile, o.Fraction}, .011)
	}
	// Giving up at once asks less of what is worse, and hardly ever says so.
	never, err := New(.025, five, OBrienFleming, true)
	if err != nil {
		t.Fatal(err)
	}
	if o, b := d.At(-drift, true), before.At(-drift, true); !(o.Harm > 2.5*b.Harm && o.Fraction < .75*never.At(-drift, false).Fraction) {
		t.Errorf("shown %+v, given up %+v", o, b)
	}
}
