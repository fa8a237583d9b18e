package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// placed is sample with the lines of its gates.
func placed(slices, metrics int) *record.Record {
	r := sample(slices, metrics)
	for i, g := range r.Gates {
		r.Run.Gates = append(r.Run.Gates, record.GatePlace{Name: g.Name, Line: 10 + i, Column: 5})
	}
	r.Run.Git = &record.Git{Commit: "abc", Path: "models/a b/plan.yaml"}
	for i := range slices {
		r.Slices[i+1].Name = fmt.Sprintf("s%d=%s", i, evil)
	}
	r.Slices[0].Name = result.Overall
	return r
}

func render(t *testing.T, f func(io.Writer, *record.Record) error, r *record.Record) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFindings(t *testing.T) {
	r := placed(50, 1)
	found := Findings(r, 20)
	keys := map[string]bool{}
	gates := map[string]int{}
	for _, f := range found {
		if settled(f.Verdict) {
			t.Errorf("%s, %s is settled", f.Gate.Name, f.Slice)
		}
		if keys[f.Key] {
			t.Errorf("two findings have the key %s", f.Key)
		}
		keys[f.Key] = true
		gates[f.Gate.Name]++
	}
	for name, n := range gates {
		if n != 21 { // the gate and twenty slices
			t.Errorf("%.20s has %d findings", name, n)
		}
	}
	if f := found[0]; f.Slice != "" || !strings.Contains(f.Message, "20 of 33 slices that did not pass follow") || f.Line != 12 || f.File != "models/a b/plan.yaml" {
		t.Errorf("%+v", f)
	}
	if again := Findings(r, 20); again[0].Key != found[0].Key {
		t.Error("keys change")
	}
	for _, x := range []struct {
		severity result.Severity
		on       string
		verdict  result.Verdict
		level    string
		issue    string
	}{{result.Block, "block", result.Fail, "error", "blocker"}, {result.Block, "block", result.Inconclusive, "warning", "major"}, {result.Block, "warn", result.Inconclusive, "note", "info"},
		{result.Warn, "block", result.Fail, "warning", "minor"}, {result.Warn, "block", result.Inconclusive, "note", "info"}, {result.Block, "block", "", "error", "critical"}} {
		one := *r
		one.Gates = []result.Gate{{Name: "g", Severity: x.severity, OnInconclusive: x.on, Verdict: x.verdict}}
		if f := Findings(&one, 0)[0]; f.Level() != x.level || severity(f) != x.issue {
			t.Errorf("%+v: %s, %s", x, f.Level(), severity(f))
		}
	}
}

func TestSARIF(t *testing.T) {
	r := placed(8, 1)
	var log struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name, Version, InformationURI string
					Rules                         []struct{ ID string }
				}
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           *struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(render(t, SARIF, r), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if log.Version != "2.1.0" || run.Tool.Driver.Name != "fairtrial" || run.Tool.Driver.InformationURI == "" || !regexp.MustCompile(`^\d`).MatchString(run.Tool.Driver.Version) {
		t.Errorf("%+v", run.Tool.Driver)
	}
	ids := map[string]bool{}
	for _, x := range run.Tool.Driver.Rules {
		if ids[x.ID] || !regexp.MustCompile(`^gate/[a-z0-9-]+$`).MatchString(x.ID) {
			t.Errorf("rule %q", x.ID)
		}
		ids[x.ID] = true
	}
	if len(ids) != len(r.Gates) || len(run.Results) != len(Findings(r, 20)) {
		t.Errorf("%d rules of %d gates, %d results", len(ids), len(r.Gates), len(run.Results))
	}
	for _, x := range run.Results {
		at := x.Locations[0].PhysicalLocation
		if run.Tool.Driver.Rules[x.RuleIndex].ID != x.RuleID || at.ArtifactLocation.URI != "models/a%20b/plan.yaml" || at.Region.StartLine != 10+x.RuleIndex || at.Region.StartColumn != 5 {
			t.Errorf("%+v", x)
		}
	}
	r.Run.Gates, r.Run.Git = nil, nil // an older record, or --set
	if b := render(t, SARIF, r); bytes.Contains(b, []byte("startLine")) || !bytes.Contains(b, []byte(`"uri": "plan.yaml"`)) {
		t.Error("a line that nobody knows is shown")
	}
	if used := map[string]bool{}; ruleID("A b!", 0, used) != "gate/a-b" || ruleID("a-b", 1, used) != "gate/a-b-2" || ruleID("召回", 2, used) != "gate/3" {
		t.Errorf("%v", used)
	}
}

// Each family stands together with one head, each value parses, each label is quoted.
func TestOpenMetrics(t *testing.T) {
	r := placed(80, 2)
	r.Run.Version = "1.2"
	text := string(render(t, OpenMetrics, r))
	if !strings.HasSuffix(text, "\n# EOF\n") {
		t.Errorf("ends with %q", text[len(text)-20:])
	}
	line := regexp.MustCompile(`^([a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\} (\S+)$`)
	seen, series := map[string]bool{}, map[string]bool{}
	family := ""
	for _, l := range strings.Split(strings.TrimSuffix(text, "# EOF\n"), "\n") {
		if strings.HasPrefix(l, "# TYPE ") {
			if family = strings.Fields(l)[2]; seen[family] {
				t.Errorf("family %s twice", family)
			}
			seen[family] = true
		}
		if l == "" || l[0] == '#' {
			continue
		}
		m := line.FindStringSubmatch(l)
		if m == nil || m[1] != family || series[m[1]+m[2]] {
			t.Fatalf("in %s: %.200s", family, l)
		}
		series[m[1]+m[2]] = true
		if _, err := strconv.ParseFloat(m[3], 64); err != nil {
			t.Error(err)
		}
	}
	if strings.Contains(text, r.Run.ID) {
		t.Error("a series for each run")
	}
	if !strings.Contains(text, "fairtrial_slices_left_out{plan=") || !strings.Contains(text, "} 30\n") {
		t.Error("left-out slices are not counted")
	}
	// undefined has no series
	if strings.Contains(text, `fairtrial_estimate{plan="`+quoted(r.Plan.Name)+`",metric="m0",model="candidate",slice="s3=`) {
		t.Error("an undefined estimate has a value")
	}
	r.Run.ID, r.Run.Stats.Seconds = "other", 5
	if string(render(t, OpenMetrics, r)) != text {
		t.Error("equal results give other bytes")
	}
}

func TestJobSummaryFits(t *testing.T) {
	for _, slices := range []int{3, 200, 4000} {
		b := render(t, JobSummary, placed(slices, 5))
		if len(b) > 1<<20 {
			t.Errorf("%d slices: %d bytes", slices, len(b))
		}
		if slices == 4000 && !regexp.MustCompile(`\n\d+ of 4000; the rest in record.json`).Match(b) {
			t.Error("what is left out is not said")
		}
	}
	if !bytes.Contains(render(t, Markdown, placed(5, 1)), []byte("\nslices of 9 more gates in report.html")) {
		t.Error("gates without a table of slices are not counted")
	}
}

// Even without a table that could be shortened, a text ends within the limit, at a line,
// and says so.
func TestCutIsTheLastResort(t *testing.T) {
	r := placed(2, 1)
	for i := range 400 {
		g := r.Gates[2]
		g.Name = fmt.Sprintf("gate %d %s", i, strings.Repeat("é", 300))
		g.Reason = strings.Repeat("reason ", 200)
		r.Gates = append(r.Gates, g)
	}
	b := render(t, Comment, r)
	if len(b) > MarkdownLimit || !bytes.HasSuffix(b, []byte("… cut here: the rest is in report.html\n")) || strings.ContainsRune(string(b), '\uFFFD') {
		t.Errorf("%d bytes, %q", len(b), b[len(b)-100:])
	}
	if !bytes.HasPrefix(b, []byte(CommentMark("models/a b/plan.yaml")+"\n")) {
		t.Error("the mark is not the first line")
	}
}

func TestCodeQuality(t *testing.T) {
	r := placed(8, 1)
	var issues []struct {
		Description, Fingerprint, Severity string
		Location                           struct {
			Path  string
			Lines struct{ Begin int }
		}
	}
	if err := json.Unmarshal(render(t, CodeQuality, r), &issues); err != nil {
		t.Fatal(err)
	}
	if len(issues) != len(Findings(r, qualitySlices)) || issues[0].Location.Lines.Begin != 12 || issues[0].Location.Path != "models/a b/plan.yaml" {
		t.Errorf("%d issues, %+v", len(issues), issues[0])
	}
	r.Gates = r.Gates[:1]
	if got := strings.TrimSpace(string(render(t, CodeQuality, r))); got != "[]" {
		t.Errorf("without a finding: %s", got)
	}
}

// What may go on in spite of an inconclusive gate is no error of a test.
func TestJUnitLetsGuardrailsPass(t *testing.T) {
	r := sample(1, 1)
	r.Gates = []result.Gate{{Name: "g", Severity: result.Block, OnInconclusive: "warn", Verdict: result.Inconclusive}}
	if b := render(t, JUnit, r); bytes.Contains(b, []byte("<error")) || !bytes.Contains(b, []byte("warning, inconclusive")) {
		t.Errorf("%s", b)
	}
}
