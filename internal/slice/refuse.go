package slice

import "fmt"

// refuse returns the error for the next token, which is not what was expected.
// What SQL allows and the where language does not is named as such.
func (p *parser) refuse(expected string) *SyntaxError { return p.refuseWith(expected, "") }

// refuseWith is refuse with the hint to give where the token itself explains
// nothing.
func (p *parser) refuseWith(expected, hint string) *SyntaxError {
	t := p.peek()
	if t.kind == tokenBad {
		return t.err
	}
	if t.is("(") && p.after().word() == "SELECT" {
		return errorAt(p.src, p.after().at, "found SELECT: "+noSubqueries, "")
	}
	if msg, hint := explain(t); msg != "" {
		return errorAt(p.src, t.at, fmt.Sprintf("found %s: %s", t.describe(), msg), hint)
	}
	return errorAt(p.src, t.at, fmt.Sprintf("found %s; expected %s", t.describe(), expected), hint)
}

const (
	noArithmetic = "arithmetic is not allowed"
	noSubqueries = "sub-queries are not allowed"
	ownColumn    = "put the computed value into a column of the data"
)

// explain says why a token of SQL is not part of the language; "" if it is not
// special.
func explain(t token) (msg, hint string) {
	switch t.kind {
	case tokenSymbol:
		return explainSymbol(t.text)
	case tokenName:
		return explainWord(t.word())
	}
	return "", ""
}

func explainSymbol(symbol string) (msg, hint string) {
	switch symbol {
	case "+", "*", "/", "%", "^", "||", "&", "|", "#":
		return noArithmetic, ownColumn
	case "-":
		return noArithmetic, ownColumn + `; a name with - in it is written in double quotes: "age-band"`
	case "==":
		return "not an operator", "equality is written ="
	case "≤", "≥", "≠":
		return "not an operator", "write <=, >= or <>"
	case "~", "!":
		return "not an operator", "patterns are written with LIKE, and negation as NOT"
	case "::":
		return "casts are not allowed", "compare with a value of the column's own kind"
	case ".":
		return "qualified names are not allowed", `a name with a dot in it is written in double quotes: "a.b"`
	case ";":
		return "only one condition is allowed", ""
	case "?", "$", ":", "@", "{":
		return "parameters are not allowed", "write the value itself"
	case "`", "[":
		return "not a quote here", "column names are written in double quotes"
	case "‘", "’", "“", "”", "„", "«", "»":
		return "not a quote here", "use the straight quotes ' for text and \" for column names"
	}
	return "", ""
}

func explainWord(word string) (msg, hint string) {
	switch word {
	case "SELECT":
		return noSubqueries, `a column of that name is written in double quotes: "select"`
	case "CASE":
		return "CASE is not allowed", `a column of that name is written in double quotes: "case"`
	case "NULL":
		return "NULL is allowed only in IS NULL and IS NOT NULL", "nothing equals NULL; write column IS NULL"
	case "ILIKE", "GLOB", "SIMILAR", "REGEXP", "RLIKE":
		return "not an operator here", "patterns are written with LIKE, which tells upper from lower case"
	case "ESCAPE":
		return "LIKE has no escape character", ""
	case "COLLATE":
		return "collations are not allowed", "text is compared byte by byte"
	case "XOR":
		return "not an operator here", "write (a OR b) AND NOT (a AND b)"
	case "DISTINCT":
		return "IS DISTINCT FROM is not allowed", "write a <> b OR a IS NULL"
	}
	return "", ""
}

// refuseAfterName looks behind a name for what would make it more than a
// column: a call, a qualified name, or a typed literal such as DATE '…'.
func (p *parser) refuseAfterName(name token) *SyntaxError {
	switch after := p.after(); {
	case after.is("("):
		switch name.word() {
		case "EXISTS", "ANY", "ALL", "SOME":
			return errorAt(p.src, name.at, fmt.Sprintf("found %s: %s", name.word(), noSubqueries), "")
		}
		return errorAt(p.src, name.at, fmt.Sprintf("found %s(: functions are not allowed", shorten(name.text)), ownColumn)
	case after.is("."):
		msg, hint := explainSymbol(".")
		return errorAt(p.src, after.at, "found .: "+msg, hint)
	case after.kind == tokenString && name.kind == tokenName && explainsNothing(name):
		return errorAt(p.src, name.at, fmt.Sprintf("found %s before %s: typed literals are not allowed", shorten(name.text), after.describe()),
			"write the text alone; compared with a time column it is read as a time")
	}
	return nil
}

func explainsNothing(t token) bool {
	msg, _ := explain(t)
	return msg == ""
}
