package provider

import "encoding/json"

func (p *openAI) moderationBody(r Request) ([]byte, error) {
	return body(p.model(map[string]any{"input": r.prompt()}), p.c.Params)
}

// readModeration gives the scores of all categories, as JSON.
func readModeration(raw []byte) (Answer, *Error) {
	var in struct {
		ID      string `json:"id"`
		Model   string `json:"model"`
		Results []struct {
			Scores json.RawMessage `json:"category_scores"`
		} `json:"results"`
		Usage *chatUsage `json:"usage"`
		Error any        `json:"error"`
	}
	if bad := unmarshal(raw, &in); bad != nil {
		return Answer{}, bad
	}
	if in.Error != nil {
		return Answer{}, inBand(raw)
	}
	if len(in.Results) != 1 || len(in.Results[0].Scores) == 0 {
		return Answer{}, malformed("category_scores of one text are expected: %s", clip(string(raw)))
	}
	return Answer{ID: in.ID, Model: in.Model, Usage: in.Usage.usage(), Output: string(in.Results[0].Scores)}, nil
}
