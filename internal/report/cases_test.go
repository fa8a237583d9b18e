package report

import (
	"bytes"
	"fmt"
	"html"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

const nasty = "</details></script><script>alert(1)</script><img src=x onerror=alert(1)> \x00\x1b[2J\u202Etxt.exe\u2066\u200B\U000E0041 שלום \"'`|"

// answered is a record of n cases whose texts are this one.
func answered(n int, text string) *record.Record {
	r := &record.Record{Plan: &plan.Plan{Name: "answers", Task: cases.RAG, Confidence: 0.95, Models: []plan.Model{{Key: "candidate"}, {Key: "baseline"}},
		Scorers: []plan.Scorer{{Type: "contains", As: "right", Direction: "up", PassFail: true}, {Type: "latency", As: "latency", Direction: "down"}}},
		Run:       record.Run{ID: "20260101T000000-abcd"},
		CaseKinds: []record.CaseKind{{Kind: record.PassToFail, Cases: 140, Shown: int64(n), First: "the first"}},
		Flips:     []record.Flips{{Scorer: "right", Graded: 900, PassToFail: 140, FailToPass: 3, BothPass: 700}}}
	for i := range n {
		c := record.Case{ID: fmt.Sprint(text, i), Kind: record.PassToFail, Why: text, Slices: []string{"topic=" + text}, Question: text, Reference: []string{text, text}, Contexts: []record.Passage{{ID: text, Text: text}}}
		for _, m := range []string{"baseline", "candidate"} {
			v := record.CaseVerdict{Judge: text, Value: 1, Level: text, Evidence: []string{text}, Reasoning: text, Steps: []record.CaseStep{{Ask: text, Choice: "supported", Evidence: []string{text}, Reasoning: text}, {Ask: text, Choice: text}}}
			c.Answers = append(c.Answers, record.CaseAnswer{Model: m, Output: m + " " + text, Length: 14312, Contexts: []record.Passage{{Text: text}},
				Scores: []record.CaseScore{{Scorer: "right", Value: 0.5, Note: text, Verdicts: []record.CaseVerdict{v, {Judge: "j", Repeat: 1, Value: result.None(), Ungraded: text}}}, {Scorer: "latency", Value: result.None(), Note: "unknown"}}})
		}
		r.Cases = append(r.Cases, c)
	}
	return r
}

// What models and judges wrote is text: no markup, nothing that turns or hides other words.
func TestCasesOfHostileTexts(t *testing.T) {
	s := string(render(t, HTML, answered(3, nasty)))
	if strings.Contains(s, "<img") || strings.Count(s, "<script>") != 1 || strings.Count(s, "</script>") != 1 || !strings.Contains(s, "<script>"+filterScript) {
		t.Error("a text is markup")
	}
	if strings.ContainsAny(s, "\x00\x1b\u202E\u2066\u200B\U000E0041") {
		t.Error("a sign works unseen")
	}
	if strings.Count(s, "<details") != strings.Count(s, "</details>") {
		t.Error("elements are not closed")
	}
	s = html.UnescapeString(s)
	for _, want := range []string{"␛[2J⟨U+202E⟩txt.exe⟨U+2066⟩⟨U+200B⟩⟨U+E0041⟩ שלום", "3 of 140 shown", fmt.Sprintf("The first %d of 14 312 characters.", utf8.RuneCountInString("candidate "+nasty)), `data-kinds="pass_to_fail flip lacking" data-within="0" data-scores="0.5 ; "`,
		`<td class="n">57</td><td class="n">900</td>`, "<strong>supported</strong>", "<em>ungraded</em>"} {
		if !strings.Contains(s, want) {
			t.Errorf("no %s", want)
		}
	}
	empty := answered(1, "x")
	empty.Cases[0].Answers[0].Output, empty.Cases[0].Answers[1].Output = "", ""
	if e, m := string(render(t, HTML, empty)), string(render(t, Markdown, empty)); strings.Count(e, "<em>an empty answer</em>") != 2 || strings.Count(m, "(an empty answer)") != 2 {
		t.Error("an empty answer is not told from none")
	}
	if i, k := strings.Index(s, `<h4 class="candidate-name">`), strings.Index(s, `<h4 class="baseline-name">`); i < 0 || k < i {
		t.Errorf("candidate at %d, baseline at %d", i, k)
	}
	text := string(render(t, Markdown, answered(9, nasty)))
	if strings.Contains(text, "<img") || strings.ContainsAny(text, "\x1b\u202E") || !strings.Contains(text, "5 of 140 cases") || !strings.Contains(text, "right: 140 of 900 cases from pass to fail, 3 from fail to pass") {
		t.Errorf("%s", text)
	}
}

// However long, however often escaped: the page stays bounded, and says what it cut.
func TestCasesStayBounded(t *testing.T) {
	for _, text := range []string{strings.Repeat("<&\"'\x01", 400), strings.Repeat("a ", 1000), strings.Repeat("召", 2000), strings.Repeat("\U000E0041", 2000)} {
		b := render(t, HTML, answered(48, text))
		if len(b) > HTMLLimit {
			t.Errorf("%.8q: %d bytes", text, len(b))
		}
		if !bytes.Contains(b, []byte("to keep this page small")) || !bytes.Contains(b, []byte("of 14 312 characters.")) || !bytes.Contains(b, []byte("fairtrial show 20260101T000000-abcd --case ID")) {
			t.Errorf("%.8q: no word of the cut", text)
		}
	}
	if s := string(render(t, HTML, answered(1, strings.Repeat("a b ", 400)))); strings.Contains(s, "page small") {
		t.Error("cut without need")
	}
}

// The pieces make up the texts, what is not marked is the same in both, and of equal texts
// nothing is marked.
func TestDifferences(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	random := func() string {
		var b strings.Builder
		for range draw.IntN(30) {
			b.WriteString([]string{"a ", "b\n", "c", "  ", "召", "回 ", "é\t"}[draw.IntN(7)])
		}
		return b.String()
	}
	for range 2000 {
		a, b := random(), random()
		left, right, ok := differences(a, b)
		whole, same := func(list []part) (all, kept string) {
			for _, p := range list {
				if all += p.Text; !p.New {
					kept += p.Text
				}
			}
			return all, strings.Join(strings.Fields(kept), "")
		}, ""
		x, same := whole(left)
		y, other := whole(right)
		if !ok || x != a || y != b || same != other {
			t.Fatalf("%q, %q: %v, %v", a, b, left, right)
		}
		if left, _, _ := differences(a, a); len(left) > 1 || len(left) == 1 && left[0].New {
			t.Fatalf("%q against itself: %v", a, left)
		}
	}
	if _, _, ok := differences(strings.Repeat("a ", mostWords+1), "a"); ok {
		t.Error("a text without bound is compared")
	}
	left, right, _ := differences("returns within 30 days", "returns within 60 days")
	if fmt.Sprint(left, right) != "[{returns within  false} {30  true} {days false}] [{returns within  false} {60  true} {days false}]" {
		t.Errorf("%v %v", left, right)
	}
}

func FuzzVisible(f *testing.F) {
	f.Add(nasty)
	f.Fuzz(func(t *testing.T, s string) {
		if got := visible(s); utf8.ValidString(s) && regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`).MatchString(got) {
			t.Errorf("%q", got)
		}
	})
}

// A cell says its value, interval and rows, and is marked where a gate fails or the
// candidate differs.
func TestGrid(t *testing.T) {
	r := answered(1, "x")
	r.Slices = []record.Slice{{Name: result.Overall}, {Name: "topic=a"}}
	r.Metrics = []record.Metric{{Name: "right", Direction: "up"}}
	for i, s := range r.Slices {
		r.Estimates = append(r.Estimates, result.Estimate{Metric: "right", Model: "candidate", Slice: s.Name, Value: result.Number(0.5 + 0.25*float64(i)), Lower: 0.25, Upper: 0.875, N: 24, Status: result.OK})
	}
	r.Comparisons = []result.Comparison{{Metric: "right", Candidate: "candidate", Baseline: "baseline", Slice: "topic=a", Verdict: result.Worse}}
	r.Gates = []result.Gate{{Name: "g", Metric: "right", Verdict: result.Fail, Cells: []result.Cell{{Slice: "topic=a", Verdict: result.Fail}, {Slice: result.Overall, Verdict: result.Pass}}}}
	r.Estimates[1].Apart = &result.Apart{Difference: 0.25, PAdjusted: 0.04, Verdict: result.Better}
	r.Estimates[0].Apart = &result.Apart{Difference: 0.25, PAdjusted: 0.4, Verdict: result.CompareInconclusive}
	g := gridOf(r)
	if want := "[{overall [{right  0.500 0.250 to 0.875 24 [] }]} {topic=a [{right fail 0.750 0.250 to 0.875 24 [■ gate fails ▼ worse] ↑ above the rest}]}]"; g == nil || fmt.Sprint(g.Rows) != want {
		t.Fatalf("%v", g)
	}
	r.Estimates[1].Value, r.Estimates[1].Status = result.None(), result.Undefined
	if c := gridOf(r).Rows[1].Cells[0]; c.Value != "–" || c.Range != "undefined" {
		t.Errorf("%+v", c)
	}
	for i := range 100 {
		r.Slices = append(r.Slices, record.Slice{Name: fmt.Sprint("s", i)})
	}
	if g := gridOf(r); len(g.Rows) != 40 || g.Note != "The first 40 of 102 slices; the rest in estimates.csv." {
		t.Errorf("%d rows, %q", len(g.Rows), g.Note)
	}
}

// Quality is the first gate's that is about it; dollars without a metric are the calls'.
func TestCostCharts(t *testing.T) {
	r := answered(1, "x")
	r.Metrics = []record.Metric{{Name: "latency", Direction: "down"}, {Name: "right", Direction: "up"}}
	r.Gates = []result.Gate{{Name: "fast", Metric: "latency"}, {Name: "good", Metric: "right"}}
	for i, m := range []string{"candidate", "baseline"} {
		for _, metric := range []string{"right", "latency"} {
			r.Estimates = append(r.Estimates, result.Estimate{Metric: metric, Model: m, Slice: result.Overall, Value: result.Number(0.25 + 0.5*float64(i)), Lower: 0.125, Upper: 0.875, N: 24, Status: result.OK})
		}
	}
	list := costCharts(r)
	if len(list) != 1 || list[0].Title != "No model beats candidate, baseline in both latency and right" || fmt.Sprint(list[0].Rows[0]) != "[candidate 0.250 (0.125 to 0.875) 0.250 (0.125 to 0.875) 24 ]" {
		t.Fatalf("%+v", list)
	}
	for i, m := range []string{"candidate", "baseline"} {
		r.Run.Answers = append(r.Run.Answers, record.Answers{Model: m, Account: record.Account{Cases: 100, USD: result.Number(2 - i)}})
	}
	list = costCharts(r)
	if len(list) != 2 || list[0].Title != "No model beats baseline in both cost and right" || list[0].Rows[0][1] != "0.0200 (no interval)" || list[0].Rows[0][3] != "100 / 24" || list[0].Rows[0][4] != "baseline" {
		t.Fatalf("%s %q", list[1].Title, list[0].Rows)
	}
}
