package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

func TestSummaryNeverHidesWhatBlocks(t *testing.T) {
	r := &record.Record{Plan: &plan.Plan{Name: "p", Confidence: 0.95}, Verdict: result.Outcome{Decision: result.NoGo, Sentence: "No-go: because."}}
	for range 20 {
		r.Gates = append(r.Gates, result.Gate{Name: "fine", Metric: "recall", Verdict: result.Pass})
	}
	r.Gates = append(r.Gates, result.Gate{Name: "broken", Metric: "precision", Verdict: result.Fail})
	for name, write := range map[string]func(*bytes.Buffer) error{
		"summary": func(b *bytes.Buffer) error { return Summary(b, r) },
		"card":    func(b *bytes.Buffer) error { return Card(b, r) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"■ No-go", "No-go: because.", "■ fail", "more gates, in the report"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: no %q", name, want)
			}
		}
		if strings.Contains(b.String(), "<script") {
			t.Errorf("%s has a script", name)
		}
	}
}

// A chart of some of the slices says how many there are.
func TestForestSaysWhatItLeavesOut(t *testing.T) {
	for slices, want := range map[int]string{3: "Worst credible first", 60: "The first 20 of 60 slices with an interval, worst credible first"} {
		var b bytes.Buffer
		if err := Summary(&b, sample(slices, 1)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), want) {
			t.Errorf("%d slices: no %q", slices, want)
		}
	}
}
