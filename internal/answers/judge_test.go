package answers

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/provider"
	"github.com/fairtrial/fairtrial/internal/rubric"
	"github.com/fairtrial/fairtrial/internal/score"
)

func verdictPlan() *plan.Plan {
	return &plan.Plan{Models: []plan.Model{{Key: "candidate", Answers: &plan.Answers{Samples: 2}}, {Key: "baseline", Answers: &plan.Answers{Samples: 1}}}}
}

func opened(t testing.TB, text string) (*verdicts, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "v.jsonl")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	v, err := openVerdicts(path, verdictPlan(), 2)
	if v != nil {
		t.Cleanup(func() { _ = v.Close() })
	}
	return v, err
}

// Lines that cannot be used are told with their number and what was expected.
func TestRecordedVerdicts(t *testing.T) {
	for line, want := range map[string]string{
		`{"id": "a", "model": "candidate", "level": "good"`:                                 "v.jsonl:2: the line is not the JSON expected",
		`{"id": "a", "model": "other", "level": "good"}`:                                    `is one of candidate, baseline, this is "other"`,
		`{"id": "a", "level": "good"}`:                                                      `this is ""`,
		`{"id": "a", "model": "baseline", "sample": 1, "level": "good"}`:                    "sample 1, and models.baseline gives 1",
		`{"id": "a", "model": "candidate", "sample": -1, "level": "good"}`:                  "count from 0",
		`{"id": "a", "model": "candidate", "repeat": 2, "level": "good"}`:                   "repeat 2, and the plan asks for repeats: 2",
		`{"id": "a", "model": "candidate"}`:                                                 `one of "output", "level" and "choice"`,
		`{"id": "a", "model": "candidate", "level": "good", "output": "x"}`:                 `one of "output", "level" and "choice"`,
		`{"id": "a", "model": "candidate", "output": "x", "evidence": "y"}`:                 `go with "level"`,
		`{"id": ["a"], "model": "candidate", "level": "good"}`:                              `"id" is a string or a number`,
		`{"model": "candidate", "level": "good"}`:                                           `"id" is a string or a number`,
		`{"id": "a", "model": "candidate", "level": "good"} {}`:                             "more than one JSON object",
		`{"id": "first", "model": "candidate", "level": "bad"}`:                             "stands in line 1 too",
		"{\"id\": \"\xff\", \"model\": \"candidate\", \"level\": \"good\"}":                 "not UTF-8",
		`{"id": "a", "model": "candidate", "output": "` + strings.Repeat("x", 2<<20) + `"}`: "longer than",
	} {
		if _, err := opened(t, "{\"id\": \"first\", \"model\": \"candidate\", \"level\": \"good\"}\n"+line+"\n"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "v.jsonl:2: ") {
			t.Errorf("%.80s: %v, want %q", line, err, want)
		}
	}
	v, err := opened(t, "\ufeff{\"id\": 7, \"model\": \"candidate\", \"sample\": 1, \"repeat\": 1, \"level\": 3, \"evidence\": [\"x\"], \"reasoning\": \"y\"}\n\n{\"id\": \"7\", \"model\": \"baseline\", \"step\": 1, \"choice\": \"yes\"}")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(model string, sample, repeat, step int) (provider.Answer, error) {
		return v.Call(context.Background(), provider.Request{ID: verdictID("7", model, sample), Sample: repeat, Vars: map[string]any{"step": step}})
	}
	if a, err := ask("candidate", 1, 1, 0); err != nil || a.Output != `{"evidence":["x"],"level":3,"reasoning":"y"}` {
		t.Errorf("%q %v", a.Output, err)
	}
	if a, err := ask("baseline", 0, 0, 1); err != nil || a.Output != `{"choice":"yes"}` {
		t.Errorf("%q %v", a.Output, err)
	}
	if _, err := ask("candidate", 0, 1, 0); provider.KindOf(err) != provider.Missing {
		t.Error(err)
	}
	if err := v.strange(func(id string) bool { return id == "8" }); err == nil || !strings.Contains(err.Error(), `v.jsonl:1: no case has the id "7" (and 1 more such lines)`) {
		t.Error(err)
	}
	if err := v.strange(func(id string) bool { return id == "7" }); err != nil {
		t.Error(err)
	}
}

// Files of every kind: an error with the file's name, or verdicts that are found again.
func FuzzRecordedVerdicts(f *testing.F) {
	f.Add(`{"id": "a", "model": "candidate", "level": "good", "evidence": ["x"]}` + "\n" + `{"id": 1e3, "model": "baseline", "output": "{}"}`)
	f.Add("\ufeff\n{\"id\": -1, \"model\": \"candidate\", \"sample\": 1, \"repeat\": 1, \"step\": 3, \"choice\": null, \"level\": false}\r\n")
	f.Add("{}")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := opened(t, text)
		if err != nil {
			if !strings.Contains(err.Error(), "v.jsonl:") {
				t.Errorf("no place: %v", err)
			}
			return
		}
		for key := range v.lines {
			r := provider.Request{ID: key.id, Sample: key.repeat, Vars: map[string]any{"step": key.step}}
			a, err := v.Call(context.Background(), r)
			if err != nil {
				t.Errorf("%+v: %v", key, err)
			}
			if _, err := v.Encode(r); err != nil || len(a.Response) == 0 {
				t.Errorf("%+v: %v", key, err)
			}
		}
		_ = v.strange(func(string) bool { return false })
	})
}

func ptr(x float64) *float64 { return &x }

// ballots of a judge scorer, by hand.
func TestCount(t *testing.T) {
	good, bad := rubric.Verdict{Graded: true, Value: 1, Level: "good"}, rubric.Verdict{Graded: true, Value: 0, Level: "bad"}
	none := rubric.Verdict{Reason: "why"}
	for _, e := range []struct {
		vote      string
		threshold *float64
		b         ballot
		value     float64 // NaN: ungraded
		reason    string
	}{
		{"mean", nil, ballot{{good, bad}, {good, good}}, 0.75, ""},
		{"mean", ptr(0.75), ballot{{good, bad}, {good, good}}, 1, ""},
		{"mean", ptr(0.76), ballot{{good, bad}, {good, good}}, 0, ""},
		{"mean", nil, ballot{{good, good}, {good, none}}, math.NaN(), "b, repeat 1: why"},
		{"majority", nil, ballot{{good, good}, {good, none}}, 1, ""},
		{"majority", nil, ballot{{good, bad}, {good, bad}}, math.NaN(), "no level has more than half of 4 votes"},
		{"majority", nil, ballot{{good, good}, {none, none}}, math.NaN(), "b, repeat 0: why"},
		{"majority", nil, ballot{{good, good}, {none, bad}}, math.NaN(), "b, repeat 0: why"},
		{"majority", nil, ballot{{bad, bad}, {bad, good}}, 0, ""},
	} {
		j := &plan.JudgeScorer{Judges: []string{"a", "b"}, Vote: e.vote, Repeats: 2, Threshold: e.threshold}
		g := &JudgeGrader{j: j, recorded: []bool{false, false}}
		x := g.count(e.b)
		if math.IsNaN(e.value) != !x.Graded || x.Graded && x.Value != e.value || x.Reason != e.reason {
			t.Errorf("%s %v: %+v, want %g %q", e.vote, e.b, x, e.value, e.reason)
		}
	}
}

// With several samples a case's score is the mean of its samples' verdicts, and one that is
// missing leaves it ungraded; equal answers of two models are one for the facts.
func TestJudgeSamples(t *testing.T) {
	j := &plan.JudgeScorer{Judges: []string{"a"}, Vote: "mean", Repeats: 2, Rubric: rubric.Rubric{Criterion: "c", Shows: []string{"answer"},
		Levels: []rubric.Level{{Value: 1, Name: "good", Means: "x"}, {Value: 0, Name: "bad", Means: "y"}}}}
	p := verdictPlan()
	p.Judges = []plan.Judge{{Key: "a", Answers: &plan.Answers{Provider: "openai"}}}
	asked := map[string]int{}
	shown := map[string]string{}
	g := NewJudgeGrader(p, plan.Scorer{As: "s", Judge: j}, []string{"candidate", "baseline"}, func(_ int, id string) ([]*collect.Entry, error) {
		asked[id]++
		var out []*collect.Entry
		for k := range 2 {
			level := "good"
			if shown[id] == "worse" || shown[id] == "odd" && k == 1 {
				level = "bad"
			}
			out = append(out, &collect.Entry{ID: id, Sample: k, Answer: &provider.Answer{Output: `{"level": "` + level + `"}`}})
		}
		return out, nil
	})
	grade := func(id string, cand []string, base string) []score.Score {
		c := &Case{ID: id}
		given := []Answer{{}, {}}
		for m, list := range [][]string{cand, {base}} {
			for _, text := range list {
				s := score.Case{Output: text}
				if text == "" {
					s.NoOutput = "none is recorded"
				}
				given[m].Samples = append(given[m].Samples, s)
			}
		}
		for _, x := range Items(&j.Rubric, c, []string{"candidate", "baseline"}, given, false) {
			shown[x.ID] = x.Shown.Answer
		}
		out, err := g.Grade(c, given)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if x := grade("1", []string{"better", "odd"}, "better"); x[0].Value != 0.75 || x[1].Value != 1 || len(shown) != 2 {
		t.Errorf("%+v of %v", x, shown)
	}
	if x := grade("2", []string{"worse", ""}, "odd"); x[0].Graded || x[0].Reason != "sample 1: no output: none is recorded" || x[1].Value != 0.5 {
		t.Errorf("%+v", x)
	}
	for id, n := range asked {
		if n != 1 {
			t.Errorf("%s is looked up %d times", shown[id], n)
		}
	}
	f := g.Facts(0.95, 1)
	// Four answers: better, odd of case 1; worse, odd of case 2. Two of them vary, by 1/2.
	if f.Answers != 4 || f.Judges[0].Verdicts != 8 || *(*float64)(&f.Judges[0].Variance.Value) != 0.25 || float64(f.Judges[0].Unlike.Value) != 0.5 || f.Alpha != nil {
		t.Errorf("%+v %+v", f, f.Judges[0].Variance)
	}
}
