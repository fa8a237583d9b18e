package slice

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	maxDepth = 200       // of parentheses and NOT
	maxBytes = 256 << 10 // of source: room for an IN list of thousands of ids
)

// ParseWhere parses the where language, the boolean subset of SQL:
//
//	condition  = term { OR term }
//	term       = factor { AND factor }
//	factor     = NOT factor | "(" condition ")" | test
//	test       = operand ( = | <> | != | < | <= | > | >= ) operand
//	           | operand [NOT] BETWEEN operand AND operand
//	           | column [NOT] IN "(" literal { "," literal } ")"
//	           | column [NOT] LIKE string
//	           | column IS [NOT] NULL
//	operand    = column | literal
//	literal    = 'text' | [-] number | TRUE | FALSE
//	column     = name | "any name"
//
// Keywords may be in any case. In LIKE, % is any run of characters and _ is one
// character; there is no escape. An error is a *SyntaxError.
func ParseWhere(src string) (Predicate, error) {
	if len(src) > maxBytes {
		return Predicate{}, errorAt(src, 0, fmt.Sprintf("the condition has %d bytes; at most %d are allowed", len(src), maxBytes), "")
	}
	if at := badByte(src); at >= 0 {
		return Predicate{}, errorAt(src, at, "found a byte that is not text", "the condition must be UTF-8 without NUL")
	}
	p := &parser{src: src, tokens: lex(src)}
	if p.peek().kind == tokenEnd {
		return Predicate{}, errorAt(src, 0, "the condition is empty", "write one such as region = 'DE' AND age >= 18")
	}
	root, err := p.condition()
	if err == nil && p.peek().kind != tokenEnd {
		err = p.refuse("AND, OR or the end")
	}
	if err != nil {
		return Predicate{}, err
	}
	return Predicate{root: root, src: src}, nil
}

// badByte returns the offset of the first NUL or invalid UTF-8, or -1.
func badByte(src string) int {
	for i, r := range src {
		if r == 0 {
			return i
		}
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(src[i:]); size == 1 {
				return i
			}
		}
	}
	return -1
}

// parser is a recursive descent over tokens. Its methods return *SyntaxError
// rather than error; ParseWhere alone converts, after the nil check.
type parser struct {
	src    string
	tokens []token
	next   int
	depth  int
}

func (p *parser) peek() token { return p.tokens[p.next] }

// after returns the token behind the next one; the end is never passed.
func (p *parser) after() token { return p.tokens[min(p.next+1, len(p.tokens)-1)] }

// take consumes the next token. The last one (the end, or a mistake) stays.
func (p *parser) take() token {
	t := p.peek()
	p.next = min(p.next+1, len(p.tokens)-1)
	return t
}

func (p *parser) takeWord(word string) bool {
	if p.peek().word() != word {
		return false
	}
	p.take()
	return true
}

func (p *parser) enter() *SyntaxError {
	if p.depth++; p.depth > maxDepth {
		return errorAt(p.src, p.peek().at, fmt.Sprintf("parentheses and NOT are nested more than %d deep", maxDepth), "")
	}
	return nil
}

func (p *parser) condition() (condition, *SyntaxError) {
	return p.chain("OR", func() (condition, *SyntaxError) { return p.chain("AND", p.factor) })
}

func (p *parser) chain(word string, part func() (condition, *SyntaxError)) (condition, *SyntaxError) {
	var terms []condition
	for {
		c, err := part()
		if err != nil {
			return nil, err
		}
		if inner, ok := c.(junction); ok && inner.or == (word == "OR") {
			terms = append(terms, inner.terms...)
		} else {
			terms = append(terms, c)
		}
		if !p.takeWord(word) {
			break
		}
	}
	if len(terms) == 1 {
		return terms[0], nil
	}
	return junction{or: word == "OR", terms: terms}, nil
}

func (p *parser) factor() (condition, *SyntaxError) {
	negated := p.peek().word() == "NOT"
	if !negated && !p.peek().is("(") {
		return p.test()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	p.take()
	if negated {
		c, err := p.factor()
		if err != nil {
			return nil, err
		}
		return negation{c}, nil
	}
	c, err := p.condition()
	if err != nil {
		return nil, err
	}
	if !p.peek().is(")") {
		return nil, p.refuse("AND, OR or )")
	}
	p.take()
	return c, nil
}

func (p *parser) test() (condition, *SyntaxError) {
	left, err := p.operand("a column or a value")
	if err != nil {
		return nil, err
	}
	if p.peek().compares() {
		return p.comparison(left)
	}
	if p.takeWord("IS") {
		not := p.takeWord("NOT")
		if !p.takeWord("NULL") {
			return nil, p.refuseWith("NULL", "IS is followed by NULL or NOT NULL; other values are compared with = and <>")
		}
		return nullness{not: not, value: left}, p.needColumn(left, "IS NULL")
	}
	not := p.takeWord("NOT")
	switch p.peek().word() {
	case "BETWEEN":
		return p.between(left, not)
	case "IN":
		return p.membership(left, not)
	case "LIKE":
		return p.likeness(left, not)
	}
	if not {
		return nil, p.refuse("BETWEEN, IN or LIKE after NOT")
	}
	if left.column != "" && (p.peek().kind == tokenEnd || p.peek().is(")") || p.peek().word() == "AND" || p.peek().word() == "OR") {
		return nil, p.refuseWith(comparers, "a boolean column is tested as "+writeName(left.column)+" = TRUE")
	}
	return nil, p.refuse(comparers)
}

func (p *parser) comparison(left operand) (condition, *SyntaxError) {
	symbol := p.take().text
	right, err := p.operand("a column or a value after " + symbol)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.compares() {
		return nil, errorAt(p.src, t.at, fmt.Sprintf("found a second comparison, %s, in one test", t.text),
			"ranges are written a BETWEEN 1 AND 5, or a > 1 AND a < 5")
	}
	return comparison{op: strings.Replace(symbol, "!=", "<>", 1), left: left, right: right}, nil
}

const comparers = "=, <>, <, <=, >, >=, BETWEEN, IN, LIKE or IS"

func (p *parser) between(value operand, not bool) (condition, *SyntaxError) {
	p.take()
	low, err := p.operand("a column or a value after BETWEEN")
	if err != nil {
		return nil, err
	}
	if !p.takeWord("AND") {
		return nil, p.refuse("AND and the upper end of BETWEEN")
	}
	high, err := p.operand("a column or a value for the upper end of BETWEEN")
	return between{not: not, value: value, low: low, high: high}, err
}

func (p *parser) membership(value operand, not bool) (condition, *SyntaxError) {
	if err := p.needColumn(value, "IN"); err != nil {
		return nil, err
	}
	p.take()
	if !p.peek().is("(") {
		return nil, p.refuseWith("( after IN", "the list is written in parentheses: IN ('a', 'b')")
	}
	p.take()
	var list []operand
	for {
		o, err := p.operand("a value in the list of IN")
		if err != nil {
			return nil, err
		}
		if o.column != "" {
			return nil, errorAt(p.src, o.at, fmt.Sprintf("found the column %s in the list of IN; only values are allowed there", writeName(o.column)),
				"text is written in single quotes: "+quoteText(o.column))
		}
		list = append(list, o)
		if p.peek().is(")") {
			p.take()
			return membership{not: not, value: value, list: list}, nil
		}
		if !p.peek().is(",") {
			return nil, p.refuse(", or ) in the list of IN")
		}
		p.take()
	}
}

func (p *parser) likeness(value operand, not bool) (condition, *SyntaxError) {
	if err := p.needColumn(value, "LIKE"); err != nil {
		return nil, err
	}
	p.take()
	if p.peek().kind != tokenString {
		return nil, p.refuseWith("a pattern after LIKE", "write the pattern in single quotes: LIKE 'north%'")
	}
	pattern, err := p.operand("a pattern after LIKE")
	return likeness{not: not, value: value, pattern: pattern}, err
}
