package score

import (
	"strings"
	"unicode/utf8"
)

func exactEntries() []*Entry {
	e := refEntry("exact", "Text", "1 if the output equals a reference", "own vectors; SQuAD's normalisation as lm-eval and Inspect have it")
	e.Aliases, e.Binary = []string{"equals", "exact_match"}, true
	e.Params = []Param{
		{Name: "normalize", Kind: Text, Default: "none", OneOf: []string{"none", "trim", "squad"}, Doc: "none: byte for byte; trim: outer white space; squad: lower case, no punctuation, articles or extra spaces"},
		{Name: "ignore_case", Kind: Flag, Default: false, Doc: "compare lower case"},
		{Name: "json", Kind: Flag, Default: false, Doc: "the output must be the JSON value that stands here; a map, or a list that is none of references, is taken so anyway"},
	}
	e.build = func(a *args) (kernel, error) {
		if a.HasValue && a.flag("json") {
			v := a.Value
			if s, ok := v.(string); ok {
				parsed, err := parseJSON(s)
				if err != nil {
					return nil, keyErr("value", "", "expected JSON: %v", err)
				}
				v = parsed
			}
			return newJSONEquals(a, v)
		}
		if m, ok := a.Value.(map[string]any); ok {
			return newJSONEquals(a, m)
		}
		if l, ok := a.Value.([]any); ok && !isTextList(l) {
			return newJSONEquals(a, l)
		}
		refs, err := a.references()
		how, fold := a.text("normalize"), a.flag("ignore_case")
		var words [2]squadWords
		return &best{refs: refs, one: func(o, r string) (float64, string) {
			if o == r {
				return 1, "equal"
			}
			if how == "squad" {
				words[0].start(o)
				words[1].start(r)
				if words[0].equal(&words[1]) {
					return 1, "equal"
				}
				words[1].again()
				return 0, "expected " + short(words[1].text(utf8.UTFMax*mostEvidence))
			}
			o, r = normalise(o, how, fold), normalise(r, how, fold)
			if o == r {
				return 1, "equal"
			}
			return 0, "expected " + short(r)
		}}, err
	}
	return []*Entry{e}
}

func isTextList(l []any) bool { _, ok := textList(l); return ok }

func normalise(s, how string, fold bool) string {
	switch how {
	case "trim":
		s = strings.TrimFunc(s, isSpace)
	case "squad":
		return squad(s)
	}
	if fold {
		s = lower(s)
	}
	return s
}
