package provider

import (
	"context"
	"fmt"
	"math"
	"net/url"
)

// openAI speaks to OpenAI, to Azure OpenAI and to every server that copies them.
type openAI struct {
	*endpoint
	c    Config
	read func() reader
	make func(Request) ([]byte, error)
}

func newOpenAI(c Config) (Provider, error) {
	if err := refuse(c.Provider, map[string]bool{"body": c.Body != nil, "answer": c.Answer != "", "contexts": c.Contexts != "",
		"command": c.Command != nil, "format": c.Format != "", "source": c.Source != ""}); err != nil {
		return nil, err
	}
	if c.Model == "" {
		return nil, fmt.Errorf("model: the provider %q needs the name of a model", c.Provider)
	}
	if c.Provider == "openai" && c.BaseURL == "" {
		c.BaseURL = "https://api.openai.com/v1"
	}
	u, err := address("base_url", c.BaseURL)
	if err != nil {
		return nil, err
	}
	if err := doubled(u, "/chat/completions", "/responses", "/embeddings", "/moderations"); err != nil {
		return nil, err
	}
	p := &openAI{c: c}
	paths := map[string]string{"": "/chat/completions", "chat": "/chat/completions", "responses": "/responses", "embeddings": "/embeddings", "moderations": "/moderations"}
	path, ok := paths[c.API]
	if !ok {
		return nil, fmt.Errorf("api: %q is none of chat, responses, embeddings, moderations", c.API)
	}
	auth, before := "Authorization", "Bearer "
	if c.Provider == "azure" {
		auth, before = "api-key", ""
		if u, err = azure(c, u, path); err != nil {
			return nil, err
		}
	} else {
		if c.APIVersion != "" {
			return nil, refuse(c.Provider, map[string]bool{"api_version": true})
		}
		u = join(u, path)
	}
	if p.endpoint, err = newEndpoint(c, u, auth, before); err != nil {
		return nil, err
	}
	p.idempotency = "Idempotency-Key"
	switch c.API {
	case "responses":
		p.make, p.read = p.responsesBody, p.responsesReader
	case "embeddings":
		if c.Stream {
			return nil, fmt.Errorf("stream: embeddings come whole")
		}
		p.make, p.read = p.embeddingsBody, func() reader { return whole(readEmbeddings) }
	case "moderations":
		p.make, p.read = p.moderationBody, func() reader { return whole(readModeration) }
	default:
		p.make, p.read = p.chatBody, p.chatReader
	}
	_, err = p.make(Request{Messages: []Message{{Role: "user"}}, Input: []string{""}})
	return p, err
}

// azure puts deployment and version into the address. The responses API names the
// deployment in the body instead.
func azure(c Config, u *url.URL, path string) (*url.URL, error) {
	if c.APIVersion == "" {
		return nil, fmt.Errorf("api_version: azure needs one, such as 2024-10-21")
	}
	if c.API == "responses" {
		u = join(u, "/openai"+path)
	} else {
		u = join(u, "/openai/deployments/"+c.Model+path)
	}
	q := u.Query()
	q.Set("api-version", c.APIVersion)
	u.RawQuery = q.Encode()
	return u, nil
}

func (p *openAI) Encode(r Request) ([]byte, error) {
	b, err := p.make(r)
	if err != nil {
		return nil, err
	}
	return p.evidence(b), nil
}

func (p *openAI) Call(ctx context.Context, r Request) (Answer, error) {
	b, err := p.make(r)
	if err != nil {
		return Answer{}, err
	}
	a, err := p.post(ctx, r, b, p.read())
	if err == nil && p.c.API == "embeddings" && len(a.Embeddings) != len(r.texts()) {
		return Answer{}, &Error{Kind: Malformed, Sent: true, Request: a.Request, Response: a.Response,
			Message: fmt.Sprintf("%d embeddings came for %d texts", len(a.Embeddings), len(r.texts()))}
	}
	return a, err
}

// model is absent from Azure's body: there the address names the deployment.
func (p *openAI) model(fixed map[string]any) map[string]any {
	if p.c.Provider != "azure" || p.c.API == "responses" {
		fixed["model"] = p.c.Model
	}
	return fixed
}

func (p *openAI) chatBody(r Request) ([]byte, error) {
	fixed := p.model(map[string]any{"messages": r.Messages})
	if r.Seed != nil {
		fixed["seed"] = *r.Seed
	}
	if p.c.Stream {
		fixed["stream"] = true
		fixed["stream_options"] = map[string]any{"include_usage": true}
	}
	return body(fixed, p.c.Params)
}

type chatUsage struct {
	In      *int64 `json:"prompt_tokens"`
	Out     *int64 `json:"completion_tokens"`
	Details struct {
		Cached *int64 `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	OutDetails struct {
		Reasoning *int64 `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

func (u *chatUsage) usage() Usage {
	if u == nil {
		return Usage{}
	}
	return Usage{In: u.In, Out: u.Out, Cached: u.Details.Cached, Reasoning: u.OutDetails.Reasoning}
}

type chatLogprobs struct {
	Content []Logprob `json:"content"`
}

func (l *chatLogprobs) list() []Logprob {
	if l == nil {
		return nil
	}
	return l.Content
}

type chatPart struct {
	Content *string `json:"content"`
	Refusal *string `json:"refusal"`
	Tools   []any   `json:"tool_calls"`
}

type chatAnswer struct {
	ID          string `json:"id"`
	Model       string `json:"model"`
	Fingerprint string `json:"system_fingerprint"`
	Choices     []struct {
		Message  chatPart      `json:"message"`
		Delta    chatPart      `json:"delta"`
		Finish   *string       `json:"finish_reason"`
		Logprobs *chatLogprobs `json:"logprobs"`
	} `json:"choices"`
	Usage *chatUsage `json:"usage"`
	Error any        `json:"error"`
}

func (p *openAI) chatReader() reader {
	if p.c.Stream {
		return chatStream()
	}
	return whole(func(raw []byte) (Answer, *Error) {
		var in chatAnswer
		if bad := unmarshal(raw, &in); bad != nil {
			return Answer{}, bad
		}
		if in.Error != nil {
			return Answer{}, inBand(raw)
		}
		if len(in.Choices) == 0 {
			return Answer{}, malformed("the response has no choices: %s", clip(string(raw)))
		}
		c := in.Choices[0]
		a := Answer{ID: in.ID, Model: in.Model, Fingerprint: in.Fingerprint, Usage: in.Usage.usage(), Logprobs: c.Logprobs.list()}
		if c.Finish != nil {
			a.Finish = *c.Finish
		}
		switch {
		case c.Message.Refusal != nil && *c.Message.Refusal != "":
			a.Output, a.Refusal = *c.Message.Refusal, true
		case c.Message.Content != nil:
			a.Output = *c.Message.Content
		case len(c.Message.Tools) == 0 && a.Finish == "":
			return Answer{}, malformed("the response has no content: %s", clip(string(raw)))
		}
		return a, nil
	})
}

func chatStream() reader {
	var a Answer
	var text []byte
	finished := false
	return events(func(_ string, data []byte, first func()) (bool, *Error) {
		if string(data) == "[DONE]" {
			return true, nil
		}
		var in chatAnswer
		if bad := unmarshal(data, &in); bad != nil {
			return false, bad
		}
		if in.Error != nil {
			return false, inBand(data)
		}
		keep(&a.ID, in.ID)
		keep(&a.Model, in.Model)
		keep(&a.Fingerprint, in.Fingerprint)
		if in.Usage != nil {
			a.Usage = in.Usage.usage()
		}
		if len(in.Choices) == 0 {
			return false, nil
		}
		c := in.Choices[0]
		if s := c.Delta.Content; s != nil && *s != "" {
			first()
			text = append(text, *s...)
		}
		if s := c.Delta.Refusal; s != nil && *s != "" {
			first()
			text, a.Refusal = append(text, *s...), true
		}
		a.Logprobs = append(a.Logprobs, c.Logprobs.list()...)
		if c.Finish != nil && *c.Finish != "" {
			a.Finish, finished = *c.Finish, true
		}
		return false, nil
	}, func() (Answer, *Error) {
		if !finished {
			return Answer{}, malformed("the stream is cut short: it has no finish reason")
		}
		a.Output = string(text)
		return a, nil
	})
}

func keep(to *string, v string) {
	if v != "" {
		*to = v
	}
}

func (r Request) texts() []string {
	if r.Input != nil {
		return r.Input
	}
	return []string{r.prompt()}
}

func (p *openAI) embeddingsBody(r Request) ([]byte, error) {
	return body(p.model(map[string]any{"input": r.texts(), "encoding_format": "float"}), p.c.Params)
}

func readEmbeddings(raw []byte) (Answer, *Error) {
	var in struct {
		Model string `json:"model"`
		Data  []struct {
			Index     *int       `json:"index"`
			Embedding []*float64 `json:"embedding"`
		} `json:"data"`
		Usage *chatUsage `json:"usage"`
		Error any        `json:"error"`
	}
	if bad := unmarshal(raw, &in); bad != nil {
		return Answer{}, bad
	}
	if in.Error != nil {
		return Answer{}, inBand(raw)
	}
	a := Answer{Model: in.Model, Usage: in.Usage.usage(), Embeddings: make([][]float64, len(in.Data))}
	for i, d := range in.Data {
		at := i
		if d.Index != nil {
			at = *d.Index
		}
		if at < 0 || at >= len(in.Data) || a.Embeddings[at] != nil || len(d.Embedding) == 0 || len(d.Embedding) != len(in.Data[0].Embedding) {
			return Answer{}, malformed("the embeddings do not fit together (number %d)", i)
		}
		a.Embeddings[at] = make([]float64, len(d.Embedding))
		for k, v := range d.Embedding {
			switch {
			case v == nil: // how many servers write NaN
				return Answer{}, malformed("number %d of embedding %d is null", k, i)
			case math.IsInf(*v, 0):
				return Answer{}, malformed("embedding %d has a number out of range", i)
			}
			a.Embeddings[at][k] = *v
		}
	}
	return a, nil
}
