package plan

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is one mistake of a plan, with its place in the file. Line 0 means that it
// came from the command line (--set).
type Problem struct {
	File         string
	Line, Column int
	Path         string // gates[1].margin
	Msg          string
	Hint         string
	Source       string // the quoted line
}

func (p Problem) Error() string {
	var b strings.Builder
	switch {
	case p.Line > 0:
		fmt.Fprintf(&b, "%s:%d:%d: ", p.File, p.Line, p.Column)
	default:
		fmt.Fprintf(&b, "%s: --set: ", p.File)
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Msg)
	if p.Source != "" {
		src := strings.TrimRight(strings.ReplaceAll(p.Source, "\t", " "), " \r")
		fmt.Fprintf(&b, "\n    %s\n    %s^", src, strings.Repeat(" ", max(0, p.Column-1)))
	}
	if p.Hint != "" {
		b.WriteString("\n    " + p.Hint)
	}
	return b.String()
}

// Errors is everything that is wrong with a plan. Partial is the plan as far as it could
// be read, so that its columns can be checked in the same go (see Merge); nil when the
// file is not a plan at all.
type Errors struct {
	List    []Problem
	Partial *Plan
}

// Merge adds problems that were found later and sorts all by place.
func (e *Errors) Merge(more []Problem) {
	e.List = append(e.List, more...)
	sort.SliceStable(e.List, func(i, j int) bool {
		if e.List[i].Line != e.List[j].Line {
			return e.List[i].Line < e.List[j].Line
		}
		return e.List[i].Column < e.List[j].Column
	})
}

func (e *Errors) Error() string {
	var b strings.Builder
	for _, p := range e.List {
		b.WriteString(p.Error() + "\n")
	}
	if n := len(e.List); n > 1 {
		fmt.Fprintf(&b, "%d errors in the plan", n)
	} else {
		b.WriteString("1 error in the plan")
	}
	return b.String()
}

// tidy sorts problems by place, drops repeats and quotes their lines.
func tidy(list []Problem, file string, src []byte) []Problem {
	lines := strings.Split(string(src), "\n")
	sort.SliceStable(list, func(i, j int) bool {
		if list[i].Line != list[j].Line {
			return list[i].Line < list[j].Line
		}
		return list[i].Column < list[j].Column
	})
	var out []Problem
	for _, p := range list {
		if p.File == "" {
			p.File = file
		}
		if p.File == file && p.Line > len(lines) {
			p.Line = len(lines)
		}
		if p.File == file && p.Line > 0 && p.Source == "" {
			p.Source = lines[p.Line-1]
			if len(p.Source) > 160 {
				p.Source = ""
			}
		}
		if len(out) > 0 && out[len(out)-1].Line == p.Line && out[len(out)-1].Msg == p.Msg && out[len(out)-1].Path == p.Path {
			continue
		}
		out = append(out, p)
	}
	return out
}

// didYouMean suggests the nearest of the names, or lists them when none is near.
func didYouMean(word string, names []string) string {
	if best := nearest(word, names); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if len(names) == 0 {
		return ""
	}
	shown := append([]string(nil), names...)
	if len(shown) > 24 {
		shown = append(shown[:24], "…")
	}
	return "one of: " + strings.Join(shown, ", ")
}

// nearest is the name within a third of its letters, or empty. A word of one letter
// is near to nothing.
func nearest(word string, names []string) string {
	best, least := "", 1<<30
	for _, n := range names {
		d := distance(strings.ToLower(word), strings.ToLower(n))
		if d < least {
			best, least = n, d
		}
	}
	if n := len([]rune(word)); least < n && least <= (n+2)/3 {
		return best
	}
	return ""
}

// distance counts insertions, deletions, substitutions and swaps of neighbours.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 {
		return 1 << 20
	}
	d := make([][]int, len(x)+1)
	for i := range d {
		d[i] = make([]int, len(y)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(x)][len(y)]
}
