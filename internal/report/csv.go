package report

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// CSV writes every estimate and comparison, full digits, one line each. Absent numbers
// are empty. Each line carries the run's id.
func CSV(w io.Writer, r *record.Record) error {
	c := csv.NewWriter(w)
	head := []string{"kind", "run", "metric", "model", "baseline", "slice", "value", "lower", "upper", "level", "se", "df", "n", "n_eff", "missing", "worst", "best",
		"p_value", "p_adjusted", "family", "needed_n", "smallest_effect", "verdict", "status", "method", "notes",
		"corrected_by", "raw", "raw_lower", "raw_upper", "labels", "lambda", "needed_labels"}
	if err := c.Write(head); err != nil {
		return err
	}
	for _, e := range r.Estimates {
		row := []string{"estimate", r.Run.ID, e.Metric, e.Model, "", e.Slice, full(e.Value), full(e.Lower), full(e.Upper), full(result.Number(e.Level)), full(e.SE), full(e.DF),
			count(e.N), full(e.NEff), count(e.Missing), full(e.Worst), full(e.Best), "", "", "", "", "", "", string(e.Status), e.Method, strings.Join(e.Notes, "; ")}
		row = append(row, correction(e.Correction)...)
		if err := c.Write(Guard(row)); err != nil {
			return err
		}
	}
	for _, x := range r.Comparisons {
		needed := ""
		if x.NeededN != nil {
			needed = count(*x.NeededN)
		}
		row := []string{"comparison", r.Run.ID, x.Metric, x.Candidate, x.Baseline, x.Slice, full(x.Difference), full(x.Lower), full(x.Upper), full(result.Number(x.Level)),
			full(x.SE), full(x.DF), count(x.N), "", "", "", "", full(x.P), full(x.PAdjusted), x.Family, needed, full(x.SmallestEffect), string(x.Verdict), string(x.Status), x.Method,
			strings.Join(x.Notes, "; ")}
		row = append(row, correction(x.Correction)...)
		if err := c.Write(Guard(row)); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// correction is what labels correct, without the correction.
func correction(c *result.Correction) []string {
	if c == nil {
		return make([]string, 7)
	}
	needed := ""
	if c.NeededLabels != nil {
		needed = count(*c.NeededLabels)
	}
	return []string{c.By, full(c.Raw.Value), full(c.Raw.Lower), full(c.Raw.Upper), count(c.Labels), full(c.Lambda), needed}
}

func full(n result.Number) string {
	if !n.Known() || math.IsInf(float64(n), 0) {
		return ""
	}
	return strconv.FormatFloat(float64(n), 'g', -1, 64)
}

func count(n int64) string { return strconv.FormatInt(n, 10) }

// Guard keeps a spreadsheet from reading a user's text as a formula.
func Guard(row []string) []string {
	for i, s := range row {
		if s == "" || !strings.ContainsRune("=+-@\t\r", rune(s[0])) {
			continue
		}
		if _, err := strconv.ParseFloat(s, 64); err != nil {
			row[i] = "'" + s
		}
	}
	return row
}
