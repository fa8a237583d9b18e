package slice

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Kind is what a column holds, as far as a predicate is concerned. The zero
// Kind stands for everything else (lists, structs, blobs): such a column can be
// asked IS NULL and nothing more.
type Kind uint8

// The kinds of column that can be compared.
const (
	Number Kind = iota + 1
	Text
	Bool
	Time
)

// String returns the kind in words that fit after "holds".
func (k Kind) String() string {
	switch k {
	case Number:
		return "numbers"
	case Text:
		return "text"
	case Bool:
		return "booleans"
	case Time:
		return "times"
	}
	return "values that cannot be compared"
}

// Value is one cell of a row or one literal: null, a number, a text, a boolean
// or a time. The zero Value is null.
type Value struct {
	kind   Kind // 0 is null
	text   string
	number float64 // booleans are 0 and 1
	micros int64   // times: microseconds since 1970-01-01 00:00 UTC
}

// NullValue returns SQL's NULL.
func NullValue() Value { return Value{} }

// NumberValue returns x as a value. NaN is a value too: as in DuckDB it equals
// itself and is greater than every other number. Integers beyond ±2^53 lose
// digits here; where their names matter, give them as text.
func NumberValue(x float64) Value { return Value{kind: Number, number: x} }

// TextValue returns s as a value.
func TextValue(s string) Value { return Value{kind: Text, text: s} }

// BoolValue returns b as a value.
func BoolValue(b bool) Value {
	if b {
		return Value{kind: Bool, number: 1}
	}
	return Value{kind: Bool}
}

// TimeValue returns t as a value, cut to the microsecond.
func TimeValue(t time.Time) Value { return Value{kind: Time, micros: t.UnixMicro()} }

// IsNull reports whether v is null.
func (v Value) IsNull() bool { return v.kind == 0 }

// plain returns v as unquoted text: ∅ for null, the shortest round-trip form of
// a number (1, 0.5), true or false, and a time without what is zero at its end.
func (v Value) plain() string {
	switch v.kind {
	case Number:
		return formatNumber(v.number)
	case Text:
		return v.text
	case Bool:
		return strconv.FormatBool(v.number != 0)
	case Time:
		return formatTime(v.micros)
	}
	return nullName
}

// formatNumber writes x in the shortest form that reads back as x; both zeros
// are 0. Exponents are used outside [1e-6, 1e21), as JSON writers do.
func formatNumber(x float64) string {
	switch size := math.Abs(x); {
	case x == 0:
		return "0"
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 1):
		return "Infinity"
	case math.IsInf(x, -1):
		return "-Infinity"
	case size >= 1e-6 && size < 1e21:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'e', -1, 64)
}

const dateLayout = "2006-01-02"

// formatTime writes a time in UTC; midnight is written as the date alone.
func formatTime(micros int64) string {
	t := time.UnixMicro(micros).UTC()
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(dateLayout)
	}
	return t.Format(dateLayout + " 15:04:05.999999")
}

// parseTime reads 2024-01-31, 2024-01-31 08:30 and 2024-01-31 08:30:00.000000,
// the last also with a zone (Z or +02:00), and each with T for the space.
// Without a zone it is UTC. Finer than a microsecond is not ok.
func parseTime(s string) (micros int64, ok bool) {
	if len(s) > 10 && s[10] == 'T' {
		s = s[:10] + " " + s[11:]
	}
	for _, clock := range [...]string{"", " 15:04", " 15:04:05", " 15:04:05Z07:00"} {
		t, err := time.Parse(dateLayout+clock, s)
		if year := t.UTC().Year(); err == nil && t.Nanosecond()%1000 == 0 && year >= 1 && year <= 9999 {
			return t.UnixMicro(), true
		}
	}
	return 0, false
}

// compareValues orders two values of one kind: -1, 0 or 1. Text is ordered by
// its UTF-8 bytes and NaN stands above all numbers, both as in DuckDB. It is
// not ok where either is null or the kinds differ.
func compareValues(a, b Value) (order int, ok bool) {
	if a.kind == 0 || a.kind != b.kind {
		return 0, false
	}
	switch a.kind {
	case Text:
		return strings.Compare(a.text, b.text), true
	case Time:
		return sign(a.micros < b.micros, a.micros > b.micros), true
	}
	x, y := a.number, b.number
	if math.IsNaN(x) || math.IsNaN(y) {
		return sign(!math.IsNaN(x), !math.IsNaN(y)), true
	}
	return sign(x < y, x > y), true
}

// sign turns two one-sided answers into an order; both at once cancel out.
func sign(less, greater bool) int {
	switch {
	case less && !greater:
		return -1
	case greater && !less:
		return 1
	}
	return 0
}
