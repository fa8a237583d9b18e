package plan

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/fairtrial/fairtrial/internal/rubric"
)

// rubric reads {criterion, levels, …}, or the name of a YAML file beside the plan that
// holds it.
func (d *decoder) rubric(v *node, path string, r *rubric.Rubric) (file string) {
	before := len(d.problems)
	if v.kind != mapping {
		if file = d.name(v, path); file == "" {
			return ""
		}
		src, err := d.beside(file)
		if err != nil {
			d.fail(v, path, "a file beside the plan, or {criterion: …, levels: […]}", "the rubric %s: %v", file, reason(err))
			return file
		}
		root, bad := parseYAML(src)
		o := &origin{file: file, src: src}
		if bad != nil {
			d.problems = append(d.problems, o.place(*bad))
			return file
		}
		stamp(root, o)
		v, path = root, "rubric"
	}
	if !d.keys(v, path, "criterion", "levels", "tree", "shows", "evidence", "examples") {
		return file
	}
	r.Evidence = true
	d.with(v, "criterion", func(n *node) { r.Criterion = d.name(n, path+".criterion") })
	d.with(v, "levels", func(n *node) { r.Levels = d.levels(n, path+".levels") })
	d.with(v, "tree", func(n *node) { r.Tree = d.tree(n, path+".tree", 1) })
	d.with(v, "evidence", func(n *node) { r.Evidence = d.choice(n, path+".evidence", "true", "false") == "true" })
	d.with(v, "examples", func(n *node) { r.Examples = d.rubricExamples(n, path+".examples") })
	r.Shows = d.shows(v, path+".shows")
	if len(d.problems) == before {
		if err := r.Check(); err != nil {
			d.fail(v, path, "", "%v", err)
		}
	}
	if len(d.problems) > before {
		return file
	}
	for _, q := range r.Words() {
		if m := placeholder.FindString(q.Instructions); m != "" {
			d.fail(v, path, "leave it out: shows says what the judge sees, and it is put below the rubric", "a rubric is no template: %s would be sent as it stands", m)
			break
		}
	}
	return file
}

// placeholder is what prompts of other programs put into their rubrics.
var placeholder = regexp.MustCompile(`\{\{\s*(question|input|answer|output|response|completion|reference|expected|contexts?)\s*\}\}`)

// shows is what the judge sees: what is listed and the answer, or all that the cases have
// but the reference.
func (d *decoder) shows(v *node, path string) []string {
	c := d.plan.Data.Columns
	n := v.get("shows")
	if n == nil {
		var out []string
		if c.Question != "" {
			out = append(out, "question")
		}
		if c.Contexts != "" || d.plan.Task == "rag" {
			out = append(out, "contexts")
		}
		if c.Reference != "" {
			out = append(out, "reference")
		}
		return append(out, "answer")
	}
	if n.kind != sequence {
		d.fail(n, path, "write [question, answer, reference]", "a list is expected, this is %s", n.kind)
		return []string{"answer"}
	}
	listed := map[string]bool{}
	for i, x := range n.items {
		at := fmt.Sprintf("%s[%d]", path, i)
		before := len(d.problems)
		part := d.choice(x, at, rubric.Parts()...)
		switch {
		case len(d.problems) > before:
			listed["answer"] = true // perhaps that is what is meant
		case listed[part]:
			d.fail(x, at, "", "%s stands here twice", part)
		default:
			listed[part] = true
		}
	}
	if !listed["answer"] {
		d.fail(n, path, "add answer", "the judge must see the answer")
	}
	return slices.DeleteFunc(rubric.Parts(), func(part string) bool { return !listed[part] })
}

func (d *decoder) levels(n *node, path string) []rubric.Level {
	if n.kind != sequence {
		d.fail(n, path, "write [{value: 1, name: good, means: …}, {value: 0, name: bad, means: …}]", "a list of levels is expected, this is %s", n.kind)
		return nil
	}
	var out []rubric.Level
	for i, x := range n.items {
		at := fmt.Sprintf("%s[%d]", path, i)
		if !d.keys(x, at, "value", "name", "means") {
			continue
		}
		var l rubric.Level
		d.require(x, at, "value", ": the number that counts")
		d.require(x, at, "means", ": when an answer is of this level")
		d.with(x, "value", func(v *node) {
			l.Value, _ = d.number(v, at+".value")
			l.Name = v.text
		})
		d.with(x, "name", func(v *node) { l.Name = d.name(v, at+".name") })
		d.with(x, "means", func(v *node) { l.Means = d.name(v, at+".means") })
		out = append(out, l)
	}
	return out
}

// tree reads {ask: …, yes: …, no: …} or {ask: …, options: {NAME: …}}; what an option leads
// to is a number or another question.
func (d *decoder) tree(n *node, path string, depth int) *rubric.Node {
	if n.kind != mapping {
		d.fail(n, path, "write {ask: …, yes: 1, no: 0}", "a question is expected, this is %s", n.kind)
		return nil
	}
	if depth > rubric.MaxDepth {
		d.fail(n, path, "", "more than %d questions one after the other", rubric.MaxDepth)
		return nil
	}
	out := &rubric.Node{}
	options := n
	if n.get("options") != nil {
		if !d.keys(n, path, "ask", "options") {
			return nil
		}
		if options = n.get("options"); options.kind != mapping {
			d.fail(options, path+".options", "write {good: 1, bad: 0}", "a mapping of options is expected, this is %s", options.kind)
			return nil
		}
		path += ".options"
	} else if !d.keys(n, path, "ask", "yes", "no") {
		return nil
	} else {
		d.require(n, path, "yes", ": a value, or the next question")
		d.require(n, path, "no", ": a value, or the next question")
	}
	d.require(n, path, "ask", ": the question")
	d.with(n, "ask", func(v *node) { out.Ask = d.name(v, path+".ask") })
	for i, k := range options.keys {
		if options == n && k.text == "ask" {
			continue
		}
		o, v, at := rubric.Option{Name: k.text}, options.items[i], path+"."+k.text
		if v.kind == mapping {
			if o.Then = d.tree(v, at, depth+1); o.Then == nil {
				continue
			}
		} else if x, ok := d.number(v, at); ok {
			o.Value = &x
		}
		out.Options = append(out.Options, o)
	}
	return out
}

func (d *decoder) rubricExamples(n *node, path string) []rubric.Example {
	if n.kind != sequence {
		d.fail(n, path, "write [{question: …, answer: …, evidence: […], level: good}]", "a list of judged answers is expected, this is %s", n.kind)
		return nil
	}
	var out []rubric.Example
	for i, x := range n.items {
		at := fmt.Sprintf("%s[%d]", path, i)
		if !d.keys(x, at, "question", "contexts", "reference", "answer", "evidence", "reasoning", "level") {
			continue
		}
		var e rubric.Example
		d.require(x, at, "answer", "")
		d.require(x, at, "level", ": the right verdict")
		for key, to := range map[string]*string{"question": &e.Question, "reference": &e.Reference, "answer": &e.Answer, "reasoning": &e.Reasoning, "level": &e.Level} {
			d.with(x, key, func(v *node) { *to = d.text(v, at+"."+key) })
		}
		for key, to := range map[string]*[]string{"contexts": &e.Contexts, "evidence": &e.Evidence} {
			d.with(x, key, func(v *node) {
				if v.kind == sequence {
					*to = d.names(v, at+"."+key)
				} else {
					*to = []string{d.text(v, at+"."+key)}
				}
			})
		}
		out = append(out, e)
	}
	return out
}
