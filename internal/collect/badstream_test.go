package collect

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
	"github.com/fairtrial/fairtrial/internal/provider"
)

// A stream that ends in the midst, once by a closed connection and once in good order but
// before its finish reason: half a sentence is no answer. It is charged, asked again, and
// the whole one is what is kept.
func TestTruncatedStream(t *testing.T) {
	t.Parallel()
	event := func(text string) string {
		return fmt.Sprintf("data: {\"choices\":[{\"delta\":{\"content\":%q}}]}\n\n", text)
	}
	for name, cut := range map[string]bool{"closed": true, "without an end": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int64
			s := server(t, func(c stub.Call) stub.Reply {
				if c.Prompt == "question 3" && n.Add(1) == 1 {
					if cut {
						return stub.Reply{Body: []byte(event("answer to")), Cut: true}
					}
					return stub.Reply{Parts: []string{event("answer to")}}
				}
				return stub.Reply{Parts: []string{event("answer to "), event(c.Prompt),
					"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
					"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":4}}\n\n", "data: [DONE]\n\n"}}
			})
			p, err := provider.New(provider.Config{Provider: "openai", BaseURL: s.URL + "/v1", Model: "m", Stream: true})
			if err != nil {
				t.Fatal(err)
			}
			res := collected(t, 10, p, Options{Folder: t.TempDir(), Price: Price{In: 1, Out: 1}, MaxTokens: 100})
			if res.Answered != 10 || n.Load() != 2 || res.Spent.Calls != 11 || res.Spent.Failed != 1 || res.Spent.Estimated != 1 {
				t.Errorf("%+v after %d tries", res, n.Load())
			}
			if res.Spent.Out != 10*4+100 {
				t.Errorf("%d tokens out: the broken answer may have cost 100", res.Spent.Out)
			}
		})
	}
}
