package resample

import (
	"math"
	"slices"
	"testing"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// The stream must never change: records name their seed and promise the same draws.
// Values from an independent PCG-DXSM and SHA-256 in Python.
func TestStreamIsPinned(t *testing.T) {
	for _, c := range []struct {
		seed uint64
		keys []string
		want []uint64
	}{
		{0, nil, []uint64{0x774eeec809f0eb48, 0x5ceecb0d09df55e0, 0xd95c4267b1fafdb}},
		{7, []string{"cells", "all"}, []uint64{0xd42c381989728d5f, 0x9ed250bc0defef78, 0x9edfc38d3151109c}},
		{math.MaxUint64, []string{"é", ""}, []uint64{0xe0e3c90070e24620, 0x5f94ebdddb55d879, 0xbe6800a12ccfcc11}},
	} {
		r := NewRNG(c.seed, c.keys...)
		for i, want := range c.want {
			if got := r.Uint64(); got != want {
				t.Errorf("seed %d keys %q: value %d is %#x, want %#x", c.seed, c.keys, i, got, want)
			}
		}
	}
}

func TestKeysSeparateStreams(t *testing.T) {
	seen := map[uint64][]string{}
	for _, keys := range [][]string{nil, {""}, {"", ""}, {"a"}, {"b"}, {"ab"}, {"a", "b"}, {"b", "a"}, {"ab", "c"}, {"a", "bc"}, {"abc"}} {
		x := NewRNG(1, keys...).Uint64()
		if other, dup := seen[x]; dup {
			t.Errorf("%q and %q give one stream", keys, other)
		}
		seen[x] = keys
	}
	if NewRNG(1, "a").Uint64() == NewRNG(2, "a").Uint64() {
		t.Error("the seed does not matter")
	}
}

func TestUniformAndNormal(t *testing.T) {
	r := NewRNG(11, "uniform")
	const n = 200000
	cells, normals := make([]float64, 64), make([]float64, n)
	var sum, sum2, sum4 float64
	for i := range n {
		u := r.Float64()
		if !(u >= 0 && u < 1) {
			t.Fatalf("Float64 = %v", u)
		}
		cells[int(u*64)]++
		x := r.Normal()
		normals[i] = x
		sum, sum2, sum4 = sum+x, sum2+x*x, sum4+x*x*x*x
	}
	chi := 0.0
	for _, c := range cells {
		chi += (c - n/64.) * (c - n/64.) / (n / 64.)
	}
	if p := dist.ChiSquareSF(chi, 63); p < 1e-4 {
		t.Errorf("uniform: chi-square p = %g", p)
	}
	for what, z := range map[string]float64{
		"mean":          sum / n * math.Sqrt(n),
		"variance":      (sum2/n - 1) * math.Sqrt(n/2.),
		"fourth moment": (sum4/n - 3) * math.Sqrt(n/96.),
	} {
		if math.Abs(z) > 4 {
			t.Errorf("normal %s is %g standard errors off", what, z)
		}
	}
	slices.Sort(normals)
	ks := 0.0
	for i, x := range normals {
		ks = math.Max(ks, math.Abs(dist.NormCDF(x)-(float64(i)+.5)/n))
	}
	if ks*math.Sqrt(n) > 1.95 { // Kolmogorov's 0.1 % point
		t.Errorf("normal: Kolmogorov distance %g", ks)
	}
}
