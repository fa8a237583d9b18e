package score

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"
)

// Spec is a scorer as it is written: flat, as in promptfoo.
type Spec struct {
	Type      string // canonical name, without `not-`
	Written   string // the type as it was written
	Not       bool
	Value     any // string, number, bool, list or map; strings may hold {{variables}}
	HasValue  bool
	Threshold *float64
	Weight    float64 // of the scorer in a total, 1 by default
	Transform []string
	As        string
	Options   map[string]any // keys that only this type has
}

// Name is `as`, else the type with its `not_`.
func (s Spec) Name() string {
	if s.As != "" {
		return s.As
	}
	if s.Not {
		return "not_" + s.Type
	}
	return s.Type
}

// KeyError is one thing wrong with one key of a spec.
type KeyError struct {
	Key     string // "" for the whole spec
	Problem string // what is wrong and what was expected
	Hint    string // nearest valid name or a fix
}

func (e *KeyError) Error() string {
	out := e.Problem
	if e.Key != "" {
		out = e.Key + ": " + out
	}
	if e.Hint != "" {
		out += " (" + e.Hint + ")"
	}
	return out
}

func keyErr(key, hint, format string, args ...any) *KeyError {
	return &KeyError{Key: key, Problem: fmt.Sprintf(format, args...), Hint: hint}
}

// ParseSpec reads a spec from a map as YAML or JSON give it. All errors are found, each a
// *KeyError, joined.
func ParseSpec(m map[string]any) (Spec, error) { return newNames().spec(m) }

func (n names) spec(m map[string]any) (Spec, error) {
	s := Spec{Weight: 1, Options: map[string]any{}}
	written, ok := m["type"].(string)
	if !ok {
		if m["type"] == nil {
			return s, keyErr("type", "", "missing: expected the name of a scorer, such as contains or rouge_l")
		}
		return s, keyErr("type", "", "expected the name of a scorer, found %s", kindOf(m["type"]))
	}
	s.Written = written
	entry, not, ok := n.find(written)
	if !ok {
		return s, keyErr("type", nearest(strings.TrimPrefix(canonical(written), "not_"), allNames()), "%q is not a scorer", written)
	}
	s.Type, s.Not = entry.Name, not
	var errs []error
	fail := func(key, hint, format string, args ...any) { errs = append(errs, keyErr(key, hint, format, args...)) }
	params := map[string]Param{}
	for _, p := range entry.Params {
		params[p.Name] = p
	}
	for _, key := range sortedKeys(m) {
		v := m[key]
		switch key {
		case "type":
		case "value":
			s.Value, s.HasValue = v, v != nil
		case "threshold":
			if f, ok := number(v); ok {
				s.Threshold = &f
			} else {
				fail(key, "", "expected a number, found %s", kindOf(v))
			}
		case "weight":
			f, ok := number(v)
			if !ok || f < 0 {
				fail(key, "", "expected a number of at least 0, found %s", kindOf(v))
				break
			}
			s.Weight = f
		case "as":
			as, ok := v.(string)
			if !ok || as == "" {
				fail(key, "", "expected a name, found %s", kindOf(v))
			}
			s.As = as
		case "transform":
			list, ok := textList(v)
			if !ok {
				fail(key, "", "expected the name of a transform or a list of them, found %s", kindOf(v))
			}
			s.Transform = list
		default:
			p, ok := params[key]
			if !ok {
				fail(key, nearest(key, keysOf(entry)), "%s has no such key", entry.Name)
				break
			}
			if why := p.check(v); why != "" {
				fail(key, "", "%s", why)
			}
			s.Options[key] = v
		}
	}
	for _, p := range entry.Params {
		if _, ok := s.Options[p.Name]; !ok && p.Required {
			fail(p.Name, "", "missing: %s needs %s", entry.Name, p.Doc)
		}
	}
	return s, errors.Join(errs...)
}

// Param is a key of its own that a scorer takes.
type Param struct {
	Name     string
	Kind     Kind
	Doc      string
	Default  any
	Min, Max float64  // numbers; Max 0 is none
	OneOf    []string // texts
	Required bool
	Filled   bool // its texts hold {{columns}}
}

// Kind is the kind of a parameter's value.
type Kind string

// Kinds.
const (
	Flag    Kind = "true or false"
	Number  Kind = "a number"
	Whole   Kind = "a whole number"
	Text    Kind = "a text"
	List    Kind = "a text or a list of texts"
	Map     Kind = "a map"
	Scorers Kind = "a list of scorers"
)

func (p Param) check(v any) string {
	bad := func() string { return fmt.Sprintf("expected %s, found %s", p.words(), kindOf(v)) }
	switch p.Kind {
	case Flag:
		if _, ok := v.(bool); !ok {
			return bad()
		}
	case Number, Whole:
		f, ok := number(v)
		if !ok || math.IsNaN(f) || f < p.Min || p.Max != 0 && f > p.Max || p.Kind == Whole && f != math.Trunc(f) {
			return bad()
		}
	case Text:
		t, ok := v.(string)
		if !ok {
			return bad()
		}
		if len(p.OneOf) > 0 && !contains(p.OneOf, t) {
			out := fmt.Sprintf("expected one of %s, found %q", strings.Join(p.OneOf, ", "), t)
			if hint := nearest(t, p.OneOf); hint != "" {
				out += " (" + hint + ")"
			}
			return out
		}
	case List:
		if _, ok := textList(v); !ok {
			return bad()
		}
	case Scorers:
		if _, ok := v.([]any); !ok {
			return bad()
		}
	case Map:
		if _, ok := v.(map[string]any); !ok {
			return bad()
		}
	}
	return ""
}

func (p Param) words() string {
	out := string(p.Kind)
	if p.Kind == Number || p.Kind == Whole {
		if p.Max != 0 {
			return fmt.Sprintf("%s from %g to %g", out, p.Min, p.Max)
		}
		return fmt.Sprintf("%s of at least %g", out, p.Min)
	}
	return out
}

// number reads any Go number.
func number(v any) (float64, bool) {
	switch x := v.(type) {
	case float64:
		return x, !math.IsNaN(x) && !math.IsInf(x, 0)
	case int:
		return float64(x), true
	case int64:
		return float64(x), true
	case uint64:
		return float64(x), true
	case json.Number:
		f, err := x.Float64()
		return f, err == nil
	}
	return 0, false
}

func textList(v any) ([]string, bool) {
	switch x := v.(type) {
	case string:
		return []string{x}, true
	case []string:
		return x, true
	case []any:
		out := make([]string, len(x))
		for i, e := range x {
			s, ok := e.(string)
			if !ok {
				if _, isNumber := number(e); !isNumber {
					return nil, false
				}
				s = fmt.Sprint(e)
			}
			out[i] = s
		}
		return out, true
	}
	return nil, false
}

func kindOf(v any) string {
	switch x := v.(type) {
	case nil:
		return "nothing"
	case string:
		return fmt.Sprintf("the text %q", short(x))
	case bool:
		return fmt.Sprint(x)
	case []any, []string:
		return "a list"
	case map[string]any:
		return "a map"
	}
	if f, ok := number(v); ok {
		return fmt.Sprintf("the number %g", f)
	}
	return fmt.Sprintf("a %T", v)
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func keysOf(e *Entry) []string {
	out := []string{"type", "value", "threshold", "weight", "transform", "as"}
	for _, p := range e.Params {
		out = append(out, p.Name)
	}
	return out
}

// nearest suggests the valid name with the fewest edits, "" when none is near.
func nearest(s string, names []string) string {
	best, at := 0, ""
	s = canonical(s)
	for _, n := range names {
		d := distanceRunes([]rune(s), []rune(canonical(n)))
		if d <= max(1, len(s)/3) && (at == "" || d < best) {
			best, at = d, n
		}
	}
	if at == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %s?", at)
}

func canonical(s string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(s), "-", "_"))
}
