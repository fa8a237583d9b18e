package answers

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/provider"
	"github.com/fairtrial/fairtrial/internal/score"
)

// TextAsker asks an embedding model or a classifier about single texts, about each once
// however many cases and models have it.
type TextAsker struct {
	Provider provider.Provider
	similar  bool
	right    right // of similar: what answers are compared with
	asked    map[[sha256.Size]byte]bool
}

// NewTextAsker opens a model's provider and makes a whole request: what cannot be asked is
// told before anything is.
func NewTextAsker(p *plan.Plan, s plan.Scorer, key string, getenv func(string) string) (*TextAsker, error) {
	a := p.Asked(s, key)
	if a == nil {
		return nil, fmt.Errorf("the plan has no %s", key)
	}
	out := &TextAsker{similar: s.Similar != nil, asked: map[[sha256.Size]byte]bool{}}
	var err error
	if out.similar {
		if out.right, err = newRight(s.Similar); err != nil {
			return nil, err
		}
	}
	if out.Provider, err = provider.New(config(p, a, getenv)); err != nil {
		return nil, err
	}
	q := out.question("?")
	if _, err := out.Provider.Encode(provider.Request{ID: q.ID, Messages: q.Messages, Input: q.Input, Vars: q.Vars}); err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

// question is about a text alone: nothing else may change what is said of it.
func (a *TextAsker) question(text string) collect.Case {
	if a.similar {
		return collect.Case{ID: textID(text), Input: []string{text}}
	}
	return collect.Case{ID: textID(text), Messages: []provider.Message{{Role: "user", Content: text}}}
}

// Close lets go of what the provider holds.
func (a *TextAsker) Close() {
	if c, ok := a.Provider.(interface{ Close() error }); ok {
		_ = c.Close()
	}
}

// Questions are the texts of a case that were not asked about before: those of answers that
// have something to be compared with, and what they are compared with.
func (a *TextAsker) Questions(c *Case, given []Answer) []collect.Case {
	var out []collect.Case
	add := func(text string) {
		if sum := sha256.Sum256([]byte(text)); !a.asked[sum] {
			a.asked[sum] = true
			out = append(out, a.question(text))
		}
	}
	var texts []string
	if a.similar {
		var why string
		if texts, why = a.right.of(&c.Case); why != "" {
			return nil
		}
	}
	for _, g := range given {
		for k := range g.Samples {
			if g.Samples[k].NoOutput != "" {
				continue
			}
			add(g.Samples[k].Output)
			for _, t := range texts {
				add(t)
			}
		}
	}
	return out
}

// textID names what is said of a text.
func textID(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// right gives what the answers to a case are compared with.
type right struct{ values []score.Template }

func newRight(s *plan.SimilarScorer) (right, error) {
	var r right
	for _, text := range s.Value {
		t, err := score.ParseTemplate(text)
		if err != nil {
			return r, fmt.Errorf("value: %w", err)
		}
		r.values = append(r.values, t)
	}
	return r, nil
}

// of says why there is nothing to compare with: "" where there is.
func (r right) of(c *score.Case) (texts []string, why string) {
	if r.values == nil {
		if len(c.References) == 0 {
			return nil, "the case has no reference"
		}
		return c.References, ""
	}
	for _, t := range r.values {
		text, err := t.Fill(c)
		if err != nil {
			return nil, "value: " + err.Error()
		}
		texts = append(texts, text)
	}
	return texts, ""
}
