package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// Bounds of the grid; estimates.csv has the rest.
const (
	gridSlices  = 40
	gridScorers = 10
)

// grid is what each scorer found on each slice.
type grid struct {
	Scorers []string
	Rows    []gridRow
	Note    string
}

type gridRow struct {
	Slice string
	Cells []gridCell
}

type gridCell struct {
	Scorer, Class string
	Value, Range  string
	Rows          string
	Marks         []string
	Apart         string // from the rest of the cases; empty: not shown to differ
}

type gridKey struct{ metric, slice string }

// gridOf sets slices against scorers. A cell is marked where a gate fails on the slice, or
// where the candidate differs there from the baseline, or from its other cases, after the
// corrections for many slices. nil: no scorers, or no slices.
func gridOf(r *record.Record) *grid {
	var g grid
	for _, s := range r.Plan.Scorers {
		if slices.ContainsFunc(r.Metrics, func(m record.Metric) bool { return m.Name == s.As }) {
			g.Scorers = append(g.Scorers, s.As)
		}
	}
	var names []string
	for _, s := range r.Slices {
		names = append(names, s.Name)
	}
	if len(g.Scorers) == 0 || len(names) < 2 {
		return nil
	}
	var left []string
	if n := len(g.Scorers); n > gridScorers {
		g.Scorers, left = g.Scorers[:gridScorers], append(left, fmt.Sprintf("%d of %d scorers", gridScorers, n))
	}
	if n := len(names); n > gridSlices {
		names, left = names[:gridSlices], append(left, fmt.Sprintf("%d of %d slices", gridSlices, n))
	}
	if left != nil {
		g.Note = "The first " + strings.Join(left, " and ") + "; the rest in estimates.csv."
	}
	found, against, fails := map[gridKey]result.Estimate{}, map[gridKey]result.Comparison{}, failing(r)
	for _, e := range r.Estimates {
		if e.Model == "candidate" {
			found[gridKey{e.Metric, e.Slice}] = e
		}
	}
	for _, c := range r.Comparisons {
		if c.Candidate == "candidate" && c.Baseline == "baseline" {
			against[gridKey{c.Metric, c.Slice}] = c
		}
	}
	for _, name := range names {
		row := gridRow{Slice: name}
		for _, s := range g.Scorers {
			k := gridKey{s, name}
			e, ok := found[k]
			row.Cells = append(row.Cells, cellOf(s, e, ok, against[k].Verdict, fails[k]))
		}
		g.Rows = append(g.Rows, row)
	}
	return &g
}

func cellOf(scorer string, e result.Estimate, ok bool, v result.CompareVerdict, fails bool) gridCell {
	c := gridCell{Scorer: scorer, Value: "–", Range: "not estimated"}
	if ok {
		c.Range, c.Rows = strings.ReplaceAll(string(e.Status), "_", " "), result.Count(e.N)
	}
	if ok && e.Value.Known() {
		c.Value, c.Range = e.Value.Short(), "no interval"
		if e.Lower.Known() && e.Upper.Known() {
			c.Range = e.Lower.Short() + " to " + e.Upper.Short()
		}
	}
	if x := e.Apart; x != nil && settledApart(x.Verdict) {
		c.Apart = "↓ below the rest"
		if x.Difference > 0 {
			c.Apart = "↑ above the rest"
		}
	}
	switch v {
	case result.Worse:
		c.Class, c.Marks = "worse", []string{"▼ worse"}
	case result.Better:
		c.Class, c.Marks = "better", []string{"▲ better"}
	}
	if fails {
		c.Class, c.Marks = "fail", append([]string{"■ gate fails"}, c.Marks...)
	}
	return c
}

func settledApart(v result.CompareVerdict) bool {
	return v == result.Better || v == result.Worse || v == result.Different
}

// failing are the metrics and slices where a gate fails.
func failing(r *record.Record) map[gridKey]bool {
	out := map[gridKey]bool{}
	for _, g := range r.Gates {
		for _, c := range g.Cells {
			if c.Verdict == result.Fail {
				out[gridKey{g.Metric, c.Slice}] = true
			}
		}
		if len(g.Cells) == 0 && g.Verdict == result.Fail {
			out[gridKey{g.Metric, result.Overall}] = true
		}
	}
	return out
}
