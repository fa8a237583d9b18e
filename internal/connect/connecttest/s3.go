package connecttest

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// S3 starts an S3-compatible server in this process with one bucket, "cases", and sets
// the environment of a client. It returns the settings of an address that leads there
// ("endpoint=…") and a function that puts an object; wrap, if given, sits before the
// server. With FAIRTRIAL_TEST_S3, the address of a moto server, that server answers.
func S3(t testing.TB, wrap func(http.Handler) http.Handler) (settings string, put func(key string, body string)) {
	t.Helper()
	var h http.Handler
	if moto := os.Getenv("FAIRTRIAL_TEST_S3"); moto != "" {
		to, err := url.Parse(moto)
		if err != nil {
			t.Fatal(err)
		}
		h = httputil.NewSingleHostReverseProxy(to)
		send(t, http.MethodPost, moto+"/moto-api/reset", "")
		send(t, http.MethodPut, moto+"/cases", "")
		put = func(key, body string) { t.Helper(); send(t, http.MethodPut, moto+"/cases/"+key, body) }
	} else {
		backend := s3mem.New()
		if err := backend.CreateBucket("cases"); err != nil {
			t.Fatal(err)
		}
		h = gofakes3.New(backend).Server()
		put = func(key, body string) {
			t.Helper()
			if _, err := backend.PutObject("cases", key, map[string]string{}, strings.NewReader(body), int64(len(body)), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if wrap != nil {
		h = wrap(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return "endpoint=" + s.URL + "&use_path_style=true&region=us-east-1", put
}

func send(t testing.TB, method, address, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	// moto checks no signature, but takes a request without one for a stranger's.
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=none")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	if got.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, address, got.Status)
	}
}
