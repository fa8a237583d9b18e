package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// metricSlices bounds the slices that get series of their own.
const metricSlices = 50

// OpenMetrics writes the decision, the gates, and the estimates with their bounds as
// gauges, in the part of the text format that Prometheus, its textfile collector and
// GitLab read alike. Equal results give equal bytes: no series carries a run's id or time.
//
// A verdict is a set of series of which one is 1, so that inconclusive is neither pass nor
// fail. What is undefined has no series. Slices are those of the metrics that gates judge.
func OpenMetrics(w io.Writer, r *record.Record) error {
	if err := decided(r); err != nil {
		return err
	}
	m := &exposition{w: bufio.NewWriter(w), plan: r.Plan.Name}
	m.family("fairtrial_info", "What was judged, and by which version of fairtrial.")
	labels := []string{"version", r.Run.Version}
	for _, x := range r.Plan.Models {
		if x.Key == "candidate" || x.Key == "baseline" {
			labels = append(labels, x.Key, strings.Trim(x.Name+"@"+x.Version, "@"))
		}
	}
	m.series(1, labels...)
	m.family("fairtrial_decision", "The decision: 1 for the one that was made.")
	for _, d := range []result.Decision{result.Go, result.NoGo, result.DecisionInconclusive, result.DecisionError, result.NotJudged} {
		m.series(is(d == r.Verdict.Decision), "decision", string(d))
	}
	m.family("fairtrial_rows", "Rows of the data, and those that were used.")
	m.series(result.Number(r.Data.Rows), "rows", "all")
	m.series(result.Number(r.Data.RowsUsed), "rows", "used")
	m.gates(r)
	m.estimates(r)
	m.differences(r)
	fmt.Fprintln(m.w, "# EOF")
	return m.w.Flush()
}

// exposition writes series, all of a family together as the format asks.
type exposition struct {
	w      *bufio.Writer
	plan   string
	name   string
	header string // of the family, until it has a series
}

func (m *exposition) family(name, help string) {
	m.name = name
	m.header = fmt.Sprintf("# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
}

// series writes one number; an absent one has no series.
func (m *exposition) series(x result.Number, labels ...string) {
	if !x.Known() {
		return
	}
	fmt.Fprint(m.w, m.header)
	m.header = ""
	fmt.Fprintf(m.w, "%s{plan=\"%s\"", m.name, quoted(m.plan))
	for i := 0; i < len(labels); i += 2 {
		fmt.Fprintf(m.w, ",%s=\"%s\"", labels[i], quoted(labels[i+1]))
	}
	fmt.Fprintf(m.w, "} %s\n", full(x))
}

func (m *exposition) gates(r *record.Record) {
	m.family("fairtrial_gate_verdict", "The verdict of a gate: 1 for the one that it has.")
	for _, g := range r.Gates {
		for _, v := range []result.Verdict{result.Pass, result.Fail, result.Inconclusive, result.VerdictNotApplicable, result.Error} {
			m.series(is(v == g.Verdict || v == result.Error && g.Verdict == ""), "gate", g.Name, "severity", string(g.Severity), "verdict", string(v))
		}
	}
	for _, f := range []struct {
		name, help string
		of         func(result.Gate) result.Number
	}{
		{"value", "What a gate found overall.", func(g result.Gate) result.Number { return g.Evidence.Value }},
		{"lower", "The lower end of its interval.", func(g result.Gate) result.Number { return g.Evidence.Lower }},
		{"upper", "The upper end of its interval.", func(g result.Gate) result.Number { return g.Evidence.Upper }},
		{"bound", "What a gate requires; of a range, its lower end.", func(g result.Gate) result.Number { return g.Evidence.Bound }},
		{"rows", "The rows that a gate rests on.", func(g result.Gate) result.Number { return result.Number(g.Evidence.N) }},
		{"failed_slices", "Slices that break a gate's rule.", func(g result.Gate) result.Number {
			n := 0
			for _, c := range g.Cells {
				if c.Verdict == result.Fail && c.Slice != result.Overall {
					n++
				}
			}
			return result.Number(n)
		}},
	} {
		m.family("fairtrial_gate_"+f.name, f.help)
		for _, g := range r.Gates {
			m.series(f.of(g), "gate", g.Name, "metric", g.Metric)
		}
	}
}

func (m *exposition) estimates(r *record.Record) {
	shown, leftOut := boundedSlices(r)
	judged := map[string]bool{}
	for _, g := range r.Gates {
		judged[g.Metric] = true
	}
	for _, f := range []struct {
		name, help string
		of         func(result.Estimate) result.Number
	}{
		{"", "A metric of a model.", func(e result.Estimate) result.Number { return e.Value }},
		{"_lower", "The lower end of its interval.", func(e result.Estimate) result.Number { return e.Lower }},
		{"_upper", "The upper end of its interval.", func(e result.Estimate) result.Number { return e.Upper }},
		{"_rows", "The rows that it rests on.", func(e result.Estimate) result.Number { return result.Number(e.N) }},
	} {
		m.family("fairtrial_estimate"+f.name, f.help)
		for _, e := range r.Estimates {
			if e.Slice == result.Overall || judged[e.Metric] && shown[e.Slice] {
				m.series(f.of(e), "metric", e.Metric, "model", e.Model, "slice", e.Slice)
			}
		}
	}
	m.family("fairtrial_slices_left_out", "Slices without series of their own; the record has them.")
	m.series(result.Number(leftOut))
}

func (m *exposition) differences(r *record.Record) {
	for _, f := range []struct {
		name, help string
		of         func(result.Comparison) result.Number
	}{
		{"", "A metric of the candidate less that of the baseline.", func(c result.Comparison) result.Number { return c.Difference }},
		{"_lower", "The lower end of its interval.", func(c result.Comparison) result.Number { return c.Lower }},
		{"_upper", "The upper end of its interval.", func(c result.Comparison) result.Number { return c.Upper }},
	} {
		m.family("fairtrial_difference"+f.name, f.help)
		for _, c := range r.Comparisons {
			if c.Slice == result.Overall {
				m.series(f.of(c), "metric", c.Metric, "candidate", c.Candidate, "baseline", c.Baseline)
			}
		}
	}
}

// boundedSlices are the first slices of the plan, so that series do not come and go with
// the results.
func boundedSlices(r *record.Record) (shown map[string]bool, leftOut int) {
	shown = map[string]bool{}
	for _, s := range r.Slices {
		switch {
		case s.Name == result.Overall:
		case len(shown) < metricSlices:
			shown[s.Name] = true
		default:
			leftOut++
		}
	}
	return shown, leftOut
}

func is(yes bool) result.Number {
	if yes {
		return 1
	}
	return 0
}

// quoted escapes a label's value.
func quoted(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", " ").Replace(strings.ToValidUTF8(s, "\uFFFD"))
}
