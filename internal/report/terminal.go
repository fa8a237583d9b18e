package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// TerminalOptions say what the terminal can show.
type TerminalOptions struct {
	Width   int
	Color   bool
	Unicode bool
}

// Terminal writes the summary: verdict, what to do, gates, differences, slices, proof;
// at most 40 lines of at most Width columns.
func Terminal(w io.Writer, r *record.Record, o TerminalOptions) error {
	if o.Width < 40 {
		o.Width = 40
	}
	t := &terminal{o: o, r: r}
	t.verdict()
	t.gates()
	t.differences()
	t.slices()
	t.flips()
	t.proof()
	if len(t.lines) > 40 {
		t.lines = append(t.lines[:39], t.ascii("  … the rest is in the report"))
	}
	_, err := io.WriteString(w, strings.Join(t.lines, "\n")+"\n")
	return err
}

type terminal struct {
	o     TerminalOptions
	r     *record.Record
	lines []string
}

// ascii replaces what a plain terminal cannot show.
func (t *terminal) ascii(s string) string {
	if t.o.Unicode {
		return s
	}
	return strings.NewReplacer("●", "+", "■", "X", "◆", "?", "○", "o", "▲", "!", "−", "-", " ", " ", "…", "...", "·", "-", "–", "-", "│", "|", "─", "-", "┼", "+", "┊", ":", "≥", ">=", "≤", "<=", "∅", "(null)", "∞", "inf").Replace(s)
}

func (t *terminal) line(s string) {
	s = t.ascii(result.OneLine(s)) // names come from the data: no escape of theirs reaches the terminal
	if r := []rune(s); len(r) > t.o.Width {
		s = string(r[:t.o.Width-1]) + t.ascii("…")
	}
	t.lines = append(t.lines, s)
}

// wrap breaks a text into lines; rest are indented.
func (t *terminal) wrap(s, first, rest string, most int) {
	words := strings.Split(t.ascii(result.OneLine(s)), " ")
	line := first
	lines := 0
	for _, w := range words {
		if len([]rune(line))+len([]rune(w))+1 > t.o.Width && strings.TrimSpace(line) != "" {
			if lines++; lines >= most {
				cut := t.ascii(" …")
				if r := []rune(strings.TrimRight(line, " ")); len(r)+len([]rune(cut)) > t.o.Width {
					line = string(r[:t.o.Width-len([]rune(cut))])
				}
				t.lines = append(t.lines, strings.TrimRight(line, " ")+cut)
				return
			}
			t.lines = append(t.lines, strings.TrimRight(line, " "))
			line = rest
		}
		line += w + " "
	}
	t.lines = append(t.lines, strings.TrimRight(line, " "))
}

func (t *terminal) paint(s string, d result.Decision) string {
	if !t.o.Color {
		return s
	}
	code := map[result.Decision]string{result.Go: "34", result.NoGo: "31", result.DecisionInconclusive: "33", result.DecisionError: "35"}[d]
	if code == "" {
		return s
	}
	return "\x1b[1;" + code + "m" + s + "\x1b[0m"
}

func (t *terminal) verdict() {
	v := t.r.Verdict
	if w := exploration(t.r); w != "" {
		t.wrap(w, "", "", 3)
	}
	if w := t.r.BaselineSentence(); w != "" && !t.r.Baseline.Paired {
		t.wrap(w, "", "", 4)
	}
	start := len(t.lines)
	t.wrap(v.Sentence, "", "", 5)
	for i := start; i < len(t.lines); i++ {
		t.lines[i] = t.paint(t.lines[i], v.Decision)
	}
	if w := t.r.BaselineSentence(); w != "" && t.r.Baseline.Paired {
		t.wrap(w, "", "", 3)
	}
	if t.r.Impact != nil {
		t.wrap(t.r.Impact.Sentence, "", "", 3)
	}
	if w := staged(t.r); w != "" {
		t.wrap(w, "", "", 4)
	}
	if v.Control != nil {
		t.wrap(v.Control.Sentence, "", "", 3)
	}
	for _, n := range v.Next {
		t.wrap(n, "  → "[:len("  → ")], "    ", 2)
	}
}

func (t *terminal) gates() {
	if len(t.r.Gates) == 0 {
		return
	}
	t.line("")
	t.line(fmt.Sprintf("%-16s %-46s %s", "GATES", "required", "found (interval)"))
	for i, g := range t.r.Gates {
		if i == 10 {
			t.line(fmt.Sprintf("  and %d more gates, in the report", len(t.r.Gates)-i))
			break
		}
		verdict := shape(g.Verdict) + " " + word(g.Verdict)
		if g.Severity == result.Warn {
			verdict += " (warn)"
		}
		t.line(fmt.Sprintf("%s %s %s", pad(verdict, 16), pad(g.Metric+" "+g.Rule, 46), foundIn(g)))
	}
}

func pad(s string, n int) string {
	r := []rune(s)
	if len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s + strings.Repeat(" ", n-len(r))
}

func (t *terminal) differences() {
	var rows []result.Comparison
	for _, c := range t.r.Comparisons {
		if c.Slice == result.Overall && c.Candidate == "candidate" {
			rows = append(rows, c)
		}
	}
	var alone []result.Estimate // of metrics that the models cannot be compared on
	for _, e := range t.r.Estimates {
		if e.Slice == result.Overall && e.Model == "candidate" && !compared(rows, e) {
			alone = append(alone, e)
		}
	}
	t.line("")
	if len(rows) == 0 {
		t.line(fmt.Sprintf("%-24s %s", "OVERALL", "value (interval)"))
	} else {
		t.line(fmt.Sprintf("%-22s %-9s %-9s %-34s %s", "OVERALL", "candidate", "baseline", "difference (interval)", ""))
	}
	const most = 10
	for _, c := range rows[:min(len(rows), most)] {
		a, _ := findEstimate(t.r, c.Metric, c.Candidate, c.Slice)
		b, _ := findEstimate(t.r, c.Metric, c.Baseline, c.Slice)
		t.line(fmt.Sprintf("%s %s %s %s %s", pad(c.Metric, 22), pad(a.Value.Short(), 9), pad(b.Value.Short(), 9), pad(difference(c), 34), c.Verdict))
		if x := c.Correction; x != nil {
			t.corrected(a.Correction, b.Correction, x)
		}
	}
	name := 24
	if len(rows) > 0 {
		name = 22
	}
	shown := min(len(rows)+len(alone), most)
	for _, e := range alone[:max(0, shown-len(rows))] {
		t.line(fmt.Sprintf("%s %s n = %s", pad(e.Metric, name), pad(interval(e.Value, e.Lower, e.Upper), 32), result.Count(e.N)))
		if e.Correction != nil {
			t.line("  " + e.Correction.Words(false))
		}
	}
	if more := len(rows) + len(alone) - shown; more > 0 {
		t.line(fmt.Sprintf("  and %d more metrics, in the report", more))
	}
}

// corrected shows the values of two models and their difference without the correction.
func (t *terminal) corrected(a, b, c *result.Correction) {
	if c.By == result.CorrectedByNothing || a == nil || b == nil {
		t.line("  " + c.Words(true))
		return
	}
	raw := result.Comparison{Difference: c.Raw.Value, Lower: c.Raw.Lower, Upper: c.Raw.Upper}
	_, rest, _ := strings.Cut(c.Words(true)[len(c.RawWords(true)):], ", ")
	t.line(fmt.Sprintf("%s %s %s %s %s", pad("  raw", 22), pad(a.Raw.Value.Short(), 9), pad(b.Raw.Value.Short(), 9), pad(difference(raw), 34), rest))
}

// slices shows the slices that gates fail on, or else the most harmed ones of the
// first metric, with a bar each.
func (t *terminal) slices() {
	for _, g := range t.r.Gates {
		if g.Verdict != result.Fail || len(g.Cells) < 2 {
			continue
		}
		t.line("")
		t.line("WHERE  " + g.Name)
		n := 0
		for _, c := range g.Cells {
			if c.Verdict == result.Fail && n < 5 {
				t.line(fmt.Sprintf("  %s %s %s n = %s", pad(c.Slice, 34), t.bar(c.Lower, c.Value, c.Upper, g.Evidence.Bound), pad(interval(c.Value, c.Lower, c.Upper), 30), result.Count(c.N)))
				n++
			}
		}
		return
	}
	if len(t.r.Metrics) == 0 {
		return
	}
	name := t.r.Metrics[0].Name
	rows := slicesByHarm(t.r, name, good(t.r, name))
	if len(rows) == 0 {
		return
	}
	t.line("")
	t.line("WHERE  " + name + ", worst credible difference first")
	for i, x := range rows {
		if i == 5 {
			t.line(fmt.Sprintf("  and %d more slices, in the report", len(rows)-i))
			break
		}
		t.line(fmt.Sprintf("  %s %s %s n = %s", pad(x.Slice, 34), t.bar(x.Lower, x.Difference, x.Upper, 0), pad(difference(x), 28), result.Count(x.N)))
	}
}

// bar draws an interval against a bound in 13 columns.
func (t *terminal) bar(lower, value, upper, bound result.Number) string {
	const width = 13
	if !lower.Known() || !upper.Known() || !bound.Known() {
		return strings.Repeat(" ", width)
	}
	reach := math.Max(math.Abs(float64(lower-bound)), math.Abs(float64(upper-bound)))
	if reach == 0 {
		reach = 1
	}
	at := func(x result.Number) int {
		return min(width-1, max(0, int(math.Round((float64(x-bound)/reach+1)/2*(width-1)))))
	}
	out := []rune(strings.Repeat(" ", width))
	for i := at(lower); i <= at(upper); i++ {
		out[i] = '─'
	}
	out[at(bound)] = '┊'
	out[at(value)] = '│'
	return string(out)
}

// flips is one line: the scorer of the first gate that has flips, or else the first scorer.
func (t *terminal) flips() {
	if len(t.r.Flips) == 0 {
		return
	}
	f := t.r.Flips[0]
	for _, g := range slices.Backward(t.r.Gates) {
		if i := slices.IndexFunc(t.r.Flips, func(f record.Flips) bool { return f.Scorer == g.Metric }); i >= 0 {
			f = t.r.Flips[i]
		}
	}
	t.line("")
	t.line("FLIPS  " + flips(f))
}

func (t *terminal) proof() {
	r := t.r
	t.line("")
	s := fmt.Sprintf("%s of %s rows used · %s intervals · %d slices%s", result.Count(r.Data.RowsUsed), result.Count(r.Data.Rows),
		result.Percent(r.Plan.Confidence), max(0, len(r.Slices)-1), looks(r))
	t.wrap(s, "", "", 2)
	for _, e := range r.Data.Excluded {
		t.line(fmt.Sprintf("  not used: %s rows, %s", result.Count(e.Rows), e.Reason))
	}
	if w := widthWords(r); w != "" {
		t.wrap("  width: "+w, "", "    ", 3)
	}
	for _, j := range judges(r) {
		t.wrap("  judge: "+j, "", "    ", 2)
	}
	for _, x := range readers(r) {
		t.wrap("  read: "+x, "", "    ", 2)
	}
	for _, u := range ungraded(r) {
		t.wrap("  ungraded: "+u, "", "    ", 2)
	}
	for _, m := range r.Metrics {
		if e, ok := findEstimate(r, m.Name, "candidate", result.Overall); ok && bounds(e) != "" {
			t.line(fmt.Sprintf("  %s lies in %s", m.Name, bounds(e)))
			break // the others stand in the report
		}
	}
	for _, c := range r.Run.Look.PlanChanges {
		t.wrap("  plan changed since the last run: "+c, "", "    ", 2)
	}
	for _, f := range r.Data.Findings {
		t.wrap("  note: "+f.Text, "", "    ", 2)
	}
	t.line(fmt.Sprintf("run %s · result %s", r.Run.ID, short(r.ResultDigest)))
}

func short(digest string) string {
	if len(digest) > 19 {
		return digest[:19]
	}
	return digest
}
