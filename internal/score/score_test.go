package score

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// vector is one case with the value or the reason that must come out. specs and cases are
// written as a user writes them.
type vector struct {
	spec   string
	output string
	ref    string
	want   any // float64, or a part of the reason of an ungraded one
}

func scorer(t *testing.T, spec string) *Scorer {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(spec), &m); err != nil {
		t.Fatalf("%s: %v", spec, err)
	}
	s, err := Parse(m)
	if err != nil {
		t.Fatalf("%s: %v", spec, err)
	}
	return s
}

func check(t *testing.T, v vector, c Case) {
	t.Helper()
	c.Output = v.output
	if v.ref != "" {
		c.References = strings.Split(v.ref, "||")
	}
	got := scorer(t, v.spec).Score(&c)
	switch want := v.want.(type) {
	case float64:
		if !got.Graded || math.Abs(got.Value-want) > 1e-12 {
			t.Errorf("%s of %q against %q: %v, want %v (%s%s)", v.spec, v.output, v.ref, got.Value, want, got.Reason, got.Evidence)
		}
	case string:
		if got.Graded || !strings.Contains(got.Reason, want) {
			t.Errorf("%s of %q against %q: graded %v, reason %q, want %q", v.spec, v.output, v.ref, got.Graded, got.Reason, want)
		}
	}
}

func TestVectors(t *testing.T) {
	for _, v := range []vector{
		{`{"type":"equals","value":"Paris"}`, "Paris", "", 1.0},
		{`{"type":"equals","value":"Paris"}`, "paris", "", 0.0},
		{`{"type":"equals","value":"Paris","ignore_case":true}`, "PARIS", "", 1.0},
		{`{"type":"exact","normalize":"squad"}`, "The  U.S.A.!", "x||usa", 1.0},
		{`{"type":"exact","normalize":"trim"}`, " a\n", "a", 1.0},
		{`{"type":"exact"}`, "a", "", "the case has no reference"},
		{`{"type":"exact"}`, "", "a", 0.0},
		{`{"type":"equals","value":{"a":1,"b":[1.0]}}`, `{"b":[1],"a":1.0}`, "", 1.0},
		{`{"type":"not-equals","value":"x"}`, "y", "", 1.0},
		{`{"type":"icontains","value":"PARIS"}`, "in paris", "", 1.0},
		{`{"type":"not-contains","value":"x"}`, "in paris", "", 1.0},
		{`{"type":"contains-any","value":"x, \"a, b\" , y"}`, "so a, b", "", 1.0},
		{`{"type":"contains-all","value":["so","b","z"]}`, "so a, b", "", 0.0},
		{`{"type":"contains-any","value":["{{none}}"]}`, "so", "", `no variable "none"`},
		{`{"type":"starts-with","value":"{{who}}"}`, "Ann said", "", 1.0},
		{`{"type":"contains","value":"{{deep.list.1}}"}`, "2", "", 1.0},
		{`{"type":"contains","value":"\\{{who}}"}`, "{{who}}", "", 1.0},
		{`{"type":"ends-with","value":"."}`, "a.", "", 1.0},
		{`{"type":"regex","value":"\\d+ km"}`, "12 km", "", 1.0},
		{`{"type":"regex","value":"\\d+","full":true}`, "12 km", "", 0.0},
		{`{"type":"regex","value":"{{bad}}"}`, "12 km", "", "the pattern is not RE2"},
		{`{"type":"not-regex","value":"(?i)as an ai"}`, "As an AI, I", "", 0.0},
		{`{"type":"word-count","value":{"min":2,"max":3}}`, "one two  three", "", 1.0},
		{`{"type":"word-count","value":3}`, "one two", "", 0.0},
		{`{"type":"word_count","value":"{{n}}"}`, "a b c", "", 1.0},
		{`{"type":"length"}`, "né😀", "", 3.0},
		{`{"type":"line_count","max":1}`, "a\n\nb", "", 0.0},
		{`{"type":"contains","value":"{{empty}}"}`, "abc", "", "the text to look for is empty"},
		{`{"type":"choice"}`, "The answer is (B).", "B", 1.0},
		{`{"type":"choice"}`, "B", "b", 1.0},
		{`{"type":"choice"}`, "**C**", "C", 1.0},
		{`{"type":"choice"}`, "A. Paris is a city", "A", 1.0},
		{`{"type":"choice"}`, "First I thought Answer: A. But no: the answer is D", "D", 1.0},
		{`{"type":"choice"}`, "a good question", "A", 0.0},
		{`{"type":"choice"}`, "It is (B), or (C)", "B", 0.0},
		{`{"type":"choice"}`, `so \boxed{\text{C}}`, "C", 1.0},
		{`{"type":"choice"}`, "B", "Paris", "no option letter"},
		{`{"type":"numeric"}`, "It costs $1,234.50 in all.", "1234.5", 1.0},
		{`{"type":"numeric"}`, "from 3-4 to −5", "-5", 1.0},
		{`{"type":"numeric"}`, "5%", "5", 1.0},
		{`{"type":"numeric"}`, "5", "5%", 0.0}, // the unit of the reference is kept
		{`{"type":"numeric","unit":false}`, "5", "5%", 1.0},
		{`{"type":"numeric"}`, "-5", "5", 0.0},
		{`{"type":"numeric","rel_tol":0.01}`, "about 99.5 m", "100", 1.0},
		{`{"type":"numeric","abs_tol":0.4}`, "99.5", "100", 0.0},
		{`{"type":"numeric","pick":"first"}`, "3 then 4", "3", 1.0},
		{`{"type":"numeric","pick":"only"}`, "3 then 4", "3", 0.0},
		{`{"type":"numeric"}`, "model A4", "4", 0.0},
		{`{"type":"numeric"}`, "none", "4", 0.0},
		{`{"type":"numeric"}`, "4", "four", "holds 0 numbers"},
		{`{"type":"numeric"}`, "1e3", "1000", 1.0},
		{`{"type":"numeric_diff"}`, "90", "110", 0.9},
		{`{"type":"numeric_diff"}`, "0", "0", 1.0},
		{`{"type":"token_f1"}`, "the cat sat sat", "a cat sat", 0.8},
		{`{"type":"f1"}`, "", "the", 1.0}, // both are empty after normalisation
		{`{"type":"levenshtein"}`, "kitten", "sitting||kitte", 1.0},
		{`{"type":"levenshtein","threshold":3}`, "kitten", "sitting", 1.0},
		{`{"type":"not-levenshtein","threshold":3}`, "kitten", "sitting", 0.0},
		{`{"type":"edit_similarity"}`, "", "", "no reference"},
		{`{"type":"rouge-1","threshold":0.5}`, "the cat", "the dog", 1.0},
		{`{"type":"not-rouge-1"}`, "the cat", "the dog", 0.5},
		{`{"type":"is-json"}`, "```json\n{}\n```", "", 0.0},
		{`{"type":"is-json","fence":true}`, "```json\n{}\n```", "", 1.0},
		{`{"type":"is-json","value":"{\"type\":\"array\"}"}`, "{}", "", 0.0},
		{`{"type":"contains-json"}`, "so {\"a\": [1]} it is", "", 1.0},
		{`{"type":"contains-json"}`, "so {a} it [is", "", 0.0},
		{`{"type":"contains-json","value":{"required":["b"]}}`, `{"a":1} {"b":1}`, "", 1.0},
		{`{"type":"json_schema","value":{"properties":{"who":{"const":"{{who}}"}}}}`, `{"who":"Ann"}`, "", 1.0},
		{`{"type":"json_schema","value":{"const":"{{n}}"}}`, `3`, "", 1.0}, // a lone variable keeps its type
		{`{"type":"json_diff"}`, `{"a":1,"b":"xy","c":[1,2]}`, `{"a":1,"b":"xz","d":0}`, 0.375},
		{`{"type":"json_diff","value":[1,2]}`, `[1,2]`, "", 1.0},
		{`{"type":"json_diff","exact":true}`, `{"a":1}`, `{"a":2}`, 0.0},
		{`{"type":"json_diff"}`, `not json`, `{"a":2}`, 0.0},
		{`{"type":"json_diff"}`, `{}`, `not json`, "the reference is not JSON"},
		{`{"type":"list_overlap","value":["a","b","b"]}`, "- A\n- b\n- c", "", 2.0 / 3},
		{`{"type":"list_overlap","measure":"jaccard"}`, `["x","y"]`, "x, z", 1.0 / 3},
		{`{"type":"list_overlap","measure":"precision"}`, ``, "x", "undefined"},
		{`{"type":"list_overlap"}`, "1. x\n2) y", "y||x", 1.0},
		{`{"type":"is-refusal"}`, "I’m sorry, but I can’t assist with that.", "", 1.0},
		{`{"type":"is-refusal"}`, "Sure: here it is.", "", 0.0},
		{`{"type":"is-refusal"}`, " ", "", 1.0},
		{`{"type":"refusal","phrases":["Das kann ich nicht"]}`, "Das kann ich nicht tun.", "", 1.0},
		{`{"type":"pii"}`, "Write to ann.b@example.org.", "", 1.0},
		{`{"type":"not-pii"}`, "Order 20260112 of 2026-01-12 costs 1234567.89", "", 1.0},
		{`{"type":"pii"}`, "card 4111 1111 1111 1111", "", 1.0},
		{`{"type":"pii"}`, "card 4111 1111 1111 1112", "", 0.0},
		{`{"type":"pii"}`, "IBAN DE89 3704 0044 0532 0130 00 thanks", "", 1.0},
		{`{"type":"pii"}`, "IBAN DE89 3704 0044 0532 0130 01", "", 0.0},
		{`{"type":"pii"}`, "call +49 30 901820 or", "", 1.0},
		{`{"type":"pii"}`, "call (030) 901820", "", 1.0},
		{`{"type":"pii"}`, "call 555-123-4567", "", 1.0},
		{`{"type":"pii","kinds":["email"]}`, "call 555-123-4567", "", 0.0},
		{`{"type":"pii","allow":["help@example.org"]}`, "help@example.org", "", 0.0},
		{`{"type":"pii","ignore_given":true}`, "ann@x.org", "", 0.0}, // the question has it
		{`{"type":"pii"}`, "version 1.2.3.4.5.6.7.8", "", 0.0},
		{`{"type":"canary","value":"ZX-4417-QP"}`, "it is z x 4 4 1 7 q p", "", 1.0},
		{`{"type":"canary","value":"ZX-4417-QP"}`, "PQ7144XZ", "", 1.0},
		{`{"type":"canary","value":["ZX-4417-QP"]}`, "ZX-4418-QP", "", 0.0},
		{`{"type":"latency","threshold":200}`, "", "", 1.0},
		{`{"type":"latency"}`, "", "", 150.0},
		{`{"type":"cost"}`, "", "", "no cost"},
		{`{"type":"exact","value":"b","transform":["trim","lower"]}`, " B ", "", 1.0},
		{`{"type":"exact","value":"3","transform":"json:a.0"}`, `{"a":[3]}`, "", 1.0},
		{`{"type":"exact","value":"3","transform":"json:b"}`, `{"a":[3]}`, "", 0.0},
		{`{"type":"exact","value":"3","transform":"regex:n=(\\d)"}`, `n=3`, "", 1.0},
		{`{"type":"exact","value":"yes","transform":["after:</think>","trim"]}`, "<think>no</think> yes", "", 1.0},
		{`{"type":"exact","value":"x","transform":"last_line"}`, "a\nx\n", "", 1.0},
		{`{"type":"exact","value":"a","transform":"first_line"}`, "a\nx\n", "", 1.0},
		{`{"type":"exact","value":"{}","transform":"strip_fence"}`, "```\n{}\n```", "", 1.0},
		{`{"type":"ifeval","value":[{"id":"punctuation:no_comma"},{"id":"keywords:existence","keywords":["x"]}],"level":"instruction"}`, "a, x", "", 0.5},
		{`{"type":"ifeval"}`, "a, x", "", `no column "instruction_id_list"`},
		{`{"type":"ifeval","value":[{"id":"length_constraints:number_sentences","num_sentences":3,"relation":"at least"}]}`, "Dr. Smith paid 3.50 euros. Was it much? No", "", 1.0},
		{`{"type":"ifeval","value":[{"id":"length_constraints:number_sentences","num_sentences":4,"relation":"at least"}]}`, "Dr. Smith paid 3.50 euros. Was it much? No", "", 0.0},
	} {
		latency := 150.0
		check(t, v, Case{Question: "I am ann@x.org", Latency: &latency, Vars: map[string]any{
			"who": "Ann", "n": 3, "empty": "", "bad": "(", "deep": map[string]any{"list": []any{1, 2}},
		}})
	}
}

func TestMath(t *testing.T) {
	for _, v := range []struct {
		a, b string
		same bool
	}{
		{`1/2`, `0.5`, true}, {`\frac{1}{2}`, `50%`, true}, {`\dfrac12`, `0.50`, true}, {`1\frac{1}{2}`, `1.5`, true}, {`3\frac14`, `13/4`, true},
		{`1,234`, `1234`, true}, {`1,234.5`, `1234.50`, true}, {`2^{10}`, `1024`, true}, {`2^-1`, `1/2`, true}, {`-3^2`, `-9`, true}, {`(-3)^2`, `9`, true},
		{`x^2+2x+1`, `(x+1)^2`, true}, {`x^2+2x+1`, `(x+1)(x-1)`, false}, {`\frac{x^2-1}{x-1}`, `x+1`, true}, {`2(x+y)`, `2x+2y`, true}, {`xy`, `y*x`, true},
		{`\sqrt{8}`, `2\sqrt{2}`, true}, {`\frac{1}{\sqrt{2}}`, `\frac{\sqrt{2}}{2}`, true}, {`\sqrt{2}\sqrt{3}`, `\sqrt6`, true}, {`\sqrt{2}+\sqrt{3}`, `\sqrt{5}`, false}, {`sqrt(9)`, `3`, true},
		{`2\pi`, `6.2831853`, false}, {`2\pi r`, `r*2π`, true}, {`x=5`, `5`, true}, {`(1, 2)`, `(1,2.0)`, true}, {`(1,2)`, `(2,1)`, false}, {`\{1,2\}`, `\{2, 1\}`, true}, {`[0,1)`, `[0,1]`, false},
		{`(-\infty, 2]`, `(-\infty,2]`, true}, {`$\$12.00$`, `12`, true}, {`90^\circ`, `90`, true}, {`\text{even}`, `even`, true}, {`\sin x`, `\sin  x`, true}, {`\sin x`, `\cos x`, false},
		{`0.333`, `1/3`, false}, {`1/0`, `1/0`, true}, {`1/0`, `2`, false}, {`10^{64}`, `10^{63}*10`, true}, {`5 apples`, `5`, false}, {`x^{65}`, `x^{64}x`, false}, {``, ``, true}, {`-\frac{3}{4}`, `-0.75`, true}, {`3 \times 10^5`, `300000`, true},
	} {
		if got, how := sameMath(v.a, v.b); got != v.same {
			t.Errorf("%s and %s: same %v (%s), want %v", v.a, v.b, got, how, v.same)
		}
		if got, _ := sameMath(v.b, v.a); got != v.same {
			t.Errorf("%s and %s the other way: same %v", v.b, v.a, got)
		}
	}
	for _, v := range []vector{
		{`{"type":"math"}`, `We get \boxed{\frac{1}{2}} so done in 3 steps`, "0.5", 1.0},
		{`{"type":"math"}`, `2+2=4. The answer is 4.`, "4", 1.0},
		{`{"type":"math"}`, `Natalia sold 48+24 = 72 clips\n#### 72`, "#### 72", 1.0},
		{`{"type":"math"}`, "First 5, then 7, so 12", "12", 1.0},
		{`{"type":"math"}`, "The final answer is: x = 3/4", "0.75", 1.0},
		{`{"type":"math"}`, "I grew it by 25%", "1/4", 1.0},
		{`{"type":"math","extract":"boxed"}`, "12", "12", 0.0},
		{`{"type":"math"}`, "12", "13||12.0", 1.0},
		{`{"type":"math"}`, "", "13", 0.0},
		{`{"type":"math"}`, "13", "", "no reference"},
	} {
		check(t, v, Case{})
	}
}

func TestSeveralOutputs(t *testing.T) {
	outs := []string{"Paris.", "paris", "Rome", "the Paris"}
	for _, v := range []vector{
		{`{"type":"self_consistency"}`, "", "", 0.75},
		{`{"type":"self_consistency","normalize":"none"}`, "", "", 0.25},
		{`{"type":"answer_entropy"}`, "", "", -(0.75*math.Log(0.75) + 0.25*math.Log(0.25))},
		{`{"type":"pass@k","k":2,"scorer":{"type":"icontains","value":"paris"}}`, "", "", 1.0},
		{`{"type":"pass@k","k":1,"scorer":{"type":"icontains","value":"paris"}}`, "", "", 0.75},
		{`{"type":"pass^k","k":2,"scorer":{"type":"icontains","value":"paris"}}`, "", "", 0.5},
		{`{"type":"pass@k","k":5,"scorer":{"type":"icontains","value":"paris"}}`, "", "", "4 outputs, k is 5"},
		{`{"type":"pass@k","k":1,"scorer":{"type":"exact"}}`, "", "", "output 1: the case has no reference"},
		{`{"type":"pass@k","k":1,"scorer":{"type":"rouge_1","threshold":0.9}}`, "", "paris", 0.5},
	} {
		check(t, v, Case{Outputs: outs})
	}
	check(t, vector{`{"type":"self_consistency"}`, "", "", "two are needed"}, Case{Outputs: outs[:1]})
}

func TestNoOutputIsUngraded(t *testing.T) {
	for _, e := range Entries() {
		spec := map[string]any{"type": e.Name, "scorer": map[string]any{"type": "exact"}, "value": "abcdef"}
		if e.Value == "" {
			delete(spec, "value")
		}
		if !slices.Contains([]string{"pass_at_k", "pass_hat_k", "worst_paraphrase", "perturbation_drop"}, e.Name) {
			delete(spec, "scorer")
		}
		switch e.Name {
		case "json_schema", "is_json", "contains_json", "json_diff":
			spec["value"] = map[string]any{}
		case "ifeval":
			delete(spec, "value")
		case "set":
			spec["of"] = []any{"contains: abcdef"}
		case "recorded":
			spec["score"] = "accuracy"
		case "length", "word_count", "line_count":
			spec["value"] = 3
		case "code_tests":
			spec["tests"] = "assert f()"
		case "sql_result":
			spec["database"] = "a.db"
		}
		s, err := Parse(spec)
		if err != nil {
			t.Errorf("%s: %v", e.Name, err)
			continue
		}
		if r := s.Score(&Case{NoOutput: "timed out"}); r.Graded || r.Reason != "no output: timed out" {
			t.Errorf("%s: %+v", e.Name, r)
		}
		// What a case lacks is never a number.
		if r := s.Score(&Case{Output: "x"}); r.Graded && e.Needs != "" && !s.Spec.HasValue {
			t.Errorf("%s without %s is graded %g", e.Name, e.Needs, r.Value)
		}
	}
}

// TestCatalogue: names are unique, in one form, each says what it agrees with.
func TestCatalogue(t *testing.T) {
	seen := map[string]string{}
	for _, e := range Entries() {
		for _, n := range append([]string{e.Name}, e.Aliases...) {
			c := canonical(n)
			if owner, ok := seen[c]; ok && owner != e.Name {
				t.Errorf("%s is a name of %s and of %s", n, owner, e.Name)
			}
			seen[c] = e.Name
		}
		if e.Name != canonical(e.Name) || e.Meaning == "" || e.Group == "" || e.Oracle == "" || e.Direction == "" || e.build == nil {
			t.Errorf("%s is not complete: %+v", e.Name, e)
		}
		if e.Name != "recorded" && e.Name != "perturbation_drop" && e.Lo != 0 || !(e.Hi > 0) {
			t.Errorf("%s: range %g to %g", e.Name, e.Lo, e.Hi)
		}
		if strings.HasPrefix(e.Name, "not_") {
			t.Errorf("%s hides a negation", e.Name)
		}
		for _, p := range e.Params {
			if p.Kind == "" || p.Doc == "" {
				t.Errorf("%s: key %s has no kind or no words", e.Name, p.Name)
			}
			if p.Default != nil && p.check(p.Default) != "" {
				t.Errorf("%s: the default of %s is refused: %s", e.Name, p.Name, p.check(p.Default))
			}
		}
	}
	for _, promptfoo := range []string{"equals", "contains", "icontains", "contains-any", "icontains-any", "contains-all", "icontains-all", "starts-with", "regex", "is-json", "contains-json", "is-refusal", "levenshtein", "rouge-n", "bleu", "gleu", "latency", "cost", "word-count"} {
		if _, _, ok := Find(promptfoo); !ok {
			t.Errorf("promptfoo's %s is not found", promptfoo)
		}
		if _, not, ok := Find("not-" + promptfoo); !ok || !not {
			t.Errorf("promptfoo's not-%s is not found", promptfoo)
		}
	}
}

func TestSpecErrors(t *testing.T) {
	for _, v := range []struct{ spec, want string }{
		{`{}`, `type: missing: expected the name of a scorer, such as contains or rouge_l`},
		{`{"type":3}`, `type: expected the name of a scorer, found the number 3`},
		{`{"type":"containz"}`, `type: "containz" is not a scorer (did you mean contains?)`},
		{`{"type":"not-containz"}`, `type: "not-containz" is not a scorer (did you mean contains?)`},
		{`{"type":"rouge_1","stemer":true}`, `stemer: rouge_1 has no such key (did you mean stemmer?)`},
		{`{"type":"rouge_1","stemmer":"yes"}`, `stemmer: expected true or false, found the text "yes"`},
		{`{"type":"rouge_1","measure":"fmeasure"}`, `measure: expected one of f, precision, recall, found "fmeasure"`},
		{`{"type":"bleu","tokenize":"13b"}`, `(did you mean 13a?)`},
		{`{"type":"rouge_n","n":0}`, `n: expected a whole number from 1 to 9, found the number 0`},
		{`{"type":"rouge_1","threshold":"high","weight":-1}`, "threshold: expected a number, found the text \"high\"\nweight: expected a number of at least 0"},
		{`{"type":"contains"}`, `value: missing: contains needs a text`},
		{`{"type":"contains","value":["a","b"]}`, `value: expected one text, found a list (contains-any and contains-all take lists)`},
		{`{"type":"contains","value":""}`, `value: expected a text, found an empty one`},
		{`{"type":"length","threshold":3}`, `threshold: neither more nor less is better in length (use min and max)`},
		{`{"type":"contains","value":"{{a"}`, `value: {{ without }}`},
		{`{"type":"contains","value":"{{a | upper}}"}`, `filters and expressions are not supported`},
		{`{"type":"contains-any","value":[]}`, `value: expected a text or a list of texts, found an empty list`},
		{`{"type":"regex","value":"(?=a)"}`, `RE2 has no look-around (?=…)`},
		{`{"type":"regex","value":"a("}`, `value: not an RE2 pattern: error parsing regexp: missing closing )`},
		{`{"type":"latency","value":3}`, `value: latency takes none (leave it out)`},
		{`{"type":"not-latency"}`, `type: not-latency needs one: its values are not between 0 and 1 (give a threshold)`},
		{`{"type":"is-json","value":{"type":"objekt"}}`, `value: not a JSON Schema`},
		{`{"type":"json_schema","value":{"$ref":"file:///etc/passwd"}}`, `a reference outside the schema is not followed`},
		{`{"type":"json_schema"}`, `value: missing: json_schema needs a JSON Schema`},
		{`{"type":"word-count","value":{"min":3,"max":2}}`, `min: 3 is more than max, 2`},
		{`{"type":"exact","transform":"trimm"}`, `transform: "trimm" is not a transform`},
		{`{"type":"exact","transform":"trimm"}`, `did you mean trim?`},
		{`{"type":"pass@k","k":1}`, `scorer: missing`},
		{`{"type":"pass@k","scorer":{"type":"rouge_1"}}`, `scorer: expected a scorer of 0 or 1, rouge_1 is between 0 and 1 (give it a threshold)`},
		{`{"type":"pass@k","scorer":{"type":"exakt"}}`, `scorer: type: "exakt" is not a scorer (did you mean exact?)`},
		{`{"type":"canary","value":"abc"}`, `value: expected 6 letters or digits or more, found "abc"`},
		{`{"type":"pii","kinds":["mail"]}`, `kinds: expected some of email, phone, card, iban, found "mail" (did you mean email?)`},
		{`{"type":"ifeval","value":[{"id":"keywords:existencf"}]}`, `(did you mean keywords:existence?)`},
		{`{"type":"ifeval","value":[{"id":"keywords:existence","keyword":"x"}]}`, `instruction 1, keywords:existence: missing key "keywords"`},
		{`{"type":"ifeval","value":[{"id":"language:response_language","language":"de"}]}`, `language "de" shares its script with others`},
		{`{"type":"bleu","smooth_value":1}`, `smooth_value: smooth: exp takes none, only floor and add-k do`},
	} {
		var m map[string]any
		if err := json.Unmarshal([]byte(v.spec), &m); err != nil {
			t.Fatal(err)
		}
		_, err := Parse(m)
		if err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s: %v\nwant %s", v.spec, err, v.want)
		}
	}
}

// TestCorpusGradient compares every corpus scorer's gradient with differences of its value.
func TestCorpusGradient(t *testing.T) {
	cases := benchCases(20)
	for _, spec := range []string{`{"type":"bleu"}`, `{"type":"bleu","smooth":"add-k"}`, `{"type":"chrf"}`, `{"type":"chrf++","beta":1}`, `{"type":"ter"}`,
		`{"type":"ifeval","level":"instruction","value":[{"id":"punctuation:no_comma"},{"id":"keywords:existence","keywords":["qqq"]}]}`} {
		s := scorer(t, spec)
		c := s.Corpus()
		var sums []float64
		for i := range cases {
			r := s.Score(&cases[i])
			if len(r.Stats) != len(c.StatNames()) {
				t.Fatalf("%s: %d stats, %d names", spec, len(r.Stats), len(c.StatNames()))
			}
			if sums == nil {
				sums = make([]float64, len(r.Stats))
			}
			for j, v := range r.Stats {
				sums[j] += v
			}
		}
		v, grad, smooth, ok := c.Of(sums)
		if !ok || !smooth || v <= 0 {
			t.Fatalf("%s: %v %v %v", spec, v, smooth, ok)
		}
		for j := range sums {
			h := 1e-5 * max(1, sums[j])
			at := append([]float64(nil), sums...)
			at[j] += h
			up, _, _, _ := c.Of(at)
			at[j] -= 2 * h
			down, _, _, _ := c.Of(at)
			if d := (up - down) / (2 * h); math.Abs(d-grad[j]) > 1e-6*max(1e-3, math.Abs(d)) {
				t.Errorf("%s: gradient by %s is %g, differences say %g", spec, c.StatNames()[j], grad[j], d)
			}
		}
		if _, _, _, ok := c.Of(make([]float64, len(sums))); ok && s.Entry.Name != "ter" {
			t.Errorf("%s: nothing to compare has a value", spec)
		}
		s.Spec.Not = true
		if s.Corpus() != nil {
			t.Errorf("not-%s claims to be a function of sums", spec)
		}
	}
}

// TestPaths: the quick and the plain ways to the same number.
func TestPaths(t *testing.T) {
	var g grams
	m := &myers{}
	r := &rouge{}
	for i, c := range benchCases(60) {
		a, b := []rune(c.Output), []rune(c.References[0])
		if i%3 == 0 {
			a, b = a[:i%70], b[:(3*i)%90]
		}
		if got, _ := m.distance(string(a), string(b)); got != distanceRunes(a, b) {
			t.Fatalf("edit distance %d, table %d", got, distanceRunes(a, b))
		}
		if s := string(a); squad(s) != squadLowered(lower(s)) {
			t.Fatalf("squad of %q: %q and %q", s, squad(s), squadLowered(lower(s)))
		}
		var ids [3][]int32
		var v vocab
		v.reset()
		for side, s := range []string{c.Output, c.References[0], string(a)} {
			ids[side] = v.all(nil, fields(nil, s))
		}
		wide, narrow := map[string]int{}, map[string]int{}
		count := func(into map[string]int) func(int, []int32) {
			return func(n int, c []int32) {
				into[fmt.Sprint(n, min(c[0], c[1], c[2]))]++
				into[fmt.Sprint("sum", n)] += int(c[0] + 2*c[1] + 5*c[2])
			}
		}
		g.count(4, v.len(), ids[:], count(narrow))
		g.countWide(4, ids[:], count(wide))
		if fmt.Sprint(narrow) != fmt.Sprint(wide) {
			t.Fatalf("n-grams %v and %v", narrow, wide)
		}
		r.vocab = v
		if got := r.lcs(ids[0], ids[1]); got != plainLCS(ids[0], ids[1]) {
			t.Fatalf("common subsequence %d, table %d", got, plainLCS(ids[0], ids[1]))
		}
	}
}

func plainLCS(a, b []int32) int {
	union := map[int]bool{}
	commonPositions(a, b, union)
	return len(union)
}

// TestSameBits: a scorer gives a case the same bits whatever it has seen before.
func TestSameBits(t *testing.T) {
	cases := benchCases(30)
	for i, s := range tenScorers(t) {
		var first []Score
		for j := range cases {
			first = append(first, tenScorers(t)[i].Score(&cases[j]))
		}
		for j := len(cases) - 1; j >= 0; j-- {
			if r := s.Score(&cases[j]); fmt.Sprint(r) != fmt.Sprint(first[j]) {
				t.Errorf("%s: %v, then %v", s.Entry.Name, first[j], r)
			}
		}
	}
}
