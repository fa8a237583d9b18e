package score

import (
	"encoding/json"
	"strings"
)

func listEntries() []*Entry {
	e := refEntry("list_overlap", "Structure", "F1 of two lists as multisets, order ignored: items put in and left out both cost", "own vectors")
	e.Aliases = []string{"list_f1", "list-overlap"}
	e.Value = "list, or JSON text of one, or items with commas between; without it the case's references are the items"
	e.Params = []Param{
		{Name: "measure", Kind: Text, Default: "f1", OneOf: []string{"f1", "precision", "recall", "jaccard"}, Doc: "what the value is; jaccard is shared / all"},
		{Name: "ignore_case", Kind: Flag, Default: true, Doc: "compare lower case"},
	}
	e.build = func(a *args) (kernel, error) {
		k := &listOverlap{measure: a.text("measure"), fold: a.flag("ignore_case")}
		if a.HasValue {
			t, err := a.values("a list or a text")
			if err != nil {
				return nil, err
			}
			k.value, k.one = t, len(t.list) == 1
			if _, isList := a.Value.([]any); isList {
				k.one = false
			}
		}
		return k, nil
	}
	return []*Entry{e}
}

type listOverlap struct {
	value   *texts
	one     bool // value is one text that holds the list
	measure string
	fold    bool
}

// items reads a list: JSON, else lines, else commas; bullets and numbering are taken off.
func (k *listOverlap) items(s string) []string {
	s = strings.TrimSpace(stripFence(s))
	var list []any
	if strings.HasPrefix(s, "[") {
		if v, err := parseJSON(s); err == nil {
			list, _ = v.([]any)
			out := make([]string, 0, len(list))
			for _, v := range list {
				if t, ok := v.(string); ok {
					out = append(out, t)
				} else {
					b, _ := json.Marshal(v)
					out = append(out, string(b))
				}
			}
			return out
		}
	}
	sep := ","
	if strings.Contains(s, "\n") {
		sep = "\n"
	}
	var out []string
	for item := range strings.SplitSeq(s, sep) {
		if item = unbullet(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

func unbullet(s string) string {
	s = strings.TrimSpace(s)
	for _, b := range []string{"- ", "* ", "• "} {
		if rest, ok := strings.CutPrefix(s, b); ok {
			return strings.TrimSpace(rest)
		}
	}
	i := 0
	for i < len(s) && digit(s[i]) {
		i++
	}
	if i > 0 && i+1 < len(s) && (s[i] == '.' || s[i] == ')') && s[i+1] == ' ' {
		return strings.TrimSpace(s[i+1:])
	}
	return s
}

func (k *listOverlap) score(c *Case) Score {
	want := c.References
	if k.value != nil {
		v, err := k.value.of(c)
		if err != nil {
			return ungraded(err.Error())
		}
		want = v
		if k.one {
			want = k.items(v[0])
		}
	} else if len(want) == 0 {
		return ungraded("the case has no reference")
	} else if len(want) == 1 {
		want = k.items(want[0])
	}
	got := k.items(c.Output)
	if len(got) == 0 && len(want) == 0 {
		return graded(1, "both lists are empty")
	}
	count := map[string]int{}
	for _, w := range want {
		count[k.key(w)]++
	}
	same := 0
	extra := ""
	for _, g := range got {
		if key := k.key(g); count[key] > 0 {
			count[key]--
			same++
		} else if extra == "" {
			extra = "not wanted: " + short(g)
		}
	}
	n, m, s := float64(len(got)), float64(len(want)), float64(same)
	switch k.measure {
	case "precision":
		if n == 0 {
			return ungraded("precision of an empty list is undefined")
		}
		return graded(s/n, extra)
	case "recall":
		if m == 0 {
			return ungraded("recall without wanted items is undefined")
		}
		return graded(s/m, extra)
	case "jaccard":
		return graded(s/(n+m-s), extra)
	}
	return graded(2*s/(n+m), extra)
}

func (k *listOverlap) key(s string) string { return foldIf(strings.TrimSpace(s), k.fold) }
