package inspect

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/jsonstream"
)

// Sample is one answer to one case: an epoch of a sample, in Inspect's words.
type Sample struct {
	ID       string
	Epoch    int // from 1
	Input    string
	Targets  []string
	Choices  []string
	Metadata map[string]any
	Output   *string // nil: it ended in an error
	Error    string
	Limit    string // the limit that ended it, if one did
	Scores   map[string]*float64
	Strange  map[string]string // scores that are no numbers, as they are
	Seconds  *float64          // working time
	In, Out  *int64            // tokens of the log's model
}

type usage struct {
	In  *int64 `json:"input_tokens"`
	Out *int64 `json:"output_tokens"`
}

// readSample reads a sample and passes over what is not wanted (events, messages, store)
// without holding it.
func readSample(d *json.Decoder, model string) (*Sample, error) {
	if t, err := d.Token(); err != nil {
		return nil, broken(err)
	} else if t != json.Delim('{') {
		return nil, errors.New("a sample is an object")
	}
	s := &Sample{Epoch: 1, Scores: map[string]*float64{}, Strange: map[string]string{}}
	var raw struct {
		ID, Input, Target json.RawMessage
		Output            struct {
			Completion *string           `json:"completion"`
			Choices    []json.RawMessage `json:"choices"`
			Usage      *usage            `json:"usage"`
			Error      *string           `json:"error"`
		}
		Scores map[string]struct {
			Value any `json:"value"`
		}
		Usage map[string]usage
		Error *struct {
			Message string `json:"message"`
		}
		Limit *struct {
			Type  string   `json:"type"`
			Limit *float64 `json:"limit"`
		}
	}
	attached := map[string]string{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, broken(err)
		}
		to := map[any]any{"id": &raw.ID, "epoch": &s.Epoch, "input": &raw.Input, "target": &raw.Target, "choices": &s.Choices, "metadata": &s.Metadata, "output": &raw.Output,
			"scores": &raw.Scores, "model_usage": &raw.Usage, "error": &raw.Error, "limit": &raw.Limit, "working_time": &s.Seconds}[key]
		switch {
		case key == "attachments":
			err = attachments(d, string(raw.Input)+string(raw.Target)+text(raw.Output.Completion), attached)
		case to != nil:
			err = d.Decode(to)
		default:
			err = jsonstream.Skip(d)
		}
		if err != nil {
			return nil, broken(fmt.Errorf("%v: %w", key, err))
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, broken(err)
	}
	var err error
	if s.ID, err = idOf(raw.ID); err != nil {
		return nil, err
	}
	if s.Epoch < 1 || s.Epoch > 1000 {
		return nil, fmt.Errorf("sample %s: epoch %d: 1 to 1000 is expected", s.ID, s.Epoch)
	}
	if s.Input, err = inputOf(raw.Input); err != nil {
		return nil, fmt.Errorf("sample %s: input: %w", s.ID, err)
	}
	if s.Targets, err = targetsOf(raw.Target); err != nil {
		return nil, fmt.Errorf("sample %s: target: %w", s.ID, err)
	}
	s.Input = resolve(s.Input, attached)
	for i, t := range s.Targets {
		s.Targets[i] = resolve(t, attached)
	}
	if raw.Limit != nil {
		s.Limit = raw.Limit.Type
	}
	switch {
	case raw.Error != nil:
		s.Error = raw.Error.Message
	case len(raw.Output.Choices) == 0 && text(raw.Output.Completion) == "" && s.Limit != "" && len(raw.Scores) == 0:
		s.Error = "the " + s.Limit + " limit was reached"
	case raw.Output.Error != nil && text(raw.Output.Completion) == "" && len(raw.Scores) == 0:
		s.Error = *raw.Output.Error
	default:
		out := resolve(text(raw.Output.Completion), attached)
		s.Output = &out
		for name, x := range raw.Scores {
			s.score(name, x.Value)
		}
	}
	s.tokens(raw.Usage, raw.Output.Usage, model)
	if s.Seconds != nil && !(*s.Seconds >= 0) {
		s.Seconds = nil
	}
	return s, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// tokens are those of the log's own model: graders have theirs.
func (s *Sample) tokens(by map[string]usage, last *usage, model string) {
	if u, ok := by[model]; ok {
		s.In, s.Out = u.In, u.Out
	} else if last != nil {
		s.In, s.Out = last.In, last.Out
	}
}

// score reads a value as Inspect's value_to_float does, but for what is no number there
// either: that is no score, where Inspect takes 0.
func (s *Sample) score(name string, v any) {
	one := func(name string, v any) {
		x, ok := valueOf(v)
		if !ok {
			s.Scores[name] = nil
			if v != nil {
				b, _ := json.Marshal(v)
				s.Strange[name] = string(b)
			}
			return
		}
		s.Scores[name] = &x
	}
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			one(name+"."+k, e)
		}
	case []any:
		for i, e := range x {
			one(name+"."+strconv.Itoa(i), e)
		}
	default:
		one(name, v)
	}
}

// valueOf: C and I (correct, incorrect), P (half), N (no answer: 0), numbers, yes and no.
func valueOf(v any) (float64, bool) {
	switch x := v.(type) {
	case float64:
		return x, !math.IsNaN(x) && !math.IsInf(x, 0)
	case bool:
		if x {
			return 1, true
		}
		return 0, true
	case string:
		switch x {
		case "C":
			return 1, true
		case "P":
			return 0.5, true
		case "I", "N":
			return 0, true
		}
		switch strings.ToLower(x) {
		case "yes", "true":
			return 1, true
		case "no", "false":
			return 0, true
		}
		f, err := strconv.ParseFloat(x, 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return 0, false
}

func idOf(raw json.RawMessage) (string, error) {
	var s string
	if json.Unmarshal(raw, &s) == nil && s != "" {
		return s, nil
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil && n != "" {
		return n.String(), nil
	}
	return "", errors.New("the sample has no id")
}

// inputOf is a text, or messages: one alone is its text, several stand with their roles.
func inputOf(raw json.RawMessage) (string, error) {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) == nil {
		return s, nil
	}
	var messages []struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(raw, &messages); err != nil {
		return "", errors.New("a text or a list of messages is expected")
	}
	var out []string
	for _, m := range messages {
		c := contentOf(m.Content)
		if len(messages) > 1 {
			c = m.Role + ": " + c
		}
		out = append(out, c)
	}
	return strings.Join(out, "\n\n"), nil
}

// contentOf is a text, or the texts of its parts; others are named in brackets.
func contentOf(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if json.Unmarshal(raw, &parts) != nil {
		return string(raw)
	}
	var out []string
	for _, p := range parts {
		if p.Type == "text" {
			out = append(out, p.Text)
		} else {
			out = append(out, "["+p.Type+"]")
		}
	}
	return strings.Join(out, "\n")
}

func targetsOf(raw json.RawMessage) ([]string, error) {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) == nil {
		if s == "" {
			return nil, nil
		}
		return []string{s}, nil
	}
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, errors.New("a text or a list of texts is expected")
	}
	return list, nil
}

var attachment = regexp.MustCompile(`attachment://[0-9A-Za-z]+`)

// attachments keeps those that are wanted: texts that Inspect stores aside.
func attachments(d *json.Decoder, wanted string, out map[string]string) error {
	t, err := d.Token()
	if err != nil || t == nil {
		return err
	}
	if t != json.Delim('{') {
		return errors.New("an object is expected")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if name, ok := key.(string); ok && strings.Contains(wanted, "attachment://"+name) {
			var s string
			if err := d.Decode(&s); err != nil {
				return err
			}
			out["attachment://"+name] = s
			continue
		}
		if err := jsonstream.Skip(d); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

func resolve(s string, attached map[string]string) string {
	if len(attached) == 0 || !strings.Contains(s, "attachment://") {
		return s
	}
	return attachment.ReplaceAllStringFunc(s, func(ref string) string {
		if t, ok := attached[ref]; ok {
			return t
		}
		return ref
	})
}
