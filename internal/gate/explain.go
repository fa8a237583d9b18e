package gate

import (
	"fmt"
	"math"
	"strings"

	"github.com/fairtrial/fairtrial/internal/result"
)

// Explanation is a gate in three sentences: what was found, how it was judged, what
// would change the verdict.
type Explanation struct {
	Found string `json:"found"`
	How   string `json:"how"`
	Flip  string `json:"flip"`
}

// Explain words a decided gate. formula is its metric's, method that of the interval
// that was read, good +1 where more is better, −1 where less is, 0 without direction.
func Explain(r Rule, g result.Gate, formula, method string, good float64) Explanation {
	x := Explanation{Found: fmt.Sprintf("%s (%s): %s.", word(g.Verdict), blocking(r), g.Reason)}
	judged := fmt.Sprintf("the whole %s interval has to satisfy it, and to violate it for a fail", result.Percent(r.Confidence))
	switch {
	case r.Evidence == "value":
		judged = "the value alone decides, whatever its interval"
	case r.Across != "":
		judged = fmt.Sprintf("every pair's own %s interval has to lie within for a pass, and one beyond after Holm's correction is a fail", result.Percent(r.Confidence))
	case len(r.Slices) > 0 && r.Require == "proof":
		judged = fmt.Sprintf("every slice's own %s interval has to satisfy it", result.Percent(r.Confidence))
	case len(r.Slices) > 0:
		judged = "it has to hold overall, and no slice may break it significantly after Holm's correction over all cells of such gates"
	}
	x.How = fmt.Sprintf("Asked of %s (%s): %s; %s is %s; %s", r.Metric, r.Model, r.Words(), r.Metric, formula, judged)
	if method != "" && r.Evidence != "value" && !unpaired(r, g) {
		x.How += "; the interval is from: " + method
	}
	x.How += "."
	if s := looked(r, g); s != "" {
		x.How += " " + s
	}
	x.Flip = flip(r, g, good)
	return x
}

// looked says what a plan that stops when decided saw of a gate when it stopped; empty for
// other plans.
func looked(r Rule, g result.Gate) string {
	l := g.Look
	switch {
	case l == nil:
		return ""
	case l.Waits:
		return "The plan stops when decided, and this gate waits for all cases: " + r.WhyOnce() + "."
	case !r.Sequential():
		return "The plan stops when decided, and this gate waited for all cases: " + r.WhyOnce() + "."
	case !l.Statistic.Known():
		return "The plan stops when decided: this gate was looked at by an interval so wide that all looks together keep its confidence."
	}
	s := fmt.Sprintf("The plan stops when decided: at the last look the value lay %s standard errors beyond what is required", l.Statistic.Signed())
	if l.Bound.Known() {
		s += fmt.Sprintf("; from %s on it passes", l.Bound.Signed())
	}
	if l.FailBound.Known() {
		s += fmt.Sprintf(", from %s down it fails", l.FailBound.Signed())
	}
	if l.Futile {
		s += fmt.Sprintf(", at %s or below it is given up", l.Futility.Signed())
	}
	s += ", so that all looks together keep the gate's confidence."
	if u := g.Evidence.Unadjusted; u != nil {
		s += fmt.Sprintf(" Without regard to the looks the value would be %s (%s to %s); what is shown is adjusted for them by %s.", u.Value.Short(), u.Lower.Short(), u.Upper.Short(), u.Method)
	}
	return s
}

func word(v result.Verdict) string { return strings.ReplaceAll(string(v), "_", " ") }

func blocking(r Rule) string {
	if r.Severity == result.Warn {
		return "warns only"
	}
	return "blocking"
}

// Limits are the bounds at which a rule's verdict on evidence changes: with its bound
// or margin on the easy side of Pass it passes, on the hard side of Fail it fails, and
// in between it is inconclusive. Larger is easier when Up. NaN where there is none.
type Limits struct {
	Pass, Fail float64
	Up         bool
}

// LimitsOf gives the limits of a rule judged on one interval (not of sliced rules, whose
// slices are corrected, and not of relative margins).
func LimitsOf(r Rule, lower, upper, good float64) Limits {
	switch {
	case r.Rule == AtLeast:
		return Limits{Pass: lower, Fail: upper}
	case r.Rule == AtMost:
		return Limits{Pass: upper, Fail: lower, Up: true}
	case r.Rule == NoWorseThan && good > 0:
		return Limits{Pass: -lower, Fail: -upper, Up: true}
	case r.Rule == NoWorseThan:
		return Limits{Pass: upper, Fail: lower, Up: true}
	case r.Rule == BetterThan && good > 0:
		return Limits{Pass: lower, Fail: upper}
	case r.Rule == BetterThan:
		return Limits{Pass: -upper, Fail: -lower}
	case r.Rule == AcrossDiff:
		return Limits{Pass: math.Max(math.Abs(lower), math.Abs(upper)), Fail: math.Max(lower, -upper), Up: true}
	case r.Rule == AcrossRatio && r.Reference != "":
		return Limits{Pass: lower, Fail: upper}
	case r.Rule == AcrossRatio:
		return Limits{Pass: math.Min(lower, 1/upper), Fail: math.Min(upper, 1/lower)}
	}
	return Limits{Pass: math.NaN(), Fail: math.NaN()}
}

// unpaired: the gate compares with a baseline whose rows were not there.
func unpaired(r Rule, g result.Gate) bool {
	return g.Verdict == result.Inconclusive && r.Than != "" && len(g.Cells) == 0
}

func flip(r Rule, g result.Gate, good float64) string {
	switch {
	case g.Look != nil && g.Look.Waits:
		return "No bound would turn it: not all cases were asked."
	case g.Look != nil && r.Sequential():
		return "Another bound would have stopped the asking elsewhere: try --what-if, which goes through the looks again."
	case g.Verdict == result.Error || g.Verdict == result.VerdictNotApplicable:
		return "It was not judged; no bound would change that."
	case unpaired(r, g):
		return "It was not judged: it needs a baseline whose rows can be paired with today's by id."
	case g.Verdict == result.Inconclusive && strings.Contains(g.Reason, "too many rows are ungraded"):
		return "No bound would turn it: mend the scorer for the rows that it left ungraded, or let the gate bear more of them with max_ungraded."
	case !g.Evidence.Lower.Known():
		return "Without an interval no bound decides it: more rows are needed, or another metric."
	case r.Relative:
		return "The margin is a share of " + r.Than + "'s own value, so the tested quantity moves with it; try --what-if with another margin." + rowsThatDecide(g)
	case r.Evidence == "value":
		return fmt.Sprintf("The value is %s: a bound on its other side would turn the verdict.", g.Evidence.Value.Short())
	case r.Rule == Between:
		return fmt.Sprintf("It would pass with bounds that hold the interval, %s to %s.", g.Evidence.Lower.Short(), g.Evidence.Upper.Short()) + rowsThatDecide(g)
	}
	l := limits(r, g, good)
	what := "a bound"
	if r.Rule == NoWorseThan || r.Rule == BetterThan {
		what = "a margin"
	} else if r.Across != "" {
		what = "a limit"
	}
	easier, harder := "below", "above"
	if l.Up {
		easier, harder = "above", "below"
	}
	number := func(x float64) string { return result.Number(x).Short() }
	var s string
	switch floor := r.Rule == NoWorseThan || r.Across != "" && r.Rule == AcrossDiff; {
	case r.Rule == BetterThan && l.Pass <= 0:
		s = "It would pass with no margin, since a gain is not shown: the interval reaches " + number(l.Pass)
		if l.Fail <= 0 {
			return s + ", and all of it is a loss." + rowsThatDecide(g)
		}
	case floor && l.Pass <= 0:
		s = fmt.Sprintf("It would pass with %s of any size", what)
	default:
		s = fmt.Sprintf("It would pass with %s %s %s", what, easier, number(l.Pass))
	}
	if !(l.Up && l.Fail <= 0) {
		s += fmt.Sprintf(" and fail with one %s %s", harder, number(l.Fail))
	}
	if r.Across != "" {
		s += " (a fail also has to stand the correction)"
	}
	switch {
	case r.Require == "proof" && len(r.Slices) > 0:
		s += ", by its weakest slice" + slicesThatHold(g)
	case len(r.Slices) > 0:
		s += " overall" + slicesThatHold(g)
	}
	return s + "." + rowsThatDecide(g)
}

// limits of a fairness rule are those of its worst pair, of slices that each have to be
// proven those of the worst slice.
func limits(r Rule, g result.Gate, good float64) Limits {
	proof := r.Require == "proof" && len(r.Slices) > 0
	if r.Across == "" && !proof {
		return LimitsOf(r, float64(g.Evidence.Lower), float64(g.Evidence.Upper), good)
	}
	out := LimitsOf(r, 0, 0, good)
	out.Pass, out.Fail = math.NaN(), math.NaN()
	worse := math.Min
	if out.Up {
		worse = math.Max
	}
	for _, c := range g.Cells {
		if !c.Lower.Known() || proof && c.Slice == result.Overall {
			continue
		}
		l := LimitsOf(r, float64(c.Lower), float64(c.Upper), good)
		if math.IsNaN(out.Pass) {
			out.Pass, out.Fail = l.Pass, l.Fail
			continue
		}
		out.Pass, out.Fail = worse(out.Pass, l.Pass), worse(out.Fail, l.Fail)
	}
	return out
}

func slicesThatHold(g result.Gate) string {
	var fail, open []string
	for _, c := range g.Cells {
		switch {
		case c.Slice == result.Overall:
		case c.Verdict == result.Fail:
			fail = append(fail, c.Slice)
		case c.Verdict == result.Inconclusive && g.Require == "proof":
			open = append(open, c.Slice)
		}
	}
	list := func(names []string) string {
		if len(names) > 5 {
			return fmt.Sprintf("%s and %d more", strings.Join(names[:5], ", "), len(names)-5)
		}
		return strings.Join(names, ", ")
	}
	switch {
	case len(fail) > 0:
		return ", once these slices no longer break it: " + list(fail)
	case len(open) > 0:
		return ", once these slices are proven: " + list(open)
	}
	return ""
}

func rowsThatDecide(g result.Gate) string {
	what := Wanting(g.Evidence.NeededN, g.Evidence.NeededLabels)
	if g.Verdict != result.Inconclusive || what == "" {
		return ""
	}
	return fmt.Sprintf(" About %s would decide it as it stands%s.", what, orSamples(g.Evidence.NeededSamples))
}
