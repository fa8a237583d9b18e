// Package answers stands between cases and what models wrote about them: it makes the
// questions of cases, has them collected, reads the answers back beside their cases, and
// lets built-in scorers grade them. It refuses to show a model the right answer, and to
// take a case without an answer for one with an empty answer.
package answers

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/score"
)

// Case is one case of the data: all that scorers know of it before a model answers.
type Case struct {
	Row  int64 // from 1, in reading order
	ID   string
	Vars map[string]any
	score.Case
}

// Reader makes cases of rows.
type Reader struct {
	columns plan.Columns
	checks  *score.ChecksReader
}

// NewReader reads rows whose columns have these roles.
func NewReader(c plan.Columns) *Reader { return &Reader{c, score.NewChecksReader()} }

// Read makes a case of a row. An id or a column that cannot be used is a *engine.DataError.
func (r *Reader) Read(x engine.Case) (*Case, error) {
	c := r.columns
	out := &Case{Row: x.Row, ID: x.ID}
	bad := func(format string, args ...any) error {
		where := fmt.Sprintf("row %d", x.Row)
		if x.ID != "" {
			where += " (id " + x.ID + ")"
		}
		return &engine.DataError{Where: where, Msg: fmt.Sprintf(format, args...)}
	}
	if x.ID == "" {
		return nil, bad("the case has no %s: answers are kept by it", c.ID)
	}
	if err := json.Unmarshal([]byte(x.Fields), &out.Vars); err != nil {
		return nil, bad("cannot be read: %v", err)
	}
	out.Case.Vars = out.Vars
	var why string
	if out.Question, why = text(out.Vars[c.Question]); why != "" && c.Question != "" {
		return nil, bad("%s: %s", c.Question, why)
	}
	if c.Reference != "" {
		if out.References, why = texts(out.Vars[c.Reference]); why != "" {
			return nil, bad("%s: %s", c.Reference, why)
		}
	}
	if c.Contexts != "" {
		if out.Contexts, why = contexts(out.Vars[c.Contexts]); why != "" {
			return nil, bad("%s: %s", c.Contexts, why)
		}
	}
	if c.Relevant != "" {
		if out.Relevant, why = relevant(out.Vars[c.Relevant]); why != "" {
			return nil, bad("%s: %s", c.Relevant, why)
		}
	}
	if c.Checks != "" && out.Vars[c.Checks] != nil {
		var err error
		if out.Checks, err = r.checks.Read(out.Vars[c.Checks]); err != nil {
			return nil, bad("%s: %v", c.Checks, err)
		}
	}
	return out, nil
}

// open reads lists and objects that stand as JSON in a text, as in a CSV file.
func open(v any) any {
	s, ok := v.(string)
	if t := strings.TrimSpace(s); ok && (strings.HasPrefix(t, "[") || strings.HasPrefix(t, "{")) {
		var x any
		if json.Unmarshal([]byte(t), &x) == nil {
			return x
		}
	}
	return v
}

func text(v any) (s, why string) {
	switch x := v.(type) {
	case nil:
		return "", ""
	case string:
		return x, ""
	case []any, map[string]any:
		return "", "a text is expected, this is a list or an object"
	default:
		b, err := json.Marshal(x)
		if err != nil {
			return "", err.Error()
		}
		return string(b), ""
	}
}

// texts are one text or a list of them; none where there is nothing.
func texts(v any) (out []string, why string) {
	list, ok := open(v).([]any)
	if !ok {
		if v == nil {
			return nil, ""
		}
		list = []any{v}
	}
	for _, x := range list {
		s, why := text(x)
		if why != "" {
			return nil, "a text or a list of texts is expected: " + why
		}
		out = append(out, s)
	}
	return out, ""
}

// contexts are a list of texts or of {id, text}, best first; a text by itself is one.
func contexts(v any) (out []score.Context, why string) {
	v = open(v)
	list, ok := v.([]any)
	switch {
	case v == nil:
		return nil, ""
	case !ok:
		list = []any{v}
	}
	for _, x := range list {
		switch x := x.(type) {
		case string:
			out = append(out, score.Context{Text: x})
		case map[string]any:
			id, whyID := text(x["id"])
			body, whyText := text(x["text"])
			if whyID+whyText != "" || id+body == "" {
				return nil, "a passage is a text or {id, text}"
			}
			out = append(out, score.Context{ID: id, Text: body})
		default:
			return nil, "a list of texts or of {id, text} is expected"
		}
	}
	return out, ""
}

// relevant are ids, each worth 1, or {id: gain}.
func relevant(v any) (out map[string]float64, why string) {
	out = map[string]float64{}
	switch x := open(v).(type) {
	case nil:
		return nil, ""
	case map[string]any:
		for id, g := range x {
			gain, ok := g.(float64)
			if !ok || !(gain >= 0) {
				return nil, "the gain of " + id + " is no number from 0"
			}
			if gain > 0 {
				out[id] = gain
			}
		}
	default:
		ids, why := texts(v)
		if why != "" {
			return nil, "a list of ids or {id: gain} is expected"
		}
		for _, id := range ids {
			out[id] = 1
		}
	}
	return out, ""
}
