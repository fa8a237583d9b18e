package promptfoo

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/score"
)

// carried are the types that have a scorer here, with the threshold that promptfoo takes
// where none is given (NaN-free: nil is none).
type carried struct {
	to        string
	threshold float64
	number    bool           // the threshold above holds; a threshold of the assertion stands above it
	options   map[string]any // that make the scorer promptfoo's
	value     string         // text, list, schema, count, none
}

func carriedTypes() map[string]carried {
	return map[string]carried{
		"equals": {to: "exact", value: "any"}, "contains": {to: "contains", value: "text"}, "icontains": {to: "icontains", value: "text"},
		"contains-any": {to: "contains-any", value: "list"}, "icontains-any": {to: "icontains-any", value: "list"},
		"contains-all": {to: "contains-all", value: "list"}, "icontains-all": {to: "icontains-all", value: "list"},
		"starts-with": {to: "starts-with", value: "text"}, "ends-with": {to: "ends-with", value: "text"}, "regex": {to: "regex", value: "text"},
		"is-json":       {to: "is-json", value: "schema", options: map[string]any{"formats": true}},
		"contains-json": {to: "contains-json", value: "schema", options: map[string]any{"formats": true, "objects": true}},
		"levenshtein":   {to: "levenshtein", value: "text", threshold: 5, number: true, options: map[string]any{"utf16": true}},
		"rouge-n":       {to: "rouge-n", value: "text", threshold: 0.75, number: true},
		"bleu":          {to: "sentence_bleu", value: "list", threshold: 0.5, number: true},
		"gleu":          {to: "gleu", value: "list", threshold: 0.5, number: true, options: map[string]any{"fold": true}},
		"word-count":    {to: "word-count", value: "count"},
		"latency":       {to: "latency", value: "none"}, "cost": {to: "cost", value: "none"}, "is-refusal": {to: "is-refusal", value: "none"},
	}
}

// why other types of promptfoo are not carried.
func notCarried(kind string) string {
	switch kind {
	case "javascript", "python", "ruby":
		return "is a program: write it as a plug-in scorer (docs/plugins.md)"
	case "webhook":
		return "asks a server: write it as a plug-in scorer (docs/plugins.md)"
	case "llm-rubric", "g-eval", "factuality", "model-graded-closedqa", "model-graded-factuality", "answer-relevance", "context-faithfulness", "context-recall", "context-relevance",
		"conversation-relevance", "search-rubric", "agent-rubric", "pi", "select-best":
		return "asks a model: a scorer of type judge says it (see the plan's comments)"
	case "similar", "similar:cosine":
		return "asks an embedding model: name it under embeddings and write a scorer of type similar (docs/scorers.md)"
	case "classifier", "moderation":
		return "asks a classifier: name it under classifiers and write a scorer of type classifier (docs/scorers.md)"
	case "similar:dot", "similar:euclidean":
		return "asks an embedding model: a scorer of type similar gives the cosine only (docs/scorers.md)"
	case "is-xml", "contains-xml", "is-html", "contains-html", "is-sql", "contains-sql":
		return "there is no scorer for it"
	case "meteor":
		return "needs WordNet's synonyms, which are not built in"
	case "perplexity", "perplexity-score":
		return "needs log-probabilities of the answer's tokens, which scorers do not read"
	case "human", "max-score":
		return "is not a check of one output"
	case "guardrails", "finish-reason", "is-valid-function-call", "is-valid-openai-function-call", "is-valid-openai-tools-call", "tool-call-f1", "skill-used":
		return "reads more of a provider's answer than its text"
	}
	if strings.HasPrefix(kind, "trajectory:") || strings.HasPrefix(kind, "trace-") {
		return "reads traces"
	}
	return "is no type of assertion that is known"
}

func asksModel(kind string) bool {
	return strings.HasPrefix(notCarried(kind), "asks a model") && kind != "select-best"
}

// asserted converts assertions one after the other.
type asserted struct {
	r         *reader
	file      string
	transform []string // of the test or the provider, before that of the assertion
	checks    []any
	left      []string
	names     []string // variables that values name
}

func (a *asserted) drop(t plan.Tree, kind, why string) {
	a.r.left(a.file, t.Line(), kind, why)
	a.left = append(a.left, kind)
}

// add converts one assertion.
func (a *asserted) add(t plan.Tree) {
	if ref, ok := t.Get("$ref").Text(); ok {
		name := strings.TrimPrefix(ref, "#/assertionTemplates/")
		to, known := a.r.templates[name]
		if !known {
			a.drop(t, "assert", fmt.Sprintf("the template %s is not under assertionTemplates", ref))
			return
		}
		t = to
	}
	written, ok := t.Get("type").Text()
	if !ok {
		a.drop(t, "assert", "an assertion is a mapping with a type, this is "+t.Kind())
		return
	}
	if written == "assert-set" {
		a.set(t)
		return
	}
	kind, not := strings.CutPrefix(written, "not-")
	c, ok := carriedTypes()[kind]
	if !ok {
		if asksModel(kind) {
			rubric, _ := t.Get("value").Text()
			a.r.out.Judged = append(a.r.out.Judged, Judged{written, rubric, a.file, t.Line()})
		}
		a.drop(t, written, notCarried(kind))
		return
	}
	check := map[string]any{"type": c.to}
	if not {
		check["type"] = "not-" + c.to
	}
	for k, v := range c.options {
		check[k] = v
	}
	if why := a.value(t, kind, c, check); why != "" {
		a.drop(t, written, why)
		return
	}
	if why := a.keys(t, kind, c, check); why != "" {
		a.drop(t, written, why)
		return
	}
	if _, err := score.NewChecksReader().Read([]any{check}); err != nil {
		a.drop(t, written, strings.TrimPrefix(err.Error(), "check 1: "))
		return
	}
	a.checks = append(a.checks, check)
}

func (a *asserted) set(t plan.Tree) {
	inner := &asserted{r: a.r, file: a.file, transform: a.transform}
	for _, x := range t.Get("assert").Items() {
		inner.add(x)
	}
	a.left = append(a.left, inner.left...)
	a.names = append(a.names, inner.names...)
	if len(inner.checks) == 0 {
		return
	}
	set := map[string]any{"type": "set", "of": inner.checks}
	if why := a.keys(t, "assert-set", carried{}, set); why != "" {
		a.drop(t, "assert-set", why)
		return
	}
	a.checks = append(a.checks, set)
}

// keys reads what every assertion may have beside its value.
func (a *asserted) keys(t plan.Tree, kind string, c carried, check map[string]any) (why string) {
	if kind != "assert-set" {
		if c.number {
			check["threshold"] = c.threshold
		}
	}
	for _, key := range t.Keys() {
		v := t.Get(key)
		switch key {
		case "type", "value", "assert", "config", "provider", "rubricPrompt", "$ref", "contextTransform":
		case "threshold":
			x, ok := v.Number()
			if s, isText := v.Text(); isText {
				y, err := strconv.ParseFloat(s, 64)
				x, ok = y, err == nil
			}
			if !ok {
				return "threshold: a number is expected, this is " + v.Kind()
			}
			if c.number || kind == "assert-set" || kind == "latency" || kind == "cost" {
				check["threshold"] = x
			} // others do not read it
		case "weight":
			x, ok := v.Number()
			if !ok || x < 0 {
				return "weight: a number from 0 is expected"
			}
			check["weight"] = x
		case "metric":
			if s, ok := v.Text(); ok && s != "" {
				if strings.Contains(s, "{{") {
					a.r.left(a.file, v.Line(), "metric "+s, "names with variables are not carried: the check counts in the total alone")
				} else {
					check["as"] = s
				}
			}
		case "transform":
			s, _ := v.Text()
			steps, ok := transform(s)
			if !ok {
				return fmt.Sprintf("transform %q is a program", s)
			}
			check["transform"] = append(append([]any{}, texts(a.transform)...), texts(steps)...)
		case "normalizeUnicode":
			if v.True() || v.Kind() == "text" {
				return "normalizeUnicode is not carried"
			}
		default:
			a.r.left(a.file, v.Line(), kind+"."+key, "is not read")
		}
	}
	if len(a.transform) > 0 && check["transform"] == nil && kind != "assert-set" {
		check["transform"] = texts(a.transform)
	}
	return ""
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// value reads the value of an assertion as its type has it.
func (a *asserted) value(t plan.Tree, kind string, c carried, check map[string]any) (why string) {
	v := t.Get("value")
	if s, ok := v.Text(); ok && strings.HasPrefix(s, "file://") && c.value != "none" {
		if v, why = a.fileValue(s); why != "" {
			return why
		}
	}
	if c.value == "none" {
		return ""
	}
	plainValue := v.Plain()
	if s, ok := plainValue.(string); ok && c.value == "schema" && s == "" {
		plainValue = nil
	}
	if plainValue == nil {
		if c.value == "schema" {
			return ""
		}
		return "it has no value"
	}
	if why := a.templates(plainValue); why != "" {
		return why
	}
	switch c.value {
	case "schema":
		if s, ok := plainValue.(string); ok {
			parsed, err := plan.ReadTree([]byte(s), 1<<20)
			if err != nil {
				return "value: the schema is not YAML: " + err.Error()
			}
			plainValue = parsed.Plain()
		}
		if b, ok := plainValue.(bool); ok {
			plainValue = map[string]any{}
			if !b {
				plainValue = map[string]any{"not": map[string]any{}}
			}
		}
		m, ok := plainValue.(map[string]any)
		if !ok {
			return "value: a JSON Schema is expected"
		}
		if m["$schema"] == nil { // what promptfoo's validator takes it for
			m["$schema"] = "http://json-schema.org/draft-07/schema#"
		}
		plainValue = plainText(m) // as text: readers of tables give the objects of a column each other's keys
	case "any":
		switch plainValue.(type) {
		case []any, map[string]any:
			check["json"], plainValue = true, plainText(plainValue)
		}
	case "text":
		switch x := plainValue.(type) {
		case []any, map[string]any:
			return "value: a text is expected"
		case string:
		default:
			plainValue = fmt.Sprint(plainText(x))
		}
		if plainValue == "" {
			return "value: it is empty"
		}
	case "count":
		if m, ok := plainValue.(map[string]any); ok && len(m) == 0 {
			return "value: min or max is expected"
		}
	case "list":
		if s, ok := plainValue.(string); ok && kind != "bleu" && kind != "gleu" {
			list := score.SplitList(s)
			if len(list) == 0 {
				return "value: it is empty"
			}
			plainValue = list
		}
	}
	check["value"] = plainValue
	return ""
}

// plainText writes a number or a bool as JavaScript does.
func plainText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func (a *asserted) fileValue(ref string) (plan.Tree, string) {
	path, shown := a.r.path(ref)
	switch {
	case strings.HasSuffix(path, ".json"), strings.HasSuffix(path, ".yaml"), strings.HasSuffix(path, ".yml"):
		t, err := a.r.tree(path, shown)
		if err != nil {
			return t, err.Error()
		}
		return t, ""
	case strings.HasSuffix(path, ".txt"):
		b, err := a.r.bytes(path, shown)
		if err != nil {
			return plan.Tree{}, err.Error()
		}
		return plan.NewTree(strings.TrimSpace(string(b)), 1), ""
	}
	return plan.Tree{}, "its value comes from the program " + strings.TrimPrefix(ref, "file://")
}

// templates refuses what is more than {{variable}} and gathers the variables.
func (a *asserted) templates(v any) string {
	switch x := v.(type) {
	case string:
		return a.template(x)
	case []any:
		for _, e := range x {
			if why := a.templates(e); why != "" {
				return why
			}
		}
	case map[string]any:
		for _, e := range x {
			if why := a.templates(e); why != "" {
				return why
			}
		}
	}
	return ""
}

func (a *asserted) template(s string) string {
	names, why := variables(s)
	a.names = append(a.names, names...)
	return why
}

var logic = regexp.MustCompile(`\{%|\{#`)

// variables of a template, or why it is more than that.
func variables(s string) (names []string, why string) {
	if logic.MatchString(s) {
		return nil, "its template has {% … %} or {# … #}: only {{variable}} is carried"
	}
	t, err := score.ParseTemplate(s)
	if err != nil {
		return nil, err.Error()
	}
	for _, name := range t.Variables() {
		root, _, _ := strings.Cut(name, ".")
		if root == "env" {
			return nil, "{{" + name + "}} reads the environment"
		}
		names = append(names, root)
	}
	return names, ""
}

var jsonPath = regexp.MustCompile(`^JSON\.parse\(output\)((?:\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\])+)$`)

// transform reads the programs of one line that have a name here.
func transform(s string) ([]string, bool) {
	s = strings.TrimSuffix(strings.TrimSpace(s), ";")
	s = strings.TrimPrefix(s, "return ")
	switch strings.ReplaceAll(s, " ", "") {
	case "":
		return nil, true
	case "output":
		return nil, true
	case "output.trim()":
		return []string{"trim"}, true
	case "output.toLowerCase()":
		return []string{"lower"}, true
	case "output.toUpperCase()":
		return []string{"upper"}, true
	case "output.trim().toLowerCase()", "output.toLowerCase().trim()":
		return []string{"trim", "lower"}, true
	}
	if m := jsonPath.FindStringSubmatch(s); m != nil {
		path := strings.NewReplacer("[", ".", "]", "").Replace(m[1])
		return []string{"json:" + strings.TrimPrefix(path, ".")}, true
	}
	return nil, false
}
