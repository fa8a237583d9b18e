package record

import (
	"encoding/json"
	"fmt"

	"github.com/fairtrial/fairtrial/internal/result"
)

// maxFindings bounds the list of differences; the last line counts the rest.
const maxFindings = 20

// Diff names every estimate, comparison, gate and verdict of a record that differs
// from another computation of it, bit for bit.
func Diff(have, want *Record) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	diff(have.Estimates, want.Estimates, func(e result.Estimate) string {
		return fmt.Sprintf("estimate of %s, %s, %s", e.Metric, e.Model, e.Slice)
	}, add)
	diff(have.Comparisons, want.Comparisons, func(c result.Comparison) string {
		return fmt.Sprintf("comparison of %s, %s with %s, %s", c.Metric, c.Candidate, c.Baseline, c.Slice)
	}, add)
	diff(have.Gates, want.Gates, func(g result.Gate) string { return "gate " + g.Name }, add)
	diff([]result.Outcome{have.Verdict}, []result.Outcome{want.Verdict}, func(result.Outcome) string { return "verdict" }, add)
	diff([]*result.Sequential{have.Sequential}, []*result.Sequential{want.Sequential}, func(*result.Sequential) string { return "looks" }, add)
	diff([]*result.Impact{have.Impact}, []*result.Impact{want.Impact}, func(*result.Impact) string { return "impact" }, add)
	diff(have.Slices, want.Slices, func(s Slice) string { return "slice " + s.Name }, add)
	diff(have.Curves, want.Curves, func(c Curve) string { return c.Kind + " curve of " + c.Model }, add)
	diff(have.Tables, want.Tables, func(t Table) string { return t.Kind + " table of " + t.Model }, add)
	if have.Seed != want.Seed {
		add("seed is %d, recomputed %d", have.Seed, want.Seed)
	}
	if len(out) > maxFindings {
		rest := len(out) - maxFindings
		out = append(out[:maxFindings], fmt.Sprintf("and %d more", rest))
	}
	return out
}

func diff[T any](have, want []T, name func(T) string, add func(string, ...any)) {
	if len(have) != len(want) {
		add("%d results stored, %d recomputed", len(have), len(want))
	}
	for i := range min(len(have), len(want)) {
		h, errH := json.Marshal(have[i])
		w, errW := json.Marshal(want[i])
		if errH != nil || errW != nil || string(h) != string(w) {
			add("%s: stored %s, recomputed %s", name(have[i]), shorten(h), shorten(w))
		}
	}
}

func shorten(b []byte) string {
	const most = 300
	if len(b) > most {
		return string(b[:most]) + " …"
	}
	return string(b)
}
