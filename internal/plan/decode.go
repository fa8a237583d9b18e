package plan

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// decoder turns nodes into a Plan and collects every problem on the way.
type decoder struct {
	cat      Catalogue
	plan     *Plan
	problems []Problem
	unknown  []*node // keys that were refused
	env      Lookup  // environment
	read     *reader // of packs; nil: none can be read
	quiet    bool    // a slice that stands there already is no mistake

	// What could not be read, so that a gate that names it is not called wrong as well.
	brokenSlices  bool
	brokenMetrics []string
	brokenJudges  []string

	brokenCalled []string // embedding models and classifiers, by path
}

func (d *decoder) fail(n *node, path, hint, format string, args ...any) {
	p := Problem{Path: path, Msg: fmt.Sprintf(format, args...), Hint: hint}
	if n != nil {
		p.Line, p.Column = n.line, n.col
		if n.set != "" {
			p.Line, p.Source = 0, ""
			p.Msg += " (in " + n.set + ")"
		}
		if n.from != nil {
			p = n.from.place(p)
		}
	}
	d.problems = append(d.problems, p)
}

// hide keeps a secret out of the lines that problems quote.
func (d *decoder) hide(n *node) {
	if n.set != "" {
		n.set, _, _ = strings.Cut(n.set, "=")
		return
	}
	rest := d.plan.source
	for range n.line - 1 {
		_, rest, _ = bytes.Cut(rest, []byte("\n"))
	}
	for i := max(0, n.col-1); i < len(rest) && rest[i] != '\n'; i++ {
		rest[i] = '*'
	}
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
			d.unknown = append(d.unknown, k)
		}
	}
	return true
}

// require refuses a mapping without a key, unless a key that looks like it stands
// there: that one is unknown, and told already.
func (d *decoder) require(n *node, path, key, more string) {
	if n.get(key) != nil {
		return
	}
	if !d.misspelt(n, key) {
		d.fail(n, path, "", "the key %q is required%s", key, more)
	}
}

// misspelt reports whether a key that was refused looks like one of the words.
func (d *decoder) misspelt(n *node, words ...string) bool {
	return slices.ContainsFunc(n.keys, func(k *node) bool { return slices.Contains(d.unknown, k) && nearest(k.text, words) != "" })
}

// text reads a scalar as it is written: version 2.0 stays 2.0, and a column may be
// called 20240101.
func (d *decoder) text(n *node, path string) string {
	switch n.kind {
	case scalarString, scalarNumber, scalarBool:
		return n.text
	}
	d.fail(n, path, "", "text is expected, this is %s", n.kind)
	return ""
}

// value reads a value of the data, such as a class, in canonical text: 1, 1.0 and
// 0x1 are alike, and so are true and True.
func (d *decoder) value(n *node, path string) string {
	switch {
	case n.kind == scalarBool:
		return strconv.FormatBool(n.yes)
	case n.kind == scalarNumber && math.Abs(n.number) < 1e15:
		return strconv.FormatFloat(n.number, 'f', -1, 64)
	}
	return d.name(n, path)
}

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
	x := n.number
	if n.kind != scalarNumber {
		parsed, err := strconv.ParseFloat(n.text, 64)
		if n.kind != scalarString || n.quoted || err != nil {
			hint := ""
			if n.kind == scalarString && err == nil {
				hint = "write it without quotes"
			}
			d.fail(n, path, hint, "a number is expected, this is %s", describe(n))
			return 0, false
		}
		x = parsed // 1e-3, which the YAML library takes for text
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		d.fail(n, path, "", "a finite number is expected")
		return 0, false
	}
	if digits := strings.TrimLeft(n.text, "+-"); len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		d.fail(n, path, "write it without the leading zero", "%s may mean an octal number", n.text)
		return 0, false
	}
	return x, true
}

// percentage reads text such as "2%"; ok is false for text of another form.
func percentage(n *node) (x float64, ok bool) {
	digits, found := strings.CutSuffix(strings.TrimSpace(n.text), "%")
	digits = strings.TrimSpace(digits)
	if n.kind != scalarString || !found || strings.Trim(digits, "0123456789.") != "" {
		return 0, false
	}
	x, err := strconv.ParseFloat(digits, 64)
	return x, err == nil
}

func (n *node) inPercent() bool {
	return n.kind == scalarString && strings.HasSuffix(strings.TrimSpace(n.text), "%")
}

func describe(n *node) string {
	if n.kind == scalarString {
		return fmt.Sprintf("the text %q", n.text)
	}
	return n.kind.String()
}

// maxWhole keeps whole numbers exact in every JSON reader.
const maxWhole = 1e15

// whole reads a whole number of at least least.
func (d *decoder) whole(n *node, path string, least int64) int64 {
	x, ok := d.number(n, path)
	if !ok {
		return least
	}
	if x > maxWhole {
		d.fail(n, path, "", "a whole number of at most %d is expected, this is %s", int64(maxWhole), n.text)
		return least
	}
	if x != math.Trunc(x) || x < float64(least) {
		d.fail(n, path, "", "a whole number of at least %d is expected, this is %s", least, n.text)
		return least
	}
	return int64(x)
}

// share reads a number in [0, 1], or a percentage such as "1%".
func (d *decoder) share(n *node, path string) float64 {
	if n.inPercent() {
		x, ok := percentage(n)
		if !ok || x > 100 {
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
