package provider

import "encoding/json"

// OpenAI's responses API: the messages are called input, the answer is a list of items.

func (p *openAI) responsesBody(r Request) ([]byte, error) {
	fixed := p.model(map[string]any{"input": r.Messages})
	if _, set := p.c.Params["store"]; !set {
		fixed["store"] = false // nothing stays with the provider unless the plan says so
	}
	if p.c.Stream {
		fixed["stream"] = true
	}
	return body(fixed, p.c.Params)
}

type response struct {
	ID         string `json:"id"`
	Model      string `json:"model"`
	Status     string `json:"status"`
	Incomplete *struct {
		Reason string `json:"reason"`
	} `json:"incomplete_details"`
	Error  json.RawMessage `json:"error"`
	Output []struct {
		Type    string `json:"type"`
		Content []struct {
			Type     string    `json:"type"`
			Text     string    `json:"text"`
			Refusal  string    `json:"refusal"`
			Logprobs []Logprob `json:"logprobs"`
		} `json:"content"`
	} `json:"output"`
	Usage *struct {
		In      *int64 `json:"input_tokens"`
		Out     *int64 `json:"output_tokens"`
		Details struct {
			Cached *int64 `json:"cached_tokens"`
		} `json:"input_tokens_details"`
		OutDetails struct {
			Reasoning *int64 `json:"reasoning_tokens"`
		} `json:"output_tokens_details"`
	} `json:"usage"`
}

func readResponse(raw []byte) (Answer, *Error) {
	var in response
	if bad := unmarshal(raw, &in); bad != nil {
		return Answer{}, bad
	}
	if len(in.Error) > 0 && string(in.Error) != "null" {
		return Answer{}, inBand(raw)
	}
	a := Answer{ID: in.ID, Model: in.Model, Finish: in.Status}
	switch in.Status {
	case "completed":
	case "incomplete": // an answer cut by its own limits is an answer, as with chat
		if in.Incomplete != nil {
			a.Finish = in.Incomplete.Reason
		}
	default:
		return Answer{}, malformed("the response has the status %q: %s", in.Status, clip(string(raw)))
	}
	for _, o := range in.Output {
		for _, c := range o.Content {
			switch c.Type {
			case "output_text":
				a.Output += c.Text
				a.Logprobs = append(a.Logprobs, c.Logprobs...)
			case "refusal":
				a.Output += c.Refusal
				a.Refusal = true
			}
		}
	}
	if u := in.Usage; u != nil {
		a.Usage = Usage{In: u.In, Out: u.Out, Cached: u.Details.Cached, Reasoning: u.OutDetails.Reasoning}
	}
	return a, nil
}

func (p *openAI) responsesReader() reader {
	if !p.c.Stream {
		return whole(readResponse)
	}
	var final []byte
	return events(func(_ string, data []byte, first func()) (bool, *Error) {
		var in struct {
			Type     string          `json:"type"`
			Response json.RawMessage `json:"response"`
		}
		if string(data) == "[DONE]" {
			return final != nil, nil
		}
		if bad := unmarshal(data, &in); bad != nil {
			return false, bad
		}
		switch in.Type {
		case "response.output_text.delta", "response.refusal.delta":
			first()
		case "response.completed", "response.incomplete", "response.failed":
			final = in.Response
			return true, nil
		case "error":
			return false, inBand(data)
		}
		return false, nil
	}, func() (Answer, *Error) {
		if final == nil {
			return Answer{}, malformed("the stream is cut short: it has no completed response")
		}
		return readResponse(final)
	})
}
