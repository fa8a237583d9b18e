package report

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/web"
)

const evil = "x|y <script>alert(1)</script> =cmd() \"q\" \x01 & 'z' _m_ *b*"

// sample is a record with every verdict, undefined values, notes, and many slices.
func sample(slices, metrics int) *record.Record {
	none := result.None()
	n := func(x float64) result.Number { return result.Number(x) }
	needed := int64(3800)
	r := &record.Record{Schema: record.SchemaV1, Plan: &plan.Plan{Name: "plan " + evil, Task: cases.Binary, Confidence: 0.95, Owner: evil,
		Models: []plan.Model{{Key: "candidate", Name: evil, Version: "2"}, {Key: "baseline", Name: "old"}}},
		Run: record.Run{ID: "20260101T000000-abcd", Started: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), PlanPath: "plan.yaml", Look: record.Look{Number: 2, CandidatesOnThisBenchmark: 5, PlanChanges: []string{evil}}},
		Data: engine.Facts{Rows: 1000, RowsRead: 1200, RowsUsed: 990, Missing: map[string]int64{"candidate": 3}, Excluded: []engine.Excluded{{Reason: evil, Rows: 10, Examples: []string{"row 17 (id " + evil + ")"}}},
			Scorers: []engine.Scored{{Scorer: evil, Ungraded: []engine.Ungraded{{Model: "candidate", Reason: evil, Rows: 2, Examples: []string{evil}}, {Model: "baseline", Reason: evil, Rows: 2}},
				Judge: &engine.Judged{Identity: evil, Answers: 3, Repeats: 2, Judges: []engine.JudgedBy{{Judge: evil, Verdicts: 6, Ungraded: 1, Variance: &result.Measure{Value: n(0.1), Lower: n(0), Upper: n(0.2), N: 3}, Unlike: &result.Measure{Value: none, Lower: none, Upper: none, Note: evil}}}, Alpha: &result.Measure{Value: n(0.5), Lower: none, Upper: none, N: 3}}}},
			Findings: []engine.Finding{{Code: "x", Text: evil}}, Files: []engine.File{{Path: "d.csv", Bytes: 5, Digest: "sha256:00"}}},
		Verdict:   result.Outcome{Decision: result.NoGo, Sentence: "No-go: " + evil, Next: []string{evil}, Guardrails: []string{}},
		Baseline:  &record.Baseline{RunID: "x", Candidate: evil, Why: evil},
		Exemplars: []engine.Exemplar{{Model: "candidate", ID: evil, Row: 3, Label: "1", Output: 0.01, Loss: 0.99}},
		Cases: []record.Case{{ID: evil, Why: "worse " + evil, Question: evil, Answers: []record.CaseAnswer{{Model: "candidate", Output: evil, Scores: []record.CaseScore{{Scorer: evil, Value: n(1), Note: evil,
			Verdicts: []record.CaseVerdict{{Judge: evil, Value: n(1), Level: evil, Evidence: []string{evil}, Reasoning: evil}, {Judge: evil, Value: none, Ungraded: evil, Steps: []record.CaseStep{{Ask: evil, Choice: evil, Evidence: []string{evil}, Reasoning: evil}}}}}}}}}},
		Tables: []record.Table{{Kind: "confusion", Model: "candidate", RowLabels: []string{evil, "1"}, ColumnLabels: []string{evil, "1"}, Rows: [][]int64{{5, 6}, {7, 8}}}},
	}
	for k, v := range []result.Verdict{result.Pass, result.Fail, result.Inconclusive, result.VerdictNotApplicable, result.Error, ""} {
		for _, sev := range []result.Severity{result.Block, result.Warn} {
			g := result.Gate{Name: fmt.Sprintf("gate %d %s %s", k, sev, evil), Metric: "m0", Rule: "at least 0.7", Why: evil, Severity: sev, Verdict: v, Reason: evil,
				Evidence: result.Evidence{Value: n(0.7), Lower: n(0.6), Upper: n(0.8), Bound: n(0.7), Bound2: none, N: 100, NeededN: &needed}}
			for i := range slices {
				g.Cells = append(g.Cells, result.Cell{Slice: fmt.Sprintf("s%d=%s", i, evil), Verdict: []result.Verdict{result.Pass, result.Fail, result.Inconclusive}[i%3], Value: n(0.5), Lower: none, Upper: none, N: int64(i), Share: none, P: none, PAdjusted: none, Catchable: n(0.01), Note: evil})
			}
			r.Gates = append(r.Gates, g)
		}
	}
	for m := range metrics {
		name := fmt.Sprint("m", m)
		r.Metrics = append(r.Metrics, record.Metric{Name: name, Metric: name, Title: evil, Direction: []string{"up", "down", "none"}[m%3], Lower: none, Upper: none, Target: none})
		for i := -1; i < slices; i++ {
			slice := result.Overall
			if i >= 0 {
				slice = fmt.Sprintf("s%d=%s", i, evil)
			}
			for _, model := range []string{"candidate", "baseline"} {
				e := result.Estimate{Metric: name, Model: model, Slice: slice, Value: n(0.5 + float64(i)/1000), SE: n(0.01), DF: none, Lower: n(0.4), Upper: n(0.6), Level: 0.95, N: int64(20 + i), NEff: none, Worst: none, Best: none, Status: result.OK, Method: "Wilson", Notes: []string{evil}}
				if i == 3 {
					e.Value, e.Lower, e.Upper, e.Status = none, none, n(math.Inf(1)), result.Undefined
				}
				r.Estimates = append(r.Estimates, e)
			}
			r.Comparisons = append(r.Comparisons, result.Comparison{Metric: name, Slice: slice, Candidate: "candidate", Baseline: "baseline", Difference: n(0.001 * float64(i)), SE: n(0.01), DF: none, Lower: n(-0.02 - float64(i)/1e4), Upper: n(0.03),
				Level: 0.95, P: n(0.4), PAdjusted: n(0.9), Family: "R", Method: "paired", Verdict: result.CompareInconclusive, N: int64(20 + i), NeededN: &needed, SmallestEffect: n(0.03), Status: result.OK, Notes: []string{}})
		}
		_ = m
	}
	r.Slices = make([]record.Slice, slices+1)
	return r
}

// No user's text reaches a page as markup, no NaN reaches any file.
func TestEveryFormatIsSafe(t *testing.T) {
	r := sample(8, 3)
	for name, f := range map[string]func(io.Writer, *record.Record) error{"html": HTML, "markdown": Markdown, "junit": JUnit, "csv": CSV, "json": JSON, "sarif": SARIF, "github": JobSummary, "comment": Comment, "dotenv": Dotenv,
		"terminal": func(w io.Writer, r *record.Record) error {
			return Terminal(w, r, TerminalOptions{Width: 100, Unicode: true})
		}} {
		var b bytes.Buffer
		if err := f(&b, r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s := strings.Replace(b.String(), "<script>"+web.Script()+"</script>", "", 1)
		s = strings.Replace(s, "<script>"+filterScript+"</script>", "", 1)
		for _, bad := range []string{"NaN", "+Inf", "-Inf", "%!"} {
			if strings.Contains(s, bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
		if (name == "html" || name == "markdown" || name == "junit" || name == "github" || name == "comment") && strings.Contains(s, "<script>") {
			t.Errorf("%s holds a user's markup", name)
		}
		if name != "json" && !strings.Contains(s, r.Run.ID) {
			t.Errorf("%s does not carry the run's id", name)
		}
	}
}

func TestHTMLSizeAndOrder(t *testing.T) {
	r := sample(200, 20)
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	// A tenth of the fixture's size is its long, escaped names.
	if b.Len() > 3<<20 {
		t.Errorf("%d bytes", b.Len())
	}
	s := b.String()
	last := -1
	for _, part := range []string{`aria-label="Verdict"`, `id="gates"`, `id="overall"`, `id="where"`, `id="why"`, `id="proof"`} {
		at := strings.Index(s, part)
		if at <= last {
			t.Errorf("%s stands at %d, after %d", part, at, last)
		}
		last = at
	}
	if !strings.Contains(s, "50 of 200, rest in estimates.csv") {
		t.Error("the rest of the slices is not counted")
	}
	if (web.Script() == "" && strings.Contains(s, "<script")) || strings.Contains(s, "unsafe-eval") || strings.Contains(s, "http-equiv=\"refresh") || !strings.Contains(s, "default-src 'none'") {
		t.Error("the page is not self-contained")
	}
}

func TestMarkdownFitsAComment(t *testing.T) {
	for _, slices := range []int{0, 5, 500} {
		var b bytes.Buffer
		if err := Markdown(&b, sample(slices, 20)); err != nil {
			t.Fatal(err)
		}
		if b.Len() > MarkdownLimit {
			t.Errorf("%d slices: %d bytes", slices, b.Len())
		}
		for _, l := range strings.Split(b.String(), "\n") {
			if strings.HasPrefix(l, "| ") && strings.Contains(l, "script") && strings.Count(strings.ReplaceAll(l, `\|`, ""), "|") > 9 {
				t.Errorf("a user's pipe breaks a table: %.120s", l)
			}
		}
	}
}

func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := JUnit(&b, sample(4, 1)); err != nil {
		t.Fatal(err)
	}
	var suites struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Skipped  int `xml:"skipped,attr"`
			Cases    []struct {
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
				Skipped *struct{} `xml:"skipped"`
				Out     string    `xml:"system-out"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &suites); err != nil {
		t.Fatal(err)
	}
	s := suites.Suites[0]
	// pass, fail, inconclusive, not applicable, error and unset; each blocking and warning.
	if s.Tests != 12 || s.Failures != 1 || s.Errors != 3 || s.Skipped != 1 {
		t.Errorf("%d tests, %d failures, %d errors, %d skipped", s.Tests, s.Failures, s.Errors, s.Skipped)
	}
	for i, c := range s.Cases {
		if i%2 == 1 && (c.Failure != nil || c.Error != nil || c.Skipped != nil || c.Out == "") {
			t.Errorf("case %d: a warning must pass with its text", i)
		}
	}
}

func TestCSVReadsBack(t *testing.T) {
	var b bytes.Buffer
	if err := CSV(&b, sample(6, 2)); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 1+2*7*3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
}

func TestTerminalFits(t *testing.T) {
	for _, o := range []TerminalOptions{{Width: 100, Unicode: true}, {Width: 60}, {Width: 100, Color: true, Unicode: true}} {
		var b bytes.Buffer
		if err := Terminal(&b, sample(50, 20), o); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
		if len(lines) > 40 {
			t.Errorf("%+v: %d lines", o, len(lines))
		}
		for _, l := range lines {
			plain := strings.NewReplacer("\x1b[1;31m", "", "\x1b[0m", "").Replace(l)
			if len([]rune(plain)) > o.Width+2 {
				t.Errorf("%+v: %d columns: %s", o, len([]rune(plain)), plain)
			}
			if !o.Unicode && strings.ContainsAny(l, "●■◆─│┊−") {
				t.Errorf("a plain terminal gets %q", l)
			}
		}
	}
}

// Of a metric with a target the slice that may lie farthest from it comes first, on
// whichever side.
func TestSlicesFarFromTheTarget(t *testing.T) {
	r := &record.Record{Metrics: []record.Metric{{Name: "m", Metric: "m", Direction: "target", Target: 0.9, Lower: result.None(), Upper: result.None()}}}
	for slice, ends := range map[string][2]float64{"near": {0.88, 0.93}, "above": {0.92, 0.99}, "below": {0.7, 0.91}} {
		r.Estimates = append(r.Estimates, result.Estimate{Metric: "m", Model: "candidate", Slice: slice, Status: result.OK, N: 50,
			Value: result.Number((ends[0] + ends[1]) / 2), Lower: result.Number(ends[0]), Upper: result.Number(ends[1])})
	}
	got := ""
	for _, e := range slicesByValue(r, "m", good(r, "m")) {
		got += e.Slice + " "
	}
	if got != "below above near " {
		t.Errorf("order: %s", got)
	}
}

func TestWhole(t *testing.T) {
	if got, want := whole("about 1 234 567 rows, 3 of 5, 2026 and 30 000"), "about 1\u00a0234\u00a0567 rows, 3 of 5, 2026 and 30\u00a0000"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// With what was compared stands in the first lines where rows are not paired, and after the
// verdict where they are.
func TestBaselineIsSaid(t *testing.T) {
	r := sample(2, 1)
	r.Verdict.Sentence = "No-go: x."
	for _, tc := range []struct {
		b    record.Baseline
		want string
		line int // of the terminal and of the Markdown, without empty ones and comments
	}{
		{record.Baseline{RunID: "7", Why: "no ids"}, "NOT PAIRED with main (commit 0123456789ab): no ids. Differences", 0},
		{record.Baseline{RunID: "7", Paired: true, Rows: 900, Matched: 800, Gone: 5, Relabelled: 3}, "Compared with main (commit 0123456789ab), paired by id on 800 rows. 100 of today's rows are not in that record. 5 rows of that record are not in today's data. The labels of 3 rows changed since: today's count for both models.", 1},
	} {
		r.Baseline, r.Run.Baseline = &tc.b, &record.BaselineRef{Ref: "main", Commit: "0123456789abcdef"}
		var term, md bytes.Buffer
		if err := errors.Join(Terminal(&term, r, TerminalOptions{Width: 400, Unicode: true}), Markdown(&md, r)); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"terminal": term.String(), "markdown": strings.ReplaceAll(md.String(), "'", "'")} {
			var lines []string
			for _, l := range strings.Split(text, "\n") {
				if l != "" && !strings.HasPrefix(l, "<!--") {
					lines = append(lines, strings.Trim(l, "*"))
				}
			}
			if !strings.HasPrefix(lines[tc.line], tc.want) {
				t.Errorf("%s: line %d is %q", name, tc.line, lines[tc.line])
			}
		}
	}
	r.Baseline = nil
	if s := r.BaselineSentence(); s != "" {
		t.Error(s)
	}
}
