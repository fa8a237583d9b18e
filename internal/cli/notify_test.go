package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A run tells who is to be told; what cannot be told changes no verdict, and no address
// or secret reaches a file, the workspace or a message. httptest plays the receivers.
func TestNotices(t *testing.T) {
	t.Parallel()
	const secret = "verys3cr3t"
	got := map[string][]string{}
	var lock sync.Mutex
	status := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		lock.Lock() // they are told at the same time
		defer lock.Unlock()
		got[r.URL.Path] = append(got[r.URL.Path], r.Header.Get("Webhook-Signature")+" "+string(b))
		w.WriteHeader(status)
	}))
	defer s.Close()
	dir := t.TempDir()
	filed(t, dir, caseRows())
	name := filepath.Join(dir, planFor(t, dir, "parquet", "", "rows.parquet"))
	text, err := os.ReadFile(name)
	if err == nil {
		err = os.WriteFile(name, append(text, `notify: {link: "https://ci.example/1", slack: "${SLACK}", teams: "${TEAMS}", webhook: {url: "${HOOK}", secret: "${KEY}"}, openlineage: events.jsonl}`...), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"SLACK": s.URL + "/slack/" + secret, "TEAMS": s.URL + "/teams/" + secret, "HOOK": s.URL + "/hook/" + secret, "KEY": secret}

	told := func(args ...string) (int, string) {
		t.Helper()
		code, stdout, stderr := with(env, dir, args...)
		if strings.Contains(stdout+stderr, secret) {
			t.Errorf("%v shows a secret:\n%s%s", args, stdout, stderr)
		}
		return code, stderr
	}
	if code, stderr := told("run", "parquet.yaml", "-o", "out"); code != 0 || strings.Contains(stderr, "warning") {
		t.Fatalf("exit status %d\n%s", code, stderr)
	}
	for _, path := range []string{"/slack/", "/teams/", "/hook/"} {
		if x := got[path+secret]; len(x) != 1 || !strings.Contains(x[0], "Go") || !strings.Contains(x[0], "https://ci.example/1") {
			t.Errorf("%s got %v", path, x)
		}
	}
	if !strings.HasPrefix(got["/hook/"+secret][0], "v1,") {
		t.Error("the webhook is not signed")
	}

	// Receivers that refuse: a warning each, the verdict stands; on: holds others back.
	status = http.StatusForbidden
	code, stderr := told("run", "parquet.yaml", "-o", "out")
	if code != 0 || strings.Count(stderr, "warning: ") != 3 {
		t.Errorf("exit status %d\n%s", code, stderr)
	}
	if code, stderr := told("run", "parquet.yaml", "-o", "no", "--set", "gates[0].at_least=0.99"); code != 1 || strings.Count(stderr, "warning: ") != 3 {
		t.Errorf("exit status %d\n%s", code, stderr)
	}
	if code, stderr := told("run", "parquet.yaml", "-o", "held", "--set", "notify.on=[no-go]"); code != 0 || strings.Contains(stderr, "warning") {
		t.Errorf("exit status %d\n%s", code, stderr)
	}
	if code, stderr := told("run", "parquet.yaml", "-o", "held", "--set", "notify.slack=https://x.example/"+secret); code != 2 || !strings.Contains(stderr, "must not stand in a plan") {
		t.Errorf("exit status %d\n%s", code, stderr)
	}
	if code, stderr := told("run", "parquet.yaml", "-o", "held", "--set", "data.where=id < 0"); code != 2 {
		t.Errorf("exit status %d\n%s", code, stderr)
	}

	// A stored record is told of again; here a failure is the command's own.
	status = http.StatusOK
	if code, stderr := told("notify", "no", "--slack", "env:SLACK", "--webhook", "env:HOOK", "--openlineage", "again.jsonl"); code != 0 || len(got["/slack/"+secret]) != 4 || !strings.Contains(got["/slack/"+secret][3], "No-go") {
		t.Errorf("exit status %d\n%s%v", code, stderr, got["/slack/"+secret])
	}
	status = http.StatusNotFound
	for want, args := range map[int][]string{4: {"notify", "no", "--teams", "env:TEAMS"}, 2: {"notify", "no"}} {
		if code, stderr := told(args...); code != want {
			t.Errorf("%v: exit status %d\n%s", args, code, stderr)
		}
	}
	if code, _ := told("notify", "no", "--slack", "env:NOWHERE"); code != 2 {
		t.Errorf("exit status %d", code)
	}

	var kinds []string
	for _, name := range []string{"events.jsonl", "again.jsonl"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
			var e struct{ EventType string }
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, e.EventType)
		}
	}
	if want := "[START COMPLETE START COMPLETE START COMPLETE START COMPLETE START FAIL START COMPLETE]"; fmt.Sprint(kinds) != want {
		t.Errorf("events %v", kinds)
	}

	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), secret) {
			t.Errorf("%s holds a secret", path)
		}
		return err
	})
	if err != nil || files < 15 {
		t.Errorf("%d files were looked at: %v", files, err)
	}
}
