package slice

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Check resolves p against the columns of the data: types gives a column's
// kind, or false where the data lacks it. The result is p with the kinds known,
// and it is the one to call SQL on. Refused are unknown columns and every
// comparison of two kinds, a text literal beside a time column excepted, where
// it must be a time. The error joins one *SyntaxError for each mistake, in
// order of their places. Names reach types as they were written.
func (p Predicate) Check(types func(column string) (Kind, bool)) (Predicate, error) {
	if p.root == nil {
		return p, nil
	}
	c := &checker{src: p.src, types: types}
	root := c.condition(p.root)
	if len(c.errs) > 0 {
		return Predicate{}, errors.Join(c.errs...)
	}
	return Predicate{root: root, src: p.src}, nil
}

type checker struct {
	src   string
	types func(string) (Kind, bool)
	errs  []error
}

func (c *checker) refuse(at int, hint, format string, args ...any) {
	c.errs = append(c.errs, errorAt(c.src, at, fmt.Sprintf(format, args...), hint))
}

// condition returns a copy of node whose operands carry their kinds.
func (c *checker) condition(node condition) condition {
	switch node := node.(type) {
	case junction:
		terms := make([]condition, len(node.terms))
		for i, term := range node.terms {
			terms[i] = c.condition(term)
		}
		return junction{or: node.or, terms: terms}
	case negation:
		return negation{c.condition(node.term)}
	case comparison:
		c.unify(&node.left, &node.right)
		return node
	case between:
		c.unify(&node.value, &node.low, &node.high)
		return node
	case membership:
		list := append([]operand(nil), node.list...)
		group := []*operand{&node.value}
		for i := range list {
			group = append(group, &list[i])
		}
		c.unify(group...)
		node.list = list
		return node
	case likeness:
		if c.column(&node.value) && node.value.kind != Text {
			c.refuse(node.value.at, "use =, IN or BETWEEN", "LIKE needs text, but column %s holds %s", writeName(node.value.column), node.value.kind)
		}
		return node
	case nullness:
		c.column(&node.value)
		return node
	}
	return node
}

// column looks up an operand's column and reports whether there is one.
func (c *checker) column(o *operand) bool {
	if o.column == "" {
		return false
	}
	kind, ok := c.types(o.column)
	if !ok {
		c.refuse(o.at, "if a text value was meant, write "+quoteText(o.column), "the data has no column %s", writeName(o.column))
		return false
	}
	o.kind = kind
	return true
}

// unify gives all operands of one test the same kind: that of its first column,
// or of its first literal where it has no column.
func (c *checker) unify(group ...*operand) {
	var lead *operand
	complete := true
	for _, o := range group {
		if o.column == "" {
			continue
		}
		if !c.column(o) {
			complete = false
			continue
		}
		if o.kind == 0 {
			c.refuse(o.at, "only IS NULL and IS NOT NULL can be asked of it", "column %s holds %s", writeName(o.column), o.kind)
			complete = false
			continue
		}
		if lead == nil {
			lead = o
		}
	}
	if !complete {
		return
	}
	if lead == nil {
		lead = group[0]
		lead.kind = lead.literal.kind
	}
	for _, o := range group {
		switch {
		case o == lead:
		case o.column != "":
			if o.kind != lead.kind {
				c.refuse(o.at, "compare columns of one kind", "column %s holds %s and column %s holds %s",
					writeName(o.column), o.kind, writeName(lead.column), lead.kind)
			}
		case o.literal.kind == lead.kind:
			o.kind = lead.kind
		case lead.kind == Time && !o.instant.IsNull():
			o.kind = Time
		default:
			c.refuseLiteral(lead, o)
		}
	}
}

func (c *checker) refuseLiteral(lead, o *operand) {
	if lead.column == "" {
		c.refuse(o.at, "", "%s and %s are values of different kinds", shorten(lead.String()), shorten(o.String()))
		return
	}
	if lead.kind == Time && o.literal.kind == Text {
		c.refuse(o.at, timeHint, "column %s holds times, and %s is not a time", writeName(lead.column), shorten(o.String()))
		return
	}
	c.refuse(o.at, literalHint(lead.kind, o.literal), "column %s holds %s, but %s is %s",
		writeName(lead.column), lead.kind, shorten(o.String()), kindOf(o.literal))
}

const timeHint = "write '2024-01-31' or '2024-01-31 08:30:00'"

func kindOf(v Value) string {
	switch v.kind {
	case Number:
		return "a number"
	case Bool:
		return "a boolean"
	}
	return "text"
}

// literalHint says how to write v for a column of another kind; "" where there
// is no such form.
func literalHint(want Kind, v Value) string {
	plain := v.plain()
	switch want {
	case Text:
		return "write " + quoteText(plain)
	case Time:
		return timeHint
	case Bool:
		switch strings.ToLower(plain) {
		case "1", "true", "t", "yes":
			return "write TRUE"
		case "0", "false", "f", "no":
			return "write FALSE"
		}
		return "write TRUE or FALSE"
	case Number:
		if v.kind == Bool {
			return fmt.Sprintf("write %d", int(v.number))
		}
		if x, err := strconv.ParseFloat(strings.TrimSpace(plain), 64); err == nil && x-x == 0 {
			return "write " + formatNumber(x)
		}
		return "write a number without quotes"
	}
	return ""
}
