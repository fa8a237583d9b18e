package plan

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// kind of a YAML value.
type kind int

const (
	null kind = iota
	scalarString
	scalarNumber
	scalarBool
	sequence
	mapping
)

func (k kind) String() string {
	return [...]string{"nothing", "text", "a number", "true or false", "a list", "a mapping"}[k]
}

// node is a YAML value with its place in the file. YAML access is confined to this
// file, so that the parser can be replaced.
type node struct {
	kind      kind
	text      string // of a scalar, as written
	quoted    bool
	from      *origin // the pack that it stands in; nil: the plan
	number    float64
	yes       bool
	items     []*node
	keys      []*node // of a mapping, beside items
	line, col int
	set       string // the --set text that put it here
	merged    bool   // a key that came by a merge (<<)
	variable  bool   // the value came from the environment
}

// drop removes a merged key.
func (n *node) drop(key string) {
	for i, k := range n.keys {
		if k.text == key && k.merged {
			n.keys, n.items = append(n.keys[:i:i], n.keys[i+1:]...), append(n.items[:i:i], n.items[i+1:]...)
			return
		}
	}
}

func (n *node) get(key string) *node {
	if n == nil || n.kind != mapping {
		return nil
	}
	for i, k := range n.keys {
		if k.text == key {
			return n.items[i]
		}
	}
	return nil
}

const (
	maxBytes  = 1 << 20
	maxValues = 200_000
	maxDepth  = 64
)

// limits of a text that is read, and what it is called.
type limits struct {
	bytes, values int
	what          string
}

// parseYAML reads a plan.
func parseYAML(src []byte) (*node, *Problem) {
	doc, bad := parseTree(src, limits{maxBytes, maxValues, "plan"})
	if bad != nil {
		return nil, bad
	}
	if doc.kind != mapping {
		return nil, &Problem{Line: doc.line, Column: doc.col, Msg: "a plan is a mapping of keys, this is " + doc.kind.String()}
	}
	return doc, nil
}

// parseTree reads one YAML document.
func parseTree(src []byte, most limits) (*node, *Problem) {
	if len(src) > most.bytes {
		return nil, &Problem{Line: 1, Column: 1, Msg: fmt.Sprintf("the %s is larger than %d MiB", most.what, most.bytes>>20)}
	}
	if at := bytes.IndexByte(src, 0); at >= 0 {
		return nil, &Problem{Line: lineOf(src, at), Column: 1, Msg: "the " + most.what + " holds a zero byte: is it a text file?"}
	}
	if !utf8.Valid(src) {
		return nil, &Problem{Line: lineOf(src, notUTF8(src)), Column: 1, Msg: "the " + most.what + " is not UTF-8 text"}
	}
	if tooDeep(src) {
		return nil, &Problem{Line: 1, Column: 1, Msg: fmt.Sprintf("nested more than %d deep", maxDepth)}
	}
	f, err := guarded(src)
	if err != nil {
		return nil, syntaxProblem(err)
	}
	c := converter{anchors: map[string]*node{}, most: most}
	var doc *node
	for _, d := range f.Docs {
		if d.Body == nil {
			continue
		}
		if doc != nil {
			p := d.Body.GetToken().Position
			return nil, &Problem{Line: p.Line, Column: p.Column, Msg: "a " + most.what + " is one YAML document; a second one starts here"}
		}
		doc = c.node(d.Body, 0)
	}
	if c.problem != nil {
		return nil, c.problem
	}
	if doc == nil {
		return nil, &Problem{Line: 1, Column: 1, Msg: "the " + most.what + " is empty", Hint: "`fairtrial init DATA` writes one"}
	}
	return doc, nil
}

// lineOf is the line, from 1, of a byte.
func lineOf(src []byte, at int) int { return 1 + bytes.Count(src[:at], []byte("\n")) }

// notUTF8 is where the first byte stands that is not UTF-8.
func notUTF8(src []byte) int {
	at := 0
	for at < len(src) {
		r, n := utf8.DecodeRune(src[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return at
}

// guarded runs the library's parser so that no text can crash it or keep it busy for
// ever: fuzzing found inputs that take it very long.
func guarded(src []byte) (*ast.File, error) {
	type answer struct {
		f   *ast.File
		err error
	}
	done := make(chan answer, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- answer{err: fmt.Errorf("the parser failed: %v", p)}
			}
		}()
		f, err := parser.ParseBytes(src, 0)
		done <- answer{f, err}
	}()
	select {
	case a := <-done:
		return a.f, a.err
	case <-time.After(5 * time.Second):
		return nil, errors.New("the parser does not get through this text")
	}
}

// tooDeep guards the recursive parser against flow nesting and indentation bombs.
func tooDeep(src []byte) bool {
	depth := 0
	begins := true // a quoted text may begin here
	for i := 0; i < len(src); i++ {
		b := src[i]
		switch b {
		case '[', '{':
			if depth++; depth > maxDepth*4 {
				return true
			}
		case ']', '}':
			depth--
		case '"', '\'':
			if begins {
				i += quotedLength(src[i:])
			}
		}
		begins = bytes.IndexByte([]byte(" \t\n[{,:-"), src[i]) >= 0
	}
	indent := 0
	for _, l := range strings.Split(string(src), "\n") {
		if w := len(l) - len(strings.TrimLeft(l, " -?")); w > indent {
			indent = w
		}
	}
	return indent > maxDepth*8
}

// quotedLength is how far the end of a quoted text is, 0 where it does not end in its line.
func quotedLength(src []byte) int {
	for i := 1; i < len(src) && src[i] != '\n'; i++ {
		switch {
		case src[i] == '\\' && src[0] == '"':
			i++
		case src[i] == src[0]:
			return i
		}
	}
	return 0
}

func syntaxProblem(err error) *Problem {
	p := &Problem{Line: 1, Column: 1, Msg: "not YAML: " + err.Error()}
	var ye yaml.Error
	if errors.As(err, &ye) {
		p.Msg = "not YAML: " + ye.GetMessage()
		if t := ye.GetToken(); t != nil && t.Position != nil {
			p.Line, p.Column = t.Position.Line, t.Position.Column
		}
	}
	return p
}

type converter struct {
	anchors map[string]*node
	problem *Problem
	nodes   int
	most    limits
}

func (c *converter) fail(n ast.Node, format string, args ...any) *node {
	out := place(n)
	if c.problem == nil {
		c.problem = &Problem{Line: out.line, Column: out.col, Msg: fmt.Sprintf(format, args...)}
	}
	return out
}

func place(n ast.Node) *node {
	out := &node{line: 1, col: 1}
	if t := n.GetToken(); t != nil && t.Position != nil {
		out.line, out.col = t.Position.Line, t.Position.Column
	}
	return out
}

func (c *converter) node(n ast.Node, depth int) *node {
	if c.nodes++; c.nodes > c.most.values {
		return c.fail(n, "the %s has too many values", c.most.what)
	}
	if depth > maxDepth {
		return c.fail(n, "nested more than %d deep", maxDepth)
	}
	out := place(n)
	switch x := n.(type) {
	case *ast.MappingNode:
		out.kind = mapping
		for _, v := range x.Values {
			c.pair(out, v, depth)
		}
		if len(out.keys) > 0 {
			out.line, out.col = out.keys[0].line, out.keys[0].col
			if x.IsFlowStyle {
				t := place(x)
				out.line, out.col = t.line, t.col
			}
		}
	case *ast.MappingValueNode:
		out.kind = mapping
		c.pair(out, x, depth)
		out.line, out.col = out.keys[0].line, out.keys[0].col
	case *ast.SequenceNode:
		out.kind = sequence
		for _, v := range x.Values {
			out.items = append(out.items, c.node(v, depth+1))
		}
	case *ast.StringNode:
		out.kind, out.text = scalarString, x.Value
		out.quoted = x.Token.Type == token.SingleQuoteType || x.Token.Type == token.DoubleQuoteType
	case *ast.LiteralNode:
		out.kind, out.text, out.quoted = scalarString, x.Value.Value, true
	case *ast.IntegerNode:
		out.kind, out.text = scalarNumber, x.Token.Value
		switch v := x.Value.(type) {
		case int64:
			out.number = float64(v)
		case uint64:
			out.number = float64(v)
		}
	case *ast.FloatNode:
		out.kind, out.text, out.number = scalarNumber, x.Token.Value, x.Value
	case *ast.InfinityNode:
		out.kind, out.text, out.number = scalarNumber, x.Token.Value, x.Value
	case *ast.NanNode:
		out.kind, out.text, out.number = scalarNumber, x.Token.Value, math.NaN()
	case *ast.BoolNode:
		out.kind, out.text, out.yes = scalarBool, x.Token.Value, x.Value
	case *ast.NullNode:
		out.kind = null
	case *ast.AnchorNode:
		v := c.node(x.Value, depth+1)
		c.anchors[x.Name.GetToken().Value] = v
		return v
	case *ast.AliasNode:
		name := x.Value.GetToken().Value
		v, ok := c.anchors[name]
		if !ok {
			return c.fail(n, "no anchor is called %q", name)
		}
		if c.nodes += size(v); c.nodes > c.most.values {
			return c.fail(n, "the %s has too many values", c.most.what)
		}
		return v.clone() // --set changes one place, not every alias of it
	case *ast.TagNode:
		return c.node(x.Value, depth+1)
	default:
		return c.fail(n, "%s is not used in a plan", n.Type())
	}
	return out
}

func (n *node) clone() *node {
	out := *n
	out.keys, out.items = nil, nil
	for _, k := range n.keys {
		out.keys = append(out.keys, k.clone())
	}
	for _, i := range n.items {
		out.items = append(out.items, i.clone())
	}
	return &out
}

func size(n *node) int {
	s := 1
	for _, i := range n.items {
		s += size(i)
	}
	return s
}

func (c *converter) pair(out *node, v *ast.MappingValueNode, depth int) {
	key := place(v.Key)
	key.kind, key.text = scalarString, v.Key.GetToken().Value
	if v.Key.IsMergeKey() {
		c.merge(out, c.node(v.Value, depth+1))
		return
	}
	if s, ok := v.Key.(*ast.StringNode); ok {
		key.text = s.Value
	}
	out.drop(key.text) // a key of its own stands above a merged one
	if out.get(key.text) != nil && c.problem == nil {
		c.problem = &Problem{Line: key.line, Column: key.col, Msg: fmt.Sprintf("key %q stands here twice", key.text)}
	}
	var val *node
	if v.Value == nil {
		val = &node{kind: null, line: key.line, col: key.col}
	} else {
		val = c.node(v.Value, depth+1)
	}
	out.keys, out.items = append(out.keys, key), append(out.items, val)
}

// merge adds the keys of a mapping, or of a list of them, of which the first that has a
// key wins. Keys that stand here already stay.
func (c *converter) merge(out, from *node) {
	switch from.kind {
	case mapping:
		for i, k := range from.keys {
			if out.get(k.text) == nil {
				merged := k.clone()
				merged.merged = true
				out.keys, out.items = append(out.keys, merged), append(out.items, from.items[i].clone())
			}
		}
	case sequence:
		for _, x := range from.items {
			c.merge(out, x)
		}
	default:
		if c.problem == nil {
			c.problem = &Problem{Line: from.line, Column: from.col, Msg: "<< merges mappings, this is " + from.kind.String()}
		}
	}
}
