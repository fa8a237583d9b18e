package answers

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
)

func roles() plan.Columns {
	return plan.Columns{ID: "id", Question: "q", Reference: "ref", Contexts: "ctx", Relevant: "rel", Checks: "checks"}
}

// Columns with a role are read in all the ways that they may be written: as JSON, or as JSON
// in a text, as CSV has it.
func TestReadCase(t *testing.T) {
	for fields, want := range map[string]string{
		`{"q": "Why?", "ref": "a"}`:                                `Why? [a] [] map[]`,
		`{"q": 12, "ref": ["a", "b"]}`:                             `12 [a b] [] map[]`,
		`{"ref": "[\"a\", \"b\"]"}`:                                ` [a b] [] map[]`,
		`{"ref": "[not JSON"}`:                                     ` [[not JSON] [] map[]`,
		`{"ref": null, "ctx": null}`:                               ` [] [] map[]`,
		`{"ref": [1, true]}`:                                       ` [1 true] [] map[]`,
		`{"ctx": ["one", {"id": "d", "text": "two"}]}`:             ` [] [{ one} {d two}] map[]`,
		`{"ctx": "one"}`:                                           ` [] [{ one}] map[]`,
		`{"ctx": "[{\"id\": 7}]"}`:                                 ` [] [{7 }] map[]`,
		`{"rel": ["d1", "d2"]}`:                                    ` [] [] map[d1:1 d2:1]`,
		`{"rel": {"d1": 2, "d2": 0}}`:                              ` [] [] map[d1:2]`,
		`{"rel": "{\"d1\": 0.5}"}`:                                 ` [] [] map[d1:0.5]`,
		`{"rel": "d1"}`:                                            ` [] [] map[d1:1]`,
		`{"q": "Why?", "checks": ["contains: x", "is-json"]}`:      `Why? [] [] map[] checks`,
		`{"q": "Why?", "checks": null, "other": {"deep": [1, 2]}}`: `Why? [] [] map[]`,
	} {
		c, err := NewReader(roles()).Read(engine.Case{Row: 1, ID: "a", Fields: fields})
		if err != nil {
			t.Errorf("%s: %v", fields, err)
			continue
		}
		got := fmt.Sprint(c.Question, " ", c.References, " ", c.Contexts, " ", c.Relevant)
		if c.Checks != nil {
			got += " checks"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", fields, got, want)
		}
	}
}

// What cannot be read is told with its row, its id, its column and what is expected.
func TestReadCaseErrors(t *testing.T) {
	for fields, want := range map[string]string{
		`{"q": ["a"]}`:                       "q: a text is expected, this is a list or an object",
		`{"ref": [["a"]]}`:                   "ref: a text or a list of texts is expected",
		`{"ref": [{"a": 1}]}`:                "ref: a text or a list of texts is expected",
		`{"ctx": [1]}`:                       "ctx: a list of texts or of {id, text} is expected",
		`{"ctx": [{"name": "x"}]}`:           "ctx: a passage is a text or {id, text}",
		`{"ctx": [{"id": "d", "text": []}]}`: "ctx: a passage is a text or {id, text}",
		`{"rel": {"d1": -1}}`:                "rel: the gain of d1 is no number from 0",
		`{"rel": {"d1": "much"}}`:            "rel: the gain of d1 is no number from 0",
		`{"rel": [["d1"]]}`:                  "rel: a list of ids or {id: gain} is expected",
		`{"checks": ["containz: x"]}`:        "checks: check 1",
		`{"q": `:                             "cannot be read",
	} {
		_, err := NewReader(roles()).Read(engine.Case{Row: 3, ID: "a", Fields: fields})
		var de *engine.DataError
		if !errors.As(err, &de) || de.Where != "row 3 (id a)" || !strings.Contains(de.Msg, want) {
			t.Errorf("%s: %v, want %s", fields, err, want)
		}
	}
	_, err := NewReader(roles()).Read(engine.Case{Row: 3, Fields: "{}"})
	if err == nil || !strings.Contains(err.Error(), "row 3") || !strings.Contains(err.Error(), "the case has no id: answers are kept by it") {
		t.Error(err)
	}
}

// A model is asked without what only scorers may see.
func TestQuestionHides(t *testing.T) {
	p := &plan.Plan{Data: plan.Data{Columns: roles()}, Scorers: []plan.Scorer{{As: "over", Spec: map[string]any{"type": "over_refusal"}}}}
	a, err := NewAsker(p, &plan.Answers{Provider: "command", Command: []string{"true"}, Format: "json",
		Prompt: &plan.Prompt{Messages: []plan.Message{{Role: "user", Content: "{{question}} {{note}}"}}}}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	c, err := NewReader(roles()).Read(engine.Case{Row: 1, ID: "a", Fields: `{"q": "Why?", "ref": "a", "rel": "d", "ctx": "c", "checks": ["is-json"], "answerable": true, "note": "n"}`})
	if err != nil {
		t.Fatal(err)
	}
	q, err := a.Question(c)
	if err != nil || q.Messages[0].Content != "Why? n" || fmt.Sprint(q.Vars) != "map[ctx:c note:n q:Why?]" {
		t.Errorf("%+v %v", q, err)
	}
	if len(c.Vars) != 7 {
		t.Errorf("the case itself has lost columns: %v", c.Vars)
	}
}
