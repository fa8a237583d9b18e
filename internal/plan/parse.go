package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/slice"
)

// reference is a column that the plan names, and where.
type reference struct {
	column string
	source Source // zero: the cases
	path   string
	at     *node
}

// condition is a where clause of the plan, and where it stands.
type condition struct {
	where slice.Predicate
	path  string
	at    *node
}

func (p *Plan) refer(column string, source Source, path string, at *node) {
	if column != "" {
		p.references = append(p.references, reference{column, source, path, at})
	}
}

// Parse reads and checks a plan, all but what needs the data's columns (see Bind). Its
// error is an *Errors that lists every problem.
func Parse(src []byte, file string, cat Catalogue) (*Plan, error) {
	return parse(src, file, cat, nil, nil, nil)
}

// Load reads the plan of a file. Overrides are of the form key=value, the key a path
// such as confidence, models.candidate.threshold or gates[0].margin; a gate may be
// named by its name or metric instead of its number.
//
// Variables of the environment in its values, ${NAME} or ${NAME:-default}, are replaced by
// what lookup gives (nil: none is set).
// Standards that do not lie in files come from fetch (nil: they are refused).
func Load(path string, cat Catalogue, overrides []string, lookup Lookup, fetch FetchStandard) (*Plan, error) {
	src, err := readPlan(path)
	if err != nil {
		return nil, err
	}
	return LoadText(src, path, cat, overrides, lookup, fetch)
}

// LoadText is Load of a text that came some other way; path is what problems call it, in
// the folder where its relative paths start.
func LoadText(src []byte, path string, cat Catalogue, overrides []string, lookup Lookup, fetch FetchStandard) (*Plan, error) {
	p, err := parse(src, path, cat, overrides, lookup, &reader{filepath.Dir(path), fetch})
	var bad *Errors
	if errors.As(err, &bad) && bad.Partial != nil {
		bad.Partial.Dir = filepath.Dir(path)
	}
	if err != nil {
		return nil, err
	}
	p.Dir = filepath.Dir(path)
	return p, nil
}

// readPlan reads no more than a plan may be long: Parse refuses the rest.
func readPlan(path string) ([]byte, error) {
	at, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no plan at %s: %w", path, fs.ErrNotExist)
	case err == nil && at.IsDir():
		return nil, fmt.Errorf("no plan at %s, which is a folder: %w", path, fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("read plan: %w", err)
	}
	src, err := readText(path)
	if err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	return src, nil
}

// readText reads a file up to the length that Parse refuses.
func readText(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}

func parse(src []byte, file string, cat Catalogue, overrides []string, lookup Lookup, read *reader) (*Plan, error) {
	src = bytes.Clone(bytes.TrimPrefix(src, []byte("\ufeff"))) // editors on Windows write this mark
	root, bad := parseYAML(src)
	if bad != nil {
		return nil, &Errors{List: tidy([]Problem{*bad}, file, src)}
	}
	d := &decoder{cat: cat, env: lookup, read: read, plan: &Plan{Slices: []Slice{}, Metrics: []Metric{}, Gates: []Gate{}, File: file, source: src, sources: map[string]*node{}, labels: map[string]*node{}}}
	for _, o := range overrides {
		if err := override(root, o); err != nil {
			d.problems = append(d.problems, Problem{Msg: fmt.Sprintf("%s: %v", o, err)})
		}
	}
	d.expand(root, lookup)
	d.root(root)
	if len(d.problems) > 0 {
		return nil, &Errors{List: tidy(d.problems, file, src), Partial: d.plan}
	}
	d.plan.Warnings = tidy(d.plan.Warnings, file, src)
	return d.plan, nil
}

// override sets one key of the tree; the key must lie under keys that exist.
func override(root *node, text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return fmt.Errorf("key=value is expected")
	}
	v, bad := parseYAML([]byte("value: " + value))
	if bad != nil {
		return fmt.Errorf("the value is not YAML: %s", bad.Msg)
	}
	val := v.get("value")
	mark(val, text)
	at := root
	steps := steps(key)
	for i, s := range steps {
		last := i == len(steps)-1
		next, err := at.step(s)
		if err != nil {
			return err
		}
		if last {
			return at.put(s, val, text)
		}
		if next == nil && i == 0 && (s == "plugins" || s == "connections") { // lists of names: one more is no change of what stands there
			next = &node{kind: mapping, set: text}
			if err := at.put(s, next, text); err != nil {
				return err
			}
		}
		if next == nil {
			return fmt.Errorf("the plan has no %s", strings.Join(steps[:i+1], "."))
		}
		at = next
	}
	return nil
}

func mark(n *node, text string) {
	n.set = text
	for _, i := range n.items {
		mark(i, text)
	}
	for _, k := range n.keys {
		k.set = text
	}
}

// steps splits gates[0].margin into gates, 0, margin.
func steps(key string) []string {
	key = strings.ReplaceAll(strings.ReplaceAll(key, "[", "."), "]", "")
	return strings.Split(key, ".")
}

// step finds a child: by key in a mapping; in a list by number, or by its name or metric.
func (n *node) step(s string) (*node, error) {
	switch n.kind {
	case mapping:
		return n.get(s), nil
	case sequence:
		if i, err := strconv.Atoi(s); err == nil {
			if i < 0 || i >= len(n.items) {
				return nil, fmt.Errorf("there is no number %d: the list has %d", i, len(n.items))
			}
			return n.items[i], nil
		}
		for _, k := range []string{"name", "as", "metric"} { // a name stands above a metric
			var found []*node
			for _, x := range n.items {
				if v := x.get(k); v != nil && v.text == s || k == "name" && x.kind == scalarString && x.text == s {
					found = append(found, x)
				}
			}
			switch len(found) {
			case 0:
			case 1:
				return found[0], nil
			default:
				return nil, fmt.Errorf("%d entries of the list are called %q: use the number, from 0", len(found), s)
			}
		}
		return nil, fmt.Errorf("nothing in the list is called %q", s)
	}
	return nil, fmt.Errorf("%q has no keys", s)
}

func (n *node) put(s string, v *node, text string) error {
	switch n.kind {
	case mapping:
		for i, k := range n.keys {
			if k.text == s {
				n.items[i] = v
				return nil
			}
		}
		n.keys = append(n.keys, &node{kind: scalarString, text: s, set: text})
		n.items = append(n.items, v)
		return nil
	case sequence:
		i, err := strconv.Atoi(s)
		if err != nil || i < 0 || i >= len(n.items) {
			return fmt.Errorf("a list item is set by its number, 0 to %d", len(n.items)-1)
		}
		n.items[i] = v
		return nil
	}
	return fmt.Errorf("%q has no keys", s)
}
