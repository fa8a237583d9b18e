package provider

import (
	"fmt"
	"strconv"
	"strings"
)

// path is a JSON path: names, [n] and [*], with or without a leading $.
type path []step

type step struct {
	name string
	at   int
	kind byte // 'n'ame, 'i'ndex, '*'
}

func parsePath(field, text string) (path, error) {
	bad := func(what string) error {
		return fmt.Errorf("%s: %q: %s; a path is like $.choices[0].text or documents[*].body", field, text, what)
	}
	var p path
	rest := strings.TrimPrefix(text, "$")
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, `["`):
			name, after, closed := strings.Cut(rest[2:], `"]`)
			if !closed {
				return nil, bad(`["name"] is not closed`)
			}
			p, rest = append(p, step{name: name, kind: 'n'}), after
		case rest[0] == '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, bad("a bracket is not closed")
			}
			if in := rest[1:end]; in == "*" {
				p = append(p, step{kind: '*'})
			} else if n, err := strconv.Atoi(in); err == nil {
				p = append(p, step{at: n, kind: 'i'})
			} else {
				return nil, bad("in brackets stands a number or *")
			}
			rest = rest[end+1:]
		default:
			rest = strings.TrimPrefix(rest, ".")
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			if end == 0 {
				return nil, bad("a name is missing")
			}
			p, rest = append(p, step{name: rest[:end], kind: 'n'}), rest[end:]
		}
	}
	return p, nil
}

// find gives every value that the path meets; none is not an error.
func (p path) find(v any) []any {
	if len(p) == 0 {
		return []any{v}
	}
	s, rest := p[0], p[1:]
	switch t := v.(type) {
	case map[string]any:
		if w, ok := t[s.name]; ok && s.kind == 'n' {
			return rest.find(w)
		}
	case []any:
		if s.kind == '*' {
			var all []any
			for _, w := range t {
				all = append(all, rest.find(w)...)
			}
			return all
		}
		i := s.at
		if i < 0 {
			i += len(t)
		}
		if s.kind == 'i' && i >= 0 && i < len(t) {
			return rest.find(t[i])
		}
	}
	return nil
}
