package mlflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/engine"
)

// What needs a server that misbehaves; `make test-mlflow` asks real ones.

func TestParseURI(t *testing.T) {
	good := map[string]URI{
		"models:/credit/3":                  {Name: "credit", Version: "3"},
		"models:/credit risk/3/eval/p.csv":  {Name: "credit risk", Version: "3", Path: "eval/p.csv"},
		"models:/credit@champion":           {Name: "credit", Alias: "champion"},
		"models:/credit@champion/p.csv":     {Name: "credit", Alias: "champion", Path: "p.csv"},
		"models:/m-0123456789abcdef":        {Model: "m-0123456789abcdef"},
		"runs:/0123abcd/eval set/p.parquet": {Run: "0123abcd", Path: "eval set/p.parquet"},
		"runs:/0123abcd":                    {Run: "0123abcd"},
		"models://credit/12":                {Name: "credit", Version: "12"},
	}
	for text, want := range good {
		if got, err := ParseURI(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "models:/", "models:/credit", "models:/credit/Production", "models:/credit/latest", "models:/@x", "models:/x@",
		"runs:/", "runs:/../x", "runs:/0123abcd/../../secret", "runs:/0123abcd/a//b", "runs:/0123abcd/.", "s3://bucket/x", "runs:/ab?x=1/p"} {
		if u, err := ParseURI(text); err == nil {
			t.Errorf("%s: taken as %+v", text, u)
		}
	}
}

func FuzzParseURI(f *testing.F) {
	for _, s := range []string{"models:/credit/3/x", "models:/a@b", "runs:/ab12/c.csv", "models:/m-0123456789abcdef"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURI(text)
		if err != nil {
			return
		}
		if strings.Contains("/"+u.Path+"/", "/../") || u.Run+u.Name+u.Model == "" || u.Name != "" && u.Version+u.Alias == "" {
			t.Errorf("%q: %+v", text, u)
		}
	})
}

func TestLines(t *testing.T) {
	for _, c := range []struct{ in, want, err string }{
		{`{"columns":["id","s"],"data":[[1,0.30000000000000004],[2,null]]}`, "{\"id\":1,\"s\":0.30000000000000004}\n{\"id\":2,\"s\":null}\n", ""},
		{`{"data":[["a\nb",{"k": [1]}]],"columns":["x",0]}`, "{\"x\":\"a\\nb\",\"0\":{\"k\":[1]}}\n", ""},
		{`{"columns":["x"],"data":[]}`, "", ""},
		{`{"columns":["x"],"data":[[1,2]]}`, "", "row 1 has 2 values for 1 columns"},
		{`{"columns":["x","x"],"data":[]}`, "", "two columns"},
		{`{"no":"table"}`, "", "no table of mlflow.log_table"},
		{`[1]`, "", "no table of mlflow.log_table"},
	} {
		var b strings.Builder
		err := lines(strings.NewReader(c.in), &b)
		if c.err == "" && (err != nil || b.String() != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %q, %v", c.in, b.String(), err)
		}
	}
}

func client(t *testing.T, env map[string]string, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := Open(s.URL+"/prefix/", func(k string) (string, bool) { v, ok := env[k]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	c.wait = time.Millisecond
	return c
}

func TestRetries(t *testing.T) {
	for _, c := range []struct {
		status, asked int
		again, data   bool
	}{{503, 4, true, false}, {429, 4, true, false}, {503, 1, false, false}, {400, 1, true, true}, {401, 1, true, true}, {500, 1, true, false}} {
		n := 0
		x := client(t, nil, func(w http.ResponseWriter, r *http.Request) {
			n++
			if !strings.HasPrefix(r.URL.Path, "/prefix/api/2.0/mlflow/runs/get") {
				t.Errorf("asked for %s", r.URL.Path)
			}
			w.WriteHeader(c.status)
			fmt.Fprint(w, `{"error_code":"X","message":"why"}`)
		})
		err := x.json(t.Context(), http.MethodGet, "/api/2.0/mlflow/runs/get", nil, nil, nil, c.again)
		var de *engine.DataError
		if a, ok := Refused(err); n != c.asked || !ok || a.Status != c.status || errors.As(err, &de) != c.data || !strings.Contains(err.Error(), "why") {
			t.Errorf("%d: asked %d times, %v", c.status, n, err)
		}
	}
}

// Credentials go to the named host alone and into no message.
func TestSecrets(t *testing.T) {
	const secret = "s3cr3t-token"
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer other.Close()
	c := client(t, map[string]string{"MLFLOW_TRACKING_TOKEN": secret}, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+secret {
			t.Errorf("Authorization %q", r.Header.Get("Authorization"))
		}
		if r.URL.Query().Get("run_id") == "echo" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error_code":"X","message":"bad %s"}`, secret)
			return
		}
		http.Redirect(w, r, other.URL, http.StatusFound)
	})
	for _, id := range []string{"echo", "away"} {
		err := c.Get(t.Context(), "runs/get", url.Values{"run_id": {id}}, nil)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if got := (Pin{Store: "https://user:" + secret + "@host/x?sig=" + secret}).Artifact("")["uri"]; got != "https://host/x" {
		t.Errorf("the record would have %s", got)
	}
}

// An answer that names files outside of the model is not followed.
func TestStrangeListings(t *testing.T) {
	for _, name := range []string{"..", ".", "/"} {
		c := client(t, nil, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"files":[{"path":%q,"is_dir":false}]}`, name)
		})
		if _, _, err := c.Digest(t.Context(), Pin{URI: "models:/a/1", Store: "mlflow-artifacts:/1/a"}); err == nil {
			t.Errorf("%q was read", name)
		}
	}
	endless := client(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"files":[{"path":"d","is_dir":true},{"path":"f"}]}`)
	})
	if _, err := endless.Files(t.Context(), Pin{URI: "models:/a/1", Store: "mlflow-artifacts:/1/a"}); err == nil {
		t.Error("folders without end were listed")
	}
}

func TestCancelled(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	c := client(t, nil, func(w http.ResponseWriter, _ *http.Request) { stop(); w.WriteHeader(http.StatusServiceUnavailable) })
	if err := c.Get(ctx, "runs/get", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestVersion(t *testing.T) {
	for body, want := range map[string]string{"3.17.2": "3.17.2", "<html>": "", "": ""} {
		c := client(t, nil, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		if v, err := c.Version(t.Context()); err != nil || v != want {
			t.Errorf("%q: %q, %v", body, v, err)
		}
	}
}
