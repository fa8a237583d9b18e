package score

import (
	"regexp"
	"strings"
)

func mathEntries() []*Entry {
	e := refEntry("math", "Text", "1 if the final answer of the output is the reference's, by exact arithmetic. "+
		"Covered: whole numbers, decimals, fractions, percentages, mixed numbers, powers of whole exponent, square roots, π, letters as unknowns, sums, products, quotients and "+
		"polynomials of them, x = …, tuples, intervals and sets of such. Not covered, and then compared as text: trigonometry and logarithms, matrices, inequalities, "+
		"non-square roots, simplifying roots of sums, units", "own vectors")
	e.Aliases, e.Binary = []string{"math_equal", "math_equivalence"}, true
	e.Params = []Param{
		{Name: "extract", Kind: Text, Default: "auto", OneOf: []string{"auto", "boxed", "last_number", "whole"}, Doc: `auto: the last \boxed{}, else after ####, else after "answer is", else the whole if it is an expression, else the last number`},
	}
	e.build = func(a *args) (kernel, error) {
		refs, err := a.references()
		m := &mathKernel{refs: refs, how: a.text("extract"), numbers: newNumeric(nil, "last", nil).numbers,
			said: regexp.MustCompile(`(?i)(?:final answer|answer|result)\s*(?:is|:|=)+\s*:?\s*`)}
		return m, err
	}
	return []*Entry{e}
}

type mathKernel struct {
	refs    *references
	how     string
	numbers *regexp.Regexp
	said    *regexp.Regexp
}

func (k *mathKernel) score(c *Case) Score {
	refs, why := k.refs.of(c)
	if why != "" {
		return ungraded(why)
	}
	got, ok := k.answer(c.Output, k.how)
	if !ok {
		return failed("no answer found")
	}
	for _, r := range refs {
		want, _ := k.answer(r, "auto")
		if same, how := sameMath(got, want); same {
			return passed(how + ": " + short(got))
		}
	}
	return failed("answered " + short(got))
}

// answer takes the final answer out of a text.
func (k *mathKernel) answer(s, how string) (string, bool) {
	if how == "whole" {
		return s, strings.TrimSpace(s) != ""
	}
	if how == "auto" || how == "boxed" {
		if b, ok := lastBoxed(s); ok {
			return b, true
		}
		if how == "boxed" {
			return "", false
		}
	}
	if how == "auto" {
		if i := strings.LastIndex(s, "####"); i >= 0 {
			line, _, _ := strings.Cut(strings.TrimSpace(s[i+4:]), "\n")
			return line, line != ""
		}
		if all := k.said.FindAllStringIndex(s, -1); all != nil {
			line, _, _ := strings.Cut(s[all[len(all)-1][1]:], "\n")
			line = strings.Trim(strings.TrimSpace(line), "*_ .")
			if _, err := parseMath(line); err == nil {
				return line, true
			}
			if n := k.numbers.FindStringSubmatch(line); n != nil {
				return n[2], true
			}
		}
		if _, err := parseMath(s); err == nil {
			return s, true
		}
	}
	if all := k.numbers.FindAllStringSubmatchIndex(s, -1); all != nil {
		m := all[len(all)-1]
		end := m[5]
		if m[6] >= 0 && s[m[6]:m[7]] == "%" {
			end = m[7]
		}
		return s[m[4]:end], true
	}
	return s, strings.TrimSpace(s) != ""
}

// lastBoxed is the content of the last \boxed{…} or \fbox{…} with balanced braces.
func lastBoxed(s string) (string, bool) {
	i := max(strings.LastIndex(s, `\boxed{`), strings.LastIndex(s, `\fbox{`))
	if i < 0 {
		return "", false
	}
	start := i + strings.IndexByte(s[i:], '{') + 1
	depth := 1
	for j := start; j < len(s); j++ {
		switch s[j] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return s[start:j], true
			}
		}
	}
	return "", false
}

// sameMath compares two answers as text, then exactly where both can be read.
func sameMath(a, b string) (bool, string) {
	if mathText(a) == mathText(b) {
		return true, "equal as text"
	}
	x, errA := parseMath(a)
	y, errB := parseMath(b)
	if errA != nil || errB != nil {
		return false, "different as text"
	}
	return x.equal(y), "equal by exact arithmetic"
}

// mathText strips what does not change an answer's meaning.
func mathText(s string) string {
	s = strings.ToLower(cleanMath(s))
	s = strings.Map(func(r rune) rune {
		if isSpace(r) {
			return -1
		}
		return r
	}, s)
	return strings.TrimRight(s, ".")
}
