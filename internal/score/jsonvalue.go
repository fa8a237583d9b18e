package score

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"strings"
)

func jsonEntries() []*Entry {
	fence := Param{Name: "fence", Kind: Flag, Default: false, Doc: "a Markdown fence around the whole is allowed"}
	valid := &Entry{Name: "is_json", Aliases: []string{"is-json", "valid_json"}, Group: "Structure", Lo: 0, Hi: 1, Direction: Up, Binary: true,
		Meaning: "1 if the output is one JSON value and nothing else; with a schema as value, if it fits it too", Value: "optional: JSON Schema, as a map or as JSON text",
		Oracle: "Python json and jsonschema", Params: []Param{fence, formatsParam()}}
	valid.build = func(a *args) (kernel, error) { return newSchema(a, false) }
	some := &Entry{Name: "contains_json", Aliases: []string{"contains-json"}, Group: "Structure", Lo: 0, Hi: 1, Direction: Up, Binary: true,
		Meaning: "1 if the output holds a JSON object or list somewhere; with a schema as value, one that fits it", Value: "optional: JSON Schema, as a map or as JSON text",
		Oracle: "own vectors", Params: []Param{formatsParam(), {Name: "objects", Kind: Flag, Default: false, Doc: "objects count alone, no lists"}}}
	some.build = func(a *args) (kernel, error) { return newSchema(a, true) }
	return []*Entry{valid, some}
}

// parseJSON reads one JSON value; numbers keep their digits.
func parseJSON(s string) (any, error) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it is empty")
		}
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the JSON value")
	}
	return v, nil
}

// findJSON gives the objects and lists in a text, outermost ones, in order. visit stops
// it by answering false.
func findJSON(s string, lists bool, visit func(any) bool) {
	tries := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c != '{' && (c != '[' || !lists) {
			i++
			continue
		}
		if tries++; tries > 200 { // a text of brackets would take quadratic time
			return
		}
		d := json.NewDecoder(strings.NewReader(s[i:]))
		d.UseNumber()
		var v any
		if d.Decode(&v) != nil {
			i++
			continue
		}
		if !visit(v) {
			return
		}
		i += int(d.InputOffset())
	}
}

// sameJSON is deep equality; numbers are equal by value (1 and 1.0).
func sameJSON(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, v := range x {
			w, ok := y[k]
			if !ok || !sameJSON(v, w) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !sameJSON(x[i], y[i]) {
				return false
			}
		}
		return true
	case json.Number:
		y, ok := b.(json.Number)
		return ok && (x == y || sameNumber(string(x), string(y)))
	}
	return a == b
}

// sameNumber compares exactly where that is cheap, else as float64.
func sameNumber(a, b string) bool {
	if len(a) < 40 && len(b) < 40 && !strings.ContainsAny(a+b, "eE") {
		x, okX := new(big.Rat).SetString(a)
		y, okY := new(big.Rat).SetString(b)
		return okX && okY && x.Cmp(y) == 0
	}
	x, errX := json.Number(a).Float64()
	y, errY := json.Number(b).Float64()
	return errX == nil && errY == nil && x == y
}

// canonicalJSON brings a Go value (from YAML, say) into the form that parseJSON gives.
func canonicalJSON(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var out any
	return out, d.Decode(&out)
}

// newJSONEquals is `exact` with a map or list as value: the output must be that JSON.
func newJSONEquals(a *args, v any) (kernel, error) {
	want, err := newTree(v)
	if err != nil {
		return nil, keyErr("value", "", "%v", err)
	}
	return kernelFunc(func(c *Case) Score {
		w, err := want.of(c)
		if err != nil {
			return ungraded(err.Error())
		}
		o, err := parseJSON(c.Output)
		if err != nil {
			return failed("not JSON: " + err.Error())
		}
		return yes(sameJSON(o, w), "compared as JSON")
	}), nil
}

// tree is a JSON value whose texts may be templates.
type tree struct {
	constant any
	fill     func(*Case) (any, error) // nil when constant
}

func newTree(v any) (*tree, error) {
	v, err := canonicalJSON(v)
	if err != nil {
		return nil, err
	}
	variable := false
	var check func(any) error
	check = func(v any) error {
		switch x := v.(type) {
		case string:
			t, err := parseTemplate(x)
			if err == nil && !t.constant() {
				variable = true
			}
			return err
		case []any:
			for _, e := range x {
				if err := check(e); err != nil {
					return err
				}
			}
		case map[string]any:
			for _, k := range sortedKeys(x) {
				if err := check(x[k]); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := check(v); err != nil {
		return nil, err
	}
	if !variable {
		return &tree{constant: v}, nil
	}
	return &tree{fill: func(c *Case) (any, error) { return fillTree(v, c) }}, nil
}

func (t *tree) of(c *Case) (any, error) {
	if t.fill == nil {
		return t.constant, nil
	}
	return t.fill(c)
}

// fillTree puts variables into texts. A text that is one variable and nothing else takes
// the variable's own type: "{{n}}" of n = 3 is the number 3.
func fillTree(v any, c *Case) (any, error) {
	switch x := v.(type) {
	case string:
		t, err := parseTemplate(x)
		if err != nil || t.constant() {
			return x, err
		}
		if len(t.parts) == 2 && t.parts[0].text == "" && t.parts[1].text == "" {
			own, ok := c.variable(t.parts[0].name)
			if !ok {
				return t.fill(c) // the error
			}
			return canonicalJSON(own)
		}
		return t.fill(c)
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			f, err := fillTree(e, c)
			if err != nil {
				return nil, err
			}
			out[i] = f
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			f, err := fillTree(e, c)
			if err != nil {
				return nil, err
			}
			out[k] = f
		}
		return out, nil
	}
	return v, nil
}
