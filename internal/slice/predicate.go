package slice

import (
	"math"
	"strconv"
	"strings"
)

// Predicate is a parsed where text. It is an immutable value; the zero
// Predicate is the absent filter: it keeps every row.
type Predicate struct {
	root condition
	src  string // for the columns of Check's errors
}

// IsZero reports whether p is the absent filter.
func (p Predicate) IsZero() bool { return p.root == nil }

// condition is one node of the tree: junction, negation, comparison, between,
// membership, likeness or nullness.
type condition interface{ isCondition() }

// junction holds two or more terms, none of them a junction of the same sort:
// chains are flat however they were written.
type junction struct {
	or    bool
	terms []condition
}

type negation struct{ term condition }

type comparison struct {
	op          string // = <> < <= > >=
	left, right operand
}

type between struct {
	not              bool
	value, low, high operand
}

type membership struct {
	not   bool
	value operand
	list  []operand
}

type likeness struct {
	not            bool
	value, pattern operand
}

type nullness struct {
	not   bool
	value operand
}

func (junction) isCondition()   {}
func (negation) isCondition()   {}
func (comparison) isCondition() {}
func (between) isCondition()    {}
func (membership) isCondition() {}
func (likeness) isCondition()   {}
func (nullness) isCondition()   {}

// operand is a column or a literal.
type operand struct {
	column  string // "" for a literal
	literal Value  // number, text or boolean
	instant Value  // the text literal read as a time; null if it is none
	kind    Kind   // set by Check: the kind in which the operand is compared
	at      int    // byte offset in the source
}

// operands returns the operands of a condition that has no conditions inside.
func operands(c condition) []operand {
	switch c := c.(type) {
	case comparison:
		return []operand{c.left, c.right}
	case between:
		return []operand{c.value, c.low, c.high}
	case membership:
		return append([]operand{c.value}, c.list...)
	case likeness:
		return []operand{c.value, c.pattern}
	case nullness:
		return []operand{c.value}
	}
	return nil
}

// Columns returns the columns that p reads, each once, in order of first use.
// Names are as written; the zero Predicate has none.
func (p Predicate) Columns() []string {
	var names []string
	seen := map[string]bool{}
	var walk func(c condition)
	walk = func(c condition) {
		switch c := c.(type) {
		case junction:
			for _, term := range c.terms {
				walk(term)
			}
		case negation:
			walk(c.term)
		default:
			for _, o := range operands(c) {
				if o.column != "" && !seen[o.column] {
					seen[o.column] = true
					names = append(names, o.column)
				}
			}
		}
	}
	walk(p.root)
	return names
}

// String returns the canonical form: keywords in upper case, no needless
// parentheses or quotes. It parses to a predicate with the same String. The
// zero Predicate gives "".
func (p Predicate) String() string {
	var b strings.Builder
	writeCondition(&b, p.root)
	return b.String()
}

func writeCondition(b *strings.Builder, c condition) {
	switch c := c.(type) {
	case junction:
		for i, term := range c.terms {
			if i > 0 && c.or {
				b.WriteString(" OR ")
			} else if i > 0 {
				b.WriteString(" AND ")
			}
			inner, isJunction := term.(junction)
			writeNested(b, term, isJunction && inner.or)
		}
	case negation:
		b.WriteString("NOT ")
		_, isJunction := c.term.(junction)
		writeNested(b, c.term, isJunction)
	case comparison:
		b.WriteString(c.left.String() + " " + c.op + " " + c.right.String())
	case between:
		b.WriteString(c.value.String() + notWord(c.not) + " BETWEEN " + c.low.String() + " AND " + c.high.String())
	case membership:
		b.WriteString(c.value.String() + notWord(c.not) + " IN (")
		for i, o := range c.list {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(o.String())
		}
		b.WriteString(")")
	case likeness:
		b.WriteString(c.value.String() + notWord(c.not) + " LIKE " + c.pattern.String())
	case nullness:
		b.WriteString(c.value.String() + " IS" + notWord(c.not) + " NULL")
	}
}

func writeNested(b *strings.Builder, c condition, parentheses bool) {
	if parentheses {
		b.WriteString("(")
		defer b.WriteString(")")
	}
	writeCondition(b, c)
}

func notWord(not bool) string {
	if not {
		return " NOT"
	}
	return ""
}

// String returns the operand as the where language writes it.
func (o operand) String() string {
	if o.column != "" {
		return writeName(o.column)
	}
	switch o.literal.kind {
	case Text:
		return quoteText(o.literal.text)
	case Bool:
		return strings.ToUpper(o.literal.plain())
	case Number:
		if math.Abs(o.literal.number) > 1<<53 {
			// Digits up to the point would claim to be exact, which number refuses.
			return strconv.FormatFloat(o.literal.number, 'e', -1, 64)
		}
	}
	return o.literal.plain()
}

// writeName returns a column name, in double quotes where it needs them.
func writeName(name string) string {
	for i, r := range name {
		if i == 0 && !startsName(r) || !inName(r) {
			return quoteName(name)
		}
	}
	if reserved(strings.ToUpper(name)) {
		return quoteName(name)
	}
	return name
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
func quoteText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
