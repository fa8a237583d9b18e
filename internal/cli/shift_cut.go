package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/shift"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// bothThresholds are two data sets as they are split on all rows and by slices: with the decisions at
// both records' thresholds where these differ and that can be had; else note says why not.
type bothThresholds struct {
	whole, slices [2]shift.Data
	note          string
}

// bothCuts reads the data again where they are what they were, else the kept row scores,
// which carry no slices.
func (e *Env) bothCuts(cmd *cobra.Command, before, after *told, all [2]shift.Data, q asked) (bothThresholds, error) {
	c := bothThresholds{whole: all, slices: all}
	a, b := thresholdOf(before.record, q.model), thresholdOf(after.record, q.model)
	if a == nil || b == nil || *a == *b {
		return c, nil
	}
	again, left := [2]shift.Data{}, ""
	for k, x := range []struct {
		*told
		other float64
	}{{before, *b}, {after, *a}} {
		d, why, err := e.reread(cmd, x.told, x.other, all[k].Whole.N, q)
		if err != nil {
			return c, err
		}
		if again[k] = d; why != "" {
			left = why
			break
		}
	}
	if left == "" {
		c.whole, c.slices = again, again
		return c, nil
	}
	var rescored *[2]shift.Data
	var err error
	why := "the scores of the candidate alone are read again"
	switch {
	case q.slice != result.Overall:
		why = "row scores carry no slices, and " + left
	case q.model != "candidate":
	default:
		if rescored, why, err = e.rescored(cmd, before, *b, after, *a); err != nil {
			return c, err
		}
	}
	switch {
	case rescored == nil:
		c.note = fmt.Sprintf("the thresholds differ, %v and %v: the model's part holds that too, since %s", *a, *b, why)
	case len(after.record.Plan.Slices) > 0:
		c.note = fmt.Sprintf("the thresholds differ, %v and %v: by slices the model's part holds that too, since row scores carry no slices, and %s", *a, *b, left)
	}
	if rescored != nil {
		c.whole = *rescored
	}
	return c, nil
}

// otherCut is the key of a model that is another at the threshold of another record.
const otherCut = "at_the_other_threshold"

// reread counts a record's decisions at its own and at another threshold from its data, by its
// slices. why is not empty where the data are not what they were, or cannot be read.
func (e *Env) reread(cmd *cobra.Command, x *told, other float64, rows int64, q asked) (d shift.Data, why string, err error) {
	r := x.record
	p, err := clonePlan(r.Plan)
	if err != nil {
		return d, "", err
	}
	gone := "the data of " + r.Run.ID + " cannot be read again"
	at := slices.IndexFunc(p.Models, func(m plan.Model) bool { return m.Key == q.model })
	if at < 0 || p.Data.Source.Remote() || r.Baseline != nil || len(p.Scorers) > 0 || slices.ContainsFunc(p.Models, func(m plan.Model) bool { return m.Source.Remote() || m.Source.Path != "" }) {
		return d, gone, nil
	}
	p.Dir, p.Gates, p.KeepScores, p.Control, p.Impact = e.planDir(r, x.dir), nil, 0, nil, nil
	m := p.Models[at]
	m.Key, m.Threshold = otherCut, &other
	p.Models = append(p.Models, m)
	p.Metrics = slices.DeleteFunc(p.Metrics, func(m plan.Metric) bool {
		in, err := catalogue().Build(m.Metric, m.As, metric.Options{Task: p.Task, Params: m.Params, Class: m.Class, Average: m.Average})
		return err != nil || !ofCounts(in)
	})
	s, err := eval.Prepare(p, catalogue())
	if err != nil {
		return d, gone + ": " + err.Error(), nil
	}
	s.Request.Exemplars = 0
	c, err := s.Collect(cmd.Context(), newEngine())
	switch {
	case cmd.Context().Err() != nil:
		return d, "", cmd.Context().Err()
	case err != nil:
		return d, gone + ": " + err.Error(), nil
	case c.Facts.Digest != r.Data.Digest:
		return d, "the data of " + r.Run.ID + " have changed since", nil
	}
	d, ok := ofSlice(c.Set, q)
	if !ok || d.Whole.N != rows {
		return d, gone, nil
	}
	d.Other = slices.Index(c.Set.Models, otherCut)
	return d, "", nil
}

// ofCounts: the metric is a function of labels and decisions.
func ofCounts(in *metric.Instance) bool {
	needs := in.Needs()
	return len(needs) > 0 && !slices.ContainsFunc(needs, func(n summary.Spec) bool { return n.Kind != summary.KindCounts })
}

// rescored counts the decisions of both records' kept scores at both thresholds; without
// an error and without a result it says why it cannot.
func (e *Env) rescored(cmd *cobra.Command, before *told, otherB float64, after *told, otherA float64) (*[2]shift.Data, string, error) {
	var out [2]shift.Data
	tmp, err := os.MkdirTemp("", "fairtrial-shift-*")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(tmp)
	for k, x := range []struct {
		*told
		other float64
	}{{before, otherB}, {after, otherA}} {
		if x.record.Artifacts.Scores == "" {
			return nil, x.record.Run.ID + " kept no row scores", nil
		}
		path, err := e.scores(cmd, x.record, x.dir)
		if err != nil {
			return nil, err.Error(), nil
		}
		named := filepath.Join(tmp, fmt.Sprintf("%d.parquet", k)) // readers go by the name's end
		if err := os.Symlink(path, named); err != nil {
			return nil, err.Error(), nil
		}
		p, err := pairedPlan(x.record, x.record, named)
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
		out[k] = shift.Data{Set: c.Set, Whole: c.Set.Pops[0], Other: 1}
	}
	return &out, "", nil
}

func thresholdOf(r *record.Record, model string) *float64 {
	for _, m := range r.Plan.Models {
		if m.Key == model {
			return m.Threshold
		}
	}
	return nil
}
