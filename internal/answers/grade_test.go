package answers

import (
	"context"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/provider"
	"github.com/fairtrial/fairtrial/internal/score"
)

func grader(t *testing.T, spec map[string]any) *Grader {
	t.Helper()
	g, err := NewGrader(plan.Scorer{As: "s", Spec: spec})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func said(id string, sample int, output string) *collect.Entry {
	return &collect.Entry{ID: id, Sample: sample, Answer: &provider.Answer{Output: output}}
}

// Samples stand beside their case; what failed, is not recorded or was not asked for is no
// output, which is not an empty one.
func TestGiven(t *testing.T) {
	c := &Case{ID: "a", Case: score.Case{Question: "q", Contexts: []score.Context{{ID: "d1", Text: "one"}, {ID: "d2", Text: "two"}}}}
	failed := func(kind provider.Kind, words string, sample int) *collect.Entry {
		return &collect.Entry{ID: "a", Sample: sample, Err: &collect.Failure{Kind: kind, Message: words}}
	}
	a := Given(c, []*collect.Entry{said("a", 0, ""), failed(provider.Missing, "no such line", 1), failed(provider.Kind("timeout"), "60s are over", 2)}, 4)
	want := []string{"", "none is recorded", "60s are over", "it was not asked for"}
	for k, s := range a.Samples {
		if s.NoOutput != want[k] || s.Question != "q" || s.Outputs != nil {
			t.Errorf("sample %d: %+v, want %q", k, s, want[k])
		}
	}
	a = Given(c, []*collect.Entry{said("a", 1, "y"), said("a", 0, "x")}, 2) // in any order
	if got := fmt.Sprint(a.Samples[0].Output, a.Samples[1].Output, a.Samples[1].Outputs); got != "xy[x y]" {
		t.Error(got)
	}
}

// What an answer carries of itself; passages that it retrieved keep the ids of those that
// the case knows; a charge that was estimated is no cost.
func TestFilledAnswer(t *testing.T) {
	in, out, usd := int64(7), int64(3), 0.5
	c := &Case{ID: "a", Case: score.Case{Contexts: []score.Context{{ID: "d1", Text: "one"}, {ID: "d2", Text: "two"}}}}
	e := said("a", 0, "x")
	e.Answer.Contexts, e.Answer.Latency = []string{"two", "own", "d1"}, 1500*time.Microsecond
	e.Answer.Usage.In, e.Answer.Usage.Out = &in, &out
	e.Answer.Logprobs = []provider.Logprob{{Value: -1}, {Value: -2}}
	e.Charge = collect.Charge{Pico: 2e12, Estimated: true}
	s := Given(c, []*collect.Entry{e}, 1).Samples[0]
	if got := fmt.Sprint(s.Contexts, *s.TokensIn, *s.TokensOut, *s.Latency, s.CostUSD == nil, s.Logprobs); got != "[{d2 two} { own} {d1 one}] 7 3 1.5 true [-1 -2]" {
		t.Error(got)
	}
	e.Charge.Estimated = false
	if s := Given(c, []*collect.Entry{e}, 1).Samples[0]; s.CostUSD == nil || *s.CostUSD != 2 {
		t.Errorf("the charge: %v", s.CostUSD)
	}
	e.Answer.CostUSD = &usd
	if s := Given(c, []*collect.Entry{e}, 1).Samples[0]; *s.CostUSD != 0.5 {
		t.Errorf("the answer's own cost: %v", *s.CostUSD)
	}
	if s := Given(c, []*collect.Entry{said("a", 0, "x")}, 1).Samples[0]; s.Latency != nil || s.TokensIn != nil || s.CostUSD != nil || len(s.Contexts) != 2 {
		t.Errorf("what was not measured is a number: %+v", s)
	}
}

// A case's score is the mean over its samples, of the numbers of a value on the set too, and
// none where one sample has none.
func TestGradeSamples(t *testing.T) {
	c := &Case{ID: "a", Case: score.Case{References: []string{"one two"}}}
	of := func(outputs ...string) Answer {
		var list []*collect.Entry
		for k, o := range outputs {
			if o != "-" {
				list = append(list, said("a", k, o))
			}
		}
		return Given(c, list, len(outputs))
	}
	exact := grader(t, map[string]any{"type": "exact"})
	if x := exact.Grade(of("one two", "no", "no", "one two")); x.Value != 0.5 || !x.Graded || x.Evidence != "" {
		t.Errorf("%+v", x)
	}
	if x := exact.Grade(of("no")); x.Evidence == "" {
		t.Error("one answer has no evidence")
	}
	if x := exact.Grade(of("one two", "-")); x.Graded || x.Reason != "sample 1: no output: it was not asked for" {
		t.Errorf("%+v", x)
	}
	if x := exact.Grade(of("-")); x.Reason != "no output: it was not asked for" {
		t.Errorf("%+v", x)
	}
	bleu := grader(t, map[string]any{"type": "bleu"})
	x, one, two := bleu.Grade(of("one two", "three")), bleu.Grade(of("one two")), bleu.Grade(of("three"))
	for i, name := range bleu.Columns() {
		if math.Abs(x.Stats[i]-(one.Stats[i]+two.Stats[i])/2) > 1e-12 {
			t.Errorf("%s: %g, of the samples %g and %g", name, x.Stats[i], one.Stats[i], two.Stats[i])
		}
	}
	if exact.Columns() != nil {
		t.Error("a mean has further columns")
	}
	same := grader(t, map[string]any{"type": "self_consistency"}) // of all at once
	if x := same.Grade(of("a", "a", "b")); math.Abs(x.Value-2./3) > 1e-12 {
		t.Errorf("%+v", x)
	}
	if x := same.Grade(of("a", "-", "b")); x.Reason != "sample 1: it was not asked for" {
		t.Errorf("%+v", x)
	}
}

// A scorer that builds on another takes its score for the answer, whatever the output.
func TestGradeOn(t *testing.T) {
	g := grader(t, map[string]any{"type": "over_refusal", "refused_by": "judged"})
	c := &Case{ID: "a", Case: score.Case{Vars: map[string]any{"answerable": true}}}
	a := Given(c, []*collect.Entry{said("a", 0, "x")}, 2)
	if x := g.GradeOn(a, score.Score{Graded: true, Value: 0.5}); x.Value != 0.5 || fmt.Sprint(x.Stats) != "[0.5 1]" || g.Other() != "judged" {
		t.Errorf("%+v", x)
	}
	if x := g.GradeOn(a, score.Score{Reason: "sample 1: no output"}); x.Graded || x.Reason != "judged: sample 1: no output" {
		t.Errorf("%+v", x)
	}
}

// kept collects recorded answers, two to a case, into an artifact.
func kept(t *testing.T, ids string, lines ...string) *collect.Artifact {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "answers.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	of := &plan.Answers{Provider: "recorded", Source: path, Samples: 2}
	p := &plan.Plan{}
	a, err := NewAsker(p, of, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	cases := iter.Seq2[*Case, error](func(yield func(*Case, error) bool) {
		for i, id := range strings.Fields(ids) {
			if !yield(&Case{Row: int64(i + 1), ID: id}, nil) {
				return
			}
		}
	})
	o := Options(p, of)
	o.Folder = filepath.Join(dir, "kept")
	r, err := collect.Run(context.Background(), a.Questions(cases), a.Provider, o)
	if err != nil {
		t.Fatal(err)
	}
	out, err := collect.Open(r.Artifact)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close() })
	return out
}

// Stored answers stand beside their cases in the order of the data; other cases, or more of
// them, are an error, unless only a part is looked at.
func TestBeside(t *testing.T) {
	a := kept(t, "x y z", `{"id": "x", "output": "x0"}`, `{"id": "x", "sample": 1, "output": "x1"}`, `{"id": "z", "sample": 1, "output": "z1"}`)
	read := func(some bool, ids string) (string, error) {
		b := NewBeside(a, some)
		var out []string
		for _, id := range strings.Fields(ids) {
			list, err := b.Of(id)
			if err != nil {
				_ = b.End()
				return "", err
			}
			given := Given(&Case{ID: id}, list, 2)
			out = append(out, given.Samples[0].Output+given.Samples[0].NoOutput+"/"+given.Samples[1].Output+given.Samples[1].NoOutput)
		}
		return strings.Join(out, " "), b.End()
	}
	if got, err := read(false, "x y z"); err != nil || got != "x0/x1 none is recorded/none is recorded none is recorded/z1" {
		t.Errorf("%s %v", got, err)
	}
	if got, err := read(true, "y"); err != nil || got != "none is recorded/none is recorded" {
		t.Errorf("a part: %s %v", got, err)
	}
	for ids, want := range map[string]string{"x z": `"y" stands where "z" is expected`, "y": `"x" stands where "y" is expected`, "x y": "there are more of them"} {
		if _, err := read(false, ids); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", ids, err, want)
		}
	}
	if got, err := read(false, "x y z w"); err != nil || !strings.HasSuffix(got, "it was not asked for/it was not asked for") {
		t.Errorf("a case that was not asked: %s %v", got, err)
	}
}
