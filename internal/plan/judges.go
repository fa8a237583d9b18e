package plan

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/rubric"
	"github.com/fairtrial/fairtrial/internal/score"
)

// Judge is an entry under `judges`: who is asked to judge answers. It has no prompt: what
// it is asked is the rubric's matter.
type Judge struct {
	Key string `json:"key"`
	*Answers
}

// JudgeScorer says how judges score answers. It stands on a Scorer of type judge.
type JudgeScorer struct {
	Judges   []string      `json:"judges"` // keys of the plan's judges; several are an ensemble
	Vote     string        `json:"vote"`   // mean | majority
	Rubric   rubric.Rubric `json:"rubric"`
	File     string        `json:"file,omitempty"` // of the rubric, from the plan's folder
	Repeats  int           `json:"repeats"`        // each judge is asked so often about an answer
	Logprobs bool          `json:"logprobs,omitempty"`
	// Threshold: the score of an answer is 1 where it is reached, else 0.
	Threshold *float64 `json:"threshold,omitempty"`
	// Identity is the SHA-256 of all that makes the judge what it is: model, prompt, rubric,
	// parameters, ensemble and repeats. Another identity is another judge: what was measured
	// of this one says nothing about that one.
	Identity string `json:"identity"`
	// SameFamily names models that the judge may favour: they are of its family.
	SameFamily []string `json:"same_family,omitempty"`
}

// IsJudge reports whether judges score, so that the score may be wrong.
func (s Scorer) IsJudge() bool { return s.Judge != nil }

// Judge finds a judge by its key.
func (p *Plan) Judge(key string) *Judge {
	for i := range p.Judges {
		if p.Judges[i].Key == key {
			return &p.Judges[i]
		}
	}
	return nil
}

func isJudge(path string) bool { return strings.HasPrefix(path, "judges.") }

func (d *decoder) judges(n *node) {
	if !d.plan.Task.Generative() {
		d.fail(n, "judges", "leave it out", "judges read answers, and task %s has none", d.plan.Task)
		return
	}
	if n.kind != mapping {
		d.fail(n, "judges", "write {strict: {provider: openai, base_url: …, model: …}}", "a mapping of judges is expected, this is %s", n.kind)
		return
	}
	for i, k := range n.keys {
		path := "judges." + k.text
		v := n.items[i]
		switch {
		case !pluginName.MatchString(k.text):
			d.fail(k, path, "use letters, digits, _, - and .", "%q cannot be the name of a judge", k.text)
			continue
		case v.kind != mapping:
			d.fail(v, path, "write {provider: openai, base_url: …, model: …}", "a mapping is expected, this is %s", v.kind)
			continue
		}
		a := &Answers{Samples: 1}
		before := len(d.problems)
		var told []string
		for key, hint := range map[string]string{"prompt": "the rubric says what a judge is asked", "samples": "how often it is asked is the scorer's repeats"} {
			if v.get(key) != nil {
				d.fail(v.keyNode(key), path+"."+key, hint, "a judge has no %s", key)
				told = append(told, key)
			}
		}
		if d.provided(v, path, a, told...) {
			d.complete(v, path, a)
		}
		if d.plan.sources[path] = v; v.get("source") != nil {
			d.plan.sources[path] = v.get("source")
		}
		if len(d.problems) > before {
			d.brokenJudges = append(d.brokenJudges, k.text)
			continue
		}
		if a.Recorded() {
			d.recordedDigest(v.get("source"), path+".source", a)
		}
		d.plan.Judges = append(d.plan.Judges, Judge{k.text, a})
	}
}

// reason is an error of a file without its path.
func reason(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// judgeTypes are the types of scorers that ask judges: by a rubric, two answers against each
// other, and the measures by single statements.
func judgeTypes() []string { return append([]string{"judge", "pairwise"}, rubric.Groundings()...) }

// likeJudge tells of a slip of the pen in the name of one of judgeTypes, or of those that ask other
// models: it is like one of them, or has a rubric.
func (d *decoder) likeJudge(v *node, path string) bool {
	n := v
	if v.kind == mapping {
		if n = v.get("type"); n == nil {
			return false
		}
		path += ".type"
	}
	_, plugged := d.plan.Plugins[n.text]
	_, _, known := score.Find(strings.TrimPrefix(n.text, "not-"))
	asking := append(judgeTypes(), "similar", "classifier")
	meant := nearest(n.text, asking)
	if plugged || known || v.get("rubric") == nil && (meant == "" || distance(n.text, meant) > 3) {
		return false
	}
	d.fail(n, path, didYouMean(n.text, asking), "there is no scorer %q", n.text)
	return true
}

// judgeScorer reads an entry of one of judgeTypes.
func (d *decoder) judgeScorer(v *node, path string) (Scorer, bool) {
	name := v.text
	if v.kind == mapping {
		name = v.get("type").text
	}
	s := Scorer{Type: name, As: name, Direction: "up"}
	j := &JudgeScorer{Vote: "mean", Repeats: 1}
	before := len(d.problems)
	at := path
	grounding := name != "judge" && name != "pairwise"
	keys, write := []string{"rubric", "logprobs"}, fmt.Sprintf("write {type: %s, judge: NAME, rubric: rubric.yaml}", name)
	if grounding {
		keys, write = []string{"criterion", "none"}, fmt.Sprintf("write {type: %s, judge: NAME}", name)
	}
	if v.kind != mapping {
		if grounding {
			d.fail(v, path, write, "%s is what a judge says: it needs the key judge, one of the plan's judges", name)
		} else {
			d.fail(v, path, write, "a judge needs the key judge, one of the plan's judges, and a rubric")
		}
		return s, false
	}
	if !d.keys(v, path, append([]string{"type", "as", "judge", "vote", "repeats", "threshold", "direction"}, keys...)...) {
		return s, false
	}
	d.require(v, path, "judge", ": one of the plan's judges, or a list of them")
	switch {
	case grounding:
		d.grounding(v, path, name, &j.Rubric)
		if j.Rubric.Grounding.Less() {
			s.Direction = "down"
		}
	case name == "pairwise":
		d.require(v, path, "rubric", ": {criterion: …}, or a file")
	default:
		d.require(v, path, "rubric", ": a file, or {criterion: …, levels: […]}")
	}
	d.with(v, "as", func(n *node) { s.As, at = d.name(n, path+".as"), path+".as" })
	d.with(v, "judge", func(n *node) { j.Judges = d.judgeNames(n, path+".judge") })
	d.with(v, "vote", func(n *node) {
		j.Vote = d.choice(n, path+".vote", "mean", "majority")
	})
	d.with(v, "direction", func(n *node) { s.Direction = d.choice(n, path+".direction", "up", "down", "none") })
	d.with(v, "repeats", func(n *node) {
		if j.Repeats = int(d.whole(n, path+".repeats", 1)); j.Repeats > 100 {
			d.fail(n, path+".repeats", "", "at most 100 repeats")
		}
	})
	d.with(v, "threshold", func(n *node) {
		if x, ok := d.number(n, path+".threshold"); ok {
			j.Threshold = &x
		}
	})
	d.with(v, "rubric", func(n *node) {
		j.Rubric.Pairwise = name == "pairwise"
		j.File = d.rubric(n, path+".rubric", &j.Rubric)
	})
	if len(d.problems) == before {
		d.judgeFits(v, path, j)
	}
	if len(d.problems) == before {
		s.Judge = j
		values := j.Rubric.Values()
		lo, hi := slices.Min(values), slices.Max(values)
		single := j.Repeats == 1 && len(j.Judges) == 1 || j.Vote == "majority"
		s.PassFail = j.Threshold != nil || single && j.Rubric.PassFail() && !j.Logprobs
		if j.Threshold != nil {
			lo, hi = 0, 1
		}
		s.Lower, s.Upper = &lo, &hi
		for _, m := range d.plan.Models {
			s.PassFail = s.PassFail && (m.Answers == nil || m.Answers.Samples == 1) // averaged within the case
		}
		j.SameFamily = d.plan.sameFamily(j)
		j.Identity = d.plan.identity(j)
	}
	return s, d.named(s, v, at, before)
}

func (d *decoder) judgeNames(n *node, path string) []string {
	list := []*node{n}
	if n.kind == sequence {
		list = n.items
	}
	var known []string
	for _, j := range d.plan.Judges {
		known = append(known, j.Key)
	}
	var out []string
	for i, x := range list {
		at := path
		if n.kind == sequence {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		name := d.name(x, at)
		switch {
		case name == "":
		case slices.Contains(out, name):
			d.fail(x, at, "ask it more often with repeats", "the judge %q stands here twice", name)
		case !slices.Contains(known, name) && !slices.Contains(d.brokenJudges, name):
			hint := didYouMean(name, known)
			if len(known) == 0 {
				hint = "add judges: {" + name + ": {provider: …}}"
			}
			d.fail(x, at, hint, "the plan has no judge %q", name)
		}
		out = append(out, name)
	}
	if len(out) == 0 && n.kind == sequence {
		d.fail(n, path, "", "at least one judge is expected")
	}
	return out
}

// judgeFits checks what keys say together.
func (d *decoder) judgeFits(v *node, path string, j *JudgeScorer) {
	at := func(key string) *node {
		if n := v.get(key); n != nil {
			return n
		}
		return v
	}
	d.with(v, "logprobs", func(n *node) {
		if j.Logprobs = d.choice(n, path+".logprobs", "true", "false") == "true"; !j.Logprobs {
			return
		}
		if why := j.Rubric.Tokens(); why != "" {
			d.fail(n, path+".logprobs", "rename the levels, or leave logprobs out", "%s", why)
		}
		for _, key := range j.Judges {
			if a := d.plan.Judge(key); a != nil && (a.Provider != "openai" && a.Provider != "azure" || a.API == "responses" || a.API == "embeddings") {
				d.fail(n, path+".logprobs", "leave it out", "judges.%s gives no probabilities: they are read from chat completions of openai and azure", key)
			}
		}
		if j.Vote == "majority" {
			d.fail(n, path+".logprobs", "leave one of them out", "votes are levels, and logprobs make numbers between them")
		}
	})
	if j.Vote == "majority" && len(j.Judges)*j.Repeats == 1 {
		d.fail(at("vote"), path+".vote", "name more judges, or ask more often with repeats", "one vote is no majority")
	}
	if t := j.Threshold; t != nil {
		values := j.Rubric.Values()
		if lo, hi := slices.Min(values), slices.Max(values); *t <= lo || *t > hi {
			d.fail(at("threshold"), path+".threshold", "", "a threshold above %g and up to %g is expected: otherwise all scores are alike", lo, hi)
		}
	}
	if g := j.Rubric.Grounding; g != nil {
		d.groundingFits(v, path, j)
	}
	if j.Rubric.Pairwise {
		d.pairwiseFits(v, path)
	}
	c := d.plan.Data.Columns
	for i, part := range j.Rubric.Shows {
		missing := part == "question" && c.Question == "" || part == "reference" && c.Reference == ""
		where := fmt.Sprintf("%s.rubric.shows[%d]", path, i)
		if j.Rubric.Grounding != nil {
			where = path
		}
		if missing {
			d.fail(at("rubric"), where, "name the column in data.columns."+part, "the judge is to see the %s, and the cases have none", part)
		}
	}
}
