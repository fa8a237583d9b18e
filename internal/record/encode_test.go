package record

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
)

// The faster ways write what encoding/json does, byte for byte.
func TestWritesAsEncodingJSON(t *testing.T) {
	full, _ := sealed(t)
	full.Estimates = append(full.Estimates, full.Estimates[0])
	full.Estimates[1].Notes = []string{}
	full.Comparisons = []result.Comparison{{Metric: `a "{[,:` + "\\", Notes: []string{"\\\"", "}", "λ"}}}
	full.Curves = []Curve{{Kind: "roc", Points: [][]result.Number{{}, {0.5, 1}}}}
	// A name in the plan that looks like the place of the lists, and one in a later part.
	tricky, _ := sealed(t)
	tricky.Plan = &plan.Plan{Name: unlisted}
	tricky.Tables = []Table{}
	for name, r := range map[string]*Record{"full": full, "empty": {}, "no estimates": {Estimates: []result.Estimate{}}, "tricky": tricky} {
		var want, got bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(r); err != nil {
			t.Fatal(err)
		}
		if err := r.Write(&got); err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("%s: %v\n%s\n%s", name, err, got.Bytes(), want.Bytes())
		}
		whole, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := r.Compact(); err != nil || !bytes.Equal(c, whole) {
			t.Errorf("%s: compact: %v\n%s\n%s", name, err, c, whole)
		}
		res := results{r.Estimates, r.Comparisons, rest{r.Gates, r.Verdict, r.Sequential, r.Impact, r.Slices, r.Curves, r.Tables, r.Exemplars}}
		b, err := json.Marshal(struct {
			Estimates   []result.Estimate
			Comparisons []result.Comparison
			Gates       []result.Gate
			Verdict     result.Outcome
			Sequential  *result.Sequential `json:",omitempty"`
			Impact      *result.Impact     `json:",omitempty"`
			Slices      []Slice
			Curves      []Curve
			Tables      []Table
			Exemplars   any
		}{r.Estimates, r.Comparisons, r.Gates, r.Verdict, r.Sequential, r.Impact, r.Slices, r.Curves, r.Tables, r.Exemplars})
		if err != nil {
			t.Fatal(err)
		}
		if c, err := res.canonical(); err != nil || !bytes.Equal(b, c) {
			t.Errorf("%s: canonical results: %v\n%s\n%s", name, err, c, b)
		}
	}
}
