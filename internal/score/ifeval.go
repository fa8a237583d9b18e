package score

import (
	"errors"
	"fmt"
	"strings"
)

func ifevalEntries() []*Entry {
	return []*Entry{{Name: "ifeval", Aliases: []string{"instruction_following"}, Group: "Instruction following", Lo: 0, Hi: 1, Direction: Up,
		Meaning: "verifiable instructions of IFEval (Zhou et al. 2023): 1 if all are followed, or the share; on a set, instruction level is a ratio of sums. " +
			"number_sentences and the language checks follow rules of our own (docs/scorers.md)",
		Value:  "list of {id, and the instruction's own keys}; without it the case's columns instruction_id_list and kwargs, as in IFEval",
		Oracle: "lm-eval's IFEval verifiers",
		Params: []Param{
			{Name: "mode", Kind: Text, Default: "strict", OneOf: []string{"strict", "loose"}, Doc: "loose: it suffices that the output without its first line, last line or asterisks follows"},
			{Name: "level", Kind: Text, Default: "prompt", OneOf: []string{"prompt", "instruction"}, Doc: "prompt: 1 if all are followed; instruction: the share of them"},
		},
		build: func(a *args) (kernel, error) {
			k := &ifeval{loose: a.text("mode") == "loose", share: a.text("level") == "instruction"}
			if !a.HasValue {
				return k.orCorpus(), nil
			}
			t, err := newTree(a.Value)
			if err != nil {
				return nil, keyErr("value", "", "%v", err)
			}
			if t.fill != nil {
				k.perCase = t
				return k.orCorpus(), nil
			}
			if k.fixed, err = instructionsOf(t.constant); err != nil {
				var ke *KeyError
				if errors.As(err, &ke) {
					return nil, err
				}
				return nil, keyErr("value", "", "%v", err)
			}
			return k.orCorpus(), nil
		}}}
}

type instruction struct {
	id    string
	check func(string) bool
}

type ifeval struct {
	loose, share bool
	fixed        []instruction
	perCase      *tree
}

// orCorpus: at instruction level the value on a set is followed / given, not a mean.
func (k *ifeval) orCorpus() kernel {
	if k.share {
		return ifevalShare{k}
	}
	return k
}

type ifevalShare struct{ *ifeval }

func (ifevalShare) StatNames() []string { return []string{"followed", "instructions"} }
func (ifevalShare) Of(s []float64) (float64, []float64, bool, bool) {
	if s[1] <= 0 {
		return 0, []float64{0, 0}, false, false
	}
	return s[0] / s[1], []float64{1 / s[1], -s[0] / (s[1] * s[1])}, true, true
}
func (k ifevalShare) Signature() string {
	return "ifeval|level:instruction|loose:" + fmt.Sprint(k.loose) + "|version:fairtrial"
}

func (k *ifeval) score(c *Case) Score {
	list := k.fixed
	if k.fixed == nil {
		var v any
		var err error
		if k.perCase != nil {
			v, err = k.perCase.of(c)
		} else {
			v, err = columnsOf(c)
		}
		if err == nil {
			list, err = instructionsOf(v)
		}
		if err != nil {
			return ungraded(err.Error())
		}
	}
	followed, broken := 0, ""
	variants := []string{c.Output}
	if k.loose {
		variants = looseVariants(c.Output)
	}
	for _, in := range list {
		ok := false
		for _, v := range variants {
			if strings.TrimFunc(v, isSpace) != "" && in.check(v) {
				ok = true
				break
			}
		}
		if ok {
			followed++
		} else if broken == "" {
			broken = "not followed: " + in.id
		}
	}
	n := len(list)
	out := graded(bit(followed == n), broken)
	if k.share {
		out.Value = float64(followed) / float64(n)
		out.Stats = []float64{float64(followed), float64(n)}
	}
	return out
}

// looseVariants are IFEval's eight: without the first line, the last, both, and each
// without asterisks.
func looseVariants(s string) []string {
	lines := strings.Split(s, "\n")
	join := func(from, to int) string {
		if from >= to {
			return ""
		}
		return strings.TrimFunc(strings.Join(lines[from:to], "\n"), isSpace)
	}
	n := len(lines)
	out := []string{s, join(1, n), join(0, n-1), join(1, n-1)}
	for _, v := range out[:4] {
		out = append(out, strings.ReplaceAll(v, "*", ""))
	}
	return out
}

// columnsOf reads IFEval's own columns, lists or JSON text.
func columnsOf(c *Case) (any, error) {
	read := func(name string) ([]any, error) {
		v, ok := c.variable(name)
		if !ok {
			return nil, fmt.Errorf("the case has no column %q, and the scorer no value", name)
		}
		if s, isText := v.(string); isText {
			parsed, err := parseJSON(s)
			if err != nil {
				return nil, fmt.Errorf("column %q: %w", name, err)
			}
			v = parsed
		}
		v, err := canonicalJSON(v)
		if err != nil {
			return nil, err
		}
		list, ok := v.([]any)
		if !ok {
			return nil, fmt.Errorf("column %q: expected a list, found %s", name, kindOf(v))
		}
		return list, nil
	}
	ids, err := read("instruction_id_list")
	if err != nil {
		return nil, err
	}
	kwargs, err := read("kwargs")
	if err != nil {
		return nil, err
	}
	if len(ids) != len(kwargs) {
		return nil, fmt.Errorf("%d instructions but %d kwargs", len(ids), len(kwargs))
	}
	out := make([]any, len(ids))
	for i := range ids {
		m := map[string]any{"id": ids[i]}
		own, _ := kwargs[i].(map[string]any)
		for k, v := range own {
			if v != nil {
				m[k] = v
			}
		}
		out[i] = m
	}
	return out, nil
}

func instructionsOf(v any) ([]instruction, error) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return nil, fmt.Errorf("expected a list of instructions, found %s", kindOf(v))
	}
	out := make([]instruction, len(list))
	for i, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("instruction %d: expected a map with the key id, found %s", i+1, kindOf(e))
		}
		id, ok := m["id"].(string)
		if !ok {
			return nil, fmt.Errorf("instruction %d: expected the key id, as in keywords:existence", i+1)
		}
		kw := &kwargs{m: m, used: map[string]bool{"id": true}}
		make1, ok := instructionTable()[id]
		if !ok {
			return nil, keyErr("value", nearest(id, sortedKeys(instructionTable())), "instruction %d: %q is not an instruction", i+1, id)
		}
		check := make1(kw)
		for _, k := range sortedKeys(m) {
			if !kw.used[k] && kw.err == nil {
				kw.err = fmt.Errorf("it has no key %q", k)
			}
		}
		if kw.err != nil {
			return nil, fmt.Errorf("instruction %d, %s: %w", i+1, id, kw.err)
		}
		out[i] = instruction{id, check}
	}
	return out, nil
}

// kwargs reads an instruction's own keys; the first error stays.
type kwargs struct {
	m    map[string]any
	used map[string]bool
	err  error
}

func (k *kwargs) get(name, expected string) (any, bool) {
	k.used[name] = true
	v, ok := k.m[name]
	if !ok || v == nil {
		k.fail("missing key %q: expected %s", name, expected)
	}
	return v, ok
}

func (k *kwargs) fail(format string, args ...any) {
	if k.err == nil {
		k.err = fmt.Errorf(format, args...)
	}
}

func (k *kwargs) whole(name string) int {
	v, ok := k.get(name, "a whole number")
	if !ok {
		return 0
	}
	f, ok := number(v)
	if !ok || f < 0 || f != float64(int(f)) {
		k.fail("%s: expected a whole number, found %s", name, kindOf(v))
	}
	return int(f)
}

func (k *kwargs) text(name string) string {
	v, ok := k.get(name, "a text")
	s, isText := v.(string)
	if ok && !isText {
		k.fail("%s: expected a text, found %s", name, kindOf(v))
	}
	return s
}

func (k *kwargs) texts(name string) []string {
	v, ok := k.get(name, "a list of texts")
	l, isList := textList(v)
	if ok && (!isList || len(l) == 0) {
		k.fail("%s: expected a list of texts, found %s", name, kindOf(v))
	}
	return l
}

// relation gives the comparison: "less than" or "at least".
func (k *kwargs) relation(name string) func(got, bound int) bool {
	switch s := k.text(name); s {
	case "less than":
		return func(got, bound int) bool { return got < bound }
	case "at least":
	default:
		k.fail("%s: expected \"less than\" or \"at least\", found %q", name, s)
	}
	return func(got, bound int) bool { return got >= bound }
}
