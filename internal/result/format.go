package result

import (
	"math"
	"strconv"
	"strings"
)

// Short writes a number for a sentence: three significant digits, no exponent for
// ordinary sizes, "–" when absent. Files carry the full number.
func (n Number) Short() string {
	f := float64(n)
	if !n.Known() {
		return "–"
	}
	if f == 0 {
		return "0"
	}
	a := math.Abs(f)
	var s string
	switch {
	case a >= 1e9 || a < 1e-4:
		s = strconv.FormatFloat(f, 'g', 3, 64)
	case a >= 100:
		s = strconv.FormatFloat(f, 'f', 0, 64)
		return strings.Replace(Thousands(s), "-", "−", 1)
	default:
		digits := 2 - int(math.Floor(math.Log10(a)))
		s = strconv.FormatFloat(f, 'f', max(digits, 0), 64)
	}
	return strings.ReplaceAll(s, "-", "−") // of the exponent too
}

// Signed is Short with a sign in front of positive numbers too.
func (n Number) Signed() string {
	s := n.Short()
	if n.Known() && float64(n) > 0 {
		return "+" + s
	}
	return s
}

// Thousands groups the digits of a whole number with thin spaces: 12 345.
func Thousands(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	if len(s) < 5 {
		return sign + s
	}
	var out []string
	for len(s) > 3 {
		out = append([]string{s[len(s)-3:]}, out...)
		s = s[:len(s)-3]
	}
	return sign + strings.Join(append([]string{s}, out...), " ")
}

// Count writes a whole number with its digits grouped.
func Count(n int64) string { return Thousands(strconv.FormatInt(n, 10)) }

// Percent writes a level or share as a percentage with as few digits as it needs.
func Percent(x float64) string {
	return strconv.FormatFloat(math.Round(x*1e4)/1e2, 'f', -1, 64) + " %"
}
