package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/score"
)

// Embedding is an entry under `embeddings`: a model that turns texts into vectors.
type Embedding struct {
	Key string `json:"key"`
	*Answers
}

// SimilarScorer says how an answer is compared with a right one by their embeddings. It
// stands on a Scorer of type similar.
type SimilarScorer struct {
	Embeddings string   `json:"embeddings"`      // a key of the plan's embeddings
	Value      []string `json:"value,omitempty"` // templates of right answers; none: the case's reference
	// Threshold: the score of an answer is 1 where its similarity reaches it, else 0.
	Threshold *float64 `json:"threshold,omitempty"`
	// Identity is the SHA-256 of all that makes the similarity what it is: endpoint, model,
	// parameters, and what answers are compared with.
	Identity string `json:"identity"`
}

const embeddingsSection = "embeddings."

func isEmbedding(path string) bool { return strings.HasPrefix(path, embeddingsSection) }

// Asks lists who is asked about the answers that a scorer scores: judges by their key, or
// "embeddings." and the key. None: the scorer asks nobody, or a plug-in.
func (s Scorer) Asks() []string {
	switch {
	case s.Judge != nil:
		return s.Judge.Judges
	case s.Similar != nil:
		return []string{embeddingsSection + s.Similar.Embeddings}
	}
	return nil
}

// Identity of those that Asks names, with all that they are asked; "" where it names none.
func (s Scorer) Identity() string {
	switch {
	case s.Judge != nil:
		return s.Judge.Identity
	case s.Similar != nil:
		return s.Similar.Identity
	}
	return ""
}

// Asked finds one of those that s.Asks names. nil: the plan has no such entry.
func (p *Plan) Asked(s Scorer, key string) *Answers {
	if s.Similar != nil {
		for _, x := range p.Embeddings {
			if embeddingsSection+x.Key == key {
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

func (d *decoder) embeddings(n *node) {
	if !d.plan.Task.Generative() {
		d.fail(n, "embeddings", "leave it out", "embeddings compare answers, and task %s has none", d.plan.Task)
		return
	}
	if n.kind != mapping {
		d.fail(n, "embeddings", "write {mini: {provider: openai, base_url: …, model: …}}", "a mapping of models is expected, this is %s", n.kind)
		return
	}
	for i, k := range n.keys {
		path := embeddingsSection + k.text
		v := n.items[i]
		before := len(d.problems)
		a := &Answers{Samples: 1, API: "embeddings"}
		switch {
		case !pluginName.MatchString(k.text):
			d.fail(k, path, "use letters, digits, _, - and .", "%q cannot be the name of an embedding model", k.text)
		case v.kind != mapping:
			d.fail(v, path, "write {provider: openai, base_url: …, model: …}", "a mapping is expected, this is %s", v.kind)
		default:
			if x := v.get("provider"); x != nil && slices.Contains([]string{"recorded", "anthropic", "ollama", "http", "command"}, x.text) {
				d.fail(x, path+".provider", "take openai, for any server that has POST /embeddings, or azure", "%s gives no embeddings here", x.text)
			} else if d.provided(v, path, a) {
				d.complete(v, path, a)
			}
		}
		if len(d.problems) > before {
			d.brokenEmbeddings = append(d.brokenEmbeddings, k.text)
			continue
		}
		d.plan.sources[path] = v
		d.plan.Embeddings = append(d.plan.Embeddings, Embedding{k.text, a})
	}
}

// comparesMeaning reports whether an entry under `scorers` is of the type similar. A
// plug-in of that name stands above it.
func (d *decoder) comparesMeaning(v *node) bool {
	name := v.text
	if t := v.get("type"); t != nil {
		name = t.text
	}
	_, plugged := d.plan.Plugins[name]
	return name == "similar" && !plugged
}

// similarScorer reads an entry of type similar.
func (d *decoder) similarScorer(v *node, path string) (Scorer, bool) {
	s := Scorer{Type: "similar", As: "similar", Direction: "up"}
	x := &SimilarScorer{}
	before := len(d.problems)
	at := path
	if v.kind != mapping {
		d.fail(v, path, "write {type: similar, embeddings: NAME}", "similar needs the key embeddings, one of the plan's embeddings")
		return s, false
	}
	if !d.keys(v, path, "type", "as", "embeddings", "value", "threshold", "direction") {
		return s, false
	}
	d.require(v, path, "embeddings", ": one of the plan's embeddings")
	d.with(v, "as", func(n *node) { s.As, at = d.name(n, path+".as"), path+".as" })
	d.with(v, "embeddings", func(n *node) { x.Embeddings = d.embeddingNamed(n, path+".embeddings") })
	d.with(v, "direction", func(n *node) { s.Direction = d.choice(n, path+".direction", "up", "down", "none") })
	d.with(v, "value", func(n *node) { x.Value = d.rightAnswers(n, path+".value") })
	d.with(v, "threshold", func(n *node) {
		t, ok := d.number(n, path+".threshold")
		if x.Threshold = &t; ok && !(t > -1 && t <= 1) {
			d.fail(n, path+".threshold", "", "a threshold above -1 and up to 1 is expected: otherwise all scores are alike")
		}
	})
	if v.get("value") == nil && d.plan.Data.Columns.Reference == "" {
		d.fail(v, path, "name the column in data.columns.reference, or give a value", "similar compares with a right answer, and the cases have none")
	}
	if len(d.problems) == before {
		lo, hi := -1.0, 1.0
		if x.Threshold != nil {
			lo, s.PassFail = 0, true
		}
		s.Lower, s.Upper = &lo, &hi
		for _, m := range d.plan.Models {
			s.PassFail = s.PassFail && (m.Answers == nil || m.Answers.Samples == 1) // averaged within the case
		}
		s.Similar = x
		x.Identity = d.plan.similarIdentity(s)
	}
	return s, d.named(s, v, at, before)
}

func (d *decoder) embeddingNamed(n *node, path string) string {
	name := d.name(n, path)
	var known []string
	for _, x := range d.plan.Embeddings {
		known = append(known, x.Key)
	}
	if name != "" && !slices.Contains(known, name) && !slices.Contains(d.brokenEmbeddings, name) {
		hint := didYouMean(name, known)
		if len(known) == 0 {
			hint = "add embeddings: {" + name + ": {provider: openai, base_url: …, model: …}}"
		}
		d.fail(n, path, hint, "the plan has no embeddings %q", name)
	}
	return name
}

// rightAnswers reads one template, or a list of them.
func (d *decoder) rightAnswers(n *node, path string) []string {
	list := []*node{n}
	if n.kind == sequence {
		list = n.items
	}
	var out []string
	for i, x := range list {
		at := path
		if n.kind == sequence {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		text := d.name(x, at)
		if _, err := score.ParseTemplate(text); err != nil {
			d.fail(x, at, "", "%v", err)
		}
		d.scorerVariables(x, at)
		out = append(out, text)
	}
	if len(out) == 0 {
		d.fail(n, path, "", "at least one text is expected")
	}
	return out
}

func (p *Plan) similarIdentity(s Scorer) string {
	a := p.Asked(s, s.Asks()[0])
	if a == nil { // told already
		return ""
	}
	sum := sha256.Sum256(encoded(struct {
		Provider, Address, Version, Model string
		Params                            map[string]any
		Value                             []string
	}{a.Provider, a.BaseURL, a.APIVersion, a.Model, a.Params, s.Similar.Value}))
	return "sha256:" + hex.EncodeToString(sum[:])
}
