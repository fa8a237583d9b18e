package cells

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestLogTable(t *testing.T) {
	table := newLogTable()
	log := func(x float64) float64 {
		own := [1]float64{x}
		table.losses(own[:])
		return -own[0]
	}
	worst, at := 0.0, 0.0
	check := func(x float64) {
		want := math.Log(x)
		got := log(x)
		slack := math.Max(3e-16, 3*(math.Nextafter(math.Abs(want), math.Inf(1))-math.Abs(want)))
		if want == 0 && got != 0 {
			t.Fatalf("log(1) = %g", got)
		}
		if math.Abs(want) < 1e-3 { // relative there
			slack = 1e-15 * math.Abs(want)
		}
		if d := math.Abs(got-want) / slack; d > worst {
			worst, at = d, x
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2_000_000 {
		check(r.Float64() + 1e-300)
		check(math.Exp(-36 * r.Float64()))
		check(1 - math.Exp(-36*r.Float64()))
	}
	for i := range logCells + 1 { // the seams
		x := math.Float64frombits(logLow + uint64(i)<<(mantissa-logBits))
		for _, x := range []float64{math.Nextafter(x, 0), x, math.Nextafter(x, 2)} {
			check(x)
		}
	}
	check(1)
	check(epsilon)
	check(1 - epsilon)
	check(math.SmallestNonzeroFloat64 * (1 << 53))
	check(math.MaxFloat64)
	t.Logf("worst %.3g of what is allowed, at %v", worst, new(big.Float).SetFloat64(at))
	if worst > 1 {
		t.Errorf("log(%v) = %v, want %v", at, log(at), math.Log(at))
	}
}

func BenchmarkLog(b *testing.B) {
	x := make([]float64, 1024)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range x {
		x[i] = r.Float64()
	}
	table := newLogTable()
	s := 0.0
	b.Run("table", func(b *testing.B) {
		own := make([]float64, len(x))
		for i := 0; i < b.N; i += len(x) {
			copy(own, x)
			table.losses(own)
		}
	})
	b.Run("math", func(b *testing.B) {
		for i := range b.N {
			s += math.Log(x[i&1023])
		}
	})
	if s == 1 {
		b.Fatal()
	}
}
