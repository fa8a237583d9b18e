package score

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

var errNoMatch = errors.New("the pattern is not found in the output")

func countEntries() []*Entry {
	one := func(name, meaning string, aliases []string, count func(string) int) *Entry {
		return &Entry{Name: name, Aliases: aliases, Group: "Text", Meaning: meaning, Lo: 0, Hi: math.Inf(1), Direction: None, Oracle: "own vectors",
			Value: "optional: the number wanted, or {min, max}; then the value is 1 or 0",
			Params: []Param{
				{Name: "min", Kind: Whole, Doc: "1 if at least so many, else 0"},
				{Name: "max", Kind: Whole, Doc: "1 if at most so many, else 0"},
			},
			build: func(a *args) (kernel, error) { return newBounds(a, count) }}
	}
	return []*Entry{
		one("length", "characters (Unicode code points) of the output", []string{"char_count"}, utf8.RuneCountInString),
		one("word_count", "words between white space", []string{"word-count"}, countFields),
		one("line_count", "lines that are not blank", nil, func(s string) int {
			n := 0
			for line := range strings.SplitSeq(s, "\n") {
				n += bitInt(strings.TrimSpace(line) != "")
			}
			return n
		}),
	}
}

func countFields(s string) int {
	n, in := 0, false
	for _, r := range s {
		space := isSpace(r)
		if !space && !in {
			n++
		}
		in = !space
	}
	return n
}

type bounds struct {
	count   func(string) int
	lo, hi  float64
	bounded bool
	wanted  *texts // a template that gives the number
}

// newBounds reads what is wanted of a count: nothing (the count itself), a number, or
// a smallest and largest one.
func newBounds(a *args, count func(string) int) (kernel, error) {
	b := &bounds{count: count, lo: math.Inf(-1), hi: math.Inf(1)}
	read := func(key string, v any) error {
		if v == nil {
			return nil
		}
		f, ok := number(v)
		if !ok || f < 0 {
			return keyErr(key, "", "expected a number of at least 0, found %s", kindOf(v))
		}
		if strings.HasSuffix(key, "min") {
			b.lo = f
		} else {
			b.hi = f
		}
		b.bounded = true
		return nil
	}
	for _, key := range []string{"min", "max"} {
		if err := read(key, a.Options[key]); err != nil {
			return nil, err
		}
	}
	switch v := a.Value.(type) {
	case nil:
	case map[string]any:
		for k, x := range v {
			if k != "min" && k != "max" {
				return nil, keyErr("value", nearest(k, []string{"min", "max"}), "expected the keys min and max, found %q", k)
			}
			if err := read("value."+k, x); err != nil {
				return nil, err
			}
		}
	case string:
		t, err := newTexts([]string{v})
		if err != nil {
			return nil, keyErr("value", "", "%v", err)
		}
		if _, err := strconv.ParseFloat(strings.TrimSpace(v), 64); t.constant != nil && err != nil {
			return nil, keyErr("value", "", "expected a number or {min, max}, found %s", kindOf(v))
		}
		b.wanted, b.bounded = t, true
	default:
		f, ok := number(v)
		if !ok {
			return nil, keyErr("value", "", "expected a number or {min, max}, found %s", kindOf(v))
		}
		b.lo, b.hi, b.bounded = f, f, true
	}
	if b.lo > b.hi {
		return nil, keyErr("min", "swap them", "%g is more than max, %g", b.lo, b.hi)
	}
	return b, nil
}

func (b *bounds) score(c *Case) Score {
	n := b.count(c.Output)
	lo, hi := b.lo, b.hi
	if b.wanted != nil {
		s, err := b.wanted.of(c)
		if err != nil {
			return ungraded(err.Error())
		}
		f, err := strconv.ParseFloat(strings.TrimSpace(s[0]), 64)
		if err != nil {
			return ungraded("the number wanted is " + strconv.Quote(short(s[0])) + ", which is no number")
		}
		lo, hi = f, f
	}
	evidence := strconv.Itoa(n)
	if !b.bounded {
		return graded(float64(n), evidence)
	}
	return yes(float64(n) >= lo && float64(n) <= hi, evidence)
}

// isBinary: with a number wanted the value is 1 or 0.
func (b *bounds) isBinary() bool { return b.bounded }
