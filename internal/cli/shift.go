package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"sort"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/compare"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// shifts splits the change of every metric from one record to another on different data:
// by the slices that both plans declare, and by label.
func shifts(before, after *record.Record) (out []compare.Shift, notes []string) {
	if before.Data.Digest == after.Data.Digest {
		return nil, nil
	}
	if c := before.Plan.Data.Columns; c.Weight != "" || c.Cluster != "" {
		return nil, []string{"the change is not split: it is built for rows without weights and clusters"}
	}
	for _, m := range after.Plan.Metrics {
		if !sameMetric(before, m) {
			continue
		}
		for i, e := range after.Plan.Slices {
			if s, ok := byEntry(before, after, m.As, i, e); ok {
				out = append(out, s)
			}
		}
		if s, ok := byLabel(before, after, m); ok {
			out = append(out, s)
		}
	}
	if a, b := thresholdOf(before), thresholdOf(after); a != b {
		notes = append(notes, fmt.Sprintf("the thresholds differ, %s and %s: 'within' holds that too", a, b))
	}
	return out, notes
}

func thresholdOf(r *record.Record) string {
	for _, m := range r.Plan.Models {
		if m.Key == "candidate" && m.Threshold != nil {
			return fmt.Sprint(*m.Threshold)
		}
	}
	return "none"
}

// sameMetric: the other plan has the metric under the same name with the same meaning.
func sameMetric(r *record.Record, m plan.Metric) bool {
	m.Line, m.Notes, m.Equivalence = 0, nil, nil
	want, errA := json.Marshal(m)
	for _, x := range r.Plan.Metrics {
		x.Line, x.Notes, x.Equivalence = 0, nil, nil
		if have, errB := json.Marshal(x); errA == nil && errB == nil && string(have) == string(want) {
			return true
		}
	}
	return false
}

// byEntry splits by one slice entry that both plans have, where the metric is a mean
// over its slices.
func byEntry(before, after *record.Record, as string, at int, e plan.Slice) (compare.Shift, bool) {
	same := func(x plan.Slice) bool {
		x.Line, e.Line = 0, 0
		a, errA := json.Marshal(x)
		b, errB := json.Marshal(e)
		return errA == nil && errB == nil && string(a) == string(b)
	}
	old := -1
	for i, x := range before.Plan.Slices {
		if same(x) {
			old = i
		}
	}
	if old < 0 {
		return compare.Shift{}, false
	}
	var names []string
	seen := map[string]bool{}
	for _, x := range []struct {
		r     *record.Record
		entry int
	}{{before, old}, {after, at}} {
		for _, s := range x.r.Slices {
			if s.Entry == x.entry && !seen[s.Name] {
				seen[s.Name] = true
				names = append(names, s.Name)
			}
		}
	}
	a, okA := groupsOf(before, as, names)
	b, okB := groupsOf(after, as, names)
	if !okA || !okB || len(names) < 2 {
		return compare.Shift{}, false
	}
	s := compare.ByShare(a, b, after.Plan.Confidence)
	s.Metric, s.By = as, entryName(e)
	return s, true
}

func entryName(e plan.Slice) string {
	switch {
	case e.Name != "":
		return e.Name
	case len(e.Columns) == 1:
		return e.Columns[0]
	}
	return fmt.Sprint(e.Columns)
}

// groupsOf are a metric's slices in one record; ok is false where one has rows but no
// value, or where the whole is not their mean.
func groupsOf(r *record.Record, as string, names []string) ([]compare.Group, bool) {
	find := func(slice string) (compare.Group, bool) {
		g := compare.Group{Name: slice, Value: math.NaN(), SE: math.NaN()}
		for _, e := range r.Estimates {
			if e.Metric == as && e.Model == "candidate" && e.Slice == slice {
				if e.Status != result.OK {
					return g, e.N == 0
				}
				g.Rows, g.Value, g.SE = float64(e.N), float64(e.Value), float64(e.SE)
				return g, !math.IsNaN(g.SE)
			}
		}
		return g, true
	}
	whole, ok := find(result.Overall)
	var out []compare.Group
	for _, n := range names {
		g, good := find(n)
		ok = ok && good
		out = append(out, g)
	}
	return out, ok && compare.IsMean(whole, out)
}

// byLabel splits a metric of the confusion matrix.
func byLabel(before, after *record.Record, m plan.Metric) (compare.Shift, bool) {
	if after.Plan.Task != cases.Binary {
		return compare.Shift{}, false
	}
	in, err := catalogue().Build(m.Metric, m.As, metric.Options{Task: cases.Binary, Params: m.Params})
	a, okA := confusionOf(before)
	b, okB := confusionOf(after)
	if err != nil || !in.NeedsDecision || !okA || !okB {
		return compare.Shift{}, false
	}
	value := func(c compare.Confusion) (float64, bool) {
		counts := &summary.Counts{}
		for _, x := range []struct {
			y, d uint32
			w    float64
		}{{0, 0, c.TN}, {0, 1, c.FP}, {1, 0, c.FN}, {1, 1, c.TP}} {
			if x.w > 0 {
				counts.Cells = append(counts.Cells, summary.Cell{Label: x.y, Decisions: []uint32{x.d}, N: 1, W: x.w, W2: x.w})
			}
		}
		pop := &summary.Population{Slice: result.Overall, N: int64(len(counts.Cells)), W: 1, W2: 1, Counts: counts}
		e := in.Estimate(&metric.View{Set: &summary.Set{Models: []string{"candidate"}, Baseline: -1, Classes: []string{"0", "1"}, Pops: []*summary.Population{pop}}, Pop: pop}, 0)
		return e.Value, e.Status == result.OK
	}
	s, ok := compare.ByLabel(a, b, value, after.Plan.Confidence)
	s.Metric = m.As
	return s, ok
}

func confusionOf(r *record.Record) (compare.Confusion, bool) {
	for _, t := range r.Tables {
		if t.Kind == "confusion" && t.Model == "candidate" && t.Slice == result.Overall && len(t.Rows) == 2 && len(t.Rows[0]) == 2 && len(t.Rows[1]) == 2 {
			return compare.Confusion{TN: float64(t.Rows[0][0]), FP: float64(t.Rows[0][1]), FN: float64(t.Rows[1][0]), TP: float64(t.Rows[1][1])}, true
		}
	}
	return compare.Confusion{}, false
}

// maxShiftLines bounds what is printed; JSON has all.
const maxShiftLines = 15

func (x contrast) printShifts(e *Env) error {
	if len(x.Shifts) == 0 {
		return nil
	}
	list := append([]compare.Shift(nil), x.Shifts...)
	clear := func(s compare.Shift) float64 { // how far the mix is from nothing, in half widths
		return math.Abs(float64(s.Mix.Value)) / math.Max(1e-12, float64(s.Mix.Upper-s.Mix.Lower)/2)
	}
	sort.SliceStable(list, func(i, k int) bool { return clear(list[i]) > clear(list[k]) })
	rows := [][]string{{"WHY IT CHANGED", "BY", "CHANGE", "OF OTHER SHARES", "WITHIN"}}
	cell := func(p compare.Part) string {
		return fmt.Sprintf("%s (%s to %s)", p.Value.Signed(), p.Lower.Signed(), p.Upper.Signed())
	}
	for i, s := range list {
		if i == maxShiftLines {
			break
		}
		rows = append(rows, []string{s.Metric, s.By, s.Total.Value.Signed(), cell(s.Mix), cell(s.Within)})
	}
	fmt.Fprintln(e.Stdout)
	if err := writeTable(e.Stdout, rows); err != nil {
		return err
	}
	if len(list) > maxShiftLines {
		fmt.Fprintf(e.Stdout, "%d of %d; the rest with --json\n", maxShiftLines, len(list))
	}
	return nil
}
