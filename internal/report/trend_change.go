package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/shift"
)

// openChanges is how many changes of the data are told at sight, the newest; earlier ones
// are folded on the page and left to it by the terminal.
const openChanges = 3

// foldedGroups bounds the slices of a change on the page; JSON has all.
const foldedGroups = 20

// TrendChange is why a metric moved from one record to the next, of other data. Without
// a split the notes say why there is none.
type TrendChange struct {
	Metric string        `json:"metric"`
	From   string        `json:"from"` // runs
	To     string        `json:"to"`
	Before time.Time     `json:"before"`
	After  time.Time     `json:"after"`
	Splits []shift.Shift `json:"splits,omitempty"`
	Notes  []string      `json:"notes,omitempty"`
}

// Period is when both records were made.
func (c TrendChange) Period() string {
	return c.Before.UTC().Format("2006-01-02 15:04") + " → " + c.After.UTC().Format("2006-01-02 15:04")
}

// Main is the split that is told first: by the slices whose other shares are the clearest
// where an interval of them leaves out zero, else on all rows.
func (c TrendChange) Main() *ChangeSplit {
	best, most := 0, 1.0
	for i, s := range c.Splits {
		if s.Mix == nil || !s.Mix.Lower.Known() || s.Mix.Upper <= s.Mix.Lower {
			continue
		}
		if k := 2 * math.Abs(float64(s.Mix.Value)) / float64(s.Mix.Upper-s.Mix.Lower); k > most {
			best, most = i, k
		}
	}
	if len(c.Splits) == 0 {
		return nil
	}
	return &ChangeSplit{c.Splits[best], c.scale()}
}

// Others are the further splits: the same change told by other slices.
func (c TrendChange) Others() []ChangeSplit {
	var out []ChangeSplit
	for _, s := range c.Splits {
		if main := c.Main(); s.By != main.By {
			out = append(out, ChangeSplit{s, c.scale()})
		}
	}
	return out
}

// scale is shared by all parts of a change and has zero in it.
func (c TrendChange) scale() scale {
	s := scale{}
	for _, x := range c.Splits {
		for _, p := range (ChangeSplit{Shift: x}).Parts() {
			s.include(p.Value, p.Lower, p.Upper)
		}
	}
	return s.padded()
}

// Finding is the change in a sentence: what is seen of it, and that nothing is seen where
// no interval leaves out zero.
func (c TrendChange) Finding() string {
	m := c.Main()
	if m == nil {
		return fmt.Sprintf("Why %s changed is not known here.", c.Metric)
	}
	var seen []string
	for _, p := range m.Parts()[1:] {
		if p.seen() {
			seen = append(seen, p.Name+" "+p.Found())
		}
	}
	total := m.Parts()[0]
	out := fmt.Sprintf("%s changed by %s", c.Metric, total.Found())
	switch {
	case !total.Lower.Known():
		return out + "; without errors no part can be told from chance."
	case len(seen) == 0 && !total.seen():
		return out + ": no change is seen."
	case len(seen) == 0:
		return out + "; no part is clear by itself."
	case !total.seen():
		return out + ", which may be nothing, yet parts are seen: " + strings.Join(seen, "; ") + "."
	}
	return out + ". Seen in it: " + strings.Join(seen, "; ") + "."
}

// ChangeSplit is one split with the scale of its change.
type ChangeSplit struct {
	shift.Shift
	scale scale
}

// ChangePart is one line of a split.
type ChangePart struct {
	Name string
	shift.Part
	Bar template.HTML
}

// Found is the part with its interval.
func (p ChangePart) Found() string {
	return difference(result.Comparison{Difference: p.Value, Lower: p.Lower, Upper: p.Upper})
}

func (p ChangePart) seen() bool { return p.Lower.Known() && (p.Lower > 0 || p.Upper < 0) }

// How it was split, in words.
func (s ChangeSplit) How() string {
	if s.By == shift.AllRows {
		return "on all rows at once"
	}
	return "by " + s.By
}

// Parts are the whole change, then what sums to it.
func (s ChangeSplit) Parts() []ChangePart {
	out := []ChangePart{{Name: "the change", Part: s.Total}}
	add := func(name string, p *shift.Part) {
		if p != nil {
			out = append(out, ChangePart{Name: name, Part: *p})
		}
	}
	within := ""
	if s.Mix != nil {
		add("other shares of "+s.By, s.Mix)
		within = " within " + s.By
	}
	if s.Label == nil {
		if s.Mix != nil {
			add("other values"+within, &s.Within)
		}
	} else {
		add("other labels"+within, s.Label)
		add("the model on the same labels"+within, s.Model)
		add("another threshold", s.Threshold)
	}
	for i, p := range out {
		out[i].Bar = bar(s.scale, p.Value, p.Lower, p.Upper, []result.Number{0}, "candidate")
	}
	return out
}

// Top are the slices with the largest parts.
func (s ChangeSplit) Top() []ChangeGroup {
	var out []ChangeGroup
	for i, g := range s.Groups {
		if i == foldedGroups {
			break
		}
		out = append(out, ChangeGroup(g))
	}
	return out
}

// Rest says how many slices are not shown.
func (s ChangeSplit) Rest() string {
	if n := len(s.Groups); n > foldedGroups {
		return fmt.Sprintf("%d of %d slices; the rest with --json", foldedGroups, n)
	}
	return ""
}

// Causes are the names of the parts of what changed within a slice, where they are told apart.
func (s ChangeSplit) Causes() []string {
	switch {
	case s.Label == nil:
		return nil
	case s.Threshold == nil:
		return []string{"by labels", "by the model"}
	}
	return []string{"by labels", "by the model", "by the threshold"}
}

// ChangeGroup is one slice's part, in words.
type ChangeGroup shift.Group

// Shares before and after.
func (g ChangeGroup) Shares() string { return arrow(g.ShareBefore, g.ShareAfter) }

// Values before and after.
func (g ChangeGroup) Values() string { return arrow(g.Before, g.After) }

// Moved is what the other share adds.
func (g ChangeGroup) Moved() string { return g.Mix.Signed() }

// Inside is what changed in it.
func (g ChangeGroup) Inside() string { return g.Within.Signed() }

// ByCause are the parts of Inside.
func (g ChangeGroup) ByCause() []string {
	var out []string
	for _, x := range []*result.Number{g.Label, g.Model, g.Threshold} {
		if x != nil {
			out = append(out, x.Signed())
		}
	}
	return out
}

func arrow(a, b result.Number) string {
	word := func(x result.Number) string {
		if !x.Known() {
			return "–"
		}
		return x.Short()
	}
	return word(a) + " → " + word(b)
}

// Newest are the changes told at sight, the newest first.
func (t Trend) Newest() []TrendChange { return t.newestFirst()[:min(openChanges, len(t.Changes))] }

// Earlier are the further ones.
func (t Trend) Earlier() []TrendChange { return t.newestFirst()[min(openChanges, len(t.Changes)):] }

func (t Trend) newestFirst() []TrendChange {
	out := make([]TrendChange, len(t.Changes))
	for i, c := range t.Changes {
		out[len(out)-1-i] = c
	}
	return out
}

// changesText writes the newest changes for the terminal.
func changesText(b *strings.Builder, t Trend) {
	const width = 24
	for _, c := range t.Newest() {
		fmt.Fprintf(b, "\nwhy it changed, %s\n", c.Period())
		if m := c.Main(); m != nil {
			fmt.Fprintf(b, "  split %s; the parts sum to the change\n", m.How())
			for _, p := range m.Parts() {
				fmt.Fprintf(b, "  %s %s %s\n", textBar(m.scale, width, p.Value, p.Lower, p.Upper, true), pad(p.Name, 40), p.Found())
			}
		}
		for _, n := range c.Notes {
			fmt.Fprintf(b, "  note: %s\n", n)
		}
		if n := len(c.Others()); n > 0 {
			fmt.Fprintf(b, "  split otherwise too: %d more with --json or -o DIR\n", n)
		}
	}
	if n := len(t.Earlier()); n > 0 {
		fmt.Fprintf(b, "\nearlier changes of the data: %d more with --json or -o DIR\n", n)
	}
}

// textBar draws an interval and its value, and where asked a dotted line at zero.
func textBar(s scale, width int, value, lower, upper result.Number, zero bool) string {
	at := func(x result.Number) int {
		return min(width-1, max(0, int(math.Round((float64(x)-s.lo)/(s.hi-s.lo)*float64(width-1)))))
	}
	out := []rune(strings.Repeat(" ", width))
	if zero {
		out[at(0)] = '┊'
	}
	if value.Known() {
		if lower.Known() {
			for i := at(lower); i <= at(upper); i++ {
				out[i] = '─'
			}
		}
		out[at(value)] = '│'
	}
	return string(out)
}
