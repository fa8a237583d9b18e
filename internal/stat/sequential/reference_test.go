package sequential

import (
	"math"
	"testing"
)

// Numbers of the R package rpact 3.3.4 (Wassmer & Pahlke): oracles/sequential.R prints them.

func near(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= tol) {
			t.Errorf("%s: %.7f, want %.7f", what, got, want)
			return
		}
	}
}

func TestBoundsOfRpact(t *testing.T) {
	five := []float64{.2, .4, .6, .8, 1}
	for _, c := range []struct {
		name      string
		alpha     float64
		fractions []float64
		spend     Spending
		upper     []float64
		shift     float64   // squared drift of 80 % power
		asn       []float64 // over the fixed n: at that drift, half of it, none
		inflation float64
	}{
		{"O'Brien–Fleming, 5", .025, five, OBrienFleming, []float64{4.8768849, 3.3570119, 2.6802801, 2.2898168, 2.0310321}, 8.0429032, []float64{.8236627, .9786481, 1.0213558}, 1.0247199},
		{"O'Brien–Fleming, uneven", .025, []float64{.3, .45, .8, 1}, OBrienFleming, []float64{3.9285725, 3.1489759, 2.2592737, 2.0266645}, 8.0228561, []float64{.8581699, .9839277, 1.0193644}, 1.0221658},
		{"O'Brien–Fleming, 2", .05, []float64{.5, 1}, OBrienFleming, []float64{2.5379876, 1.6621066}, 6.2312176, []float64{.8971071, .9832189, 1.0050613}, 1.0078706},
		{"Pocock, 5", .025, five, Pocock, []float64{2.4379767, 2.4268139, 2.4101941, 2.3966493, 2.3859997}, 9.5176544, []float64{.7957107, 1.0937369, 1.1981109}, 1.2126131},
		{"Pocock, uneven", .05, []float64{.25, .6, 1}, Pocock, []float64{2.0999027, 1.9961396, 1.9527239}, 7.2321222, []float64{.8144080, 1.0453392, 1.1458707}, 1.1697623},
	} {
		d, err := New(c.alpha, c.fractions, c.spend, false)
		if err != nil {
			t.Fatal(err)
		}
		near(t, c.name, d.Upper, c.upper, 3e-7)
		drift := d.Drift(.8)
		near(t, c.name+": shift", []float64{drift * drift}, []float64{c.shift}, 5e-6)
		for i, at := range []float64{drift, drift / 2, 0} {
			near(t, c.name+": expected n", []float64{d.At(at, false).Fraction * c.inflation}, c.asn[i:i+1], 1e-6)
		}
		if o := d.At(0, false); math.Abs(o.Pass-c.alpha) > 1e-7 {
			t.Errorf("%s: spends %v", c.name, o.Pass)
		}
	}
}

// Both sides: rpact's two-sided design of .05 has the bounds of .025 a side, to 1e-7.
func TestTwoSidedBoundsOfRpact(t *testing.T) {
	d, err := New(.025, []float64{.2, .4, .6, .8, 1}, OBrienFleming, true)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "two-sided", d.Upper, []float64{4.8768849, 3.3570119, 2.6802801, 2.2898168, 2.0310320}, 3e-7)
	if o := d.At(0, false); math.Abs(o.Pass+o.Harm-.05) > 1e-6 {
		t.Errorf("spends %v", o)
	}
}

func TestFutilityOfRpact(t *testing.T) {
	d, err := New(.025, []float64{.2, .4, .6, .8, 1}, OBrienFleming, false)
	if err == nil {
		d, err = d.WithFutility(.2, OBrienFleming, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	near(t, "futility", d.Lower, []float64{-1.2921474, 0.1697040, 0.9625049, 1.5264933, 2.0310321}, 1e-6)
	drift := math.Sqrt(9.0654829)
	if o := d.At(drift, true); math.Abs(o.Pass-.8) > 1e-6 {
		t.Errorf("power with futility %v, want 0.8", o.Pass)
	}
	// rpact's are over the fixed n, whose squared drift is 7.8488797.
	for i, want := range []float64{.8326083, .7981736, .5840948} {
		got := d.At(drift*float64(2-i)/2, true).Fraction * 9.0654829 / 7.8488797
		near(t, "expected n with futility", []float64{got}, []float64{want}, 2e-6)
	}
}

// Stagewise ordering: p, lower and upper end of the 95 % interval, as drifts.
func TestStagewiseOfRpact(t *testing.T) {
	d, err := New(.025, []float64{1. / 3, 2. / 3, 1}, OBrienFleming, false)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "3 looks", d.Upper, []float64{3.7103029, 2.5114275, 1.9930475}, 3e-7)
	for _, c := range []struct {
		look              int
		z, p, lo, hi, mid float64
	}{
		{2, 4.0305087, 0.0001268, 1.9552419, 5.9622336, 3.9821836},
		{3, 3.0599564, 0.0064537, 0.6180364, 4.8594154, 2.8011105},
		{3, 0.2886751, 0.3864187, -1.6713073, 2.2486415, 0.2886693},
		{3, 2.0784610, 0.0210071, 0.0746563, 4.0223645, 2.0543794},
	} {
		p := Path{Fractions: d.Fractions[:c.look], Upper: d.Upper, Lower: d.Lower, Z: c.z}
		near(t, "p", []float64{p.Tail(0)}, []float64{c.p}, 5e-6) // rpact's data have a t statistic of 20 000 rows or more
		near(t, "lower end, upper end, median", []float64{p.At(.025), p.At(.975), p.At(.5)}, []float64{c.lo, c.hi, c.mid}, 2e-4)
	}
}

func TestOneLookIsAFixedTest(t *testing.T) {
	d, err := New(.025, []float64{1}, OBrienFleming, true)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "bound", d.Upper, []float64{1.9599640}, 1e-6)
	p := Path{Fractions: []float64{1}, Z: 2.5}
	near(t, "interval", []float64{p.At(.025), p.At(.5), p.At(.975)}, []float64{2.5 - 1.9599640, 2.5, 2.5 + 1.9599640}, 1e-6)
}

func TestRefusals(t *testing.T) {
	for _, f := range [][]float64{nil, {.5}, {.5, .5, 1}, {0, 1}, {math.NaN(), 1}, {.5, 1, 1}} {
		if _, err := New(.025, f, OBrienFleming, false); err == nil {
			t.Errorf("%v is taken", f)
		}
	}
	for _, a := range []float64{0, .5, -1, math.NaN()} {
		if _, err := New(a, []float64{1}, OBrienFleming, false); err == nil {
			t.Errorf("alpha %v is taken", a)
		}
	}
	d, err := New(.025, []float64{.01, 1}, OBrienFleming, true) // nothing to spend at the first
	if err != nil || !math.IsInf(d.Upper[0], 1) || d.Level(0) != 1 {
		t.Errorf("%v %v", d, err)
	}
	if _, err := d.WithFutility(1, OBrienFleming, false); err == nil {
		t.Error("a futility of 1 is taken")
	}
}

func BenchmarkStagewiseInterval(b *testing.B) {
	d, err := New(.025, []float64{.2, .4, .6, .8, 1}, OBrienFleming, true)
	if err != nil {
		b.Fatal(err)
	}
	p := Path{Fractions: d.Fractions, Upper: d.Upper, Lower: []float64{-d.Upper[0], -d.Upper[1], -d.Upper[2], -d.Upper[3]}, Z: 1}
	for b.Loop() {
		_, _, _ = p.At(.025), p.At(.5), p.At(.975)
	}
}
