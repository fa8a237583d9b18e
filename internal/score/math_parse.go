package score

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

var (
	errNotMath = errors.New("not an expression that is covered")
	errTooBig  = errors.New("too large to compare exactly")
)

// answerValue is one expression or a list of them in brackets.
type answerValue struct {
	open, close byte // ( [ { and so on; 0 for one expression
	items       []quotient
}

func (a *answerValue) equal(b *answerValue) bool {
	if a.open != b.open || a.close != b.close || len(a.items) != len(b.items) {
		return false
	}
	if a.open == '{' { // a set: order is nothing
		used := make([]bool, len(b.items))
	next:
		for _, x := range a.items {
			for j, y := range b.items {
				if !used[j] && x.equal(y) {
					used[j] = true
					continue next
				}
			}
			return false
		}
		return true
	}
	for i := range a.items {
		if !a.items[i].equal(b.items[i]) {
			return false
		}
	}
	return true
}

// cleanMath takes away LaTeX that only changes the looks.
func cleanMath(s string) string {
	s = strings.TrimSpace(s)
	for _, cut := range []string{`\left`, `\right`, `\displaystyle`, `\!`, `\,`, `\;`, `\:`, `\ `, `^\circ`, `^{\circ}`, `\$`, `$`, `\(`, `\)`, `\[`, `\]`, `\quad`, "°", "€", "£"} {
		s = strings.ReplaceAll(s, cut, "")
	}
	s = strings.NewReplacer(`\dfrac`, `\frac`, `\tfrac`, `\frac`, `\cdot`, "*", `\times`, "*", "×", "*", "·", "*", "÷", "/", "−", "-", `\%`, "%", `\pi`, "π", "\\{", "⟨", "\\}", "⟩", "∞", `\infty`).Replace(s)
	for _, wrap := range []string{`\text{`, `\mathrm{`, `\textbf{`, `\mathbf{`} {
		for {
			i := strings.Index(s, wrap)
			if i < 0 {
				break
			}
			j := strings.IndexByte(s[i:], '}')
			if j < 0 {
				break
			}
			s = s[:i] + s[i+len(wrap):i+j] + s[i+j+1:]
		}
	}
	return strings.TrimSpace(strings.TrimRight(strings.TrimSpace(s), "."))
}

const maxMathText = 400

// parseMath reads an answer.
func parseMath(s string) (*answerValue, error) {
	if len(s) > maxMathText {
		return nil, errTooBig
	}
	s = cleanMath(s)
	if s == "" {
		return nil, errNotMath
	}
	// x = 5 is 5; more than one = or a longer left side is not covered.
	if l, r, ok := strings.Cut(s, "="); ok {
		l = strings.TrimSpace(l)
		if len(l) != 1 || l[0] < 'a' || l[0] > 'z' || strings.Contains(r, "=") {
			return nil, errNotMath
		}
		s = strings.TrimSpace(r)
	}
	if v, ok, err := parseMathList(s); ok || err != nil {
		return v, err
	}
	q, err := parseExpression(s)
	if err != nil {
		return nil, err
	}
	return &answerValue{items: []quotient{q}}, nil
}

// parseMathList reads (a, b), [a, b), ⟨a, b⟩ (a LaTeX set).
func parseMathList(s string) (*answerValue, bool, error) {
	rs := []rune(s)
	if len(rs) < 3 {
		return nil, false, nil
	}
	first, last := rs[0], rs[len(rs)-1]
	set := first == '⟨' && last == '⟩'
	if !set && !(strings.ContainsRune("([", first) && strings.ContainsRune(")]", last)) {
		return nil, false, nil
	}
	inner := string(rs[1 : len(rs)-1])
	var items []string
	depth, start := 0, 0
	for i := 0; i < len(inner); i++ {
		switch inner[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth < 0 {
				return nil, false, nil // (a)+(b)
			}
		case ',':
			if depth == 0 {
				items = append(items, inner[start:i])
				start = i + 1
			}
		}
	}
	items = append(items, inner[start:])
	if len(items) == 1 && !set {
		return nil, false, nil
	}
	v := &answerValue{open: byte(first), close: byte(last)}
	if set {
		v.open, v.close = '{', '}'
	}
	for _, it := range items {
		it = strings.TrimSpace(it)
		if strings.Trim(it, `-+`) == `\infty` { // an end of an interval
			q := atom("∞")
			if it[0] == '-' {
				q = q.negate()
			}
			v.items = append(v.items, q)
			continue
		}
		q, err := parseExpression(it)
		if err != nil {
			return nil, false, err
		}
		v.items = append(v.items, q)
	}
	return v, true, nil
}

// mathParser is a recursive-descent parser:
//
//	sum     = term {(+|−) term}
//	term    = factor {[*|/] factor}        side by side is a product
//	factor  = {+|−} primary [^ exponent] [%]
//	primary = number | letter | π | (sum) | {sum} | \frac primary primary | \sqrt primary
type mathParser struct {
	s     []rune
	i     int
	depth int
}

func parseExpression(s string) (quotient, error) {
	p := &mathParser{s: []rune(s)}
	q, err := p.sum()
	if err != nil {
		return quotient{}, err
	}
	if p.space(); p.i < len(p.s) {
		return quotient{}, errNotMath
	}
	return q, nil
}

func (p *mathParser) space() {
	for p.i < len(p.s) && isSpace(p.s[p.i]) {
		p.i++
	}
}

func (p *mathParser) peek() rune {
	p.space()
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *mathParser) word(w string) bool {
	p.space()
	if strings.HasPrefix(string(p.s[p.i:min(len(p.s), p.i+len(w))]), w) {
		p.i += len(w)
		return true
	}
	return false
}

func (p *mathParser) sum() (quotient, error) {
	if p.depth++; p.depth > 40 {
		return quotient{}, errTooBig
	}
	defer func() { p.depth-- }()
	q, err := p.term()
	for err == nil {
		c := p.peek()
		if c != '+' && c != '-' {
			return q, nil
		}
		p.i++
		var r quotient
		if r, err = p.term(); err != nil {
			break
		}
		if c == '-' {
			r = r.negate()
		}
		q, err = q.add(r)
	}
	return q, err
}

func (p *mathParser) term() (quotient, error) {
	q, err := p.factor()
	for err == nil {
		c := p.peek()
		switch {
		case c == '*' || c == '/':
			p.i++
		case c == '(' || c == '{' || c == '\\' || c == 'π' || letter(c):
		default:
			return q, nil
		}
		var r quotient
		if r, err = p.factor(); err != nil {
			break
		}
		if c == '/' {
			q, err = q.divide(r)
		} else {
			q, err = q.times(r)
		}
	}
	return q, err
}

func letter(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func (p *mathParser) factor() (quotient, error) {
	negative := false
	for c := p.peek(); c == '-' || c == '+'; c = p.peek() {
		negative = negative != (c == '-')
		p.i++
	}
	start := p.i
	q, err := p.primary()
	if err != nil {
		return q, err
	}
	// 1\frac{1}{2} is one and a half, as in school books
	if p.peek() == '\\' && digits(p.s[start:p.i]) {
		if at := p.i; p.word(`\frac`) {
			if f, err := p.fraction(); err == nil && f.isNumber() {
				if q, err = q.add(f); err != nil {
					return q, err
				}
			} else {
				p.i = at
			}
		}
	}
	if p.peek() == '^' {
		p.i++
		e, err := p.primaryExponent()
		if err != nil {
			return q, err
		}
		if q, err = q.power(e); err != nil {
			return q, err
		}
	}
	if p.peek() == '%' {
		p.i++
		if q, err = q.divide(constant(big.NewRat(100, 1))); err != nil {
			return q, err
		}
	}
	if negative {
		q = q.negate()
	}
	return q, nil
}

func digits(s []rune) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(s) > 0
}

// primaryExponent is a whole exponent, perhaps in braces, brackets or with a sign.
func (p *mathParser) primaryExponent() (int, error) {
	sign := 1
	if p.peek() == '-' {
		sign = -1
		p.i++
	}
	q, err := p.primary()
	if err != nil {
		return 0, err
	}
	r, ok := q.rational()
	if !ok || !r.IsInt() || !r.Num().IsInt64() || r.Num().Int64() > 64 || r.Num().Int64() < -64 {
		return 0, errNotMath
	}
	return sign * int(r.Num().Int64()), nil
}

func (p *mathParser) primary() (quotient, error) {
	c := p.peek()
	switch {
	case c == '(' || c == '{' || c == '[':
		p.i++
		q, err := p.sum()
		if err != nil {
			return q, err
		}
		if want := map[rune]rune{'(': ')', '{': '}', '[': ']'}[c]; p.peek() != want {
			return q, errNotMath
		}
		p.i++
		return q, nil
	case c >= '0' && c <= '9' || c == '.':
		return p.number()
	case p.word(`\frac`):
		return p.fraction()
	case p.word(`\sqrt`):
		var q quotient
		var err error
		if c := p.peek(); c >= '0' && c <= '9' { // \sqrt2
			q = constant(big.NewRat(int64(c-'0'), 1))
			p.i++
		} else if c != '{' && c != '(' {
			return quotient{}, errNotMath
		} else if q, err = p.primary(); err != nil {
			return q, err
		}
		return q.sqrt()
	case p.word("sqrt("):
		p.i--
		q, err := p.primary()
		if err != nil {
			return q, err
		}
		return q.sqrt()
	case c == 'π' || p.startsWith("pi") && !p.letterAt(2):
		p.i += 1 + bitInt(c != 'π')
		return atom("π"), nil
	case letter(c) && !p.letterAt(1):
		p.i++
		return atom(string(c)), nil
	case letter(c): // xy is a product of unknowns, "apples" is a word
		if p.letterAt(2) {
			return quotient{}, errNotMath
		}
		p.i++
		return atom(string(c)), nil
	}
	return quotient{}, errNotMath
}

func (p *mathParser) startsWith(w string) bool {
	return p.i+len(w) <= len(p.s) && string(p.s[p.i:p.i+len(w)]) == w
}

func (p *mathParser) letterAt(k int) bool { return p.i+k < len(p.s) && letter(p.s[p.i+k]) }

// fraction reads the two arguments of \frac: braces, or a digit each.
func (p *mathParser) fraction() (quotient, error) {
	arg := func() (quotient, error) {
		if c := p.peek(); c >= '0' && c <= '9' {
			p.i++
			return constant(big.NewRat(int64(c-'0'), 1)), nil
		} else if c != '{' {
			return quotient{}, errNotMath
		}
		return p.primary()
	}
	a, err := arg()
	if err != nil {
		return a, err
	}
	b, err := arg()
	if err != nil {
		return b, err
	}
	return a.divide(b)
}

func (p *mathParser) number() (quotient, error) {
	start := p.i
	for p.i < len(p.s) {
		c := p.s[p.i]
		if c >= '0' && c <= '9' || c == '.' {
			p.i++
			continue
		}
		// 12,345: a comma with exactly three digits after it
		if c == ',' && p.i+3 < len(p.s) && digits(p.s[p.i+1:p.i+4]) && (p.i+4 == len(p.s) || !digits(p.s[p.i+4:p.i+5])) {
			p.i += 4
			continue
		}
		break
	}
	text := strings.ReplaceAll(string(p.s[start:p.i]), ",", "")
	r, ok := new(big.Rat).SetString(text)
	if !ok || len(text) > 60 {
		return quotient{}, fmt.Errorf("%w: %q", errNotMath, text)
	}
	return constant(r), nil
}
