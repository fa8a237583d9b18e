// Package result holds the values that everything above the metrics speaks: the
// labelled estimate, the comparison and the verdict. It refuses to compute.
package result

import (
	"encoding/json"
	"math"
	"strconv"
)

// Number is a float that may be absent. Inside the program absence is NaN; in JSON,
// CSV and every other output it is null or empty, so that NaN and infinity never
// leave the program.
type Number float64

// None is the absent number.
func None() Number { return Number(math.NaN()) }

// Known reports whether the number is there (finite).
func (n Number) Known() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON writes null for an absent number.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	if n == 0 { // never "-0"
		return []byte("0"), nil
	}
	// encoding/json's own way with a float64, without its reflection: records are mostly numbers.
	f, format := float64(n), byte('f')
	if a := math.Abs(f); a < 1e-6 || a >= 1e21 {
		format = 'e'
	}
	b := strconv.AppendFloat(make([]byte, 0, 24), f, format, -1, 64)
	if k := len(b); format == 'e' && k >= 4 && b[k-4] == 'e' && b[k-2] == '0' { // e-09 is e-9
		b = append(b[:k-2], b[k-1])
	}
	return b, nil
}

// UnmarshalJSON reads null as None.
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = None()
		return nil
	}
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	*n = Number(f)
	return nil
}
