package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// seen is what a server got.
type seen struct {
	uri    string
	header http.Header
	body   string
}

// serve starts a server that gives one answer, with a short wait before each part.
func serve(t *testing.T, parts ...string) (string, *seen) {
	t.Helper()
	var got seen
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = seen{r.URL.RequestURI(), r.Header, string(b)}
		for _, p := range parts {
			time.Sleep(5 * time.Millisecond)
			_, _ = io.WriteString(w, p)
			w.(http.Flusher).Flush()
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, &got
}

func ask(t *testing.T, c Config, r Request) (Answer, error) {
	t.Helper()
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p.Call(context.Background(), r)
}

func getenv(name string) string {
	return map[string]string{"K": "secret-key-1"}[name]
}

func question() Request {
	seed := int64(7)
	return Request{ID: "q1", Sample: 2, Key: "idem-1", Seed: &seed, Vars: map[string]any{"docs": []any{"a", "b"}, "n": 3},
		Messages: []Message{{"system", "Be brief."}, {"user", `Capital of "France"?`}}}
}

func sse(events ...string) (parts []string) {
	for _, e := range events {
		if name, data, ok := strings.Cut(e, "|"); ok {
			parts = append(parts, "event: "+name+"\ndata: "+data+"\n\n")
		} else {
			parts = append(parts, "data: "+e+"\n\n")
		}
	}
	return parts
}

// TestProtocols: what is sent, and what is read, for each protocol.
func TestProtocols(t *testing.T) {
	chat := `{"id":"c1","model":"m-2024","system_fingerprint":"fp","choices":[{"message":{"content":"Paris"},"finish_reason":"stop","logprobs":{"content":[{"token":"Paris","logprob":-0.1,"top_logprobs":[{"token":"Paris","logprob":-0.1},{"token":"Lyon","logprob":-3}]}]}}],"usage":{"prompt_tokens":20,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":0}}}`
	for name, tc := range map[string]struct {
		c      Config
		reply  []string
		uri    string
		header [2]string
		body   string
		want   string // the answer without times and evidence
	}{
		"chat": {
			Config{Provider: "openai", Model: "m", Params: map[string]any{"temperature": 0}}, []string{chat},
			"/v1/chat/completions", [2]string{"Authorization", "Bearer secret-key-1"},
			`{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Capital of \"France\"?"}],"model":"m","seed":7,"temperature":0}`,
			`{"output":"Paris","logprobs":[{"token":"Paris","logprob":-0.1,"top_logprobs":[{"token":"Paris","logprob":-0.1},{"token":"Lyon","logprob":-3}]}],"model":"m-2024","system_fingerprint":"fp","id":"c1","finish":"stop","usage":{"in":20,"out":1,"cached_in":8,"reasoning":0}}`,
		},
		"chat stream": {
			Config{Provider: "openai", Model: "m", Stream: true}, sse(
				`{"id":"c1","model":"m-2024","choices":[{"delta":{"role":"assistant","content":""}}]}`, `{"choices":[{"delta":{"content":"Par"}}]}`, `{"choices":[{"delta":{"content":"is"}}]}`,
				`{"choices":[{"delta":{},"finish_reason":"stop"}]}`, `{"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":2}}`, `[DONE]`),
			"/v1/chat/completions", [2]string{"Idempotency-Key", "idem-1"},
			`{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Capital of \"France\"?"}],"model":"m","seed":7,"stream":true,"stream_options":{"include_usage":true}}`,
			`{"output":"Paris","model":"m-2024","id":"c1","finish":"stop","usage":{"in":20,"out":2}}`,
		},
		"refusal": {
			Config{Provider: "openai", Model: "m"}, []string{`{"choices":[{"message":{"content":null,"refusal":"I cannot."},"finish_reason":"stop"}]}`},
			"/v1/chat/completions", [2]string{}, "", `{"output":"I cannot.","refusal":true,"finish":"stop","usage":{}}`,
		},
		"responses": {
			Config{Provider: "openai", API: "responses", Model: "m", Params: map[string]any{"max_output_tokens": 5}},
			[]string{`{"id":"r1","model":"m","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"error":null,"output":[{"type":"reasoning"},{"type":"message","content":[{"type":"output_text","text":"Paris"}]}],"usage":{"input_tokens":20,"output_tokens":5}}`},
			"/v1/responses", [2]string{"Authorization", "Bearer secret-key-1"},
			`{"input":[{"role":"system","content":"Be brief."},{"role":"user","content":"Capital of \"France\"?"}],"max_output_tokens":5,"model":"m","store":false}`,
			`{"output":"Paris","model":"m","id":"r1","finish":"max_output_tokens","usage":{"in":20,"out":5}}`,
		},
		"responses stream": {
			Config{Provider: "openai", API: "responses", Model: "m", Stream: true}, sse(
				`response.created|{"type":"response.created","response":{}}`, `response.output_text.delta|{"type":"response.output_text.delta","delta":"Paris"}`,
				`response.completed|{"type":"response.completed","response":{"id":"r1","status":"completed","output":[{"content":[{"type":"output_text","text":"Paris"}]}]}}`),
			"/v1/responses", [2]string{}, "", `{"output":"Paris","id":"r1","finish":"completed","usage":{}}`,
		},
		"embeddings": {
			Config{Provider: "openai", API: "embeddings", Model: "e"}, []string{`{"model":"e","data":[{"index":0,"embedding":[0.5,-1]}],"usage":{"prompt_tokens":4}}`},
			"/v1/embeddings", [2]string{}, `{"encoding_format":"float","input":["Capital of \"France\"?"],"model":"e"}`,
			`{"output":"","embeddings":[[0.5,-1]],"model":"e","usage":{"in":4}}`,
		},
		"azure": {
			Config{Provider: "azure", Model: "my-deployment", APIVersion: "2024-10-21"}, []string{chat},
			"/v1/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21", [2]string{"Api-Key", "secret-key-1"},
			`{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Capital of \"France\"?"}],"seed":7}`, "",
		},
		"anthropic": {
			Config{Provider: "anthropic", Model: "c", Params: map[string]any{"max_tokens": 9}},
			[]string{`{"type":"message","id":"m1","model":"c-1","stop_reason":"end_turn","content":[{"type":"thinking"},{"type":"text","text":"Paris"}],"usage":{"input_tokens":3,"cache_read_input_tokens":4,"output_tokens":1}}`},
			"/v1/v1/messages", [2]string{"X-Api-Key", "secret-key-1"},
			`{"max_tokens":9,"messages":[{"role":"user","content":"Capital of \"France\"?"}],"model":"c","system":"Be brief."}`,
			`{"output":"Paris","model":"c-1","id":"m1","finish":"end_turn","usage":{"in":7,"out":1,"cached_in":4}}`,
		},
		"anthropic stream": {
			Config{Provider: "anthropic", Model: "c", Stream: true, Params: map[string]any{"max_tokens": 9}}, sse(
				`message_start|{"type":"message_start","message":{"id":"m1","model":"c-1","usage":{"input_tokens":7,"output_tokens":1}}}`, `ping|{"type":"ping"}`,
				`content_block_delta|{"type":"content_block_delta","delta":{"type":"text_delta","text":"Paris"}}`,
				`message_delta|{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}`, `message_stop|{"type":"message_stop"}`),
			"/v1/v1/messages", [2]string{"Anthropic-Version", "2023-06-01"}, "",
			`{"output":"Paris","model":"c-1","id":"m1","finish":"end_turn","usage":{"in":7,"out":2}}`,
		},
		"ollama": {
			Config{Provider: "ollama", Model: "g", Params: map[string]any{"temperature": 0, "max_tokens": 9, "format": "json"}},
			[]string{`{"model":"g","message":{"role":"assistant","content":"Paris"},"done":true,"done_reason":"stop","prompt_eval_count":20,"eval_count":2}`},
			"/v1/api/chat", [2]string{},
			`{"format":"json","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Capital of \"France\"?"}],"model":"g","options":{"num_predict":9,"seed":7,"temperature":0},"stream":false}`,
			`{"output":"Paris","model":"g","finish":"stop","usage":{"in":20,"out":2}}`,
		},
		"ollama stream": {
			Config{Provider: "ollama", Model: "g", Stream: true}, []string{`{"model":"g","message":{"content":"Par"}}` + "\n", `{"model":"g","message":{"content":"is"}}` + "\n", `{"model":"g","done":true,"done_reason":"stop","eval_count":2}` + "\n"},
			"/v1/api/chat", [2]string{}, "", `{"output":"Paris","model":"g","finish":"stop","usage":{"out":2}}`,
		},
		"application": {
			Config{Provider: "http", Body: map[string]any{"q": "Q: {{prompt}}", "docs": "{{vars.docs}}", "n": "{{ vars.n }}", "id": "{{id}}-{{sample}}", "seed": "{{seed}}"}, Answer: "$.result.text", Contexts: "result.sources[*].body"},
			[]string{"\ufeff" + `{"result":{"text":"Paris","sources":[{"body":"Paris is …"},{"body":"France …"}]}}`},
			"/v1", [2]string{"Authorization", "Bearer secret-key-1"}, `{"docs":["a","b"],"id":"q1-2","n":3,"q":"Q: Capital of \"France\"?","seed":7}`,
			`{"output":"Paris","contexts":["Paris is …","France …"],"usage":{}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, got := serve(t, tc.reply...)
			tc.c.BaseURL, tc.c.Key, tc.c.Getenv = url+"/v1", "env:K", getenv
			a, err := ask(t, tc.c, question())
			if err != nil {
				t.Fatal(err)
			}
			if got.uri != tc.uri {
				t.Errorf("asked %s, not %s", got.uri, tc.uri)
			}
			if tc.header[0] != "" && got.header.Get(tc.header[0]) != tc.header[1] {
				t.Errorf("%s: %q", tc.header[0], got.header.Get(tc.header[0]))
			}
			if tc.body != "" && got.body != tc.body {
				t.Errorf("sent\n%s, not\n%s", got.body, tc.body)
			}
			if a.Latency <= 0 || tc.c.Stream && (a.FirstToken <= 0 || a.FirstToken >= a.Latency) || !tc.c.Stream && a.FirstToken != 0 {
				t.Errorf("first token %s, all %s", a.FirstToken, a.Latency)
			}
			if string(a.Response) != strings.Join(tc.reply, "") || !strings.HasSuffix(string(a.Request), got.body) || !strings.Contains(string(a.Request), tc.uri) || strings.Contains(string(a.Request), "secret") {
				t.Errorf("the evidence is\n%s\n%s", a.Request, a.Response)
			}
			a.Latency, a.FirstToken = 0, 0
			if b, _ := json.Marshal(a); tc.want != "" && string(b) != tc.want {
				t.Errorf("read\n%s, not\n%s", b, tc.want)
			}
		})
	}
}

// TestCutStreams cuts each stream at every event: what is not whole is no answer.
func TestCutStreams(t *testing.T) {
	for name, tc := range map[string]struct {
		c     Config
		parts []string
		whole int // from how many parts on it is an answer
	}{
		"openai":    {Config{Provider: "openai", Model: "m", Stream: true}, sse(`{"choices":[{"delta":{"content":"Par"}}]}`, `{"choices":[{"delta":{"content":"is"}}]}`, `{"choices":[{"delta":{},"finish_reason":"stop"}]}`, `[DONE]`), 3},
		"responses": {Config{Provider: "openai", API: "responses", Model: "m", Stream: true}, sse(`{"type":"response.output_text.delta","delta":"Par"}`, `{"type":"response.completed","response":{"status":"completed"}}`), 2},
		"anthropic": {Config{Provider: "anthropic", Model: "m", Stream: true, Params: map[string]any{"max_tokens": 1}}, sse(`{"type":"content_block_delta","delta":{"type":"text_delta","text":"Par"}}`, `{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`, `{"type":"message_stop"}`), 2},
		"ollama":    {Config{Provider: "ollama", Model: "m", Stream: true}, []string{`{"message":{"content":"Par"}}` + "\n", `{"done":true}` + "\n"}, 2},
	} {
		for n := 0; n <= len(tc.parts); n++ {
			url, _ := serve(t, append(tc.parts[:n:n], "")...)
			tc.c.BaseURL = url
			_, err := ask(t, tc.c, question())
			if n < tc.whole && KindOf(err) != Malformed || n >= tc.whole && err != nil {
				t.Errorf("%s, %d parts of %d: %v", name, n, len(tc.parts), err)
			}
			if n > 0 && n < tc.whole {
				if e, ok := err.(*Error); !ok || len(e.Response) == 0 || !e.Sent { //nolint:errorlint // it is not wrapped
					t.Errorf("%s: the broken stream is not kept", name)
				}
			}
		}
	}
}

// TestErrorsInStreams: a stream that ends in an error is no answer.
func TestErrorsInStreams(t *testing.T) {
	for want, tc := range map[Kind]struct {
		c     Config
		parts []string
	}{
		RateLimited: {Config{Provider: "openai", Model: "m", Stream: true}, sse(`{"choices":[{"delta":{"content":"Par"}}]}`, `{"error":{"type":"rate_limit_exceeded","message":"slow"}}`)},
		Server:      {Config{Provider: "anthropic", Model: "m", Stream: true, Params: map[string]any{"max_tokens": 1}}, sse(`{"type":"error","error":{"type":"overloaded_error","message":"busy"}}`)},
		BadRequest:  {Config{Provider: "openai", Model: "m", Stream: true}, []string{`{"error":{"type":"invalid_request_error","message":"no"}}`}},
	} {
		url, _ := serve(t, tc.parts...)
		tc.c.BaseURL = url
		if _, err := ask(t, tc.c, question()); KindOf(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestStatus(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		header map[string]string
		kind   Kind
		after  time.Duration
	}{
		{429, `{"error":{"message":"slow","code":"rate_limit_exceeded"}}`, map[string]string{"Retry-After": "7"}, RateLimited, 7 * time.Second},
		{429, `{}`, map[string]string{"Retry-After-Ms": "250", "Retry-After": "9"}, RateLimited, 250 * time.Millisecond},
		{429, `{}`, map[string]string{"Retry-After": "-5"}, RateLimited, 0},
		{429, `{"error":{"code":"insufficient_quota","message":"pay"}}`, nil, Quota, 0},
		{402, ``, nil, Quota, 0},
		{400, `{"error":{"code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation"}}}`, nil, Filtered, 0},
		{400, `{"error":{"code":"context_length_exceeded"}}`, nil, BadRequest, 0},
		{422, `{"detail":[{"msg":"x"}]}`, nil, BadRequest, 0},
		{401, `{"error":"bad"}`, nil, Auth, 0},
		{403, ``, nil, Auth, 0},
		{404, `{"error":{"message":"no such model"}}`, nil, NotFound, 0},
		{307, ``, map[string]string{"Location": "http://elsewhere.example/"}, BadRequest, 0},
		{408, ``, nil, Server, 0}, {500, `<html>`, nil, Server, 0}, {502, ``, nil, Server, 0}, {503, ``, map[string]string{"Retry-After": "2"}, Server, 2 * time.Second},
		{504, ``, nil, Server, 0}, {529, ``, nil, Server, 0}, {501, ``, nil, BadRequest, 0},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for k, v := range tc.header {
				w.Header().Set(k, v)
			}
			w.WriteHeader(tc.status)
			_, _ = io.WriteString(w, tc.body)
		}))
		_, err := ask(t, Config{Provider: "openai", BaseURL: s.URL, Model: "m"}, question())
		e, ok := err.(*Error) //nolint:errorlint // it is not wrapped
		if !ok || e.Kind != tc.kind || e.RetryAfter != tc.after || e.Status != tc.status {
			t.Errorf("%d %s: %#v", tc.status, tc.body, err)
		}
		s.Close()
	}
	past := http.Header{"Retry-After": {time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)}}
	soon := http.Header{"Retry-After": {time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)}}
	if retryAfter(past, time.Now()) != 0 || retryAfter(soon, time.Now()) < 80*time.Second {
		t.Error("dates in Retry-After")
	}
}

func TestRateHeaders(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		h    map[string]string
		want Rate
	}{
		{nil, Rate{}},
		{map[string]string{"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2s"}, Rate{true, 0, 62 * time.Second}},
		{map[string]string{"x-ratelimit-remaining-requests": "9", "x-ratelimit-reset-requests": "1.5"}, Rate{true, 9, 1500 * time.Millisecond}},
		{map[string]string{"x-ratelimit-remaining-requests": "many"}, Rate{}},
		{map[string]string{"anthropic-ratelimit-requests-remaining": "3", "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:05Z"}, Rate{true, 3, 5 * time.Second}},
		{map[string]string{"anthropic-ratelimit-requests-remaining": "3", "anthropic-ratelimit-requests-reset": "2020-01-01T00:00:05Z"}, Rate{true, 3, 0}},
	} {
		h := http.Header{}
		for k, v := range tc.h {
			h.Set(k, v)
		}
		if got := rate(h, now); got != tc.want {
			t.Errorf("%v: %+v", tc.h, got)
		}
	}
}

// TestConfig: what is wrong in a configuration is said with its field, and no key is repeated.
func TestConfig(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "empty")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]Config{
		"none of openai":                {Provider: "opnai"},
		"model":                         {Provider: "openai"},
		"key: write env:NAME":           {Provider: "openai", Model: "m", Key: "sk-secret-1"},
		"K2 is not set":                 {Provider: "openai", Model: "m", Key: "env:K2"},
		"is empty":                      {Provider: "openai", Model: "m", Key: "file:" + file},
		"no such file":                  {Provider: "openai", Model: "m", Key: "file:" + file + "x"},
		"headers.X-Api-Key":             {Provider: "openai", Model: "m", Headers: map[string]string{"X-Api-Key": "sk-secret-1"}},
		"user or password":              {Provider: "openai", Model: "m", BaseURL: "http://u:sk-secret-1@h/"},
		"looks like a key":              {Provider: "openai", Model: "m", BaseURL: "http://h/?api_key=sk-secret-1"},
		"write http://h/v1":             {Provider: "openai", Model: "m", BaseURL: "http://h/v1/chat/completions/"},
		"/v1/messages is added":         {Provider: "anthropic", Model: "m", Params: map[string]any{"max_tokens": 1}, BaseURL: "http://h/v1/messages"},
		"/api is added":                 {Provider: "ollama", Model: "m", BaseURL: "http://h/api/"},
		"no http or https":              {Provider: "openai", Model: "m", BaseURL: "h/v1"},
		"params.model":                  {Provider: "openai", Model: "m", Params: map[string]any{"model": "n"}},
		"answer, body: the provider":    {Provider: "openai", Model: "m", Answer: "$.a", Body: 1},
		"api_version":                   {Provider: "azure", Model: "m", BaseURL: "http://h"},
		"base_url":                      {Provider: "azure", Model: "m", APIVersion: "1"},
		"max_tokens":                    {Provider: "anthropic", Model: "m"},
		"api: \"chats\"":                {Provider: "openai", Model: "m", API: "chats"},
		"options: a map":                {Provider: "ollama", Model: "m", Params: map[string]any{"options": 1}},
		"body: what":                    {Provider: "http", BaseURL: "http://h", Answer: "$"},
		"answer: the JSON path":         {Provider: "http", BaseURL: "http://h", Body: "x"},
		"a bracket is not closed":       {Provider: "http", BaseURL: "http://h", Body: "x", Answer: "a[1"},
		"command: the program":          {Provider: "command"},
		"executable file not found":     {Provider: "command", Command: []string{"no-such-program-here"}},
		"neither text nor json":         {Provider: "command", Command: []string{"sh"}, Format: "xml"},
		"source: the file":              {Provider: "recorded"},
		"params: the provider \"http\"": {Provider: "http", Params: map[string]any{"a": 1}},
	} {
		_, err := New(c)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if err != nil && strings.Contains(err.Error(), "sk-secret") {
			t.Errorf("the key is repeated: %v", err)
		}
	}
}

func TestEncodeIsTheRequest(t *testing.T) {
	p, err := New(Config{Provider: "openai", BaseURL: "http://h/v1/", Model: "m", Key: "env:K", Getenv: getenv, Params: map[string]any{"b": 1, "a": 2}})
	if err != nil {
		t.Fatal(err)
	}
	r := question()
	one, _ := p.Encode(r)
	r.Key, r.ID = "other", "q2" // neither is sent
	two, _ := p.Encode(r)
	if string(one) != string(two) || strings.Contains(string(one), "secret") || !strings.HasPrefix(string(one), "POST http://h/v1/chat/completions\n") {
		t.Errorf("%s\n%s", one, two)
	}
	r.Messages[1].Content += " "
	if three, _ := p.Encode(r); string(three) == string(one) {
		t.Error("another question has the same key")
	}
}

func TestTemplateIsStrict(t *testing.T) {
	p, err := New(Config{Provider: "http", BaseURL: "http://h", Answer: "$.a", Body: map[string]any{"x": []any{"{{vars.color}}"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Encode(question()); err == nil || !strings.Contains(err.Error(), `body.x[0]: the case "q1" has no variable "vars.color"`) {
		t.Error(err)
	}
}

func TestPath(t *testing.T) {
	var v any
	if err := json.Unmarshal([]byte(`{"a":{"b c":[{"x":1},{"x":2},{}]},"l":["p","q"]}`), &v); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{`$`: "1", `$.a["b c"][1].x`: "[2]", `a["b c"][*].x`: "[1 2]", `l[-1]`: "[q]", `l[9]`: "[]", `a.none`: "[]", `l[*]`: "[p q]"} {
		p, err := parsePath("answer", text)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(p.find(v))
		if text == "$" {
			got = fmt.Sprint(len(p.find(v)))
		}
		if got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	for _, bad := range []string{"a..b", "a[", "a[x]", `a["x`, "."} {
		if _, err := parsePath("answer", bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
