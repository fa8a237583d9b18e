package plan

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/score"
)

// DefaultPatience is how long a plug-in may leave a batch unanswered.
const DefaultPatience = time.Minute

// defaultMaxUngraded is the share of rows without a score that a gate bears.
const defaultMaxUngraded = 0.01

// Plugin is a program that scores rows or answers for a model.
type Plugin struct {
	Command []string      // the program and its arguments; relative ones from the plan's folder
	Timeout time.Duration // how long it may leave a batch unanswered
}

type pluginsJSON struct {
	Command []string `json:"command"`
	Timeout string   `json:"timeout"`
}

// MarshalJSON writes the time in words.
func (p Plugin) MarshalJSON() ([]byte, error) {
	return json.Marshal(pluginsJSON{p.Command, p.Timeout.String()})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (p *Plugin) UnmarshalJSON(b []byte) error {
	var x pluginsJSON
	err := json.Unmarshal(b, &x)
	if err == nil {
		p.Command = x.Command
		p.Timeout, err = time.ParseDuration(x.Timeout)
	}
	return err
}

// Scorer is one entry under `scorers`: a plug-in that gives each row a score. The metric
// of its name is the mean score.
type Scorer struct {
	Type      string   `json:"type"` // the plug-in
	As        string   `json:"as"`   // its name
	Direction string   `json:"direction"`
	Lower     *float64 `json:"lower,omitempty"` // of the range of scores
	Upper     *float64 `json:"upper,omitempty"`
	PassFail  bool     `json:"pass_fail,omitempty"` // each score is 0 or 1

	ByJudge bool        `json:"by_judge,omitempty"` // the plug-in judges: its scores are opinions
	Labels  *Labels     `json:"labels,omitempty"`   // human labels that correct the metric
	Cards   []JudgeCard `json:"cards,omitempty"`    // of the judge on earlier systems, in place of labels

	Spec       map[string]any    `json:"spec,omitempty"`       // of a built-in scorer (internal/score)
	Judge      *JudgeScorer      `json:"judge,omitempty"`      // of judges
	Similar    *SimilarScorer    `json:"similar,omitempty"`    // of an embedding model
	Classified *ClassifierScorer `json:"classified,omitempty"` // of a classifier; none of these: a plug-in
}

// BuiltIn reports whether the program itself scores.
func (s Scorer) BuiltIn() bool { return s.Spec != nil }

// Plugged reports whether a plug-in scores.
func (s Scorer) Plugged() bool { return s.Spec == nil && s.Judge == nil && !s.AsksAboutTexts() }

// Corpus is the value on a set of rows of a built-in scorer that is no mean of theirs, else
// nil.
func (s Scorer) Corpus() score.Corpus {
	if s.Spec == nil {
		return nil
	}
	made, err := score.Parse(s.Spec)
	if err != nil { // told when the plan was read
		return nil
	}
	return made.Corpus()
}

// Range of the scores; infinite where the plan says none.
func (s Scorer) Range() (lo, hi float64) {
	lo, hi = math.Inf(-1), math.Inf(1)
	if s.Lower != nil {
		lo, hi = *s.Lower, *s.Upper
	}
	return lo, hi
}

var (
	pluginName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	scorerName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
)

func (d *decoder) plugins(n *node) {
	if n.kind != mapping {
		d.fail(n, "plugins", "write {name: command}", "a mapping of plug-ins is expected, this is %s", n.kind)
		return
	}
	d.plan.Plugins = map[string]Plugin{}
	for i, k := range n.keys {
		path := "plugins." + k.text
		if !pluginName.MatchString(k.text) {
			d.fail(k, path, "use letters, digits, _, - and .", "%q cannot be the name of a plug-in", k.text)
			continue
		}
		d.plan.Plugins[k.text] = d.plugin(n.items[i], path)
	}
}

// plugin reads a command, or {command, timeout}.
func (d *decoder) plugin(n *node, path string) Plugin {
	p := Plugin{Timeout: DefaultPatience}
	command := n
	if n.kind == mapping {
		if !d.keys(n, path, "command", "timeout") {
			return p
		}
		d.require(n, path, "command", ": the program and its arguments")
		if command = n.get("command"); command == nil {
			return p
		}
		d.with(n, "timeout", func(v *node) {
			x, err := time.ParseDuration(d.text(v, path+".timeout"))
			if err != nil || x <= 0 {
				d.fail(v, path+".timeout", "", "a time such as 30s or 5m is expected, this is %q", v.text)
				return
			}
			p.Timeout = x
		})
	}
	before := len(d.problems)
	if command.kind == sequence {
		p.Command = d.names(command, path)
	} else if text := d.name(command, path); text != "" {
		words, err := split(text)
		if err != nil {
			d.fail(command, path, "or write a list: [python3, scorers.py]", "%v", err)
		}
		p.Command = words
	}
	if len(p.Command) == 0 && len(d.problems) == before {
		d.fail(command, path, "", "a command is expected, this is empty")
	}
	return p
}

// split cuts a command at its blanks, but not within single or double quotes. No shell
// reads it: there are no variables, globs or escapes.
func split(text string) ([]string, error) {
	var out []string
	var word strings.Builder
	quote, open := rune(0), false
	for _, r := range text {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, open = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if open || word.Len() > 0 {
				out = append(out, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteRune(r)
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("the quote %c is not closed", quote)
	}
	if open || word.Len() > 0 {
		out = append(out, word.String())
	}
	return out, nil
}

// answers reads the plug-in that answers for a model.
func (d *decoder) answers(n, v *node, path string, m *Model) {
	for _, key := range []string{"source", "score", "prediction", "probabilities", "interval"} {
		if n.get(key) != nil {
			d.fail(n.keyNode(key), path+"."+key, "remove one of them", "%s does not go with plugin: the plug-in gives the answers", key)
		}
	}
	name := d.pluginNamed(v, path+".plugin")
	m.Source = Source{Plugin: name, Model: m.Key}
	d.plan.sources[m.Key] = v
	if d.plan.Data.Columns.ID == "" {
		d.fail(v, path+".plugin", "add data.columns.id", "a plug-in's answers are joined on the id column, and none is declared")
	}
	if d.plan.Task == cases.Binary {
		m.Score = "score"
		return
	}
	m.Prediction = "prediction"
	if t := n.get("threshold"); t != nil {
		d.fail(t, path+".threshold", "", "threshold does not fit task %s", d.plan.Task)
	}
}

// pluginNamed reads the name of a plug-in: one of the plan's, or a program on the PATH.
func (d *decoder) pluginNamed(v *node, path string) string {
	name := d.name(v, path)
	if name != "" && !pluginName.MatchString(name) {
		d.fail(v, path, "declare it under plugins: {name: command}", "%q cannot be the name of a plug-in", name)
		return ""
	}
	if d.plan.programs == nil {
		d.plan.programs = map[string]*node{}
	}
	if _, ok := d.plan.programs[name]; !ok {
		d.plan.programs[name] = v
	}
	return name
}

func (d *decoder) scorers(n *node) {
	if n.kind != sequence {
		d.fail(n, "scorers", "write [{type: PLUGIN, as: NAME}]", "a list is expected, this is %s", n.kind)
		return
	}
	for i, v := range n.items {
		path := fmt.Sprintf("scorers[%d]", i)
		read := d.scorer
		switch {
		case d.plan.Task.Generative() && d.asksJudges(v):
			read = d.judgeScorer
		case d.plan.Task.Generative() && d.callsModel(v, "similar"):
			read = d.similarScorer
		case d.plan.Task.Generative() && d.callsModel(v, "classifier"):
			read = d.classifierScorer
		case d.plan.Task.Generative() && d.likeJudge(v, path):
			continue
		case d.plan.Task.Generative() && d.builtIn(v):
			read = d.builtInScorer
		}
		v, vouching := v.apart("labels", "cards")
		s, ok := read(v, path)
		if ok {
			d.vouching(vouching[0], vouching[1], path, &s)
		}
		switch {
		case !ok:
		case slices.ContainsFunc(d.plan.Scorers, func(x Scorer) bool { return x.As == s.As }):
			d.fail(v, path, "give one of them another name with `as`", "two scorers are called %q", s.As)
		default:
			d.plan.Scorers = append(d.plan.Scorers, s)
		}
	}
	if !d.plan.Task.Generative() { // else costs does
		d.cat = withScorers{d.cat, d.plan.Scorers}
	}
}

// scorer reads a plug-in's name, or {type, as, direction, range, pass_fail, judge}.
func (d *decoder) scorer(v *node, path string) (Scorer, bool) {
	s := Scorer{Direction: "up"}
	before := len(d.problems)
	at := path
	if v.kind != mapping {
		s.Type = d.pluginNamed(v, path)
		s.As = s.Type
	} else {
		if !d.keys(v, path, "type", "as", "direction", "range", "pass_fail", "judge") {
			return s, false
		}
		d.require(v, path, "type", ": the name of a plug-in")
		d.with(v, "type", func(n *node) { s.Type = d.pluginNamed(n, path+".type") })
		s.As = s.Type
		d.with(v, "as", func(n *node) { s.As, at = d.name(n, path+".as"), path+".as" })
		d.with(v, "direction", func(n *node) { s.Direction = d.choice(n, path+".direction", "up", "down", "none") })
		d.with(v, "range", func(n *node) { d.scoreRange(n, path+".range", &s) })
		d.with(v, "pass_fail", func(n *node) {
			s.PassFail = d.choice(n, path+".pass_fail", "true", "false") == "true"
			if s.PassFail && s.Lower != nil && (*s.Lower != 0 || *s.Upper != 1) {
				d.fail(n, path+".pass_fail", "leave range out", "scores that are 0 or 1 have the range [0, 1]")
			}
		})
		d.with(v, "judge", func(n *node) { s.ByJudge = d.choice(n, path+".judge", "true", "false") == "true" })
		if s.PassFail {
			zero, one := 0.0, 1.0
			s.Lower, s.Upper = &zero, &one
		}
	}
	return s, d.named(s, v, at, before)
}

// named checks a scorer's name, unless its entry is broken anyway.
func (d *decoder) named(s Scorer, v *node, at string, before int) bool {
	if len(d.problems) > before {
		if s.As != "" {
			d.brokenMetrics = append(d.brokenMetrics, s.As)
		}
		return false
	}
	if !scorerName.MatchString(s.As) {
		d.fail(v, at, "give it a name of letters, digits, _, - and . with `as`", "%q cannot be the name of a metric", s.As)
		return false
	}
	if _, taken := d.cat.Lookup(d.plan.Task, s.As); taken {
		d.fail(v, at, "give the scorer another name with `as`", "%s is a metric of the catalogue", s.As)
		return false
	}
	return true
}

func (d *decoder) scoreRange(n *node, path string, s *Scorer) {
	if n.kind != sequence || len(n.items) != 2 {
		d.fail(n, path, "", "two numbers [low, high] are expected")
		return
	}
	lo, ok1 := d.number(n.items[0], path+"[0]")
	hi, ok2 := d.number(n.items[1], path+"[1]")
	if ok1 && ok2 && lo >= hi {
		d.fail(n, path, "", "the first number must be below the second")
		return
	}
	s.Lower, s.Upper = &lo, &hi
}

// scored adds the metrics of scorers that `metrics` does not list.
func (d *decoder) scored() {
	for _, s := range d.plan.Scorers {
		if !slices.ContainsFunc(d.plan.Metrics, func(m Metric) bool { return m.Metric == s.As }) {
			d.plan.Metrics = append(d.plan.Metrics, Metric{Metric: s.As, As: s.As})
		}
	}
}

// ungraded reads the largest share of ungraded rows of a gate on a scorer's metric.
func (d *decoder) ungraded(v *node, path string, g *gate.Rule, info MetricInfo) {
	n := v.get("max_ungraded")
	switch {
	case info.Scorer:
		x := defaultMaxUngraded
		if n != nil {
			x = d.share(n, path+".max_ungraded")
		}
		g.MaxUngraded = &x
		if d.plan.Control != nil && !d.controllable(g.Metric) {
			d.fail(v.get("metric"), path+".metric", d.insteadOfControl(), "a degraded control has no scores of %s: its answers are those of other rows", g.Metric)
		}
	case n != nil && info.Name != "":
		d.fail(v.keyNode("max_ungraded"), path, "missing predictions are limited by data.max_missing", "max_ungraded goes with the metric of a scorer, and %s is none", g.Metric)
	}
}

// controllable reports whether the answers of a degraded control can be scored like any
// others: by a built-in scorer, without asking anybody, and without people's labels, which
// are of the candidate's answers.
func (d *decoder) controllable(metric string) bool {
	at := slices.IndexFunc(d.plan.Metrics, func(m Metric) bool { return m.As == metric })
	if at < 0 || !d.plan.Task.Generative() {
		return false
	}
	sc, ok := d.plan.ScorerOf(d.plan.Metrics[at])
	return ok && sc.BuiltIn() && sc.Labels == nil && sc.Cards == nil && sc.ofOneAnswer()
}

// insteadOfControl says what to do where no control can be made.
func (d *decoder) insteadOfControl() string {
	if d.plan.Task.Generative() {
		return "leave control out, or gate on scorers that ask nobody and that no labels correct; to see that the gates find a bad candidate, run the plan with answers that are bad: {provider: recorded, source: bad.jsonl}"
	}
	return "leave control out, or gate on another metric"
}

// withScorers is a catalogue that knows the plan's scorers too.
type withScorers struct {
	Catalogue
	scorers []Scorer
}

func (c withScorers) Lookup(t cases.Task, name string) (MetricInfo, bool) {
	for _, s := range c.scorers {
		if s.As == name {
			return MetricInfo{Name: name, Direction: s.Direction, Scorer: true}, true
		}
	}
	if info, ok := c.quantileInfo(name); ok {
		return info, true
	}
	return c.Catalogue.Lookup(t, name)
}

func (c withScorers) Names(t cases.Task) []string {
	out := c.Catalogue.Names(t)
	for _, s := range c.scorers {
		out = append(out, s.As)
	}
	return out
}

// PluginNames lists the plug-ins that the plan uses, sorted.
func (p *Plan) PluginNames() []string {
	var out []string
	for _, s := range p.Scorers {
		if s.Plugged() {
			out = append(out, s.Type)
		}
	}
	for _, m := range p.Models {
		if m.Source.Plugin != "" {
			out = append(out, m.Source.Plugin)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// PluginProblem is a problem with a plug-in, at the place that first names it.
func (p *Plan) PluginProblem(name, hint, format string, args ...any) *Errors {
	q := problemAt(p.programs[name], "plugins", hint, format, args...)
	return &Errors{List: tidy([]Problem{q}, p.File, p.source)}
}

// ModelProblem is a problem with a model, at its place in the plan.
func (p *Plan) ModelProblem(key, format string, args ...any) Problem {
	return tidy([]Problem{problemAt(p.sources[key], "models."+key, "", format, args...)}, p.File, p.source)[0]
}

// earlier reads the record whose candidate is the baseline: a file, a folder, a run of the
// workspace or a Git revision.
func (d *decoder) earlier(n, v *node, path string, m *Model) {
	for _, k := range n.keys {
		if k.text != "record" {
			d.fail(k, path+"."+k.text, "keep one of them", "%s does not go with record: the record says it", k.text)
		}
	}
	if m.Key != "baseline" {
		d.fail(v, path+".record", "", "only the baseline is taken from an earlier record")
	}
	m.Source = Source{Record: d.name(v, path+".record")}
	d.plan.sources[m.Key] = v
}
