package score

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

func chrfEntries() []*Entry {
	make1 := func(name, meaning string, aliases []string, wordOrder int) *Entry {
		e := refEntry(name, "Text", meaning, "sacrebleu CHRF, sentence and corpus")
		e.Aliases = aliases
		e.Params = []Param{
			{Name: "char_order", Kind: Whole, Default: 6, Min: 1, Max: 10, Doc: "longest n-gram of characters"},
			{Name: "word_order", Kind: Whole, Default: wordOrder, Min: 0, Max: 4, Doc: "longest n-gram of words; 2 is chrF++"},
			{Name: "beta", Kind: Number, Default: 2, Doc: "recall counts beta² times precision"},
			{Name: "ignore_case", Kind: Flag, Default: false, Doc: "sacrebleu's lowercase"},
			{Name: "whitespace", Kind: Flag, Default: false, Doc: "spaces are characters too"},
		}
		e.build = func(a *args) (kernel, error) {
			refs, err := a.references()
			beta, _ := a.number("beta")
			return &chrf{refs: refs, chars: a.whole("char_order"), nwords: a.whole("word_order"), beta: beta, fold: a.flag("ignore_case"), space: a.flag("whitespace")}, err
		}
		return e
	}
	return []*Entry{
		make1("chrf", "chrF / 100: F of character n-grams, recall twice as heavy; on a set from sums", nil, 0),
		make1("chrf++", "chrF++ / 100: chrF with n-grams of words too", []string{"chrf_plus_plus", "chrfpp"}, 2),
	}
}

type chrf struct {
	refs          *references
	chars, nwords int
	beta          float64
	fold, space   bool

	vocab          vocab
	ascii          [128]int32
	wide           runeTable
	symbols        int32
	grams          grams
	outC, refC     []int32
	outW, refW     []int32
	words, trimmed []string
	one            []float64
}

func (k *chrf) order() int { return k.chars + k.nwords }

func (k *chrf) score(c *Case) Score {
	refs, why := k.refs.of(c)
	if why != "" {
		return ungraded(why)
	}
	// The numbering of characters and words goes on over the references.
	clear(k.ascii[:])
	k.wide.reset()
	k.symbols = 0
	k.vocab.reset()
	out := foldIf(c.Output, k.fold)
	k.outC = k.characters(k.outC[:0], out)
	k.outW = k.wordIDs(k.outW[:0], out)
	n := 3 * k.order()
	stats := make([]float64, n) // the best so far
	best := math.Inf(-1)
	if len(k.one) != n {
		k.one = make([]float64, n)
	}
	for _, r := range refs {
		clear(k.one)
		r = foldIf(r, k.fold)
		k.refC = k.characters(k.refC[:0], r)
		k.count(k.one[:3*k.chars], k.chars, int(k.symbols), k.outC, k.refC)
		if k.nwords > 0 {
			k.refW = k.wordIDs(k.refW[:0], r)
			k.count(k.one[3*k.chars:], k.nwords, k.vocab.len(), k.outW, k.refW)
		}
		if v, _, _ := k.of(k.one, nil); v > best {
			best = v
			copy(stats, k.one)
		}
	}
	return Score{Value: best, Graded: true, Stats: stats}
}

// count fills triples of output, reference and matching n-grams by order. Where the
// reference has none of an order, the output's are not counted either.
func (k *chrf) count(dst []float64, order, symbols int, out, ref []int32) {
	var match [16]int32
	k.grams.matches(order, symbols, out, ref, match[:])
	for n := 1; n <= order; n++ {
		dst[3*n-1] = float64(match[n-1])
		dst[3*n-2] = float64(max(0, len(ref)-n+1))
		if dst[3*n-2] > 0 {
			dst[3*n-3] = float64(max(0, len(out)-n+1))
		}
	}
}

// characters appends the numbers of the characters, white space left out unless it counts.
func (k *chrf) characters(dst []int32, s string) []int32 {
	n := len(dst)
	dst = slices.Grow(dst, len(s))[:n+len(s)] // no text has more
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			id := k.ascii[c]
			if id == 0 {
				id = k.number(rune(c))
				k.ascii[c] = id
			}
			dst[n] = id
			n += 1 - int(uint32(id)>>31) // a branch would be mispredicted at every space
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		id := k.wide.get(r)
		if id == 0 {
			id = k.number(r)
			k.wide.put(r, id)
		}
		if id > 0 {
			dst[n] = id
			n++
		}
		i += size
	}
	return dst[:n]
}

// number is that of a character met for the first time, -1 for one that does not count.
func (k *chrf) number(r rune) int32 {
	if !k.space && isSpace(r) {
		return -1
	}
	k.symbols++
	return k.symbols
}

// wordIDs splits at white space and sets off one punctuation mark at the end of a word,
// or else at its beginning, as chrF++ does.
func (k *chrf) wordIDs(dst []int32, s string) []int32 {
	if k.nwords == 0 {
		return dst
	}
	k.words, k.trimmed = fields(k.words[:0], s), k.trimmed[:0]
	for _, w := range k.words {
		switch last := len(w) - 1; {
		case utf8.RuneCountInString(w) == 1:
			k.trimmed = append(k.trimmed, w)
		case isPunct(rune(w[last])):
			k.trimmed = append(k.trimmed, w[:last], w[last:])
		case isPunct(rune(w[0])):
			k.trimmed = append(k.trimmed, w[:1], w[1:])
		default:
			k.trimmed = append(k.trimmed, w)
		}
	}
	return k.vocab.all(dst, k.trimmed)
}

func (k *chrf) StatNames() []string {
	var out []string
	for i := range k.order() {
		kind, n := "chars", i+1
		if i >= k.chars {
			kind, n = "words", i-k.chars+1
		}
		for _, side := range []string{"output", "reference", "match"} {
			out = append(out, fmt.Sprintf("%s_%s_%d", side, kind, n))
		}
	}
	return out
}

func (k *chrf) Of(sums []float64) (float64, []float64, bool, bool) {
	grad := make([]float64, len(sums))
	v, smooth, ok := k.of(sums, grad)
	return v, grad, smooth, ok
}

// of averages precision and recall over the orders that both texts have, then takes F.
func (k *chrf) of(s, grad []float64) (v float64, smooth, ok bool) {
	orders, p, r := 0.0, 0.0, 0.0
	for i := 0; i < len(s); i += 3 {
		if s[i] > 0 && s[i+1] > 0 {
			p, r, orders = p+s[i+2]/s[i], r+s[i+2]/s[i+1], orders+1
		}
	}
	if orders == 0 {
		any := 0.0
		for _, x := range s {
			any += x
		}
		return 0, false, any > 0 || grad == nil
	}
	p, r = p/orders, r/orders
	if p+r == 0 {
		return 0, false, true
	}
	f := k.beta * k.beta
	den := f*p + r
	v = (1 + f) * p * r / den
	if grad != nil {
		dp, dr := (1+f)*r*r/(den*den), (1+f)*f*p*p/(den*den)
		for i := 0; i < len(s); i += 3 {
			if h, t, m := s[i], s[i+1], s[i+2]; h > 0 && t > 0 {
				grad[i] = -dp * m / (h * h) / orders
				grad[i+1] = -dr * m / (t * t) / orders
				grad[i+2] = (dp/h + dr/t) / orders
			}
		}
	}
	return v, true, true
}

// Signature is sacrebleu's, with our name where it has its version.
func (k *chrf) Signature() string {
	space := "no"
	if k.space {
		space = "yes"
	}
	return fmt.Sprintf("nrefs:var|case:%s|eff:yes|nc:%d|nw:%d|space:%s|version:fairtrial", caseWord(k.fold), k.chars, k.nwords, space)
}
