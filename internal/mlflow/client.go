// Package mlflow reads from an MLflow server over its REST API: which version a name
// means today, what a model's files hash to, and the tables that runs have logged. It
// refuses to change anything there: publish does that.
package mlflow

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/rest"
)

// A Client speaks with one tracking server. Its errors hold no credentials.
type Client struct {
	base     *url.URL
	user     string
	password string
	token    string
	http     *http.Client
	wait     time.Duration // before the first of the tries that follow a failure
}

const (
	connectTimeout = 10 * time.Second
	answerTimeout  = 2 * time.Minute
	tries          = 4
	maxAnswer      = 64 << 20 // of an answer that is no artifact
)

// Open prepares to speak with the server of a tracking URI; nothing is sent yet.
// Credentials are MLflow's own variables, else those in the URI.
func Open(uri string, lookup func(string) (string, bool)) (*Client, error) {
	if uri == "" {
		return nil, &engine.DataError{Where: "MLflow", Msg: "no tracking server is named", Hint: "set MLFLOW_TRACKING_URI, such as http://127.0.0.1:5000"}
	}
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		scheme, _, _ := strings.Cut(uri, ":")
		return nil, &engine.DataError{Where: "MLflow", Msg: "the tracking URI (" + scheme + ":…) is no http:// or https:// address of a server",
			Hint: "start `mlflow server` on that store and name its address"}
	}
	c := &Client{base: &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}, wait: 200 * time.Millisecond}
	c.user = u.User.Username()
	c.password, _ = u.User.Password()
	get := func(name string) string { v, _ := lookup(name); return v }
	if name := get("MLFLOW_TRACKING_USERNAME"); name != "" {
		c.user, c.password = name, get("MLFLOW_TRACKING_PASSWORD")
	}
	c.token = get("MLFLOW_TRACKING_TOKEN")
	c.http = rest.Client(connectTimeout, answerTimeout)
	return c, nil
}

// Address is the server's, without credentials.
func (c *Client) Address() string { return c.base.String() }

// An Answer is a request that the server refused.
type Answer struct {
	Status  int
	Code    string // MLflow's error_code
	Message string
}

func (a *Answer) Error() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s: %s", a.Status, cmp.Or(a.Code, http.StatusText(a.Status)), a.Message))
}

// Refused gives the server's refusal, if err is one.
func Refused(err error) (*Answer, bool) {
	var a *Answer
	ok := errors.As(err, &a)
	return a, ok
}

// unreachable is a server that does not answer: exit status 4.
func (c *Client) unreachable(err error) error {
	return fmt.Errorf("MLflow at %s cannot be reached: %s", c.Address(), c.hide(err.Error()))
}

func (c *Client) hide(msg string) string {
	for _, secret := range []string{c.password, c.token} {
		if secret != "" {
			msg = strings.ReplaceAll(strings.ReplaceAll(msg, secret, "…"), url.QueryEscape(secret), "…")
		}
	}
	return strings.Join(strings.Fields(msg), " ")
}

// explain makes an error of an answer: what the caller can mend is a DataError (exit
// status 2), the rest is the server's (4). It stays an *Answer for Refused.
func (c *Client) explain(a *Answer) error {
	if a.Message = c.hide(a.Message); len(a.Message) > 500 {
		a.Message = strings.ToValidUTF8(a.Message[:500], "") + " …"
	}
	where := "MLflow at " + c.Address()
	switch {
	case a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden:
		return &refusal{a, &engine.DataError{Where: where, Msg: "the server refuses access: " + cmp.Or(a.Message, http.StatusText(a.Status)),
			Hint: "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"}}
	case a.Status >= 300 && a.Status < 400:
		return &refusal{a, &engine.DataError{Where: where, Msg: "the server sends to another address, which is not followed with credentials", Hint: "name the final address of the server"}}
	case a.Status == http.StatusNotFound && a.Code == "":
		return &refusal{a, &engine.DataError{Where: where, Msg: "there is no such MLflow endpoint",
			Hint: "is this the address of an MLflow server (2.0 or newer), with its path prefix?"}}
	case a.Status >= 400 && a.Status < 500 && a.Status != http.StatusTooManyRequests:
		return &refusal{a, &engine.DataError{Where: where, Msg: cmp.Or(a.Message, a.Error())}}
	}
	return fmt.Errorf("MLflow at %s: %w", c.Address(), a)
}

// refusal is an answer and its explanation.
type refusal struct {
	answer *Answer
	data   *engine.DataError
}

func (r *refusal) Error() string   { return r.data.Error() }
func (r *refusal) Unwrap() []error { return []error{r.data, r.answer} }

// Get asks an endpoint such as "runs/get".
func (c *Client) Get(ctx context.Context, endpoint string, query url.Values, out any) error {
	return c.json(ctx, http.MethodGet, "/api/2.0/mlflow/"+endpoint, query, nil, out, true)
}

// Post sends to an endpoint whose repetition does no harm.
func (c *Client) Post(ctx context.Context, endpoint string, in, out any) error {
	return c.json(ctx, http.MethodPost, "/api/2.0/mlflow/"+endpoint, nil, in, out, true)
}

// PostOnce sends to an endpoint that would do its work twice.
func (c *Client) PostOnce(ctx context.Context, endpoint string, in, out any) error {
	return c.json(ctx, http.MethodPost, "/api/2.0/mlflow/"+endpoint, nil, in, out, false)
}

// Patch changes a part of a thing; to do so twice does no harm.
func (c *Client) Patch(ctx context.Context, endpoint string, in any) error {
	return c.json(ctx, http.MethodPatch, "/api/2.0/mlflow/"+endpoint, nil, in, nil, true)
}

// Put stores an artifact at a path of Proxy.
func (c *Client) Put(ctx context.Context, path string, data []byte) error {
	return c.send(ctx, http.MethodPut, path, nil, data)
}

// Upload hands an artifact of a run to the server, which puts it into the run's store,
// wherever that is.
func (c *Client) Upload(ctx context.Context, query url.Values, data []byte) error {
	return c.send(ctx, http.MethodPost, "/ajax-api/2.0/mlflow/upload-artifact", query, data)
}

func (c *Client) send(ctx context.Context, method, path string, query url.Values, data []byte) error {
	r, err := c.Do(ctx, method, path, query, "application/octet-stream", data, true)
	if err != nil {
		return err
	}
	return r.Close()
}

func (c *Client) json(ctx context.Context, method, path string, query url.Values, in, out any, again bool) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("MLflow: %w", err)
		}
	}
	r, err := c.Do(ctx, method, path, query, "application/json", body, again)
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := rest.Read(r, maxAnswer)
	var long *rest.TooLong
	switch {
	case errors.As(err, &long):
		return fmt.Errorf("MLflow at %s: %w", c.Address(), err)
	case err != nil:
		return c.unreachable(err)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return &engine.DataError{Where: "MLflow at " + c.Address(), Msg: "the answer is not JSON", Hint: "is this the address of an MLflow server?"}
	}
	return nil
}

// Do sends one request and gives the body of a good answer, which the caller closes.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, contentType string, body []byte, again bool) (io.ReadCloser, error) {
	for try := 1; ; try++ {
		a, err := c.once(ctx, method, path, query, contentType, body)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil && a.StatusCode < 300 {
			return a.Body, nil
		}
		var busy bool
		if err == nil {
			err = c.explain(answer(a))
			busy = rest.Busy(a.StatusCode)
		} else {
			busy = !(rest.Unheard(err) && try > 1) // nobody listens: one more try is enough
			err = c.unreachable(err)
		}
		if !busy || !again || try == tries {
			return nil, err
		}
		if err := rest.Pause(ctx, c.wait<<(try-1)); err != nil {
			return nil, err
		}
	}
}

func (c *Client) once(ctx context.Context, method, path string, query url.Values, contentType string, body []byte) (*http.Response, error) {
	at := *c.base
	at.Path += path
	at.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, at.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "fairtrial")
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	switch {
	case c.token != "":
		req.Header.Set("Authorization", "Bearer "+c.token)
	case c.user != "":
		req.SetBasicAuth(c.user, c.password)
	}
	return c.http.Do(req)
}

func answer(r *http.Response) *Answer {
	defer func() { _ = r.Body.Close() }()
	b := rest.Start(r.Body)
	out := &Answer{Status: r.StatusCode}
	var told struct {
		Code    string `json:"error_code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(b, &told) == nil {
		out.Code, out.Message = told.Code, told.Message
	}
	return out
}

// Version is the server's, such as 3.18.0; empty where it does not say.
func (c *Client) Version(ctx context.Context) (string, error) {
	r, err := c.Do(ctx, http.MethodGet, "/version", nil, "", nil, true)
	if a, ok := Refused(err); ok && a.Status == http.StatusNotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, 100))
	if err != nil {
		return "", c.unreachable(err)
	}
	v := strings.TrimSpace(string(b))
	if _, err := strconv.Atoi(v[:min(1, len(v))]); err != nil || len(v) > 40 {
		return "", nil // a page of something else
	}
	return v, nil
}
