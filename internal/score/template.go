package score

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// template is text with {{variables}}. `\{{` is a literal `{{`.
type template struct {
	text  string // the whole, when there is no variable
	parts []part
}

type part struct {
	text string // before the name
	name string // "" at the end
}

// parseTemplate reads a template. A variable is a name, dots reach into maps and lists;
// filters and expressions are refused.
func parseTemplate(s string) (*template, error) {
	if !strings.Contains(s, "{{") {
		return &template{text: s}, nil
	}
	t := &template{}
	var lit strings.Builder
	rest := s
	for {
		i := strings.Index(rest, "{{")
		if i < 0 {
			lit.WriteString(rest)
			break
		}
		if i > 0 && rest[i-1] == '\\' {
			lit.WriteString(rest[:i-1])
			lit.WriteString("{{")
			rest = rest[i+2:]
			continue
		}
		lit.WriteString(rest[:i])
		rest = rest[i+2:]
		j := strings.Index(rest, "}}")
		if j < 0 {
			return nil, fmt.Errorf("{{ without }} in %q: write \\{{ for the text itself", short(s))
		}
		name := strings.TrimSpace(rest[:j])
		if !variableName(name) {
			return nil, fmt.Errorf("{{%s}} is not a variable: expected a name of letters, digits, _, - and dots; filters and expressions are not supported", short(rest[:j]))
		}
		t.parts = append(t.parts, part{text: lit.String(), name: name})
		lit.Reset()
		rest = rest[j+2:]
	}
	if len(t.parts) == 0 {
		return &template{text: lit.String()}, nil
	}
	t.parts = append(t.parts, part{text: lit.String()})
	return t, nil
}

func variableName(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for _, r := range s {
		if !isWord(r) && r != '.' && r != '-' {
			return false
		}
	}
	return true
}

func (t *template) constant() bool { return len(t.parts) == 0 }

// fill puts the case's variables in.
func (t *template) fill(c *Case) (string, error) {
	if t.constant() {
		return t.text, nil
	}
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.text)
		if p.name == "" {
			continue
		}
		v, ok := c.variable(p.name)
		if !ok {
			return "", fmt.Errorf("the case has no variable %q", p.name)
		}
		s, err := variableText(v)
		if err != nil {
			return "", fmt.Errorf("variable %q: %w", p.name, err)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// variable finds a column of the case: by its whole name, else by the path of its dots;
// `reference` and `question` stand for the case's own where no column has that name.
func (c *Case) variable(name string) (any, bool) {
	if v, ok := c.Vars[name]; ok {
		return v, v != nil
	}
	switch {
	case name == "reference" && len(c.References) > 0:
		return c.References[0], true
	case name == "question" && c.Question != "":
		return c.Question, true
	}
	if !strings.Contains(name, ".") {
		return nil, false
	}
	return follow(c.Vars, name)
}

// path follows dots into maps and lists.
func follow(at any, name string) (any, bool) {
	for k := range strings.SplitSeq(name, ".") {
		switch x := at.(type) {
		case map[string]any:
			v, ok := x[k]
			if !ok {
				return nil, false
			}
			at = v
		case []any:
			i, err := strconv.Atoi(k)
			if err != nil || i < 0 || i >= len(x) {
				return nil, false
			}
			at = x[i]
		default:
			return nil, false
		}
	}
	return at, at != nil
}

func variableText(v any) (string, error) {
	switch x := v.(type) {
	case string:
		return x, nil
	case bool:
		return strconv.FormatBool(x), nil
	case json.Number:
		return x.String(), nil
	case int:
		return strconv.Itoa(x), nil
	case int64:
		return strconv.FormatInt(x, 10), nil
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), nil
	}
	b, err := json.Marshal(v) // maps with sorted keys: the same bits each time
	if err != nil {
		return "", fmt.Errorf("write as JSON: %w", err)
	}
	return string(b), nil
}

// texts is a `value` of one text or several, each perhaps a template.
type texts struct {
	list     []*template
	constant []string // filled once when no text has a variable
	scratch  []string
}

func newTexts(list []string) (*texts, error) {
	t := &texts{}
	all := true
	for _, s := range list {
		p, err := parseTemplate(s)
		if err != nil {
			return nil, err
		}
		t.list = append(t.list, p)
		all = all && p.constant()
	}
	if all {
		for _, p := range t.list {
			t.constant = append(t.constant, p.text)
		}
	}
	return t, nil
}

func (t *texts) of(c *Case) ([]string, error) {
	if t.constant != nil || len(t.list) == 0 {
		return t.constant, nil
	}
	t.scratch = t.scratch[:0]
	for _, p := range t.list {
		s, err := p.fill(c)
		if err != nil {
			return nil, err
		}
		t.scratch = append(t.scratch, s)
	}
	return t.scratch, nil
}
