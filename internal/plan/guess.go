package plan

import (
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
)

// Guess reads roles out of a file's profile: the task, the label, the models' scores
// and the columns that would make slices. What it cannot tell it leaves empty, with a
// note that says what to fill in.
func Guess(source string, p *engine.Profile) Draft {
	g := guesser{profile: p, d: Draft{Source: source, WithGates: true}}
	g.label()
	g.id()
	g.models()
	g.slices()
	return g.d
}

type guesser struct {
	profile *engine.Profile
	d       Draft
	used    []string
}

var (
	labelNames     = regexp.MustCompile(`(?i)^(label|labels|target|y|y_?true|truth|actual|outcome|class|ground_?truth|gold)$|(?i)(_label|_target|_outcome|_actual|_true)$`)
	scoreNames     = regexp.MustCompile(`(?i)(^|_)(score|scores|proba?|probability|p|pred|preds|prediction|predicted|y_?hat|y_?pred|output|risk)(_|[0-9]|$)`)
	baselineNames  = regexp.MustCompile(`(?i)(^|[^a-z])(baseline|base|champion|current|prod|production|old|previous|prev|incumbent|control)([^a-z]|$)`)
	candidateNames = regexp.MustCompile(`(?i)(^|[^a-z])(candidate|cand|challenger|new|next|treatment)([^a-z]|$)`)
	versionNumber  = regexp.MustCompile(`(\d+)\D*$`)
	weightNames    = regexp.MustCompile(`(?i)^(weight|weights|sample_weight|w)$`)
	timeNames      = regexp.MustCompile(`(?i)(_at|_date|_time|timestamp|date|time)$`)
)

func (g *guesser) use(c string) { g.used = append(g.used, c) }

func (g *guesser) isUsed(c string) bool {
	for _, u := range g.used {
		if u == c {
			return true
		}
	}
	return false
}

// label: a column named like one; else the only two-valued column that is no score.
func (g *guesser) label() {
	var byName, binary []engine.ColumnProfile
	for _, c := range g.profile.Columns {
		if labelNames.MatchString(c.Name) && !(c.Kind == cases.Number && scoreNames.MatchString(c.Name) && !c.Integral) {
			byName = append(byName, c)
		}
		if c.Distinct == 2 && !scoreNames.MatchString(c.Name) && (c.Kind == cases.Bool || c.Kind == cases.Number && c.Unit && c.Integral) {
			binary = append(binary, c)
		}
	}
	var c engine.ColumnProfile
	switch {
	case len(byName) > 0:
		c = byName[0]
	case len(binary) > 0:
		c = binary[0]
		if len(binary) > 1 {
			g.d.Notes = append(g.d.Notes, "several columns hold two values; `"+c.Name+"` was taken as the label")
		}
	default:
		g.d.Task = cases.Binary
		g.d.Notes = append(g.d.Notes, "no label column was recognised: fill in data.columns.label")
		return
	}
	g.d.Label = c.Name
	g.use(c.Name)
	switch {
	case c.Distinct == 2:
		g.d.Task = cases.Binary
		g.d.Positive = positive(c.Values)
	case c.Kind == cases.Number && (!c.Integral || c.Distinct > 50):
		g.d.Task = cases.Regression
	default:
		g.d.Task = cases.Multiclass
	}
}

// positive picks the value that counts as 1: 1, true or yes where there is one, else
// the rarer of the two.
func positive(values []string) string {
	for _, v := range values {
		switch strings.ToLower(v) {
		case "1", "true", "yes", "y", "t", "pos", "positive":
			return v
		}
	}
	if len(values) == 0 {
		return "1"
	}
	return values[len(values)-1]
}

func (g *guesser) id() {
	var best string
	for _, c := range g.profile.Columns {
		if g.isUsed(c.Name) || c.Nulls > 0 || c.Distinct < g.profile.Rows {
			continue
		}
		name := strings.ToLower(c.Name)
		if name == "id" || name == "row_id" || strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "uuid") {
			best = c.Name
			break
		}
	}
	if best != "" {
		g.d.ID = best
		g.use(best)
	}
	for _, c := range g.profile.Columns {
		if g.isUsed(c.Name) {
			continue
		}
		if weightNames.MatchString(c.Name) && c.Kind == cases.Number {
			g.d.Weight = c.Name
			g.use(c.Name)
		}
		if c.Kind == cases.Time || c.Kind == cases.Text && timeNames.MatchString(c.Name) && c.Distinct > 50 {
			if g.d.Time == "" {
				g.d.Time = c.Name
			}
			g.use(c.Name)
		}
	}
}

// models: score columns for the task; names and version numbers tell the candidate
// from the baseline.
func (g *guesser) models() {
	var found []engine.ColumnProfile
	for _, c := range g.profile.Columns {
		if g.isUsed(c.Name) {
			continue
		}
		named := scoreNames.MatchString(c.Name) || candidateNames.MatchString(c.Name) || baselineNames.MatchString(c.Name)
		switch g.d.Task {
		case cases.Multiclass:
			if named && (c.Kind == cases.Text || c.Integral) && c.Distinct <= 1000 {
				found = append(found, c)
			}
		case cases.Regression:
			if named && c.Kind == cases.Number {
				found = append(found, c)
			}
		default:
			if c.Kind == cases.Number && (named || c.Unit) && !c.Integral {
				found = append(found, c)
			}
		}
	}
	rank := func(c engine.ColumnProfile) int {
		switch {
		case candidateNames.MatchString(c.Name):
			return 1 << 20
		case baselineNames.MatchString(c.Name):
			return -1
		}
		if m := versionNumber.FindStringSubmatch(c.Name); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil {
				return n
			}
		}
		return 0
	}
	sort.SliceStable(found, func(i, j int) bool { return rank(found[i]) > rank(found[j]) })
	if len(found) == 0 {
		g.d.Notes = append(g.d.Notes, "no score column was recognised: fill in models.candidate")
		return
	}
	keys := []string{"candidate", "baseline"}
	for i, c := range found {
		g.use(c.Name)
		if i >= len(keys) {
			g.d.Notes = append(g.d.Notes, "`"+c.Name+"` may be a further model")
			continue
		}
		m := DraftModel{Key: keys[i], Name: c.Name}
		if g.d.Task == cases.Binary {
			m.Score = c.Name
			if c.Unit {
				half := 0.5
				m.Threshold = &half
			}
		} else {
			m.Prediction = c.Name
		}
		g.d.Models = append(g.d.Models, m)
	}
}

// slices: columns of 2 to 20 values with enough rows each.
func (g *guesser) slices() {
	for _, c := range g.profile.Columns {
		if g.isUsed(c.Name) || c.Distinct < 2 || c.Distinct > 20 || len(g.d.Slices) >= 8 {
			continue
		}
		if c.Kind == cases.Text || c.Kind == cases.Bool || c.Kind == cases.Number && c.Integral {
			g.d.Slices = append(g.d.Slices, c.Name)
		}
	}
}
