package plan

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"

	"github.com/fairtrial/fairtrial/internal/cases"
)

// Draft is what `init` found out about a file.
type Draft struct {
	Name       string
	Task       cases.Task
	Source     string
	ID         string
	Label      string
	Positive   string
	Cluster    string
	Weight     string
	Time       string
	Models     []DraftModel
	Slices     []string
	WithGates  bool
	GateMetric string
	Margin     float64
	MarginNote string
	Notes      []string
}

// DraftModel is one model of a draft.
type DraftModel struct {
	Key        string
	Name       string
	Score      string
	Prediction string
	Threshold  *float64
}

// Write is the text of a commented plan, which parses as it stands when the draft has
// a label and a candidate. Its one gate is overall non-inferiority; without a baseline
// there is none.
func Write(d Draft) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# A plan for `fairtrial run`. Every key: `fairtrial schema plan`; every metric: `fairtrial metrics`.")
	for _, n := range d.Notes {
		for _, l := range strings.Split(n, "\n") {
			line("# NOTE: %s", strings.Map(printable, l))
		}
	}
	line("name: %s", quote(d.Name))
	line("# objective: what this model is meant to achieve, for whoever reads the report")
	line("# tier: 2               # 1 = highest customer impact … 3")
	line("task: %s", d.Task)
	line("")
	line("data:")
	line("  source: %s", quote(d.Source))
	line("  # where: \"channel = 'web'\"    # keep only these rows")
	line("  columns:")
	if d.ID != "" {
		line("    id: %s", quote(d.ID))
	} else {
		line("    # id: …              # row identity: lets later models be compared on the same rows")
	}
	switch {
	case d.Label == "":
		line("    label: {column: FILL-IN, positive: 1}")
	case d.Task == cases.Binary:
		line("    label: {column: %s, positive: %s}", quote(d.Label), quote(d.Positive))
	default:
		line("    label: %s", quote(d.Label))
	}
	optional := func(key, value, comment string) {
		if value != "" {
			line("    %s: %s", key, quote(value))
		} else {
			line("    # %s: …%s# %s", key, strings.Repeat(" ", max(1, 17-len(key))), comment)
		}
	}
	optional("cluster", d.Cluster, "unit of independence (customer, patient, document): intervals respect it")
	optional("weight", d.Weight, "importance weight")
	if d.Time != "" {
		line("    time: %s", quote(d.Time))
	}
	line("")
	d.writeModels(line)
	line("")
	if len(d.Slices) > 0 {
		line("slices:                   # every value of a column; [a, b] for each combination; {name, where}; {column, bins}")
		for _, s := range d.Slices {
			line("  - %s", quote(s))
		}
	} else {
		line("# slices: [region]        # every value of a column; [a, b] for each combination; {name, where}; {column, bins}")
	}
	line("")
	line("# metrics: left out, so the task's usual ones are computed. `fairtrial metrics` lists all.")
	line("confidence: 0.95")
	line("")
	d.writeGates(line)
	return b.String()
}

func (d Draft) writeModels(line func(string, ...any)) {
	line("models:")
	if len(d.Models) == 0 {
		line("  candidate: {score: FILL-IN, threshold: 0.5}")
		return
	}
	for _, m := range d.Models {
		var parts []string
		if m.Name != "" {
			parts = append(parts, "name: "+quote(m.Name))
		}
		if m.Score != "" {
			parts = append(parts, "score: "+quote(m.Score))
		}
		if m.Prediction != "" {
			parts = append(parts, "prediction: "+quote(m.Prediction))
		}
		comment := ""
		if m.Threshold != nil {
			parts = append(parts, "threshold: "+strconv.FormatFloat(*m.Threshold, 'g', -1, 64))
			comment = "    # positive when score >= threshold: put in the one you operate at"
		}
		line("  %s: {%s}%s", m.Key, strings.Join(parts, ", "), comment)
	}
}

func (d Draft) writeGates(line func(string, ...any)) {
	if !d.WithGates || len(d.Models) < 2 || d.Margin <= 0 {
		line("# No gate yet, so nothing is decided. With a baseline under models, for example:")
		line("# gates:")
		line("#   - {metric: %s, no_worse_than: baseline, margin: 0.01, why: the harm this guards against}", gateMetric(d))
		return
	}
	margin := strconv.FormatFloat(d.Margin, 'g', -1, 64)
	line("gates:")
	line("  # A CHOICE TO MAKE: the margin is the largest loss that you would accept.")
	if d.MarginNote != "" {
		line("  # %s.", d.MarginNote)
	}
	line("  - {metric: %s, no_worse_than: baseline, margin: %s}", gateMetric(d), margin)
	if len(d.Slices) > 0 {
		line("  # The same on every slice: fails when a slice is shown to be worse.")
		line("  # - {metric: %s, no_worse_than: baseline, margin: %s, slices: all}", gateMetric(d), margin)
		if d.Task == cases.Binary {
			line("  # - {metric: recall, at_least: 0.70, slices: all, why: the harm this guards against}")
			line("  # - {metric: false_positive_rate, across: %s, difference_at_most: 0.05}", quote(d.Slices[0]))
		}
	}
}

func gateMetric(d Draft) string {
	if d.GateMetric != "" {
		return d.GateMetric
	}
	switch d.Task {
	case cases.Multiclass:
		return "accuracy"
	case cases.Regression:
		return "mean_absolute_error"
	}
	return "roc_auc"
}

// printable keeps a column's odd name from ending the comment that tells of it.
func printable(r rune) rune {
	if !unicode.IsPrint(r) {
		return ' '
	}
	return r
}

// quote writes text so that YAML reads it back as the same text, even inside a flow
// mapping.
func quote(s string) string {
	plain := s != ""
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r > 127 && unicode.IsLetter(r)
		if !(letter || i > 0 && (r >= '0' && r <= '9' || r == '-' || r == '.' || r == '/')) {
			plain = false
		}
	}
	if plain {
		// A word that YAML takes for something else (true, null, yes …) is quoted.
		var v any
		if err := yaml.Unmarshal([]byte(s), &v); err == nil && v == s {
			switch strings.ToLower(s) {
			case "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf":
			default:
				return s
			}
		}
	}
	return strconv.Quote(s)
}
