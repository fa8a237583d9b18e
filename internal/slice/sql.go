package slice

import "strings"

// SQL returns p as a boolean SQL expression and the values bound to its ?, in
// order: float64, string or bool. Each literal is cast to the type in which it
// is compared, so no implicit cast decides. Column names go through quoteIdent;
// nil quotes them as standard SQL does. Time columns need a predicate that went
// through Check; their literals are bound as text in UTC and cast to TIMESTAMP,
// so the session's time zone must be UTC where a column has a zone. The zero
// Predicate is TRUE.
func (p Predicate) SQL(quoteIdent func(name string) string) (text string, args []any) {
	if p.root == nil {
		return "TRUE", nil
	}
	if quoteIdent == nil {
		quoteIdent = quoteName
	}
	w := &sqlWriter{quote: quoteIdent}
	w.condition(p.root)
	return w.text.String(), w.args
}

type sqlWriter struct {
	text  strings.Builder
	args  []any
	quote func(string) string
}

func (w *sqlWriter) write(s string) { w.text.WriteString(s) }

func (w *sqlWriter) condition(c condition) {
	w.write("(")
	defer w.write(")")
	switch c := c.(type) {
	case junction:
		for i, term := range c.terms {
			if i > 0 && c.or {
				w.write(" OR ")
			} else if i > 0 {
				w.write(" AND ")
			}
			w.condition(term)
		}
	case negation:
		w.write("NOT ")
		w.condition(c.term)
	case comparison:
		columns := c.left.column != "" && c.right.column != ""
		w.operand(c.left, columns)
		w.write(" " + c.op + " ")
		w.operand(c.right, columns)
	case between:
		columns := c.value.column != "" && (c.low.column != "" || c.high.column != "")
		w.operand(c.value, columns)
		w.write(notWord(c.not) + " BETWEEN ")
		w.operand(c.low, columns)
		w.write(" AND ")
		w.operand(c.high, columns)
	case membership:
		w.operand(c.value, false)
		w.write(notWord(c.not) + " IN (")
		for i, o := range c.list {
			if i > 0 {
				w.write(", ")
			}
			w.operand(o, false)
		}
		w.write(")")
	case likeness:
		w.operand(c.value, false)
		w.write(notWord(c.not) + " LIKE ")
		w.operand(c.pattern, false)
	case nullness:
		w.operand(c.value, false)
		w.write(" IS" + notWord(c.not) + " NULL")
	}
}

// operand writes a column or a bound literal. Two number columns are compared
// as doubles, as Go does: widen asks for the cast.
func (w *sqlWriter) operand(o operand, widen bool) {
	if o.column != "" {
		if name := w.quote(o.column); widen && o.kind == Number {
			w.write("CAST(" + name + " AS DOUBLE)")
		} else {
			w.write(name)
		}
		return
	}
	if o.kind == Time {
		w.write("CAST(? AS TIMESTAMP)")
		w.args = append(w.args, formatTime(o.instant.micros))
		return
	}
	switch v := o.literal; v.kind {
	case Number:
		w.write("CAST(? AS DOUBLE)")
		w.args = append(w.args, v.number)
	case Bool:
		w.write("CAST(? AS BOOLEAN)")
		w.args = append(w.args, v.number != 0)
	default:
		w.write("CAST(? AS VARCHAR)")
		w.args = append(w.args, v.text)
	}
}
