package gate

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/multiple"
	"github.com/fairtrial/fairtrial/internal/summary"

	"github.com/fairtrial/fairtrial/internal/compare"
)

// Input is what gates are decided on.
type Input struct {
	Rules   []Rule
	Set     *summary.Set
	View    func(pop int) *metric.View // a view on Set.Pops[pop]; called repeatedly, may cache
	Metrics map[string]*metric.Instance
	// Fits says whether a metric can be computed for a model (key), with a reason.
	Fits func(in *metric.Instance, model string) (bool, string)
	// Groups gives the populations of the groups of a column, in order, with the
	// group's label ("race=A").
	Groups func(column string) []int
	// DataError, when not empty, makes every blocking gate an error (too much missing).
	DataError string
	// Unpaired, when not empty, says why rules that compare with the baseline cannot be
	// judged: its rows are not there.
	Unpaired string
	// Look is the look of a plan that stops when decided; nil for others.
	Look *Look
	// Varied says what the error of a rule's metric is made of, where cases were answered
	// several times; nil where that is not known.
	Varied func(Rule) *engine.Varied
}

// Decide decides all rules and rolls them up.
func Decide(in Input) ([]result.Gate, result.Outcome) {
	work := make([]*undecided, len(in.Rules))
	for i, r := range in.Rules {
		work[i] = in.open(r)
	}
	// Family G: the cells of all blocking sliced no_harm gates share one correction;
	// those of warn gates share another, so that a warning never costs power.
	for _, sev := range []result.Severity{result.Block, result.Warn} {
		var family []*judged
		for _, w := range work {
			if w.rule.Severity == sev && w.harm() {
				for i := range w.cells {
					if !math.IsNaN(w.cells[i].p) {
						family = append(family, &w.cells[i])
					}
				}
			}
		}
		correct(family)
	}
	gates := make([]result.Gate, len(work))
	for i, w := range work {
		gates[i] = w.close(in)
	}
	if l := in.Look; l != nil && (l.Ends || Stops(gates, l) != result.GoOn) {
		for i, w := range work {
			w.adjust()
			gates[i] = w.close(in)
		}
	}
	o := RollUp(gates)
	if len(gates) == 0 && in.DataError != "" {
		o.Decision, o.Sentence = result.DecisionError, "Error: "+in.DataError+"."
		o.Next = []string{"Mend the data or the plan, then run again."}
	}
	return gates, o
}

// undecided is a gate on its way to a verdict.
type undecided struct {
	rule    Rule
	in      *metric.Instance
	gate    result.Gate
	overall *judged
	cells   []judged
	small   []string // groups too small to judge
	done    bool
	timing  *timing
}

// harm: slices are judged by "significantly worse", corrected over the family.
func (w *undecided) harm() bool {
	return !w.done && len(w.rule.Slices) > 0 && w.rule.Require != "proof"
}

func (in Input) model(key string) int {
	for i, m := range in.Set.Models {
		if m == key {
			return i
		}
	}
	return -1
}

// open judges every cell of a rule by itself.
func (in Input) open(r Rule) *undecided {
	w := &undecided{rule: r, in: in.Metrics[r.Metric]}
	var bad error
	if in.Look != nil {
		r, w.timing, bad = in.Look.timed(r)
		w.rule = r
	}
	w.gate = result.Gate{Name: r.Name, Metric: r.Metric, Model: r.Model, Rule: r.Words(), Why: r.Why, Severity: r.Severity,
		OnInconclusive: r.OnInconclusive, JudgedBy: "interval", Cells: []result.Cell{},
		Evidence: result.Evidence{Value: result.None(), Lower: result.None(), Upper: result.None(), Bound: result.None(), Bound2: result.None(), Level: r.Confidence}}
	if r.Evidence == "value" {
		w.gate.JudgedBy = "value"
	}
	w.gate.Uncalibrated = w.in != nil && w.in.Uncalibrated()
	model, than := in.model(r.Model), in.model(r.Than)
	stop := func(v result.Verdict, reason string) *undecided {
		w.gate.Verdict, w.gate.Reason, w.done = v, reason, true
		return w
	}
	if bad != nil {
		return stop(result.Error, bad.Error())
	}
	if in.Unpaired != "" && w.in != nil && model >= 0 && r.Than == "baseline" && than < 0 {
		return stop(result.Inconclusive, in.Unpaired)
	}
	if w.in == nil || model < 0 || r.Than != "" && than < 0 {
		return stop(result.Error, "the gate names a metric or model that the plan does not have")
	}
	if in.DataError != "" && r.Severity == result.Block {
		return stop(result.Error, in.DataError)
	}
	for _, key := range []string{r.Model, r.Than} {
		if key == "" {
			continue
		}
		if ok, why := in.Fits(w.in, key); !ok {
			return stop(result.VerdictNotApplicable, fmt.Sprintf("%s of %s: %s", r.Metric, key, why))
		}
	}
	if why := w.timing.waits(); why != "" {
		return stop(result.Inconclusive, r.Metric+": "+why)
	}
	if r.Across != "" {
		in.groups(w, model)
		return w
	}
	total := in.Set.Pops[0].N
	overall := judge(r, w.in, in.View(0), model, than, total)
	w.timing.decide(&overall)
	w.overall = &overall
	if len(r.Slices) == 0 {
		return w
	}
	w.gate.Require = r.Require
	named := map[string]bool{}
	for _, s := range r.Slices {
		named[s] = true
	}
	for i, p := range in.Set.Pops[1:] {
		if named["all"] || named[p.Slice] {
			cell := judge(r, w.in, in.View(i+1), model, than, total)
			w.timing.decide(&cell)
			w.cells = append(w.cells, cell)
			delete(named, p.Slice)
		}
	}
	delete(named, "all")
	for _, s := range r.Slices { // declared, but no row has it
		if named[s] {
			w.cells = append(w.cells, judged{p: math.NaN(), cell: result.Cell{Slice: s, Verdict: result.Inconclusive, Value: result.None(), Lower: result.None(),
				Upper: result.None(), Share: result.None(), P: result.None(), PAdjusted: result.None(), Catchable: result.None(), Note: "no row has this slice"}})
		}
	}
	return w
}

// correct applies Holm to the violation p-values of a family and decides its cells:
// fail when significant after correction; a violation seen only before it is
// inconclusive (GATES, no_harm).
func correct(family []*judged) {
	p := make([]float64, len(family))
	for i, j := range family {
		p[i] = j.p
	}
	for i, adj := range multiple.Holm(p) {
		j := family[i]
		alpha := (1 - j.level) / 2
		j.cell.PAdjusted = result.Number(adj)
		if j.se > 0 {
			z := dist.NormQuantile(1-alpha/float64(len(family))) + dist.NormQuantile(compare.Power)
			j.cell.Catchable = result.Number(z * j.se)
		}
		if j.cell.Note == "judged by the value alone" {
			continue
		}
		switch {
		case adj <= alpha:
			j.cell.Verdict = result.Fail
		case j.cell.Verdict == result.Fail:
			j.cell.Verdict = result.Inconclusive
			j.cell.Note = fmt.Sprintf("worse than allowed before the correction over %d cells, not after", len(family))
			j.cell.NeededN, j.cell.NeededLabels = j.neededAfter(len(family))
		}
	}
}

// neededAfter is the rows that would decide a cell that only the correction over a
// family of m left open: to accuse at the strictest level that Holm asks for, or, where
// rows are planned at a value that satisfies the rule, to acquit by the interval.
func (j *judged) neededAfter(m int) (rows, labels *int64) {
	level := j.level
	if j.q.violated(j.planned, j.planned) {
		level = 1 - (1-j.level)/float64(m)
	}
	return compare.Needed(j.answer, j.rows, j.q.distance(j.planned), level)
}

// close rolls a rule's cells up into its verdict and says why.
func (w *undecided) close(in Input) result.Gate {
	if w.timing != nil && w.gate.Look == nil {
		w.note()
	}
	if w.done {
		return w.gate
	}
	g := &w.gate
	g.Cells = []result.Cell{}
	if w.overall != nil {
		w.overall.cell.NeededSamples = in.samples(w)
		c := w.overall.cell
		g.Evidence.Value, g.Evidence.Lower, g.Evidence.Upper = c.Value, c.Lower, c.Upper
		g.Evidence.N, g.Evidence.NeededN, g.Evidence.NeededLabels, g.Evidence.NeededSamples = c.N, c.NeededN, c.NeededLabels, c.NeededSamples
		if !math.IsInf(w.overall.q.lower, 0) {
			g.Evidence.Bound = result.Number(w.overall.q.lower)
			if !math.IsInf(w.overall.q.upper, 0) {
				g.Evidence.Bound2 = result.Number(w.overall.q.upper)
			}
		} else if !math.IsInf(w.overall.q.upper, 0) {
			g.Evidence.Bound = result.Number(w.overall.q.upper)
		}
	}
	switch {
	case w.rule.Across != "":
		w.closeGroups()
	case len(w.rule.Slices) == 0:
		c := w.overall.cell
		g.Cells = append(g.Cells, c)
		g.Verdict = c.Verdict
		g.Reason = w.sentence(c)
	case w.rule.Require == "proof":
		w.closeProof()
	default:
		w.closeNoHarm()
	}
	if g.Look != nil && g.Look.Futile && g.Verdict != result.Pass && g.Verdict != result.Fail {
		g.Reason += "; given up: a result so low is rare where all cases would do, so they would hardly change it"
	}
	return *g
}

func (w *undecided) addCells(withOverall bool) (pass, fail, open int, proven, all float64) {
	if withOverall {
		w.gate.Cells = append(w.gate.Cells, w.overall.cell)
	}
	for _, j := range w.cells {
		w.gate.Cells = append(w.gate.Cells, j.cell)
		all += float64(j.rows)
		switch j.cell.Verdict {
		case result.Pass:
			pass++
			proven += float64(j.rows)
		case result.Fail:
			fail++
		default:
			open++
		}
	}
	return
}

func (w *undecided) closeProof() {
	_, fail, open, _, _ := w.addCells(false)
	g := &w.gate
	switch {
	case fail > 0:
		g.Verdict = result.Fail
	case open > 0 || len(w.cells) == 0:
		g.Verdict = result.Inconclusive
	default:
		g.Verdict = result.Pass
	}
	g.Reason = w.slicesSentence(fail, open)
}

func (w *undecided) closeNoHarm() {
	pass, fail, _, proven, all := w.addCells(true)
	g := &w.gate
	share := 0.0
	if all > 0 {
		share = proven / all
	}
	said := fmt.Sprintf("%d of %d slices proven, %s of their rows", pass, len(w.cells), result.Percent(share))
	switch {
	case fail > 0:
		g.Verdict = result.Fail
		g.Reason = w.slicesSentence(fail, 0) + "; " + said
	case w.overall.cell.Verdict != result.Pass:
		g.Verdict = w.overall.cell.Verdict
		g.Reason = "overall: " + w.sentence(w.overall.cell) + "; " + said
	case w.rule.ProvenShare > 0 && share < w.rule.ProvenShare:
		g.Verdict = result.Inconclusive
		g.Reason = fmt.Sprintf("no slice is shown to be worse, but %s; %s asked for", said, result.Percent(w.rule.ProvenShare))
	default:
		g.Verdict = result.Pass
		g.Reason = "no slice is shown to break the rule, and it holds overall; " + said
	}
}
