package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// Finding is a gate, or one of its slices, that did not pass: what code hosts show at a
// line of the plan.
type Finding struct {
	Gate    result.Gate
	Slice   string // empty: the gate itself
	Verdict result.Verdict
	Blocks  bool // false: it only warns
	Message string
	File    string // the plan, from the top of its repository where that is known
	Line    int    // 0: the gate stands in no file (--set)
	Column  int
	Key     string // the same for the same gate and slice in every run
}

// Findings are the gates that failed, could not be decided, or could not be judged, in
// the plan's order, each followed by at most `most` of its slices, the worst first. A
// message says how many slices were left out.
func Findings(r *record.Record, most int) []Finding {
	places := map[string]record.GatePlace{}
	for _, p := range r.Run.Gates {
		places[p.Name] = p
	}
	var out []Finding
	for _, g := range r.Gates {
		if settled(g.Verdict) {
			continue
		}
		at := places[g.Name]
		f := Finding{Gate: g, Verdict: g.Verdict, Blocks: blocks(g), File: PlanFile(r), Line: at.Line, Column: at.Column, Key: key(r, g.Name, "")}
		var open []result.Cell
		for _, c := range worstCells(g) {
			if !settled(c.Verdict) && c.Slice != result.Overall {
				open = append(open, c)
			}
		}
		if len(open) == 1 { // the gate's reason tells of it
			open = nil
		}
		f.Message = fmt.Sprintf("%s: %s. Required: %s %s; found: %s, n = %s.", capital(word(g.Verdict)), strings.TrimSuffix(g.Reason, "."), g.Metric, g.Rule, foundIn(g), result.Count(rowsOf(g)))
		if g.Why != "" {
			f.Message += " Why: " + strings.TrimSuffix(g.Why, ".") + "."
		}
		if n := len(open) - most; n > 0 && most > 0 {
			f.Message += fmt.Sprintf(" %d of %d slices that did not pass follow; the rest in the report.", most, len(open))
		}
		out = append(out, f)
		for _, c := range open[:min(most, len(open))] {
			s := f
			s.Slice, s.Verdict, s.Key = c.Slice, c.Verdict, key(r, g.Name, c.Slice)
			s.Message = fmt.Sprintf("%s on %s. Required: %s %s; found: %s, n = %s.", capital(word(c.Verdict)), c.Slice, g.Metric, g.Rule, interval(c.Value, c.Lower, c.Upper), result.Count(c.N))
			if c.Note != "" {
				s.Message += " " + capital(strings.TrimSuffix(c.Note, ".")) + "."
			}
			out = append(out, s)
		}
	}
	return out
}

// settled reports whether a verdict asks for nobody's attention.
func settled(v result.Verdict) bool { return v == result.Pass || v == result.VerdictNotApplicable }

// blocks reports whether a gate's verdict holds a release up.
func blocks(g result.Gate) bool {
	return g.Severity != result.Warn && (g.Verdict != result.Inconclusive || g.OnInconclusive != "warn")
}

// PlanFile is the plan's path with slashes: from the top of its repository where the
// record knows that, else as the command line named it.
func PlanFile(r *record.Record) string {
	if r.Run.Git != nil && r.Run.Git.Path != "" {
		return r.Run.Git.Path
	}
	p := r.Run.PlanPath
	if slashed := strings.ReplaceAll(p, `\`, "/"); windows(slashed) || strings.HasPrefix(r.Run.Host.OS, "windows") {
		p = slashed // a record made on Windows, read anywhere
	}
	return path.Clean(filepath.ToSlash(p))
}

func key(r *record.Record, gate, slice string) string {
	sum := sha256.Sum256([]byte(r.Plan.Name + "\x00" + PlanFile(r) + "\x00" + gate + "\x00" + slice))
	return hex.EncodeToString(sum[:16])
}

func capital(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}
