//go:build snowflake || bigquery

package connect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/engine"
)

const token = "hush-hush-token"

// wire answers as a service does by its public documentation. It was never compared
// with the real service.
type wire struct {
	mu    sync.Mutex
	calls []string // METHOD path?query body
	// answer gives the status and the body of the n-th call, from 1.
	answer func(n int, r *http.Request, body string) (int, string)
}

func (w *wire) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	var body json.RawMessage
	if r.Method == http.MethodPost {
		_ = json.NewDecoder(r.Body).Decode(&body) // a cancellation has none
	}
	w.mu.Lock()
	w.calls = append(w.calls, strings.TrimSpace(fmt.Sprint(r.Method, " ", r.URL, " ", string(body))))
	n := len(w.calls)
	w.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+token {
		out.WriteHeader(http.StatusUnauthorized)
		sent := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		fmt.Fprintf(out, `{"message": "bad token %s", "error": {"message": "bad token %s"}}`, sent, sent)
		return
	}
	status, text := w.answer(n, r, string(body))
	out.WriteHeader(status)
	fmt.Fprint(out, text)
}

func (w *wire) log() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.calls, "\n")
}

func served(t *testing.T, answer func(n int, r *http.Request, body string) (int, string)) (*wire, string) {
	w := &wire{answer: answer}
	s := httptest.NewServer(w)
	t.Cleanup(s.Close)
	return w, s.URL
}

// refused checks an error of the plan, which holds no token.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	var wrong *engine.DataError
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), token) {
		t.Errorf("%v, want %q", err, want)
	}
}

// failed checks an error of the service, which holds no token.
func failed(t *testing.T, err error, want string) {
	t.Helper()
	var wrong *engine.DataError
	if err == nil || errors.As(err, &wrong) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), token) {
		t.Errorf("%v, want %q of the service", err, want)
	}
}

// interrupted pulls a query that never ends and stops the pull once it is looked at.
func interrupted(t *testing.T, w *wire, q Query, looks func(log string) bool) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		for !looks(w.log()) && ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond)
		}
		stop()
	}()
	if _, err := puller(t).Pull(ctx, q); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupted pull: %v", err)
	}
}

func TestSeconds(t *testing.T) {
	for in, want := range map[string]string{
		"1709208000.000001000": "2024-02-29T12:00:00.000001Z",
		"-1.000000000":         "1969-12-31T23:59:59Z",
		"-0.500000000":         "1969-12-31T23:59:59.5Z",
		"7":                    "1970-01-01T00:00:07Z",
	} {
		got, err := seconds(in)
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: %v %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "x", "1e9", "1.0000000001", "1.-5", "99999999999999999999"} {
		if got, err := seconds(in); err == nil {
			t.Errorf("%q is %v", in, got)
		}
	}
}

// badToken sees that a token which the service refuses is told without being shown, that
// an address wins over the environment, and that no token goes to a host that is not the
// service's, nor is asked for in vain: one call in all.
func badToken(t *testing.T, w *wire, q Query, user, env, plain string, refusals map[string]string) {
	t.Helper()
	service, _, _ := strings.Cut(plain, "://")
	other := "other-hush-hush"
	q.Address = strings.Replace(q.Address, "://", "://"+user+other+"@", 1)
	_, err := puller(t).Pull(t.Context(), q)
	refused(t, err, service+" refuses the token: bad token")
	if strings.Contains(err.Error(), other) {
		t.Error(err)
	}
	for address, want := range refusals {
		q.Address = address
		_, err := puller(t).Pull(t.Context(), q)
		refused(t, err, want)
	}
	t.Setenv(env, "")
	q.Address = plain
	_, err = puller(t).Pull(t.Context(), q)
	refused(t, err, "no token for "+service)
	if n := len(w.calls); n != 1 {
		t.Errorf("%d calls", n)
	}
}
