package slice

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// needColumn refuses a literal on the left of a test that only makes sense for
// a column.
func (p *parser) needColumn(o operand, test string) *SyntaxError {
	if o.column != "" {
		return nil
	}
	return errorAt(p.src, o.at, fmt.Sprintf("found the value %s before %s; a column is needed there", shorten(o.String()), test),
		"columns are written bare or in double quotes")
}

func (p *parser) operand(expected string) (operand, *SyntaxError) {
	t := p.peek()
	switch t.kind {
	case tokenName, tokenQuotedName:
		switch t.word() {
		case "TRUE", "FALSE":
			p.take()
			return operand{literal: BoolValue(t.word() == "TRUE"), at: t.at}, nil
		}
		if reserved(t.word()) {
			return operand{}, p.refuse(expected)
		}
		if err := p.refuseAfterName(t); err != nil {
			return operand{}, err
		}
		p.take()
		return operand{column: t.text, at: t.at}, nil
	case tokenString:
		p.take()
		o := operand{literal: TextValue(t.text), at: t.at}
		if micros, ok := parseTime(t.text); ok {
			o.instant = Value{kind: Time, micros: micros}
		}
		return o, nil
	case tokenNumber:
		return p.number(t.at, t.text)
	case tokenSymbol:
		if t.text == "-" && p.after().kind == tokenNumber {
			p.take()
			return p.number(t.at, "-"+p.peek().text)
		}
	}
	return operand{}, p.refuse(expected)
}

// number reads the next token as the number text. Numbers are compared as
// 64-bit floats, so one that is out of range, or an integer that would change,
// is refused.
func (p *parser) number(at int, text string) (operand, *SyntaxError) {
	p.take()
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return operand{}, errorAt(p.src, at, shorten(text)+" is too large for a number", "")
	}
	if !strings.ContainsAny(text, ".eE") {
		if exact, ok := new(big.Int).SetString(text, 10); !ok || new(big.Float).SetInt(exact).Cmp(big.NewFloat(x)) != 0 {
			return operand{}, errorAt(p.src, at, shorten(text)+" has too many digits to be compared exactly",
				"keep such identifiers as text and quote them")
		}
	}
	if x == 0 {
		x = 0 // -0 is written 0
	}
	return operand{literal: NumberValue(x), at: at}, nil
}
