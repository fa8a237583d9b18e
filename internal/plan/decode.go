package plan

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// decoder turns nodes into a Plan and collects every problem on the way.
type decoder struct {
	cat      Catalogue
	plan     *Plan
	problems []Problem
}

func (d *decoder) fail(n *node, path, hint, format string, args ...any) {
	p := Problem{Path: path, Msg: fmt.Sprintf(format, args...), Hint: hint}
	if n != nil {
		p.Line, p.Column = n.line, n.col
		if n.set != "" {
			p.Line, p.Source = 0, ""
			p.Msg += " (in --set " + n.set + ")"
		}
	}
	d.problems = append(d.problems, p)
}

// keys refuses keys that are not known.
func (d *decoder) keys(n *node, path string, known ...string) bool {
	if n.kind != mapping {
		d.fail(n, path, "", "a mapping is expected, this is %s", n.kind)
		return false
	}
	for _, k := range n.keys {
		ok := false
		for _, x := range known {
			ok = ok || x == k.text
		}
		if !ok {
			d.fail(k, path, didYouMean(k.text, known), "unknown key %q", k.text)
		}
	}
	return true
}

// text reads a scalar as text; a number or boolean is its canonical text.
func (d *decoder) text(n *node, path string) string {
	switch n.kind {
	case scalarString:
		return n.text
	case scalarNumber:
		return canonicalNumber(n)
	case scalarBool:
		return strconv.FormatBool(n.yes)
	}
	d.fail(n, path, "", "text is expected, this is %s", n.kind)
	return ""
}

// canonicalNumber writes 1, 1.0 and 1e0 alike.
func canonicalNumber(n *node) string { return strconv.FormatFloat(n.number, 'g', -1, 64) }

// name reads text that must not be empty.
func (d *decoder) name(n *node, path string) string {
	s := d.text(n, path)
	if s == "" && (n.kind == scalarString || n.kind == null) {
		d.fail(n, path, "", "a name is expected, this is empty")
	}
	return s
}

// number reads a finite number.
func (d *decoder) number(n *node, path string) (float64, bool) {
	if n.kind != scalarNumber {
		hint := ""
		if n.kind == scalarString {
			if _, err := strconv.ParseFloat(n.text, 64); err == nil {
				hint = "write it without quotes"
			}
		}
		d.fail(n, path, hint, "a number is expected, this is %s", describe(n))
		return 0, false
	}
	if math.IsNaN(n.number) || math.IsInf(n.number, 0) {
		d.fail(n, path, "", "a finite number is expected")
		return 0, false
	}
	return n.number, true
}

func describe(n *node) string {
	if n.kind == scalarString {
		return fmt.Sprintf("the text %q", n.text)
	}
	return n.kind.String()
}

// whole reads a whole number of at least least.
func (d *decoder) whole(n *node, path string, least int64) int64 {
	x, ok := d.number(n, path)
	if !ok {
		return least
	}
	if x != math.Trunc(x) || x < float64(least) || x > 1e15 {
		d.fail(n, path, "", "a whole number of at least %d is expected, this is %s", least, n.text)
		return least
	}
	return int64(x)
}

// share reads a number in [0, 1], or a percentage such as "1%".
func (d *decoder) share(n *node, path string) float64 {
	if n.kind == scalarString && strings.HasSuffix(strings.TrimSpace(n.text), "%") {
		x, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(n.text), "%")), 64)
		if err != nil || !(x >= 0 && x <= 100) {
			d.fail(n, path, "", "a percentage from 0%% to 100%% is expected, this is %q", n.text)
			return 0
		}
		return x / 100
	}
	x, ok := d.number(n, path)
	if ok && (x < 0 || x > 1) {
		d.fail(n, path, fmt.Sprintf("write \"%s%%\" for per cent", n.text), "a share from 0 to 1 is expected, this is %s", n.text)
		return 0
	}
	return x
}

// level reads a confidence strictly between 0.5 and 1.
func (d *decoder) level(n *node, path string) float64 {
	x, ok := d.number(n, path)
	if ok && !(x > 0.5 && x < 1) {
		hint := ""
		if x > 1 && x < 100 {
			hint = fmt.Sprintf("write %s", strconv.FormatFloat(x/100, 'g', -1, 64))
		}
		d.fail(n, path, hint, "a confidence between 0.5 and 1 is expected, this is %s", n.text)
		return 0.95
	}
	return x
}

// choice reads one of the words.
func (d *decoder) choice(n *node, path string, words ...string) string {
	s := d.text(n, path)
	for _, w := range words {
		if s == w {
			return s
		}
	}
	if n.kind == scalarString || n.kind == scalarNumber || n.kind == scalarBool {
		d.fail(n, path, didYouMean(s, words), "%q is not one of %s", s, strings.Join(words, ", "))
	}
	return words[0]
}

// names reads a list of texts, or one text.
func (d *decoder) names(n *node, path string) []string {
	if n.kind != sequence {
		return []string{d.name(n, path)}
	}
	var out []string
	for i, x := range n.items {
		out = append(out, d.name(x, fmt.Sprintf("%s[%d]", path, i)))
	}
	return out
}
