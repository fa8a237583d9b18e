package score

import (
	"fmt"
	"math"
	"strconv"
)

// NeedsGroup is what Entry.Needs says of a scorer of groups: cases that ask the same in other
// words, or with a perturbation. It grades them together, by ScoreGroup.
const NeedsGroup = "a group of cases"

// mostInGroup bounds the pairs of a group that are compared.
const mostInGroup = 200

// grouped is the kernel of such a scorer: a value for each case of a group, or a reason why
// the group has none.
type grouped interface {
	group(cases []Case) (values []float64, why string)
	groupBy() string
}

// GroupBy is the column that names a case's group, "" for the plan's clusters. ok is false for
// scorers of single cases.
func (s *Scorer) GroupBy() (column string, ok bool) {
	g, ok := s.kernel.(grouped)
	if !ok {
		return "", false
	}
	return g.groupBy(), true
}

// ScoreGroup grades the cases of one group, one score each. Where one of them has no answer,
// or cannot be graded, none is: the others' agreement would be another quantity.
func (s *Scorer) ScoreGroup(cases []Case) []Score {
	values, why := s.group(cases)
	out := make([]Score, len(cases))
	for i := range out {
		if why != "" {
			out[i] = ungraded(why)
			continue
		}
		out[i] = s.finish(graded(values[i], ""))
		part := 1 / float64(len(cases))
		out[i].Stats = []float64{out[i].Value * part, part}
	}
	return out
}

func (s *Scorer) group(cases []Case) (values []float64, why string) {
	switch {
	case len(cases) < 2:
		return nil, "it is alone in its group"
	case len(cases) > mostInGroup:
		return nil, fmt.Sprintf("its group has %d cases, more than %d", len(cases), mostInGroup)
	}
	shown := make([]Case, len(cases))
	for i, c := range cases {
		if c.NoOutput != "" {
			return nil, "a case of its group has no output: " + c.NoOutput
		}
		for _, f := range s.transforms {
			out, err := f(c.Output)
			if err != nil {
				return nil, "transform of a case of its group: " + err.Error()
			}
			c.Output = out
		}
		shown[i] = c
	}
	return s.kernel.(grouped).group(shown)
}

// groupMean is the mean over groups: a case gives its share of its group's value.
type groupMean struct{ by string }

func (groupMean) StatNames() []string { return []string{"share_of_value", "share_of_group"} }
func (groupMean) Signature() string   { return "mean over groups" }
func (groupMean) OfGroups() bool      { return true }
func (k groupMean) groupBy() string   { return k.by }
func (groupMean) Of(sums []float64) (float64, []float64, bool, bool) {
	if !(sums[1] > 0) {
		return 0, nil, false, false
	}
	return sums[0] / sums[1], []float64{1 / sums[1], -sums[0] / (sums[1] * sums[1])}, true, true
}
func (groupMean) score(*Case) Score {
	return ungraded("it takes the whole group, not one case")
}

func groupEntries() []*Entry {
	by := Param{Name: "group", Kind: Text, Doc: "the column that names what a case is a paraphrase or perturbation of; without it data.columns.cluster"}
	inner := Param{Name: "scorer", Kind: Map, Required: true, Doc: "the scorer of one answer, written as any other"}
	entry := func(name, meaning string, params ...Param) *Entry {
		return &Entry{Name: name, Group: "Consistency", Meaning: meaning, Lo: 0, Hi: 1, Direction: Up, Needs: NeedsGroup, Oracle: "own vectors", Params: append([]Param{by}, params...)}
	}
	same := entry("paraphrase_consistency", "mean agreement of two answers of a group, of all its pairs; the value is the mean over groups",
		Param{Name: "scorer", Kind: Map, Doc: "how far two answers agree: a scorer that compares with a reference, such as {type: numeric}, {type: choice} or {type: token_f1}; both ways, and their mean. Without it exact with normalize: squad"})
	same.build = func(a *args) (kernel, error) {
		m, given := a.option("scorer").(map[string]any)
		if !given {
			m = map[string]any{"type": "exact", "normalize": "squad"}
		}
		s, err := Parse(m)
		if err != nil {
			return nil, keyErr("scorer", "", "%v", err)
		}
		if s.Entry.Needs != "reference" || s.Spec.HasValue {
			return nil, keyErr("scorer", "such as {type: numeric} or {type: token_f1}, without a value", "expected a scorer that compares an answer with a reference: here with the other answer")
		}
		if lo, hi := s.Range(); lo != 0 || hi != 1 || s.Direction() != Up {
			return nil, keyErr("scorer", "give it a threshold", "expected agreement from 0 to 1, %s gives other numbers", s.Entry.Name)
		}
		return &paraphrases{groupMean{a.text("group")}, s}, nil
	}
	worst := entry("worst_paraphrase", "the worst score in a group; the value is the mean over groups: of a scorer of 0 or 1 the share of groups in which all cases pass", inner)
	worst.build = func(a *args) (kernel, error) {
		s, err := a.ofOne()
		if err != nil {
			return nil, err
		}
		if a.Threshold != nil && s.Direction() == Down {
			return nil, keyErr("threshold", "give it to the scorer within", "less is better in %s", s.Entry.Name)
		}
		return &worstOf{groupMean{a.text("group")}, s}, nil
	}
	drop := entry("perturbation_drop", "score of the original less the mean score of its perturbations (turned round where less is better: above 0 is worse); the value is the mean over groups", inner,
		Param{Name: "original", Kind: Text, Default: "{{original}}", Filled: true, Doc: "true of the case that is no perturbation, false of the others"})
	drop.Lo, drop.Direction = -1, Down
	drop.build = func(a *args) (kernel, error) {
		s, err := a.ofOne()
		if err != nil {
			return nil, err
		}
		t, err := parseTemplate(a.text("original"))
		if err != nil {
			return nil, keyErr("original", "", "%v", err)
		}
		return &dropOf{groupMean{a.text("group")}, s, t}, nil
	}
	return []*Entry{same, worst, drop}
}

// ofOne is `scorer`: one of single answers, whose value is a mean.
func (a *args) ofOne() (*Scorer, error) {
	m, _ := a.option("scorer").(map[string]any)
	s, err := Parse(m)
	if err != nil {
		return nil, keyErr("scorer", "", "%v", err)
	}
	switch {
	case s.Corpus() != nil || s.Other() != "":
		return nil, keyErr("scorer", "take one that grades an answer by itself", "%s has a value on a set of cases", s.Entry.Name)
	case s.Entry.Needs == "two outputs or more" || s.Entry.Needs == "k outputs or more":
		return nil, keyErr("scorer", "take one that grades an answer by itself", "%s looks at several answers to one case", s.Entry.Name)
	case s.Direction() == None:
		return nil, keyErr("scorer", "give it min and max, or a threshold", "neither more nor less is better in %s", s.Entry.Name)
	}
	return s, nil
}

type paraphrases struct {
	groupMean
	agree *Scorer
}

func (k *paraphrases) group(cases []Case) ([]float64, string) {
	out := make([]float64, len(cases))
	for i := range cases {
		for j := range i {
			v, why := k.pair(&cases[i], &cases[j])
			if why != "" {
				return nil, "two answers of its group cannot be compared: " + why
			}
			out[i] += v
			out[j] += v
		}
	}
	for i := range out {
		out[i] /= float64(len(cases) - 1)
	}
	return out, ""
}

// pair is the mean of both ways; of one where the other has nothing to compare with, such as
// an answer without a number.
func (k *paraphrases) pair(a, b *Case) (float64, string) {
	one := func(out, ref *Case) Score {
		c := *out
		c.References = []string{ref.Output}
		return k.agree.Score(&c)
	}
	x, y := one(a, b), one(b, a)
	switch {
	case x.Graded && y.Graded:
		return (x.Value + y.Value) / 2, ""
	case x.Graded:
		return x.Value, ""
	case y.Graded:
		return y.Value, ""
	}
	return 0, x.Reason
}

type worstOf struct {
	groupMean
	of *Scorer
}

func (k *worstOf) inner() []*Scorer         { return []*Scorer{k.of} }
func (k *worstOf) bounds() (lo, hi float64) { return k.of.Range() }
func (k *worstOf) goodWay() Direction       { return k.of.Direction() }
func (k *worstOf) isBinary() bool           { return k.of.binary() }

func (k *worstOf) group(cases []Case) ([]float64, string) {
	values, why := each(k.of, cases)
	if why != "" {
		return nil, why
	}
	worst := values[0]
	for _, v := range values {
		if k.of.Direction() == Down {
			worst = math.Max(worst, v)
		} else {
			worst = math.Min(worst, v)
		}
	}
	for i := range values {
		values[i] = worst
	}
	return values, ""
}

func each(s *Scorer, cases []Case) ([]float64, string) {
	out := make([]float64, len(cases))
	for i := range cases {
		r := s.Score(&cases[i])
		if !r.Graded {
			return nil, "a case of its group: " + r.Reason
		}
		out[i] = r.Value
	}
	return out, ""
}

type dropOf struct {
	groupMean
	of       *Scorer
	original *template
}

func (k *dropOf) inner() []*Scorer { return []*Scorer{k.of} }
func (k *dropOf) bounds() (lo, hi float64) {
	lo, hi = k.of.Range()
	return lo - hi, hi - lo
}

// hides names the column that says which case is the original.
func (k *dropOf) hides() []string { return Template{k.original}.Variables() }

func (k *dropOf) check(c *Case) error {
	_, err := k.isOriginal(c)
	return err
}

func (k *dropOf) isOriginal(c *Case) (bool, error) {
	text, err := k.original.fill(c)
	if err != nil {
		return false, err
	}
	yes, ok := truth(text)
	if !ok {
		return false, fmt.Errorf("original is %q: true or false is expected", short(text))
	}
	return yes, nil
}

func (k *dropOf) group(cases []Case) ([]float64, string) {
	values, why := each(k.of, cases)
	if why != "" {
		return nil, why
	}
	var sum [2]float64
	var n [2]int
	for i := range cases {
		first, err := k.isOriginal(&cases[i])
		if err != nil {
			return nil, err.Error()
		}
		sum[bitInt(first)] += values[i]
		n[bitInt(first)]++
	}
	if n[0] == 0 || n[1] == 0 {
		return nil, "its group has " + strconv.Itoa(n[1]) + " originals and " + strconv.Itoa(n[0]) + " perturbations"
	}
	drop := sum[1]/float64(n[1]) - sum[0]/float64(n[0])
	if k.of.Direction() == Down {
		drop = -drop
	}
	for i := range values {
		values[i] = drop
	}
	return values, ""
}
