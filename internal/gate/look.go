package gate

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/sequential"
)

// Schedule are the looks of a plan that asks its cases in stages. One goroutine at a time.
type Schedule struct {
	Fractions []float64 // of the planned cases, at each look; the last is 1
	Spending  string
	Futility  float64
	ShowWorse bool                          // goes on where all cases would show a fail
	designs   map[float64]sequential.Design // by confidence
}

// design is the schedule's design for gates of a confidence: a pass and a fail have
// (1 − confidence)/2 each, as in a plan without looks.
func (s *Schedule) design(confidence float64) (sequential.Design, error) {
	if d, ok := s.designs[confidence]; ok {
		return d, nil
	}
	spend := sequential.Named(s.Spending)
	if spend == nil {
		return sequential.Design{}, fmt.Errorf("no spending is called %q", s.Spending)
	}
	d, err := sequential.New((1-confidence)/2, s.Fractions, spend, true)
	if err == nil && s.Futility > 0 && len(s.Fractions) > 1 {
		d, err = d.WithFutility(s.Futility, sequential.OBrienFleming, s.ShowWorse)
	}
	if err != nil {
		return d, err
	}
	if s.designs == nil {
		s.designs = map[float64]sequential.Design{}
	}
	s.designs[confidence] = d
	return d, nil
}

// Design is the schedule's design for gates of a confidence.
func (s *Schedule) Design(confidence float64) (sequential.Design, error) { return s.design(confidence) }

// Look is one look of a schedule at the gates.
type Look struct {
	*Schedule
	Number  int             // from 1
	Earlier [][]result.Gate // the gates at the looks before
	Ends    bool            // no more cases can be asked
}

func (l *Look) last() bool { return l.Number == len(l.Fractions) }

// Sequential reports whether a rule can be decided before all cases are asked: one that
// asks of an interval, overall or on each slice by itself, and nothing of a family.
func (r Rule) Sequential() bool { return r.WhyOnce() == "" }

// WhyOnce says why a rule is judged only once, when all cases are asked; empty if it is not.
func (r Rule) WhyOnce() string {
	switch {
	case r.Across != "":
		return "it compares groups"
	case r.Evidence == "value":
		return "it judges the value alone"
	case len(r.Slices) > 0 && r.Require != "proof":
		return "that no slice is shown to be worse says the less, the fewer cases there are"
	}
	return ""
}

// timed is a rule at a look: its interval at the level that the look may spend, which makes
// it a repeated confidence interval (Jennison & Turnbull 1989).
func (l *Look) timed(r Rule) (Rule, *timing, error) {
	t := &timing{look: l, confidence: r.Confidence}
	if !r.Sequential() {
		t.once = true
		return r, t, nil
	}
	var err error
	if t.design, err = l.design(r.Confidence); err != nil {
		return r, t, err
	}
	r.Confidence = t.design.Level(l.Number - 1)
	return r, t, nil
}

// decide gives a cell the verdict of the look. A pass is that of the interval at the look's
// level; a fail has a bound of its own, and the interval's other end goes there.
func (t *timing) decide(j *judged) {
	if t == nil || t.once || j.cell.Note != "" {
		return
	}
	if !t.look.last() && !(j.se > 0) {
		// An error of 0 is no certainty: where nothing differs yet, something may.
		j.cell.Verdict, j.cell.NeededN, j.cell.Note = result.Inconclusive, nil, "nothing varies yet"
		return
	}
	z, fail := statistic(j.answer, j.q), t.design.Fail[t.look.Number-1]
	if math.IsNaN(z) || math.IsInf(fail, 0) {
		return // the interval decides on both sides
	}
	switch {
	case j.cell.Verdict == result.Pass:
	case z <= fail:
		j.cell.Verdict, j.cell.NeededN = result.Fail, nil
	default:
		j.cell.Verdict = result.Inconclusive
	}
	switch {
	case math.IsInf(j.q.upper, 0):
		j.cell.Upper = result.Number(boundAt(j.answer, fail))
	case math.IsInf(j.q.lower, 0):
		j.cell.Lower = result.Number(boundAt(j.answer, -fail))
	}
}

// timing is what a gate knows of the look that it is judged at.
type timing struct {
	look       *Look
	once       bool // judged at the last look only
	confidence float64
	design     sequential.Design
}

// waits says that a rule is not judged at this look; empty if it is.
func (t *timing) waits() string {
	if t == nil || !t.once || t.look.last() {
		return ""
	}
	return "it is judged once, when all cases are asked"
}

// statistic is how far beyond what is required an answer lies, in standard errors; of two
// bounds the nearer counts. NaN where there is no p-value.
func statistic(a metric.Answer, q required) float64 {
	z := math.NaN()
	if a.Status != result.OK {
		return z
	}
	if !math.IsInf(q.lower, 0) {
		z = score(a.Below(q.lower), a.Above(q.lower))
	}
	if !math.IsInf(q.upper, 0) {
		if u := score(a.Above(q.upper), a.Below(q.upper)); math.IsNaN(z) || u < z {
			z = u
		}
	}
	return z
}

// score is the normal quantile of p, which other complements: the smaller is exact.
func score(p, other float64) float64 {
	if p < other {
		return dist.NormQuantile(p)
	}
	return -dist.NormQuantile(other)
}

// note writes down what a gate shows at this look, before anything is adjusted.
func (w *undecided) note() {
	t, k := w.timing, w.timing.look.Number-1
	n := &result.LookGate{Gate: w.gate.Name, Value: result.None(), Lower: result.None(), Upper: result.None(), Level: result.None(),
		Statistic: result.None(), Bound: result.None(), FailBound: result.None(), Futility: result.None(), Harm: result.None(), Waits: t.waits() != ""}
	w.gate.Look = n
	if w.overall == nil || n.Waits {
		return
	}
	c := w.overall.cell
	n.Value, n.Lower, n.Upper, n.N, n.Level = c.Value, c.Lower, c.Upper, c.N, result.Number(w.rule.Confidence)
	if t.once {
		return
	}
	n.FailBound = result.Number(t.design.Fail[k])
	n.Bound, n.Futility = result.Number(t.design.Upper[k]), result.Number(t.design.Lower[k])
	z := statistic(w.overall.answer, w.overall.q)
	if w.rule.Require == "proof" && len(w.rule.Slices) > 0 { // the worst slice
		z = math.NaN()
		for _, j := range w.cells {
			if x := statistic(j.answer, j.q); math.IsNaN(z) || x < z {
				z = x
			}
		}
	}
	n.Statistic = result.Number(z)
	if harm := t.design.Harm[k]; harm < t.design.Lower[k] {
		n.Harm = result.Number(harm)
		n.Futile = w.overall.cell.Note == "" && t.look.Futility > 0 && !t.look.last() && z <= t.design.Lower[k] && z >= harm
	} else {
		n.Futility = result.None() // what is too low to pass is low enough to show that it fails
	}
}

// adjust puts the inference that knows of the looks in the place of the one that does not.
func (w *undecided) adjust() {
	t := w.timing
	if w.done || t.once || w.overall == nil {
		return
	}
	level := w.rule.Confidence
	w.rule.Confidence, w.gate.Evidence.Level = t.confidence, t.confidence
	c, a, q := &w.overall.cell, w.overall.answer, w.overall.q
	if a.Status != result.OK {
		return
	}
	lo, hi, _ := a.Interval(t.confidence)
	u := &result.Unadjusted{Value: result.Number(a.Value), Lower: result.Number(lo), Upper: result.Number(hi), P: result.None(),
		Method: fmt.Sprintf("repeated confidence interval: that of level %.7g at this look", level)}
	w.gate.Evidence.Unadjusted = u
	z := statistic(a, q)
	if len(w.rule.Slices) > 0 || math.IsInf(q.lower, 0) == math.IsInf(q.upper, 0) || math.IsNaN(z) || math.IsInf(z, 0) {
		return // two bounds, or none that can be tested
	}
	alpha := (1 - t.confidence) / 2
	path, futile := w.path(z)
	u.P = result.Number(path.Tail(0))
	// Futility is followed, though the bounds of a pass do not count on it: the low end and p
	// leave it out, which is on the safe side there; the estimate and the high end let it count.
	low, mid, high := path.At(alpha), futile.At(0.5), futile.At(1-alpha)
	if c.Verdict == result.Fail {
		high = futile.AtRest(alpha)
		if t.look.ShowWorse { // what was given up in between is no lower than a fail
			mid = futile.AtRest(0.5)
		}
	} else {
		high = math.Max(high, 0) // what did not fail is not shown to
	}
	if c.Verdict != result.Pass {
		low = math.Min(low, 0)
	}
	mid = math.Min(math.Max(mid, low), high)
	at := func(drift float64) float64 { return boundAt(a, z-drift) }
	if math.IsInf(q.lower, 0) { // less is better
		at = func(drift float64) float64 { return boundAt(a, drift-z) }
		low, high = high, low
	}
	from, value, to := at(low), at(mid), at(high)
	if math.IsNaN(from) || math.IsNaN(value) || math.IsNaN(to) {
		return
	}
	u.Method = "stagewise ordering: median-unbiased estimate and interval (Tsiatis, Rosner & Mehta 1984)"
	c.Value, c.Lower, c.Upper = result.Number(value), result.Number(from), result.Number(to)
}

// path is what the gate has been through. A gate that passed at an earlier look, while
// others were open, is taken as if it had gone on from there: the look at which it passed
// gives way to this one (Whitehead 1992, deletion). The second path lets futility count.
func (w *undecided) path(z float64) (plain, futile sequential.Path) {
	t := w.timing
	plain.Z = z
	for k, gates := range t.look.Earlier {
		if w.passed(gates) {
			break
		}
		plain.Fractions = append(plain.Fractions, t.look.Fractions[k])
		plain.Upper = append(plain.Upper, t.design.Upper[k])
		plain.Fail = append(plain.Fail, t.design.Fail[k])
	}
	plain.Lower = plain.Fail
	futile = plain
	futile.Lower, futile.Harm = nil, t.design.Harm
	for k, low := range plain.Lower {
		if t.look.Futility > 0 {
			low = math.Max(low, t.design.Lower[k])
		}
		futile.Lower = append(futile.Lower, low)
	}
	now := t.look.Fractions[t.look.Number-1]
	plain.Fractions = append(plain.Fractions, now)
	futile.Fractions = plain.Fractions
	return plain, futile
}

func (w *undecided) passed(gates []result.Gate) bool {
	for _, g := range gates {
		if g.Name == w.gate.Name {
			return g.Verdict == result.Pass
		}
	}
	return false
}

// boundAt is the bound that lies a number of standard errors below the value, on the
// scale of its own interval.
func boundAt(a metric.Answer, z float64) float64 {
	if math.Abs(z) < 1e-6 {
		return a.Value
	}
	const far = 7.5 // farther out the level is 1 in floating point
	lo, hi, ok := a.Interval(1 - 2*dist.NormCDF(-math.Min(math.Abs(z), far)))
	switch {
	case !ok:
		return math.NaN()
	case z > 0:
		return lo
	}
	return hi
}

// Stops says whether no more cases need be asked after a look, and why.
func Stops(gates []result.Gate, l *Look) result.Stop {
	pass, fail, futile := true, false, false
	for _, g := range gates {
		if g.Severity == result.Warn {
			continue
		}
		pass = pass && g.Verdict == result.Pass
		fail = fail || g.Verdict == result.Fail
		futile = futile || g.Look != nil && g.Look.Futile && g.Verdict != result.Pass
	}
	switch {
	case fail || pass:
		return result.Decided
	case l.last():
		return result.AllAsked
	case futile:
		return result.Futile
	}
	return result.GoOn
}
