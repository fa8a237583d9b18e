// Package rest is what clients of HTTP services have in common: connections that keep
// credentials to one host, answers of bounded length, and when to ask again. It refuses to
// know any service.
package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Client connects and waits for the head of an answer no longer than said; 0 is without
// limit. It follows no redirect, which could carry credentials to another host.
func Client(connect, answer time.Duration) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: connect}).DialContext
	t.ResponseHeaderTimeout = answer
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Read reads a whole answer, or says that it is longer than most bytes.
func Read(r io.Reader, most int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(b)) > most {
		return nil, &TooLong{Most: most}
	}
	return b, err
}

// TooLong is an answer that was not read to its end.
type TooLong struct{ Most int64 }

func (e *TooLong) Error() string { return fmt.Sprintf("the answer is longer than %d bytes", e.Most) }

// Start reads the beginning of an answer that explains a refusal, whatever comes of it.
func Start(r io.Reader) []byte {
	b, _ := io.ReadAll(io.LimitReader(r, 1<<16))
	return b
}

// Busy: a service that answers so may answer otherwise a little later. 500 is for the caller
// to judge: some services say it of a request that is wrong.
func Busy(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// Unheard: nobody took the connection.
func Unheard(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

// Pause waits, or ends with the context's error.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
