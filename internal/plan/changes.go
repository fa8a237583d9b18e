package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/result"
)

// Changes says in plain sentences what differs between two resolved plans in what is
// judged and how: a report shows them beside the verdict. Names, owners and reasons
// are no such difference.
func Changes(old, now *Plan) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	differ := func(what, a, b string) {
		if a != b {
			add("%s changed from %s to %s", what, orNone(a), orNone(b))
		}
	}
	differ("the task", string(old.Task), string(now.Task))
	differ("the data source", old.Data.Source.String(), now.Data.Source.String())
	differ("the filter", old.Data.Where, now.Data.Where)
	differ("the id column", old.Data.Columns.ID, now.Data.Columns.ID)
	differ("the label", old.Data.Columns.Label.Column, now.Data.Columns.Label.Column)
	differ("the positive class", old.Data.Columns.Label.Positive, now.Data.Columns.Label.Positive)
	differ("the cluster column", old.Data.Columns.Cluster, now.Data.Columns.Cluster)
	differ("the second cluster column", old.Data.Columns.Crossed, now.Data.Columns.Crossed)
	differ("the weight column", old.Data.Columns.Weight, now.Data.Columns.Weight)
	differ("the policy for missing predictions", old.Data.Missing, now.Data.Missing)
	share := func(what string, a, b float64) {
		if a != b {
			add("the share of missing %s allowed was %s from %s to %s", what, word(b > a), result.Percent(a), result.Percent(b))
		}
	}
	share("predictions", old.Data.MaxMissing.Predictions, now.Data.MaxMissing.Predictions)
	share("labels", old.Data.MaxMissing.Labels, now.Data.MaxMissing.Labels)
	if old.Confidence != now.Confidence {
		add("confidence changed from %s to %s", result.Percent(old.Confidence), result.Percent(now.Confidence))
	}
	lists(old.Slices, now.Slices, sliceName, "slice", add)
	lists(old.Metrics, now.Metrics, func(m Metric) string { return m.As }, "metric", add)
	lists(old.Scorers, now.Scorers, func(s Scorer) string { return s.As }, "scorer", add)
	for _, a := range old.Scorers {
		for _, b := range now.Scorers {
			if a.As == b.As && scorerWords(a) != scorerWords(b) {
				add("scorer %s changed from %s to %s", a.As, scorerWords(a), scorerWords(b))
			}
			if a.As == b.As {
				differ("what corrects scorer "+a.As, correctionWords(a), correctionWords(b))
			}
		}
	}
	for _, name := range now.PluginNames() {
		a, b := old.Plugins[name], now.Plugins[name]
		if slices.Contains(old.PluginNames(), name) {
			differ("the command of plug-in "+name, strings.Join(a.Command, " "), strings.Join(b.Command, " "))
		}
	}
	lists(old.Models, now.Models, func(m Model) string { return m.Key }, "model", add)
	for _, a := range old.Metrics {
		for _, b := range now.Metrics {
			if a.As == b.As && metricWords(a) != metricWords(b) {
				add("metric %s changed from %s to %s", a.As, metricWords(a), metricWords(b))
			}
		}
	}
	for _, a := range old.Models {
		for _, b := range now.Models {
			if a.Key == b.Key {
				modelChange(a, b, differ, add)
			}
		}
	}
	lists(old.Extends, now.Extends, func(s Standard) string { return s.Name + " (" + s.SHA256 + ")" }, "standard", add)
	if x, y := impactWords(old.Impact), impactWords(now.Impact); x != y {
		add("the values of decisions changed from %s to %s", x, y)
	}
	if x, y := stopWords(old.Stop), stopWords(now.Stop); x != y {
		add("when the asking stops changed from %s to %s", x, y)
	}
	if old.Stop != nil && now.Stop != nil && *old.Seed != *now.Seed {
		add("the order of the cases changed from seed %d to %d", *old.Seed, *now.Seed)
	}
	if x, y := controlWords(old.Control), controlWords(now.Control); x != y {
		add("the degraded control changed from %s to %s", x, y)
	}
	gates(old, now, add)
	return out
}

func scorerWords(s Scorer) string {
	out := fmt.Sprintf("%s, direction %s", s.Type, s.Direction)
	if j := s.Judge; j != nil { // any part of a judge makes it another
		out += fmt.Sprintf(", asks %s, %.19s", strings.Join(j.Judges, " + "), j.Identity)
		if j.Threshold != nil {
			out += fmt.Sprintf(", threshold %g", *j.Threshold)
		}
	}
	if x := s.Similar; x != nil {
		out += fmt.Sprintf(", asks embeddings.%s, %.19s", x.Embeddings, x.Identity)
		if x.Threshold != nil {
			out += fmt.Sprintf(", threshold %g", *x.Threshold)
		}
	}
	if x := s.Classified; x != nil {
		out += fmt.Sprintf(", asks classifiers.%s, %.19s", x.Classifier, x.Identity)
		if x.Category != "" {
			out += ", category " + x.Category
		}
		if x.Threshold != nil {
			out += fmt.Sprintf(", threshold %g", *x.Threshold)
		}
	}
	if s.PassFail {
		return out + ", pass or fail"
	}
	if lo, hi := s.Range(); s.Lower != nil {
		out += fmt.Sprintf(", range %g to %g", lo, hi)
	}
	return out
}

// correctionWords are what vouches for a scorer, in short.
func correctionWords(s Scorer) string {
	brief := func(file, digest string) string {
		digest = strings.TrimPrefix(digest, "sha256:")
		return fmt.Sprintf("%s (%s)", file, digest[:min(12, len(digest))])
	}
	var out []string
	if l := s.Labels; l != nil {
		out = append(out, "labels "+brief(l.Source, l.Digest))
		if l.TunedOn != "" {
			out = append(out, "tuned on "+brief(l.TunedOn, l.TunedDigest))
		}
	}
	for _, c := range s.Cards {
		out = append(out, "card "+brief(c.Source, c.Digest))
	}
	return strings.Join(out, ", ")
}

func stopWords(s *Stop) string {
	if s == nil {
		return "after all cases"
	}
	text := fmt.Sprintf("%d looks from %d cases on by %s", s.Looks, s.MinCases, s.Spending)
	if s.Futility > 0 && s.Worse == giveUpWorse {
		text += ", giving up what is worse too"
	}
	if s.Futility > 0 {
		text += ", giving up at " + result.Percent(s.Futility)
	}
	return text
}

func controlWords(x *Control) string {
	if x == nil {
		return "none"
	}
	return result.Percent(x.Degrade)
}

func impactWords(x *Impact) string {
	if x == nil {
		return "none"
	}
	return fmt.Sprintf("tp %g, fp %g, fn %g, tn %g %s, %g a %s", x.Values.TP, x.Values.FP, x.Values.FN, x.Values.TN, x.Unit, x.Volume, x.Per)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return fmt.Sprintf("%q", s)
}

func word(loosened bool) string {
	if loosened {
		return "loosened"
	}
	return "tightened"
}

// modelChange leaves out name, version and artifact: which candidate is judged is the
// look's matter.
func modelChange(a, b Model, differ func(what, a, b string), add func(string, ...any)) {
	if threshold(a) != threshold(b) {
		add("the threshold of %s changed from %s to %s", a.Key, threshold(a), threshold(b))
	}
	if a.Source.Record != "" && b.Source.Record != "" { // its score stands where it stood
		differ("the record of "+a.Key, a.Source.Record, b.Source.Record)
		return
	}
	differ("the file of "+a.Key, a.Source.String(), b.Source.String())
	differ("the score of "+a.Key, a.Score, b.Score)
	differ("the prediction of "+a.Key, a.Prediction, b.Prediction)
	if a.Interval == nil || b.Interval == nil || *a.Interval != *b.Interval {
		if a.Interval != b.Interval {
			add("the prediction interval of %s changed", a.Key)
		}
	}
	if !slices.Equal(a.Probabilities, b.Probabilities) {
		add("the probabilities of %s changed", a.Key)
	}
}

func threshold(m Model) string {
	if m.Threshold == nil {
		return "none"
	}
	return fmt.Sprint(*m.Threshold)
}

func sliceName(s Slice) string {
	switch {
	case s.Name != "":
		return s.Name + " (" + s.Where + ")"
	case len(s.Bins) > 0:
		return fmt.Sprint(s.words(), " in bins ", s.Bins)
	case s.Quantiles > 0:
		return fmt.Sprint(s.words(), " in ", s.Quantiles, " quantiles")
	}
	return s.words()
}

// metricWords is a metric as a plan writes it, without its shown name.
func metricWords(m Metric) string {
	words := []string{m.Metric}
	if len(m.Params) > 0 {
		words = append(words, strings.TrimPrefix(fmt.Sprint(m.Params), "map")) // Print sorts maps
	}
	if m.Class != "" {
		words = append(words, "of "+m.Class)
	}
	if m.Average != "" {
		words = append(words, m.Average)
	}
	if m.Equivalence != nil {
		words = append(words, fmt.Sprint("equivalent within ", *m.Equivalence))
	}
	return strings.Join(words, " ")
}

func lists[T any](old, now []T, name func(T) string, what string, add func(string, ...any)) {
	index := func(l []T) map[string]bool {
		m := map[string]bool{}
		for _, x := range l {
			m[name(x)] = true
		}
		return m
	}
	was, is := index(old), index(now)
	for _, x := range old {
		if !is[name(x)] {
			add("%s %s dropped", what, name(x))
		}
	}
	for _, x := range now {
		if !was[name(x)] {
			add("%s %s added", what, name(x))
		}
	}
}

// gates matches gates by name, then by metric, rule and scope, since a name that was
// not given holds the bound.
func gates(oldPlan, nowPlan *Plan, add func(string, ...any)) {
	old, now := oldPlan.Gates, nowPlan.Gates
	pair := make([]int, len(old)) // index into now, -1 for none
	taken := make([]bool, len(now))
	for i := range pair {
		pair[i] = -1
	}
	match := func(same func(a, b Gate) bool) {
		for i, a := range old {
			for k, b := range now {
				if pair[i] < 0 && !taken[k] && same(a, b) {
					pair[i], taken[k] = k, true
				}
			}
		}
	}
	alike := func(a, b Gate) bool {
		return a.Metric == b.Metric && a.Rule == b.Rule && a.Model == b.Model && a.Across == b.Across
	}
	match(func(a, b Gate) bool { return a.Name == b.Name })
	match(func(a, b Gate) bool { return alike(a, b) && slices.Equal(a.Slices, b.Slices) })
	match(func(a, b Gate) bool { return alike(a, b) && len(a.Slices) > 0 == (len(b.Slices) > 0) })
	for i, a := range old {
		if pair[i] < 0 {
			add("gate %q dropped", a.Name)
			continue
		}
		b := now[pair[i]]
		if a.Confidence == oldPlan.Confidence && b.Confidence == nowPlan.Confidence {
			a.Confidence = b.Confidence // the plan's, told once
		}
		gateChange(a, b, add)
	}
	for k, b := range now {
		if !taken[k] {
			add("gate %q added", b.Name)
		}
	}
}

// gateChange tells of the bound first, then of everything else: a tightened bound must
// not hide that the gate only warns now.
func gateChange(a, b Gate, add func(string, ...any)) {
	switch {
	case a.Rule != b.Rule || a.Metric != b.Metric:
		add("gate %q changed from %s %s to %s %s", b.Name, a.Metric, a.Words(), b.Metric, b.Words())
	case a.Rule == gate.Between && (a.Bound != b.Bound || a.Upper != b.Upper):
		how := word(b.Bound < a.Bound || b.Upper > a.Upper) // wider on one side is looser
		add("gate %q %s from [%g, %g] to [%g, %g]", b.Name, how, a.Bound, a.Upper, b.Bound, b.Upper)
	case a.Bound != b.Bound:
		looser := b.Bound > a.Bound
		if a.Rule == gate.AtLeast || a.Rule == gate.AcrossRatio {
			looser = b.Bound < a.Bound
		}
		add("gate %q %s from %g to %g", b.Name, word(looser), a.Bound, b.Bound)
	case a.Relative != b.Relative: // which of the two is looser depends on the model
		add("gate %q changed: margin from %s to %s", b.Name, margin(a), margin(b))
	case a.Margin != b.Margin:
		add("gate %q %s: margin from %s to %s", b.Name, word((b.Margin > a.Margin) == (a.Rule == gate.NoWorseThan)), margin(a), margin(b))
	}
	if a.Severity != b.Severity {
		add("gate %q %s: severity from %s to %s", b.Name, word(b.Severity != result.Block), a.Severity, b.Severity)
	}
	if a.Evidence != b.Evidence {
		add("gate %q %s: evidence from %s to %s", b.Name, word(b.Evidence == "value"), a.Evidence, b.Evidence)
	}
	name := b.Name
	for _, g := range []*Gate{&a, &b} { // what is told above, or is no matter of judgement
		g.Name, g.Metric, g.Rule, g.Why, g.Line, g.Column = "", "", "", "", 0, 0
		g.Bound, g.Upper, g.Margin, g.Relative, g.Severity, g.Evidence = 0, 0, 0, false, "", ""
	}
	x, errA := json.Marshal(a)
	y, errB := json.Marshal(b)
	if errA != nil || errB != nil || string(x) != string(y) {
		add("gate %q changed in its scope or conditions", name)
	}
}

func margin(g Gate) string {
	if g.Relative {
		return result.Percent(g.Margin)
	}
	return fmt.Sprint(g.Margin)
}
