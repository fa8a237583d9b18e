package gate

import (
	"fmt"
	"math"
	"strings"

	"github.com/fairtrial/fairtrial/internal/compare"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/multiple"
)

// minEvents is the fewest rows in a metric's denominator for a group to be compared.
const minEvents = 10

// groups judges every pair of groups of a column, or each group against the
// reference: to accuse, Holm over the pairs; to acquit, each pair's own interval.
func (in Input) groups(w *undecided, model int) {
	r := w.rule
	ratio := r.Rule == AcrossRatio
	pops := in.Groups(r.Across)
	var ok []int
	smallRows := int64(0)
	for _, p := range pops {
		v := in.View(p)
		a := w.in.Estimate(v, model)
		rows := float64(a.N)
		if v.Set.Weighted && !math.IsNaN(a.NEff) {
			rows = a.NEff
		}
		switch {
		case r.ungraded(a) != "":
			smallRows += v.Pop.N
			w.small = append(w.small, v.Pop.Slice+" ("+r.ungraded(a)+")")
		case a.Status == result.OK && a.N >= minEvents && rows >= float64(r.MinRows):
			ok = append(ok, p)
		default:
			smallRows += v.Pop.N
			w.small = append(w.small, fmt.Sprintf("%s (%s in the denominator, %s of all rows)", v.Pop.Slice,
				result.Count(a.N), result.Percent(float64(v.Pop.N)/math.Max(1, float64(in.Set.Pops[0].N)))))
		}
	}
	type pair struct{ x, y int }
	var pairs []pair
	if r.Reference != "" {
		ref := -1
		for _, p := range pops {
			if in.Set.Pops[p].Slice == r.Across+"="+r.Reference || in.Set.Pops[p].Slice == r.Reference {
				ref = p
			}
		}
		usable := false
		for _, p := range ok {
			usable = usable || p == ref
		}
		if ref < 0 || !usable {
			w.small = append(w.small, fmt.Sprintf("the reference group %s", r.Reference))
		} else {
			for _, p := range ok {
				if p != ref {
					pairs = append(pairs, pair{p, ref})
				}
			}
		}
	} else {
		for i := range ok {
			for j := i + 1; j < len(ok); j++ {
				pairs = append(pairs, pair{ok[i], ok[j]})
			}
		}
	}
	q := required{lower: -r.Bound, upper: r.Bound}
	if ratio {
		q = required{lower: r.Bound, upper: 1 / r.Bound}
		if r.Reference != "" {
			q.upper = math.Inf(1)
		}
	}
	w.gate.Evidence.Bound = result.Number(r.Bound)
	for _, p := range pairs {
		w.cells = append(w.cells, judgePair(r, w.in, in.View(p.x), in.View(p.y), model, ratio, q))
	}
	w.correctPairs()
}

// judgePair compares two groups. For ratios without a reference the smaller rate
// stands first, so that the ratio reads as "at least".
func judgePair(r Rule, in *metric.Instance, x, y *metric.View, model int, ratio bool, q required) judged {
	if ratio && r.Reference == "" {
		if a, b := in.Estimate(x, model), in.Estimate(y, model); a.Value > b.Value {
			x, y = y, x
		}
	}
	a := in.Between(x, y, model, ratio)
	j := judged{answer: a, q: q, level: r.Confidence, p: math.NaN(), rows: x.Pop.N + y.Pop.N}
	j.cell = result.Cell{Slice: x.Pop.Slice + " / " + y.Pop.Slice, Verdict: result.Inconclusive, Value: result.None(), Lower: result.None(),
		Upper: result.None(), N: a.N, Share: result.None(), P: result.None(), PAdjusted: result.None(), Catchable: result.None()}
	if a.Status != result.OK {
		j.cell.Note = first(a.Notes, "undefined")
		return j
	}
	j.se = a.SE
	lo, hi, ok := a.Interval(r.Confidence)
	j.cell.Value, j.cell.Lower, j.cell.Upper = result.Number(a.Value), result.Number(lo), result.Number(hi)
	j.cell.Catchable = result.Number(compare.SmallestEffect(a.SE, r.Confidence))
	if r.Evidence == "value" {
		j.cell.Verdict = result.Fail
		if q.holds(a.Value, a.Value) {
			j.cell.Verdict = result.Pass
		}
		j.cell.Note = "judged by the value alone"
		return j
	}
	if !ok {
		j.cell.Note = first(a.Notes, "no interval")
		return j
	}
	j.p = q.violation(a)
	j.cell.P = result.Number(j.p)
	switch {
	case q.holds(lo, hi):
		j.cell.Verdict = result.Pass
	default:
		// A limit is a bound: rows are planned at the value seen (GATES). The smaller
		// group's denominator is what has to grow.
		j.cell.NeededN = j.neededPair(ratio, 1)
	}
	return j
}

// neededPair is the rows that decide a pair, after a correction over m pairs where the
// value seen lies beyond the limit. Ratios are planned on the log scale.
func (j *judged) neededPair(ratio bool, m int) *int64 {
	a, q, level := j.answer, j.q, j.level
	distance, se := math.Min(math.Abs(a.Value-q.lower), math.Abs(q.upper-a.Value)), a.SE
	if ratio && a.Value > 0 {
		distance, se = math.Abs(math.Log(a.Value/q.lower)), a.SE/a.Value
		if !math.IsInf(q.upper, 0) {
			distance = math.Min(distance, math.Abs(math.Log(q.upper/a.Value)))
		}
	}
	if q.violated(a.Value, a.Value) {
		level = 1 - (1-level)/float64(m)
	}
	if c := a.Correction; c != nil && c.By != metric.ByNothing {
		return nil // labels of both groups decide
	}
	return compare.RowsNeeded(a.N, se, distance, level)
}

func (w *undecided) correctPairs() {
	var family []*judged
	var p []float64
	for i := range w.cells {
		if !math.IsNaN(w.cells[i].p) {
			family = append(family, &w.cells[i])
			p = append(p, w.cells[i].p)
		}
	}
	for i, adj := range multiple.Holm(p) {
		j := family[i]
		j.cell.PAdjusted = result.Number(adj)
		switch {
		case j.cell.Verdict == result.Pass:
		case adj <= (1-j.level)/2:
			j.cell.Verdict = result.Fail
			j.cell.NeededN = nil
		case j.q.violated(float64(j.cell.Lower), float64(j.cell.Upper)):
			j.cell.Note = fmt.Sprintf("beyond the limit before the correction over %d pairs, not after", len(family))
			j.cell.NeededN = j.neededPair(w.rule.Rule == AcrossRatio, len(family))
		}
	}
}

func (w *undecided) closeGroups() {
	pass, fail, open, _, _ := w.addCells(false)
	g := &w.gate
	r := w.rule
	worst := w.worst(func(j judged) bool {
		return fail > 0 && j.cell.Verdict == result.Fail || fail == 0 && j.cell.Verdict == result.Inconclusive || fail == 0 && open == 0
	})
	if worst != nil {
		c := worst.cell
		g.Evidence.Value, g.Evidence.Lower, g.Evidence.Upper, g.Evidence.N, g.Evidence.NeededN = c.Value, c.Lower, c.Upper, c.N, c.NeededN
	}
	small := ""
	if len(w.small) > 0 {
		small = "; too small to judge: " + strings.Join(w.small, ", ")
	}
	what := "difference"
	if r.Rule == AcrossRatio {
		what = "ratio"
	}
	switch {
	case fail > 0:
		g.Verdict = result.Fail
		g.Reason = fmt.Sprintf("%s %s of %s is %s, beyond the %s allowed%s", r.Metric, what, worst.cell.Slice, span(worst.cell, r.Confidence), asWritten(r.Bound), small)
	case open > 0:
		g.Verdict = result.Inconclusive
		said := fmt.Sprintf("beyond %s is neither shown nor ruled out", asWritten(r.Bound))
		if worst.cell.Note != "" {
			said = worst.cell.Note
		}
		g.Reason = fmt.Sprintf("%s %s of %s is %s: %s%s%s", r.Metric, what, worst.cell.Slice, span(worst.cell, r.Confidence), said,
			needed(worst.cell.NeededN, "rows in the smaller group's denominator would decide"), small)
	case pass == 0:
		g.Verdict = result.Inconclusive
		g.Reason = "no two groups are large enough to compare" + small
	case len(w.small) > 0 && r.SmallGroups != "report":
		g.Verdict = result.Inconclusive
		g.Reason = fmt.Sprintf("%d pairs lie within the limit%s", pass, small)
	default:
		g.Verdict = result.Pass
		g.Reason = fmt.Sprintf("all %d pairs of groups lie within the limit%s", pass, small)
		if pass == 1 {
			g.Reason = fmt.Sprintf("%s %s of %s is %s, within the %s allowed%s", r.Metric, what, worst.cell.Slice, span(worst.cell, r.Confidence), asWritten(r.Bound), small)
		}
	}
}

// worst is the cell of those kept whose value lies farthest beyond, or nearest to, its bound.
func (w *undecided) worst(keep func(judged) bool) *judged {
	var at *judged
	far := math.Inf(-1)
	for i := range w.cells {
		j := &w.cells[i]
		if !keep(*j) {
			continue
		}
		d := math.Max(j.q.lower-float64(j.cell.Value), float64(j.cell.Value)-j.q.upper)
		if math.IsNaN(d) {
			d = math.Inf(-1)
		}
		if at == nil || d > far {
			at, far = j, d
		}
	}
	return at
}
