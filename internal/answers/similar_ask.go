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

// SimilarAsker asks an embedding model for the vectors of texts, each text once however
// many cases and models have it.
type SimilarAsker struct {
	Provider provider.Provider
	right    right
	asked    map[[sha256.Size]byte]bool
}

// NewSimilarAsker opens an embedding model's provider: the key is looked up, nothing is
// asked.
func NewSimilarAsker(p *plan.Plan, s plan.Scorer, key string, getenv func(string) string) (*SimilarAsker, error) {
	a := p.Asked(s, key)
	if a == nil {
		return nil, fmt.Errorf("the plan has no %s", key)
	}
	out := &SimilarAsker{asked: map[[sha256.Size]byte]bool{}}
	var err error
	if out.right, err = newRight(s.Similar); err != nil {
		return nil, err
	}
	out.Provider, err = provider.New(config(p, a, getenv))
	return out, err
}

// Close lets go of what the provider holds.
func (a *SimilarAsker) Close() {
	if c, ok := a.Provider.(interface{ Close() error }); ok {
		_ = c.Close()
	}
}

// Questions are the texts of a case that were not asked about before: those of answers that
// have something to be compared with, and what they are compared with.
func (a *SimilarAsker) Questions(c *Case, given []Answer) []collect.Case {
	var out []collect.Case
	add := func(text string) {
		if sum := sha256.Sum256([]byte(text)); !a.asked[sum] {
			a.asked[sum] = true
			out = append(out, collect.Case{ID: textID(text), Input: []string{text}})
		}
	}
	texts, why := a.right.of(&c.Case)
	if why != "" {
		return nil
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

// textID names the vector of a text.
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
