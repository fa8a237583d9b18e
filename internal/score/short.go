package score

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// shortForm is `not-type(threshold): value`, as promptfoo writes an assertion in one line.
var shortForm = regexp.MustCompile(`^((?:not-)?[A-Za-z][A-Za-z0-9_@^+-]*)(?:\(([0-9.]+)\))?(?::([\s\S]*))?$`)

// ParseShort reads a scorer written in one line: `icontains: Paris`, `rouge_l(0.4)`,
// `not-contains-any: a, "b, c"`. known is false where the line does not begin with the name
// of a scorer.
func ParseShort(s string) (m map[string]any, known bool, err error) { return newNames().short(s) }

func (n names) short(s string) (m map[string]any, known bool, err error) {
	parts := shortForm.FindStringSubmatch(strings.TrimSpace(s))
	if parts == nil {
		return nil, false, nil
	}
	entry, _, ok := n.find(parts[1])
	if !ok {
		return nil, false, nil
	}
	m = map[string]any{"type": parts[1]}
	if parts[2] != "" {
		x, err := strconv.ParseFloat(parts[2], 64)
		if err != nil {
			return nil, true, keyErr("threshold", "", "expected a number in the brackets of %q", short(s))
		}
		m["threshold"] = x
	}
	if value := strings.TrimSpace(parts[3]); value != "" {
		if entry.Value == "" {
			return nil, true, keyErr("value", fmt.Sprintf("write %s(NUMBER) for a threshold", parts[1]), "%s takes none", entry.Name)
		}
		m["value"] = value
	}
	return m, true, nil
}

// specMap is a scorer as a map, wherever it was written: a map, or one line. Keys without
// a value are left out: a table of cases gives every row the keys of all.
func (n names) specMap(v any) (map[string]any, error) {
	switch x := v.(type) {
	case string:
		m, known, err := n.short(x)
		if err == nil && !known {
			name, _, _ := strings.Cut(x, ":")
			err = keyErr("", nearest(name, allNames()), "%q does not begin with the name of a scorer, as in icontains: Paris", short(x))
		}
		return m, err
	case map[string]any:
		m := make(map[string]any, len(x))
		for k, e := range x {
			if e != nil {
				m[k] = e
			}
		}
		return m, nil
	}
	return nil, keyErr("", "", "expected {type, value, …} or one line such as icontains: Paris, found %s", kindOf(v))
}
