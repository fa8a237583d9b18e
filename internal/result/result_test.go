package result

import (
	"encoding/json"
	"math"
	"testing"
)

// NaN and infinity never leave the program, and absence survives a round trip.
func TestNumberJSON(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		b, err := json.Marshal(Number(x))
		if err != nil || string(b) != "null" {
			t.Errorf("%g is written as %s (%v)", x, b, err)
		}
	}
	var n Number
	if err := json.Unmarshal([]byte("null"), &n); err != nil || n.Known() {
		t.Errorf("null reads as %v (%v)", n, err)
	}
	for _, x := range []float64{0.1, 1e-300, 12345678901234567, -2.5, 1e-6, 9.9e-7, -3e-9, 1e-10, 1e20, 1e21, -1.5e21, 1e100, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		b, _ := json.Marshal(Number(x))
		if want, _ := json.Marshal(x); string(b) != string(want) {
			t.Errorf("%g is written as %s, a float64 as %s", x, b, want)
		}
		if err := json.Unmarshal(b, &n); err != nil || float64(n) != x {
			t.Errorf("%g reads back as %g (%v)", x, float64(n), err)
		}
	}
	if b, _ := json.Marshal(Number(math.Copysign(0, -1))); string(b) != "0" {
		t.Errorf("minus zero is written as %s", b)
	}
}

// Zero values fail loudly.
func TestZeroValues(t *testing.T) {
	for want, v := range map[string]any{`"error"`: Verdict(""), `"error" `: Decision("")} {
		b, err := json.Marshal(v)
		if err != nil || string(b) != want[:7] {
			t.Errorf("%T zero value is written as %s (%v)", v, b, err)
		}
	}
}

func TestShort(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 0.123456: "0.123", 0.0051234: "0.00512", 1.23456: "1.23", 12.345: "12.3", 123.456: "123", 12345.6: "12 346",
		-0.0412: "−0.0412", 1: "1.00", math.NaN(): "–", 1e-7: "1e−07", 99.96: "100.0", -2.5e-9: "−2.5e−09"} {
		if got := Number(x).Short(); got != want {
			t.Errorf("Short(%g) = %q, want %q", x, got, want)
		}
	}
	if got := Number(0.012).Signed(); got != "+0.0120" {
		t.Errorf("Signed(0.012) = %q", got)
	}
	if got := Count(1234567); got != "1 234 567" {
		t.Errorf("Count = %q", got)
	}
}
