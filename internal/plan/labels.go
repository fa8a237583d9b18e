package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/fairtrial/fairtrial/internal/result"
)

// Labels are human labels of some of the answers that a scorer scores.
type Labels struct {
	Source  string       `json:"source"`           // a file beside the plan
	Digest  string       `json:"digest,omitempty"` // of the file, once it is read
	Columns LabelColumns `json:"columns"`
	// Drawn is how the labelled answers were drawn: even, uneven (each with a known chance) or
	// by_truth; empty until the file is read.
	Drawn       string `json:"drawn,omitempty"`
	TunedOn     string `json:"tuned_on,omitempty"` // a file of ids on which the judge was tuned
	TunedDigest string `json:"tuned_digest,omitempty"`
}

// LabelColumns name the columns of a file of labels. Empty: the column of that name, if
// there is one.
type LabelColumns struct {
	ID     string `json:"id,omitempty"`
	Model  string `json:"model,omitempty"`
	Sample string `json:"sample,omitempty"`
	Label  string `json:"label,omitempty"`
	Chance string `json:"chance,omitempty"`
	Rater  string `json:"rater,omitempty"`
	Second string `json:"second_label,omitempty"`
	Tuned  string `json:"tuned,omitempty"`
}

// JudgeCard is a file that says how a judge did on an earlier system.
type JudgeCard struct {
	Source string `json:"source"`
	Digest string `json:"digest,omitempty"` // once it is read
	// What it says, once it is read.
	Good       int `json:"good,omitempty"`
	GoodPassed int `json:"good_passed,omitempty"`
	Bad        int `json:"bad,omitempty"`
	BadFailed  int `json:"bad_failed,omitempty"`
}

// vouching reads what vouches for a scorer: labels, or cards from earlier systems.
func (d *decoder) vouching(labels, cards *node, path string, s *Scorer) {
	if labels != nil {
		s.Labels = d.labels(labels, path+".labels", s)
	}
	if cards != nil {
		s.Cards = d.cards(cards, path+".cards", s)
		if labels != nil {
			d.fail(cards, path+".cards", "leave cards out: labels of these very answers correct better", "cards of other systems do not go with labels")
		}
	}
	at := labels
	if at == nil {
		at = cards
	}
	switch {
	case at == nil:
	case slices.Contains(costNames(), s.Type):
		d.fail(at, path, "leave labels out", "%s is measured, not judged", s.Type)
	case s.Corpus() != nil:
		d.fail(at, path, "leave labels out", "%s is a value of the whole set, and labels correct means of cases", s.Type)
	}
}

func (d *decoder) labels(n *node, path string, s *Scorer) *Labels {
	x := &Labels{}
	d.plan.labels[s.As] = n
	if d.plan.Data.Columns.ID == "" {
		d.fail(n, path, "add data.columns.id", "labels are joined on the id column, and none is declared")
	}
	if n.kind != mapping {
		x.Source = d.name(n, path)
		return x
	}
	if !d.keys(n, path, "source", "id", "model", "sample", "label", "chance", "rater", "second_label", "tuned", "drawn", "tuned_on") {
		return x
	}
	d.require(n, path, "source", ": a CSV, JSONL or Parquet file of the columns id and label")
	for key, to := range map[string]*string{"source": &x.Source, "tuned_on": &x.TunedOn} {
		d.with(n, key, func(v *node) { *to = d.name(v, path+"."+key) })
	}
	c := &x.Columns
	for key, to := range map[string]*string{"id": &c.ID, "model": &c.Model, "sample": &c.Sample, "label": &c.Label, "chance": &c.Chance, "rater": &c.Rater, "second_label": &c.Second, "tuned": &c.Tuned} {
		d.with(n, key, func(v *node) { *to = d.name(v, path+"."+key) })
	}
	d.with(n, "drawn", func(v *node) {
		x.Drawn = d.choice(v, path+".drawn", "by_chance", "by_truth")
		switch {
		case x.Drawn == "by_chance":
			x.Drawn = "" // the file says whether evenly
		case !s.PassFail:
			d.fail(v, path+".drawn", "draw labels by chance", "labels balanced by truth correct scores of pass and fail alone")
		}
	})
	return x
}

func (d *decoder) cards(n *node, path string, s *Scorer) []JudgeCard {
	var out []JudgeCard
	if !s.PassFail {
		d.fail(n, path, "use labels of these answers", "cards of earlier systems correct scores of pass and fail alone")
	}
	d.plan.labels[s.As] = n
	for i, name := range d.names(n, path) {
		if slices.ContainsFunc(out, func(c JudgeCard) bool { return c.Source == name }) {
			d.fail(n, fmt.Sprintf("%s[%d]", path, i), "each card once", "%s is listed twice", name)
			continue
		}
		out = append(out, JudgeCard{Source: name})
	}
	return out
}

// apart takes keys of a mapping out of it.
func (n *node) apart(keys ...string) (rest *node, taken []*node) {
	taken = make([]*node, len(keys))
	if n.kind != mapping {
		return n, taken
	}
	c := *n
	c.keys, c.items = nil, nil
	for i, k := range n.keys {
		if at := slices.Index(keys, k.text); at >= 0 {
			taken[at] = n.items[i]
			continue
		}
		c.keys, c.items = append(c.keys, k), append(c.items, n.items[i])
	}
	return &c, taken
}

// Judged reports whether the scores are opinions, which only human labels can vouch for.
func (s Scorer) Judged() bool { return s.ByJudge || s.IsJudge() }

// Vouched reports whether human labels of these answers, or cards of earlier ones, say how
// far the scores of a scorer err.
func (s Scorer) Vouched() bool { return s.Labels != nil || len(s.Cards) > 0 }

// ScorerIdentity is the SHA-256 of all that makes the scores of a scorer what they are: the judge's
// identity, or the program's or built-in type's. What was measured of other scores says
// nothing of these.
func (p *Plan) ScorerIdentity(s Scorer) string {
	if s.Judge != nil && s.Judge.Threshold == nil {
		return s.Judge.Identity
	}
	id := struct {
		Judge      string
		Threshold  *float64
		Type       string
		Spec       map[string]any
		Command    []string
		PassFail   bool
		Similar    *SimilarScorer    `json:",omitempty"`
		Classified *ClassifierScorer `json:",omitempty"`
	}{Type: s.Type, Spec: maps.Clone(s.Spec), Command: p.Plugins[s.Type].Command, PassFail: s.PassFail, Similar: s.Similar, Classified: s.Classified}
	delete(id.Spec, "as")
	if s.Judge != nil {
		id.Judge, id.Threshold = s.Judge.Identity, s.Judge.Threshold
	}
	sum := sha256.Sum256(encoded(id))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// uncalibratedGates refuses gates that block on a judge that nothing vouches for, in a plan
// of tier 1.
func (d *decoder) uncalibratedGates(root *node) {
	if d.plan.Tier != 1 {
		return
	}
	for _, g := range d.plan.Gates {
		at := slices.IndexFunc(d.plan.Scorers, func(s Scorer) bool {
			return s.Judged() && !s.Vouched() && slices.ContainsFunc(d.plan.Metrics, func(m Metric) bool { return m.As == g.Metric && m.Metric == s.As })
		})
		if at < 0 || g.Severity != result.Block {
			continue
		}
		n := root
		if own := root.get("gates"); own != nil {
			n = own
			for _, x := range own.items {
				if x.line == g.Line {
					n = x
				}
			}
		}
		d.fail(n, "gates", fmt.Sprintf("label some answers (fairtrial judge sample) and name them with labels in the scorer %s; or severity: warn", d.plan.Scorers[at].As),
			"gate %q blocks on an uncalibrated judge: in a plan of tier 1 human labels must say how far it errs", g.Name)
	}
}

// LabelsProblem is a problem with the labels or cards of a scorer, at their place in the plan.
func (p *Plan) LabelsProblem(scorer, hint, format string, args ...any) *Errors {
	q := problemAt(p.labels[scorer], "scorers", hint, format, args...)
	return &Errors{List: tidy([]Problem{q}, p.File, p.source)}
}
