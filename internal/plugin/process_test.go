package plugin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/plugin"
)

// script runs Python that speaks the protocol by hand. say(x) writes a line, ask() reads a
// batch of rows.
func script(t *testing.T, body string) plugin.Command {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("python3 is needed")
	}
	const head = `
import json, sys, time, os
def say(x):
    sys.stdout.write((x if isinstance(x, str) else json.dumps(x)) + "\n"); sys.stdout.flush()
def hello(**more):
    say({"fairtrial": 1, "version": "7", "offers": [{"name": "s", "kind": "scorer", "fields": ["a"]}], **more})
def start():
    return json.loads(sys.stdin.readline())["start"]
def ask():
    line = sys.stdin.readline()
    if not line: return None
    return [json.loads(sys.stdin.readline()) for _ in range(json.loads(line)["batch"])]
`
	file := filepath.Join(t.TempDir(), "p.py")
	if err := os.WriteFile(file, []byte(head+body), 0o600); err != nil {
		t.Fatal(err)
	}
	return plugin.Command{Name: "s", Args: []string{python, file}, Timeout: 20 * time.Second}
}

func rows(n int) []plugin.Row {
	out := make([]plugin.Row, n)
	for i := range out {
		out[i] = plugin.Row{ID: fmt.Sprint("r", i+1), Row: int64(i + 1), Model: "candidate", Output: json.RawMessage("0.5"), Fields: json.RawMessage(`{"a":` + fmt.Sprint(i) + `}`)}
	}
	return out
}

// converse asks about the rows in one batch and closes.
func converse(t *testing.T, c plugin.Command, n int) ([]plugin.Answer, error) {
	t.Helper()
	ctx := context.Background()
	p, err := plugin.Run(ctx, c)
	if err != nil {
		return nil, err
	}
	defer p.Stop()
	if err := p.Choose(plugin.Scorer); err != nil {
		return nil, err
	}
	if err := p.Begin(plugin.Start{Plan: "p", Task: "binary"}); err != nil {
		return nil, err
	}
	answers, err := p.Ask(ctx, rows(n))
	if err != nil {
		return nil, err
	}
	return answers, p.Close(ctx)
}

func TestConversation(t *testing.T) {
	c := script(t, `
hello(); s = start(); assert s["offer"] == "s" and s["task"] == "binary", s
while (rows := ask()):
    for r in reversed(rows):  # in any order
        say({"n": r["n"], "ungraded": "odd", "traceback": "tb"} if r["fields"]["a"] % 2 else {"n": r["n"], "value": r["fields"]["a"] + r["output"]})
print("done", file=sys.stderr)
`)
	var logged []string
	c.Log = func(line string) { logged = append(logged, line) }
	ctx := context.Background()
	p, err := plugin.Run(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.Choose(plugin.Scorer), p.Begin(plugin.Start{Task: "binary"})); err != nil {
		t.Fatal(err)
	}
	if p.Version != "7" || p.Offer.Fields[0] != "a" {
		t.Errorf("%+v", p.Offer)
	}
	for batch := range 3 { // one process for all
		answers, err := p.Ask(ctx, rows(plugin.BatchRows))
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range answers {
			if want := int64(batch*plugin.BatchRows + i + 1); a.N != want {
				t.Fatalf("answer %d has n %d, want %d", i, a.N, want)
			}
			if i%2 == 1 && (a.Ungraded != "odd" || a.Traceback != "tb") || i%2 == 0 && string(a.Value) != fmt.Sprint(float64(i)+0.5) {
				t.Fatalf("row %d: %+v", i, a)
			}
		}
	}
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
	if len(logged) != 1 || logged[0] != "done" {
		t.Errorf("logged %q", logged)
	}
}

// What can go wrong on the other side is told in words, and ends the process.
func TestMisbehaviour(t *testing.T) {
	const loop = "hello(); start()\nrows = ask()\n"
	for _, tc := range []struct {
		name, body string
		want       string // part of the error
		wrong      bool
		timeout    time.Duration
	}{
		{"dies at once", "print('no module named x', file=sys.stderr); sys.exit(3)", "ended (exit status 3) while its hello was awaited\n  its stderr ends:\n    no module named x", false, 0},
		{"says nothing", "time.sleep(60)", "was silent for 300ms while its hello was awaited", false, 300 * time.Millisecond},
		{"greets in words", "say('hello')", `its first line is no hello: "hello"`, true, 0},
		{"greets without a version", "say({'offers': []})", "names no version of the protocol", true, 0},
		{"speaks another version", "hello(fairtrial=2)", "speaks version 2 of the protocol, this fairtrial speaks 1", true, 0},
		{"offers nothing", "hello(offers=[])", "offers nothing", true, 0},
		{"offers something unknown", "hello(offers=[{'name': 'x', 'kind': 'judge'}])", `of the kind "judge"`, true, 0},
		{"offers no scorer", "hello(offers=[{'name': 'x', 'kind': 'model'}]); start()", "offers no scorer: it has model x", true, 0},
		{"offers two others", "hello(offers=[{'name': 'x', 'kind': 'scorer'}, {'name': 'y', 'kind': 'scorer'}]); start()", "offers several and none of its own name", true, 0},
		{"dies on a row", loop + "raise ValueError('boom')", "ended (exit status 1) while rows 1 to 3 were asked about (0 of 3 answered)", false, 0},
		{"dies by a signal", loop + "say({'n': 1, 'value': 1}); os.kill(os.getpid(), 9)", "ended (signal: killed) while rows 1 to 3 were asked about (1 of 3 answered)", false, 0},
		{"hangs", loop + "say({'n': 1, 'value': 1}); time.sleep(60)", "was silent for 400ms while rows 1 to 3 were asked about (1 of 3 answered)", false, 400 * time.Millisecond},
		{"closes its output", loop + "os.close(1); time.sleep(60)", "closed its output while rows", false, 0},
		{"prints", loop + "say('scoring…')", `wrote a line that is no answer: "scoring…"`, false, 0},
		{"writes NaN", loop + "say('{\"n\": 1, \"value\": NaN}')", "wrote a line that is no answer", false, 0},
		{"breaks a line", loop + "say('{\"n\": 1,'); say('\"value\": 1}')", "wrote a line that is no answer", false, 0},
		{"forgets n", loop + "say({'value': 1})", "wrote an answer without n", false, 0},
		{"answers another row", loop + "say({'n': 4, 'value': 1})", "answered row n=4, which was not asked: 1 to 3 were", false, 0},
		{"answers twice", loop + "say({'n': 1, 'value': 1}); say({'n': 1, 'value': 1})", "answered row n=1 twice", false, 0},
		{"answers too few", loop + "[say({'n': r['n'], 'value': 1}) for r in rows[:2]]; ask()", "was silent for 400ms while rows 1 to 3 were asked about (2 of 3 answered)", false, 400 * time.Millisecond},
		{"answers too many", loop + "[say({'n': r['n'], 'value': 1}) for r in rows]; say({'n': 4, 'value': 1}); ask()", "wrote a line after its last answer", false, 0},
		{"writes a huge line", loop + "say('x' * (2 << 20))", "wrote a line of more than 1024 KiB", false, 0},
		{"writes without an end", loop + "\nwhile True: sys.stdout.write('x' * 65536)", "wrote a line of more than 1024 KiB", false, 0},
		{"writes bytes that are no text", loop + "sys.stdout.buffer.write(b'\\xff\\xfe\\n'); sys.stdout.buffer.flush()", "wrote a line that is no answer", false, 0},
		{"fails at the end", loop + "[say({'n': r['n'], 'value': 1}) for r in rows]; ask(); sys.exit(5)", "ended (exit status 5) after its last answer", false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := script(t, tc.body)
			if tc.timeout > 0 {
				c.Timeout = tc.timeout
				if strings.Contains(tc.body, "hello()") {
					c.Timeout += 3 * time.Second // a busy machine needs some time to start Python
					tc.want = strings.Replace(tc.want, tc.timeout.String(), c.Timeout.String(), 1)
				}
			}
			began := time.Now()
			_, err := converse(t, c, 3)
			var e *plugin.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want %q", err, tc.want)
			}
			if e.Wrong != tc.wrong {
				t.Errorf("wrong is %t: %v", e.Wrong, err)
			}
			if time.Since(began) > 30*time.Second {
				t.Error("it took", time.Since(began))
			}
		})
	}
}

func TestNotStarted(t *testing.T) {
	_, err := plugin.Run(context.Background(), plugin.Command{Name: "s", Args: []string{"./no-such-program"}, Dir: t.TempDir(), Timeout: time.Second})
	var e *plugin.Error
	if !errors.As(err, &e) || !e.Wrong || !strings.Contains(err.Error(), "cannot be started") || !strings.Contains(e.Hint, "no-such-program") {
		t.Error(err)
	}
}

// A plug-in that writes more to stderr than a pipe holds does not hang, and a value that is
// null is ungraded.
func TestChatty(t *testing.T) {
	c := script(t, "hello(); start()\nfor r in ask():\n    print('x' * 100000, file=sys.stderr); say({'n': r['n'], 'value': None})\nask()")
	logged := 0
	c.Log = func(string) { logged++ }
	answers, err := converse(t, c, 30)
	if err != nil {
		t.Fatal(err)
	}
	if answers[29].Ungraded != "no value and no reason" || logged == 0 || logged > 1000 {
		t.Errorf("%+v, %d lines logged", answers[29], logged)
	}
}

// What a plug-in started ends with it.
func TestEndsItsChildren(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "alive")
	c := script(t, "import subprocess\nsubprocess.Popen(['sh', '-c', 'sleep 2; touch "+mark+"'])\nhello(); start(); ask(); time.sleep(60)")
	c.Timeout = 1500 * time.Millisecond
	if _, err := converse(t, c, 1); err == nil {
		t.Fatal("no error")
	}
	time.Sleep(2500 * time.Millisecond)
	if _, err := os.Stat(mark); err == nil {
		t.Error("a child of the plug-in lived on")
	}
}

func TestInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	p, err := plugin.Run(ctx, script(t, "hello(); start(); ask(); time.sleep(60)"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	if err := errors.Join(p.Choose(plugin.Scorer), p.Begin(plugin.Start{})); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(200*time.Millisecond, stop)
	if _, err := p.Ask(ctx, rows(1)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
