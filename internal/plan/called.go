package plan

import (
	"fmt"
	"slices"
	"strings"
)

// Called is an entry under `embeddings` or `classifiers`: a model that scorers ask about
// single texts.
type Called struct {
	Key string `json:"key"`
	*Answers
}

// section is a part of the plan that holds such models.
type section struct {
	name      string // its key
	one       string
	write     string // an entry
	providers []string
	api       string // of openai and azure
}

func embeddings() section {
	return section{"embeddings", "an embedding model", "{provider: openai, base_url: …, model: …}", []string{"openai", "azure"}, "embeddings"}
}

func classifiers() section {
	return section{"classifiers", "a classifier", "{provider: http, base_url: …, body: {text: \"{{prompt}}\"}, answer: $.score}", []string{"http", "command", "openai"}, "moderations"}
}

func (p *Plan) section(x section) *[]Called {
	if x.name == embeddings().name {
		return &p.Embeddings
	}
	return &p.Classifiers
}

func isCalled(path string) bool {
	return strings.HasPrefix(path, embeddings().name+".") || strings.HasPrefix(path, classifiers().name+".")
}

// Asks lists who is asked about the answers that a scorer scores: judges by their key,
// others by the section before it ("embeddings.mini"). None: the scorer asks nobody, or a
// plug-in.
func (s Scorer) Asks() []string {
	switch {
	case s.Judge != nil:
		return s.Judge.Judges
	case s.Similar != nil:
		return []string{embeddings().name + "." + s.Similar.Embeddings}
	case s.Classified != nil:
		return []string{classifiers().name + "." + s.Classified.Classifier}
	}
	return nil
}

// AsksAboutTexts reports whether a scorer asks an embedding model or a classifier.
func (s Scorer) AsksAboutTexts() bool { return s.Similar != nil || s.Classified != nil }

// Identity of those that Asks names, with all that they are asked; "" where it names none.
func (s Scorer) Identity() string {
	switch {
	case s.Judge != nil:
		return s.Judge.Identity
	case s.Similar != nil:
		return s.Similar.Identity
	case s.Classified != nil:
		return s.Classified.Identity
	}
	return ""
}

// Asked finds one of those that s.Asks names. nil: the plan has no such entry.
func (p *Plan) Asked(s Scorer, key string) *Answers {
	if s.AsksAboutTexts() {
		name, key, _ := strings.Cut(key, ".")
		for _, x := range *p.section(section{name: name}) {
			if x.Key == key {
				return x.Answers
			}
		}
		return nil
	}
	if j := p.Judge(key); j != nil {
		return j.Answers
	}
	return nil
}

// AskedProblem is a problem with one of those that s.Asks names, at its place in the plan.
func (p *Plan) AskedProblem(s Scorer, key, format string, args ...any) Problem {
	path := key
	if s.Judge != nil {
		path = "judges." + key
	}
	return tidy([]Problem{problemAt(p.sources[path], path, "", format, args...)}, p.File, p.source)[0]
}

// called reads a section of models that scorers ask about texts.
func (d *decoder) called(n *node, in section) {
	if !d.plan.Task.Generative() {
		d.fail(n, in.name, "leave it out", "%s read answers, and task %s has none", in.name, d.plan.Task)
		return
	}
	if n.kind != mapping {
		d.fail(n, in.name, "write {mini: "+in.write+"}", "a mapping of models is expected, this is %s", n.kind)
		return
	}
	for i, k := range n.keys {
		path := in.name + "." + k.text
		v := n.items[i]
		before := len(d.problems)
		a := &Answers{Samples: 1}
		switch p := v.get("provider"); {
		case !pluginName.MatchString(k.text):
			d.fail(k, path, "use letters, digits, _, - and .", "%q cannot be the name of %s", k.text, in.one)
		case v.kind != mapping:
			d.fail(v, path, "write "+in.write, "a mapping is expected, this is %s", v.kind)
		case p != nil && !slices.Contains(in.providers, p.text):
			d.fail(p, path+".provider", didYouMean(p.text, in.providers), "the provider of %s is one of %s, this is %q", in.one, strings.Join(in.providers, ", "), p.text)
		case d.provided(v, path, a):
			d.complete(v, path, a)
		}
		if len(d.problems) > before {
			d.brokenCalled = append(d.brokenCalled, path)
			continue
		}
		if a.Provider == "openai" || a.Provider == "azure" {
			a.API = in.api
		}
		d.plan.sources[path] = v
		to := d.plan.section(in)
		*to = append(*to, Called{k.text, a})
	}
}

// callsModel reports whether an entry under `scorers` is of a type that asks a model about
// single texts. A plug-in of that name stands above it.
func (d *decoder) callsModel(v *node, kind string) bool {
	name := v.text
	if t := v.get("type"); t != nil {
		name = t.text
	}
	_, plugged := d.plan.Plugins[name]
	return name == kind && !plugged
}

// modelNamed reads the name of a model of a section.
func (d *decoder) modelNamed(n *node, path string, in section) string {
	name := d.name(n, path)
	var known []string
	for _, x := range *d.plan.section(in) {
		known = append(known, x.Key)
	}
	if name != "" && !slices.Contains(known, name) && !slices.Contains(d.brokenCalled, in.name+"."+name) {
		hint := didYouMean(name, known)
		if len(known) == 0 {
			hint = fmt.Sprintf("add %s: {%s: %s}", in.name, name, in.write)
		}
		d.fail(n, path, hint, "the plan has no %s %q", in.name, name)
	}
	return name
}

// once reports whether each model answers a case once, so that the score of a case is one
// score and no mean.
func (p *Plan) once() bool {
	return !slices.ContainsFunc(p.Models, func(m Model) bool { return m.Answers != nil && m.Answers.Samples > 1 })
}
