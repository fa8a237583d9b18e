package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/shift"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// told is a record with the folder whose workspace keeps its summaries, read once.
type told struct {
	record *record.Record
	dir    string
	set    *summary.Set
	failed error
}

func (e *Env) read(cmd *cobra.Command, t *told) (*summary.Set, error) {
	if t.set == nil && t.failed == nil {
		t.set, t.failed = e.summaries(cmd, t.record, t.dir)
	}
	return t.set, t.failed
}

// asked is whose change is split: a model's on one slice, of one metric ("": of all).
type asked struct {
	model, slice, metric string
	level                float64
}

// shifts splits the change of metrics from one record to another on different data: on
// all rows of the slice, and where that is all rows by the slices that both plans declare.
// What cannot be split is named in the notes.
func (e *Env) shifts(cmd *cobra.Command, before, after *told, q asked) (out []shift.Shift, notes []string, err error) {
	if before.record.Data.Digest == after.record.Data.Digest {
		return nil, nil, nil
	}
	var all [2]shift.Data
	for k, x := range []*told{before, after} {
		set, err := e.read(cmd, x)
		if err != nil {
			return nil, []string{fmt.Sprintf("why it changed is not said, since the summaries of %s are not here: %v", x.record.Run.ID, err)}, nil
		}
		var ok bool
		if all[k], ok = ofSlice(set, q); !ok {
			return nil, []string{fmt.Sprintf("why it changed is not said, since %s has no model %q on slice %q", x.record.Run.ID, q.model, q.slice)}, nil
		}
	}
	cut, err := e.bothCuts(cmd, before, after, all, q)
	if err != nil {
		return nil, nil, err
	}
	left := map[string]bool{}
	for _, m := range after.record.Plan.Metrics {
		if q.metric != "" && q.metric != m.As {
			continue
		}
		if !sameMetric(before.record, m) {
			if q.metric != "" {
				notes = append(notes, fmt.Sprintf("not split: %s is not in both plans with one meaning", m.As))
			}
			continue
		}
		in, err := catalogue().Build(m.Metric, m.As, metric.Options{Task: after.record.Plan.Task, Params: m.Params, Class: m.Class, Average: m.Average})
		if err != nil {
			return nil, nil, err
		}
		add := func(a, b shift.Data, by string) {
			s, err := shift.Split(in, a, b, by, q.level)
			switch {
			case err == nil:
				out = append(out, s)
			case !left[err.Error()]:
				left[err.Error()] = true
				notes = append(notes, "not split: "+err.Error())
			}
		}
		whole, parts := all, all
		if ofCounts(in) {
			whole, parts = cut.whole, cut.slices
		}
		add(whole[0], whole[1], shift.AllRows)
		if q.slice != result.Overall {
			continue
		}
		for i, entry := range after.record.Plan.Slices {
			if old := sameEntry(before.record.Plan.Slices, entry); old >= 0 {
				add(sliced(parts[0], old), sliced(parts[1], i), entryName(entry))
			}
		}
	}
	if cut.note != "" && slices.ContainsFunc(out, func(s shift.Shift) bool { return s.Model != nil }) {
		notes = append([]string{cut.note}, notes...)
	}
	return out, notes, nil
}

// ofSlice is a model's population of a slice by itself.
func ofSlice(set *summary.Set, q asked) (shift.Data, bool) {
	d := shift.Data{Set: set, Model: slices.Index(set.Models, q.model), Other: -1}
	for _, p := range set.Pops {
		if p.Slice == q.slice && d.Whole == nil {
			d.Whole = p
		}
	}
	return d, d.Model >= 0 && d.Whole != nil
}

func sliced(d shift.Data, entry int) shift.Data {
	for _, p := range d.Set.Pops {
		if p.Partition == entry && p != d.Whole {
			d.Slices = append(d.Slices, p)
		}
	}
	return d
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

// sameEntry is where a list of slice entries has one that means the same, −1 for nowhere.
func sameEntry(list []plan.Slice, e plan.Slice) int {
	e.Line = 0
	want, errA := json.Marshal(e)
	for i, x := range list {
		x.Line = 0
		if have, errB := json.Marshal(x); errA == nil && errB == nil && string(have) == string(want) {
			return i
		}
	}
	return -1
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

// maxShiftLines bounds what is printed; JSON has all.
const maxShiftLines = 15

func (x contrast) printShifts(e *Env) error {
	if len(x.Shifts) == 0 {
		return nil
	}
	list := append([]shift.Shift(nil), x.Shifts...)
	sort.SliceStable(list, func(i, k int) bool { return clarity(list[i]) > clarity(list[k]) })
	threshold := false
	for _, s := range list {
		threshold = threshold || s.Threshold != nil
	}
	header := []string{"WHY IT CHANGED", "BY", "CHANGE", "OTHER SHARES", "WITHIN", "OTHER LABELS", "THE MODEL"}
	if threshold {
		header = append(header, "THE THRESHOLD")
	}
	rows := [][]string{header}
	cell := func(p *shift.Part) string {
		if p == nil {
			return "–"
		}
		if !p.Lower.Known() {
			return p.Value.Signed()
		}
		return fmt.Sprintf("%s (%s to %s)", p.Value.Signed(), p.Lower.Signed(), p.Upper.Signed())
	}
	for i, s := range list {
		if i == maxShiftLines {
			break
		}
		row := []string{s.Metric, s.By, cell(&s.Total), cell(s.Mix), cell(&s.Within), cell(s.Label), cell(s.Model)}
		if s.Mix == nil { // without slices all of it is within
			row[4] = "–"
		}
		if threshold {
			row = append(row, cell(s.Threshold))
		}
		rows = append(rows, row)
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

// clarity of a split is how far its clearest part is from nothing, in half widths.
func clarity(s shift.Shift) float64 {
	most := 0.0
	for _, p := range []*shift.Part{s.Mix, s.Label, s.Model, s.Threshold, &s.Within} {
		if p != nil && p.Lower.Known() {
			most = math.Max(most, math.Abs(float64(p.Value))/math.Max(1e-12, float64(p.Upper-p.Lower)/2))
		}
	}
	return most
}
