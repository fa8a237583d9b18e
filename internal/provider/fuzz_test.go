package provider

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

// FuzzResponses: whatever a server sends, each reader gives an answer or an error.
func FuzzResponses(f *testing.F) {
	f.Add([]byte(`{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}`))
	f.Add([]byte("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"))
	f.Add([]byte("event: message_start\ndata: {\"type\":\"message_start\"}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"x\"}}\n\n"))
	f.Add([]byte(`{"data":[{"index":0,"embedding":[1]}]}`))
	f.Add([]byte(`{"status":"completed","output":[{"content":[{"type":"output_text","text":"x"}]}]}`))
	plain, stream := &openAI{}, &openAI{c: Config{Stream: true}}
	f.Fuzz(func(t *testing.T, b []byte) {
		for i, read := range []reader{plain.chatReader(), stream.chatReader(), plain.responsesReader(), stream.responsesReader(), anthropicStream(), whole(readEmbeddings)} {
			a, raw, bad := read(bytes.NewReader(b), func() {})
			if bad == nil && utf8.Valid(b) && !bytes.Equal(raw, b) && i != 1 && i != 3 && i != 4 {
				t.Fatalf("reader %d keeps %q of %q", i, raw, b)
			}
			if bad != nil && (a.Output != "" || bad.Kind == "" || bad.Message == "") {
				t.Fatalf("reader %d: %+v with %+v", i, a, bad)
			}
		}
		_ = status(400, nil, b)
		_, _, _ = parseLine(b)
	})
}

// FuzzPath: a path is taken or refused, and what is taken can be followed.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"$.a[0].b", `$["a b"][*]`, "a[-1]", "a..b", "["} {
		f.Add(s)
	}
	v := map[string]any{"a": []any{map[string]any{"b": 1}}}
	f.Fuzz(func(_ *testing.T, s string) {
		if p, err := parsePath("answer", s); err == nil {
			p.find(v)
		}
	})
}
