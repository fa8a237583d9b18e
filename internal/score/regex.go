package score

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

func regexEntries() []*Entry {
	return []*Entry{{Name: "regex", Aliases: []string{"matches", "pattern"}, Group: "Text", Lo: 0, Hi: 1, Direction: Up, Binary: true,
		Meaning: "1 if the pattern is found in the output. Patterns are RE2 (linear time): no look-around, no back-references",
		Value:   "pattern; variables are put in as they are, special characters and all", Oracle: "Go's regexp; own vectors",
		Params: []Param{
			{Name: "ignore_case", Kind: Flag, Default: false, Doc: "(?i)"},
			{Name: "full", Kind: Flag, Default: false, Doc: "the whole output must match"},
		},
		build: func(a *args) (kernel, error) {
			v, err := a.values("a pattern")
			if err != nil {
				return nil, err
			}
			if len(v.list) > 1 {
				return nil, keyErr("value", "join them with |", "expected one pattern, found a list")
			}
			r := &regex{pattern: v, fold: a.flag("ignore_case"), full: a.flag("full")}
			if v.constant != nil {
				if _, err := r.compile(v.constant[0]); err != nil {
					return nil, keyErr("value", regexHint(v.constant[0]), "not an RE2 pattern: %v", err)
				}
			}
			return r, nil
		}}}
}

type regex struct {
	pattern    *texts
	fold, full bool
	last       string
	re         *regexp.Regexp
	literal    string // of a pattern that is one text with any case: lower case, ASCII
}

func (r *regex) compile(p string) (*regexp.Regexp, error) {
	if r.re != nil && r.last == p {
		return r.re, nil
	}
	q := p
	if r.full {
		q = `\A(?:` + q + `)\z`
	}
	if r.fold {
		q = "(?i)" + q
	}
	re, err := regexp.Compile(q)
	if err == nil {
		r.last, r.re, r.literal = p, re, foldedLiteral(q)
	}
	return re, err
}

func (r *regex) score(c *Case) Score {
	p, err := r.pattern.of(c)
	if err != nil {
		return ungraded(err.Error())
	}
	re, err := r.compile(p[0])
	if err != nil {
		return ungraded("with this case's variables the pattern is not RE2: " + err.Error())
	}
	var at []int
	if r.literal != "" && asciiFolds(c.Output) {
		if i := indexFold(c.Output, r.literal); i >= 0 {
			at = []int{i, i + len(r.literal)}
		}
	} else {
		at = re.FindStringIndex(c.Output)
	}
	if at == nil {
		return failed("no match")
	}
	return passed(short(c.Output[at[0]:at[1]]))
}

// foldedLiteral is the lower case of a pattern that is nothing but ASCII characters to be
// found in any case, such as (?i)as an ai; else "". In an ASCII text it is found much faster
// by itself.
func foldedLiteral(pattern string) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || re.Op != syntax.OpLiteral || re.Flags&syntax.FoldCase == 0 {
		return ""
	}
	s := string(re.Rune)
	if !isASCII(s) {
		return ""
	}
	return strings.ToLower(s)
}

// asciiFolds reports whether no character of s beyond ASCII is an ASCII letter but for its
// case: U+212A, the sign of Kelvin, is a k, ſ an s, and İ becomes an i and a dot.
func asciiFolds(s string) bool {
	return isASCII(s) || !strings.Contains(s, "\u212a") && !strings.Contains(s, "ſ") && !strings.Contains(s, "İ")
}

// indexFold finds an ASCII text in lower case in one of which asciiFolds is true.
func indexFold(s, text string) int {
	small := text[0]
	great := small
	if small >= 'a' && small <= 'z' {
		great -= 'a' - 'A'
	}
	next := func(c byte, from int) int {
		if i := strings.IndexByte(s[from:], c); i >= 0 {
			return from + i
		}
		return len(s)
	}
	for i, j := next(small, 0), next(great, 0); ; {
		at := min(i, j)
		if at+len(text) > len(s) {
			return -1
		}
		k := 1
		for k < len(text) && lowerByte(s[at+k]) == text[k] {
			k++
		}
		if k == len(text) {
			return at
		}
		if i == at {
			i = next(small, at+1)
		}
		if j == at {
			j = next(great, at+1)
		}
	}
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func regexHint(p string) string {
	for _, look := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		if strings.Contains(p, look) {
			return "RE2 has no look-around " + look + "…): use a second scorer, perhaps not-regex"
		}
	}
	return ""
}

func regexTransform(p string) (transform, error) {
	re, err := regexp.Compile(p)
	if err != nil {
		return nil, keyErr("transform", regexHint(p), "regex: not an RE2 pattern: %v", err)
	}
	return func(s string) (string, error) {
		m := re.FindStringSubmatch(s)
		if m == nil {
			return "", errNoMatch
		}
		return m[min(1, len(m)-1)], nil // the first group, else the whole
	}, nil
}
