package score

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
)

// FuzzTemplate: what parses can be filled when its variables are there, and a template
// without variables is its own text but for \{{.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"{{a}}", `\{{a}}`, "x {{ a.b }} {{c-d}}", "{{", "}}", "{{a}}{{b}}", `{"a":{"b":1}}`, "{{é}}", "{{{a}}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tpl, err := parseTemplate(s)
		if err != nil {
			return
		}
		c := Case{Vars: map[string]any{}}
		for _, p := range tpl.parts {
			if p.name != "" {
				c.Vars[p.name] = "v"
			}
		}
		out, err := tpl.fill(&c)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if !strings.Contains(s, "{{") && out != s {
			t.Fatalf("%q became %q", s, out)
		}
	})
}

// FuzzMath: no panic, no endless work, equality is reflexive and symmetric.
func FuzzMath(f *testing.F) {
	for _, s := range []string{`\frac{1}{2}`, `x^2+2x`, `\sqrt{8}`, `(1,2)`, `\boxed{3}`, `1,234`, `2^{3^{2}}`, `((((1))))`, `1/0`, `-`, `\{1,2\}`, `(x+y+z+w)^64`, `999999999999^64`, `\sqrt{99999999999999999999999999999999999}`, `x=y`, `5\%`} {
		f.Add(s, "1")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		start := time.Now()
		if same, _ := sameMath(a, a); !same {
			t.Fatalf("%q is not itself", a)
		}
		x, _ := sameMath(a, b)
		y, _ := sameMath(b, a)
		if x != y {
			t.Fatalf("%q and %q: %v, the other way %v", a, b, x, y)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Fatalf("%q and %q took %v", a, b, d)
		}
		k := &mathKernel{numbers: newNumeric(nil, "last", nil).numbers, said: newNumeric(nil, "last", nil).numbers}
		k.answer(a, "auto")
	})
}

// FuzzJSON: our reader takes what encoding/json takes, and found values are valid.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2]}`, `[`, `so {"a":1} and [2]`, "```json\n{}\n```", `{"a":1}{`, `1 2`, `"\ud800"`, `[[[[[[`} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, s, other string) {
		v, err := parseJSON(s)
		if (err == nil) != json.Valid([]byte(s)) {
			t.Fatalf("%q: %v, json.Valid says %v", s, err, json.Valid([]byte(s)))
		}
		if err == nil {
			if !sameJSON(v, v) {
				t.Fatalf("%q is not itself", s)
			}
			if w, err := parseJSON(other); err == nil {
				k := &jsonDiff{}
				d, back := k.compare(v, w), k.compare(w, v)
				if !(d >= 0 && d <= 1) || math.Abs(d-back) > 1e-12 {
					t.Fatalf("%q and %q: %g, the other way %g", s, other, d, back)
				}
			}
		}
		findJSON(s, true, func(any) bool { return true })
		stripFence(s)
	})
}

// FuzzSpec: any map is a scorer or a clear error; what it says of a case is in its range.
func FuzzSpec(f *testing.F) {
	for _, s := range []string{`{"type":"contains","value":"x"}`, `{"type":"not-rouge-1","threshold":1e300}`, `{"type":"regex","value":"("}`, `{"type":"ifeval","value":[{"id":"detectable_format:multiple_sections","section_spliter":"(","num_sections":1}]}`,
		`{"type":"pass@k","scorer":{"type":"pass@k","scorer":{"type":"exact"}}}`, `{"type":"json_schema","value":{"$ref":"#"}}`, `{"type":"chrf","char_order":10,"beta":0}`, `{"type":"word_count","value":{"min":1}}`} {
		f.Add(s, "some output 1", "ref")
	}
	f.Fuzz(func(t *testing.T, spec, output, ref string) {
		var m map[string]any
		if json.Unmarshal([]byte(spec), &m) != nil {
			return
		}
		s, err := Parse(m)
		if err != nil {
			if err.Error() == "" {
				t.Fatalf("%s: an empty error", spec)
			}
			return
		}
		r := s.Score(&Case{Output: output, Outputs: []string{output, ref}, References: []string{ref}, Contexts: []Context{{Text: output}}, Relevant: map[string]float64{ref: 1}})
		lo, hi := s.Range()
		if r.Graded && !(r.Value >= lo-1e-12 && r.Value <= hi+1e-12) {
			t.Fatalf("%s: %g is not between %g and %g", spec, r.Value, lo, hi)
		}
		if !r.Graded && r.Reason == "" {
			t.Fatalf("%s: ungraded without a reason", spec)
		}
	})
}

// FuzzTexts: every text scorer stays in its range on any two texts, is at its best on two
// equal ones, and says the same twice.
func FuzzTexts(f *testing.F) {
	for _, s := range [][2]string{{"the cat", "a cat"}, {"", "x"}, {"\xff\xfe", "\xff"}, {"İΣ", "iς"}, {"😀😀", "😀"}, {"a.b,c-1", "1.,-"}, {strings.Repeat("a b ", 80), strings.Repeat("b a ", 90)}, {"* a\n* b", "P.S."}} {
		f.Add(s[0], s[1])
	}
	var list []*Scorer
	for _, m := range []map[string]any{{"type": "exact", "normalize": "squad"}, {"type": "token_f1"}, {"type": "edit_similarity"}, {"type": "levenshtein"}, {"type": "bleu"}, {"type": "bleu", "tokenize": "intl"}, {"type": "bleu", "tokenize": "zh"}, {"type": "bleu", "tokenize": "char"},
		{"type": "chrf"}, {"type": "chrf++"}, {"type": "ter"}, {"type": "ter", "normalized": true}, {"type": "rouge_1", "stemmer": true}, {"type": "rouge_l"}, {"type": "rouge_lsum"}, {"type": "gleu"}, {"type": "list_overlap"}, {"type": "numeric"}, {"type": "choice"}, {"type": "math"}, {"type": "pii"}, {"type": "is_refusal"}} {
		s, err := Parse(m)
		if err != nil {
			f.Fatal(err)
		}
		list = append(list, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 2000 || len(b) > 2000 {
			return
		}
		for _, s := range list {
			c := Case{Output: a, References: []string{b}}
			r := s.Score(&c)
			lo, hi := s.Range()
			if r.Graded && !(r.Value >= lo && r.Value <= hi+1e-12) {
				t.Fatalf("%s: %g", s.Entry.Name, r.Value)
			}
			if again := s.Score(&c); again.Value != r.Value || again.Graded != r.Graded {
				t.Fatalf("%s: %v, then %v", s.Entry.Name, r, again)
			}
			same := s.Score(&Case{Output: a, References: []string{a}})
			switch s.Entry.Name {
			case "exact", "token_f1", "edit_similarity", "list_overlap":
				if same.Value != 1 {
					t.Fatalf("%s of %q with itself: %g", s.Entry.Name, a, same.Value)
				}
			case "levenshtein", "ter":
				// With normalized the reference is normalised once more, as sacrebleu does it.
				if same.Value != 0 && s.Spec.Options["normalized"] == nil {
					t.Fatalf("%s of %q with itself: %g", s.Entry.Name, a, same.Value)
				}
			}
		}
		if x, y := []rune(a), []rune(b); len(x)*len(y) < 1<<17 {
			if d, _ := list[3].kernel.(*best).one(a, b); int(d) != distanceRunes(x, y) {
				t.Fatalf("levenshtein of %q and %q: %v, plainly %d", a, b, d, distanceRunes(x, y))
			}
		}
		if squad(a) != squadLowered(lower(a)) {
			t.Fatalf("squad of %q: %q, plainly %q", a, squad(a), squadLowered(lower(a)))
		}
		looseVariants(a)
		countSentences(a)
		capitalWords(a)
	})
}
