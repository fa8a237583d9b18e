package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sort"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// endpoint is what the HTTP providers share: an address, its headers and its keys.
type endpoint struct {
	url         string
	headers     map[string]string // with keys: sent, never stored
	plain       []byte            // the headers that the user wrote, keys left out
	keys        secrets
	client      *http.Client
	max         int64
	idempotency string // name of the header, "" if the provider has none
}

// newEndpoint resolves the key and the headers. auth names the header of the key and what
// stands before it.
func newEndpoint(c Config, u *url.URL, auth, before string) (*endpoint, error) {
	e := &endpoint{url: u.String(), max: c.MaxBytes}
	var err error
	if e.headers, err = e.keys.headers(c.Headers, c.Getenv); err != nil {
		return nil, err
	}
	if c.Key != "" {
		key, err := e.keys.lookUp("key", c.Key, c.Getenv)
		if err != nil {
			return nil, err
		}
		e.headers[auth] = before + key
	}
	names := make([]string, 0, len(c.Headers))
	for k := range c.Headers {
		names = append(names, k)
	}
	sort.Strings(names)
	var plain bytes.Buffer
	for _, k := range names {
		fmt.Fprintf(&plain, "%s: %s\n", k, c.Headers[k]) // env:NAME stays env:NAME
	}
	e.plain = plain.Bytes()
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost, t.MaxConnsPerHost = 0, 4096, 0
	t.DisableCompression = false
	e.client = &http.Client{
		Transport: t,
		// A redirect would carry the question, and headers with keys, to another server.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return e, nil
}

// evidence is the request as it is stored.
func (e *endpoint) evidence(body []byte) []byte {
	b := make([]byte, 0, len(e.url)+len(e.plain)+len(body)+32)
	b = append(b, "POST "...)
	b = append(b, e.url...)
	b = append(b, '\n')
	b = append(b, e.plain...)
	b = append(b, '\n')
	return e.keys.blot(append(b, body...))
}

// reader turns a response's body into an answer; first is called when the first part of
// the output is there.
type reader func(body io.Reader, first func()) (Answer, []byte, *Error)

// post asks once.
func (e *endpoint) post(ctx context.Context, r Request, body []byte, read reader) (Answer, error) {
	start := time.Now()
	evidence := e.evidence(body)
	fail := func(x *Error) (Answer, error) {
		x.Request = evidence
		return Answer{}, e.keys.err(x)
	}
	var wrote atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(i httptrace.WroteRequestInfo) {
		if i.Err == nil {
			wrote.Store(true)
		}
	}})
	req, err := http.NewRequestWithContext(traced, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return fail(&Error{Kind: BadRequest, Message: err.Error()})
	}
	// With an idempotency key Go's transport would repeat a request by itself after a broken
	// connection: a call that no account knows. Without GetBody it does not.
	req.GetBody = nil
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "fairtrial")
	for k, v := range e.headers {
		req.Header.Set(k, v)
	}
	if r.Key != "" && e.idempotency != "" {
		req.Header.Set(e.idempotency, r.Key)
	}
	resp, err := e.client.Do(req)
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return fail(transport(ctx, err, wrote.Load()))
	}
	defer func() { _ = resp.Body.Close() }()
	limited := &limitedBody{r: resp.Body, left: e.max}
	if resp.StatusCode != http.StatusOK {
		raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		if err != nil && len(raw) == 0 {
			return fail(transport(ctx, err, true))
		}
		return fail(status(resp.StatusCode, resp.Header, raw))
	}
	var firstToken time.Duration
	a, raw, bad := read(limited, func() {
		if firstToken == 0 {
			firstToken = time.Since(start)
		}
	})
	raw = e.keys.blot(raw)
	if bad == nil && limited.err != nil {
		bad = broken(ctx, limited.err, e.max)
	} else if bad != nil && limited.err != nil && bad.Kind == Malformed {
		bad = broken(ctx, limited.err, e.max)
	}
	if bad == nil && !utf8.Valid(raw) {
		bad = &Error{Kind: Encoding, Message: fmt.Sprintf("the response is not UTF-8 (its content type is %q)", resp.Header.Get("Content-Type")), Sent: true}
	}
	if bad != nil {
		bad.Response, bad.Rate, bad.Sent = raw, rate(resp.Header, time.Now()), bad.Sent || bad.Kind.Retry()
		return fail(bad)
	}
	a.Latency, a.FirstToken = time.Since(start), firstToken
	a.Request, a.Response, a.Rate = evidence, raw, rate(resp.Header, time.Now())
	for _, said := range append([]*string{&a.Output, &a.Model, &a.ID, &a.Fingerprint, &a.Finish}, pointers(a.Contexts)...) {
		*said = string(e.keys.blot([]byte(*said)))
	}
	return a, nil
}

func pointers(list []string) []*string {
	out := make([]*string, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

// Close lets go of idle connections.
func (e *endpoint) Close() error {
	e.client.CloseIdleConnections()
	return nil
}

// limitedBody remembers why a body ended early.
type limitedBody struct {
	r    io.Reader
	left int64
	err  error
}

type tooLong struct{}

func (tooLong) Error() string { return "too long" }

func (l *limitedBody) Read(p []byte) (int, error) {
	if l.left <= 0 {
		// One byte more tells a body of exactly the limit from a longer one.
		var one [1]byte
		n, err := l.r.Read(one[:])
		if n > 0 {
			l.err = tooLong{}
			return 0, l.err
		}
		return 0, err
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}

func broken(ctx context.Context, err error, limit int64) *Error {
	if errors.Is(err, tooLong{}) {
		return &Error{Kind: TooLarge, Message: fmt.Sprintf("the response is longer than %d bytes", limit), Sent: true}
	}
	x := transport(ctx, err, true)
	if x.Kind == Connection {
		x.Message = "the response is cut short: " + x.Message
	}
	return x
}

// whole reads a body that is one JSON document.
func whole(parse func([]byte) (Answer, *Error)) reader {
	return func(body io.Reader, _ func()) (Answer, []byte, *Error) {
		raw, err := io.ReadAll(body)
		if err != nil {
			return Answer{}, raw, &Error{Kind: Malformed, Message: err.Error()}
		}
		if !utf8.Valid(raw) {
			return Answer{}, raw, nil // post says so
		}
		a, bad := parse(bytes.TrimPrefix(raw, []byte("\ufeff")))
		return a, raw, bad
	}
}

// unmarshal reads a response as JSON, and says what is wrong with it.
func unmarshal(raw []byte, into any) *Error {
	if len(bytes.TrimSpace(raw)) == 0 {
		return malformed("the response is empty")
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return malformed("the response is not the JSON expected (%v): %s", err, clip(string(raw)))
	}
	return nil
}

func malformed(format string, args ...any) *Error {
	return &Error{Kind: Malformed, Message: fmt.Sprintf(format, args...), Sent: true}
}

// join adds a path to a base address whatever slashes they have; a query stays.
func join(u *url.URL, path string) *url.URL {
	v := *u
	v.Path = strings.TrimSuffix(v.Path, "/") + path
	return &v
}

// doubled refuses a base address that ends in a path which the provider adds itself: the
// documents of many services show whole addresses, and the doubled one is not found there.
func doubled(u *url.URL, paths ...string) error {
	for _, path := range paths {
		if p := strings.TrimSuffix(u.Path, "/"); strings.HasSuffix(p, path) {
			v := *u
			v.Path = strings.TrimSuffix(p, path)
			return fmt.Errorf("base_url: %s is added to it by the provider: write %s", path, v.String())
		}
	}
	return nil
}

// body merges fixed fields and the user's parameters; a parameter that would replace a
// fixed field is refused.
func body(fixed, params map[string]any) ([]byte, error) {
	out := make(map[string]any, len(fixed)+len(params))
	for k, v := range params {
		out[k] = v
	}
	for k, v := range fixed {
		if _, double := params[k]; double {
			return nil, fmt.Errorf("params.%s: %s is set by the plan's own fields, not by params", k, k)
		}
		out[k] = v
	}
	b, err := json.Marshal(out) // keys sorted: equal requests, equal bytes
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return b, nil
}

func refuse(provider string, fields map[string]bool) error {
	names := make([]string, 0, len(fields))
	for f, set := range fields {
		if set {
			names = append(names, f)
		}
	}
	if len(names) == 0 {
		return nil
	}
	sort.Strings(names)
	return fmt.Errorf("%s: the provider %q has no such field", strings.Join(names, ", "), provider)
}
