package rest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Credentials stay with the host that was named.
func TestClientFollowsNoRedirect(t *testing.T) {
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer other.Close()
	s := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	defer s.Close()
	a, err := Client(time.Second, time.Second).Get(s.URL)
	if err != nil || a.StatusCode != http.StatusFound || asked {
		t.Errorf("%v, %v, the other host was asked: %v", a, err, asked)
	}
	if a != nil {
		_ = a.Body.Close()
	}
}

func TestReadIsBounded(t *testing.T) {
	if b, err := Read(strings.NewReader("12345"), 5); err != nil || string(b) != "12345" {
		t.Errorf("%q, %v", b, err)
	}
	var long *TooLong
	if b, err := Read(strings.NewReader("123456"), 5); !errors.As(err, &long) || long.Most != 5 || b != nil {
		t.Errorf("%q, %v", b, err)
	}
}

func TestBusyAndUnheard(t *testing.T) {
	for status, want := range map[int]bool{200: false, 400: false, 408: true, 429: true, 500: false, 501: false, 502: true, 503: true, 504: true} {
		if Busy(status) != want {
			t.Errorf("%d: %v", status, !want)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	if a, err := Client(time.Second, 0).Get("http://" + address); !Unheard(err) {
		if a != nil {
			_ = a.Body.Close()
		}
		t.Errorf("%v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := Pause(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
