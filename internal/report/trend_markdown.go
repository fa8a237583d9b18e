package report

import (
	"fmt"
	"io"
	"strings"
)

// TrendMarkdown writes trends for a comment or a wiki: a table of the records, then why
// the metric changed where the data did. Tables that would pass MarkdownLimit are cut to
// their newest rows, and say so.
func TrendMarkdown(w io.Writer, list []Trend) error {
	text := ""
	for _, most := range []int{100, 30, 10, 3, 1} {
		var b strings.Builder
		for _, t := range list {
			trendMarkdown(&b, t, most)
		}
		if text = b.String(); len(text) <= MarkdownLimit {
			break
		}
	}
	if len(text) > MarkdownLimit {
		text = strings.ToValidUTF8(text[:MarkdownLimit-80], "") + "\n\n… cut here: the rest is in trend.html\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

func trendMarkdown(b *strings.Builder, t Trend, most int) {
	p := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	p("### %s: %s\n", md(t.Plan), md(t.Headline()))
	p("| when | candidate | value (interval) | n | decision | data |")
	p("|---|---|---|---:|---|---|")
	from := max(0, len(t.Points)-most)
	for _, x := range t.Points[from:] {
		p("| %s | %s | %s | %s | %s %s | %s |", x.When.UTC().Format("2006-01-02 15:04"), md(x.Candidate), md(x.Found()), x.Rows(), x.Shape(), x.Said(), x.Data())
	}
	if from > 0 {
		p("\nThe newest %d of %d records; the others are in trend.html.", most, len(t.Points))
	}
	changes := t.newestFirst()
	for i, c := range changes {
		if i == min(most, 2*openChanges) {
			p("\n%d of %d changes of the data; the others are in trend.html.", i, len(changes))
			break
		}
		p("\n**%s**: %s\n", c.Period(), md(clip(c.Finding(), 600)))
		if m := c.Main(); m != nil {
			p("| part | adds (interval) |\n|---|---|")
			for _, x := range m.Parts() {
				p("| %s | %s |", md(clip(x.Name, 200)), x.Found())
			}
		}
		for _, n := range c.Notes {
			p("\n%s", md(clip(n, 600)))
		}
	}
	p("")
}
