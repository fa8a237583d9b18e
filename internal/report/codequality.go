package report

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

type qualityIssue struct {
	Description string          `json:"description"`
	Check       string          `json:"check_name"`
	Fingerprint string          `json:"fingerprint"`
	Severity    string          `json:"severity"` // info | minor | major | critical | blocker
	Location    qualityLocation `json:"location"`
}

type qualityLocation struct {
	Path  string `json:"path"`
	Lines struct {
		Begin int `json:"begin"`
	} `json:"lines"`
}

// qualitySlices bounds the slices of a gate: GitLab lists every issue on the merge request.
const qualitySlices = 5

// CodeQuality writes GitLab's code-quality report: gates that did not pass, with their
// worst slices, at their lines of the plan.
func CodeQuality(w io.Writer, r *record.Record) error {
	if err := decided(r); err != nil {
		return err
	}
	out := []qualityIssue{}
	for _, f := range Findings(r, qualitySlices) {
		x := qualityIssue{Description: f.Gate.Name + ": " + f.Message, Check: "fairtrial/" + f.Gate.Name, Fingerprint: f.Key, Severity: severity(f), Location: qualityLocation{Path: f.File}}
		x.Location.Lines.Begin = max(1, f.Line)
		out = append(out, x)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

func severity(f Finding) string {
	switch {
	case f.Blocks && f.Verdict == result.Fail && f.Slice == "":
		return "blocker"
	case f.Blocks && f.Verdict != result.Inconclusive:
		return "critical"
	case f.Blocks:
		return "major"
	case f.Verdict == result.Fail:
		return "minor"
	}
	return "info"
}

// Dotenv writes GitLab's dotenv report: variables for later jobs.
func Dotenv(w io.Writer, r *record.Record) error {
	if err := decided(r); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "FAIRTRIAL_VERDICT=%s\nFAIRTRIAL_EXIT_CODE=%d\nFAIRTRIAL_RUN=%s\n", r.Verdict.Decision, gate.ExitStatus(r.Verdict.Decision), r.Run.ID)
	return err
}
