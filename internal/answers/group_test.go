package answers

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/score"
)

// wordings are cases with their group and cluster, in the order of the rows.
func wordings(groups ...string) []*Case {
	var out []*Case
	for i, g := range groups {
		c := &Case{Row: int64(i + 1), ID: fmt.Sprint("c", i+1)}
		group, cluster, _ := strings.Cut(g, "@")
		c.Vars = map[string]any{"g": group, "k": cluster}
		if group == "" {
			c.Vars["g"] = nil
		}
		c.Case.Vars = c.Vars
		out = append(out, c)
	}
	return out
}

func grouped(t *testing.T, cases []*Case, samples int, outputs func(row, model, sample int) string) [][]score.Score {
	t.Helper()
	g := NewGroupGrader(grader(t, map[string]any{"type": "paraphrase_consistency", "group": "g"}), plan.Columns{Cluster: "k"}, 2)
	for _, c := range cases {
		if err := g.Count(c); err != nil {
			t.Fatal(err)
		}
	}
	given := make([][]Answer, len(cases))
	for i, c := range cases {
		given[i] = make([]Answer, 2)
		for m := range 2 {
			var list []*collect.Entry
			for k := range samples {
				if o := outputs(i+1, m, k); o != "-" {
					list = append(list, said(c.ID, k, o))
				}
			}
			given[i][m] = Given(c, list, samples)
		}
		if err := g.Add(c, given[i]); err != nil {
			t.Fatal(err)
		}
	}
	if len(g.open) > 0 {
		t.Errorf("%d groups are held for ever", len(g.open))
	}
	out := make([][]score.Score, len(cases))
	for i, c := range cases {
		var err error
		if out[i], err = g.Grade(c, given[i]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// Groups are graded whatever the order of their rows, by model, as a mean over samples.
func TestGroupGrader(t *testing.T) {
	got := grouped(t, wordings("a@1", "b@1", "a@1", "b@1", "a@1"), 2, func(row, model, sample int) string {
		switch {
		case row == 5 && model == 0: // of group a, in both samples
			return "other"
		case row == 4 && model == 1 && sample == 1: // of group b, in one
			return "other"
		}
		return "same"
	})
	want := [][2]float64{{0.5, 1}, {1, 0.5}, {0.5, 1}, {1, 0.5}, {0, 1}}
	for i := range got {
		n := map[bool]float64{true: 3, false: 2}[i%2 == 0]
		for m, x := range got[i] {
			if !x.Graded || x.Value != want[i][m] || math.Abs(x.Stats[0]-want[i][m]/n) > 1e-12 || math.Abs(x.Stats[1]-1/n) > 1e-12 {
				t.Errorf("row %d, model %d: %+v, want %v of 1/%v", i+1, m, x, want[i][m], n)
			}
		}
	}
}

// A group whose answers are not all there is ungraded whole, for that model alone; a case in
// no group says so.
func TestGroupGraderUngraded(t *testing.T) {
	got := grouped(t, wordings("a@1", "a@1", "b@2", "@3"), 2, func(row, model, sample int) string {
		if row == 2 && model == 0 && sample == 1 {
			return "-"
		}
		return "same"
	})
	for _, x := range []struct {
		row, model int
		want       string
	}{{1, 0, "sample 1: a case of its group has no output: it was not asked for"}, {2, 0, "sample 1: a case of its group"}, {1, 1, ""}, {2, 1, ""},
		{3, 0, "alone in its group"}, {4, 1, "it is in no group: g is empty"}} {
		s := got[x.row-1][x.model]
		if s.Graded != (x.want == "") || !strings.Contains(s.Reason, x.want) {
			t.Errorf("row %d, model %d: %+v, want %q", x.row, x.model, s, x.want)
		}
	}
}

// A group in two clusters would pass for two independent ones.
func TestGroupInTwoClusters(t *testing.T) {
	g := NewGroupGrader(grader(t, map[string]any{"type": "paraphrase_consistency", "group": "g"}), plan.Columns{Cluster: "k"}, 0)
	var err error
	for _, c := range wordings("a@1", "b@2", "a@2") {
		err = g.Count(c)
	}
	if err == nil || !strings.Contains(err.Error(), `row 3 (id c3)`) || !strings.Contains(err.Error(), `the group "a" lies in the clusters "1" and "2" of k`) {
		t.Error(err)
	}
}
