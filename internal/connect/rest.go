//go:build snowflake || bigquery

package connect

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	httprest "github.com/fairtrial/fairtrial/internal/rest"
)

// rest speaks JSON with a warehouse over HTTP.
type rest struct {
	query   Query
	base    *url.URL
	token   string
	header  http.Header
	client  *http.Client
	explain func(status int, body []byte) (msg string, wrong bool) // the service's words; whether the query is wrong
	env     string                                                 // variable of the token, for a hint
	wait    time.Duration                                          // before the first look at a running query
}

// newREST finds the service and the token: the password of the address, or a variable
// of the environment. A token goes to hosts that end in one of domains, or to this
// machine, and to nobody else, whatever a plan says.
func newREST(q Query, u *url.URL, host, env string, domains ...string) (*rest, error) {
	base := &url.URL{Scheme: "https", Host: host}
	if e := u.Query().Get("endpoint"); e != "" {
		var err error
		if base, err = url.Parse(e); err != nil || base.Host == "" {
			return nil, q.refuse("", "the endpoint in the address of %s cannot be read", q.Kind)
		}
	}
	name := base.Hostname()
	ip := net.ParseIP(name)
	known := base.Scheme == "http" && ip != nil && ip.IsLoopback()
	for _, d := range domains {
		known = known || base.Scheme == "https" && strings.HasSuffix(strings.ToLower(name), d)
	}
	if !known {
		return nil, q.refuse("https to a host that ends in "+strings.Join(domains, " or "), "%s is no host that a %s token may go to", base.Host, q.Kind)
	}
	token := cmp.Or(password(q.Address), os.Getenv(env))
	if token == "" {
		return nil, q.refuse("set "+env+" to an access token", "no token for %s", q.Kind)
	}
	return &rest{query: q, base: &url.URL{Scheme: base.Scheme, Host: base.Host}, token: token, header: http.Header{}, env: env, wait: 100 * time.Millisecond,
		client: httprest.Client(connectTimeout, 2*time.Minute)}, nil
}

// hide takes the token out of a message.
func (r *rest) hide(msg string) string {
	return strings.ReplaceAll(hide(msg, r.query.Address), r.token, "…")
}

func (r *rest) fail(what, msg string) error {
	return fmt.Errorf("connection %s: %s: %s", r.query.Name, what, r.hide(msg))
}

// maxPage bounds one answer; the services' own pages are some tens of megabytes.
const maxPage = 1 << 30

// call sends one request and decodes a good answer into out. Only a GET, which changes
// nothing, is tried again when the service is busy.
func (r *rest) call(ctx context.Context, method, path string, query url.Values, in, out any) (int, error) {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return 0, fmt.Errorf("pull: %w", err)
		}
	}
	at, err := r.base.Parse(path)
	if err != nil || at.Host != r.base.Host || at.Scheme != r.base.Scheme {
		return 0, r.fail("read the query's rows", "the service names another host: "+path)
	}
	if query != nil {
		at.RawQuery = query.Encode()
	}
	for try := 0; ; try++ {
		status, b, err := r.once(ctx, method, at.String(), body)
		switch {
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case err != nil:
			if httprest.Unheard(err) {
				return 0, r.fail("cannot connect", err.Error())
			}
			return 0, r.fail("the service does not answer", err.Error())
		case status == http.StatusOK || status == http.StatusAccepted:
			if err := json.Unmarshal(b, out); err != nil {
				return 0, r.fail("the answer cannot be read", err.Error())
			}
			return status, nil
		case method == http.MethodGet && try < 3 && (httprest.Busy(status) || status == http.StatusInternalServerError):
			if err := httprest.Pause(ctx, r.wait<<(2*try)); err != nil {
				return 0, err
			}
		default:
			return status, r.bad(status, b)
		}
	}
}

// bad makes an error of an answer that is none.
func (r *rest) bad(status int, body []byte) error {
	msg, wrong := r.explain(status, body)
	msg = r.hide(cmp.Or(msg, http.StatusText(status), "status "+strconv.Itoa(status)))
	switch {
	case status == http.StatusUnauthorized:
		return r.query.refuse("set "+r.env+" to a token that is still valid", "%s refuses the token: %s", r.query.Kind, msg)
	case wrong:
		return r.query.refuse("", "the query fails: %s", msg)
	}
	return r.fail("the service answers "+strconv.Itoa(status), msg)
}

func (r *rest) once(ctx context.Context, method, at string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for k, v := range r.header {
		req.Header[k] = v
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "fairtrial")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	a, err := r.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = a.Body.Close() }()
	b, err := httprest.Read(a.Body, maxPage)
	return a.StatusCode, b, err
}

// poll looks at a running query until done; when the run is interrupted, it tells the
// service to stop the query.
func (r *rest) poll(ctx context.Context, cancelPath string, cancelQuery url.Values, look func() (done bool, err error)) error {
	wait := r.wait
	for {
		done, err := look()
		if err == nil && !done {
			err = httprest.Pause(ctx, wait)
			wait = min(2*wait, 5*time.Second)
		}
		if ctx.Err() != nil {
			end, stop := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout/3)
			defer stop()
			var ignored any
			_, _ = r.call(end, http.MethodPost, cancelPath, cancelQuery, nil, &ignored) // the run ends anyway
			return ctx.Err()
		}
		if done || err != nil {
			return err
		}
	}
}

// fitsBytes refuses a query by the service's own number of bytes, before any row comes.
func (r *rest) fitsBytes(what string, n int64) error {
	if m := r.query.MaxBytes; m > 0 && n > m {
		return r.query.refuse("pull fewer columns or rows, or raise max_bytes", "the query %s %d bytes, more than max_bytes: %d; no row was read", what, n, m)
	}
	return nil
}

// seconds reads a decimal number of seconds since 1970, exactly.
func seconds(s string) (time.Time, error) {
	whole, part, _ := strings.Cut(s, ".")
	negative := strings.HasPrefix(whole, "-")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || len(part) > 9 || strings.Trim(part, "0123456789") != "" {
		return time.Time{}, fmt.Errorf("%q is no time in seconds", s)
	}
	nano, _ := strconv.ParseInt((part + "000000000")[:9], 10, 64) // nine digits
	if negative {
		nano = -nano
	}
	return time.Unix(sec, nano).UTC(), nil
}

// countOnly asks a database for the number of a query's rows; c is how it names and types the answer.
func countOnly(ctx context.Context, d database, query string, c column) (n int64, err error) {
	err = d.read(ctx, "SELECT count(*) AS n FROM "+sub(query), nil, []column{c}, func(v []any) (err error) {
		n, err = toInt(v[0])
		return err
	})
	return n, err
}
