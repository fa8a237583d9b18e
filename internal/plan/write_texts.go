package plan

import (
	"fmt"
	"strings"
)

// TextDraft is a plan of task generation or rag that is to be written.
type TextDraft struct {
	Name    string
	Task    string
	Notes   []string // comments at the top
	Source  string
	Columns [][2]string // role, column
	Hints   []string    // comments below the columns
	Models  []TextModel
	Judges  []string // comments above the scorers
	Limits  string   // a flow mapping, or nothing
	Slices  []string // columns
	Scorers []string // flow mappings or names; a line with # is a comment
	Gates   []string // the same
}

// TextModel is a model of such a plan.
type TextModel struct {
	Key, Comment string
	Keys         [][2]string // values are YAML already
}

// Quote writes a text so that YAML reads it back as the same text.
func Quote(s string) string { return quote(s) }

// WriteTexts is the text of the plan.
func WriteTexts(d TextDraft) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# A plan for `fairtrial run`. Every key: `fairtrial schema plan`; every scorer: docs/scorers.md.")
	comment := func(indent string, list []string) {
		for _, n := range list {
			for l := range strings.SplitSeq(n, "\n") {
				line("%s# %s", indent, strings.Map(printable, l))
			}
		}
	}
	comment("", d.Notes)
	line("name: %s", quote(d.Name))
	line("task: %s", d.Task)
	line("")
	line("data:")
	line("  source: %s", quote(d.Source))
	var roles []string
	for _, c := range d.Columns {
		roles = append(roles, c[0]+": "+quote(c[1]))
	}
	line("  columns: {%s}", strings.Join(roles, ", "))
	comment("  ", d.Hints)
	line("")
	line("models:")
	for _, m := range d.Models {
		if m.Comment != "" {
			comment("  ", []string{m.Comment})
		}
		line("  %s:", m.Key)
		for _, k := range m.Keys {
			line("    %s: %s", k[0], k[1])
		}
	}
	if d.Limits != "" {
		line("")
		line("limits: %s", d.Limits)
	}
	if len(d.Slices) > 0 {
		line("")
		line("slices:")
		for _, s := range d.Slices {
			line("  - %s", quote(s))
		}
	}
	list := func(key string, items []string) {
		line("")
		real := false
		for _, s := range items {
			real = real || !strings.HasPrefix(s, "#")
		}
		if real {
			line("%s:", key)
		}
		for _, s := range items {
			if strings.HasPrefix(s, "#") {
				indent := "  "
				if !real {
					indent = ""
				}
				comment(indent, []string{strings.TrimPrefix(s[1:], " ")})
				continue
			}
			line("  - %s", s)
		}
	}
	if len(d.Judges) > 0 {
		line("")
		comment("", d.Judges)
	}
	list("scorers", d.Scorers)
	if len(d.Gates) > 0 {
		list("gates", d.Gates)
	}
	return b.String()
}
