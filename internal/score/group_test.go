package score

import (
	"math"
	"strings"
	"testing"
)

func group(outputs ...string) []Case {
	var out []Case
	for i, o := range outputs {
		out = append(out, Case{Output: o, References: []string{"4"}, Vars: map[string]any{"original": i == 0}})
	}
	return out
}

func TestGroups(t *testing.T) {
	for _, x := range []struct {
		spec    string
		outputs []string
		want    []float64
	}{
		{`{"type":"paraphrase_consistency"}`, []string{"The cat.", "cat", "a dog"}, []float64{0.5, 0.5, 0}},
		{`{"type":"paraphrase_consistency"}`, []string{"a1", "b1"}, []float64{0, 0}},
		{`{"type":"paraphrase_consistency","scorer":{"type":"numeric"}}`, []string{"It is 4", "4.0", "four"}, []float64{0.5, 0.5, 0}},
		{`{"type":"paraphrase_consistency","scorer":{"type":"choice"}}`, []string{"(B)", "The answer is B", "C"}, []float64{0.5, 0.5, 0}},
		{`{"type":"paraphrase_consistency","scorer":{"type":"rouge_1","measure":"precision"}}`, []string{"x y", "x"}, []float64{0.75, 0.75}}, // 1/2 and 1, both ways
		{`{"type":"paraphrase_consistency","transform":["last_line"]}`, []string{"so\n4", "4"}, []float64{1, 1}},
		{`{"type":"worst_paraphrase","scorer":{"type":"exact"}}`, []string{"4", "4", "5"}, []float64{0, 0, 0}},
		{`{"type":"worst_paraphrase","scorer":{"type":"exact"}}`, []string{"4", "4"}, []float64{1, 1}},
		{`{"type":"worst_paraphrase","scorer":{"type":"levenshtein"}}`, []string{"4", "456"}, []float64{2, 2}}, // less is better
		{`{"type":"worst_paraphrase","scorer":{"type":"token_f1"},"threshold":0.6}`, []string{"4", "4 it is"}, []float64{0, 0}},
		{`{"type":"perturbation_drop","scorer":{"type":"exact"}}`, []string{"4", "4", "5"}, []float64{0.5, 0.5, 0.5}},
		{`{"type":"perturbation_drop","scorer":{"type":"exact"}}`, []string{"5", "4"}, []float64{-1, -1}},
		{`{"type":"perturbation_drop","scorer":{"type":"levenshtein"}}`, []string{"4", "456"}, []float64{2, 2}}, // above 0 is worse
	} {
		s := scorer(t, x.spec)
		for i, r := range s.ScoreGroup(group(x.outputs...)) {
			n := float64(len(x.outputs))
			if !r.Graded || math.Abs(r.Value-x.want[i]) > 1e-12 || math.Abs(r.Stats[0]-x.want[i]/n) > 1e-12 || r.Stats[1] != 1/n {
				t.Errorf("%s of %q, case %d: %+v, want %v", x.spec, x.outputs, i, r, x.want[i])
			}
		}
		if r := s.Score(&Case{Output: "4"}); r.Graded {
			t.Errorf("%s grades one case by itself", x.spec)
		}
	}
}

// A group counts once, however many cases it has.
func TestGroupsAreTheUnit(t *testing.T) {
	s := scorer(t, `{"type":"paraphrase_consistency"}`)
	sums := make([]float64, 2)
	for _, outputs := range [][]string{{"x", "x"}, {"y1", "y2", "y3", "y4", "y5", "y6"}} {
		for _, r := range s.ScoreGroup(group(outputs...)) {
			sums[0], sums[1] = sums[0]+r.Stats[0], sums[1]+r.Stats[1]
		}
	}
	if v, _, _, ok := s.Corpus().Of(sums); !ok || math.Abs(v-0.5) > 1e-12 || math.Abs(sums[1]-2) > 1e-12 {
		t.Errorf("%v of %v groups, want 0.5 of 2", v, sums[1])
	}
}

func TestGroupsUngraded(t *testing.T) {
	lost := group("4", "4")
	lost[1].NoOutput = "timed out"
	large := make([]Case, mostInGroup+1)
	for _, x := range []struct {
		spec  string
		cases []Case
		want  string
	}{
		{`{"type":"paraphrase_consistency"}`, group("4"), "alone in its group"},
		{`{"type":"paraphrase_consistency"}`, lost, "has no output: timed out"},
		{`{"type":"paraphrase_consistency"}`, large, "201 cases, more than 200"},
		{`{"type":"paraphrase_consistency","scorer":{"type":"choice"}}`, group("what?", "no idea"), "cannot be compared: "},
		{`{"type":"worst_paraphrase","scorer":{"type":"contains","value":"{{none}}"}}`, group("4", "4"), `no variable "none"`},
		{`{"type":"perturbation_drop","scorer":{"type":"exact"},"original":"true"}`, group("4", "4"), "2 originals and 0 perturbations"},
	} {
		for _, r := range scorer(t, x.spec).ScoreGroup(x.cases) {
			if r.Graded || !strings.Contains(r.Reason, x.want) {
				t.Errorf("%s: %+v, want %s", x.spec, r, x.want)
			}
		}
	}
}
