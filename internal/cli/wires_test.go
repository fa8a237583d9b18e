package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every provider that asks over HTTP, through a whole plan: the address, the key's header
// and the body are what its server expects, the answer, tokens and passages are read, the
// right answer is not sent. Stand-ins play the servers that cannot run here.
func TestProvidersThroughAPlan(t *testing.T) {
	t.Parallel()
	const key = "sk-wire-key-0123456789"
	messages := `"messages":[{"role":"user","content":"question %d?"}]`
	for name, x := range map[string]struct {
		plan           string // of the candidate
		path, auth     string
		sent           string // the body holds it
		reply          string
		tokens, passes bool
	}{
		"openai": {`{provider: openai, base_url: "URL/v1", model: m, key: "env:WIRE", prompt: PROMPT, seed: 7}`,
			"/v1/chat/completions", "Authorization: Bearer " + key, `"seed":7`,
			`{"choices": [{"message": {"content": %q}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}`, true, false},
		"responses": {`{provider: openai, api: responses, base_url: "URL/v1", model: m, key: "env:WIRE", prompt: PROMPT}`,
			"/v1/responses", "Authorization: Bearer " + key, `"model":"m"`,
			`{"status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": %q}]}], "usage": {"input_tokens": 3, "output_tokens": 2}}`, true, false},
		"azure": {`{provider: azure, base_url: "URL", model: dep, key: "env:WIRE", api_version: "2024-10-21", prompt: PROMPT}`,
			"/openai/deployments/dep/chat/completions?api-version=2024-10-21", "api-key: " + key, messages,
			`{"choices": [{"message": {"content": %q}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}`, true, false},
		"anthropic": {`{provider: anthropic, base_url: "URL", model: m, key: "env:WIRE", prompt: PROMPT, params: {max_tokens: 64}}`,
			"/v1/messages", "X-Api-Key: " + key, `"max_tokens":64`,
			`{"type": "message", "content": [{"type": "text", "text": %q}], "stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 2}}`, true, false},
		"ollama": {`{provider: ollama, base_url: "URL", model: m, prompt: PROMPT}`,
			"/api/chat", "", messages,
			`{"model": "m", "message": {"role": "assistant", "content": %q}, "done": true, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 2}`, true, false},
		"http": {`{provider: http, base_url: "URL/ask", key: "env:WIRE", body: {text: "{{prompt}}", lang: "{{vars.lang}}"}, answer: "data.reply", contexts: "data.found", prompt: PROMPT}`,
			"/ask", "Authorization: Bearer " + key, `"lang":"en"`,
			`{"data": {"reply": %q, "found": ["a passage that it found itself"]}}`, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			question := regexp.MustCompile(`question (\d+)\?`)
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				asked := question.FindSubmatch(b)
				header, value, _ := strings.Cut(x.auth, ": ")
				switch {
				case r.URL.RequestURI() != x.path:
					t.Errorf("address %s, want %s", r.URL.RequestURI(), x.path)
				case header != "" && r.Header.Get(header) != value:
					t.Errorf("header %s: %q", header, r.Header.Get(header))
				case asked == nil || strings.Contains(string(b), "right answer"):
					t.Errorf("body %s", b)
				case !strings.Contains(string(b), strings.Replace(x.sent, "%d", string(asked[1]), 1)):
					t.Errorf("body %s lacks %s", b, x.sent)
				default:
					fmt.Fprintf(w, x.reply, fmt.Sprintf("answer to %s", asked[1]))
					return
				}
				w.WriteHeader(http.StatusBadRequest)
			}))
			defer s.Close()
			dir := t.TempDir()
			var cases strings.Builder
			for i := range 40 {
				fmt.Fprintf(&cases, `{"id": "c%d", "q": "question %d?", "n": "answer to %d", "lang": "en", "ref": "right answer %d"}`+"\n", i, i, i, i)
			}
			candidate := strings.ReplaceAll(strings.ReplaceAll(x.plan, "URL", s.URL), "PROMPT", `{messages: [{role: user, content: "{{q}}"}]}`)
			plan := "name: wire\ntask: generation\ndata: {source: cases.jsonl, columns: {id: id, reference: ref}}\nmodels:\n  candidate: " + candidate +
				"\nlimits: {retries: 0}\nscorers: [{type: equals, value: \"{{n}}\", as: own}]\ngates: [{metric: own, at_least: 0.5}]\n"
			if x.tokens {
				plan = strings.Replace(plan, "gates: [", "gates: [{metric: tokens_out, at_most: 2, evidence: value}, ", 1)
			}
			for file, text := range map[string]string{"cases.jsonl": cases.String(), "plan.yaml": plan} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			code, stdout, stderr := with(map[string]string{"WIRE": key}, dir, "run", "plan.yaml", "-o", "out")
			if code != 0 || strings.Contains(stdout+stderr, key) {
				t.Fatalf("exit status %d\n%s%s", code, stdout, stderr)
			}
			code, stdout, stderr = with(nil, dir, "answers", "out")
			lines := strings.Split(strings.TrimSpace(stdout), "\n")
			if code != 0 || len(lines) != 40 {
				t.Fatalf("exit status %d, %d answers\n%s%s", code, len(lines), stdout, stderr)
			}
			for i, line := range lines {
				var a struct {
					ID, Output string
					Contexts   []string
					Out        int `json:"tokens_out"`
				}
				if err := json.Unmarshal([]byte(line), &a); err != nil || a.ID != fmt.Sprintf("c%d", i) || a.Output != fmt.Sprintf("answer to %d", i) ||
					(a.Out == 2) != x.tokens || (len(a.Contexts) == 1) != x.passes {
					t.Errorf("answer %d: %s (%v)", i, line, err)
				}
			}
		})
	}
}
