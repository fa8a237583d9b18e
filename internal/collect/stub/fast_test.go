package stub_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
)

// The bench's server gives real HTTP: connections are used again, the body is whole, the
// latency is kept, and what it cannot read is refused rather than answered.
func TestFast(t *testing.T) {
	url := make(chan string, 1)
	ended := make(chan error, 1)
	body := stub.Completion("forty two")
	go func() {
		ended <- stub.Fast("127.0.0.1:0", 30*time.Millisecond, body, func(u string) { url <- u })
	}()
	var to string
	select {
	case to = <-url:
	case err := <-ended:
		t.Fatal(err)
	}
	for range 3 {
		began := time.Now()
		r, err := http.Post(to, "application/json", strings.NewReader(strings.Repeat("x", 10_000)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK || string(got) != string(body) {
			t.Errorf("status %d, %v: %s", r.StatusCode, err, got)
		}
		if took := time.Since(began); took < 30*time.Millisecond {
			t.Errorf("answered after %s", took)
		}
	}
	r, err := http.Post(to, "application/json", io.MultiReader(strings.NewReader("no length")))
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusBadRequest {
		t.Errorf("a body in chunks: status %d", r.StatusCode)
	}
	if err := stub.Fast("0.0.0.0:0", 0, body, func(string) {}); err == nil {
		t.Error("it listens to other machines")
	}
}
