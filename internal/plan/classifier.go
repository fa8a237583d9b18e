package plan

import (
	"crypto/sha256"
	"encoding/hex"
)

// ClassifierScorer says which number of a classifier's reply is the score of an answer. It
// stands on a Scorer of type classifier.
type ClassifierScorer struct {
	Classifier string   `json:"classifier"`         // a key of the plan's classifiers
	Category   string   `json:"category,omitempty"` // of the reply; none: the reply is the number
	Threshold  *float64 `json:"threshold,omitempty"`
	// Lower and Upper bound the number; one outside is no score.
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
	// Identity is the SHA-256 of all that makes the reply what it is: endpoint, model and
	// what is sent.
	Identity string `json:"identity"`
}

// classifierScorer reads an entry of type classifier. A high number is bad unless the plan
// says otherwise: most classifiers look for what should not be there.
func (d *decoder) classifierScorer(v *node, path string) (Scorer, bool) {
	s := Scorer{Type: "classifier", As: "classifier", Direction: "down"}
	x := &ClassifierScorer{Upper: 1}
	before := len(d.problems)
	at := path
	if v.kind != mapping {
		d.fail(v, path, "write {type: classifier, classifier: NAME, category: hate}", "classifier needs the key classifier, one of the plan's classifiers")
		return s, false
	}
	if !d.keys(v, path, "type", "as", "classifier", "category", "threshold", "range", "direction") {
		return s, false
	}
	d.require(v, path, "classifier", ": one of the plan's classifiers")
	d.with(v, "as", func(n *node) { s.As, at = d.name(n, path+".as"), path+".as" })
	d.with(v, "classifier", func(n *node) { x.Classifier = d.modelNamed(n, path+".classifier", classifiers()) })
	d.with(v, "category", func(n *node) { x.Category = d.name(n, path+".category") })
	d.with(v, "direction", func(n *node) { s.Direction = d.choice(n, path+".direction", "up", "down", "none") })
	d.with(v, "range", func(n *node) {
		if d.scoreRange(n, path+".range", &s); s.Lower != nil {
			x.Lower, x.Upper = *s.Lower, *s.Upper
		}
	})
	d.with(v, "threshold", func(n *node) {
		t, ok := d.number(n, path+".threshold")
		if x.Threshold = &t; ok && !(t > x.Lower && t <= x.Upper) {
			d.fail(n, path+".threshold", "", "a threshold above %g and up to %g is expected: otherwise all scores are alike", x.Lower, x.Upper)
		}
	})
	if len(d.problems) > before {
		return s, d.named(s, v, at, before)
	}
	s.Classified = x
	a := d.plan.Asked(s, s.Asks()[0])
	if a == nil { // it is broken, and told already
		d.brokenMetrics = append(d.brokenMetrics, s.As)
		return s, false
	}
	if a.API == classifiers().api && x.Category == "" {
		d.require(v, path, "category", ": a moderation endpoint scores several, such as hate")
	}
	lo, hi := x.Lower, x.Upper
	if x.Threshold != nil {
		lo, hi = 0, 1
		s.PassFail = d.plan.once()
	}
	s.Lower, s.Upper = &lo, &hi
	sum := sha256.Sum256(encoded(struct {
		Provider, Address, Model, Answer, Format string
		Command                                  []string
		Params                                   map[string]any
		Body                                     any
	}{a.Provider, a.BaseURL, a.Model, a.Answer, a.Format, a.Command, a.Params, a.Body}))
	x.Identity = "sha256:" + hex.EncodeToString(sum[:])
	return s, d.named(s, v, at, before)
}
