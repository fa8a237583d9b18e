package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fairtrial/fairtrial/internal/result"
)

// JUnit's readers hold a file in memory: 200 gates of 5 000 slices made 230 MB.
func TestJUnitIsBounded(t *testing.T) {
	r := placed(5000, 1)
	for i := len(r.Gates); i < 200; i++ {
		g := r.Gates[i%12]
		g.Name = fmt.Sprintf("%d %s", i, strings.Repeat("\x1b[31m\u0085\ufffe", 50))
		r.Gates = append(r.Gates, g)
	}
	b := render(t, JUnit, r)
	if len(b) > 16<<20 || !bytes.Contains(b, []byte("  100 of 5000 slices; the rest in record.json")) {
		t.Errorf("%d bytes", len(b))
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		if _, err := d.Token(); err != nil {
			if err.Error() != "EOF" {
				t.Error(err)
			}
			break
		}
	}
}

// A name is text wherever it stands: no formula, no link to an issue, no sign that turns
// the direction of the verdict beside it, and no backslash where HTML is read.
func TestNamesInMarkdownAreText(t *testing.T) {
	r := placed(3, 1)
	r.Gates = r.Gates[2:4]
	r.Gates[0].Name = "finds_who *pays* $x$ #1 \u202Eog @all &lt; ~~no~~\u2028</summary>"
	text := string(render(t, Markdown, r))
	if strings.ContainsAny(text, "\u202E\u2028") || strings.Contains(text, "@all") || strings.Contains(text, "#1 ") {
		t.Errorf("a sign of the name works:\n%s", text)
	}
	if want := "| finds\\_who \\*pays\\* <span>$</span>x<span>$</span> #\u200b1 og @\u200ball &amp;lt; \\~\\~no\\~\\~ &lt;/summary&gt; |"; !strings.Contains(text, want) {
		t.Errorf("no %s in\n%s", want, text)
	}
	if want := "<summary>Slices of finds_who *pays* <span>$</span>x<span>$</span> #\u200b1 og @\u200ball &amp;lt; ~~no~~ &lt;/summary&gt;</summary>"; !strings.Contains(text, want) {
		t.Errorf("no %s in\n%s", want, text)
	}
}

// SARIF stays within GitHub's limits, its rules are distinct, and places are URIs.
func TestSARIFOfHostileNames(t *testing.T) {
	r := placed(1, 1)
	r.Gates[0].Name = strings.Repeat("召回 a", 3000)
	r.Gates[1].Name = strings.Repeat("召回 a", 3000) + "!"
	r.Run.Gates = r.Run.Gates[2:]
	for path, want := range map[string]string{`C:\plans\a b.yaml`: "file:///C:/plans/a%20b.yaml", "../out/p.yaml": "../out/p.yaml", "/p/./x.yaml": "file:///p/x.yaml", "a:b.yaml": "./a:b.yaml", `we\ird.yaml`: "we%5Cird.yaml"} {
		r.Run.Git, r.Run.PlanPath = nil, path
		var log struct {
			Runs []struct {
				Tool struct {
					Driver struct {
						Rules []struct {
							ID, Name                          string
							ShortDescription, FullDescription struct{ Text string }
						}
					}
				}
				Results []struct {
					Locations []struct {
						PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
					}
				}
			}
		}
		if err := json.Unmarshal(render(t, SARIF, r), &log); err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, x := range log.Runs[0].Tool.Driver.Rules {
			if ids[x.ID] || len(x.ID) > 120 || utf8.RuneCountInString(x.Name) > 255 || utf8.RuneCountInString(x.ShortDescription.Text) > 1024 {
				t.Errorf("rule %.60s: %d, %d, %d", x.ID, len(x.ID), len(x.Name), len(x.ShortDescription.Text))
			}
			ids[x.ID] = true
		}
		if got := log.Runs[0].Results[0].Locations[0].PhysicalLocation.ArtifactLocation.URI; got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	used := map[string]bool{}
	for i, name := range []string{"a 3", "a", "A"} {
		ruleID(name, i, used)
	}
	if len(used) != 3 {
		t.Errorf("three gates, rules %v", used)
	}
	r.Gates = []result.Gate{{Name: "召回", Verdict: result.Fail}}
	if b := render(t, SARIF, r); !bytes.Contains(b, []byte(`"gate/1"`)) {
		t.Errorf("%s", b)
	}
}

// A value of the data clears no screen and forges no line of the table.
func TestTerminalShowsNoEscapes(t *testing.T) {
	r := placed(3, 1)
	for _, g := range r.Gates {
		for i := range g.Cells {
			g.Cells[i].Slice = "\x1b[2J\n\u202E● pass " + g.Cells[i].Slice
		}
	}
	r.Verdict.Sentence = "No-go\x1b[1A: x"
	var b bytes.Buffer
	if err := Terminal(&b, r, TerminalOptions{Width: 100, Unicode: true}); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); strings.ContainsAny(s, "\x1b\u202E") || strings.Contains(s, "\n● pass s") || !strings.Contains(s, "● pass s") {
		t.Errorf("%q", s)
	}
}
