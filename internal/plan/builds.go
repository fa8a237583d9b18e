package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/score"
)

// BuildsOn is the name of the scorer whose scores a built-in scorer reads, "" for none.
func (s Scorer) BuildsOn() string {
	if s.Spec == nil {
		return ""
	}
	made, err := score.Parse(s.Spec)
	if err != nil { // told when the plan was read
		return ""
	}
	return made.Other()
}

// ofOneAnswer reports whether a built-in scorer grades an answer by itself: neither by
// another scorer's scores nor in a group of cases.
func (s Scorer) ofOneAnswer() bool {
	made, err := score.Parse(s.Spec)
	if err != nil {
		return false
	}
	_, grouped := made.GroupBy()
	return !grouped && made.Other() == ""
}

// buildOn checks the scorers that read another's scores, and hands on what those are: opinions
// of a judge, or numbers between 0 and 1.
func (d *decoder) buildOn(n *node) {
	list := n.get("scorers")
	if list == nil || list.kind != sequence || !d.plan.Task.Generative() {
		return
	}
	at := func(as string) (*node, string) {
		for i, v := range list.items {
			if x := v.get("refused_by"); x != nil && (v.get("as") != nil && v.get("as").text == as || v.get("as") == nil && strings.ReplaceAll(v.get("type").text, "-", "_") == as) {
				return x, fmt.Sprintf("scorers[%d].refused_by", i)
			}
		}
		return list, "scorers"
	}
	d.keepHidden(n)
	byName := map[string]Scorer{}
	var names []string
	for _, s := range d.plan.Scorers {
		byName[s.As] = s
		names = append(names, s.As)
	}
	for i := range d.plan.Scorers {
		s := &d.plan.Scorers[i]
		name := s.BuildsOn()
		if name == "" {
			continue
		}
		v, path := at(s.As)
		other, ok := byName[name]
		lo, hi := other.Range()
		switch {
		case !ok:
			d.fail(v, path, didYouMean(name, names), "no scorer is called %q", name)
		case other.Plugged():
			d.fail(v, path, "take a judge, a classifier or a built-in scorer", "%s is a plug-in, which scores by itself", name)
		case other.BuildsOn() != "" || other.Corpus() != nil:
			d.fail(v, path, "name the scorer that says of an answer whether it is a refusal", "%s has a value on a set of cases, none of an answer", name)
		case !(lo >= 0 && hi <= 1):
			d.fail(v, path, "give it a threshold", "a scorer from 0 (answered) to 1 (refused) is expected, and the scores of %s are others", name)
		default:
			s.PassFail = s.PassFail && other.PassFail
			s.ByJudge = other.Judged()
		}
	}
}

// Hidden are the columns that scorers grade by and that no model may see, but for those that
// have a role of their own.
func (p *Plan) Hidden() []string {
	var out []string
	for _, s := range p.Scorers {
		if s.Spec == nil {
			continue
		}
		made, err := score.Parse(s.Spec)
		if err != nil { // told when the plan was read
			continue
		}
		for _, name := range made.Hides() {
			name, _, _ = strings.Cut(name, ".")
			out = append(out, name)
		}
	}
	return out
}

// keepHidden refuses prompts that show a model what a scorer grades it by.
func (d *decoder) keepHidden(n *node) {
	hidden := d.plan.Hidden()
	for _, m := range d.plan.Models {
		if m.Answers == nil || m.Answers.Prompt == nil {
			continue
		}
		for _, x := range m.Answers.Prompt.Messages {
			t, err := score.ParseTemplate(x.Content)
			if err != nil {
				continue // told there
			}
			for _, name := range t.Variables() {
				if root, _, _ := strings.Cut(name, "."); slices.Contains(hidden, root) {
					path := "models." + m.Key + ".prompt"
					d.fail(n.get("models").get(m.Key).get("prompt"), path, "leave it out: scorers see it", "{{%s}} is what a scorer grades by: a model must not see it", name)
				}
			}
		}
	}
}

// groupFits asks that the cases of a group are declared to belong together: taken for
// independent ones they would make every interval of the plan too narrow.
func (d *decoder) groupFits(v *node, path string, sc *score.Scorer) {
	c := d.plan.Data.Columns
	column, _ := sc.GroupBy()
	switch {
	case c.Cluster == "":
		d.fail(v, path, "name the column that they share in data.columns.cluster", "%s compares cases that ask the same, and these are not independent of each other", sc.Entry.Name)
	case c.Weight != "":
		d.fail(v, path, "remove the scorer, or data.columns.weight", "%s gives each group the same weight, and the cases have weights of their own", sc.Entry.Name)
	case column != "":
		d.plan.refer(column, Source{}, path+".group", v.get("group"))
	}
}

// groupsStop refuses to stop in the middle of a group.
func (d *decoder) groupsStop(n *node) {
	for _, s := range d.plan.Scorers {
		if made, err := score.Parse(s.Spec); s.Spec != nil && err == nil {
			if _, ok := made.GroupBy(); ok {
				d.fail(n, "stop", "leave stop out, or the scorer", "%s compares the cases of a group, and a look may see some of them only", s.As)
			}
		}
	}
}
