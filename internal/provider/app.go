package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
)

// app is an HTTP endpoint of the user's own application: it gets a body made from a
// template, and JSON paths find the answer and the retrieved contexts in what it returns.
type app struct {
	*endpoint
	c                Config
	answer, contexts path
}

func newApp(c Config) (Provider, error) {
	if err := refuse(c.Provider, map[string]bool{"api": c.API != "", "model": c.Model != "", "params": c.Params != nil, "stream": c.Stream,
		"command": c.Command != nil, "format": c.Format != "", "source": c.Source != "", "api_version": c.APIVersion != ""}); err != nil {
		return nil, err
	}
	u, err := address("base_url", c.BaseURL)
	if err != nil {
		return nil, err
	}
	if c.Body == nil {
		return nil, fmt.Errorf(`body: what the application is to be sent, such as {question: "{{prompt}}"}`)
	}
	if c.Answer == "" {
		return nil, fmt.Errorf("answer: the JSON path of the answer, such as $.answer")
	}
	p := &app{c: c}
	if p.answer, err = parsePath("answer", c.Answer); err != nil {
		return nil, err
	}
	if c.Contexts != "" {
		if p.contexts, err = parsePath("contexts", c.Contexts); err != nil {
			return nil, err
		}
	}
	p.endpoint, err = newEndpoint(c, u, "Authorization", "Bearer ")
	if err == nil {
		p.idempotency = "Idempotency-Key"
	}
	return p, err
}

func (p *app) body(r Request) ([]byte, error) {
	v, err := fill(p.c.Body, "body", r)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	return b, nil
}

// fill replaces the variables of every string of a template. A string that is one
// variable and nothing else takes its value as it is, a list or a number too.
func fill(v any, field string, r Request) (any, error) {
	switch t := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(t))
		for k, w := range t {
			var err error
			if out[k], err = fill(w, field+"."+k, r); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []any:
		out := make([]any, len(t))
		for i, w := range t {
			var err error
			if out[i], err = fill(w, fmt.Sprintf("%s[%d]", field, i), r); err != nil {
				return nil, err
			}
		}
		return out, nil
	case string:
		return fillString(t, field, r)
	}
	return v, nil
}

func fillString(t, field string, r Request) (any, error) {
	var out strings.Builder
	for rest := t; ; {
		before, after, found := strings.Cut(rest, "{{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, found := strings.Cut(after, "}}")
		if !found {
			return nil, fmt.Errorf("%s: {{ is not closed in %q", field, t)
		}
		v, err := variable(strings.TrimSpace(name), field, r)
		if err != nil {
			return nil, err
		}
		if before == "" && after == "" && out.Len() == 0 {
			return v, nil
		}
		if s, ok := v.(string); ok {
			out.WriteString(s)
		} else {
			b, err := json.Marshal(v)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", field, err)
			}
			out.Write(b)
		}
		rest = after
	}
}

func variable(name, field string, r Request) (any, error) {
	switch name {
	case "prompt":
		return r.prompt(), nil
	case "messages":
		return r.Messages, nil
	case "id":
		return r.ID, nil
	case "sample":
		return r.Sample, nil
	case "seed":
		return r.Seed, nil // null without one
	}
	if v, ok := r.Vars[strings.TrimPrefix(name, "vars.")]; ok && strings.HasPrefix(name, "vars.") {
		return v, nil
	}
	have := make([]string, 0, len(r.Vars))
	for k := range r.Vars {
		have = append(have, "vars."+k)
	}
	sort.Strings(have)
	return nil, fmt.Errorf("%s: the case %q has no variable %q (there are prompt, messages, id, sample, seed %s)", field, r.ID, name, strings.Join(have, " "))
}

func (p *app) Encode(r Request) ([]byte, error) {
	b, err := p.body(r)
	if err != nil {
		return nil, err
	}
	return p.evidence(b), nil
}

func (p *app) Call(ctx context.Context, r Request) (Answer, error) {
	b, err := p.body(r)
	if err != nil {
		return Answer{}, err
	}
	return p.post(ctx, r, b, whole(func(raw []byte) (Answer, *Error) {
		var v any
		if bad := unmarshal(raw, &v); bad != nil {
			return Answer{}, bad
		}
		var a Answer
		found := p.answer.find(v)
		if len(found) != 1 {
			return Answer{}, malformed("answer: %s meets %d values in the response, not one: %s", p.c.Answer, len(found), clip(string(raw)))
		}
		if found[0] == nil {
			return Answer{}, malformed("answer: %s is null in the response: %s", p.c.Answer, clip(string(raw)))
		}
		a.Output = text(found[0])
		for _, c := range p.contexts.all(v) {
			a.Contexts = append(a.Contexts, text(c))
		}
		return a, nil
	}))
}

// all is find, where a list that is met means its elements.
func (p path) all(v any) []any {
	if p == nil {
		return nil
	}
	found := p.find(v)
	if len(found) == 1 {
		if list, ok := found[0].([]any); ok {
			return list
		}
	}
	return found
}

// text is a string as it is and anything else as JSON.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
