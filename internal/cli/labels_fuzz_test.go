package cli

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/judge"
	"github.com/fairtrial/fairtrial/internal/plan"
)

// Whatever a card's file holds, what is taken of it are counts that go together.
func FuzzCard(f *testing.F) {
	for _, seed := range []string{
		`{"schema":"fairtrial.judge-card/v1","judge":"sha256:a","counts":{"good":200,"good_passed":170,"bad":100,"bad_failed":70}}`,
		`{"schema":"fairtrial.judge-card/v1","judge":"sha256:a","counts":{"good":20,"good_passed":21,"bad":20,"bad_failed":1}}`,
		`{"schema":"fairtrial.judge-card/v1","judge":"a","counts":null}`, `{"schema":"other"}`, `[]`, `{"counts":{"good":1e99}}`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := readCard(text)
		if err != nil {
			if strings.Contains(err.Error(), "\x00") {
				t.Errorf("%q", err)
			}
			return
		}
		if k := c.Counts; c.Judge == "" || k.Good < 20 || k.Bad < 20 || k.GoodPassed < 0 || k.GoodPassed > k.Good || k.BadFailed < 0 || k.BadFailed > k.Bad {
			t.Errorf("%+v", c)
		}
	})
}

// Whatever rows of labels hold, they are refused with their row, or joined: each weight is
// that of one answer, and no label counts twice.
func FuzzLabels(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a","label":1}` + "\n" + `{"id":"b","label":"no","chance":0.5}`,
		`{"id":"a","label":"pass","model":"m","sample":1,"rater":"x","second_label":0,"tuned":"no"}` + "\n" + `{"id":"a","label":0,"rater":"y"}`,
		`{"id":"a","label":"","chance":0.1}` + "\n" + `{"id":"b","label":3}`, `{"id":"zz","label":1}`, `{"id":"a","label":1e300}`, `{"id":null}`, `{"id":"a","label":1,"sample":1.5}`,
		`{"id":"a","label":1,"chance":1e-300}`,
	} {
		f.Add(seed)
	}
	columns := plan.LabelColumns{ID: "id", Model: "model", Sample: "sample", Label: "label", Chance: "chance", Rater: "rater", Second: "second_label", Tuned: "tuned"}
	scale := judge.Scale{Lo: 0, Hi: 1, PassFail: true}
	f.Fuzz(func(t *testing.T, text string) {
		var labels []judge.Label
		for i, line := range strings.Split(text, "\n") {
			var row map[string]json.RawMessage
			if json.Unmarshal([]byte(line), &row) != nil {
				return
			}
			l, err := labelOf(engine.Case{Row: int64(i) + 1, ID: plainText(row["id"])}, row, columns)
			if err != nil {
				return
			}
			labels = append(labels, l)
		}
		even, err := judge.CheckLabels(labels, scale)
		if err != nil {
			return
		}
		j, err := judge.Join(labels, judge.Answers{Rows: 2, Models: []string{"m"}, Samples: []int{1}, Find: func(id string) (int64, bool) {
			return int64(strings.Index("ab", id)) + 1, id == "a" || id == "b"
		}}, scale, !even)
		if err != nil {
			return
		}
		n := int64(0)
		for i, w := range j.Weight[0] {
			if math.IsNaN(w) {
				continue
			}
			n++
			if v := j.Value[0][i]; !(w >= 1) || v != 0 && v != 1 {
				t.Errorf("weight %g, label %g", w, v)
			}
		}
		if n != j.Labels[0] {
			t.Errorf("%d labels, %d are counted", n, j.Labels[0])
		}
	})
}
