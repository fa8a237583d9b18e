package connecttest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// S3 starts an S3-compatible server in this process with one bucket, "cases", and sets
// the environment of a client. It returns the settings of an address that leads there
// ("endpoint=…") and a function that puts an object; wrap, if given, sits before the
// server.
func S3(t testing.TB, wrap func(http.Handler) http.Handler) (settings string, put func(key string, body string)) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("cases"); err != nil {
		t.Fatal(err)
	}
	h := gofakes3.New(backend).Server()
	if wrap != nil {
		h = wrap(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return "endpoint=" + s.URL + "&use_path_style=true&region=us-east-1", func(key, body string) {
		t.Helper()
		if _, err := backend.PutObject("cases", key, map[string]string{}, strings.NewReader(body), int64(len(body)), nil); err != nil {
			t.Fatal(err)
		}
	}
}
