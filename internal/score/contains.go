package score

import (
	"strings"
)

func containsEntries() []*Entry {
	fold := Param{Name: "ignore_case", Kind: Flag, Default: false, Doc: "compare lower case; contains, starts and ends by their i… names set it"}
	make1 := func(name, meaning string, aliases []string, several bool, test func(o, v string) bool, all bool) *Entry {
		e := &Entry{Name: name, Aliases: aliases, Group: "Text", Meaning: meaning, Lo: 0, Hi: 1, Direction: Up, Binary: true,
			Value: "text", Oracle: "promptfoo's definition; own vectors", Params: []Param{fold}}
		if several {
			e.Value = "list of texts, or one text of several with commas between"
		}
		e.build = func(a *args) (kernel, error) {
			if list, ok := a.Value.(string); several && ok {
				a.Value = SplitList(list)
			}
			v, err := a.values(map[bool]string{true: "a text or a list of texts", false: "a text"}[several])
			if err != nil {
				return nil, err
			}
			if !several && len(v.list) > 1 {
				return nil, keyErr("value", "contains-any and contains-all take lists", "expected one text, found a list")
			}
			for _, s := range v.constant {
				if s == "" {
					return nil, keyErr("value", "every output contains it", "expected a text, found an empty one")
				}
			}
			return &find{values: v, fold: a.flag("ignore_case") || strings.HasPrefix(a.written, "i"), all: all, test: test, anywhere: strings.HasPrefix(name, "contains")}, nil
		}
		return e
	}
	return []*Entry{
		make1("contains", "1 if the output contains the text", []string{"icontains", "includes"}, false, strings.Contains, true),
		make1("contains_any", "1 if the output contains one of the texts", []string{"contains-any", "icontains-any"}, true, strings.Contains, false),
		make1("contains_all", "1 if the output contains every one of the texts", []string{"contains-all", "icontains-all"}, true, strings.Contains, true),
		make1("starts_with", "1 if the output starts with the text", []string{"starts-with", "istarts-with"}, false, strings.HasPrefix, true),
		make1("ends_with", "1 if the output ends with the text", []string{"ends-with", "iends-with"}, false, strings.HasSuffix, true),
	}
}

// SplitList is promptfoo's short form: commas between, quotes around what holds a comma.
// It is split before variables are put in.
func SplitList(s string) []any {
	var out []any
	var b strings.Builder
	quoted := false
	flush := func() {
		if t := strings.TrimSpace(b.String()); t != "" {
			if len(t) > 1 && t[0] == '"' && t[len(t)-1] == '"' {
				t = t[1 : len(t)-1]
			}
			out = append(out, t)
		}
		b.Reset()
	}
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			quoted = !quoted
		}
		if s[i] == ',' && !quoted {
			flush()
			continue
		}
		b.WriteByte(s[i])
	}
	flush()
	return out
}

type find struct {
	values    *texts
	fold, all bool
	anywhere  bool // test is strings.Contains
	test      func(o, v string) bool
}

func (f *find) score(c *Case) Score {
	values, err := f.values.of(c)
	if err != nil {
		return ungraded(err.Error())
	}
	o := c.Output
	test := f.test
	switch {
	case f.fold && f.anywhere && asciiFolds(o): // without a copy
		test = func(o, v string) bool {
			if isASCII(v) {
				return indexFold(o, v) >= 0
			}
			return !isASCII(o) && strings.Contains(lower(o), v)
		}
	case f.fold:
		o = lower(o)
	}
	for _, v := range values {
		if v == "" {
			return ungraded("the text to look for is empty")
		}
		w := v
		if f.fold {
			w = lower(v)
		}
		if ok := test(o, w); ok && !f.all {
			return passed(short(v))
		} else if !ok && f.all {
			return failed("not found: " + short(v))
		}
	}
	if f.all {
		return passed("found")
	}
	return failed("none found")
}
