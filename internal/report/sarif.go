package report

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// ProjectURL is where the program comes from, as tools name it.
const ProjectURL = "https://github.com/fairtrial/fairtrial"

// What SARIF takes; GitHub shows 5 000 results of an upload.
const (
	sarifSlices  = 20 // of a gate
	sarifResults = 5000
)

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Automation  sarifAutomation   `json:"automationDetails"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
	ColumnKind  string            `json:"columnKind"`
	Properties  map[string]any    `json:"properties"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name  string      `json:"name"`
	Full  string      `json:"fullName"`
	Vers  string      `json:"version"`
	URI   string      `json:"informationUri"`
	Rules []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID      string      `json:"id"`
	Name    string      `json:"name"`
	Short   sarifText   `json:"shortDescription"`
	Full    sarifText   `json:"fullDescription"`
	Help    sarifText   `json:"help"`
	HelpURI string      `json:"helpUri"`
	Config  sarifConfig `json:"defaultConfiguration"`
	Tags    sarifTags   `json:"properties"`
}

type (
	sarifText struct {
		Text string `json:"text"`
	}
	sarifConfig struct {
		Level string `json:"level"`
	}
	sarifTags struct {
		Tags []string `json:"tags"`
	}
)

type sarifAutomation struct {
	ID string `json:"id"`
}

type sarifInvocation struct {
	Successful bool   `json:"executionSuccessful"`
	Exit       int    `json:"exitCode"`
	Start      string `json:"startTimeUtc"`
	End        string `json:"endTimeUtc"`
}

type sarifResult struct {
	Rule        string            `json:"ruleId"`
	Index       int               `json:"ruleIndex"`
	Level       string            `json:"level"`
	Message     sarifText         `json:"message"`
	Locations   []sarifLocation   `json:"locations"`
	Fingerprint map[string]string `json:"partialFingerprints"`
	Properties  map[string]any    `json:"properties"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region *sarifRegion `json:"region,omitempty"`
	} `json:"physicalLocation"`
}

type sarifRegion struct {
	Line   int `json:"startLine"`
	Column int `json:"startColumn,omitempty"`
}

// SARIF writes a result of each gate that did not pass, and of its worst slices, at the
// gate's line of the plan. A rule is a gate.
//
// Inconclusive results are warnings, not of the kind "open": that kind demands the level
// "none", which code hosts show like a pass.
func SARIF(w io.Writer, r *record.Record) error {
	d := sarifDriver{Name: "fairtrial", Full: "fairtrial " + r.Run.Version, Vers: numbered(r.Run.Version), URI: ProjectURL, Rules: []sarifRule{}}
	index, used := map[string]int{}, map[string]bool{}
	for i, g := range r.Gates {
		index[g.Name] = i
		level := "error"
		if g.Severity == result.Warn {
			level = "warning"
		}
		d.Rules = append(d.Rules, sarifRule{ID: ruleID(g.Name, i, used), Name: clip(g.Name, 250), Short: sarifText{sentence(clip(g.Name, 1000))}, Full: sarifText{sentence(clip(g.Metric+" "+g.Rule, 1000))},
			Help: sarifText{help(g)}, HelpURI: ProjectURL + "/blob/main/docs/ci.md", Config: sarifConfig{level}, Tags: sarifTags{[]string{"model-evaluation", g.Metric}}})
	}
	run := sarifRun{Tool: sarifTool{d}, Automation: sarifAutomation{"fairtrial/" + r.Plan.Name + "/"}, Results: []sarifResult{}, ColumnKind: "unicodeCodePoints",
		Invocations: []sarifInvocation{{true, gate.ExitStatus(r.Verdict.Decision), r.Run.Started.Format("2006-01-02T15:04:05.000Z"), r.Run.Finished.Format("2006-01-02T15:04:05.000Z")}},
		Properties:  map[string]any{"run": r.Run.ID, "decision": r.Verdict.Decision, "verdict": r.Verdict.Sentence, "resultDigest": r.ResultDigest}}
	if x := exploration(r); x != "" {
		run.Properties["exploration"] = x
	}
	found := Findings(r, sarifSlices)
	if n := len(found) - sarifResults; n > 0 {
		run.Properties["resultsLeftOut"] = n
		found = found[:sarifResults]
	}
	for _, f := range found {
		i := index[f.Gate.Name]
		// "](" would make a link of two of a user's brackets.
		x := sarifResult{Rule: d.Rules[i].ID, Index: i, Level: f.Level(), Message: sarifText{strings.ReplaceAll(f.Message, "](", "] (")}, Fingerprint: map[string]string{"fairtrialGate/v1": f.Key},
			Properties: map[string]any{"verdict": word(f.Verdict)}}
		if f.Slice != "" {
			x.Properties["slice"] = f.Slice
		}
		var at sarifLocation
		at.Physical.Artifact.URI = uri(f.File)
		if f.Line > 0 {
			at.Physical.Region = &sarifRegion{f.Line, f.Column}
		}
		x.Locations = []sarifLocation{at}
		run.Results = append(run.Results, x)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

// numbered makes a version one that starts with a number, as validators ask for.
func numbered(version string) string {
	v := strings.TrimPrefix(version, "v")
	if v == "" || v[0] < '0' || v[0] > '9' {
		return "0-" + v
	}
	return v
}

// Level is a finding's weight: error stops a release, warning asks for a look, note says.
func (f Finding) Level() string {
	switch {
	case f.Blocks && f.Verdict != result.Inconclusive:
		return "error"
	case f.Blocks || f.Verdict != result.Inconclusive:
		return "warning"
	}
	return "note"
}

func help(g result.Gate) string {
	s := fmt.Sprintf("The gate asks for %s %s.", g.Metric, g.Rule)
	if g.Why != "" {
		s += " Why: " + sentence(g.Why)
	}
	return s + " A gate passes when the whole interval satisfies it, fails when the whole interval violates it, and is inconclusive in between."
}

func sentence(s string) string { return strings.TrimSuffix(s, ".") + "." }

// ruleID is a gate's name as an identifier that no other gate has.
func ruleID(name string, i int, used map[string]bool) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	stem := "gate/" + strings.TrimSuffix(b.String()[:min(b.Len(), 100)], "-")
	id := stem
	for ; id == "gate/" || used[id]; i++ { // a name of another script, or two that differ in signs alone
		id = strings.Replace(fmt.Sprintf("%s-%d", stem, i+1), "/-", "/", 1)
	}
	used[id] = true
	return id
}

// uri is a path as a relative reference, or as file:// where it is absolute, on Windows too.
func uri(file string) string {
	if windows(file) {
		file = "/" + file
	}
	u := url.URL{Path: path.Clean(file)}
	if path.IsAbs(file) {
		u.Scheme = "file"
	}
	return u.String()
}

// windows reports whether a path begins with a drive, as C:/.
func windows(file string) bool {
	return len(file) > 2 && file[1] == ':' && file[2] == '/' && (file[0]|0x20 >= 'a' && file[0]|0x20 <= 'z')
}
