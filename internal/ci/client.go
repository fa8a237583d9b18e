package ci

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// client speaks JSON to the API of a code host.
type client struct {
	base   string
	header http.Header
	http   *http.Client
	pause  time.Duration // before another try
}

// apiError is an answer that is no success.
type apiError struct {
	status int
	text   string
}

func (e *apiError) Error() string {
	return fmt.Sprintf("HTTP %d: %s", e.status, oneLine(clip(e.text, 300)))
}

const (
	tries    = 3
	oneTry   = 15 * time.Second
	allTries = 90 * time.Second // of one comment, check or upload with all that it asks
)

// do sends a request and reads the answer into out, nil for none. What the server or the
// network failed at is tried again; a POST is not, for it may have arrived.
func (c *client) do(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	for try := 1; ; try++ {
		again, err := c.once(ctx, method, path, body, out)
		if err == nil || !again || try == tries || method == http.MethodPost {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(try) * c.pause):
		}
	}
}

func (c *client) once(ctx context.Context, method, path string, body []byte, out any) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.base, "/")+path, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header = c.header.Clone()
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return true, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 32<<20))
	switch {
	case err != nil:
		return true, err
	case resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests:
		return true, &apiError{resp.StatusCode, string(b)}
	case resp.StatusCode >= 300:
		return false, &apiError{resp.StatusCode, string(b)}
	case out == nil:
		return false, nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return false, fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return false, nil
}

// note is a comment of either host.
type note struct {
	ID     int64  `json:"id"`
	Body   string `json:"body"`
	System bool   `json:"system"` // GitLab's own notes
	URL    string `json:"html_url"`
}

// thread is where the comments of a change lie: list and create share a path.
type thread struct {
	path   string
	update string // method
	one    func(id int64) string
}

const perPage = 100

// keep writes the comment that starts with the mark anew, or makes it.
func (c *client) keep(ctx context.Context, t thread, mark, body string) (note, error) {
	ctx, stop := context.WithTimeout(ctx, allTries)
	defer stop()
	var kept note
	for page := 1; page <= 100; page++ {
		var notes []note
		if err := c.do(ctx, http.MethodGet, fmt.Sprintf("%s?per_page=%d&page=%d", t.path, perPage, page), nil, &notes); err != nil {
			return kept, fmt.Errorf("list comments: %w", err)
		}
		for _, n := range notes {
			if !n.System && strings.HasPrefix(n.Body, mark) {
				if err := c.do(ctx, t.update, t.one(n.ID), map[string]string{"body": body}, &kept); err != nil {
					var a *apiError
					if errors.As(err, &a) && (a.status == http.StatusForbidden || a.status == http.StatusNotFound) {
						continue // somebody else's, who wrote the mark
					}
					return kept, fmt.Errorf("update the comment: %w", err)
				}
				return kept, nil
			}
		}
		if len(notes) < perPage {
			break
		}
	}
	if err := c.do(ctx, http.MethodPost, t.path, map[string]string{"body": body}, &kept); err != nil {
		return kept, fmt.Errorf("write the comment: %w", err)
	}
	return kept, nil
}

func newClient(base string, header map[string]string) *client {
	h := http.Header{"User-Agent": {"fairtrial"}}
	for k, v := range header {
		h.Set(k, v)
	}
	return &client{base: base, header: h, http: &http.Client{Timeout: oneTry, CheckRedirect: stay}, pause: time.Second}
}

// stay follows a redirect on the same host alone, as for a renamed repository: another
// would get the token. One that makes a GET of a write has written nothing.
func stay(req *http.Request, via []*http.Request) error {
	first := via[0]
	if req.URL.Host != first.URL.Host || req.URL.Scheme != first.URL.Scheme || req.Method != first.Method || len(via) > 3 {
		return http.ErrUseLastResponse
	}
	return nil
}
