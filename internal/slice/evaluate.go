package slice

import (
	"strings"
	"unicode/utf8"
)

// Truth is SQL's three-valued logic. The zero Truth is Unknown; a row is kept
// by a filter only if its Truth is True.
type Truth uint8

// The three truths.
const (
	Unknown Truth = iota
	False
	True
)

// String returns true, false or unknown.
func (t Truth) String() string {
	switch t {
	case True:
		return "true"
	case False:
		return "false"
	}
	return "unknown"
}

func truth(b bool) Truth {
	if b {
		return True
	}
	return False
}

// negate returns NOT t where not is set, and t otherwise.
func (t Truth) negate(not bool) Truth {
	switch {
	case !not || t == Unknown:
		return t
	case t == True:
		return False
	}
	return True
}

// Eval decides p for one row, as SQL would. The row function gives the value of
// a column by the name that Columns returns; a missing column should be null.
// A comparison across kinds, which Check refuses, is Unknown. The zero
// Predicate is True.
func (p Predicate) Eval(row func(column string) Value) Truth {
	if p.root == nil {
		return True
	}
	return eval(p.root, row)
}

func eval(c condition, row func(string) Value) Truth {
	switch c := c.(type) {
	case junction:
		// The deciding truth ends the walk; otherwise one Unknown makes it Unknown.
		decided := truth(c.or)
		result := decided.negate(true)
		for _, term := range c.terms {
			switch eval(term, row) {
			case decided:
				return decided
			case Unknown:
				result = Unknown
			}
		}
		return result
	case negation:
		return eval(c.term, row).negate(true)
	case comparison:
		return compare(c.op, c.left, c.right, row)
	case between:
		inside := both(compare(">=", c.value, c.low, row), compare("<=", c.value, c.high, row))
		return inside.negate(c.not)
	case membership:
		result := False
		for _, o := range c.list {
			switch compare("=", c.value, o, row) {
			case True:
				return truth(!c.not)
			case Unknown:
				result = Unknown
			}
		}
		return result.negate(c.not)
	case likeness:
		v := c.value.value(row)
		if v.kind != Text {
			return Unknown
		}
		return truth(like(v.text, c.pattern.literal.text)).negate(c.not)
	case nullness:
		return truth(c.value.value(row).IsNull()).negate(c.not)
	}
	return Unknown
}

func both(a, b Truth) Truth {
	switch {
	case a == False || b == False:
		return False
	case a == Unknown || b == Unknown:
		return Unknown
	}
	return True
}

func compare(op string, left, right operand, row func(string) Value) Truth {
	a, b := left.value(row), right.value(row)
	// A text literal beside a time is a time.
	if a.kind == Time && right.column == "" {
		b = right.instant
	}
	if b.kind == Time && left.column == "" {
		a = left.instant
	}
	order, ok := compareValues(a, b)
	if !ok {
		return Unknown
	}
	switch op {
	case "=":
		return truth(order == 0)
	case "<>":
		return truth(order != 0)
	case "<":
		return truth(order < 0)
	case "<=":
		return truth(order <= 0)
	case ">":
		return truth(order > 0)
	}
	return truth(order >= 0)
}

func (o operand) value(row func(string) Value) Value {
	if o.column == "" {
		return o.literal
	}
	return row(o.column)
}

// like matches text against a LIKE pattern: % is any run of characters, _ is
// one character, everything else is itself. On a mismatch it goes back to the
// last % only, so the time is at most len(text)·len(pattern).
func like(text, pattern string) bool {
	t, p := 0, 0
	retryText, retryPattern := 0, -1
	for t < len(text) {
		_, size := utf8.DecodeRuneInString(text[t:])
		switch {
		case p < len(pattern) && pattern[p] == '%':
			p++
			retryText, retryPattern = t, p
		case p < len(pattern) && pattern[p] == '_':
			p++
			t += size
		case p < len(pattern) && strings.HasPrefix(pattern[p:], text[t:t+size]):
			p += size
			t += size
		case retryPattern >= 0:
			_, size := utf8.DecodeRuneInString(text[retryText:])
			retryText += size
			t, p = retryText, retryPattern
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "%") == ""
}
