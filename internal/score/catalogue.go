package score

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// Direction says which way is good.
type Direction string

// Directions.
const (
	Up   Direction = "up"
	Down Direction = "down"
	None Direction = "none" // good or bad by the plan alone
)

// Entry is one scorer of the catalogue.
type Entry struct {
	Name    string
	Aliases []string // promptfoo's and others' names; - and _ are the same
	Group   string
	Meaning string
	Value   string // what `value` is
	Needs   string // what the case must have
	Lo, Hi  float64
	Direction
	Binary bool   // the value is 0 or 1
	Oracle string // package it agrees with, or "own vectors"
	Params []Param

	build func(*args) (kernel, error)
}

// Entries is the catalogue in the order of its groups.
func Entries() []*Entry {
	var all []*Entry
	for _, family := range []func() []*Entry{
		exactEntries, containsEntries, regexEntries, countEntries, choiceEntries, numericEntries, mathEntries,
		overlapEntries, editEntries, bleuEntries, sentenceBLEUEntries, chrfEntries, terEntries, rougeEntries, meteorEntries,
		jsonEntries, schemaEntries, markupEntries, diffEntries, listEntries, ifevalEntries, retrievalEntries,
		codeEntries, sqlEntries, consistencyEntries, trialEntries, groupEntries, leakEntries, refusalEntries, abstentionEntries, likelihoodEntries, costEntries,
		setEntries, recordedEntries,
	} {
		all = append(all, family()...)
	}
	return all
}

// Find looks a type up by name or alias, with or without `not-`.
func Find(written string) (e *Entry, not, ok bool) { return newNames().find(written) }

// names is the catalogue by canonical names and aliases.
type names map[string]*Entry

func newNames() names {
	out := names{}
	for _, e := range Entries() {
		for _, name := range append([]string{e.Name}, e.Aliases...) {
			if _, taken := out[canonical(name)]; !taken {
				out[canonical(name)] = e
			}
		}
	}
	return out
}

func (n names) find(written string) (e *Entry, not, ok bool) {
	name := canonical(written)
	if e, ok := n[name]; ok {
		return e, false, true
	}
	rest, not := strings.CutPrefix(name, "not_")
	e, ok = n[rest]
	return e, not, ok && not
}

func allNames() []string {
	var out []string
	for _, e := range Entries() {
		out = append(out, e.Name)
		out = append(out, e.Aliases...)
	}
	return out
}

// New makes a scorer. Errors are *KeyError: a value that the type cannot use.
func New(s Spec) (*Scorer, error) { return newNames().scorer(s) }

func (n names) scorer(s Spec) (*Scorer, error) {
	e, _, ok := n.find(s.Type)
	if !ok {
		return nil, keyErr("type", nearest(s.Type, allNames()), "%q is not a scorer", s.Type)
	}
	out := &Scorer{Entry: e, Spec: s}
	for _, name := range s.Transform {
		f, err := newTransform(name)
		if err != nil {
			return nil, err
		}
		out.transforms = append(out.transforms, f)
	}
	if s.Threshold != nil && e.Direction == None && !e.Binary {
		return nil, keyErr("threshold", "use min and max", "neither more nor less is better in %s", e.Name)
	}
	if e.Value == "" && s.HasValue {
		return nil, keyErr("value", "leave it out", "%s takes none", e.Name)
	}
	a := &args{Spec: s, entry: e, written: canonical(strings.TrimPrefix(canonical(s.Written), "not_"))}
	k, err := e.build(a)
	if err != nil {
		return nil, err
	}
	out.kernel = k
	if lo, hi := out.Range(); s.Not && (lo != 0 || hi != 1) {
		return nil, keyErr("type", "give a threshold", "not-%s needs one: its values are not between 0 and 1", e.Name)
	}
	return out, nil
}

// Parse is ParseSpec and New.
func Parse(m map[string]any) (*Scorer, error) {
	s, err := ParseSpec(m)
	if err != nil {
		return nil, err
	}
	return New(s)
}

// args gives a builder its options, with their defaults.
type args struct {
	Spec
	entry   *Entry
	written string // the name or alias that was written, canonical
}

func (a *args) option(name string) any {
	if v, ok := a.Options[name]; ok {
		return v
	}
	for _, p := range a.entry.Params {
		if p.Name == name {
			return p.Default
		}
	}
	panic("score: no parameter " + name + " of " + a.entry.Name)
}

func (a *args) flag(name string) bool { v, _ := a.option(name).(bool); return v }
func (a *args) text(name string) string {
	v, _ := a.option(name).(string)
	return v
}
func (a *args) number(name string) (float64, bool) { return number(a.option(name)) }
func (a *args) whole(name string) int {
	f, _ := a.number(name)
	return int(f)
}
func (a *args) list(name string) []string { v, _ := textList(a.option(name)); return v }

// values is `value` as one text or a list of them; it is required.
func (a *args) values(what string) (*texts, error) {
	if !a.HasValue {
		return nil, keyErr("value", "", "missing: %s needs %s", a.entry.Name, what)
	}
	list, ok := scalarList(a.Value)
	if !ok {
		return nil, keyErr("value", "", "expected %s, found %s", what, kindOf(a.Value))
	}
	if len(list) == 0 {
		return nil, keyErr("value", "", "expected %s, found an empty list", what)
	}
	t, err := newTexts(list)
	if err != nil {
		return nil, keyErr("value", "", "%v", err)
	}
	return t, nil
}

// scalarList is textList that takes a bare number or bool too.
func scalarList(v any) ([]string, bool) {
	switch v.(type) {
	case bool, int, int64, uint64, float64, json.Number:
		s, _ := variableText(v)
		return []string{s}, true
	}
	return textList(v)
}

// references are what the output is compared with: `value`, else the case's own.
type references struct{ value *texts }

func (a *args) references() (*references, error) {
	if !a.HasValue {
		return &references{}, nil
	}
	t, err := a.values("a reference or a list of references")
	return &references{value: t}, err
}

func (r *references) of(c *Case) ([]string, string) {
	if r.value != nil {
		list, err := r.value.of(c)
		if err != nil {
			return nil, err.Error()
		}
		return list, ""
	}
	if len(c.References) == 0 {
		return nil, "the case has no reference"
	}
	return c.References, ""
}

// best is the kernel that takes the best of the references.
type best struct {
	refs *references
	down bool
	one  func(output, reference string) (float64, string)
}

func (b *best) score(c *Case) Score {
	refs, why := b.refs.of(c)
	if why != "" {
		return ungraded(why)
	}
	out := Score{Value: math.Inf(-1), Graded: true}
	if b.down {
		out.Value = math.Inf(1)
	}
	for _, r := range refs {
		v, evidence := b.one(c.Output, r)
		if b.down && v < out.Value || !b.down && v > out.Value {
			out.Value, out.Evidence = v, evidence
		}
	}
	return out
}

func refEntry(name, group, meaning, oracle string) *Entry {
	return &Entry{Name: name, Group: group, Meaning: meaning, Lo: 0, Hi: 1, Direction: Up, Oracle: oracle,
		Value: "reference or list of references; without it the case's own", Needs: "reference"}
}

// transform changes the output before it is scored.
type transform func(string) (string, error)

func newTransform(s string) (transform, error) {
	name, arg, _ := strings.Cut(s, ":")
	switch canonical(name) {
	case "trim":
		return plain(strings.TrimSpace), nil
	case "lower":
		return plain(lower), nil
	case "upper":
		return plain(strings.ToUpper), nil
	case "first_line":
		return plain(func(s string) string { s, _, _ = strings.Cut(strings.TrimSpace(s), "\n"); return strings.TrimSpace(s) }), nil
	case "last_line":
		return plain(func(s string) string {
			s = strings.TrimSpace(s)
			return strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:])
		}), nil
	case "strip_fence":
		return plain(stripFence), nil
	case "json":
		return jsonPath(arg), nil
	case "regex":
		return regexTransform(arg)
	case "after":
		if arg == "" {
			return nil, keyErr("transform", "", "after: expected the text to look for, as in after:</think>")
		}
		return plain(func(s string) string {
			if i := strings.LastIndex(s, arg); i >= 0 {
				return s[i+len(arg):]
			}
			return s
		}), nil
	}
	return nil, keyErr("transform", nearest(name, transformNames()), "%q is not a transform: expected one of %s", name, strings.Join(transformNames(), ", "))
}

func transformNames() []string {
	return []string{"trim", "lower", "upper", "first_line", "last_line", "strip_fence", "json:PATH", "regex:PATTERN", "after:TEXT"}
}

func plain(f func(string) string) transform {
	return func(s string) (string, error) { return f(s), nil }
}

func bitInt(ok bool) int {
	if ok {
		return 1
	}
	return 0
}

// stripFence takes the content of the one Markdown fence that the text consists of.
func stripFence(s string) string {
	t := strings.TrimSpace(s)
	if len(t) < 6 || !strings.HasPrefix(t, "```") || !strings.HasSuffix(t, "```") {
		return s
	}
	_, body, ok := strings.Cut(t[:len(t)-3], "\n")
	if !ok {
		return s
	}
	return strings.TrimSpace(body)
}

// jsonPath takes the value at a dotted path out of JSON.
func jsonPath(path string) transform {
	return func(s string) (string, error) {
		v, err := parseJSON(stripFence(s))
		if err != nil {
			return "", fmt.Errorf("the output is not JSON: %w", err)
		}
		if path == "" {
			return variableText(v)
		}
		at, ok := follow(v, path)
		if !ok {
			return "", fmt.Errorf("the output has nothing at %q", path)
		}
		return variableText(at)
	}
}
