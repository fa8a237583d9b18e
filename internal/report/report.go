// Package report renders a record: a file per format. It refuses to compute: every
// number that it shows stands in the record.
package report

import (
	"fmt"
	"io"
	"math"
	"sort"
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// JSON writes the record itself.
func JSON(w io.Writer, r *record.Record) error { return r.Write(w) }

// shape is a verdict's sign, so that colour only repeats it.
func shape(v result.Verdict) string {
	switch v {
	case result.Pass:
		return "●"
	case result.Fail:
		return "■"
	case result.Inconclusive:
		return "◆"
	case result.VerdictNotApplicable:
		return "○"
	}
	return "▲"
}

// word is a verdict as a reader says it.
func word(v result.Verdict) string {
	switch v {
	case result.VerdictNotApplicable:
		return "not applicable"
	case "":
		return "error"
	}
	return string(v)
}

// interval is "0.812 (0.801 to 0.823)".
func interval(value, lower, upper result.Number) string {
	if !value.Known() {
		return "undefined"
	}
	if !lower.Known() {
		return value.Short() + " (no interval)"
	}
	return fmt.Sprintf("%s (%s to %s)", value.Short(), lower.Short(), upper.Short())
}

// difference is a signed difference with its interval.
func difference(c result.Comparison) string {
	if !c.Difference.Known() {
		return "undefined"
	}
	if !c.Lower.Known() {
		return c.Difference.Signed() + " (no interval)"
	}
	return fmt.Sprintf("%s (%s to %s)", c.Difference.Signed(), c.Lower.Signed(), c.Upper.Signed())
}

// found is what a gate found, in figures.
func found(e result.Evidence) string { return interval(e.Value, e.Lower, e.Upper) }

// model is a model's key with its name and version.
func model(r *record.Record, key string) string {
	for _, m := range r.Plan.Models {
		if m.Key == key && m.Name != "" {
			return strings.TrimSpace(fmt.Sprintf("%s (%s %s)", key, m.Name, m.Version))
		}
	}
	return key
}

// findEstimate looks an estimate up.
func findEstimate(r *record.Record, metric, model, slice string) (result.Estimate, bool) {
	for _, e := range r.Estimates {
		if e.Metric == metric && e.Model == model && e.Slice == slice {
			return e, true
		}
	}
	return result.Estimate{}, false
}

// slicesByHarm are the slice comparisons of the candidate for one metric, worst
// credible difference first: the interval's end on the bad side.
func slicesByHarm(r *record.Record, metric string, good float64) []result.Comparison {
	var out []result.Comparison
	for _, c := range r.Comparisons {
		if c.Metric == metric && c.Slice != result.Overall && c.Candidate == "candidate" {
			out = append(out, c)
		}
	}
	harm := func(c result.Comparison) float64 {
		if !c.Lower.Known() {
			return math.Inf(1)
		}
		if good < 0 {
			return -float64(c.Upper)
		}
		return float64(c.Lower)
	}
	sort.SliceStable(out, func(i, j int) bool { return harm(out[i]) < harm(out[j]) })
	return out
}

// goodSign is +1 when more of a metric is better in the record's comparisons, −1 when
// less is: read off the verdicts' own words, so that no metric is named here.
func goodSign(r *record.Record, metric string) float64 {
	for _, c := range r.Comparisons {
		if c.Metric != metric || !c.Difference.Known() || c.Difference == 0 {
			continue
		}
		s := math.Copysign(1, float64(c.Difference))
		switch c.Verdict {
		case result.Better:
			return s
		case result.Worse:
			return -s
		}
	}
	return 1
}
