package pipes

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

func pack(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes())
}

func env(context, messages string) func(string) string {
	return func(k string) string {
		return map[string]string{"DAGSTER_PIPES_CONTEXT": context, "DAGSTER_PIPES_MESSAGES": messages}[k]
	}
}

func evaluated() *record.Record {
	r := &record.Record{Digest: "sha256:ab"}
	r.Verdict.Decision = result.NoGo
	r.Gates = []result.Gate{
		{Name: "ranks no worse", Verdict: result.Pass, Severity: result.Block},
		{Name: "ranks-no worse", Verdict: result.Fail, Severity: result.Block, Evidence: result.Evidence{Value: 0.5, Lower: result.None()}},
		{Name: "β", Verdict: result.Inconclusive, Severity: result.Block},
		{Name: "costs", Verdict: result.Fail, Severity: result.Warn},
		{Name: "no group", Verdict: result.VerdictNotApplicable, Severity: result.Block},
	}
	return r
}

// One message a line: opened first, closed last, a check a gate between.
func TestConversation(t *testing.T) {
	dir := t.TempDir()
	context, messages := filepath.Join(dir, "context"), filepath.Join(dir, "messages")
	if err := os.WriteFile(context, []byte(`{"asset_keys": ["model"], "run_id": "r"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Open(env(pack(t, map[string]string{"path": context}), pack(t, map[string]string{"path": messages})), io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Report(evaluated(), dir); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(errors.New("boom")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(messages)
	if err != nil {
		t.Fatal(err)
	}
	var methods, checks []string
	for line := range strings.Lines(string(text)) {
		var m struct {
			Version string `json:"__dagster_pipes_version"`
			Method  string
			Params  struct {
				Check     string `json:"check_name"`
				Asset     string `json:"asset_key"`
				Passed    bool
				Severity  string
				Exception struct{ Message string }
				Metadata  map[string]struct {
					Type string
					Raw  any `json:"raw_value"`
				}
			}
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.Version != "0.1" {
			t.Fatalf("%s: %v", line, err)
		}
		methods = append(methods, m.Method)
		if p := m.Params; m.Method == "report_asset_check" {
			checks = append(checks, p.Asset+" "+p.Check+" "+p.Severity+map[bool]string{true: " passed", false: " not"}[p.Passed])
			if p.Check == "ranks_no_worse_2" && (p.Metadata["lower"].Type != "null" || p.Metadata["value"].Raw != 0.5) {
				t.Errorf("metadata %v", p.Metadata)
			}
		}
		if m.Method == "closed" && m.Params.Exception.Message != "boom" {
			t.Errorf("closed with %q", m.Params.Exception.Message)
		}
	}
	if got := strings.Join(methods, " "); got != "opened report_asset_materialization"+strings.Repeat(" report_asset_check", 5)+" closed" {
		t.Errorf("messages: %s", got)
	}
	want := "model ranks_no_worse ERROR passed\nmodel ranks_no_worse_2 ERROR not\nmodel gate WARN not\nmodel costs WARN not\nmodel no_group ERROR passed"
	if got := strings.Join(checks, "\n"); got != want {
		t.Errorf("checks:\n%s\nwant:\n%s", got, want)
	}
}

// Outside Dagster nothing is said; without one asset, no asset is spoken of.
func TestSilence(t *testing.T) {
	c, err := Open(env("", ""), nil, nil)
	if c != nil || err != nil {
		t.Fatal(c, err)
	}
	if err := errors.Join(c.Report(evaluated(), ""), c.Close(nil)); err != nil {
		t.Error(err)
	}
	var out bytes.Buffer
	c, err = Open(env(pack(t, map[string]any{"data": map[string]any{"asset_keys": nil}}), pack(t, map[string]string{"stdio": "stdout"})), &out, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Report(evaluated(), ""), c.Close(nil)); err != nil {
		t.Error(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 2 {
		t.Errorf("%d messages: %s", n, out.String())
	}
}

func TestBrokenParameters(t *testing.T) {
	good := pack(t, map[string]any{"data": map[string]any{}})
	for name, e := range map[string][2]string{
		"not base64":     {"%%", good},
		"not zlib":       {good, base64.StdEncoding.EncodeToString([]byte("plain"))},
		"nowhere":        {good, pack(t, map[string]string{"s3": "bucket"})},
		"missing file":   {pack(t, map[string]string{"path": "/nowhere/at/all"}), pack(t, map[string]string{"stdio": "stdout"})},
		"empty context":  {pack(t, map[string]string{}), pack(t, map[string]string{"stdio": "stdout"})},
		"missing folder": {good, pack(t, map[string]string{"path": "/nowhere/at/all"})},
	} {
		if _, err := Open(env(e[0], e[1]), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "agster") && !strings.Contains(err.Error(), "DAGSTER") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(pack(f, map[string]any{"data": map[string]any{"asset_keys": []string{"a"}}}))
	f.Add("eJw=")
	f.Fuzz(func(t *testing.T, param string) {
		c, err := Open(env(param, pack(t, map[string]string{"stdio": "stdout"})), io.Discard, io.Discard)
		if (c == nil) == (err == nil) && param != "" {
			t.Errorf("channel %v, error %v", c, err)
		}
	})
}
