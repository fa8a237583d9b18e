package connect

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/connect/connecttest"
	"github.com/fairtrial/fairtrial/internal/engine"
)

func TestObjects(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t-of-tests")
	var reads atomic.Int64
	var cut atomic.Bool // the next body ends in the middle
	settings, put := connecttest.S3(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, ".csv") {
				reads.Add(1)
				if cut.Swap(false) {
					w = &short{ResponseWriter: w, left: 100_000}
				}
			}
			h.ServeHTTP(w, r)
		})
	})
	big := "id,x\n" + strings.Repeat("1,0.5\n", 50_000)
	put("day/a.csv", "id,x\n1,2\n")
	put("day/b.csv", big)
	put("day/c.txt", "no")
	put("day/empty.jsonl", "")
	p := puller(t)
	body := func(x *engine.Pull, i int) string {
		path, err := p.Keep.Path(x.Parts[i].Digest)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}

	x, err := p.Objects(t.Context(), "s3://cases/day/a.csv?"+settings)
	if err != nil {
		t.Fatal(err)
	}
	if got := body(x, 0); got != "id,x\n1,2\n" || x.Source != "s3://cases/day/a.csv" || x.Parts[0].Name != "0001-a.csv" || x.Parts[0].Version == "" {
		t.Errorf("%q %+v", got, x)
	}

	cut.Store(true)
	if _, err := p.Objects(t.Context(), "s3://cases/day/b.csv?"+settings); err == nil {
		t.Fatal("a body that ends early went through")
	}
	later := *p
	later.Now = func() time.Time { return time.Now().Add(2 * unfinished) }
	before := reads.Load()
	x, err = later.Objects(t.Context(), "s3://cases/day/*.csv?"+settings)
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Parts) != 2 || body(x, 1) != big {
		t.Errorf("%+v", x)
	}
	if n := reads.Load() - before; n != 1 {
		t.Errorf("%d objects were read, one had not changed", n)
	}

	put("day/a.csv", "id,x\n1,3\n")
	if x, err = p.Objects(t.Context(), "s3://cases/day/a.csv?"+settings); err != nil || body(x, 0) != "id,x\n1,3\n" {
		t.Errorf("a changed object: %v", err)
	}

	for _, c := range []struct{ address, want string }{
		{"s3://cases/day/nope.csv?" + settings, "s3://cases/day/nope.csv: no such object"},
		{"s3://cases/day/*.parquet?" + settings, "no object matches"},
		{"s3://cases/day/empty.jsonl?" + settings, "the object is empty"},
		{"s3://cases", "is no address of an object"},
		{"gs://cases/a.csv", "this build of fairtrial cannot read gs://"},
	} {
		_, err := p.Objects(t.Context(), c.address)
		var wrong *engine.DataError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.address, err, c.want)
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	if _, err := p.Objects(ctx, "s3://cases/a.csv?endpoint=http://127.0.0.1:1&use_path_style=true&region=us-east-1"); err == nil {
		t.Error("no server, no error")
	}
}

// short is a response that stops after some bytes, as a broken connection does.
type short struct {
	http.ResponseWriter
	left int
}

func (s *short) Write(b []byte) (int, error) {
	if s.left -= len(b); s.left < 0 {
		panic(http.ErrAbortHandler)
	}
	return s.ResponseWriter.Write(b)
}

var _ io.Writer = (*short)(nil)
