package provider

import (
	"context"
	"fmt"
)

// anthropic speaks the messages API.
type anthropic struct {
	*endpoint
	c Config
}

func newAnthropic(c Config) (Provider, error) {
	if err := refuse(c.Provider, map[string]bool{"api": c.API != "", "body": c.Body != nil, "answer": c.Answer != "", "contexts": c.Contexts != "",
		"command": c.Command != nil, "format": c.Format != "", "source": c.Source != ""}); err != nil {
		return nil, err
	}
	if c.Model == "" {
		return nil, fmt.Errorf("model: the provider anthropic needs the name of a model")
	}
	if _, ok := c.Params["max_tokens"]; !ok {
		return nil, fmt.Errorf("params.max_tokens: anthropic takes no request without it")
	}
	if c.BaseURL == "" {
		c.BaseURL = "https://api.anthropic.com"
	}
	if c.APIVersion == "" {
		c.APIVersion = "2023-06-01"
	}
	u, err := address("base_url", c.BaseURL)
	if err != nil {
		return nil, err
	}
	p := &anthropic{c: c}
	if err = doubled(u, "/v1/messages"); err != nil {
		return nil, err
	}
	if p.endpoint, err = newEndpoint(c, join(u, "/v1/messages"), "x-api-key", ""); err != nil {
		return nil, err
	}
	p.headers["anthropic-version"] = c.APIVersion
	p.plain = append(p.plain, "anthropic-version: "+c.APIVersion+"\n"...)
	_, err = p.body(Request{})
	return p, err
}

// body puts system messages where the API wants them. The API has no seed.
func (p *anthropic) body(r Request) ([]byte, error) {
	var system string
	messages := []Message{}
	for _, m := range r.Messages {
		if m.Role != "system" {
			messages = append(messages, m)
			continue
		}
		if system != "" {
			system += "\n\n"
		}
		system += m.Content
	}
	fixed := map[string]any{"model": p.c.Model, "messages": messages}
	if system != "" {
		fixed["system"] = system
	}
	if p.c.Stream {
		fixed["stream"] = true
	}
	return body(fixed, p.c.Params)
}

func (p *anthropic) Encode(r Request) ([]byte, error) {
	b, err := p.body(r)
	if err != nil {
		return nil, err
	}
	return p.evidence(b), nil
}

func (p *anthropic) Call(ctx context.Context, r Request) (Answer, error) {
	b, err := p.body(r)
	if err != nil {
		return Answer{}, err
	}
	if p.c.Stream {
		return p.post(ctx, r, b, anthropicStream())
	}
	return p.post(ctx, r, b, whole(func(raw []byte) (Answer, *Error) {
		var in anthropicMessage
		if bad := unmarshal(raw, &in); bad != nil {
			return Answer{}, bad
		}
		if in.Type == "error" {
			return Answer{}, inBand(raw)
		}
		if in.Finish == "" {
			return Answer{}, malformed("the response has no stop reason: %s", clip(string(raw)))
		}
		a := in.answer()
		for _, c := range in.Content {
			if c.Type == "text" {
				a.Output += c.Text
			}
		}
		return a, nil
	}))
}

type anthropicMessage struct {
	Type    string `json:"type"`
	ID      string `json:"id"`
	Model   string `json:"model"`
	Finish  string `json:"stop_reason"`
	Content []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	} `json:"content"`
	Usage anthropicUsage `json:"usage"`
}

// anthropicUsage counts cached tokens beside the others; In has all of them.
type anthropicUsage struct {
	In     *int64 `json:"input_tokens"`
	Out    *int64 `json:"output_tokens"`
	Read   *int64 `json:"cache_read_input_tokens"`
	Create *int64 `json:"cache_creation_input_tokens"`
}

func (m *anthropicMessage) answer() Answer {
	u := m.Usage
	a := Answer{ID: m.ID, Model: m.Model, Finish: m.Finish, Refusal: m.Finish == "refusal", Usage: Usage{Out: u.Out, Cached: u.Read}}
	if u.In != nil {
		in := *u.In
		for _, more := range []*int64{u.Read, u.Create} {
			if more != nil {
				in += *more
			}
		}
		a.Usage.In = &in
	}
	return a
}

func anthropicStream() reader {
	var m anthropicMessage
	var text []byte
	return events(func(_ string, data []byte, first func()) (bool, *Error) {
		var in struct {
			Type    string           `json:"type"`
			Message anthropicMessage `json:"message"`
			Delta   struct {
				Type   string `json:"type"`
				Text   string `json:"text"`
				Finish string `json:"stop_reason"`
			} `json:"delta"`
			Usage anthropicUsage `json:"usage"`
		}
		if bad := unmarshal(data, &in); bad != nil {
			return false, bad
		}
		switch in.Type {
		case "message_start":
			m = in.Message
		case "content_block_delta":
			if in.Delta.Type == "text_delta" {
				first()
				text = append(text, in.Delta.Text...)
			}
		case "message_delta":
			keep(&m.Finish, in.Delta.Finish)
			if in.Usage.Out != nil {
				m.Usage.Out = in.Usage.Out
			}
		case "message_stop":
			return true, nil
		case "error":
			return false, inBand(data)
		}
		return false, nil
	}, func() (Answer, *Error) {
		if m.Finish == "" {
			return Answer{}, malformed("the stream is cut short: it has no stop reason")
		}
		a := m.answer()
		a.Output = string(text)
		return a, nil
	})
}
