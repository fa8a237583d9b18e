package provider

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func sh(script string) Config {
	return Config{Provider: "command", Command: []string{"sh", "-c", script}}
}

func TestCommand(t *testing.T) {
	a, err := ask(t, sh(`printf 'I read: '; cat; echo`), question())
	if err != nil || a.Output != `I read: Capital of "France"?` || a.Latency <= 0 || a.Usage.In != nil {
		t.Errorf("%+v %v", a, err)
	}
	c := sh(`read line; case "$line" in *'"sample":2'*) echo '{"output":"Paris","contexts":["c"],"tokens_out":3}';; esac`)
	c.Format = "json"
	a, err = ask(t, c, question())
	if err != nil || a.Output != "Paris" || len(a.Contexts) != 1 || *a.Usage.Out != 3 {
		t.Errorf("%+v %v", a, err)
	}
	for script, want := range map[string]Kind{
		"echo wrong >&2; exit 3": Failed, "exit 75": Server, "printf '\\377'": Encoding,
		"yes | head -c 200000": TooLarge,
	} {
		c := sh(script)
		c.MaxBytes = 100_000
		if _, err := ask(t, c, question()); KindOf(err) != want {
			t.Errorf("%s: %v", script, err)
		}
	}
	c = sh("echo '{\"text\": 1}'")
	c.Format = "json"
	if _, err := ask(t, c, question()); KindOf(err) != Malformed {
		t.Error(err)
	}
	if _, err := ask(t, sh("echo because >&2; exit 3"), question()); err == nil || !strings.Contains(err.Error(), "because") {
		t.Errorf("what the program says is not told: %v", err)
	}
}

// A program that hangs is ended, with what it started.
func TestCommandHangs(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "alive")
	p, err := New(sh(`(sleep 1; echo > ` + mark + `) & sleep 60`))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer stop()
	start := time.Now()
	if _, err := p.Call(ctx, question()); KindOf(err) != Timeout {
		t.Error(err)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	time.Sleep(1500 * time.Millisecond)
	if _, err := os.Stat(mark); err == nil {
		t.Error("a grandchild lives on")
	}
}

func TestRecorded(t *testing.T) {
	write := func(text string) Config {
		name := filepath.Join(t.TempDir(), "answers.jsonl")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return Config{Provider: "recorded", Source: name}
	}
	c := write("\ufeff" + `{"id":"q1","output":"Lyon"}` + "\r\n\n" + `{"id":"q1","sample":2,"output":"Paris","latency_ms":12.5,"model":"m"}` + "\n" + `{"id":7,"output":""}`)
	a, err := ask(t, c, question())
	if err != nil || a.Output != "Paris" || a.Latency != 12500*time.Microsecond || a.Model != "m" || string(a.Response) == "" {
		t.Errorf("%+v %v", a, err)
	}
	for id, want := range map[string]string{"q1": "Lyon", "7": ""} {
		if a, err := ask(t, c, Request{ID: id}); err != nil || a.Output != want {
			t.Errorf("%s: %+v %v", id, a, err)
		}
	}
	if _, err := ask(t, c, Request{ID: "q9"}); KindOf(err) != Missing {
		t.Error(err)
	}
	for text, want := range map[string]string{
		`{"id":"a","output":"x"}` + "\n" + `{"id":"a","output":"y"}`: ":2: this id and sample stand in line 1 too",
		`{"id":"a"}`:                              `:1: there is no field "output"`,
		`{"output":"x"}`:                          `:1: the field "id"`,
		`{"id":"a","output":"x"`:                  ":1: the line is not the JSON expected",
		`{"id":"a","output":3}`:                   ":1: the line is not the JSON expected",
		`{"id":"a","sample":-1,"output":""}`:      ":1: sample",
		"{\"id\":\"a\",\"output\":\"\xff\"}":      ":1: the line is not UTF-8",
		`{"id":"a","output":"x","latency_ms":-1}`: ":1: latency_ms",
	} {
		if _, err := New(write(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
