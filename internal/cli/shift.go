package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/shift"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// shifts splits the change of every metric from one record to another on different data:
// on all rows, and by the slices that both plans declare.
func (e *Env) shifts(cmd *cobra.Command, before *record.Record, dirB string, after *record.Record, dirA string) (out []shift.Shift, notes []string, err error) {
	if before.Data.Digest == after.Data.Digest {
		return nil, nil, nil
	}
	var sets [2]*summary.Set
	for k, x := range []struct {
		r   *record.Record
		dir string
	}{{before, dirB}, {after, dirA}} {
		if sets[k], err = e.summaries(cmd, x.r, x.dir); err != nil {
			return nil, []string{fmt.Sprintf("why it changed is not said, since the summaries of %s are not here: %v", x.r.Run.ID, err)}, nil
		}
	}
	all := [2]shift.Data{whole(sets[0]), whole(sets[1])}
	a, b := thresholdOf(before), thresholdOf(after)
	if a != nil && b != nil && *a != *b {
		rescored, why, err := e.rescored(cmd, before, dirB, *b, after, dirA, *a)
		if err != nil {
			return nil, nil, err
		}
		if rescored == nil {
			notes = append(notes, fmt.Sprintf("the thresholds differ, %v and %v: THE MODEL holds that too, since %s", *a, *b, why))
		} else {
			all = *rescored
			notes = append(notes, fmt.Sprintf("the thresholds differ, %v and %v: by slices THE MODEL holds that too, since row scores carry no slices", *a, *b))
		}
	}
	left := map[string]bool{}
	for _, m := range after.Plan.Metrics {
		if !sameMetric(before, m) {
			continue
		}
		in, err := catalogue().Build(m.Metric, m.As, metric.Options{Task: after.Plan.Task, Params: m.Params, Class: m.Class, Average: m.Average})
		if err != nil {
			return nil, nil, err
		}
		add := func(a, b shift.Data, by string) {
			s, err := shift.Split(in, a, b, by, after.Plan.Confidence)
			switch {
			case err == nil:
				out = append(out, s)
			case !left[err.Error()]:
				left[err.Error()] = true
				notes = append(notes, "not split: "+err.Error())
			}
		}
		add(all[0], all[1], shift.AllRows)
		for i, entry := range after.Plan.Slices {
			if old := sameEntry(before.Plan.Slices, entry); old >= 0 {
				add(sliced(sets[0], old), sliced(sets[1], i), entryName(entry))
			}
		}
	}
	return out, notes, nil
}

func whole(set *summary.Set) shift.Data { return shift.Data{Set: set, Whole: set.Pops[0], Other: -1} }

func sliced(set *summary.Set, entry int) shift.Data {
	d := whole(set)
	for _, p := range set.Pops {
		if p.Partition == entry && p != d.Whole {
			d.Slices = append(d.Slices, p)
		}
	}
	return d
}

// rescored counts the decisions of both records' kept scores at both thresholds; without
// an error and without a result it says why it cannot.
func (e *Env) rescored(cmd *cobra.Command, before *record.Record, dirB string, otherB float64, after *record.Record, dirA string, otherA float64) (*[2]shift.Data, string, error) {
	var out [2]shift.Data
	tmp, err := os.MkdirTemp("", "fairtrial-shift-*")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(tmp)
	for k, x := range []struct {
		r     *record.Record
		dir   string
		other float64
	}{{before, dirB, otherB}, {after, dirA, otherA}} {
		if x.r.Artifacts.Scores == "" {
			return nil, x.r.Run.ID + " kept no row scores", nil
		}
		path, err := e.scores(cmd, x.r, x.dir)
		if err != nil {
			return nil, err.Error(), nil
		}
		named := filepath.Join(tmp, fmt.Sprintf("%d.parquet", k)) // readers go by the name's end
		if err := os.Symlink(path, named); err != nil {
			return nil, err.Error(), nil
		}
		p, err := pairedPlan(x.r, x.r, named)
		if err != nil {
			return nil, "", err
		}
		p.Models[1].Score, p.Models[1].Threshold = p.Models[0].Score, &x.other
		s, err := eval.Prepare(p, catalogue())
		if err != nil {
			return nil, "", err
		}
		s.Request.Exemplars = 0
		c, err := s.Collect(cmd.Context(), newEngine())
		if err != nil {
			return nil, "", err
		}
		out[k] = whole(c.Set)
		out[k].Other = 1
	}
	return &out, "", nil
}

func thresholdOf(r *record.Record) *float64 {
	for _, m := range r.Plan.Models {
		if m.Key == "candidate" {
			return m.Threshold
		}
	}
	return nil
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
