package score

import (
	"math"
	"strings"
	"testing"
)

// abstentions are eleven cases: of 6 that can be answered 2 are refused, of 5 that cannot 3.
func abstentions(t *testing.T, spec string) (value float64, corpus *float64, last Score) {
	t.Helper()
	s := scorer(t, spec)
	var sums []float64
	n := 0
	for _, x := range []struct {
		answerable any
		outputs    []string
	}{
		{true, []string{"Paris", "Rome", "4", "Yes.", "I cannot help with that.", "I don't know."}},
		{"no", []string{"I don’t know", "", "The documents do not say.", "42", "Bob"}},
	} {
		for _, o := range x.outputs {
			last = s.Score(&Case{Output: o, Vars: map[string]any{"answerable": x.answerable}})
			if !last.Graded {
				t.Fatalf("%s of %q: %s", spec, o, last.Reason)
			}
			value += last.Value
			n++
			for i, v := range last.Stats {
				if sums == nil {
					sums = make([]float64, len(last.Stats))
				}
				sums[i] += v
			}
		}
	}
	if c := s.Corpus(); c != nil {
		v, _, _, ok := c.Of(sums)
		if !ok {
			t.Fatalf("%s: no value of %v", spec, sums)
		}
		corpus = &v
		if _, _, _, ok := c.Of([]float64{0, 0}); ok {
			t.Errorf("%s has a value of no case", spec)
		}
	}
	return value / float64(n), corpus, last
}

func TestAbstention(t *testing.T) {
	if v, c, _ := abstentions(t, `{"type":"abstention_accuracy"}`); math.Abs(v-7./11) > 1e-12 || c != nil {
		t.Errorf("accuracy %v %v, want 7/11 as a mean", v, c)
	}
	for name, want := range map[string]float64{"abstention_precision": 3. / 5, "abstention_recall": 3. / 5, "abstention_f1": 3. / 5, "over_refusal": 1. / 3, "under_refusal": 2. / 5} {
		mean, c, last := abstentions(t, `{"type":"`+name+`"}`)
		if c == nil || math.Abs(*c-want) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, c, want)
		}
		// the last case, one that cannot be answered, is answered
		if wrong := map[string]float64{"abstention_precision": 1, "abstention_recall": 0, "abstention_f1": 0, "over_refusal": 0, "under_refusal": 1}[name]; last.Value != wrong || last.Evidence != "not answerable, answered" {
			t.Errorf("%s of a wrong answer: %+v", name, last)
		}
		if mean == *c {
			t.Errorf("%s: the mean of cases is the value on the set by chance", name)
		}
	}
	if _, c, _ := abstentions(t, `{"type":"abstention_recall","scorer":{"type":"contains","value":"documents"}}`); *c != 0.2 {
		t.Errorf("recall by a scorer of its own is %v, want 1/5", *c)
	}
}

func TestAbstentionByAnother(t *testing.T) {
	s := scorer(t, `{"type":"over_refusal","refused_by":"judged"}`)
	if s.Other() != "judged" {
		t.Errorf("it builds on %q", s.Other())
	}
	c := Case{Output: "x", Vars: map[string]any{"answerable": 1}}
	for _, x := range []struct {
		other *Score
		want  any
	}{
		{nil, "not at hand"},
		{&Score{Reason: "no verdict"}, "judged: no verdict"},
		{&Score{Graded: true, Value: 3}, "judged says 3, which is not from 0 to 1"},
		{&Score{Graded: true, Value: 1}, 1.0},
		{&Score{Graded: true, Value: 0.25}, 0.25}, // of four samples one is refused
	} {
		c.Other = x.other
		got := s.Score(&c)
		switch want := x.want.(type) {
		case string:
			if got.Graded || !strings.Contains(got.Reason, want) {
				t.Errorf("%+v, want %s", got, want)
			}
		case float64:
			if got.Value != want || got.Stats[0] != want || got.Stats[1] != 1 {
				t.Errorf("%+v, want %v of 1", got, want)
			}
		}
	}
}

func TestAbstentionColumn(t *testing.T) {
	s := scorer(t, `{"type":"over_refusal"}`)
	for _, x := range []struct {
		v    any
		want string
	}{{"maybe", `answerable is "maybe": true or false is expected`}, {2, `answerable is "2"`}} {
		c := Case{Output: "x", Vars: map[string]any{"answerable": x.v}}
		if err := s.Check(&c); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%v: %v", x.v, err)
		}
		if r := s.Score(&c); r.Graded || !strings.Contains(r.Reason, x.want) {
			t.Errorf("%v: %+v", x.v, r)
		}
	}
	if err := s.Check(&Case{Vars: map[string]any{}}); err == nil || !strings.Contains(err.Error(), `no variable "answerable"`) {
		t.Errorf("without the column: %v", err)
	}
}
