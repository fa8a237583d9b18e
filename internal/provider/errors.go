package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Kind says what went wrong, and so whether asking again can help.
type Kind string

const (
	// RateLimited: asked too fast. Again later, and slower.
	RateLimited Kind = "rate_limited"
	// Server: the provider failed (5xx, overloaded).
	Server Kind = "server"
	// Timeout: no complete answer in time. What the provider did, and bills, is unknown.
	Timeout Kind = "timeout"
	// Connection: no connection, or one that broke.
	Connection Kind = "connection"
	// Malformed: an answer that is no answer (cut short, not JSON, nothing in it).
	Malformed Kind = "malformed"

	// BadRequest: the provider will not take this request.
	BadRequest Kind = "bad_request"
	// Filtered: a content filter refused the request.
	Filtered Kind = "content_filter"
	// TooLarge: the response is longer than MaxBytes.
	TooLarge Kind = "too_large"
	// Encoding: the response is not UTF-8.
	Encoding Kind = "encoding"
	// Missing: a recorded answer that is not in the file.
	Missing Kind = "not_recorded"
	// Failed: the command failed.
	Failed Kind = "failed"

	// Auth: the key is missing, wrong or not allowed this model.
	Auth Kind = "auth"
	// NotFound: no such model, deployment or address.
	NotFound Kind = "not_found"
	// Quota: the account is out of money or of its quota.
	Quota Kind = "quota"

	// Cancelled: the caller gave up. What the provider did is unknown.
	Cancelled Kind = "cancelled"
)

// Error is a call without an answer. Its text and body hold no key.
type Error struct {
	Kind       Kind
	Status     int // of HTTP, 0 without
	Message    string
	RetryAfter time.Duration // what the provider asks to wait, 0 if nothing
	Sent       bool          // the request may have been worked on, and be billed
	Rate       Rate
	Request    []byte
	Response   []byte
}

func (e *Error) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("%s (HTTP %d): %s", e.Kind, e.Status, e.Message)
	}
	return fmt.Sprintf("%s: %s", e.Kind, e.Message)
}

// Retry says whether the same request may succeed later.
func (k Kind) Retry() bool {
	switch k {
	case RateLimited, Server, Timeout, Connection, Malformed:
		return true
	}
	return false
}

// Fatal says whether every other request will fail in the same way.
func (k Kind) Fatal() bool { return k == Auth || k == NotFound || k == Quota }

// KindOf is the kind of an error of Call; an error that is no *Error is a bad request.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return BadRequest
}

// transport classifies an error below HTTP. sent: the request had left.
func transport(ctx context.Context, err error, sent bool) *Error {
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &Error{Kind: Cancelled, Message: "the call was given up", Sent: sent}
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return &Error{Kind: Timeout, Message: "no complete answer in time", Sent: sent}
	}
	return &Error{Kind: Connection, Message: err.Error(), Sent: sent}
}

// failure is how providers word an error: OpenAI, Azure and Anthropic as an object, Ollama
// and many compatible servers as a string.
type failure struct {
	Code, Type, Message string
}

func readFailure(body []byte) failure {
	var outer struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
		Detail  any             `json:"detail"`
	}
	if json.Unmarshal(body, &outer) != nil {
		return failure{Message: clip(string(body))}
	}
	var in struct {
		Code, Type any
		Message    string
		InnerError struct{ Code string } `json:"innererror"`
	}
	f := failure{Message: outer.Message}
	if json.Unmarshal(outer.Error, &f.Message) == nil && f.Message != "" {
		return f
	}
	if json.Unmarshal(outer.Error, &in) == nil {
		f = failure{Code: word(in.Code), Type: word(in.Type), Message: in.Message}
		if in.InnerError.Code != "" {
			f.Code += " " + in.InnerError.Code
		}
	}
	if f.Message == "" {
		f.Message = clip(string(body))
	}
	return f
}

func word(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// clip shortens a body for a message; the whole is kept as evidence.
func clip(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "�"))
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300]) + "…"
	}
	if s == "" {
		s = "the response is empty"
	}
	return s
}

// status classifies a response that is not 200.
func status(code int, h http.Header, body []byte) *Error {
	f := readFailure(body)
	e := &Error{Status: code, Message: clip(f.Message), RetryAfter: retryAfter(h, time.Now()), Rate: rate(h, time.Now()), Response: body}
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(f.Code+" "+f.Type, w) {
				return true
			}
		}
		return false
	}
	switch {
	case code/100 == 3:
		e.Kind = BadRequest
		e.Message = fmt.Sprintf("the server redirects to %s; redirects are not followed, name that address as base_url", h.Get("Location"))
	case has("insufficient_quota", "billing", "credit_balance"), code == http.StatusPaymentRequired:
		e.Kind = Quota
	case has("content_filter", "content_policy", "ResponsibleAIPolicyViolation"):
		e.Kind = Filtered
	case code == http.StatusTooManyRequests:
		e.Kind = RateLimited
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		e.Kind = Auth
	case code == http.StatusNotFound, code == http.StatusGone, code == http.StatusMethodNotAllowed:
		e.Kind = NotFound
	case code == http.StatusRequestTimeout, code == http.StatusConflict, code == http.StatusTooEarly, code >= 500 && code != http.StatusNotImplemented:
		e.Kind = Server
		e.Sent = code == http.StatusGatewayTimeout // a proxy gave up; the model may not have
	default:
		e.Kind = BadRequest
	}
	return e
}

// inBand classifies an error that comes inside a stream whose status was 200.
func inBand(body []byte) *Error {
	f := readFailure(body)
	code := http.StatusInternalServerError
	switch {
	case strings.Contains(f.Type+f.Code, "rate_limit"):
		code = http.StatusTooManyRequests
	case strings.Contains(f.Type, "invalid_request"):
		code = http.StatusBadRequest
	case strings.Contains(f.Type, "authentication"), strings.Contains(f.Type, "permission"):
		code = http.StatusUnauthorized
	}
	e := status(code, http.Header{}, body)
	e.Status = 0
	e.Sent = e.Kind == Server
	return e
}

// retryAfter reads Retry-After-Ms and Retry-After (seconds or a date). Nonsense is nothing.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return seconds(ms / 1000)
	}
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		return seconds(s)
	}
	if at, err := http.ParseTime(v); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// seconds is a duration, or 0 for what cannot be one; a year is for ever.
func seconds(s float64) time.Duration {
	if !(s > 0) {
		return 0
	}
	return time.Duration(min(s, 365*24*3600) * float64(time.Second))
}

// rate reads OpenAI's and Anthropic's headers about requests.
func rate(h http.Header, now time.Time) Rate {
	if n, err := strconv.ParseInt(h.Get("X-Ratelimit-Remaining-Requests"), 10, 64); err == nil && n >= 0 {
		reset, err := time.ParseDuration(h.Get("X-Ratelimit-Reset-Requests"))
		if err != nil {
			s, _ := strconv.ParseFloat(h.Get("X-Ratelimit-Reset-Requests"), 64)
			reset = seconds(s)
		}
		return Rate{Known: true, Remaining: n, Reset: max(reset, 0)}
	}
	if n, err := strconv.ParseInt(h.Get("Anthropic-Ratelimit-Requests-Remaining"), 10, 64); err == nil && n >= 0 {
		at, _ := time.Parse(time.RFC3339, h.Get("Anthropic-Ratelimit-Requests-Reset"))
		return Rate{Known: true, Remaining: n, Reset: max(at.Sub(now), 0)}
	}
	return Rate{}
}
