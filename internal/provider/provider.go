// Package provider asks one model one question over plain HTTP, a command or a file, and
// keeps what was sent and what came back. It refuses to retry, to guess a price, and to
// take an answer that is cut short, garbled or not UTF-8.
package provider

import (
	"context"
	"fmt"
	"time"
)

// Provider is one model behind one endpoint.
type Provider interface {
	// Call asks once. Its error is an *Error unless the request itself cannot be made.
	Call(ctx context.Context, r Request) (Answer, error)
	// Encode gives the bytes that identify the request: all that could change the answer
	// (address, model, body), nothing secret and nothing of the attempt. Equal requests
	// have equal bytes.
	Encode(r Request) ([]byte, error)
}

// Message is one turn of a conversation.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Request is one question. Model, parameters and address belong to the provider.
type Request struct {
	ID       string         // of the case
	Sample   int            // repeat, from 0
	Messages []Message      // generation
	Input    []string       // embeddings: the texts
	Vars     map[string]any // columns of the case, for an application's own body
	Seed     *int64         // sent where the provider has one
	Key      string         // idempotency key: the same for every attempt at one answer
}

// prompt is the text of the last turn: what a provider without conversations is given.
func (r Request) prompt() string {
	if n := len(r.Messages); n > 0 {
		return r.Messages[n-1].Content
	}
	return ""
}

// Answer is a complete answer. What the provider did not say is absent, never zero.
type Answer struct {
	Output      string              `json:"output"`
	Refusal     bool                `json:"refusal,omitempty"` // the provider marked the output as its refusal
	Contexts    []string            `json:"contexts,omitempty"`
	Embeddings  [][]float64         `json:"embeddings,omitempty"` // in the order of Input
	Logprobs    []Logprob           `json:"logprobs,omitempty"`
	Model       string              `json:"model,omitempty"` // as the provider names what answered
	Fingerprint string              `json:"system_fingerprint,omitempty"`
	ID          string              `json:"id,omitempty"` // the provider's, of the answer
	Finish      string              `json:"finish,omitempty"`
	Usage       Usage               `json:"usage"`
	CostUSD     *float64            `json:"cost_usd,omitempty"`       // as the answer itself says it
	Scores      map[string]*float64 `json:"scores,omitempty"`         // that stand beside a recorded answer; nil: none was given
	FirstToken  time.Duration       `json:"first_token_ns,omitempty"` // streaming only; 0 is not measured
	Latency     time.Duration       `json:"latency_ns,omitempty"`     // of the attempt that answered; 0 is not measured
	Rate        Rate                `json:"-"`
	Request     []byte              `json:"-"` // method, address and body, without keys
	Response    []byte              `json:"-"` // the body as it came, keys blotted out
}

// Logprob is a token of the output with its log-probability and the likeliest others.
type Logprob struct {
	Token string    `json:"token"`
	Value float64   `json:"logprob"`
	Top   []Logprob `json:"top_logprobs,omitempty"`
}

// Usage counts tokens; nil where the provider did not say.
type Usage struct {
	In        *int64 `json:"in,omitempty"`
	Out       *int64 `json:"out,omitempty"`
	Cached    *int64 `json:"cached_in,omitempty"` // part of In read from the provider's cache
	Reasoning *int64 `json:"reasoning,omitempty"` // part of Out
}

// Rate is what the provider's headers claim about its limits.
type Rate struct {
	Known     bool
	Remaining int64         // requests left
	Reset     time.Duration // until they are full again
}

// Config says which provider; fields that a provider does not know are refused by New.
type Config struct {
	Provider   string            // openai, azure, anthropic, ollama, http, command, recorded
	API        string            // openai and azure: chat (default), responses, embeddings
	BaseURL    string            //
	Model      string            // azure: the deployment
	Key        string            // env:NAME or file:PATH, never the key
	Params     map[string]any    // sent as they are
	Headers    map[string]string // sent as they are; env:NAME and file:PATH are looked up
	Stream     bool              // measures the time to the first token
	APIVersion string            // azure, anthropic
	Body       any               // http: template, strings hold {{prompt}}, {{messages}}, {{id}}, {{sample}}, {{seed}}, {{vars.NAME}}
	Answer     string            // http: JSON path of the answer
	Contexts   string            // http: JSON path of the retrieved contexts
	Command    []string          // command: program and arguments
	Dir        string            // command: its working folder; empty: that of the process
	Format     string            // command: text (default) or json, for both directions
	Source     string            // recorded: JSON lines of {id, sample, output}
	MaxBytes   int64             // of one response; 0 is 16 MiB
	Getenv     func(string) string
}

// New makes the provider that c names.
func New(c Config) (Provider, error) {
	if c.MaxBytes == 0 {
		c.MaxBytes = 16 << 20
	}
	switch c.Provider {
	case "openai", "azure":
		return newOpenAI(c)
	case "anthropic":
		return newAnthropic(c)
	case "ollama":
		return newOllama(c)
	case "http":
		return newApp(c)
	case "command":
		return newCommand(c)
	case "recorded":
		return newRecorded(c)
	}
	return nil, fmt.Errorf("provider: %q is none of openai, azure, anthropic, ollama, http, command, recorded", c.Provider)
}
