package score

import (
	"strings"
	"testing"
	"time"
)

func TestMarkup(t *testing.T) {
	for _, v := range []vector{
		{`{"type":"is-xml"}`, "<a><b/></a>", "", 1.0},
		{`{"type":"is-xml"}`, "Here: <a/>", "", 0.0},
		{`{"type":"is-xml"}`, "```xml\n<a/>\n```", "", 0.0},
		{`{"type":"is-xml","fence":true}`, "```xml\n<a/>\n```", "", 1.0},
		{`{"type":"is-xml"}`, "<a><b></a></b>", "", 0.0},
		{`{"type":"is-xml"}`, "", "", 0.0},
		{`{"type":"is-xml","value":["a.b","a.b.c"]}`, "<a><b><c/></b></a>", "", 1.0},
		{`{"type":"is-xml","value":"a.b, a.d"}`, "<a><b><c/></b></a>", "", 0.0},
		{`{"type":"is-xml","value":{"requiredElements":["a.b"]}}`, "<a><b><c/></b></a>", "", 1.0},
		{`{"type":"is-xml"}`, "<!DOCTYPE a><a/>", "", 1.0},
		{`{"type":"contains-xml"}`, "I think 1 < 2, so <a x='1'>b</a> it is", "", 1.0},
		{`{"type":"contains-xml"}`, "1 < 2 and <a>", "", 0.0},
		{`{"type":"contains-xml","value":"c"}`, "<a/> then <c/>", "", 1.0},
		{`{"type":"not-contains-xml"}`, "no markup", "", 1.0},
		{`{"type":"is-html"}`, "<p>Hello<p>World", "", 0.0},
		{`{"type":"is-html"}`, "<p>Hello<p>World</p>", "", 1.0},
		{`{"type":"is-html"}`, "<!doctype html><html><body><img src=a><br>x</body></html>", "", 1.0},
		{`{"type":"is-html"}`, "<ul><li>a<li>b</ul>", "", 1.0},
		{`{"type":"is-html"}`, "<div><span>a</div></span>", "", 0.0},
		{`{"type":"is-html"}`, "<thing>a</thing>", "", 0.0},
		{`{"type":"is-html"}`, "<my-thing>a</my-thing>", "", 1.0},
		{`{"type":"is-html"}`, "<svg><circle r='1'/><g></g></svg>", "", 1.0},
		{`{"type":"is-html"}`, "<div>a", "", 0.0},
		{`{"type":"is-html"}`, "<b>a</b> and <i>b</i>", "", 0.0},
		{`{"type":"is-html"}`, "<script>if (a < b) { c() }</script>", "", 1.0},
		{`{"type":"is-html"}`, "plain", "", 0.0},
		{`{"type":"is-html"}`, "<!-- only a comment -->", "", 0.0},
		{`{"type":"contains-html"}`, "Use <b>bold</b>.", "", 1.0},
		{`{"type":"contains-html"}`, "a<br>b", "", 1.0},
		{`{"type":"contains-html"}`, "if a <b and c> d", "", 0.0},
		{`{"type":"contains-html"}`, "<xml>a</xml>", "", 0.0},
		{`{"type":"meteor"}`, "the cat sat", "the cat sat", 1 - 0.5/27},
		{`{"type":"meteor"}`, "dogs", "dog", 0.5},
		{`{"type":"meteor"}`, "x", "y", 0.0},
		{`{"type":"meteor"}`, "", "y", 0.0},
		{`{"type":"perplexity"}`, "x", "", "no log-probabilities"},
	} {
		check(t, v, Case{})
	}
	probs := Case{Logprobs: []float64{-0.6931471805599453, -0.6931471805599453}}
	check(t, vector{`{"type":"perplexity"}`, "ab", "", 2.0}, probs)
	check(t, vector{`{"type":"bits_per_byte"}`, "aé𝄞b", "", 0.25}, probs)
	check(t, vector{`{"type":"bits_per_byte"}`, "", "", "the answer is empty"}, probs)
	check(t, vector{`{"type":"perplexity"}`, "x", "", "token 1 has the log-probability 0.5"}, Case{Logprobs: []float64{0.5}})
	for _, bad := range []string{`{"type":"is-xml","value":[]}`, `{"type":"is-xml","value":"a,,b"}`, `{"type":"is-html","value":"a"}`} {
		if _, err := Parse(parsed(t, bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

// FuzzMarkup: no panic, no endless work; a document is also found in a text.
func FuzzMarkup(f *testing.F) {
	for _, s := range []string{"<a/>", "<a b='c'>d</a>", "<?xml version='1.0'?><a/>", "<p>x<br>", "<![CDATA[", "<!--", "<?x", strings.Repeat("<a>", 300), "<ul><li>", "<svg/>", "<a b=\"1\"c=\"2\"/>", "<?xml?>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		began := time.Now()
		_, _, err := readXML(s, false, false)
		in := (&xmlKernel{anywhere: true}).score(&Case{Output: s})
		if err == nil && in.Value != 1 {
			t.Fatalf("%q is XML and holds none", s)
		}
		if checkHTML(s) == "" && findHTML(s) == "" && !strings.Contains(s, "<svg") && !strings.Contains(s, "<math") {
			t.Logf("%q is HTML and has no whole element", s)
		}
		if d := time.Since(began); d > 3*time.Second {
			t.Fatalf("took %v", d)
		}
	})
}

// FuzzMeteor: 0 to 1, and a text is nearly its own.
func FuzzMeteor(f *testing.F) {
	f.Add("the cat sat", "cats sitting")
	f.Add("ёлка ésés", "ÉSÉS")
	f.Fuzz(func(t *testing.T, a, b string) {
		k := &meteor{alpha: 0.9, beta: 3, gamma: 0.5}
		if v, _ := k.one(a, b); !(v >= 0 && v <= 1) {
			t.Fatalf("%q against %q: %g", a, b, v)
		}
		if v, _ := k.one(a, a); strings.TrimSpace(a) != "" && len(fields(nil, a)) > 0 && v < 0.5 {
			t.Fatalf("%q against itself: %g", a, v)
		}
	})
}
