package plan

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/score"
)

// builtIn reports whether an entry under `scorers` is of a type that the program has.
// A plug-in of that name stands above it.
func (d *decoder) builtIn(v *node) bool {
	name := v.text
	if v.kind == mapping {
		t := v.get("type")
		if t == nil {
			return true // told there
		}
		name = t.text
	}
	if _, ok := d.plan.Plugins[name]; ok {
		return false
	}
	if v.kind == scalarString {
		if _, known, _ := score.ParseShort(name); known {
			return true
		}
		name, _, _ = strings.Cut(name, ":")
	}
	if _, _, ok := score.Find(name); ok {
		return true
	}
	var names []string
	for _, e := range score.Entries() {
		names = append(append(names, e.Name), e.Aliases...)
	}
	return nearest(name, names) != "" // a slip of the pen, more likely than a program of that name
}

// asksJudges reports whether an entry under `scorers` is of a type that asks judges. A
// plug-in of that name stands above it.
func (d *decoder) asksJudges(v *node) bool {
	name := v.text
	if t := v.get("type"); t != nil {
		name = t.text
	}
	if _, ok := d.plan.Plugins[name]; ok {
		return false
	}
	return slices.Contains(judgeTypes(), name)
}

// builtInScorer reads a scorer of the program's own: flat, as in promptfoo.
func (d *decoder) builtInScorer(v *node, path string) (Scorer, bool) {
	before := len(d.problems)
	spec := map[string]any{"type": v.text}
	if short, known, err := score.ParseShort(v.text); v.kind == scalarString && known {
		for _, e := range keyErrors(err) {
			d.fail(v, path, e.Hint, "%s", e.Problem)
		}
		if spec = short; err != nil {
			return Scorer{}, false
		}
	}
	if v.kind == mapping {
		spec, _ = v.plain().(map[string]any)
	}
	s := Scorer{Spec: spec}
	if as, ok := spec["as"].(string); ok {
		s.As = as
	}
	sc, err := score.Parse(spec)
	for _, e := range keyErrors(err) {
		at, where := v, path
		if n := v.get(e.Key); n != nil {
			at, where = n, path+"."+e.Key
		}
		d.fail(at, where, e.Hint, "%s", e.Problem)
	}
	if sc != nil {
		s.Type, s.As, s.Direction, s.PassFail = sc.Entry.Name, sc.Name(), string(sc.Direction()), sc.PassFail()
		d.scorerFits(v, path, sc)
		s.Lower, s.Upper = finite(sc.Range())
		for _, m := range d.plan.Models {
			s.PassFail = s.PassFail && (m.Answers == nil || m.Answers.Samples == 1) // averaged within the case
		}
	}
	return s, d.named(s, v, path, before)
}

func keyErrors(err error) []*score.KeyError {
	var out []*score.KeyError
	var k *score.KeyError
	switch x := err.(type) { //nolint:errorlint // a tree of errors is walked
	case nil:
	case interface{ Unwrap() []error }:
		for _, e := range x.Unwrap() {
			out = append(out, keyErrors(e)...)
		}
	default:
		if !errors.As(err, &k) {
			k = &score.KeyError{Problem: err.Error()}
		}
		out = append(out, k)
	}
	return out
}

// scorerFits asks that the cases have what the scorer reads.
func (d *decoder) scorerFits(v *node, path string, sc *score.Scorer) {
	if w := v.get("weight"); w != nil {
		d.fail(v.keyNode("weight"), path+".weight", "leave it out, or write {type: set, of: [...]}", "a scorer by itself is in no total: only those of a set have weights")
	}
	d.caseHas(v, path, sc)
	for _, key := range []string{"value", "of", "scorer"} {
		if n := v.get(key); n != nil {
			d.scorerVariables(n, path+"."+key)
		}
	}
	for _, x := range sc.Entry.Params {
		if !x.Filled {
			continue
		}
		if n := v.get(x.Name); n != nil {
			d.scorerVariables(n, path+"."+x.Name)
		} else if text, ok := x.Default.(string); ok {
			d.templateColumns(text, v, path+"."+x.Name)
		}
	}
	if v.kind == scalarString { // in one line
		d.scorerVariables(v, path)
	}
}

// caseHas asks that the cases and the models give what a scorer, or one within it, needs.
func (d *decoder) caseHas(v *node, path string, sc *score.Scorer) {
	for _, inner := range sc.Inner() {
		d.caseHas(v, path, inner)
	}
	c := d.plan.Data.Columns
	switch sc.Entry.Needs {
	case "checks":
		if c.Checks == "" {
			d.fail(v, path, "name the column of each case's checks in data.columns.checks", "%s runs the checks that a case brings, and the cases bring none", sc.Entry.Name)
		}
	case "scores beside the answers":
		for _, m := range d.plan.Models {
			if m.Answers != nil && !m.Answers.Recorded() {
				d.fail(v, path, "take provider: recorded, or another scorer", "%s reads scores beside recorded answers, and models.%s answers itself", sc.Entry.Name, m.Key)
			}
		}
	case "reference":
		if c.Reference == "" && !sc.Spec.HasValue {
			d.fail(v, path, "name the column in data.columns.reference, or give a value", "%s compares with a right answer, and the cases have none", sc.Entry.Name)
		}
	case "ranked contexts and relevant ids":
		if c.Relevant == "" {
			d.fail(v, path, "name the column of relevant ids in data.columns.relevant", "%s asks which passages are relevant, and the cases do not say", sc.Entry.Name)
		}
	case score.NeedsGroup:
		d.groupFits(v, path, sc)
	case "two outputs or more", "k outputs or more":
		for _, m := range d.plan.Models {
			if m.Answers != nil && m.Answers.Samples < 2 {
				d.fail(v, path, "set samples: 5 in models."+m.Key, "%s compares the answers of one case, and models.%s gives one", sc.Entry.Name, m.Key)
			}
		}
	}
	if k := v.get("k"); k != nil && sc.Entry.Needs == "k outputs or more" {
		d.enoughSamples(k, path+".k", sc.Entry.Name)
	}
}

// enoughSamples refuses k above the answers of a case before any is asked for: every case would be ungraded.
func (d *decoder) enoughSamples(k *node, path, scorer string) {
	want, err := strconv.Atoi(k.text)
	if err != nil {
		return // told by the scorer
	}
	for _, m := range d.plan.Models {
		if m.Answers != nil && m.Answers.Samples > 1 && m.Answers.Samples < want {
			d.fail(k, path, fmt.Sprintf("set samples: %d or more in models.%s, or a smaller k", want, m.Key),
				"%s of k: %d cannot be estimated from %d answers to a case (models.%s)", scorer, want, m.Answers.Samples, m.Key)
		}
	}
}

// scorerVariables refers to the columns that a scorer's value names.
func (d *decoder) scorerVariables(n *node, path string) {
	for _, x := range n.items {
		d.scorerVariables(x, path)
	}
	if n.kind != scalarString {
		return
	}
	d.templateColumns(n.text, n, path)
}

// templateColumns refers to the columns that a template reads; at is where it is asked for.
func (d *decoder) templateColumns(text string, at *node, path string) {
	t, err := score.ParseTemplate(text)
	if err != nil {
		return // told by the scorer
	}
	for _, name := range t.Variables() {
		root := name
		for i, r := range name {
			if r == '.' {
				root = name[:i]
				break
			}
		}
		if root == "reference" && d.plan.Data.Columns.Reference != "" || root == "question" && d.plan.Data.Columns.Question != "" {
			continue
		}
		d.plan.refer(root, Source{}, path, at)
	}
}

func finite(lo, hi float64) (l, h *float64) {
	if lo-lo != 0 || hi-hi != 0 { // one of them is infinite
		return nil, nil
	}
	return &lo, &hi
}

// costNames are what answers carry of themselves: metrics without an entry under scorers.
func costNames() []string { return []string{"latency", "tokens_in", "tokens_out", "cost"} }

// costs adds the scorers that metrics or gates name without an entry of their own.
func (d *decoder) costs(root *node) {
	if !d.plan.Task.Generative() {
		return
	}
	named := func(section string) []string {
		var out []string
		list := root.get(section)
		if list == nil {
			return nil
		}
		for _, x := range list.items {
			if x.kind == mapping {
				of := x.get("of")
				if x = x.get("metric"); x == nil {
					continue
				}
				if of != nil && x.text == quantileName {
					x = of
				}
			}
			out = append(out, x.text)
			if scorer, _, ok := shortQuantile(x.text); ok {
				out = append(out, scorer)
			}
		}
		return out
	}
	for _, name := range append(named("metrics"), named("gates")...) {
		if !slices.Contains(costNames(), name) || slices.ContainsFunc(d.plan.Scorers, func(s Scorer) bool { return s.As == name }) {
			continue
		}
		d.plan.Scorers = append(d.plan.Scorers, Scorer{Type: name, As: name, Direction: "down", Spec: map[string]any{"type": name}})
	}
	if len(d.plan.Scorers) == 0 && root.get("scorers") == nil {
		d.fail(root, "", "add scorers: [{type: contains, value: \"{{answer}}\"}]", "a plan of task %s needs scorers: nothing else says what a good answer is", d.plan.Task)
	}
	d.cat = withScorers{d.cat, d.plan.Scorers}
}
