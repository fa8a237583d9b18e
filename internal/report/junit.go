package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	ID         string          `xml:"id,attr"`
	Time       string          `xml:"time,attr"`
	Stamp      string          `xml:"timestamp,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitProblem `xml:"failure,omitempty"`
	Error   *junitProblem `xml:"error,omitempty"`
	Skipped *junitProblem `xml:"skipped,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes one test case a gate (CONTRACT): fail is a failure, inconclusive and
// error are errors, not applicable is skipped, a warning passes with its text.
func JUnit(w io.Writer, r *record.Record) error {
	s := junitSuite{Name: clean("fairtrial: " + r.Plan.Name), ID: r.Run.ID, Time: fmt.Sprintf("%.3f", r.Run.Stats.Seconds), Stamp: r.Run.Started.Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{{"run", r.Run.ID}, {"decision", string(r.Verdict.Decision)}, {"verdict", clean(r.Verdict.Sentence)}, {"result_digest", r.ResultDigest}, {"exploration", clean(exploration(r))}}}
	for _, g := range r.Gates {
		c := junitCase{Name: clean(g.Name), Class: clean("fairtrial." + r.Plan.Name)}
		text := clean(gateText(g))
		problem := &junitProblem{Message: clean(g.Reason), Type: word(g.Verdict), Text: text}
		switch {
		case g.Severity == result.Warn || g.Verdict == result.Inconclusive && !blocks(g):
			c.Out = "warning, " + word(g.Verdict) + ": " + text
		case g.Verdict == result.Pass:
			c.Out = text
		case g.Verdict == result.Fail:
			c.Failure = problem
			s.Failures++
		case g.Verdict == result.VerdictNotApplicable:
			c.Skipped = problem
			s.Skipped++
		default:
			c.Error = problem
			s.Errors++
		}
		s.Cases = append(s.Cases, c)
	}
	s.Tests = len(s.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Suites: []junitSuite{s}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junitSlices bounds the slices of a gate: readers of JUnit take tens of megabytes at most.
const junitSlices = 100

// gateText is a gate with its slices, a line each, the worst first.
func gateText(g result.Gate) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\nrequired: %s\nfound: %s, n = %s\n", word(g.Verdict), g.Reason, g.Rule, foundIn(g), result.Count(rowsOf(g)))
	if g.Why != "" {
		fmt.Fprintf(&b, "why: %s\n", g.Why)
	}
	for i, c := range worstCells(g) {
		if i == junitSlices {
			fmt.Fprintf(&b, "  %d of %d slices; the rest in record.json\n", i, len(g.Cells))
			break
		}
		fmt.Fprintf(&b, "  %-12s %s: %s, n = %s", word(c.Verdict), c.Slice, interval(c.Value, c.Lower, c.Upper), result.Count(c.N))
		if c.Note != "" {
			b.WriteString(" (" + c.Note + ")")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// clean drops what XML 1.0 cannot hold.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) || r == unicode.ReplacementChar || r >= 0xFFFE && r <= 0xFFFF {
			return -1
		}
		return r
	}, s)
}
