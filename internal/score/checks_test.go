package score

import (
	"math"
	"strings"
	"testing"
)

func readChecks(t testing.TB, text string) *Checks {
	t.Helper()
	c, err := NewChecksReader().Read(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

// TestChecks: totals, thresholds, weights, names and sets in sets, worked by hand from
// promptfoo's definition; scripts of the repository compare with promptfoo itself.
func TestChecks(t *testing.T) {
	const spec = `{"type":"checks"}`
	for _, v := range []struct {
		checks, spec string
		want         float64 // NaN: ungraded
	}{
		{`["icontains: PARIS", "not-contains: Rome"]`, spec, 1},
		{`["icontains: PARIS", "contains: Rome"]`, spec, 0},
		{`["icontains: PARIS", "contains: Rome"]`, `{"type":"checks","give":"score"}`, 0.5},
		{`{"of":["icontains: PARIS", "contains: Rome"],"threshold":0.5}`, spec, 1},
		{`{"of":["icontains: PARIS", "contains: Rome"],"threshold":0.51}`, spec, 0},
		{`[{"type":"icontains","value":"paris","weight":3},"contains: Rome"]`, `{"type":"checks","give":"score"}`, 0.75},
		{`[{"type":"icontains","value":"paris","weight":0},"contains: Rome"]`, `{"type":"checks","give":"score"}`, 0},
		{`[{"type":"contains","value":"Rome","weight":0}]`, spec, 1}, // as promptfoo: of no weight, it cannot fail
		{`[{"type":"contains","value":"Rome","weight":0}]`, `{"type":"checks","of":"contains"}`, 0},
		{`[{"type":"not-word-count","value":3}]`, spec, 0},
		{`[{"type":"exact","value":["It","is"],"json":true}]`, spec, 0},
		{`[{"type":"sentence_bleu","value":"It is Paris today","threshold":0.9}]`, `{"type":"checks","give":"score"}`, math.Exp((math.Log(3.0/3)*2+math.Log(1))/3*1) * math.Exp(1-4.0/3)},
		{`[{"type":"not-rouge_1","value":"It is Paris","threshold":0.9}]`, `{"type":"checks","give":"score"}`, 0},
		{`[{"type":"levenshtein","value":"It is Rome","threshold":2}]`, `{"type":"checks","give":"score"}`, 0},
		{`[{"type":"assert-set","of":["contains: Paris","contains: Rome"],"threshold":0.5,"weight":3},"contains: Rome"]`, `{"type":"checks","give":"score"}`, 0.375},
		{`[{"type":"assert-set","of":["contains: Paris","contains: Rome"],"threshold":0.5}]`, spec, 1},
		{`[{"type":"contains","value":"Paris","as":"a"},{"type":"contains","value":"Rome","as":"a","weight":3}]`, `{"type":"checks","metric":"a"}`, 0.25},
		{`[{"type":"set","weight":2,"of":[{"type":"contains","value":"Paris","as":"a"}]},{"type":"contains","value":"Rome","as":"a"}]`, `{"type":"checks","metric":"a"}`, 2.0 / 3},
		{`["contains: Paris","contains: Rome","icontains: rome"]`, `{"type":"checks","of":"contains"}`, 1.0 / 3},
		{`["contains: Paris","not-contains: Rome"]`, `{"type":"checks","of":"not-contains"}`, 1},
		{`["contains: Paris"]`, `{"type":"checks","of":"regex"}`, math.NaN()},
		{`[]`, spec, math.NaN()},
		{`["latency(500)"]`, spec, math.NaN()},
		{`["contains: {{nothing}}"]`, spec, math.NaN()},
	} {
		c := Case{Output: "It is Paris", Checks: readChecks(t, v.checks)}
		for range 2 { // the second time from what was found
			got := scorer(t, v.spec).Score(&c)
			if got.Graded == math.IsNaN(v.want) || got.Graded && math.Abs(got.Value-v.want) > 1e-12 {
				t.Errorf("%s of %s: %+v, expected %g", v.spec, v.checks, got, v.want)
			}
		}
	}
	one, two := 1.0, 1000.0
	c := Case{Output: "x", Latency: &one, Checks: readChecks(t, `["latency(500)"]`)}
	fast := scorer(t, spec).Score(&c)
	c.Latency = &two
	if slow := scorer(t, spec).Score(&c); fast.Value != 1 || slow.Value != 0 {
		t.Errorf("the same output, slower: %v and %v", fast, slow)
	}
}

func TestChecksErrors(t *testing.T) {
	for text, want := range map[string]string{
		`["icontans: x"]`:                    `check 1: "icontans: x" does not begin with the name of a scorer, as in icontains: Paris (did you mean icontains?)`,
		`["is-json", {"type":"regex"}]`:      "check 2: value: missing",
		`[{"type":"rouge_l","value":"x"}]`:   "a check passes or fails, and rouge_l is a number (give it a threshold)",
		`["latency: 5"]`:                     "latency takes none (write latency(NUMBER) for a threshold)",
		`[{"type":"regex","value":"(?=x)"}]`: "RE2 has no look-around",
		`{"off":[]}`:                         `found the key "off" (did you mean of?)`,
		`[3]`:                                "found the number 3",
		`[{"type":"checks"}]`:                "checks stand in data",
		`[{"type":"set","of":["regex: ("]}]`: "check 1: check 1: value: not an RE2 pattern",
		`{"of":[],"threshold":"much"}`:       "expected a number",
		strings.Repeat(`[{"type":"set","of":`, 6) + "[]" + strings.Repeat(`}]`, 6): "more than 4 deep",
	} {
		if _, err := NewChecksReader().Read(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, expected %s", text, err, want)
		}
	}
}

func TestRecordedScores(t *testing.T) {
	x, high := 0.5, 2.0
	c := Case{Output: "x", Recorded: map[string]*float64{"a": &x, "none": nil, "high": &high}}
	for spec, want := range map[string]string{
		`{"type":"recorded","score":"a"}`:                    "",
		`{"type":"recorded","score":"b"}`:                    `no score "b" is recorded`,
		`{"type":"recorded","score":"none"}`:                 "recorded as none",
		`{"type":"recorded","score":"high","min":0,"max":1}`: "out of range",
		`{"type":"recorded","score":"a","pass_fail":true}`:   "out of range",
	} {
		if got := scorer(t, spec).Score(&c); got.Graded != (want == "") || !strings.Contains(got.Reason, want) {
			t.Errorf("%s: %+v", spec, got)
		}
	}
}

func FuzzChecks(f *testing.F) {
	f.Add(`["icontains: a", {"type":"set","of":["is-json"],"threshold":0.5}]`, "a")
	f.Add(`{"of":["not-rouge_l(0.3): x"],"threshold":1}`, "x y")
	f.Fuzz(func(t *testing.T, checks, output string) {
		k, err := NewChecksReader().Read(checks)
		if err != nil {
			return
		}
		r := scorer(t, `{"type":"checks","give":"score"}`).Score(&Case{Output: output, Checks: k})
		if r.Graded && math.IsNaN(r.Value) {
			t.Fatalf("%+v", r)
		}
	})
}
