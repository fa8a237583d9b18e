// Package result holds the values that everything above the metrics speaks: the
// labelled estimate, the comparison and the verdict. It refuses to compute.
package result

import (
	"encoding/json"
	"math"
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
	return n.AppendJSON(make([]byte, 0, 24)), nil
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
