package gate

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/compare"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
)

// required is what one cell must satisfy: lower ≤ θ ≤ upper, either end infinite;
// strict ends must be cleared, not met.
type required struct {
	lower, upper float64
	strict       bool
}

// distance is how far the value at which rows are planned lies from the bound.
func (q required) distance(at float64) float64 {
	return math.Min(math.Abs(at-q.lower), math.Abs(q.upper-at))
}

func (q required) holds(lo, hi float64) bool {
	if q.strict {
		return lo > q.lower && hi < q.upper
	}
	return lo >= q.lower && hi <= q.upper
}

func (q required) violated(lo, hi float64) bool { return hi < q.lower || lo > q.upper }

// violation is the one-sided p-value of the evidence that the truth lies outside.
func (q required) violation(a metric.Answer) float64 {
	p := math.NaN()
	if !math.IsInf(q.lower, 0) {
		p = a.Below(q.lower)
	}
	if !math.IsInf(q.upper, 0) {
		if u := a.Above(q.upper); math.IsNaN(p) || u < p {
			p = u
		}
	}
	return p
}

// ask turns a rule into the quantity to be judged on one population and what it must
// satisfy.
func ask(r Rule, in *metric.Instance, v *metric.View, model, than int) (metric.Answer, required) {
	q := required{lower: math.Inf(-1), upper: math.Inf(1)}
	switch r.Rule {
	case AtLeast:
		q.lower = r.Bound
		return in.Estimate(v, model), q
	case AtMost:
		q.upper = r.Bound
		return in.Estimate(v, model), q
	case Between:
		q.lower, q.upper = r.Bound, r.Upper
		return in.Estimate(v, model), q
	}
	good := compare.Good(in.Direction)
	k, margin := 1.0, r.Margin
	if r.Relative {
		base := in.Estimate(v, than)
		if base.Status != result.OK {
			return base, q
		}
		size := base.Value
		if in.Direction == metric.Target {
			size = math.Abs(base.Value - in.TargetAt)
		}
		if size == 0 {
			a := base
			a.Status, a.Notes = result.Undefined, []string{"a relative margin is undefined: the baseline's value is 0"}
			return a, q
		}
		// allowed: θc ≥ θb − m|θb| (good is up), θc ≤ θb + m|θb| (good is down)
		shift := good * margin
		if r.Rule == BetterThan {
			shift = -shift
		}
		if size < 0 {
			shift = -shift
		}
		k, margin = 1-shift, 0
	}
	q.strict = true
	if r.Rule == NoWorseThan {
		margin = -margin
	}
	if good > 0 {
		q.lower = margin
	} else {
		q.upper = -margin
	}
	return compare.Contrast(in, v, model, than, k), q
}

// judged is a cell with what the families need.
type judged struct {
	cell    result.Cell
	answer  metric.Answer
	q       required
	level   float64
	p       float64 // one-sided violation p; NaN when the cell cannot be judged
	se      float64
	rows    int64 // usable rows of the population
	planned float64
}

// judge decides one cell by its own interval (or value), without any family.
func judge(r Rule, in *metric.Instance, v *metric.View, model, than int, total int64) judged {
	a, q := ask(r, in, v, model, than)
	j := judged{answer: a, q: q, level: r.Confidence, p: math.NaN(), rows: v.Pop.N}
	j.cell = result.Cell{Slice: v.Pop.Slice, Verdict: result.Inconclusive, Value: result.None(), Lower: result.None(), Upper: result.None(),
		N: a.N, Share: result.None(), P: result.None(), PAdjusted: result.None(), Catchable: result.None()}
	if total > 0 {
		j.cell.Share = result.Number(float64(v.Pop.N) / float64(total))
	}
	if a.Status != result.OK {
		j.cell.Note = first(a.Notes, "undefined")
		if c := compare.Correction(a, r.Confidence); c != nil {
			j.cell.NeededLabels = c.NeededLabels
			if c.Raw.Value.Known() {
				j.cell.Note += "; " + c.RawWords(r.Rule == NoWorseThan || r.Rule == BetterThan)
			}
		}
		if a.Status == result.NotApplicable {
			j.cell.Verdict = result.VerdictNotApplicable
		}
		return j
	}
	j.se = a.SE
	lo, hi, ok := a.Interval(r.Confidence)
	j.cell.Value, j.cell.Lower, j.cell.Upper = result.Number(a.Value), result.Number(lo), result.Number(hi)
	rows := float64(a.N)
	if v.Set.Weighted && !math.IsNaN(a.NEff) {
		rows = a.NEff
	}
	j.planned = a.Value
	if r.Rule == NoWorseThan || r.Rule == BetterThan {
		j.planned = 0
	}
	if r.Relative && (r.Rule == NoWorseThan || r.Rule == BetterThan) {
		// At equal models θc − k·θb = (1 − k)·θb.
		j.planned = equalValue(r, in, v, than)
	}
	switch {
	case rows < float64(r.MinRows):
		j.cell.Note = fmt.Sprintf("too few rows to say: %.0f, at least %d asked for", math.Floor(rows), r.MinRows)
		if v.Set.Weighted {
			j.cell.Note = fmt.Sprintf("too few effective rows to say: %.0f, at least %d asked for", math.Floor(rows), r.MinRows)
		}
		return j
	case r.ungraded(a) != "":
		j.cell.Note = r.ungraded(a)
		return j
	case r.Evidence == "value":
		j.cell.Verdict = result.Fail
		if q.holds(a.Value, a.Value) {
			j.cell.Verdict = result.Pass
		}
		j.cell.Note = "judged by the value alone"
		return j
	case !ok:
		j.cell.Note = first(a.Notes, "no interval")
		return j
	case q.holds(lo, hi):
		j.cell.Verdict = result.Pass
	case q.violated(lo, hi):
		j.cell.Verdict = result.Fail
	}
	j.p = q.violation(a)
	j.cell.P = result.Number(j.p)
	if math.IsNaN(j.p) { // no p-value from this method: the interval decides
		j.p = 1
		if j.cell.Verdict == result.Fail {
			j.p = (1 - r.Confidence) / 2
		}
	}
	j.cell.Catchable = result.Number(compare.SmallestEffect(a.SE, r.Confidence))
	if j.cell.Verdict == result.Inconclusive {
		j.cell.NeededN, j.cell.NeededLabels = compare.Needed(a, v.Pop.N, q.distance(j.planned), r.Confidence)
	}
	return j
}

// equalValue is the tested quantity of a relative rule if both models were equal.
func equalValue(r Rule, in *metric.Instance, v *metric.View, than int) float64 {
	b := in.Estimate(v, than)
	size := math.Abs(b.Value)
	if in.Direction == metric.Target {
		size = math.Abs(b.Value - in.TargetAt)
	}
	s := r.Margin * size * compare.Good(in.Direction)
	if r.Rule == BetterThan {
		return -s
	}
	return s
}

func first(notes []string, otherwise string) string {
	if len(notes) > 0 {
		return notes[0]
	}
	return otherwise
}

// ungraded says that more rows than the rule allows have no score; empty if not.
func (r Rule) ungraded(a metric.Answer) string {
	if r.MaxUngraded == nil || a.Ungraded == 0 {
		return ""
	}
	all := a.N + a.Ungraded
	if float64(a.Ungraded) <= *r.MaxUngraded*float64(all) {
		return ""
	}
	return fmt.Sprintf("too many rows are ungraded: %d of %d (%s), at most %s allowed", a.Ungraded, all, result.Percent(float64(a.Ungraded)/float64(all)), result.Percent(*r.MaxUngraded))
}
