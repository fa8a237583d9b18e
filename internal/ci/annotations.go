package ci

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/report"
	"github.com/fairtrial/fairtrial/internal/result"
)

// annotationsOf is what GitHub shows of a step, ten of each kind, less what Warn may add.
func annotationsOf(kind string) int {
	if kind == "warning" {
		return 7
	}
	return 10
}

type annotation struct {
	kind, title, message, file string
	line, column               int
}

// annotate writes at most ten annotations a kind; the last says how many were left out.
func (g *GitHub) annotate(o Outcome) {
	by := map[string][]annotation{}
	for _, a := range annotations(o) {
		by[a.kind] = append(by[a.kind], a)
	}
	for _, kind := range []string{"error", "warning", "notice"} {
		list := by[kind]
		if most := annotationsOf(kind); len(list) > most {
			n := len(list) - most
			list = append(list[:most-1:most-1], annotation{kind: kind, title: "fairtrial", message: fmt.Sprintf("%d more in the job summary", n+1)})
		}
		for _, a := range list {
			g.command(a)
		}
	}
}

func annotations(o Outcome) []annotation {
	var out []annotation
	if o.Record == nil {
		for _, m := range o.Mistakes {
			out = append(out, annotation{"error", "fairtrial: the plan is wrong", m.Message, m.File, m.Line, m.Column})
		}
		switch {
		case o.Exit == 99, o.Exit == Interrupted:
			out = append(out, annotation{kind: "notice", title: "fairtrial", message: o.Sentence()})
		case len(out) == 0:
			out = append(out, annotation{kind: "error", title: "fairtrial: " + o.Sentence(), message: o.Message, file: o.Plan})
		}
		return out
	}
	for _, f := range report.Findings(o.Record, 0) {
		kind := f.Level()
		if kind == "note" {
			kind = "notice"
		}
		out = append(out, annotation{kind, "fairtrial: " + f.Gate.Name, f.Message, f.File, f.Line, f.Column})
	}
	if len(out) == 0 {
		out = append(out, annotation{kind: "notice", title: "fairtrial: " + o.Decision(), message: o.Sentence(), file: report.PlanFile(o.Record)})
	}
	return out
}

// command writes a workflow command.
func (g *GitHub) command(a annotation) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var p []string
	add := func(k, v string) { p = append(p, k+"="+property.Replace(v)) }
	if a.file != "" {
		add("file", a.file)
	}
	if a.line > 0 {
		add("line", strconv.Itoa(a.line))
	}
	if a.line > 0 && a.column > 0 {
		add("col", strconv.Itoa(a.column))
	}
	add("title", clip(oneLine(a.title), 200))
	fmt.Fprintf(g.Stdout, "::%s %s::%s\n", a.kind, strings.Join(p, ","), data.Replace(clip(lines(a.message), 3000)))
}

// lines is a text without control characters, and signs that turn the direction of text,
// in its lines.
func lines(s string) string {
	out := strings.Split(s, "\n")
	for i, l := range out {
		out[i] = result.OneLine(l)
	}
	return strings.Join(out, "\n")
}

// Warn says something about the reporting itself.
func (g *GitHub) Warn(message string) {
	g.command(annotation{kind: "warning", title: "fairtrial", message: message})
}
