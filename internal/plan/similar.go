package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/fairtrial/fairtrial/internal/score"
)

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
	d.with(v, "embeddings", func(n *node) { x.Embeddings = d.modelNamed(n, path+".embeddings", embeddings()) })
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
		s.PassFail = s.PassFail && d.plan.once() // else averaged within the case
		s.Similar = x
		x.Identity = d.plan.similarIdentity(s)
	}
	return s, d.named(s, v, at, before)
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
