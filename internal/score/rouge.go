package score

import (
	"math/bits"
	"sort"
	"strings"
)

func rougeEntries() []*Entry {
	params := []Param{
		{Name: "stemmer", Kind: Flag, Default: false, Doc: "Porter's stemmer on words of more than three letters (English)"},
		{Name: "measure", Kind: Text, Default: "f", OneOf: []string{"f", "precision", "recall"}, Doc: "what the value is; the best reference is by F"},
	}
	const oracle = "rouge-score"
	make1 := func(name, meaning string, aliases []string, order int, how func(*rouge, string, string) prf) *Entry {
		e := refEntry(name, "Text", meaning+" Letters a–z and digits alone make words (as rouge-score): no good for other scripts", oracle)
		e.Aliases, e.Params = aliases, params
		if name == "rouge_n" {
			e.Params = append([]Param{{Name: "n", Kind: Whole, Default: 1, Min: 1, Max: 9, Doc: "length of the n-grams"}}, params...)
		}
		e.build = func(a *args) (kernel, error) {
			refs, err := a.references()
			k := &rouge{refs: refs, order: order, stemmer: a.flag("stemmer"), measure: a.text("measure"), how: how}
			if order == 0 && name == "rouge_n" {
				k.order = a.whole("n")
			}
			return k, err
		}
		return e
	}
	return []*Entry{
		make1("rouge_1", "F of words.", []string{"rouge-1", "rouge1"}, 1, (*rouge).ngrams),
		make1("rouge_2", "F of pairs of words.", []string{"rouge-2", "rouge2"}, 2, (*rouge).ngrams),
		make1("rouge_n", "F of n-grams of words.", []string{"rouge-n"}, 0, (*rouge).ngrams),
		make1("rouge_l", "F of the longest common subsequence.", []string{"rouge-l", "rougeL"}, 0, (*rouge).longest),
		make1("rouge_lsum", "F of the union of longest common subsequences, a line being a sentence.", []string{"rouge-lsum", "rougeLsum"}, 0, (*rouge).summary),
	}
}

// prf is precision, recall and F.
type prf struct{ p, r, f float64 }

func newPRF(hits, output, reference int) prf {
	if output == 0 || reference == 0 {
		return prf{}
	}
	x := prf{p: float64(hits) / float64(output), r: float64(hits) / float64(reference)}
	if x.p+x.r > 0 {
		x.f = 2 * x.p * x.r / (x.p + x.r)
	}
	return x
}

type rouge struct {
	refs    *references
	order   int
	stemmer bool
	measure string
	how     func(*rouge, string, string) prf

	vocab   vocab
	grams   grams
	stemmed vocab     // words that were stemmed
	stems   []wordKey // by their number
	runs    []int32
	ids     [2][]int32
	masks   []uint64
	state   []uint64
}

func (k *rouge) score(c *Case) Score {
	refs, why := k.refs.of(c)
	if why != "" {
		return ungraded(why)
	}
	best := prf{f: -1}
	for _, r := range refs {
		if x := k.how(k, c.Output, r); x.f > best.f {
			best = x
		}
	}
	v := best.f
	switch k.measure {
	case "precision":
		v = best.p
	case "recall":
		v = best.r
	}
	return graded(v, "")
}

// tokens numbers the words of a text: lower case, runs of a–z and 0–9. Of all characters
// beyond ASCII two have small letters in it; others part words as they are.
func (k *rouge) tokens(dst []int32, s string) []int32 {
	if strings.Contains(s, "İ") || strings.Contains(s, "\u212a") {
		s = lower(s)
	}
	k.runs = appendRuns(k.runs[:0], s)
	for i := 0; i < len(k.runs); i += 2 {
		dst = append(dst, k.word(s, int(k.runs[i]), int(k.runs[i+1])))
	}
	return dst
}

// word numbers s[from:to] in lower case, or its stem if it has more than three letters.
func (k *rouge) word(s string, from, to int) int32 {
	if !k.stemmer || to-from <= 3 {
		return k.vocab.withinLower(s, from, to)
	}
	if to-from > longestKey {
		return k.vocab.id(stem(strings.ToLower(s[from:to])))
	}
	if k.stemmed.now == 0 || k.stemmed.len() >= 1<<13 {
		k.stemmed.reset()
		k.stems = k.stems[:0]
	}
	id := k.stemmed.idOf(keyOf(s, from, to).lower())
	if int(id) > len(k.stems) { // each is stemmed once
		w := stem(strings.ToLower(s[from:to]))
		k.stems = append(k.stems, keyOf(w, 0, len(w)))
	}
	return k.vocab.idOf(k.stems[id-1])
}

func (k *rouge) both(o, r string) {
	k.vocab.reset()
	k.ids[0] = k.tokens(k.ids[0][:0], o)
	k.ids[1] = k.tokens(k.ids[1][:0], r)
}

func (k *rouge) ngrams(o, r string) prf {
	k.both(o, r)
	var match [16]int32
	k.grams.matches(k.order, k.vocab.len(), k.ids[0], k.ids[1], match[:])
	return newPRF(int(match[k.order-1]), max(0, len(k.ids[0])-k.order+1), max(0, len(k.ids[1])-k.order+1))
}

func (k *rouge) longest(o, r string) prf {
	k.both(o, r)
	return newPRF(k.lcs(k.ids[0], k.ids[1]), len(k.ids[0]), len(k.ids[1]))
}

// lcs is the length of the longest common subsequence, 64 cells at a time (Hyyrö 2004).
func (k *rouge) lcs(a, b []int32) int {
	blocks := (len(a) + 63) / 64
	need := (k.vocab.len() + 1) * blocks
	if cap(k.masks) < need {
		k.masks = make([]uint64, need)
	}
	k.masks = k.masks[:need]
	clear(k.masks)
	for i, x := range a {
		k.masks[int(x)*blocks+i/64] |= 1 << (i % 64)
	}
	k.state = k.state[:0]
	for range blocks {
		k.state = append(k.state, ^uint64(0))
	}
	for _, y := range b {
		m := k.masks[int(y)*blocks:]
		carry := uint64(0)
		for w, v := range k.state {
			u := v & m[w]
			sum, c := bits.Add64(v, u, carry)
			carry = c
			k.state[w] = sum | (v - u)
		}
	}
	n := 0
	for i, v := range k.state {
		if left := len(a) - 64*i; left < 64 {
			v |= ^uint64(0) << left
		}
		n += bits.OnesCount64(^v)
	}
	return n
}

// summary is ROUGE-Lsum: for each line of the reference the union of its common
// subsequences with every line of the output; a word counts as often as both have it.
func (k *rouge) summary(o, r string) prf {
	k.vocab.reset()
	lines := func(s string) (out [][]int32, n int) {
		for line := range strings.SplitSeq(s, "\n") {
			if line != "" {
				ids := k.tokens(nil, line)
				out = append(out, ids)
				n += len(ids)
			}
		}
		return out, n
	}
	outs, n := lines(o)
	refs, m := lines(r)
	left := [2][]int{make([]int, k.vocab.len()+1), make([]int, k.vocab.len()+1)}
	for i, side := range [][][]int32{outs, refs} {
		for _, l := range side {
			for _, w := range l {
				left[i][w]++
			}
		}
	}
	hits := 0
	for _, ref := range refs {
		union := map[int]bool{}
		for _, out := range outs {
			commonPositions(ref, out, union)
		}
		at := make([]int, 0, len(union))
		for i := range union {
			at = append(at, i)
		}
		sort.Ints(at)
		for _, i := range at {
			if w := ref[i]; left[0][w] > 0 && left[1][w] > 0 {
				hits++
				left[0][w]--
				left[1][w]--
			}
		}
	}
	return newPRF(hits, n, m)
}

// commonPositions adds the positions in ref of one longest common subsequence with out:
// among several, the one that rouge-score reads back from its table.
func commonPositions(ref, out []int32, union map[int]bool) {
	w := len(out) + 1
	t := make([]int32, (len(ref)+1)*w)
	for i := range ref {
		for j := range out {
			if ref[i] == out[j] {
				t[(i+1)*w+j+1] = t[i*w+j] + 1
			} else {
				t[(i+1)*w+j+1] = max(t[i*w+j+1], t[(i+1)*w+j])
			}
		}
	}
	for i, j := len(ref), len(out); i > 0 && j > 0; {
		switch {
		case ref[i-1] == out[j-1]:
			union[i-1] = true
			i, j = i-1, j-1
		case t[i*w+j-1] > t[(i-1)*w+j]:
			j--
		default:
			i--
		}
	}
}
