package provider

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
)

// ollama speaks Ollama's own chat API, whose parameters stand in "options".
type ollama struct {
	*endpoint
	c Config
}

func newOllama(c Config) (Provider, error) {
	if err := refuse(c.Provider, map[string]bool{"api": c.API != "", "body": c.Body != nil, "answer": c.Answer != "", "contexts": c.Contexts != "",
		"command": c.Command != nil, "format": c.Format != "", "source": c.Source != "", "api_version": c.APIVersion != ""}); err != nil {
		return nil, err
	}
	if c.Model == "" {
		return nil, fmt.Errorf("model: the provider ollama needs the name of a model")
	}
	if c.BaseURL == "" {
		c.BaseURL = "http://127.0.0.1:11434"
	}
	u, err := address("base_url", c.BaseURL)
	if err != nil {
		return nil, err
	}
	p := &ollama{c: c}
	if err = doubled(u, "/api/chat", "/api"); err != nil {
		return nil, err
	}
	if p.endpoint, err = newEndpoint(c, join(u, "/api/chat"), "Authorization", "Bearer "); err != nil {
		return nil, err
	}
	_, err = p.body(Request{})
	return p, err
}

// body knows which parameters are Ollama's own; the others, and max_tokens under its name
// there, are options.
func (p *ollama) body(r Request) ([]byte, error) {
	top, options := map[string]any{}, map[string]any{}
	for k, v := range p.c.Params {
		switch k {
		case "format", "keep_alive", "think", "tools":
			top[k] = v
		case "options":
			given, ok := v.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("params.options: a map is expected")
			}
			maps.Copy(options, given)
		case "max_tokens":
			options["num_predict"] = v
		case "model", "messages", "stream":
			top[k] = v // refused below
		default:
			options[k] = v
		}
	}
	if r.Seed != nil {
		options["seed"] = *r.Seed
	}
	fixed := map[string]any{"model": p.c.Model, "messages": r.Messages, "stream": p.c.Stream}
	if len(options) > 0 {
		fixed["options"] = options
	}
	return body(fixed, top)
}

func (p *ollama) Encode(r Request) ([]byte, error) {
	b, err := p.body(r)
	if err != nil {
		return nil, err
	}
	return p.evidence(b), nil
}

type ollamaPart struct {
	Model   string  `json:"model"`
	Message Message `json:"message"`
	Done    bool    `json:"done"`
	Reason  string  `json:"done_reason"`
	In      *int64  `json:"prompt_eval_count"`
	Out     *int64  `json:"eval_count"`
	Error   string  `json:"error"`
}

func (p *ollama) Call(ctx context.Context, r Request) (Answer, error) {
	b, err := p.body(r)
	if err != nil {
		return Answer{}, err
	}
	if !p.c.Stream {
		return p.post(ctx, r, b, whole(func(raw []byte) (Answer, *Error) {
			var in ollamaPart
			if bad := unmarshal(raw, &in); bad != nil {
				return Answer{}, bad
			}
			return in.answer(raw, in.Message.Content)
		}))
	}
	return p.post(ctx, r, b, func(in io.Reader, first func()) (Answer, []byte, *Error) {
		var last ollamaPart
		var text, final []byte
		return lines(in, func() (Answer, *Error) { return last.answer(final, string(text)) }, func(line []byte) (bool, *Error) {
			if len(bytes.TrimSpace(line)) == 0 {
				return false, nil
			}
			var in ollamaPart
			if bad := unmarshal(line, &in); bad != nil {
				return false, bad
			}
			if in.Message.Content != "" {
				first()
				text = append(text, in.Message.Content...)
			}
			last, final = in, line
			return in.Done || in.Error != "", nil
		})
	})
}

func (o *ollamaPart) answer(raw []byte, text string) (Answer, *Error) {
	if o.Error != "" {
		return Answer{}, inBand(raw)
	}
	if !o.Done {
		return Answer{}, malformed("the response is not done: %s", clip(string(raw)))
	}
	return Answer{Output: text, Model: o.Model, Finish: o.Reason, Usage: Usage{In: o.In, Out: o.Out}}, nil
}
