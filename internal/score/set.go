package score

import (
	"fmt"
	"math"
)

// A set is several checks with a total, as promptfoo's tests and assert-sets are: each
// check passes or fails and has a score; the set's score is their mean by weight, and it
// passes when every check (but those of weight 0) passes or, with a threshold, when its score reaches it.
type set struct {
	checks    []member
	threshold *float64
}

// member is a scorer or a set in a set.
type member struct {
	scorer *Scorer
	set    *set
	weight float64
	metric string // name that its score is gathered under
	kind   string // its type, with not_
}

// verdict is what a set found on one output.
type verdict struct {
	ungraded string // why; then the rest means nothing
	pass     bool
	score    float64
	failed   string           // the first check that failed
	metrics  map[string]share // weighted scores by the checks' names
	kinds    map[string]share // passed checks by type, sets apart
}

// share is a sum and the weight that it stands for.
type share struct{ sum, of float64 }

func (s share) plus(x, w float64) share { return share{s.sum + x*w, s.of + w} }

const deepestSet = 4

// set reads a list of checks, each a map or one line.
func (n names) set(list []any, threshold *float64, depth int) (*set, error) {
	if depth > deepestSet {
		return nil, keyErr("", "", "sets stand in sets more than %d deep", deepestSet)
	}
	s := &set{threshold: threshold}
	for i, v := range list {
		c, err := n.check(v, depth)
		if err != nil {
			return nil, keyErr("", "", "check %d: %s", i+1, err)
		}
		s.checks = append(s.checks, c)
	}
	return s, nil
}

func (n names) check(v any, depth int) (member, error) {
	m, err := n.specMap(v)
	if err != nil {
		return member{}, err
	}
	spec, err := n.spec(m)
	if err != nil {
		return member{}, err
	}
	c := member{weight: spec.Weight, metric: spec.As, kind: Spec{Type: spec.Type, Not: spec.Not}.Name()}
	switch {
	case spec.Type == "checks":
		return c, keyErr("type", "", "checks stand in data, not in a list of checks")
	case spec.Type == "set" && !spec.Not && len(spec.Transform) == 0:
		list, _ := spec.Options["of"].([]any)
		c.set, err = n.set(list, spec.Threshold, depth+1)
		return c, err
	}
	if c.scorer, err = n.scorer(spec); err != nil {
		return c, err
	}
	if !c.scorer.binary() {
		hint := "give it a threshold"
		if c.scorer.Entry.Direction == None {
			hint = "give min and max"
		}
		return c, keyErr("threshold", hint, "missing: a check passes or fails, and %s is a number", spec.Type)
	}
	return c, nil
}

// on runs the checks on an output, in their order.
func (s *set) on(c *Case) verdict {
	out := verdict{pass: true, metrics: map[string]share{}, kinds: map[string]share{}}
	total := share{}
	for i := range s.checks {
		k := &s.checks[i]
		var pass bool
		var value float64
		var evidence string
		if k.set != nil {
			v := k.set.on(c)
			if v.ungraded != "" {
				return v
			}
			pass, value, evidence = v.pass, v.score, v.failed
			for name, x := range v.metrics {
				if name != k.metric && x.of > 0 { // a set's own name stands above those in it
					out.metrics[name] = out.metrics[name].plus(x.sum/x.of, x.of*k.weight)
				}
			}
			for kind, x := range v.kinds {
				out.kinds[kind] = share{out.kinds[kind].sum + x.sum, out.kinds[kind].of + x.of}
			}
		} else {
			r := k.scorer.Score(c)
			if !r.Graded {
				return verdict{ungraded: k.kind + ": " + r.Reason}
			}
			pass = r.Value == 1
			value, evidence = k.value(r), k.kind
			if r.Evidence != "" {
				evidence += ": " + r.Evidence
			}
			out.kinds[k.kind] = out.kinds[k.kind].plus(bit(pass), 1)
			pass = pass || k.weight == 0 // it counts in the metric of its name alone
		}
		total = total.plus(value, k.weight)
		if k.metric != "" {
			out.metrics[k.metric] = out.metrics[k.metric].plus(value, k.weight)
		}
		if !pass {
			if out.pass {
				out.failed = evidence
			}
			out.pass = false
		}
	}
	if total.of > 0 {
		out.score = total.sum / total.of
	}
	if s.threshold != nil {
		out.pass = out.score >= *s.threshold
	}
	return out
}

// value is what a check adds to the set's score: where its scorer is a number from 0 to 1,
// that number, else 1 or 0.
func (k *member) value(r Score) float64 {
	e := k.scorer.Entry
	if k.scorer.Spec.Threshold == nil || e.Lo != 0 || e.Hi != 1 || math.IsNaN(r.Raw) {
		return r.Value
	}
	if k.scorer.Spec.Not {
		return 1 - r.Raw
	}
	return r.Raw
}

// plain reports whether the checks read nothing but the output and the case's columns,
// time, tokens and cost.
func (s *set) plain() bool {
	for i := range s.checks {
		k := &s.checks[i]
		if k.set != nil && !k.set.plain() {
			return false
		}
		if k.scorer != nil {
			switch k.scorer.Entry.Group {
			case "Text", "Structure", "Safety", "Cost", "Instruction following":
			default:
				return false
			}
		}
	}
	return true
}

func setEntries() []*Entry {
	e := &Entry{Name: "set", Aliases: []string{"assert-set"}, Group: "Checks", Lo: 0, Hi: 1, Direction: Up, Oracle: "promptfoo",
		Meaning: "1 if all scorers of a list pass, or, with a threshold, if the mean of their scores by `weight` reaches it; that mean itself with give: score",
		Params: []Param{
			{Name: "of", Kind: Scorers, Required: true, Doc: "the scorers, each with a threshold unless it is 0 or 1; `weight` counts in the mean"},
			{Name: "give", Kind: Text, Default: "pass", OneOf: []string{"pass", "score"}, Doc: "1 or 0, or the mean by weight"},
		}}
	e.build = func(a *args) (kernel, error) {
		list, _ := a.option("of").([]any)
		if len(list) == 0 {
			return nil, keyErr("of", "", "expected a list of scorers, found none")
		}
		s, err := newNames().set(list, nil, 1)
		if err != nil {
			return nil, keyErr("of", "", "%v", err)
		}
		return &total{known: s, of: func(*Case) (*set, string) { return s, "" }, mean: a.text("give") == "score" || a.Threshold != nil}, nil
	}
	return []*Entry{e, checksEntry()}
}

// total is the kernel of set and checks.
type total struct {
	known  *set // the plan's own; nil: each case has one
	of     func(*Case) (*set, string)
	mean   bool
	metric string
	kind   string
}

func (t *total) inner() []*Scorer { return t.known.scorers() }

func (s *set) scorers() (out []*Scorer) {
	if s == nil {
		return nil
	}
	for _, k := range s.checks {
		out = append(out, k.set.scorers()...)
		if k.scorer != nil {
			out = append(out, k.scorer)
		}
	}
	return out
}

func (t *total) isBinary() bool { return !t.mean && t.metric == "" && t.kind == "" }

func (t *total) score(c *Case) Score {
	s, why := t.of(c)
	if why != "" {
		return ungraded(why)
	}
	var v verdict
	if c.Checks != nil && c.Checks.set == s {
		v = c.Checks.on(c)
	} else {
		v = s.on(c)
	}
	if v.ungraded != "" {
		return ungraded(v.ungraded)
	}
	of := func(x share, what, name string) Score {
		if !(x.of > 0) {
			return ungraded(fmt.Sprintf("the case has no check %s %s", what, name))
		}
		return graded(x.sum/x.of, v.failed)
	}
	switch {
	case t.metric != "":
		return of(v.metrics[t.metric], "called", t.metric)
	case t.kind != "":
		return of(v.kinds[t.kind], "of type", t.kind)
	case t.mean:
		return graded(v.score, v.failed)
	}
	return yes(v.pass, v.failed)
}
