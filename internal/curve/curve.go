// Package curve turns counts at thresholds into the points that a report draws: ROC,
// precision against recall, reliability. It refuses to draw.
package curve

import (
	"cmp"
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/interval"
	"github.com/fairtrial/fairtrial/internal/stat/isotonic"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Points are rows of numbers; what their columns are says each maker.
type Points [][]result.Number

// counts at one cut over all folds.
func counts(x summary.CutModel, i int) (rows, hits float64) {
	for f := range x.Rows[i] {
		rows, hits = rows+float64(x.Rows[i][f]), hits+float64(x.Hits[i][f])
	}
	return rows, hits
}

func totals(c *summary.Cuts) (all, positives float64) {
	for f := range c.Total {
		all, positives = all+float64(c.Total[f]), positives+float64(c.Positives[f])
	}
	return all, positives
}

// band is the pointwise Wilson interval of k of n.
func band(k, n, level float64) (value, lower, upper result.Number) {
	if n <= 0 {
		return result.None(), result.None(), result.None()
	}
	lo, hi := interval.Wilson(k/n, n, dist.NormQuantile(1-(1-level)/2))
	return result.Number(k / n), result.Number(lo), result.Number(hi)
}

// ROC has the columns false-positive rate, true-positive rate, its pointwise interval and
// the threshold, from no row called to all. It is nil with one class.
func ROC(c *summary.Cuts, m int, level float64) Points {
	all, pos := totals(c)
	if pos == 0 || pos == all {
		return nil
	}
	out := Points{{0, 0, 0, 0, result.None()}}
	for i, s := range c.Models[m].Scores {
		rows, hits := counts(c.Models[m], i)
		v, lo, hi := band(hits, pos, level)
		out = append(out, []result.Number{result.Number((rows - hits) / (all - pos)), v, lo, hi, result.Number(s)})
	}
	return out
}

// PrecisionRecall has the columns recall, precision, its pointwise interval and the
// threshold, from few rows called to all. It is nil without positives.
func PrecisionRecall(c *summary.Cuts, m int, level float64) Points {
	_, pos := totals(c)
	if pos == 0 {
		return nil
	}
	var out Points
	for i, s := range c.Models[m].Scores {
		rows, hits := counts(c.Models[m], i)
		v, lo, hi := band(hits, rows, level)
		out = append(out, []result.Number{result.Number(hits / pos), v, lo, hi, result.Number(s)})
	}
	return out
}

// Isotonic has the columns predicted probability, share of positives of an isotonic
// regression, and where that lies where the probability is right, two points a step, from the
// lowest probability (CORP: Dimitriadis, Gneiting & Jordan 2021).
func Isotonic(steps []summary.Step, right Points) Points {
	var out Points
	add := func(at, level float64) {
		lo, hi := between(right, at)
		out = append(out, []result.Number{result.Number(at), result.Number(level), lo, hi})
	}
	for _, s := range steps {
		add(s.From, s.Level)
		if s.To > s.From {
			add(s.To, s.Level)
		}
	}
	return out
}

// Consistency has the columns predicted probability, and the ends of the band that the
// isotonic regression keeps to where all probabilities are right, at the cuts, from the
// lowest. The rows between two cuts count as if all had the lower one's probability.
func Consistency(c *summary.Cuts, m int, level float64, seed uint64, model string) Points {
	all, _ := totals(c)
	var p []float64
	var rows []int64
	add := func(at, n float64) {
		if n > 0 {
			p, rows = append(p, math.Max(0, math.Min(1, at))), append(rows, int64(math.Round(n)))
		}
	}
	scores, before := c.Models[m].Scores, 0.0
	for i, s := range scores {
		n, _ := counts(c.Models[m], i)
		add(s, n-before)
		before = n
	}
	if len(scores) > 0 {
		add(scores[len(scores)-1]/2, all-before) // below the last cut
	}
	slices.Reverse(p)
	slices.Reverse(rows)
	lower, upper := isotonic.Consistency(p, rows, level, resample.NewRNG(seed, "consistency band", model))
	var out Points
	for k, x := range p {
		out = append(out, []result.Number{result.Number(x), result.Number(lower[k]), result.Number(upper[k])})
	}
	return out
}

// between reads a band between two of its points; beyond them it is that of the last.
func between(band Points, at float64) (lo, hi result.Number) {
	if len(band) == 0 {
		return result.None(), result.None()
	}
	k, found := slices.BinarySearchFunc(band, at, func(p []result.Number, at float64) int { return cmp.Compare(float64(p[0]), at) })
	switch {
	case found || k == 0:
		return band[k][1], band[k][2]
	case k == len(band):
		return band[k-1][1], band[k-1][2]
	}
	a, b := band[k-1], band[k]
	t := (result.Number(at) - a[0]) / (b[0] - a[0])
	return a[1] + t*(b[1]-a[1]), a[2] + t*(b[2]-a[2])
}

// Reliability has the columns mean predicted probability, share of positives, its
// interval and the rows of a bin of equal mass. Bins without rows are left out.
func Reliability(bins []summary.Bin, level float64) Points {
	var out Points
	for _, b := range bins {
		if b.N == 0 {
			continue
		}
		v, lo, hi := band(float64(b.Pos), float64(b.N), level)
		out = append(out, []result.Number{result.Number(b.SumScore / float64(b.N)), v, lo, hi, result.Number(b.N)})
	}
	return out
}

// Cost has the columns threshold and mean cost a row.
func Cost(c *summary.Cuts, m int, tp, fp, fn, tn float64) Points {
	all, pos := totals(c)
	var out Points
	for i, s := range c.Models[m].Scores {
		rows, hits := counts(c.Models[m], i)
		mean := (hits*tp + (rows-hits)*fp + (pos-hits)*fn + (all-pos-rows+hits)*tn) / all
		if !math.IsNaN(mean) {
			out = append(out, []result.Number{result.Number(s), result.Number(mean)})
		}
	}
	return out
}
