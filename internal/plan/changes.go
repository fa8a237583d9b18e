package plan

import (
	"encoding/json"
	"fmt"

	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/result"
)

// Changes says in plain sentences what differs between two resolved plans, loosened
// bounds and dropped parts first in mind: a report shows them beside the verdict.
func Changes(old, now *Plan) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	differ := func(what, a, b string) {
		if a != b {
			add("%s changed from %s to %s", what, orNone(a), orNone(b))
		}
	}
	differ("the data source", old.Data.Source, now.Data.Source)
	differ("the filter", old.Data.Where, now.Data.Where)
	differ("the label", old.Data.Columns.Label.Column, now.Data.Columns.Label.Column)
	differ("the positive class", old.Data.Columns.Label.Positive, now.Data.Columns.Label.Positive)
	differ("the cluster column", old.Data.Columns.Cluster, now.Data.Columns.Cluster)
	differ("the weight column", old.Data.Columns.Weight, now.Data.Columns.Weight)
	differ("the policy for missing predictions", old.Data.Missing, now.Data.Missing)
	if old.Data.MaxMissing != now.Data.MaxMissing {
		add("the share of missing rows allowed changed")
	}
	if old.Confidence != now.Confidence {
		add("confidence changed from %s to %s", result.Percent(old.Confidence), result.Percent(now.Confidence))
	}
	lists(old.Slices, now.Slices, sliceName, "slice", add)
	lists(old.Metrics, now.Metrics, func(m Metric) string { return m.As }, "metric", add)
	lists(old.Models, now.Models, func(m Model) string { return m.Key }, "model", add)
	for _, a := range old.Models {
		for _, b := range now.Models {
			if a.Key == b.Key && threshold(a) != threshold(b) {
				add("the threshold of %s changed from %s to %s", a.Key, threshold(a), threshold(b))
			}
		}
	}
	gates(old.Gates, now.Gates, add)
	return out
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return fmt.Sprintf("%q", s)
}

func threshold(m Model) string {
	if m.Threshold == nil {
		return "none"
	}
	return fmt.Sprint(*m.Threshold)
}

func sliceName(s Slice) string {
	if s.Name != "" {
		return s.Name + " (" + s.Where + ")"
	}
	return fmt.Sprint(s.Columns, s.Bins)
}

func lists[T any](old, now []T, name func(T) string, what string, add func(string, ...any)) {
	index := func(l []T) map[string]bool {
		m := map[string]bool{}
		for _, x := range l {
			m[name(x)] = true
		}
		return m
	}
	was, is := index(old), index(now)
	for _, x := range old {
		if !is[name(x)] {
			add("%s %s dropped", what, name(x))
		}
	}
	for _, x := range now {
		if !was[name(x)] {
			add("%s %s added", what, name(x))
		}
	}
}

// gates matches gates by name, then by metric, rule and scope, so that a gate whose
// given name holds its bound is still found.
func gates(old, now []Gate, add func(string, ...any)) {
	matched := map[int]bool{}
	for _, a := range old {
		at := -1
		for i, b := range now {
			if !matched[i] && (a.Name == b.Name || a.Metric == b.Metric && a.Rule == b.Rule && a.Model == b.Model && a.Across == b.Across && len(a.Slices) == len(b.Slices)) {
				at = i
				break
			}
		}
		if at < 0 {
			add("gate %q dropped", a.Name)
			continue
		}
		matched[at] = true
		gateChange(a, now[at], add)
	}
	for i, b := range now {
		if !matched[i] {
			add("gate %q added", b.Name)
		}
	}
}

func gateChange(a, b Gate, add func(string, ...any)) {
	word := func(loosened bool) string {
		if loosened {
			return "loosened"
		}
		return "tightened"
	}
	switch {
	case a.Bound != b.Bound:
		looser := b.Bound > a.Bound
		if a.Rule == gate.AtLeast || a.Rule == gate.AcrossRatio || a.Rule == gate.Between {
			looser = b.Bound < a.Bound
		}
		add("gate %q %s from %g to %g", b.Name, word(looser), a.Bound, b.Bound)
	case a.Margin != b.Margin || a.Relative != b.Relative:
		add("gate %q %s: margin from %g to %g", b.Name, word((b.Margin > a.Margin) == (a.Rule == gate.NoWorseThan)), a.Margin, b.Margin)
	default:
		a.Name, a.Line, a.Why, b.Line, b.Why = b.Name, 0, "", 0, ""
		x, errA := json.Marshal(a)
		y, errB := json.Marshal(b)
		if errA == nil && errB == nil && string(x) != string(y) {
			add("gate %q changed in its scope or conditions", b.Name)
		}
	}
}
