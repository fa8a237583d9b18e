package score

import (
	"encoding/json"
	"math"
)

func diffEntries() []*Entry {
	e := refEntry("json_diff", "Structure", "how much of two JSON values agrees, from 0 to 1: of objects the mean over all keys of both, of lists the mean over positions of the longer; "+
		"numbers 1 − |a − b|/(|a| + |b|), texts edit similarity, else equal or not", "autoevals' definition; own vectors")
	e.Aliases = []string{"json-diff"}
	e.Value = "JSON, as a map, list or text; without it the case's reference"
	e.Params = []Param{
		{Name: "exact", Kind: Flag, Default: false, Doc: "numbers and texts are equal or not, nothing between"},
		{Name: "fence", Kind: Flag, Default: true, Doc: "a Markdown fence around the output is allowed"},
	}
	e.build = func(a *args) (kernel, error) {
		k := &jsonDiff{exact: a.flag("exact"), fence: a.flag("fence")}
		if !a.HasValue {
			return k, nil
		}
		v := a.Value
		if s, ok := v.(string); ok {
			if t, err := parseTemplate(s); err != nil {
				return nil, keyErr("value", "", "%v", err)
			} else if !t.constant() {
				k.text = t
				return k, nil
			}
			parsed, err := parseJSON(s)
			if err != nil {
				return nil, keyErr("value", "", "expected JSON: %v", err)
			}
			v = parsed
		}
		var err error
		if k.value, err = newTree(v); err != nil {
			return nil, keyErr("value", "", "%v", err)
		}
		return k, nil
	}
	return []*Entry{e}
}

type jsonDiff struct {
	exact, fence bool
	value        *tree
	text         *template
	edit         myers
}

func (k *jsonDiff) score(c *Case) Score {
	var wants []any
	texts := c.References
	switch {
	case k.value != nil:
		v, err := k.value.of(c)
		if err != nil {
			return ungraded(err.Error())
		}
		wants, texts = []any{v}, nil
	case k.text != nil:
		s, err := k.text.fill(c)
		if err != nil {
			return ungraded(err.Error())
		}
		texts = []string{s}
	case len(texts) == 0:
		return ungraded("the case has no reference")
	}
	for _, s := range texts {
		v, err := parseJSON(s)
		if err != nil {
			return ungraded("the reference is not JSON: " + err.Error())
		}
		wants = append(wants, v)
	}
	out := c.Output
	if k.fence {
		out = stripFence(out)
	}
	o, err := parseJSON(out)
	if err != nil {
		return failed("not JSON: " + err.Error())
	}
	best := 0.0
	for _, w := range wants {
		best = max(best, k.compare(o, w))
	}
	return graded(best, "")
}

func (k *jsonDiff) compare(a, b any) float64 {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			return 0
		}
		if len(x)+len(y) == 0 {
			return 1
		}
		n, sum := 0, 0.0
		for _, key := range sortedKeys(x) { // sorted: sums of floats in one order
			n++
			if w, ok := y[key]; ok {
				sum += k.compare(x[key], w)
			}
		}
		for key := range y {
			if _, ok := x[key]; !ok {
				n++
			}
		}
		return sum / float64(n)
	case []any:
		y, ok := b.([]any)
		if !ok {
			return 0
		}
		n := max(len(x), len(y))
		if n == 0 {
			return 1
		}
		sum := 0.0
		for i := range min(len(x), len(y)) {
			sum += k.compare(x[i], y[i])
		}
		return sum / float64(n)
	case json.Number:
		y, ok := b.(json.Number)
		if !ok {
			return 0
		}
		if k.exact || x == y {
			return bit(sameJSON(x, y))
		}
		u, errU := x.Float64()
		v, errV := y.Float64()
		if errU != nil || errV != nil {
			return bit(x == y)
		}
		if u == v {
			return 1
		}
		return 1 - math.Abs(u-v)/(math.Abs(u)+math.Abs(v))
	case string:
		y, ok := b.(string)
		if !ok || k.exact {
			return bit(ok && x == y)
		}
		d, most := k.edit.distance(x, y)
		if most == 0 {
			return 1
		}
		return 1 - float64(d)/float64(most)
	}
	return bit(a == b)
}
