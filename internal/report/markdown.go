package report

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// Sizes in bytes that hosts take: a comment of GitHub 65 536 characters, a job summary
// 1 MiB a step, of which a part is left to other output of the step.
const (
	MarkdownLimit   = 60_000
	JobSummaryLimit = 1_000_000
)

// Markdown writes a comment of at most MarkdownLimit bytes: verdict first, then gates,
// differences, the worst slices, proof. Tables that would not fit say how much is left out.
func Markdown(w io.Writer, r *record.Record) error {
	return fit(w, r, "", MarkdownLimit, 20, 10, 5, 2)
}

// JobSummary writes the same for a job summary, with more rows a table.
func JobSummary(w io.Writer, r *record.Record) error {
	return fit(w, r, "", JobSummaryLimit, 1000, 300, 100, 50, 20, 10, 5, 2)
}

// Comment writes Markdown below the mark by which a later run finds the comment of this
// plan, to write it anew instead of adding one.
func Comment(w io.Writer, r *record.Record) error {
	return fit(w, r, CommentMark(PlanFile(r))+"\n", MarkdownLimit, 20, 10, 5, 2)
}

// CommentMark is the hidden first line of the comment of a plan's file.
func CommentMark(file string) string {
	sum := sha256.Sum256([]byte(file))
	return fmt.Sprintf("<!-- fairtrial comment %x -->", sum[:8])
}

// fit takes fewer rows a table until the text fits; the last resort is a cut at a line.
func fit(w io.Writer, r *record.Record, mark string, limit int, rows ...int) error {
	var b []byte
	for _, most := range rows {
		if b = append([]byte(mark), markdown(r, most)...); len(b) <= limit {
			_, err := w.Write(b)
			return err
		}
	}
	const cut = "\n\n… cut here: the rest is in report.html\n"
	at := limit - len(cut) - len("\n\n</details>")
	b = b[:at:at]
	b = b[:max(0, bytes.LastIndexByte(b, '\n'))]
	if bytes.Count(b, []byte("<details>")) > bytes.Count(b, []byte("</details>")) {
		b = append(b, "\n\n</details>"...)
	}
	_, err := w.Write(append(b, cut...))
	return err
}

func markdown(r *record.Record, most int) []byte {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("<!-- fairtrial run %s -->", r.Run.ID)
	if w := exploration(r); w != "" {
		p("**%s**\n", md(w))
	}
	if w := r.BaselineSentence(); w != "" && !r.Baseline.Paired {
		p("**%s**\n", md(w))
	}
	p("## %s %s", decisionShape(r.Verdict.Decision), md(r.Verdict.Sentence))
	if w := r.BaselineSentence(); w != "" && r.Baseline.Paired {
		p("\n%s", md(w))
	}
	p("\n**%s**: %s", md(clip(r.Plan.Name, 200)), md(clip(judgedModels(r), 400)))
	if r.Impact != nil {
		p("\n%s", md(r.Impact.Sentence))
	}
	if w := staged(r); w != "" {
		p("\n%s", md(w))
	}
	if r.Verdict.Control != nil {
		p("\n%s", md(r.Verdict.Control.Sentence))
	}
	p("")
	for _, n := range r.Verdict.Next {
		p("- %s", md(n))
	}
	if len(r.Gates) > 0 {
		p("\n### Gates\n")
		p("| | gate | required | found | n |")
		p("|---|---|---|---|---:|")
		for i, g := range r.Gates {
			if i == 5*most {
				p("\n%d of %d gates; the rest in report.html", i, len(r.Gates))
				break
			}
			warn := ""
			if g.Severity == result.Warn {
				warn = " (warn)"
			}
			p("| %s\u00a0%s%s | %s | %s | %s | %s |", shape(g.Verdict), word(g.Verdict), warn, md(g.Name), md(g.Metric+" "+g.Rule), md(foundIn(g)), result.Count(rowsOf(g)))
		}
		for _, g := range r.Gates {
			if g.Verdict != result.Pass {
				p("\n%s **%s**: %s", shape(g.Verdict), md(clip(g.Name, 200)), md(clip(g.Reason, 600)))
			}
		}
	}
	markdownOverall(p, r, most)
	markdownSlices(p, r, most)
	markdownCases(p, r)
	p("\n<details><summary>Proof</summary>\n")
	p("- %s of %s rows used; %s intervals; %d slices", result.Count(r.Data.RowsUsed), result.Count(r.Data.Rows), result.Percent(r.Plan.Confidence), max(0, len(r.Slices)-1))
	if w := widthWords(r); w != "" {
		p("- width: %s", md(w))
	}
	for _, j := range judges(r) {
		p("- judge: %s", md(j))
	}
	for _, x := range readers(r) {
		p("- read: %s", md(x))
	}
	for _, u := range unadjusted(r) {
		p("- %s", md(u))
	}
	for _, u := range ungraded(r) {
		p("- ungraded: %s", md(u))
	}
	for _, e := range r.Data.Excluded {
		p("- not used: %s rows, %s", result.Count(e.Rows), md(e.Reason))
	}
	for _, m := range r.Metrics {
		if e, ok := findEstimate(r, m.Name, "candidate", result.Overall); ok && bounds(e) != "" {
			p("- %s: %s", md(m.Name), bounds(e))
		}
	}
	if exploration(r) == "" {
		p("- look %d; %d candidate(s) judged on these data", r.Run.Look.Number, r.Run.Look.CandidatesOnThisBenchmark)
	}
	for i, c := range r.Run.Look.PlanChanges {
		if i < most {
			p("- plan changed since the last run: %s", md(clip(c, 300)))
		}
	}
	p("- run `%s`, plan `%s`, data `%s`, result `%s`", r.Run.ID, short(r.PlanDigest), short("sha256:"+strings.TrimPrefix(r.Data.Digest, "sha256:")), short(r.ResultDigest))
	p("\n</details>")
	return b.Bytes()
}

func markdownOverall(p func(string, ...any), r *record.Record, most int) {
	n := 0
	for _, c := range r.Comparisons {
		if c.Slice != result.Overall {
			continue
		}
		if n == 0 {
			p("\n### Candidate against baseline\n")
			p("| metric | difference (%s interval) | | candidate | baseline | n |", result.Percent(r.Plan.Confidence))
			p("|---|---|---|---|---|---:|")
		}
		if n++; n > 2*most {
			continue
		}
		a, _ := findEstimate(r, c.Metric, c.Candidate, c.Slice)
		e, _ := findEstimate(r, c.Metric, c.Baseline, c.Slice)
		p("| %s | %s | %s | %s | %s | %s |", md(c.Metric), raw(difference(c), c.Correction, true), c.Verdict, raw(interval(a.Value, a.Lower, a.Upper), a.Correction, false), raw(interval(e.Value, e.Lower, e.Upper), e.Correction, false), result.Count(c.N))
	}
	if n > 2*most {
		p("\n%d of %d comparisons; the rest in estimates.csv", 2*most, n)
	}
	if n > 0 {
		return
	}
	p("\n### Overall\n\n| metric | value (%s interval) | n |\n|---|---|---:|", result.Percent(r.Plan.Confidence))
	for _, e := range r.Estimates {
		if e.Slice == result.Overall && e.Model == "candidate" && n < 2*most {
			p("| %s | %s | %s |", md(e.Metric), raw(interval(e.Value, e.Lower, e.Upper), e.Correction, false), result.Count(e.N))
			n++
		}
	}
}

// raw adds what a corrected value was without the correction, on a line of its own.
func raw(found string, c *result.Correction, signed bool) string {
	if c == nil {
		return found
	}
	return found + "<br>" + c.Words(signed)
}

func markdownSlices(p func(string, ...any), r *record.Record, most int) {
	shown, tables := 0, max(3, most/10)
	var sliced []result.Gate
	for _, settles := range []bool{false, true} { // gates that did not pass come first
		for _, g := range r.Gates {
			if len(g.Cells) > 1 && settled(g.Verdict) == settles {
				sliced = append(sliced, g)
			}
		}
	}
	for _, g := range sliced {
		if shown++; shown > tables {
			p("\nslices of %d more gates in report.html", len(sliced)-tables)
			break
		}
		p("\n<details><summary>Slices of %s</summary>\n", htmlLine(clip(g.Name, 200)))
		p("| | slice | value | n | note |\n|---|---|---|---:|---|")
		cells := worstCells(g)
		for i, c := range cells {
			if i == most {
				break
			}
			p("| %s\u00a0%s | %s | %s | %s | %s |", shape(c.Verdict), word(c.Verdict), md(clip(c.Slice, 80)), interval(c.Value, c.Lower, c.Upper), result.Count(c.N), md(clip(c.Note, 160)))
		}
		if len(cells) > most {
			p("\n%d of %d; the rest in record.json", most, len(cells))
		}
		p("\n</details>")
	}
}

// worstCells puts failing cells first, then those that cannot say.
func worstCells(g result.Gate) []result.Cell {
	var out []result.Cell
	for _, v := range []result.Verdict{result.Fail, result.Error, result.Inconclusive, result.VerdictNotApplicable, result.Pass} {
		for _, c := range g.Cells {
			if c.Verdict == v || v == result.Error && c.Verdict == "" {
				out = append(out, c)
			}
		}
	}
	return out
}

func decisionShape(d result.Decision) string {
	switch d {
	case result.Go:
		return "●"
	case result.NoGo:
		return "■"
	case result.DecisionInconclusive:
		return "◆"
	case result.NotJudged:
		return "○"
	}
	return "▲"
}

// md escapes a user's text for a table cell. Besides Markdown's own signs these are what
// code hosts make links, mentions, mathematics or emoji of.
func md(s string) string {
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "\\`", "*", "\\*", "_", "\\_", "~", "\\~", "$", "<span>$</span>", // as GitHub asks, which makes formulas of two of them
		"[", "\\[", "@", "@\u200b", "#", "#\u200b").Replace(result.OneLine(s))
}

// htmlLine escapes a user's text for HTML within Markdown, where backslashes are no escapes.
func htmlLine(s string) string {
	s = html.EscapeString(strings.NewReplacer("@", "@\u200b", "#", "#\u200b").Replace(result.OneLine(s)))
	return strings.ReplaceAll(s, "$", "<span>$</span>")
}

// clip shortens a text and says so.
func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
