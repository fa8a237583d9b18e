package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// command is a program that gets a question on its standard input and answers on its
// standard output: as text, or as one JSON object each.
type command struct {
	c Config
}

// tempFail is sysexits' EX_TEMPFAIL: the one exit status that asks for another try.
const tempFail = 75

func newCommand(c Config) (Provider, error) {
	if err := refuse(c.Provider, map[string]bool{"api": c.API != "", "model": c.Model != "", "base_url": c.BaseURL != "", "key": c.Key != "",
		"params": c.Params != nil, "headers": c.Headers != nil, "stream": c.Stream, "body": c.Body != nil, "answer": c.Answer != "",
		"contexts": c.Contexts != "", "source": c.Source != "", "api_version": c.APIVersion != ""}); err != nil {
		return nil, err
	}
	if len(c.Command) == 0 {
		return nil, fmt.Errorf("command: the program and its arguments, such as [./answer.sh]")
	}
	if c.Format == "" {
		c.Format = "text"
	}
	if c.Format != "text" && c.Format != "json" {
		return nil, fmt.Errorf("format: %q is neither text nor json", c.Format)
	}
	program := c.Command[0]
	if strings.ContainsRune(program, filepath.Separator) && !filepath.IsAbs(program) {
		program = filepath.Join(c.Dir, program)
	}
	if _, err := exec.LookPath(program); err != nil {
		return nil, fmt.Errorf("command: %w", err)
	}
	return &command{c: c}, nil
}

// input is what the program reads: the last message, or everything as JSON.
func (p *command) input(r Request) ([]byte, error) {
	if p.c.Format == "text" {
		return []byte(r.prompt()), nil
	}
	b, err := json.Marshal(struct {
		ID       string         `json:"id"`
		Sample   int            `json:"sample"`
		Seed     *int64         `json:"seed,omitempty"`
		Messages []Message      `json:"messages"`
		Vars     map[string]any `json:"vars,omitempty"`
	}{r.ID, r.Sample, r.Seed, r.Messages, r.Vars})
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return append(b, '\n'), nil
}

func (p *command) Encode(r Request) ([]byte, error) {
	in, err := p.input(r)
	if err != nil {
		return nil, err
	}
	line, err := json.Marshal(p.c.Command)
	if err != nil {
		return nil, err
	}
	return append(append(append([]byte("EXEC "), line...), '\n'), in...), nil
}

func (p *command) Call(ctx context.Context, r Request) (Answer, error) {
	in, err := p.input(r)
	if err != nil {
		return Answer{}, err
	}
	evidence, err := p.Encode(r)
	if err != nil {
		return Answer{}, err
	}
	out, diag := &capped{max: p.c.MaxBytes}, &capped{max: 64 << 10}
	cmd := exec.CommandContext(ctx, p.c.Command[0], p.c.Command[1:]...)
	cmd.Dir = p.c.Dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), out, diag
	cmd.WaitDelay = 2 * time.Second // a grandchild may hold the pipes open
	alone(cmd)
	start := time.Now()
	err = cmd.Run()
	took := time.Since(start)
	raw := out.b.Bytes()
	fail := func(x *Error) (Answer, error) {
		x.Request, x.Response, x.Sent = evidence, raw, true
		return Answer{}, x
	}
	var exit *exec.ExitError
	switch {
	case out.over:
		return fail(&Error{Kind: TooLarge, Message: fmt.Sprintf("the output is longer than %d bytes", p.c.MaxBytes)})
	case ctx.Err() != nil:
		return fail(transport(ctx, ctx.Err(), true))
	case errors.As(err, &exit) && exit.ExitCode() == tempFail:
		return fail(&Error{Kind: Server, Message: "exit status 75: " + clip(diag.b.String())})
	case err != nil && !errors.Is(err, io.ErrClosedPipe):
		return fail(&Error{Kind: Failed, Message: err.Error() + ": " + clip(diag.b.String())})
	case !utf8.Valid(raw):
		return fail(&Error{Kind: Encoding, Message: "the output is not UTF-8"})
	}
	a := Answer{Output: string(bytes.TrimSuffix(raw, []byte("\n")))}
	if p.c.Format == "json" {
		var said answered
		if bad := unmarshal(raw, &said); bad != nil {
			return fail(bad)
		}
		if a, err = said.answer(); err != nil {
			return fail(malformed("%v", err))
		}
	}
	a.Latency, a.Request, a.Response = took, evidence, raw
	return a, nil
}

// answered is an answer as a program or a file of recorded outputs gives it.
type answered struct {
	Output   *string             `json:"output"`
	Contexts []string            `json:"contexts"`
	Model    string              `json:"model"`
	Finish   string              `json:"finish"`
	Latency  *float64            `json:"latency_ms"`
	In       *int64              `json:"tokens_in"`
	Out      *int64              `json:"tokens_out"`
	Cost     *float64            `json:"cost_usd"`
	Logprobs tokens              `json:"logprobs"`
	Scores   map[string]*float64 `json:"scores"`
}

// tokens are the log-probabilities of an answer's tokens: numbers, or objects as OpenAI
// gives them.
type tokens []Logprob

func (t *tokens) UnmarshalJSON(b []byte) error {
	var numbers []float64
	if json.Unmarshal(b, &numbers) == nil {
		*t = nil
		for _, x := range numbers {
			*t = append(*t, Logprob{Value: x})
		}
		return nil
	}
	if err := json.Unmarshal(b, (*[]Logprob)(t)); err != nil {
		return errors.New("logprobs is a list of numbers or of {token, logprob}")
	}
	return nil
}

func (s answered) answer() (Answer, error) {
	if s.Output == nil {
		return Answer{}, errors.New(`there is no field "output"`)
	}
	a := Answer{Output: *s.Output, Contexts: s.Contexts, Model: s.Model, Finish: s.Finish, Usage: Usage{In: s.In, Out: s.Out}, CostUSD: s.Cost, Logprobs: s.Logprobs, Scores: s.Scores}
	if s.Cost != nil && !(*s.Cost >= 0) {
		return Answer{}, fmt.Errorf("cost_usd: %v is no cost", *s.Cost)
	}
	for i, p := range s.Logprobs {
		if !(p.Value <= 0) {
			return Answer{}, fmt.Errorf("logprobs: %v of token %d is no log-probability: it is at most 0", p.Value, i+1)
		}
	}
	if s.Latency != nil {
		if !(*s.Latency >= 0) {
			return Answer{}, fmt.Errorf("latency_ms: %v is no time", *s.Latency)
		}
		a.Latency = time.Duration(*s.Latency * float64(time.Millisecond))
	}
	return a, nil
}

// capped keeps the first max bytes and remembers that there were more.
type capped struct {
	b    bytes.Buffer
	max  int64
	over bool
}

func (c *capped) Write(p []byte) (int, error) {
	if room := c.max - int64(c.b.Len()); int64(len(p)) > room {
		c.over = true
		c.b.Write(p[:max(room, 0)])
	} else {
		c.b.Write(p)
	}
	return len(p), nil
}
