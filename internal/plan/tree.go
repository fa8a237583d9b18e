package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Tree is a YAML or JSON value with its line: how readers of other programs' files are
// given them. The zero value is nothing at all.
type Tree struct{ n *node }

// ReadTree reads one YAML document of at most so many bytes, whatever its root is.
func ReadTree(src []byte, most int) (Tree, error) {
	if t := bytes.TrimLeft(src, " \t\r\n"); len(src) <= most && len(t) > 0 && (t[0] == '{' || t[0] == '[') && json.Valid(t) {
		return readJSON(src, 1)
	}
	root, bad := parseTree(src, limits{bytes: most, values: 10 * maxValues, what: "file"})
	if bad != nil {
		return Tree{}, fmt.Errorf("line %d: %s", bad.Line, bad.Msg)
	}
	return Tree{root}, nil
}

// ReadJSONTree reads one JSON value that stands in a line of a file; keys keep their order.
func ReadJSONTree(src []byte, line int) (Tree, error) { return readJSON(src, line) }

func readJSON(src []byte, line int) (Tree, error) {
	d := &jsonReader{Decoder: json.NewDecoder(bytes.NewReader(src)), src: src, line: line}
	n, err := d.node(0)
	if err == nil {
		if _, err2 := d.Token(); !errors.Is(err2, io.EOF) {
			err = fmt.Errorf("text after the JSON value")
		}
	}
	if err != nil {
		return Tree{}, fmt.Errorf("line %d: not JSON: %w", line, err)
	}
	return Tree{n}, nil
}

// jsonReader knows the line of what it reads.
type jsonReader struct {
	*json.Decoder
	src  []byte
	line int
	at   int64 // how far lines are counted
}

func (d *jsonReader) node(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested more than %d deep", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	d.line += bytes.Count(d.src[d.at:d.InputOffset()], []byte("\n"))
	d.at = d.InputOffset()
	n := &node{line: d.line, col: 1}
	switch x := t.(type) {
	case string:
		n.kind, n.text, n.quoted = scalarString, x, true
	case float64:
		n.kind, n.number = scalarNumber, x
		b, _ := json.Marshal(x)
		n.text = string(b)
	case bool:
		n.kind, n.yes, n.text = scalarBool, x, fmt.Sprint(x)
	case json.Delim:
		n.kind = map[json.Delim]kind{'[': sequence, '{': mapping}[x]
		for d.More() {
			if x == '{' {
				key, err := d.Token()
				if err != nil {
					return nil, err
				}
				n.keys = append(n.keys, &node{kind: scalarString, text: key.(string), line: d.line, col: 1})
			}
			item, err := d.node(depth + 1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
		_, err = d.Token()
	}
	return n, err
}

// NewTree makes a text.
func NewTree(text string, line int) Tree {
	return Tree{&node{kind: scalarString, text: text, quoted: true, line: line, col: 1}}
}

// Null reports whether there is no value.
func (t Tree) Null() bool { return t.n == nil || t.n.kind == null }

// Line of the value, 0 for nothing.
func (t Tree) Line() int {
	if t.n == nil {
		return 0
	}
	return t.n.line
}

// Get is the value of a key, nothing where there is none.
func (t Tree) Get(key string) Tree { return Tree{t.n.get(key)} }

// Keys of a mapping, in order.
func (t Tree) Keys() []string {
	if !t.Map() {
		return nil
	}
	out := make([]string, len(t.n.keys))
	for i, k := range t.n.keys {
		out[i] = k.text
	}
	return out
}

// Items of a list; none of anything else.
func (t Tree) Items() []Tree {
	if !t.List() {
		return nil
	}
	out := make([]Tree, len(t.n.items))
	for i, x := range t.n.items {
		out[i] = Tree{x}
	}
	return out
}

// Map reports whether the value is a mapping.
func (t Tree) Map() bool { return t.n != nil && t.n.kind == mapping }

// List reports whether the value is a list.
func (t Tree) List() bool { return t.n != nil && t.n.kind == sequence }

// Text is a text; ok is false of anything else.
func (t Tree) Text() (s string, ok bool) {
	if t.n == nil || t.n.kind != scalarString {
		return "", false
	}
	return t.n.text, true
}

// Number is a finite number.
func (t Tree) Number() (x float64, ok bool) {
	if t.n == nil || t.n.kind != scalarNumber || t.n.number-t.n.number != 0 {
		return 0, false
	}
	return t.n.number, true
}

// True reports whether the value is true.
func (t Tree) True() bool { return t.n != nil && t.n.kind == scalarBool && t.n.yes }

// Plain is the value as JSON has it.
func (t Tree) Plain() any {
	if t.n == nil {
		return nil
	}
	return t.n.plain()
}

// Kind says in words what the value is.
func (t Tree) Kind() string {
	if t.n == nil {
		return null.String()
	}
	return t.n.kind.String()
}
