package answers

import (
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"strings"

	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/provider"
	"github.com/fairtrial/fairtrial/internal/score"
)

// Asker makes the questions of one model.
type Asker struct {
	Provider provider.Provider
	Source   string // of recorded answers: the file
	columns  plan.Columns
	messages []turn
}

type turn struct {
	role    string
	content score.Template
}

// NewAsker opens a model's provider: recorded answers are read and checked, keys are
// looked up, nothing is asked. dir is where relative paths start.
func NewAsker(p *plan.Plan, a *plan.Answers, getenv func(string) string) (*Asker, error) {
	c := config(p, a, getenv)
	out := &Asker{Source: c.Source, columns: p.Data.Columns}
	if a.Prompt != nil {
		for _, m := range a.Prompt.Messages {
			t, err := score.ParseTemplate(m.Content)
			if err != nil {
				return nil, fmt.Errorf("prompt: %w", err)
			}
			out.messages = append(out.messages, turn{m.Role, t})
		}
	}
	var err error
	out.Provider, err = provider.New(c)
	return out, err
}

// config is how a plan's provider is opened.
func config(p *plan.Plan, a *plan.Answers, getenv func(string) string) provider.Config {
	c := provider.Config{Provider: a.Provider, API: a.API, BaseURL: a.BaseURL, Model: a.Model, Key: a.Key, Params: a.Params, Headers: a.Headers, Stream: a.Stream,
		APIVersion: a.APIVersion, Body: a.Body, Answer: a.Answer, Contexts: a.Contexts, Command: a.Command, Format: a.Format, Getenv: getenv}
	if a.Source != "" {
		if c.Source = a.Source; !filepath.IsAbs(c.Source) {
			c.Source = filepath.Join(p.Dir, a.Source)
		}
	}
	if path, ok := strings.CutPrefix(a.Key, "file:"); ok && !filepath.IsAbs(path) {
		c.Key = "file:" + filepath.Join(p.Dir, path)
	}
	if a.Provider == "command" {
		c.Dir = p.Dir
	}
	return c
}

// Close lets go of what the provider holds.
func (a *Asker) Close() {
	if c, ok := a.Provider.(interface{ Close() error }); ok {
		_ = c.Close()
	}
}

// Question is what a model is asked about a case. The right answer and the relevant
// passages are not in it.
func (a *Asker) Question(c *Case) (collect.Case, error) {
	seen := maps.Clone(c.Vars)
	delete(seen, a.columns.Reference)
	delete(seen, a.columns.Relevant)
	delete(seen, a.columns.Checks)
	q := collect.Case{ID: c.ID, Vars: seen}
	asked := c.Case
	asked.Vars, asked.References, asked.Relevant, asked.Checks = seen, nil, nil, nil
	for _, m := range a.messages {
		content, err := m.content.Fill(&asked)
		if err != nil {
			return q, &engine.DataError{Where: fmt.Sprintf("row %d (id %s)", c.Row, c.ID), Msg: "prompt: " + err.Error(), Hint: "every case needs the columns that the prompt names"}
		}
		q.Messages = append(q.Messages, provider.Message{Role: m.role, Content: content})
	}
	return q, nil
}

// Check makes the whole request for a case, so that what cannot be asked is told before
// anything is.
func (a *Asker) Check(c *Case) error {
	q, err := a.Question(c)
	if err != nil {
		return err
	}
	if _, err := a.Provider.Encode(provider.Request{ID: q.ID, Messages: q.Messages, Vars: q.Vars}); err != nil {
		return &engine.DataError{Where: fmt.Sprintf("row %d (id %s)", c.Row, c.ID), Msg: err.Error()}
	}
	return nil
}

// Questions are those of all cases.
func (a *Asker) Questions(cases iter.Seq2[*Case, error]) iter.Seq2[collect.Case, error] {
	return func(yield func(collect.Case, error) bool) {
		for c, err := range cases {
			var q collect.Case
			if err == nil {
				q, err = a.Question(c)
			}
			if !yield(q, err) || err != nil {
				return
			}
		}
	}
}

// Options of a collection, as a plan bounds it.
func Options(p *plan.Plan, a *plan.Answers) collect.Options {
	l := p.Limits
	o := collect.Options{Samples: a.Samples, Seed: a.Seed, Limits: collect.Limits{Concurrency: l.Concurrency, RequestsPerMinute: l.RequestsPerMinute, Retries: l.Retries, Timeout: l.Timeout,
		Budget: collect.Budget(l.Budget), Total: collect.Budget(l.Total)}}
	if a.Price != nil {
		o.Price = collect.Price{In: a.Price.In, Out: a.Price.Out, CachedIn: a.Price.CachedIn}
	}
	for _, name := range []string{"max_tokens", "max_completion_tokens", "max_output_tokens"} {
		if x, ok := a.Params[name].(float64); ok {
			o.MaxTokens = int64(x)
		}
	}
	if a.Recorded() {
		o.Limits = collect.Limits{Retries: -1} // a file has no limits
	}
	return o
}
