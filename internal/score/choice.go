package score

import (
	"regexp"
	"strings"
)

func choiceEntries() []*Entry {
	e := refEntry("choice", "Text", "1 if the option letter that the output gives is the reference's", "own vectors")
	e.Aliases, e.Binary = []string{"multiple_choice"}, true
	e.Params = []Param{{Name: "options", Kind: Text, Default: "ABCDEFGHIJ", Doc: "the letters that can be chosen"}}
	e.build = func(a *args) (kernel, error) {
		refs, err := a.references()
		if err != nil {
			return nil, err
		}
		options := strings.ToUpper(a.text("options"))
		if options == "" || strings.Trim(options, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return nil, keyErr("options", "as in ABCD", "expected letters from A to Z, found %q", a.text("options"))
		}
		return newChoice(refs, options), nil
	}
	return []*Entry{e}
}

// choice reads a letter by the first rule that finds one:
//  1. the whole output is a letter, perhaps in brackets or with . ) :
//  2. the last "answer (is|:) X", "option X" or "choose X"
//  3. \boxed{X}
//  4. a first line that begins with "X)", "X." or "X:" or "(X)"
//  5. the only bracketed letter "(X)" in the text
//
// Capitals alone count for rules 4 and 5, so that the article "a" is no answer.
type choice struct {
	refs  *references
	rules []*regexp.Regexp
}

func newChoice(refs *references, options string) *choice {
	o := "[" + options + strings.ToLower(options) + "]"
	up := "[" + options + "]"
	return &choice{refs: refs, rules: []*regexp.Regexp{
		regexp.MustCompile(`^[\s*_("'\[]*(` + o + `)[\s*_)"'\].:]*$`),
		regexp.MustCompile(`(?i:answer|option|choice|choose|chose|select)(?i:\s+is|\s*:|\s+would be)?[\s*_:("'\[]*(` + up + `)(?:[^\pL\pN]|$)`),
		regexp.MustCompile(`\\boxed\{\s*(?:\\text\{)?\(?(` + o + `)\)?\}`),
		regexp.MustCompile(`^\s*[(*_]*(` + up + `)[)*_]*[).:]`),
		regexp.MustCompile(`\((` + up + `)\)`),
	}}
}

func (k *choice) letter(s string) (string, string) {
	if m := k.rules[0].FindStringSubmatch(s); m != nil {
		return strings.ToUpper(m[1]), ""
	}
	if all := k.rules[1].FindAllStringSubmatch(s, -1); all != nil {
		return all[len(all)-1][1], ""
	}
	if m := k.rules[2].FindStringSubmatch(s); m != nil {
		return strings.ToUpper(m[1]), ""
	}
	if m := k.rules[3].FindStringSubmatch(s); m != nil {
		return m[1], ""
	}
	found := ""
	for _, m := range k.rules[4].FindAllStringSubmatch(s, -1) {
		if found != "" && found != m[1] {
			return "", "several letters in brackets, and none is called the answer"
		}
		found = m[1]
	}
	if found == "" {
		return "", "no option letter found"
	}
	return found, ""
}

func (k *choice) score(c *Case) Score {
	refs, why := k.refs.of(c)
	if why != "" {
		return ungraded(why)
	}
	got, none := k.letter(c.Output)
	for _, r := range refs {
		want, bad := k.letter(r)
		if bad != "" {
			return ungraded("the reference " + short(r) + " is no option letter")
		}
		if got == want {
			return passed(got)
		}
	}
	if got == "" {
		return failed(none)
	}
	return failed("chose " + got)
}
